// The binary form of numeric: the server's own bytes stand in value_vectors.h.
#include "plugins/postgresql/rows/numeric.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/postgresql/value_bench.h"
#include "tests/unit/postgresql/value_vectors.h"

namespace sallyport::pg::test {
namespace {

constexpr uint32_t numeric_oid = 1700;

std::string decoded(std::string_view wire) {
  std::string out;
  return decode_numeric(as_bytes(wire), out) ? out : "no value";
}

std::string encoded(std::string_view text) {
  std::string out;
  return encode_numeric(text, out) ? out : "no value";
}

TEST(Numeric, AsTheServerPrintsAndSendsIt) {
  size_t count = 0;
  for (const Vector& vector : vectors) {
    if (vector.oid != numeric_oid) continue;
    ++count;
    EXPECT_EQ(decoded(unhex(vector.binary)), vector.text) << vector.sql;
    const bool special = std::string_view(vector.text).find_first_of("NI") != std::string_view::npos;
    EXPECT_EQ(encoded(vector.text), special ? "no value" : unhex(vector.binary)) << vector.sql;
  }
  EXPECT_GE(count, 19u);
}

// Any number of up to forty digits on either side comes back as it was.
TEST(Numeric, RoundTrips) {
  std::mt19937 random(3);
  const auto digits = [&](size_t size) {
    std::string text;
    while (text.size() < size) text += static_cast<char>('0' + random() % (random() % 3 == 0 ? 1 : 10));
    return text;
  };
  for (int i = 0; i < 20'000; ++i) {
    std::string whole = digits(random() % 40);
    whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size()));
    const std::string fraction = digits(random() % 40);
    std::string text = whole.empty() ? "0" : whole;
    if (!fraction.empty()) text += "." + fraction;
    const bool zero = text.find_first_of("123456789") == std::string::npos;
    if (!zero && random() % 2 == 0) text.insert(0, "-");
    ASSERT_EQ(decoded(encoded(text)), text) << "seed 3";
  }
}

// A mask leaves zeros where digits were; the server would write none in front.
TEST(Numeric, MaskedDigitsAreANumber) {
  EXPECT_EQ(decoded(encoded("0000000000000000")), "0");
  EXPECT_EQ(decoded(encoded("0000000000001111")), "1111");
  EXPECT_EQ(decoded(encoded("-000.00")), "0.00");
  EXPECT_EQ(decoded(encoded("00001.")), "1");
}

TEST(Numeric, OtherTextsAreNone) {
  for (const char* text : {"", "-", ".", ".5", "--1", "+1", "1e5", "1 ", " 1", "1,5", "1.5.2", "****", "NaN",
                           "Infinity", "0x10", "1.-5"}) {
    EXPECT_EQ(encoded(text), "no value") << text;
  }
  EXPECT_NE(encoded(std::string(numeric_digit_count_max, '9')), "no value");
  EXPECT_EQ(encoded(std::string(numeric_digit_count_max + 1, '9')), "no value");
}

TEST(Numeric, MalformedBytesAreNone) {
  const std::string whole = unhex("0005000340000002100f0457045704571388");
  for (size_t size = 0; size < whole.size(); ++size) EXPECT_EQ(decoded(whole.substr(0, size)), "no value");
  EXPECT_EQ(decoded(whole + "x"), "no value");
  EXPECT_EQ(decoded(unhex("00010000000000002710")), "no value");  // a digit of 10,000
  EXPECT_EQ(decoded(unhex("00010000200000000001")), "no value");  // no such sign
  EXPECT_EQ(decoded(unhex("00017fff000000000001")), "no value");  // 131,072 digits
  EXPECT_EQ(decoded(unhex("00018000000000000001")), "no value");
  EXPECT_EQ(decoded(unhex("000100000000ffff0001")), "no value");  // 65,535 digits behind the point
  EXPECT_EQ(decoded(unhex("ffff000000000000")), "no value");
}

TEST(Numeric, Order) {
  for (const auto& [low, high] : {std::pair{"0", "0"},
                                  {"-1", "1"},
                                  {"-2", "-1"},
                                  {"9", "10"},
                                  {"0.09", "0.1"},
                                  {"-0.1", "-0.09"},
                                  {"007", "8"},
                                  {"-0", "0"},
                                  {"0", "-0"},
                                  {"1.10", "1.1"}}) {
    EXPECT_TRUE(not_above(low, high)) << low << " " << high;
  }
  for (const auto& [low, high] : {std::pair{"1", "0"},
                                  {"1", "-1"},
                                  {"10", "9"},
                                  {"0.1", "0.09"},
                                  {"", "1"},
                                  {"1", ""},
                                  {"x", "y"},
                                  {"-1", "-1.01"},
                                  {"NaN", "NaN"}}) {
    EXPECT_FALSE(not_above(low, high)) << low << " " << high;
  }
}

}  // namespace
}  // namespace sallyport::pg::test
