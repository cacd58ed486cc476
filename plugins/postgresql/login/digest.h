// The few primitives that login needs, over OpenSSL's libcrypto. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sallyport::pg {

using Digest = std::array<uint8_t, 32>;

Digest sha256(std::span<const uint8_t> data);
Digest hmac_sha256(std::span<const uint8_t> key, std::string_view text);

// RFC 4648, section 4. Decoding is strict: padding required, no other characters, no stray bits.
std::string base64(std::span<const uint8_t> data);
std::optional<std::string> base64_decode(std::string_view text);

// PostgreSQL manual, "AuthenticationMD5Password": "md5" + hex(md5(hex(md5(password + user)) + salt)).
// Empty: this libcrypto has no MD5 (FIPS).
std::string md5_password(std::string_view user, std::string_view password, std::span<const uint8_t> salt);

// Overwrites what is no longer needed; not optimised away.
void wipe(void* data, size_t size);
inline void wipe(std::string& text) {
  wipe(text.data(), text.size());
  text.clear();
}
// In a time that depends on the size only.
bool equal(std::span<const uint8_t> a, std::span<const uint8_t> b);

}  // namespace sallyport::pg
