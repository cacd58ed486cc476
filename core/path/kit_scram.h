// The SCRAM-SHA-256 sums (RFC 5802) that the kit's host needs in the place of the gateway and, for a recorded
// session, in the place of the target.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport {

using KitDigest = std::array<uint8_t, 32>;

// Hi(password, salt, iterations). Derived once each a thread: the kit runs a transcript thousands of times.
[[nodiscard]] KitDigest kit_salted_password(const std::string& password, std::string_view salt,
                                            uint32_t iterations);
[[nodiscard]] KitDigest kit_hmac(const KitDigest& key, std::string_view text);

// One login of the plugin at a target, as the bytes around its last message.
struct KitScramLogin {
  std::string_view sent;      // to the target until now: holds client-first and client-final
  std::string_view received;  // from the target until now: holds server-first
  std::string real;           // the password that the target knows
  std::string stand_in;       // the one that a transcript may show
};

// Where `part`, the target's next bytes, holds a server-final that proves `real`, the proof is replaced by
// that of `stand_in`, which has the same length. False: there is none, and `part` is as it was.
[[nodiscard]] bool kit_sign_anew(const KitScramLogin& login, std::string& part);

}  // namespace sallyport
