#include "plugins/http/body/json_body.h"

#include <emmintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <ranges>
#include <utility>

#include "plugins/http/body/text_body.h"

namespace sallyport::http {

namespace {

constexpr BodyFault broken{"body-no-json", "the reply says it is JSON and is none"};

// Bytes as a string's end, or a word's, is looked for.
enum class Kind : uint8_t { plain, mark, high, escape };
constexpr std::array<Kind, 256> kinds = [] {
  std::array<Kind, 256> all{};
  for (size_t i = 0; i < 0x20; ++i) all[i] = Kind::mark;
  for (const char c : {' ', ',', ':', '"', '[', ']', '{', '}'}) all[static_cast<uint8_t>(c)] = Kind::mark;
  for (size_t i = 0x80; i < all.size(); ++i) all[i] = Kind::high;
  all['\\'] = Kind::escape;
  return all;
}();

// To the next byte of a string that is not plain ASCII, or is its end.
size_t skip_plain(std::string_view text, size_t at) {
  const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), first = _mm_set1_epi8(0x20);
  for (; at + sizeof(__m128i) <= text.size(); at += sizeof(__m128i)) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
    // Signed: what has the high bit is below a blank, too.
    const __m128i found =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, slash)),
                     _mm_cmplt_epi8(bytes, first));
    if (const auto where = static_cast<uint32_t>(_mm_movemask_epi8(found)); where != 0)
      return at + static_cast<size_t>(std::countr_zero(where));
  }
  return at;
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// RFC 8259, section 6.
bool is_number(std::string_view text) {
  const auto digits = [&text] {
    const size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(count);
    return count > 0;
  };
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.starts_with('0') ? (text.remove_prefix(1), false) : !digits()) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (!digits()) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (!digits()) return false;
  }
  return text.empty();
}

// Section 7; `text` is what stands between the quotes.
bool is_string(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (static_cast<uint8_t>(text[i]) < 0x20) return false;
    if (text[i] != '\\') continue;
    if (++i == text.size()) return false;
    if (text[i] == 'u') {
      if (text.size() - i < 5 || !std::ranges::all_of(text.substr(i + 1, 4), is_hex)) return false;
      i += 4;
    } else if (std::string_view("\"\\/bfnrt").find(text[i]) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::expected<void, BodyFault> JsonBody::feed(std::string_view bytes, std::string& out) {
  segment_.append(bytes);
  return read(out);
}

std::expected<void, BodyFault> JsonBody::read(std::string& out) {
  while (at_ < segment_.size()) {
    if (token_ == Token::none) {
      const char c = segment_[at_];
      if (is_blank(c)) {
        ++at_;
        continue;
      }
      if (expect_ == Expect::nothing && lines_) expect_ = Expect::value;
      token_begin_ = at_;
      if (!begin_token(c)) return std::unexpected(broken);
    } else {
      const size_t end = token_end();
      if (end == std::string::npos) {
        at_ = segment_.size();
        // A backslash that stands last says what the next byte is: both are looked at together.
        while (token_ != Token::word && at_ > token_begin_ + 1 && segment_[at_ - 1] == '\\') --at_;
        break;
      }
      if (!end_token(end)) return std::unexpected(broken);
    }
    const bool is_cut =
        token_ == Token::none && (expect_ == Expect::comma_or_end || expect_ == Expect::nothing);
    if (is_cut && (at_ >= segment_size_min || (lines_ && expect_ == Expect::nothing))) {
      if (const auto done = flush(out); !done) return done;
    }
  }
  if (segment_.size() > value_size_max + segment_size_min) return std::unexpected(too_large_to_mask);
  return {};
}

// A bracket or a sign is read whole; of others only the begin.
bool JsonBody::begin_token(char c) {
  const bool takes_value = expect_ == Expect::value || expect_ == Expect::value_or_end;
  const bool takes_key = expect_ == Expect::key || expect_ == Expect::key_or_end;
  switch (c) {
    case '{': return takes_value && open(true);
    case '[': return takes_value && open(false);
    case '}': return (expect_ == Expect::key_or_end || expect_ == Expect::comma_or_end) && close(true);
    case ']': return (expect_ == Expect::value_or_end || expect_ == Expect::comma_or_end) && close(false);
    case ':':
      if (expect_ != Expect::colon) return false;
      expect_ = Expect::value;
      ++at_;
      return true;
    case ',':
      if (expect_ != Expect::comma_or_end) return false;
      expect_ = levels_.back().is_object ? Expect::key : Expect::value;
      ++at_;
      return true;
    case '"':
      if (!takes_value && !takes_key) return false;
      token_ = takes_key ? Token::key : Token::string;
      ++at_;
      return true;
    default:
      if (!takes_value) return false;
      token_ = Token::word;
      ++at_;
      return true;
  }
}

bool JsonBody::open(bool is_object) {
  if (levels_.size() == json_depth_max) return false;
  if (levels_.empty()) is_named_ = names_any_ && looker_.is_named(path_);
  levels_.push_back({.is_object = is_object, .is_named = is_named_, .path_size = path_.size()});
  expect_ = is_object ? Expect::key_or_end : Expect::value_or_end;
  ++at_;
  return true;
}

bool JsonBody::close(bool is_object) {
  if (levels_.empty() || levels_.back().is_object != is_object) return false;
  levels_.pop_back();
  ++at_;
  end_value();
  return true;
}

// Behind its last byte; nothing where it is not whole.
size_t JsonBody::token_end() {
  if (token_ != Token::word) return string_end();
  size_t at = at_;
  while (at < segment_.size() && kinds[static_cast<uint8_t>(segment_[at])] != Kind::mark) ++at;
  return at < segment_.size() ? at : std::string::npos;
}

size_t JsonBody::string_end() {
  const std::string_view text = segment_;
  for (size_t at = at_; (at = skip_plain(text, at)) < text.size(); ++at) {
    switch (kinds[static_cast<uint8_t>(text[at])]) {
      case Kind::plain: break;
      case Kind::mark:
        if (text[at] == '"') return at + 1;
        has_escape_ =
            has_escape_ || static_cast<uint8_t>(text[at]) < 0x20;  // which none may be: looked at there
        break;
      case Kind::high: has_high_ = true; break;
      case Kind::escape:
        has_escape_ = true;
        ++at;
        break;
    }
  }
  return text.npos;
}

bool JsonBody::end_token(size_t end) {
  const Token token = std::exchange(token_, Token::none);
  const std::string_view text = std::string_view(segment_).substr(token_begin_, end - token_begin_);
  at_ = end;
  if (token == Token::word) {
    if (text != "true" && text != "false" && text != "null" && !is_number(text)) return false;
  } else if ((has_escape_ && !is_string(text.substr(1, text.size() - 2))) || (has_high_ && !is_text(text))) {
    return false;
  }
  has_escape_ = has_high_ = false;
  if (token == Token::key) {
    end_key(end);
    return true;
  }
  if (is_named_ && !levels_.empty()) named_.push_back({.begin = token_begin_, .end = end, .path = path_});
  end_value();
  return true;
}

// The value that comes lies at this key. A place within what a mask names keeps that one's name.
void JsonBody::end_key(size_t end) {
  const Level& level = levels_.back();
  path_.resize(level.path_size);
  expect_ = Expect::colon;
  is_named_ = level.is_named;
  if (is_named_ || !names_any_) return;
  const std::string_view name = std::string_view(segment_).substr(token_begin_ + 1, end - token_begin_ - 2);
  if (path_.size() + name.size() < body_name_size_max) path_.append(".").append(name);
  is_named_ = looker_.is_named(path_);
}

void JsonBody::end_value() {
  seen_value_ = true;
  expect_ = levels_.empty() ? Expect::nothing : Expect::comma_or_end;
  if (levels_.empty()) {
    path_ = body_path;
    is_named_ = false;
    return;
  }
  // In an array the next value lies where this one did.
  if (!levels_.back().is_object) {
    path_.resize(levels_.back().path_size);
    is_named_ = levels_.back().is_named;
  }
}

std::string JsonBody::with_named_masked(size_t end) {
  std::string out;
  size_t at = 0;
  for (const Place& place : named_) {
    out.append(segment_, at, place.begin - at);
    std::string value = segment_.substr(place.begin, place.end - place.begin);
    out.append(looker_.mask(value, SP_KIND_JSON, place.path) ? value : "null");
    at = place.end;
  }
  named_.clear();
  return out.append(segment_, at, end - at);
}

std::expected<void, BodyFault> JsonBody::flush(std::string& out) {
  const std::string edited = named_.empty() ? std::string() : with_named_masked(at_);
  const std::string_view text = edited.empty() ? std::string_view(segment_).substr(0, at_) : edited;
  // What stands before the first value, key or bracket would make no JSON behind brackets of ours.
  size_t lead = 0;
  while (lead < text.size() && (is_blank(text[lead]) || (text[lead] == ',' && !begun_in_.empty()))) ++lead;
  out.append(text, 0, lead);
  if (lead < text.size()) {
    std::string begin, end;
    for (size_t i = 0; i < begun_in_.size(); ++i) {
      begin += begun_in_[i] ? "{" : "[";
      if (begun_in_[i] && i + 1 < begun_in_.size()) begin += "\"\":";
    }
    for (const Level& level : levels_ | std::views::reverse) end += level.is_object ? '}' : ']';
    whole_.assign(begin).append(text, lead).append(end);
    if (!looker_.mask(whole_, SP_KIND_JSON, body_path) || whole_.size() < begin.size() + end.size() ||
        !whole_.starts_with(begin) || !whole_.ends_with(end))
      return std::unexpected(withheld_whole);
    out.append(whole_, begin.size(), whole_.size() - begin.size() - end.size());
  }
  segment_.erase(0, at_);
  at_ = 0;
  begun_in_.clear();
  for (const Level& level : levels_) begun_in_.push_back(level.is_object);
  return {};
}

std::expected<void, BodyFault> JsonBody::finish(std::string& out) {
  // Nothing but what follows ends a number.
  if (token_ == Token::word && !end_token(segment_.size())) return std::unexpected(broken);
  const bool is_whole =
      token_ == Token::none && levels_.empty() && (seen_value_ || lines_ || segment_.empty());
  if (!is_whole) return std::unexpected(broken);
  at_ = segment_.size();
  return flush(out);
}

}  // namespace sallyport::http
