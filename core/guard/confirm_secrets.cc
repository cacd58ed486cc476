#include <algorithm>
#include <array>

#include "core/guard/checks.h"
#include "core/guard/confirm_tokens.h"

namespace sallyport::guard {
// scheme://user:password@host (RFC 3986 section 3.2.1); the range is the password. Real passwords hold what
// the RFC forbids, so the last '@' before white space, a quote or (unless the text so far is a port) a slash
// ends it.
std::optional<Range> confirm_url_password(Bytes field, uint32_t end) {
  constexpr size_t user_size_max = 128;
  constexpr size_t password_size_max = 256;
  if (!ends_at(field, end, "://") || end == 3 || !is_alnum(field[end - 4])) return std::nullopt;
  const size_t user = run_size(field, end, user_size_max, [](uint8_t c) {
    return !is_space(c) &&
           std::string_view(":/?#@\"'<>[]\\").find(static_cast<char>(c)) == std::string_view::npos;
  });
  const size_t begin = end + user + 1;
  if (begin > field.size() || field[begin - 1] != ':') return std::nullopt;
  size_t at_sign = 0;
  bool port = true;
  for (size_t at = begin; at < field.size() && at - begin <= password_size_max; ++at) {
    const uint8_t c = field[at];
    if (is_space(c) || c == '"' || c == '<' || c == '>' || c == 0) break;
    if (c == '/' || c == '?' || c == '#') {
      if (at_sign != 0 || port) break;
    }
    if (c == '@') at_sign = at;
    port = port && is_digit(c);
  }
  if (at_sign <= begin || is_masked(field.subspan(begin, at_sign - begin))) return std::nullopt;
  return range(begin, at_sign);
}

std::optional<Range> confirm_aws_access_key(Bytes field, uint32_t end) {
  constexpr size_t tail_size = 16;
  if (end < 8) return std::nullopt;
  const size_t begin = end - 8;
  if (begin > 0 && is_upper_digit(field[begin - 1])) return std::nullopt;
  if (run_size(field, begin + 4, tail_size + 1, is_alnum) != tail_size) return std::nullopt;
  if (run_size(field, begin + 4, tail_size, is_upper_digit) != tail_size) return std::nullopt;
  return range(begin, begin + 4 + tail_size);
}

// Forty base64 characters are a secret only after words that say so: "secret" with "aws" before it, or
// followed by "access" or "key". The value begins within 32 bytes of that.
std::optional<Range> confirm_aws_secret_key(Bytes field, uint32_t end) {
  constexpr std::string_view word = "SECRET";
  constexpr size_t key_size = 40;
  constexpr size_t distance_max = 32;
  constexpr size_t context_size = 16;
  if (end < word.size()) return std::nullopt;
  const size_t before = end - word.size() > context_size ? end - word.size() - context_size : 0;
  const Bytes left = field.subspan(before, end - word.size() - before);
  const Bytes right = field.subspan(end, std::min(context_size, field.size() - end));
  if (!contains_upper(left, "AWS") && !contains_upper(right, "ACCESS")) return std::nullopt;
  for (size_t at = end; at < field.size() && at - end <= distance_max;) {
    const size_t size = run_size(field, at, key_size + 1, is_base64);
    if (size == 0) {
      ++at;
      continue;
    }
    const Bytes key = field.subspan(at, size);
    if (size == key_size && std::ranges::any_of(key, is_upper) && std::ranges::any_of(key, is_lower) &&
        std::ranges::any_of(key, is_digit) && !is_masked(key)) {
      return range(at, at + size);
    }
    if (size > key_size) return std::nullopt;
    at += size;
  }
  return std::nullopt;
}

std::optional<Range> confirm_github_token(Bytes field, uint32_t end) {
  constexpr size_t size_max = 255;
  const bool fine_grained = ends_at(field, end, "github_pat_");
  const size_t begin = fine_grained ? end - 11 : end < 4 ? 0 : end - 4;
  if (end < 4) return std::nullopt;
  const size_t size = run_size(field, end, size_max, fine_grained ? is_word : is_alnum);
  constexpr size_t classic_size = 36;
  if (size < (fine_grained ? 60 : classic_size)) return std::nullopt;
  // Longer ones are of a newer form, which is not known to hold a sum.
  if (!fine_grained && size == classic_size && !crc32_base62_valid(field.subspan(end, size)))
    return std::nullopt;
  return range(begin, end + size);
}

// xox?- tokens, xapp- tokens and incoming webhooks.
std::optional<Range> confirm_slack_token(Bytes field, uint32_t end) {
  constexpr std::string_view webhook = "hooks.slack.com/services/";
  constexpr size_t size_max = 512;
  if (ends_at(field, end, webhook)) {
    const size_t size = run_size(field, end, size_max, [](uint8_t c) { return is_alnum(c) || c == '/'; });
    const Bytes path = field.subspan(end, size);
    if (size < 36 || path[0] != 'T' || std::ranges::count(path, '/') < 2) return std::nullopt;
    return range(end, end + size);
  }
  if (end < 5) return std::nullopt;
  const size_t begin = end - 5;
  const size_t size =
      run_size(field, end, size_max, [](uint8_t c) { return is_alnum(c) || c == '-' || c == '.'; });
  const Bytes tail = field.subspan(end, size);
  if (size < 20 || std::ranges::count_if(tail, is_digit) < 4) return std::nullopt;
  const bool dot = tail.back() == '.' || tail.back() == '-';
  return range(begin, end + size - (dot ? 1 : 0));
}

std::optional<Range> confirm_google_api_key(Bytes field, uint32_t end) {
  constexpr size_t tail_size = 35;
  if (end < 4 || run_size(field, end, tail_size, is_base64url) != tail_size) return std::nullopt;
  const size_t stop = end + tail_size;
  if (stop < field.size() && is_alnum(field[stop])) return std::nullopt;
  return range(end - 4, stop);
}

// sk_live_, rk_live_, the same with test, and whsec_ (webhook secrets).
std::optional<Range> confirm_stripe_key(Bytes field, uint32_t end) {
  constexpr size_t size_max = 255;
  const bool webhook = ends_at(field, end, "whsec_");
  const size_t prefix = webhook ? 6 : 8;
  if (end < prefix) return std::nullopt;
  const size_t size = run_size(field, end, size_max, is_alnum);
  if (size < (webhook ? 24 : 16)) return std::nullopt;
  return range(end - prefix, end + size);
}

// sk-…, as Anthropic (sk-ant-), OpenAI (sk-, sk-proj-, sk-svcacct-) and OpenRouter (sk-or-) write them. Words
// that end in "sk" are common, and so are class names of many parts: one part must be long and mixed.
std::optional<Range> confirm_model_api_key(Bytes field, uint32_t end) {
  constexpr size_t size_min = 32;
  constexpr size_t size_max = 512;
  constexpr size_t part_size_min = 16;
  static constexpr TokenSpec others{"gsk_|xai-|pplx-|r8_", is_alnum, 37, 90};
  if (end < 4) return std::nullopt;
  if (field[end - 1] == '_' || field[end - 1] == '-') return confirm_token(others, field, end);
  const size_t body = end - 1;  // the core holds one character after "sk-"
  const size_t begin = body - 3;
  if (begin > 0 && is_alnum(field[begin - 1])) return std::nullopt;
  const size_t size = run_size(field, body, size_max, is_base64url);
  if (size < size_min) return std::nullopt;
  size_t longest = 0;
  for (size_t at = body; at < body + size;) {
    const size_t part = run_size(field, at, body + size - at, is_alnum);
    const Bytes bytes = field.subspan(at, part);
    if (std::ranges::any_of(bytes, is_digit) && std::ranges::any_of(bytes, is_alpha))
      longest = std::max(longest, part);
    at += part + 1;
  }
  if (longest < part_size_min) return std::nullopt;
  return range(begin, body + size);
}

namespace {

constexpr size_t jwt_header_size_max = 2048;  // base64url characters
constexpr size_t jwt_size_max = size_t{64} << 10;

// Does this base64url text (RFC 4648 section 5, no padding) hold a JSON object with an "alg" (RFC 7515
// section 4.1.1)?
bool is_jose_header(Bytes text) {
  std::array<uint8_t, jwt_header_size_max * 3 / 4 + 3> decoded;
  const size_t size = decode_base64(text, decoded).value_or(0);
  std::string_view json = as_text({decoded.data(), size});
  while (!json.empty() && is_space(static_cast<uint8_t>(json.back()))) json.remove_suffix(1);
  if (!json.starts_with('{') || !json.ends_with('}')) return false;
  const size_t key = json.find("\"alg\"");
  if (key == std::string_view::npos) return false;
  const size_t colon = json.find_first_not_of(" \t\r\n", key + 5);
  return colon != std::string_view::npos && json[colon] == ':';
}

}  // namespace

// JWS in compact form, unsecured ones included, and JWE (RFC 7515 section 3.1, RFC 7516 section 3.1).
std::optional<Range> confirm_jwt(Bytes field, uint32_t end) {
  if (end < 4) return std::nullopt;
  const size_t begin = end - 4;
  if (begin > 0 && is_base64url(field[begin - 1])) return std::nullopt;
  const size_t header = run_size(field, begin, jwt_header_size_max, is_base64url);
  size_t at = begin + header;
  if (at >= field.size() || field[at] != '.') return std::nullopt;
  std::array<size_t, 4> parts{};
  size_t part_count = 0;
  while (part_count < parts.size() && at < field.size() && field[at] == '.') {
    parts[part_count] = run_size(field, at + 1, jwt_size_max, is_base64url);
    at += 1 + parts[part_count++];
  }
  const bool encrypted = part_count == 4 && parts[1] != 0 && parts[2] != 0 && parts[3] != 0;
  if (!encrypted && (part_count < 2 || parts[0] < 2)) return std::nullopt;
  if (!is_jose_header(field.subspan(begin, header))) return std::nullopt;
  const size_t stop = encrypted ? at : begin + header + 2 + parts[0] + parts[1];
  return range(begin, stop);
}

// PEM and OpenPGP armour (RFC 7468, RFC 4880 section 6.2), to the end line or, where the field ends before
// that, as far as the bytes could belong to it; with line ends written as \n or \r\n escapes as well.
std::optional<Range> confirm_private_key(Bytes field, uint32_t end) {
  constexpr size_t label_size_max = 64;
  constexpr size_t body_size_min = 16;
  const size_t label_size =
      run_size(field, end, label_size_max, [](uint8_t c) { return is_upper_digit(c) || c == ' '; });
  const std::string_view label = as_text(field.subspan(end, label_size));
  if (!ends_at(field, end, "-----BEGIN ") ||
      !(label.ends_with("PRIVATE KEY") || label.ends_with("PRIVATE KEY BLOCK"))) {
    return std::nullopt;
  }
  size_t at = end + label_size;
  if (at + 5 > field.size() || as_text(field.subspan(at, 5)) != "-----") return std::nullopt;
  at += 5;
  const size_t body = at;
  for (; at < field.size(); ++at) {
    const uint8_t c = field[at];
    const bool text = is_base64(c) || is_space(c) ||
                      std::string_view("=:,;.()@<>_\\-").find(static_cast<char>(c)) != std::string_view::npos;
    if (!text) break;
    if (c == '-' && as_text(field.subspan(at, std::min<size_t>(5, field.size() - at))) == "-----") break;
  }
  if (static_cast<size_t>(std::ranges::count_if(field.subspan(body, at - body), is_base64)) < body_size_min) {
    return std::nullopt;
  }
  constexpr std::string_view last = "-----END ";
  if (field.size() - at >= last.size() && as_text(field.subspan(at, last.size())) == last) {
    at += last.size();
    at += run_size(field, at, label_size_max, [](uint8_t c) { return is_upper_digit(c) || c == ' '; });
    at += run_size(field, at, 5, [](uint8_t c) { return c == '-'; });
  }
  return range(end - 11, at);
}

std::optional<Range> confirm_sallyport_ticket(Bytes field, uint32_t end) {
  constexpr size_t size_min = 16;
  constexpr size_t size_max = 128;
  if (end < 4) return std::nullopt;
  const size_t size = run_size(field, end, size_max, is_base64url);
  if (size < size_min) return std::nullopt;
  return range(end - 4, end + size);
}

}  // namespace sallyport::guard
