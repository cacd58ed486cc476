#include "core/identity/plain.h"

#include <cstdint>

namespace sallyport::identity {
namespace {

// The size in bytes of the character at `at` that is not plain; 0: it is.
size_t strange_size(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) {
    return at + i < text.size() ? static_cast<uint8_t>(text[at + i]) : uint8_t{0};
  };
  if (byte(0) < 0x20 || byte(0) == 0x7f) return 1;
  if (byte(0) == 0xc2 && byte(1) < 0xa0) return 2;  // U+0080 to U+009F
  if (byte(0) == 0xe2 && byte(1) == 0x80) {
    const bool hidden = byte(2) >= 0x8b && byte(2) <= 0x8f;  // U+200B to U+200F
    const bool turns = byte(2) >= 0xa8 && byte(2) <= 0xae;   // U+2028 to U+202E
    if (hidden || turns) return 3;
  }
  if (byte(0) == 0xe2 && byte(1) == 0x81 && byte(2) >= 0xa0 && byte(2) <= 0xaf) return 3;  // U+2060 to U+206F
  return byte(0) == 0xef && byte(1) == 0xbb && byte(2) == 0xbf ? 3 : 0;                    // U+FEFF
}

}  // namespace

bool is_plain_text(std::string_view text) {
  for (size_t at = 0; at < text.size(); ++at) {
    if (strange_size(text, at) != 0) return false;
  }
  return true;
}

std::string plain_text_of(std::string_view text) {
  std::string out(text);
  for (size_t at = 0; at < text.size(); ++at) {
    const size_t size = strange_size(text, at);
    for (size_t i = 0; i < size && at + i < out.size(); ++i) out[at + i] = '?';
    if (size > 1) at += size - 1;
  }
  return out;
}

}  // namespace sallyport::identity
