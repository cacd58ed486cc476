#include "core/path/kit_text.h"

namespace sallyport {
namespace {

constexpr char kHex[] = "0123456789abcdef";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

int simple_escape(char c) {
  switch (c) {
    case 'r': return '\r';
    case 'n': return '\n';
    case 't': return '\t';
    case '0': return '\0';
    case '"': return '"';
    case '\\': return '\\';
    default: return -1;
  }
}

}  // namespace

std::string kit_quote(std::string_view bytes) {
  std::string out = "\"";
  for (char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\r') {
      out += "\\r";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\0') {
      out += "\\0";
    } else if (c == '"' || c == '\\') {
      (out += '\\') += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      ((out += "\\x") += kHex[byte >> 4]) += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  return out += '"';
}

Result<std::string> kit_unquote(std::string_view text, size_t* used) {
  if (text.empty() || text[0] != '"') return fail("expected a double quote");
  std::string out;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      *used = i + 1;
      return out;
    }
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    if (++i == text.size()) break;
    if (text[i] == 'x') {
      const int high = i + 1 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) return fail("\\x needs two hexadecimal digits");
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else if (const int byte = simple_escape(text[i]); byte >= 0) {
      out += static_cast<char>(byte);
    } else {
      return fail(std::string("unknown escape \\") + text[i] + " (known: \\r \\n \\t \\0 \\\" \\\\ \\xNN)");
    }
  }
  return fail("the closing double quote is missing");
}

std::string kit_excerpt(std::string_view bytes, size_t size_max) {
  if (bytes.size() <= size_max) return kit_quote(bytes);
  return kit_quote(bytes.substr(0, size_max)) + "... (" + std::to_string(bytes.size()) + " bytes)";
}

}  // namespace sallyport
