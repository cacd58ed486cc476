// Addresses of networks: IPv4 and IPv6 of the public internet, MAC.
#include <array>

#include "core/guard/confirm_text.h"
#include "core/guard/digit_groups.h"

namespace sallyport::guard {
namespace {

// IANA IPv4 Special-Purpose Address Registry (RFC 6890), and multicast.
bool is_public(uint32_t a, uint32_t b, uint32_t c) {
  if (a == 0 || a == 10 || a == 127 || a >= 224) return false;
  if (a == 100) return b < 64 || b > 127;
  if (a == 169) return b != 254;
  if (a == 172) return b < 16 || b > 31;
  if (a == 192) return b != 168 && !(b == 0 && (c == 0 || c == 2)) && !(b == 88 && c == 99);
  if (a == 198) return b != 18 && b != 19 && !(b == 51 && c == 100);
  return !(a == 203 && b == 0 && c == 113);
}

constexpr size_t ipv6_size_max = 39;
bool is_ipv6_char(uint8_t c) { return is_hex(c) || c == ':'; }

// RFC 4291 section 2.2, forms 1 and 2; returns how many groups there are, 0 when it is none.
struct Ipv6 {
  std::array<uint32_t, 8> groups{};
  size_t count = 0;
  bool gap = false;  // "::"
};
std::optional<Ipv6> parse_ipv6(Bytes text) {
  Ipv6 address;
  for (size_t at = 0; at < text.size();) {
    const size_t size = run_size(text, at, 5, is_hex);
    if (size > 4 || address.count == 8) return {};
    if (size != 0) {
      uint32_t value = 0;
      for (const uint8_t c : text.subspan(at, size)) {
        value = value * 16 + static_cast<uint32_t>(is_digit(c) ? c - '0' : to_upper(c) - 'A' + 10);
      }
      address.groups[address.count++] = value;
    }
    at += size;
    if (at == text.size()) break;
    if (at + 1 < text.size() && text[at + 1] == ':') {
      if (address.gap) return {};
      address.gap = true;
      at += 2;
    } else {
      if (size == 0 || at + 1 == text.size()) return {};
      ++at;
    }
  }
  if (address.gap ? address.count > 7 : address.count != 8) return {};
  return address;
}

}  // namespace

std::optional<Range> judge_ip_address(const Groups& groups) {
  constexpr std::string_view version_words = "VERSION|VER|RELEASE";
  if (groups.count < 4) return {};
  std::array<uint32_t, 4> octets{};
  for (size_t i = 0; i < 4; ++i) {
    if (i > 0 && groups.gap(i - 1) != ".") return {};
    if (groups.size(i) > 3 || (groups.size(i) > 1 && groups.digit(i, 0) == '0')) return {};
    octets[i] = groups.number(i);
    if (octets[i] > 255) return {};
  }
  const Range value{groups.at[0].begin, groups.at[3].end};
  const Bytes field = groups.field;
  if (!is_public(octets[0], octets[1], octets[2]) || is_alnum_before(field, value.begin) ||
      is_alnum_at(field, value.end) || joined_left(field, value.begin, ".-") ||
      joined_right(field, value.end, ".-")) {
    return {};
  }
  constexpr uint32_t near = 12;
  const uint32_t left = value.begin > near ? value.begin - near : 0;
  const Bytes before = field.subspan(left, value.begin - left);
  if (has_context(before, {value.begin - left, value.begin - left}, version_words)) return {};
  return value;
}

// The core is the first group of a global unicast address (2000::/3, IANA's allocations) and its colon.
std::optional<Range> confirm_ipv6(Bytes field, uint32_t end) {
  constexpr size_t core_size = 5;
  if (end < core_size) return {};
  const size_t begin = end - core_size;
  if (begin > 0 && (is_word(field[begin - 1]) || field[begin - 1] == ':' || field[begin - 1] == '.'))
    return {};
  const size_t size = run_size(field, begin, ipv6_size_max + 1, is_ipv6_char);
  if (size > ipv6_size_max || is_alnum_at(field, begin + size)) return {};
  const auto address = parse_ipv6(field.subspan(begin, size));
  // 2001:db8::/32 is for documents (RFC 3849). A lone group and "::" is a network, and a cast in SQL.
  if (!address || address->count < 3 || (address->groups[0] == 0x2001 && address->groups[1] == 0xdb8))
    return {};
  return range(begin, begin + size);
}

// EUI-48 in six groups with colons or dashes (IEEE 802-2014 section 8.1), near a word that says so; the core
// is the word.
std::optional<Range> confirm_mac(Bytes field, uint32_t end) {
  constexpr size_t distance_max = 24;
  constexpr size_t mac_size = 17;
  for (size_t at = end; at + mac_size <= field.size() && at - end <= distance_max; ++at) {
    if (!is_hex(field[at]) || is_alnum_before(field, at) ||
        (field[at - 1] == ':' && is_alnum_before(field, at - 1)))
      continue;
    const uint8_t gap = field[at + 2];
    if (gap != ':' && gap != '-') continue;
    size_t good = 0;
    bool masked = true;
    for (size_t i = 0; i < mac_size; ++i) {
      const uint8_t c = field[at + i];
      good += i % 3 == 2 ? c == gap : is_hex(c);
      masked = masked && (i % 3 == 2 || c == '0');
    }
    const size_t stop = at + mac_size;
    if (good != mac_size || masked || is_alnum_at(field, stop)) continue;
    if (stop + 1 < field.size() && field[stop] == gap && is_hex(field[stop + 1])) continue;
    const Range value = range(at, stop);
    if (has_context(field, value, "MAC|ETHER|HWADDR|BSSID|MACADDR|MACADDRESS|MAC_ADDRESS|HARDWARE"))
      return value;
  }
  return {};
}

}  // namespace sallyport::guard
