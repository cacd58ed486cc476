#include "config/quantity.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>

#include "config/limits.h"

namespace sallyport::config {
namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};

// Greatest first, as the texts back to people want it.
constexpr std::array<Unit, 6> size_units = {{{"TiB", uint64_t{1} << 40},
                                             {"GiB", uint64_t{1} << 30},
                                             {"MiB", uint64_t{1} << 20},
                                             {"KiB", uint64_t{1} << 10},
                                             {"B", 1},
                                             {"", 1}}};
constexpr std::array<Unit, 5> duration_units = {
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};

struct Quantity {
  uint64_t number = 0;
  std::string_view unit;
};

// Digits, at most one space, a unit.
bool split(std::string_view text, Quantity& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out.number);
  if (error != std::errc()) return false;
  out.unit = text.substr(static_cast<size_t>(end - text.data()));
  if (out.unit.starts_with(' ')) out.unit.remove_prefix(1);
  return true;
}

template <size_t N>
bool scale(std::string_view text, const std::array<Unit, N>& units, uint64_t& out) {
  Quantity quantity;
  if (!split(text, quantity)) return false;
  const auto unit = std::ranges::find(units, quantity.unit, &Unit::name);
  return unit != units.end() && !__builtin_mul_overflow(quantity.number, unit->factor, &out);
}

template <size_t N>
std::string quantity_text(uint64_t value, const std::array<Unit, N>& units, const char* space) {
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0) {
      return std::to_string(value / unit.factor) + space + std::string(unit.name);
    }
  }
  return "0";
}

bool is_name_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-';
}

}  // namespace

Result<uint64_t> parse_size(std::string_view text) {
  uint64_t size = 0;
  if (!scale(text, size_units, size)) {
    return fail(in_quotes(text) + " is no size: write it as \"64 KiB\", \"1 MiB\" or \"10 GiB\"");
  }
  return size;
}

Result<uint32_t> parse_duration(std::string_view text) {
  if (text == "forever") return forever_ms;
  uint64_t duration_ms = 0;
  if (!scale(text, duration_units, duration_ms)) {
    return fail(in_quotes(text) + " is no duration: write it as \"500ms\", \"20s\", \"10m\" or \"8h\"");
  }
  if (duration_ms >= forever_ms)
    return fail(in_quotes(text) + " is too long: 49 days are the most, or \"forever\"");
  return static_cast<uint32_t>(duration_ms);
}

Result<uint64_t> parse_age(std::string_view text) {
  uint64_t age_ms = 0;
  if (scale(text, duration_units, age_ms)) return age_ms;
  return fail(in_quotes(text) + " is no age: write it as \"20s\", \"10m\", \"8h\" or \"90d\"");
}

bool is_numeric_host(const std::string& host) {
  in6_addr six{};
  in_addr four{};
  return inet_pton(AF_INET, host.c_str(), &four) == 1 || inet_pton(AF_INET6, host.c_str(), &six) == 1;
}

bool is_loopback(const std::string& host) {
  in_addr four{};
  if (inet_pton(AF_INET, host.c_str(), &four) == 1) return ntohl(four.s_addr) >> 24 == 127;
  in6_addr six{};
  return inet_pton(AF_INET6, host.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

Result<Address> parse_address(std::string_view text, bool any_port) {
  const std::string hint = " is no address: write \"host:port\" or \"[v6-address]:port\"";
  if (text.starts_with("connector:")) return fail(in_quotes(text) + ": connectors come with a later version");
  const size_t colon = text.rfind(':');
  if (colon == text.npos || colon == 0) return fail(in_quotes(text) + hint);
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);

  Address address;
  address.host = host;
  if (bracketed ? !is_numeric_host(address.host) || host.find(':') == host.npos
                : host.size() > 253 || !std::ranges::all_of(host, is_name_character)) {
    return fail(in_quotes(text) + hint);
  }
  const std::string_view port = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (port.empty() || error != std::errc() || end != port.data() + port.size() ||
      (address.port == 0 && !any_port)) {
    return fail(in_quotes(text) + " needs a port from 1 to 65535 behind the last colon");
  }
  return address;
}

std::string lower_case(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return text;
}

bool is_trusted_url(const std::string& url) {
  constexpr std::string_view secure = "https://", plain = "http://";
  // What two readers could take for another host: user names, backslashes, blanks, control characters.
  const auto strange = [](unsigned char c) { return c <= 0x20 || c >= 0x7f || c == '@' || c == '\\'; };
  if (std::ranges::any_of(url, strange)) return false;
  if (url.starts_with(secure)) return url.size() > secure.size();
  if (!url.starts_with(plain)) return false;
  const std::string rest = url.substr(plain.size(), url.find('/', plain.size()) - plain.size());
  return is_loopback(rest.starts_with('[') ? rest.substr(1, rest.find(']') - 1)
                                           : rest.substr(0, rest.find(':')));
}

Result<void> check_name(std::string_view text, bool wild) {
  if (text.empty()) return fail("is empty");
  if (text.size() > limits::name_size_max) {
    return fail(in_quotes(text) + " is longer than " + std::to_string(limits::name_size_max) + " characters");
  }
  const auto fits = [wild](char c) { return is_name_character(c) || (wild && c == '*'); };
  if (!std::ranges::all_of(text, fits)) {
    return fail(in_quotes(text) + " holds characters that a name cannot: use A-Z a-z 0-9 . _ -" +
                std::string(wild ? " and *" : ""));
  }
  return {};
}

std::string nearest(std::string_view text, std::span<const std::string> candidates) {
  if (text.size() > limits::name_size_max) return {};
  std::string best;
  size_t best_distance = text.size() / 3 + 2;  // beyond a third of the letters it is another word
  for (const std::string& candidate : candidates) {
    // Levenshtein's distance, one row at a time.
    std::vector<size_t> row(candidate.size() + 1);
    std::iota(row.begin(), row.end(), size_t{0});
    for (size_t i = 1; i <= text.size(); ++i) {
      size_t diagonal = row[0];
      row[0] = i;
      for (size_t j = 1; j <= candidate.size(); ++j) {
        const size_t change = diagonal + (text[i - 1] == candidate[j - 1] ? 0 : 1);
        diagonal = row[j];
        row[j] = std::min({change, row[j] + 1, row[j - 1] + 1});
      }
    }
    if (row.back() < best_distance && row.back() < std::max(text.size(), candidate.size())) {
      best_distance = row.back();
      best = candidate;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view text, std::span<const std::string> candidates) {
  const std::string best = nearest(text, candidates);
  return best.empty() ? "" : " (did you mean " + in_quotes(best) + "?)";
}

std::string size_text(uint64_t size) { return quantity_text(size, size_units, " "); }

std::string duration_text(uint32_t duration_ms) {
  return duration_ms == forever_ms ? "forever" : quantity_text(duration_ms, duration_units, "");
}

}  // namespace sallyport::config
