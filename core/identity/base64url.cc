#include "core/identity/base64url.h"

#include <array>
#include <cstdint>

namespace sallyport::identity {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr uint8_t none = 0xff;

constexpr std::array<uint8_t, 256> values = [] {
  std::array<uint8_t, 256> made{};
  made.fill(none);
  for (size_t i = 0; i < alphabet.size(); ++i)
    made[static_cast<uint8_t>(alphabet[i])] = static_cast<uint8_t>(i);
  return made;
}();

}  // namespace

std::optional<std::string> base64url_decode(std::string_view text) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  out.reserve(text.size() * 3 / 4);
  uint32_t bits = 0, bit_count = 0;
  for (const char c : text) {
    const uint8_t value = values[static_cast<uint8_t>(c)];
    if (value == none) return std::nullopt;
    bits = bits << 6 | value;
    bit_count += 6;
    if (bit_count < 8) continue;
    bit_count -= 8;
    out.push_back(static_cast<char>(bits >> bit_count & 0xff));
  }
  const bool has_stray_bits = (bits & ((1u << bit_count) - 1)) != 0;
  if (has_stray_bits) return std::nullopt;
  return out;
}

std::string base64url_encode(std::string_view bytes) {
  std::string out;
  uint32_t bits = 0, bit_count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<uint8_t>(c);
    bit_count += 8;
    while (bit_count >= 6) {
      bit_count -= 6;
      out.push_back(alphabet[bits >> bit_count & 63]);
    }
  }
  if (bit_count > 0) out.push_back(alphabet[bits << (6 - bit_count) & 63]);
  return out;
}

}  // namespace sallyport::identity
