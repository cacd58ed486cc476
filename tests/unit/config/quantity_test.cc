#include "config/quantity.h"

#include <gtest/gtest.h>

namespace sallyport::config {
namespace {

TEST(Quantity, ReadsSizes) {
  EXPECT_EQ(parse_size("512").value(), 512u);
  EXPECT_EQ(parse_size("512 B").value(), 512u);
  EXPECT_EQ(parse_size("64 KiB").value(), 65536u);
  EXPECT_EQ(parse_size("1MiB").value(), 1u << 20);
  EXPECT_EQ(parse_size("10 GiB").value(), uint64_t{10} << 30);
  for (const char* text :
       {"", "KiB", "1 KB", "1 mib", "-1", "1.5 MiB", "1  MiB", "1 MiB ", " 1", "99999999999 TiB"}) {
    EXPECT_FALSE(parse_size(text).has_value()) << text;
  }
}

TEST(Quantity, ReadsDurations) {
  EXPECT_EQ(parse_duration("500ms").value(), 500u);
  EXPECT_EQ(parse_duration("20s").value(), 20'000u);
  EXPECT_EQ(parse_duration("10 m").value(), 600'000u);
  EXPECT_EQ(parse_duration("8h").value(), 28'800'000u);
  EXPECT_EQ(parse_duration("forever").value(), forever_ms);
  for (const char* text : {"", "20", "s", "1.5s", "20 sec", "-1s", "50d", "99999999999999999999s"}) {
    EXPECT_FALSE(parse_duration(text).has_value()) << text;
  }
}

TEST(Quantity, ReadsAddresses) {
  EXPECT_EQ(parse_address("10.0.0.5:5432")->text(), "10.0.0.5:5432");
  EXPECT_EQ(parse_address("db.example.com:1")->host, "db.example.com");
  EXPECT_EQ(parse_address("[::1]:5432")->text(), "[::1]:5432");
  EXPECT_EQ(parse_address("127.0.0.1:0", true)->port, 0);
  for (const char* text :
       {"", ":5432", "host", "host:", "host:0", "host:65536", "host:1x", "::1:5432", "[::1]", "[db]:1",
        "[10.0.0.1]:1", "a b:1", "connector:x/h:1", "host:-1", "[::1:5432"}) {
    EXPECT_FALSE(parse_address(text).has_value()) << text;
  }
}

TEST(Quantity, KnowsLoopback) {
  EXPECT_TRUE(is_loopback("127.0.0.1"));
  EXPECT_TRUE(is_loopback("127.8.8.8"));
  EXPECT_TRUE(is_loopback("::1"));
  for (const char* host : {"0.0.0.0", "::", "10.0.0.1", "localhost", "128.0.0.1", "::ffff:127.0.0.1"}) {
    EXPECT_FALSE(is_loopback(host)) << host;
  }
}

TEST(Quantity, KnowsUrlsThatNobodyElseCanAnswer) {
  for (const char* url : {"https://idp.example.com", "http://127.0.0.1:80/x", "http://[::1]:8080"})
    EXPECT_TRUE(is_trusted_url(url)) << url;
  for (const char* url :
       {"", "https://", "http://idp.example.com", "http://127.0.0.1:80@example.com/", "http://127.0.0.1\\@x/",
        "file:///etc/passwd", "http://127.0.0.1.example.com/", "https://a b/", "ftp://127.0.0.1/"})
    EXPECT_FALSE(is_trusted_url(url)) << url;
}

TEST(Quantity, ChecksNames) {
  EXPECT_TRUE(check_name("ci-backup_2.x").has_value());
  EXPECT_TRUE(check_name(std::string(63, 'a')).has_value());
  EXPECT_TRUE(check_name("orders-*", true).has_value());
  for (const std::string& text : {std::string(), std::string(64, 'a'), std::string("a b"), std::string("a,b"),
                                  std::string("a~b"), std::string("é"), std::string("orders-*")}) {
    EXPECT_FALSE(check_name(text).has_value()) << text;
  }
}

TEST(Quantity, SuggestsWhatIsNear) {
  const std::vector<std::string> names = {"address", "allow", "approvers"};
  EXPECT_EQ(nearest("adress", names), "address");
  EXPECT_EQ(nearest("alow", names), "allow");
  EXPECT_EQ(nearest("zzzzzz", names), "");
  EXPECT_EQ(nearest("x", names), "");
}

TEST(Quantity, WritesWhatItReads) {
  EXPECT_EQ(size_text(uint64_t{10} << 30), "10 GiB");
  EXPECT_EQ(size_text(1000), "1000 B");
  EXPECT_EQ(duration_text(20'000), "20s");
  EXPECT_EQ(duration_text(600'000), "10m");
  EXPECT_EQ(duration_text(1500), "1500ms");
}

}  // namespace
}  // namespace sallyport::config
