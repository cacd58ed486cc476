#include "core/io/address.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

// What parse() reads, text() writes.
TEST(AddressTest, RoundTrip) {
  for (const char* text :
       {"127.0.0.1:5432", "0.0.0.0:0", "[::1]:65535", "[2001:db8::7]:22", "unix:/run/sallyport/admin"}) {
    Result<Address> address = Address::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->text(), text);
    EXPECT_TRUE(*address == Address::parse(text).value());
  }
  EXPECT_EQ(Address::parse("127.0.0.1:5432")->port(), 5432);
  EXPECT_EQ(Address().text(), "");
}

// Names are not resolved here, and nothing half right is taken.
TEST(AddressTest, RefusesWhatIsNotALiteralAddress) {
  for (const char* text :
       {"", ":", "localhost:5432", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
        "127.0.0.1:54x", "::1:5432", "[::1]", "[127.0.0.1]:1", "[::1:1", "unix:", " 127.0.0.1:1"}) {
    Result<Address> address = Address::parse(text);
    EXPECT_FALSE(address) << text;
    if (!address) {
      EXPECT_NE(address.error().text.find(text), std::string::npos);
    }
  }
  EXPECT_FALSE(Address::parse("unix:/" + std::string(200, 'x')));
}

}  // namespace
}  // namespace sallyport
