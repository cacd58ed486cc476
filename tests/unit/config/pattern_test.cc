#include "config/pattern.h"

#include <gtest/gtest.h>

namespace sallyport::config {
namespace {

TEST(Pattern, StarsStandForAnything) {
  EXPECT_TRUE(glob_match("*", ""));
  EXPECT_TRUE(glob_match("public.*", "public.orders"));
  EXPECT_TRUE(glob_match("*.ssn", "public.people.ssn"));
  EXPECT_TRUE(glob_match("a*b*c", "aXbXbXc"));
  EXPECT_TRUE(glob_match("a**", "a"));
  EXPECT_FALSE(glob_match("", "a"));
  EXPECT_FALSE(glob_match("a*b", "ab.c"));
  EXPECT_FALSE(glob_match("public.*", "private.orders"));
  EXPECT_FALSE(glob_match("a?c", "abc"));
}

TEST(Pattern, LetterCaseCountsUnlessItMayNot) {
  EXPECT_FALSE(glob_match("drop", "DROP"));
  EXPECT_TRUE(glob_match("drop", "DROP", true));
  EXPECT_TRUE(equal_ignoring_case("UnParsed", "UNPARSED"));
  EXPECT_FALSE(equal_ignoring_case("[", "{"));
}

// Goal: a caller's text cannot make matching slow. Method: the classic worst case, which a recursive matcher
// would not finish.
TEST(Pattern, ManyStarsEndSoon) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "a*";
  EXPECT_FALSE(glob_match(pattern + "b", std::string(10'000, 'a')));
}

TEST(Pattern, ReadsComparisonsAndNegations) {
  EXPECT_TRUE(parse_pattern("> 1000")->compare(1001));
  EXPECT_FALSE(parse_pattern("> 1000")->compare(1000));
  EXPECT_TRUE(parse_pattern(">=1000")->compare(1000));
  EXPECT_TRUE(parse_pattern("< -1.5")->compare(-2));
  EXPECT_TRUE(parse_pattern("<= 2")->compare(2));
  EXPECT_TRUE(parse_pattern("!public.*")->negated);
  EXPECT_EQ(parse_pattern("!public.*")->text, "public.*");
  for (const char* text : {"", "!", ">", "> x", "> 1 2", "!> 5", "> inf", "> nan"}) {
    EXPECT_FALSE(parse_pattern(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace sallyport::config
