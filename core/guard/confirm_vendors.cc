#include <array>

#include "core/guard/confirm_tokens.h"

namespace sallyport::guard {
namespace {

bool is_azure(uint8_t c) { return is_base64url(c) || c == '~' || c == '.'; }

}  // namespace

std::optional<Range> confirm_token(const TokenSpec& spec, Bytes field, uint32_t end) {
  size_t prefix = 0;
  any_part(spec.prefixes, [&](std::string_view text) {
    if (ends_at(field, end, text)) prefix = std::max(prefix, text.size());
    return false;
  });
  if (prefix == 0 || (end > prefix && is_word(field[end - prefix - 1]))) return {};
  const size_t size = run_size(field, end, spec.size_max + 1, spec.is);
  if (size < spec.size_min || size > spec.size_max) return {};
  const Bytes body = field.subspan(end, size);
  if (is_masked(body) || !(spec.valid != nullptr ? spec.valid(body) : is_mixed(body))) return {};
  // A sentence may end after it.
  size_t stop = end + size;
  while (field[stop - 1] == '.' || field[stop - 1] == '-') --stop;
  return stop - end >= spec.size_min ? std::optional(range(end - prefix, stop)) : std::nullopt;
}

// Microsoft, "Configure Azure Storage connection strings": AccountKey= and 64 bytes in base64.
std::optional<Range> confirm_azure_storage_key(Bytes field, uint32_t end) {
  constexpr size_t key_size = 86;
  if (!ends_at(field, end, "AccountKey=")) return {};
  if (run_size(field, end, key_size + 1, is_base64) != key_size) return {};
  if (run_size(field, end + key_size, 2, [](uint8_t c) { return c == '='; }) != 2) return {};
  return range(end, end + key_size + 2);
}

// Microsoft, "Create a service SAS": sig= is an HMAC-SHA-256 in base64, mostly in percent encoding.
std::optional<Range> confirm_azure_sas(Bytes field, uint32_t end) {
  constexpr size_t size_max = 132;
  constexpr size_t hmac_size = 44;
  constexpr size_t core_size = 4;
  if (!ends_at(field, end, "sig=") || (end > core_size && is_word(field[end - core_size - 1]))) return {};
  std::array<uint8_t, hmac_size + 1> text;
  size_t size = 0;
  size_t at = end;
  while (at < field.size() && at - end < size_max && size < text.size()) {
    const uint8_t c = field[at];
    if (c == '%' && at + 2 < field.size()) {
      const Bytes code = field.subspan(at + 1, 2);
      text[size++] = matches_upper(code, 0, "2B")   ? '+'
                     : matches_upper(code, 0, "2F") ? '/'
                     : matches_upper(code, 0, "3D") ? '='
                                                    : 0;
      at += 3;
    } else if (is_base64(c) || c == '=') {
      text[size++] = c;
      ++at;
    } else {
      break;
    }
  }
  if (size != hmac_size || text[hmac_size - 1] != '=' || !is_mixed({text.data(), hmac_size})) return {};
  const Bytes body(text.data(), hmac_size - 1);
  if (!std::ranges::all_of(body, is_base64)) return {};
  return range(end, at);
}

// Entra ID client secrets: three characters, a digit, Q~, and 31 to 34 more.
std::optional<Range> confirm_azure_client_secret(Bytes field, uint32_t end) {
  constexpr size_t head_size = 6;
  if (end < head_size || !is_digit(field[end - 3])) return {};
  const size_t begin = end - head_size;
  if (run_size(field, begin, 3, is_azure) != 3 || (begin > 0 && is_azure(field[begin - 1]))) return {};
  const size_t size = run_size(field, end, 35, is_azure);
  if (size < 31 || size > 34 || !is_mixed(field.subspan(end, size))) return {};
  return range(begin, end + size);
}

// Google: access tokens (ya29.), client secrets (GOCSPX-), refresh tokens (1//0).
std::optional<Range> confirm_google_oauth(Bytes field, uint32_t end) {
  static constexpr TokenSpec access{"ya29.", is_base64url, 30, 2048};
  static constexpr TokenSpec client{"GOCSPX-", is_base64url, 28, 28};
  static constexpr TokenSpec refresh{"1//0", is_base64url, 40, 512};
  if (ends_at(field, end, "ya29.")) return confirm_token(access, field, end);
  return confirm_token(ends_at(field, end, "1//0") ? refresh : client, field, end);
}

namespace {

// The bot token at `at`: the user's number in base64, a time, an HMAC. 0 for none.
size_t discord_bot_size(Bytes field, size_t at) {
  const size_t user = run_size(field, at, 40, is_base64url);
  if (user < 23 || user > 28 || at + user >= field.size() || field[at + user] != '.') return 0;
  const size_t time = run_size(field, at + user + 1, 8, is_base64url);
  const size_t mac_at = at + user + 1 + time + 1;
  if (time < 5 || time > 7 || mac_at > field.size() || field[mac_at - 1] != '.') return 0;
  const size_t mac = run_size(field, mac_at, 64, is_base64url);
  if (mac < 27 || mac > 45) return 0;
  std::array<uint8_t, 32> number;
  const auto size = decode_base64(field.subspan(at, user), number);
  if (!size || *size < 17 || !std::ranges::all_of(Bytes(number.data(), *size), is_digit)) return 0;
  return mac_at + mac - at;
}

}  // namespace

// Webhooks (the part that is secret), and bot tokens after "discord" or "Bot ".
std::optional<Range> confirm_discord_token(Bytes field, uint32_t end) {
  constexpr size_t distance_max = 48;
  if (ends_at(field, end, "discord.com/api/webhooks/") ||
      ends_at(field, end, "discordapp.com/api/webhooks/")) {
    const size_t id = run_size(field, end, 21, is_digit);
    const size_t at = end + id + 1;
    if (id < 17 || id > 20 || at > field.size() || field[at - 1] != '/') return {};
    const size_t size = run_size(field, at, 101, is_base64url);
    return size >= 60 && size <= 100 && is_mixed(field.subspan(at, size))
               ? std::optional(range(at, at + size))
               : std::nullopt;
  }
  if (!ends_with_word(field, end, "DISCORD") && !ends_at(field, end, "Bot ")) return {};
  for (size_t at = end; at < field.size() && at - end <= distance_max; ++at) {
    if ((field[at] != 'M' && field[at] != 'N' && field[at] != 'O') || is_base64url(field[at - 1])) continue;
    if (const size_t size = discord_bot_size(field, at); size != 0) return range(at, at + size);
  }
  return {};
}

// core.telegram.org, "Authorizing your bot": the bot's number, a colon, 35 characters that begin with AA.
std::optional<Range> confirm_telegram_token(Bytes field, uint32_t end) {
  constexpr size_t core_size = 3;
  constexpr size_t tail_size = 33;
  if (end < core_size) return {};
  const size_t digits = run_size_before(field, end - core_size, 11, is_digit);
  if (digits < 8 || digits > 10) return {};
  const size_t begin = end - core_size - digits;
  // A path has "bot" in front.
  if (is_alnum_before(field, begin) && !ends_at(field, begin, "bot")) return {};
  if (run_size(field, end, tail_size + 1, is_base64url) != tail_size) return {};
  return range(begin, end + tail_size);
}

// SG., 22 characters, a dot, 43 characters.
std::optional<Range> confirm_sendgrid_key(Bytes field, uint32_t end) {
  constexpr size_t first = 22;
  constexpr size_t second = 43;
  if (end < 3 || (end > 3 && is_word(field[end - 4]))) return {};
  if (run_size(field, end, first + 1, is_base64url) != first || end + first >= field.size() ||
      field[end + first] != '.' || run_size(field, end + first + 1, second + 1, is_base64url) != second) {
    return {};
  }
  return range(end - 3, end + first + 1 + second);
}

// HCP Terraform: 14 characters, .atlasv1., 60 to 70.
std::optional<Range> confirm_terraform_token(Bytes field, uint32_t end) {
  constexpr size_t head = 14;
  constexpr size_t core_size = 9;
  if (end < head + core_size || !ends_at(field, end, ".atlasv1.") ||
      run_size_before(field, end - core_size, head + 1, is_alnum) != head)
    return {};
  const size_t size = run_size(field, end, 71, is_base64url);
  if (size < 60 || size > 70) return {};
  return range(end - core_size - head, end + size);
}

// 32 (an API key) or 40 (an application key) hexadecimal digits after words that say so.
std::optional<Range> confirm_datadog_key(Bytes field, uint32_t end) {
  constexpr size_t distance_max = 40;
  if (!ends_with_word(field, end, "DATADOG|DD_API|DD-API|DD_APP|DD-APP")) return {};
  for (size_t at = end; at < field.size() && at - end <= distance_max; ++at) {
    if (!is_lower_hex(field[at]) || is_alnum(field[at - 1])) continue;
    const size_t size = run_size(field, at, 41, is_alnum);
    const Bytes key = field.subspan(at, size);
    if ((size == 32 || size == 40) && std::ranges::all_of(key, is_lower_hex) && is_mixed(key))
      return range(at, at + size);
  }
  return {};
}

namespace {

// A prefix that is too short to be a core; the core holds four characters of the body too.
std::optional<Range> confirm_prefixed(const TokenSpec& spec, Bytes field, uint32_t end) {
  constexpr uint32_t body_in_core = 4;
  return end < body_in_core ? std::nullopt : confirm_token(spec, field, end - body_in_core);
}

}  // namespace

std::optional<Range> confirm_twilio_key(Bytes field, uint32_t end) {
  static constexpr TokenSpec spec{"SK", is_lower_hex, 32, 32};
  return confirm_prefixed(spec, field, end);
}

std::optional<Range> confirm_databricks_token(Bytes field, uint32_t end) {
  static constexpr TokenSpec spec{"dapi", is_lower_hex, 32, 32};
  return confirm_prefixed(spec, field, end);
}

// sntryu_ and 64 hexadecimal digits; sntrys_, base64 of JSON, an underscore, a secret.
std::optional<Range> confirm_sentry_token(Bytes field, uint32_t end) {
  static constexpr TokenSpec user{"sntryu_", is_lower_hex, 64, 64};
  static constexpr TokenSpec organization{
      "sntrys_", [](uint8_t c) { return is_word(c) || is_base64(c) || c == '='; }, 60, 1024,
      [](Bytes body) { return as_text(body).starts_with("eyJ"); }};
  return confirm_token(ends_at(field, end, "sntryu_") ? user : organization, field, end);
}

// Service accounts (glsa_, 32 characters, eight hexadecimal digits) and cloud tokens (glc_ and base64 of
// JSON).
std::optional<Range> confirm_grafana_token(Bytes field, uint32_t end) {
  static constexpr TokenSpec cloud{"glc_", is_base64, 40, 512,
                                   [](Bytes body) { return as_text(body).starts_with("eyJ"); }};
  static constexpr TokenSpec service{"glsa_", is_word, 41, 41, [](Bytes body) {
                                       return body[32] == '_' && std::ranges::all_of(body.last(8), is_hex) &&
                                              std::ranges::all_of(body.first(32), is_alnum);
                                     }};
  return confirm_token(ends_at(field, end, "glc_") ? cloud : service, field, end);
}

// API tokens of Atlassian Cloud: the prefix, base64url, an equals sign, eight hexadecimal digits.
std::optional<Range> confirm_atlassian_token(Bytes field, uint32_t end) {
  constexpr size_t core_size = 12;
  constexpr size_t check_size = 8;
  if (!ends_at(field, end, "ATATT3xFfGF0") || (end > core_size && is_word(field[end - core_size - 1])))
    return {};
  const size_t size = run_size(field, end, 301, is_base64url);
  const size_t check = end + size + 1;
  if (size < 100 || size > 300 || check > field.size() || field[check - 1] != '=') return {};
  if (run_size(field, check, check_size + 1, is_hex) != check_size) return {};
  return range(end - core_size, check + check_size);
}

// C2SP age, "X25519 identities": Bech32 in upper case.
std::optional<Range> confirm_age_key(Bytes field, uint32_t end) {
  constexpr size_t core_size = 16;
  constexpr size_t tail_size = 58;
  if (end < core_size || (end > core_size && is_word(field[end - core_size - 1]))) return {};
  if (run_size(field, end, tail_size + 1, is_alnum) != tail_size) return {};
  const Range key = range(end - core_size, end + tail_size);
  return bech32_valid(field.subspan(key.begin, key.size())) ? std::optional(key) : std::nullopt;
}

}  // namespace sallyport::guard
