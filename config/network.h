// Network: addresses that share their first bits, as "10.0.0.0/24" or "2001:db8::/32". A plain value; any
// thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "config/error.h"

namespace sallyport::config {

struct Network {
  std::array<uint8_t, 16> bytes{};  // in network order; an IPv4 network has 4
  uint8_t byte_count = 0;           // 4 or 16
  uint8_t bit_count = 0;            // 0 to 8 * byte_count; the bits behind them are zero

  // "10.0.0.0/24", "::1/128", or one address without a length. Error: what is wrong, to stand behind the
  // key's name.
  static Result<Network> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
  // `address` has 4 or 16 bytes in network order. An IPv4 address that came in IPv6's form (::ffff:a.b.c.d,
  // RFC 4291 section 2.5.5.2, as a listener at [::] sees it) is taken as the IPv4 address that it is.
  [[nodiscard]] bool contains(std::span<const uint8_t> address) const;

  friend bool operator==(const Network&, const Network&) = default;
};

}  // namespace sallyport::config
