// SCRAM-SHA-256 verifiers as PostgreSQL writes them (RFC 5803, RFC 7677):
//   SCRAM-SHA-256$ITERATIONS:BASE64(salt)$BASE64(StoredKey):BASE64(ServerKey)
//
// Passwords are taken as their bytes stand. RFC 4013 (SASLprep) would also map spaces other than U+0020 and
// apply NFKC; ASCII passwords are the same under it, and a non-ASCII one that is not already in NFKC form
// will not match a client that prepares it. make_scram_secret refuses ASCII control characters, as SASLprep
// does.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "config/error.h"

namespace sallyport::config {

// Salts of other sizes than 16 bytes are refused: no tool in use writes one, and sp_scram_verifier has room
// for no other.
struct ScramSecret {
  uint32_t iterations = 0;
  std::array<uint8_t, 16> salt{};
  std::array<uint8_t, 32> stored_key{};
  std::array<uint8_t, 32> server_key{};

  [[nodiscard]] std::string text() const;
};

inline constexpr uint32_t scram_iteration_count = 4096;  // PostgreSQL's, RFC 7677's least
inline constexpr uint32_t scram_iteration_count_max = 1'000'000;

[[nodiscard]] Result<ScramSecret> parse_scram_secret(std::string_view text);

// Takes milliseconds (PBKDF2): never on a core's thread.
[[nodiscard]] Result<ScramSecret> make_scram_secret(std::string_view password,
                                                    std::span<const uint8_t, 16> salt,
                                                    uint32_t iterations = scram_iteration_count);
// With a random salt.
[[nodiscard]] Result<ScramSecret> make_scram_secret(std::string_view password);

// Whether `password` is the one behind `secret`; compares in constant time. Takes milliseconds.
[[nodiscard]] bool scram_secret_matches(const ScramSecret& secret, std::string_view password);

}  // namespace sallyport::config
