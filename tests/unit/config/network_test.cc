#include "config/network.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <array>

namespace sallyport::config {
namespace {

bool holds(const char* network, const char* address) {
  const Result<Network> parsed = Network::parse(network);
  EXPECT_TRUE(parsed) << network;
  std::array<uint8_t, 16> bytes{};
  if (inet_pton(AF_INET, address, bytes.data()) == 1) return parsed->contains(std::span(bytes).first(4));
  EXPECT_EQ(1, inet_pton(AF_INET6, address, bytes.data())) << address;
  return parsed->contains(bytes);
}

// Every length of both families: the last address inside, and the one behind it outside.
TEST(Network, HoldsExactlyItsAddresses) {
  EXPECT_TRUE(holds("10.0.0.0/24", "10.0.0.0"));
  EXPECT_TRUE(holds("10.0.0.0/24", "10.0.0.255"));
  EXPECT_FALSE(holds("10.0.0.0/24", "10.0.1.0"));
  EXPECT_FALSE(holds("10.0.0.0/24", "9.255.255.255"));
  EXPECT_TRUE(holds("10.0.0.128/25", "10.0.0.200"));
  EXPECT_FALSE(holds("10.0.0.128/25", "10.0.0.127"));
  EXPECT_TRUE(holds("192.0.2.7", "192.0.2.7"));
  EXPECT_FALSE(holds("192.0.2.7", "192.0.2.6"));
  EXPECT_TRUE(holds("0.0.0.0/0", "203.0.113.9"));
  EXPECT_TRUE(holds("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(holds("2001:db8::/33", "2001:db8:8000::1"));
  for (unsigned length = 0; length <= 32; ++length) {
    const uint32_t last = length == 0 ? 0xffffffff : 0xc0000000u >> 1 | ((uint64_t{1} << (32 - length)) - 1);
    if (length < 3) continue;  // 96.0.0.0 has its third bit set
    const in_addr inside = {htonl(last)}, outside = {htonl(last + 1)};
    char text[INET_ADDRSTRLEN], next[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, &inside, text, sizeof text);
    inet_ntop(AF_INET, &outside, next, sizeof next);
    const std::string network = "96.0.0.0/" + std::to_string(length);
    EXPECT_TRUE(holds(network.c_str(), text)) << network << " " << text;
    EXPECT_FALSE(holds(network.c_str(), next)) << network << " " << next;
  }
}

// A caller who came over IPv4 to a listener at [::] is the same caller; families do not mix otherwise.
TEST(Network, TakesMappedAddressesAsIPv4) {
  EXPECT_TRUE(holds("10.0.0.0/24", "::ffff:10.0.0.9"));
  EXPECT_FALSE(holds("10.0.0.0/24", "::10.0.0.9"));
  EXPECT_FALSE(holds("::/0", "::ffff:10.0.0.9"));
  EXPECT_FALSE(holds("::/0", "10.0.0.9"));
  EXPECT_FALSE(holds("0.0.0.0/0", "::1"));
}

TEST(Network, KeepsItsText) {
  for (const char* text : {"10.0.0.0/24", "0.0.0.0/0", "2001:db8::/32", "::1/128"}) {
    EXPECT_EQ(text, Network::parse(text)->text());
  }
  EXPECT_EQ("192.0.2.7/32", Network::parse("192.0.2.7")->text());
}

TEST(Network, RefusesWhatMeansNothingOrTwoThings) {
  for (const char* text : {"", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/24x",
                           "10.0.0.0/024x", "10.0.0/24", "10.0.0.1/24", "host/24", "::/129", "2001:db8::1/32",
                           "::ffff:10.0.0.0/104", "10.0.0.0/24/8", " 10.0.0.0/24", "010.0.0.0/24"}) {
    EXPECT_FALSE(Network::parse(text)) << text;
  }
}

}  // namespace
}  // namespace sallyport::config
