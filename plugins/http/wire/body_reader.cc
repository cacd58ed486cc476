#include "plugins/http/wire/body_reader.h"

#include <algorithm>
#include <array>
#include <limits>

#include "plugins/http/wire/characters.h"
#include "plugins/http/wire/limits.h"

namespace sallyport::http {

namespace {

constexpr Fault bad_chunk_size{400, "bad-chunk-size", "a chunk's size is not 1 to 8 hexadecimal digits"};
constexpr Fault bad_extension{400, "bad-chunk-extension",
                              "a chunk's extension is too long or holds a control byte"};
constexpr Fault bad_chunk_end{400, "bad-chunk-end", "a chunk does not end with CRLF where its size says"};
constexpr Fault forbidden_trailer{400, "forbidden-trailer",
                                  "a trailer holds a field that belongs into the head"};

constexpr std::array trailers_forbidden = {
    // What frames, routes, authenticates, or tells how the payload is to be read (RFC 9110, 6.5.1).
    std::string_view("transfer-encoding"),
    std::string_view("content-length"),
    std::string_view("host"),
    std::string_view("connection"),
    std::string_view("keep-alive"),
    std::string_view("te"),
    std::string_view("trailer"),
    std::string_view("upgrade"),
    std::string_view("expect"),
    std::string_view("authorization"),
    std::string_view("proxy-authorization"),
    std::string_view("www-authenticate"),
    std::string_view("proxy-authenticate"),
    std::string_view("cookie"),
    std::string_view("set-cookie"),
    std::string_view("content-encoding"),
    std::string_view("content-type"),
    std::string_view("content-range"),
    std::string_view("location"),
    std::string_view("range"),
    std::string_view("cache-control"),
    std::string_view("max-forwards")};

bool is_forbidden(const Field& field) {
  return std::ranges::any_of(trailers_forbidden,
                             [&](std::string_view name) { return same_word(field.name, name); });
}

constexpr std::string_view line_ends("\r\n\0", 3);

// What a name or an unquoted value begins with, taken from `text`.
bool take_token(std::string_view& text) {
  const size_t size = std::min(text.find_first_of(";="), text.size());
  if (!is_token(text.substr(0, size))) return false;
  text.remove_prefix(size);
  return true;
}

bool take_quoted(std::string_view& text) {
  const size_t end = text.find('"', 1);
  if (end == text.npos) return false;
  const auto may_stand = [](char c) { return !is_control(c) && c != '\\'; };
  if (!std::ranges::all_of(text.substr(1, end - 1), may_stand)) return false;
  text.remove_prefix(end + 1);
  return true;
}

// *( ";" name [ "=" value ] ), without blanks and without escapes in quotes (RFC 9112, 7.1.1).
bool are_extensions(std::string_view text) {
  while (!text.empty()) {
    if (text.front() != ';') return false;
    text.remove_prefix(1);
    if (!take_token(text)) return false;
    if (!text.starts_with('=')) continue;
    text.remove_prefix(1);
    if (!(text.starts_with('"') ? take_quoted(text) : take_token(text))) return false;
  }
  return true;
}

std::string_view text_of(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

BodyReader::BodyReader(Framing framing, uint64_t length)
    : framing_(framing),
      place_(framing == Framing::chunked ? Place::chunk_size : Place::data),
      left_(framing == Framing::length        ? length
            : framing == Framing::until_close ? std::numeric_limits<uint64_t>::max()
                                              : 0) {}

Step BodyReader::bad(const Fault& fault) {
  fault_ = fault;
  return {.kind = Step::Kind::bad};
}

Step BodyReader::step(std::span<const uint8_t> unconsumed) {
  switch (place_) {
    case Place::data: return data_step(unconsumed);
    case Place::chunk_size: return chunk_size_step(text_of(unconsumed));
    case Place::after_chunk: return after_chunk_step(text_of(unconsumed));
    case Place::trailers: return trailers_step(text_of(unconsumed));
  }
  return {};
}

Step BodyReader::data_step(std::span<const uint8_t> unconsumed) {
  if (left_ == 0) return {.kind = Step::Kind::end};
  const size_t size = std::min<uint64_t>(left_, unconsumed.size());
  if (size == 0) return {};
  if (framing_ != Framing::until_close) left_ -= size;
  if (left_ == 0 && framing_ == Framing::chunked) place_ = Place::after_chunk;
  return {.kind = Step::Kind::body, .consumed = size, .body = unconsumed.first(size)};
}

// chunk-size chunk-ext CRLF, of which nothing is consumed before it is whole.
Step BodyReader::chunk_size_step(std::string_view text) {
  size_t digits = 0;
  uint64_t size = 0;
  while (digits < text.size() && hex_value(text[digits]) >= 0) {
    if (digits == chunk_digit_count_max) return bad(bad_chunk_size);
    size = size * 16 + static_cast<uint64_t>(hex_value(text[digits++]));
  }
  if (digits == text.size()) return {};
  if (digits == 0 || (text[digits] != ';' && text[digits] != '\r')) return bad(bad_chunk_size);
  const std::string_view line = text.substr(digits);
  const size_t end = line.find_first_of(line_ends);
  if (std::min(end, line.size()) > chunk_extension_size_max) return bad(bad_extension);
  if (end == line.npos || (line[end] == '\r' && end + 1 == line.size())) return {};
  if (line[end] != '\r' || line[end + 1] != '\n' || !are_extensions(line.substr(0, end)))
    return bad(bad_extension);
  left_ = size;
  place_ = size == 0 ? Place::trailers : Place::data;
  if (size == 0) scanner_ = HeadScanner(trailers_size_max);
  const std::string_view rest = line.substr(end + 2);
  Step step = size == 0 ? trailers_step(rest)
                        : data_step({reinterpret_cast<const uint8_t*>(rest.data()), rest.size()});
  step.consumed += digits + end + 2;
  return step;
}

Step BodyReader::after_chunk_step(std::string_view text) {
  if (!text.empty() && text[0] != '\r') return bad(bad_chunk_end);
  if (text.size() < 2) return {};
  if (text[1] != '\n') return bad(bad_chunk_end);
  place_ = Place::chunk_size;
  Step step = chunk_size_step(text.substr(2));
  step.consumed += 2;
  return step;
}

Step BodyReader::trailers_step(std::string_view text) {
  const auto end = scanner_.find_end(text);
  if (!end) return bad(end.error());
  if (!*end) return {};
  auto fields = parse_fields(text.substr(0, **end - 2));
  if (!fields) return bad(fields.error());
  if (std::ranges::any_of(*fields, is_forbidden)) return bad(forbidden_trailer);
  trailers_ = std::move(*fields);
  framing_ = Framing::none;
  place_ = Place::data;
  return {.kind = Step::Kind::end, .consumed = **end};
}

}  // namespace sallyport::http
