#include "config/network.h"

#include <arpa/inet.h>
#include <string.h>

#include <algorithm>
#include <charconv>

#include "config/check.h"
#include "config/quantity.h"

namespace sallyport::config {
namespace {

constexpr std::array<uint8_t, 12> mapped_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool is_mapped(std::span<const uint8_t> address) {
  return address.size() == 16 && std::ranges::equal(address.first(12), mapped_prefix);
}

bool bit(std::span<const uint8_t> bytes, unsigned index) {
  return (bytes[index / 8] >> (7 - index % 8) & 1) != 0;
}

}  // namespace

Result<Network> Network::parse(std::string_view text) {
  const size_t slash = std::min(text.find('/'), text.size());
  const std::string host(text.substr(0, slash));
  Network network;
  if (inet_pton(AF_INET, host.c_str(), network.bytes.data()) == 1) {
    network.byte_count = 4;
  } else if (inet_pton(AF_INET6, host.c_str(), network.bytes.data()) == 1) {
    network.byte_count = 16;
  } else {
    return fail(in_quotes(text) + " is no network: write \"10.0.0.0/24\", \"2001:db8::/32\" or one address");
  }
  // Peers are compared as the IPv4 addresses that they are: such a network would contain nobody.
  if (is_mapped({network.bytes.data(), network.byte_count}))
    return fail(in_quotes(text) + " is IPv4 in IPv6's form: write the IPv4 network itself");
  const unsigned bit_count_max = 8u * network.byte_count;
  unsigned bit_count = bit_count_max;
  if (slash < text.size()) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bit_count);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size() ||
        bit_count > bit_count_max) {
      return fail(in_quotes(text) + " has no length from /0 to /" + std::to_string(bit_count_max));
    }
  }
  network.bit_count = static_cast<uint8_t>(bit_count);
  for (unsigned i = bit_count; i < bit_count_max; ++i) {
    if (!bit(network.bytes, i)) continue;
    return fail(in_quotes(text) + " has bits behind its length: write the network's first address, or " +
                in_quotes(host) + " alone");
  }
  return network;
}

std::string Network::text() const {
  char host[INET6_ADDRSTRLEN] = "";
  inet_ntop(byte_count == 4 ? AF_INET : AF_INET6, bytes.data(), host, sizeof host);
  return std::string(host) + "/" + std::to_string(bit_count);
}

bool Network::contains(std::span<const uint8_t> address) const {
  CHECK(byte_count == 4 || byte_count == 16);
  if (is_mapped(address)) address = address.subspan(12);
  if (address.size() != byte_count) return false;
  const size_t whole = bit_count / 8;
  if (!std::equal(address.begin(), address.begin() + static_cast<ptrdiff_t>(whole), bytes.begin()))
    return false;
  const unsigned left = bit_count % 8;
  return left == 0 || (address[whole] ^ bytes[whole]) >> (8 - left) == 0;
}

}  // namespace sallyport::config
