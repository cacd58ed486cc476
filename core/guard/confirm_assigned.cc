// Secrets that have no form of their own; what stands in front says what they are.
#include <array>

#include "core/guard/confirm_tokens.h"

namespace sallyport::guard {
namespace {

constexpr size_t value_size_min = 6;
constexpr size_t value_size_max = 256;

constexpr std::string_view secret_words =
    "PASSWORD|PASSWD|PASSPHRASE|PWD|SECRET|APIKEY|API_KEY|API-KEY|AUTH_TOKEN|AUTH-TOKEN|ACCESS_TOKEN|"
    "ACCESS-TOKEN|REFRESH_TOKEN|REFRESH-TOKEN";

bool is_quote(uint8_t c) { return c == '"' || c == '\'' || c == '`'; }
bool is_blank(uint8_t c) { return c == ' ' || c == '\t'; }

// What may follow "password" or "secret" in a name that still names the secret itself.
bool is_tail_of_name(Bytes tail) {
  while (!tail.empty() && (tail[0] == '_' || tail[0] == '-')) tail = tail.subspan(1);
  if (std::ranges::all_of(tail, is_digit)) return true;
  return any_part(
      "KEY|VALUE|TOKEN|ACCESS_KEY|ACCESSKEY|KEY_BASE|HASH|ID|TEXT|STRING",
      [&](std::string_view word) { return word.size() == tail.size() && matches_upper(tail, 0, word); });
}

struct Assignment {
  Range value;
  bool quoted = false;
  bool tight = false;  // an equals sign and nothing around it
};

// The value that is assigned to the name which ends at `at`: name=value, "name": "value", name := 'value',
// name => value, and SQL's PASSWORD 'value'.
std::optional<Assignment> assignment(Bytes field, size_t at) {
  const auto is_at = [&](size_t i, char c) {
    return i < field.size() && field[i] == static_cast<uint8_t>(c);
  };
  Assignment found;
  const size_t name_end = at;
  if (is_at(at, '\\')) ++at;
  if (at < field.size() && is_quote(field[at])) ++at;
  if (is_at(at, ']')) ++at;
  const size_t blanks = run_size(field, at, 4, is_blank);
  at += blanks;
  if (is_at(at, ':') && is_at(at + 1, '=')) ++at;
  if (is_at(at, '=') && (is_at(at + 1, '=') || is_at(at + 1, '~'))) return {};  // a comparison
  const bool sign = is_at(at, ':') || is_at(at, '=');
  found.tight = is_at(at, '=') && at == name_end;
  if (sign) {
    at += is_at(at + 1, '>') ? 2 : 1;
    const size_t more = run_size(field, at, 4, is_blank);
    found.tight = found.tight && more == 0;
    at += more;
    if (is_at(at, '\\')) ++at;
  } else if (blanks == 0 || !is_at(at, '\'')) {
    return {};
  }
  if (at >= field.size()) return {};
  if (is_quote(field[at])) {
    const uint8_t quote = field[at++];
    const size_t size =
        run_size(field, at, value_size_max, [quote](uint8_t c) { return c != quote && c != '\n' && c != 0; });
    found.quoted = true;
    found.value = range(at, at + size - (size > 0 && field[at + size - 1] == '\\' ? 1 : 0));
    return found;
  }
  const size_t size = run_size(field, at, value_size_max, [](uint8_t c) {
    return !is_space(c) && c != 0 &&
           std::string_view("\"'`,;&)]}<>|").find(static_cast<char>(c)) == std::string_view::npos;
  });
  found.value = range(at, at + size);
  return found;
}

// A variable, a call, a word that says what is missing: no secret stands here.
bool is_reference(Bytes value, bool quoted) {
  const std::string_view text = as_text(value);
  if (std::string_view("$%<{@*&[(!").find(text.front()) != std::string_view::npos && !quoted) return true;
  if (text.front() == '$' &&
      std::ranges::all_of(value.subspan(1), [](uint8_t c) { return is_upper(c) || c == '_'; }))
    return true;
  for (const std::string_view head :
       {"${", "$(", "{{", "<", "%(", "[", "file:", "env:", "vault:", "arn:", "process.", "os.", "self.",
        "this.", "config.", "settings.", "request.", "params.", "secrets."}) {
    if (text.starts_with(head)) return true;
  }
  if (!quoted && text.find('(') != std::string_view::npos) return true;
  constexpr std::string_view words =
      "REQUIRED|OPTIONAL|STRING|HIDDEN|REDACTED|EXPIRED|INVALID|MISSING|INCORRECT|UNDEFINED|PASSWORD|SECRET|"
      "PROMPT|UNKNOWN|CHANGED|DEFAULT|DISABLED|ENABLED|NOTNULL|VARCHAR|SCRAM-SHA-256|EMPTY|BOOLEAN|INTEGER|"
      "NOT NULL|"
      "UNSET|FAILED|ACCEPTED|REJECTED|WRONG|UPDATED|RESET";
  return any_part(words, [&](std::string_view word) {
    return word.size() == value.size() && matches_upper(value, 0, word);
  });
}

// Prose has words after a colon: they count where they look like no word.
bool looks_random(Bytes value) {
  const bool letter = std::ranges::any_of(value, is_alpha);
  const bool digit = std::ranges::any_of(value, is_digit);
  const bool symbol = std::ranges::any_of(value, [](uint8_t c) {
    return std::string_view("!@#$%^&*+=?~").find(static_cast<char>(c)) != std::string_view::npos;
  });
  return letter && (digit || symbol);
}

}  // namespace

std::optional<Range> confirm_password(Bytes field, uint32_t end) {
  constexpr size_t tail_size_max = 16;
  if (!ends_with_word(field, end, secret_words)) return {};
  // "pwd" inside a word is none.
  if (end >= 3 && matches_upper(field, end - 3, "PWD") && end > 3 && is_alpha(field[end - 4]) &&
      !(is_lower(field[end - 4]) && is_upper(field[end - 3]))) {
    return {};
  }
  const size_t tail = run_size(field, end, tail_size_max, is_base64url);
  if (!is_tail_of_name(field.subspan(end, tail))) return {};
  const auto found = assignment(field, end + tail);
  if (!found) return {};
  Range at = found->value;
  if (!found->quoted && !found->tight) {  // a sentence may end here
    while (at.end > at.begin && (field[at.end - 1] == '.' || field[at.end - 1] == '!')) --at.end;
  }
  const Bytes value = field.subspan(at.begin, at.size());
  if (value.size() < value_size_min || is_masked(value) || is_reference(value, found->quoted)) return {};
  const bool spaced = std::ranges::any_of(value, is_space);
  if ((spaced || !(found->quoted || found->tight)) && !looks_random(value)) return {};
  return at;
}

// RFC 6750 section 2.1.
std::optional<Range> confirm_bearer_token(Bytes field, uint32_t end) {
  constexpr size_t size_min = 16;
  constexpr size_t size_max = 8192;
  constexpr size_t word_size = 7;
  if (end < word_size || is_alnum_before(field, end - word_size)) return {};
  const size_t size = run_size(field, end, size_max, [](uint8_t c) {
    return is_base64url(c) || c == '.' || c == '~' || c == '+' || c == '/' || c == '=';
  });
  size_t stop = end + size;
  while (stop > end && field[stop - 1] == '.') --stop;
  const Bytes token = field.subspan(end, stop - end);
  if (token.size() < size_min || !is_mixed(token) || is_masked(token)) return {};
  return range(end, stop);
}

// RFC 7617: base64 of name:password.
std::optional<Range> confirm_basic_auth(Bytes field, uint32_t end) {
  constexpr size_t size_min = 8;
  constexpr size_t size_max = 512;
  constexpr size_t word_size = 6;
  if (end < word_size || is_alnum_before(field, end - word_size)) return {};
  const size_t size = run_size(field, end, size_max, is_base64);
  const size_t padding = run_size(field, end + size, 2, [](uint8_t c) { return c == '='; });
  if (size < size_min || (size + padding) % 4 != 0) return {};
  std::array<uint8_t, size_max> decoded;
  const auto count = decode_base64(field.subspan(end, size), decoded);
  if (!count) return {};
  const Bytes text(decoded.data(), *count);
  const auto colon = std::ranges::find(text, ':');
  if (colon == text.begin() || colon == text.end() || colon + 1 == text.end()) return {};
  if (!std::ranges::all_of(text, [](uint8_t c) { return c >= 0x20 && c != 0x7f; })) return {};
  return range(end, end + size + padding);
}

}  // namespace sallyport::guard
