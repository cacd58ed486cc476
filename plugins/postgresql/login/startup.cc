#include "plugins/postgresql/login/startup.h"

#include <algorithm>
#include <array>

#include "plugins/postgresql/settings.h"

namespace sallyport::pg {

namespace {

// In the server's spelling. What is not here could change how statements are read or who runs them, or is not
// known to be harmless. client_encoding is handled apart.
constexpr std::array<std::string_view, 11> allowed_parameters = {
    "application_name",   "DateStyle",         "TimeZone",
    "extra_float_digits", "IntervalStyle",     "search_path",
    "lock_timeout",       "statement_timeout", "idle_in_transaction_session_timeout",
    reason_setting,       on_behalf_setting};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<uint8_t>(c) < 0x20 || c == 0x7f; });
}

// The server's own comparison of encoding names: letters and digits only, in any case.
std::string encoding_key(std::string_view name) {
  std::string key;
  for (const char c : name) {
    const char l = lower(c);
    if ((l >= 'a' && l <= 'z') || (l >= '0' && l <= '9')) key.push_back(l);
  }
  return key;
}

// With pg_catalog behind another schema, that schema's functions go by the names of PostgreSQL's own.
bool shadows_catalogue(std::string_view search_path) {
  std::string folded(search_path);
  std::ranges::transform(folded, folded.begin(), lower);
  const size_t first = folded.find_first_not_of(" \"");
  return first != std::string::npos && folded.find("pg_catalog", first + 1) != std::string::npos;
}

Refusal refuse(std::string sqlstate, std::string message, std::string hint = {}) {
  return {std::move(sqlstate), std::move(message), {}, std::move(hint)};
}

// Reads the parameters of one StartupMessage into `out`.
class Reader {
 public:
  explicit Reader(Startup& out) : out_(out) {}
  std::expected<void, Refusal> pair(std::string_view name, std::string_view value);
  std::expected<void, Refusal> options(std::string_view text);
  [[nodiscard]] bool had_user() const { return had_user_; }

 private:
  std::expected<void, Refusal> name_value(std::string& to, bool& had, std::string_view name,
                                          std::string_view value, size_t size_max);
  std::expected<void, Refusal> setting(std::string_view name, std::string_view value);
  std::expected<void, Refusal> encoding(std::string_view value);
  std::expected<void, Refusal> replication(std::string_view value);

  Startup& out_;
  bool had_user_ = false;
  bool had_database_ = false;
  bool had_encoding_ = false;
  bool had_options_ = false;
  bool had_replication_ = false;
};

std::unexpected<Refusal> twice(std::string_view name) {
  return std::unexpected(refuse("08P01", "startup parameter " + quoted_name(name) + " is given twice"));
}

std::expected<void, Refusal> Reader::name_value(std::string& to, bool& had, std::string_view name,
                                                std::string_view value, size_t size_max) {
  if (had) return twice(name);
  had = true;
  if (value.size() > size_max || has_control(value)) {
    return std::unexpected(refuse("28000", "startup parameter " + quoted_name(name) + " is not a name"));
  }
  to = value;
  return {};
}

std::expected<void, Refusal> Reader::encoding(std::string_view value) {
  if (had_encoding_) return twice("client_encoding");
  had_encoding_ = true;
  const std::string key = encoding_key(value);
  // SQL_ASCII is what psql says under LANG=C; it means "no conversion", and UTF8 serves it.
  if (key == "utf8" || key == "unicode" || key == "sqlascii") return {};
  return std::unexpected(refuse("0A000",
                                "client_encoding " + quoted_name(value) + " is not supported by the gateway",
                                "Use client_encoding=UTF8."));
}

// Whether the login may is known later. Truth values are written out: the server also takes their beginnings.
std::expected<void, Refusal> Reader::replication(std::string_view value) {
  constexpr std::array<std::string_view, 4> yes = {"true", "on", "yes", "1"};
  constexpr std::array<std::string_view, 4> no = {"false", "off", "no", "0"};
  const auto is = [value](std::string_view one) { return same_name(one, value); };
  if (value == "database") {
    out_.replication = Replication::Logical;
  } else if (std::ranges::any_of(yes, is)) {
    out_.replication = Replication::Physical;
  } else if (std::ranges::none_of(no, is)) {
    return std::unexpected(refuse("22023", "invalid value for startup parameter \"replication\"",
                                  "Valid values are: false, true, database."));
  }
  return {};
}

std::expected<void, Refusal> Reader::setting(std::string_view name, std::string_view value) {
  if (same_name(name, "client_encoding")) return encoding(value);
  const auto* found =
      std::ranges::find_if(allowed_parameters, [&](auto known) { return same_name(known, name); });
  if (found == allowed_parameters.end()) {
    return std::unexpected(refuse("0A000",
                                  "startup parameter " + quoted_name(name) + " is not allowed by the gateway",
                                  "Leave it out, or SET it after connecting if the rules allow that."));
  }
  for (const Parameter& earlier : out_.parameters) {
    if (earlier.name == *found) return twice(*found);
  }
  if (has_control(value)) {
    return std::unexpected(
        refuse("22023", "startup parameter " + quoted_name(name) + " holds a control character"));
  }
  if (*found == "search_path" && shadows_catalogue(value)) {
    return std::unexpected(refuse("0A000",
                                  "startup parameter search_path may name pg_catalog at its beginning only",
                                  "Leave pg_catalog out: it comes first anyway."));
  }
  out_.parameters.push_back({std::string(*found), std::string(value)});
  return {};
}

std::expected<void, Refusal> Reader::pair(std::string_view name, std::string_view value) {
  if (!valid_utf8(name) || !valid_utf8(value)) {
    return std::unexpected(refuse("22021", "a startup parameter is not valid UTF-8"));
  }
  if (name == "user") return name_value(out_.user, had_user_, name, value, startup_user_size_max);
  if (name == "database") {
    return name_value(out_.database, had_database_, name, value, startup_database_size_max);
  }
  if (name == "replication") {
    if (had_replication_) return twice(name);
    had_replication_ = true;
    return replication(value);
  }
  if (name == "options") {
    if (had_options_) return twice(name);
    had_options_ = true;
    return options(value);
  }
  if (name.starts_with("_pq_.")) {
    out_.protocol_options.emplace_back(name);
    return {};
  }
  return setting(name, value);
}

// Words are split at white space; a backslash takes the next character as it is (the server's pg_split_opts).
// Only "-c name=value" and "-cname=value" are read.
std::expected<void, Refusal> Reader::options(std::string_view text) {
  std::vector<std::string> words;
  bool in_word = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool space = c == ' ' || (c >= '\t' && c <= '\r');
    if (space) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (c != '\\') {
      words.back().push_back(c);
    } else if (i + 1 < text.size()) {
      words.back().push_back(text[++i]);
    }
  }
  for (size_t i = 0; i < words.size(); ++i) {
    std::string_view word = words[i];
    if (!word.starts_with("-c") || (word.size() == 2 && i + 1 == words.size())) {
      return std::unexpected(refuse("0A000",
                                    "options " + quoted_name(word) + " is not allowed by the gateway",
                                    "Only -c name=value is."));
    }
    word = word.size() > 2 ? word.substr(2) : std::string_view(words[++i]);
    const size_t equals = word.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return std::unexpected(refuse("08P01", "options -c " + quoted_name(word) + " is not name=value"));
    }
    if (auto done = setting(word.substr(0, equals), word.substr(equals + 1)); !done) return done;
  }
  return {};
}

}  // namespace

std::string_view Startup::parameter(std::string_view name) const {
  for (const Parameter& one : parameters) {
    if (one.name == name) return one.value;
  }
  return {};
}

std::expected<Startup, Refusal> parse_startup(Bytes body) {
  Startup out;
  Reader reader(out);
  Cursor cursor(body);
  size_t count = 0;
  for (;;) {
    const std::string_view name = cursor.text();
    if (!cursor.ok() || name.empty()) break;
    const std::string_view value = cursor.text();
    if (!cursor.ok()) break;
    if (++count > startup_parameter_count_max) {
      return std::unexpected(refuse("08P01", "too many startup parameters"));
    }
    if (auto done = reader.pair(name, value); !done) return std::unexpected(std::move(done.error()));
  }
  if (!cursor.at_end()) {
    return std::unexpected(
        refuse("08P01", "invalid startup packet layout: expected terminator as last byte"));
  }
  if (out.user.empty()) {
    return std::unexpected(refuse("28000", "no user name specified in startup packet",
                                  "The user name names the target: [WHO,][LOGIN~]TARGET."));
  }
  return out;
}

bool valid_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<uint8_t>(text[i]);
    const size_t size = lead < 0x80                   ? 1
                        : lead >= 0xc2 && lead < 0xe0 ? 2
                        : (lead & 0xf0) == 0xe0       ? 3
                        : lead >= 0xf0 && lead < 0xf5 ? 4
                                                      : 0;
    if (size == 0 || size > text.size() - i) return false;
    for (size_t j = 1; j < size; ++j) {
      if ((static_cast<uint8_t>(text[i + j]) & 0xc0) != 0x80) return false;
    }
    const uint8_t second = size > 1 ? static_cast<uint8_t>(text[i + 1]) : 0;
    // Over-long forms, surrogates, beyond U+10FFFF.
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
        (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) {
      return false;
    }
    i += size;
  }
  return true;
}

std::string quoted_name(std::string_view name) {
  std::string out = "\"";
  for (const char c : name.substr(0, name_size_max)) {
    out.push_back(c >= 0x20 && c < 0x7f && c != '"' ? c : '?');
  }
  return out + "\"";
}

}  // namespace sallyport::pg
