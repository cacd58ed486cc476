#include "tests/unit/sql/scan.h"

#include <pg_query.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

namespace sallyport::postgresql::sql {
namespace {

// As much of protobuf as ScanResult takes: varints, and one kind of embedded message.
uint64_t varint(std::string_view& bytes) {
  uint64_t value = 0;
  for (int shift = 0; !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) break;
  }
  return value;
}

constexpr uint64_t sql_comment = 275;
constexpr uint64_t c_comment = 276;

void add_token(std::string_view bytes, Scan& result) {
  Piece piece;
  uint64_t token = 0;
  while (!bytes.empty()) {
    const uint64_t field = varint(bytes) >> 3;
    const uint64_t value = varint(bytes);
    if (field == 1) piece.start = value;
    if (field == 2) piece.end = value;
    if (field == 4) token = value;
  }
  (token == sql_comment || token == c_comment ? result.comments : result.tokens).push_back(piece);
}

size_t below(size_t bound, std::mt19937_64& random) { return bound == 0 ? 0 : random() % bound; }

}  // namespace

std::optional<Scan> scan(const std::string& text) {
  const PgQueryScanResult scanned = pg_query_scan(text.c_str());
  std::optional<Scan> result;
  if (scanned.error == nullptr) {
    result.emplace();
    std::string_view bytes(scanned.pbuf.data, scanned.pbuf.len);
    while (!bytes.empty()) {
      const uint64_t field = varint(bytes) >> 3;
      const uint64_t value = varint(bytes);
      if (field != 2) continue;
      add_token(bytes.substr(0, value), *result);
      bytes.remove_prefix(value);
    }
  }
  pg_query_free_scan_result(scanned);
  return result;
}

size_t json_depth(std::string_view json) {
  size_t depth = 0;
  size_t highest = 0;
  bool quoted = false;
  for (size_t index = 0; index < json.size(); ++index) {
    const char c = json[index];
    if (quoted) {
      if (c == '\\') ++index;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      highest = std::max(highest, ++depth);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return highest;
}

size_t round_count(size_t usual) {
  const char* wanted = getenv("SALLYPORT_ROUNDS");
  return wanted != nullptr ? strtoull(wanted, nullptr, 10) : usual;
}

std::string random_text(std::mt19937_64& random) {
  static constexpr std::array fragments = std::to_array<std::string_view>(
      {"'", "''",  "\"",   "\\",  "$",       "$$",   "$a$", "$1",   "--",    "/*",     "*/",     "\n",
       " ", "\t",  "e'",   "E'",  "u&'",     "U&\"", "x'",  "B'",   "n'",    "a",      "ab",     "u",
       "é", "1",   "1.5",  ".5",  "1e5",     "..",   ".",   ",",    ";",     "(",      ")",      "[",
       "]", ":",   "::",   ":=",  "=>",      "+",    "-",   "*",    "/",     "<",      "=",      ">",
       "!", "@",   "#",    "|",   "%",       "^",    "&",   "?",    "~",     "`",      "\r",     "\f",
       "_", "end", "case", "and", "uescape", "'a'",  "'b'", "E'c'", "\n'd'", "-- x\n", "/* y */"});
  std::string text;
  const size_t count = 1 + below(14, random);
  for (size_t index = 0; index < count; ++index) text += fragments[below(fragments.size(), random)];
  return text;
}

std::string mutate(std::string text, const std::string& other, std::mt19937_64& random) {
  const size_t count = 1 + below(4, random);
  for (size_t index = 0; index < count; ++index) {
    const size_t position = below(text.size() + 1, random);
    const size_t size = below(8, random);
    switch (random() % 6) {
      case 0: text.insert(position, 1, static_cast<char>(random())); break;
      case 1: text.erase(position, size); break;
      case 2:
        if (position < text.size())
          text[position] = static_cast<char>(text[position] ^ (1 << (random() % 8)));
        break;
      case 3: text.insert(position, text.substr(position, size * 4)); break;
      case 4: text.insert(position, other.substr(below(other.size(), random), size * 4)); break;
      case 5: text.insert(position, random_text(random)); break;
    }
  }
  return text;
}

}  // namespace sallyport::postgresql::sql
