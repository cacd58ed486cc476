#include "plugins/postgresql/sql/cache.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::postgresql::sql {
namespace {

constexpr ClassificationCache::Key key = {1, 2};

std::string numbered(int number) { return "SELECT " + std::to_string(number); }

// The same bytes give the same object; one byte of difference, even in a comment's case, another.
TEST(Cache, ExactBytes) {
  ClassificationCache cache(key);
  const auto first = cache.get("SELECT 1");
  EXPECT_EQ(cache.get(std::string("SELECT 1")), first);
  EXPECT_NE(cache.get("select 1"), first);
  EXPECT_NE(cache.get("SELECT 1 "), first);
  EXPECT_EQ(cache.hit_count(), 1U);
  EXPECT_EQ(cache.miss_count(), 3U);
}

// Of the entries, the one used least recently goes.
TEST(Cache, EntryCountIsBounded) {
  ClassificationCache cache(key, {.entry_count_max = 3});
  for (int number = 0; number < 3; ++number) (void)cache.get(numbered(number));
  (void)cache.get(numbered(0));
  (void)cache.get(numbered(3));
  EXPECT_EQ(cache.entry_count(), 3U);
  EXPECT_EQ(cache.hit_count(), 1U);
  (void)cache.get(numbered(0));
  EXPECT_EQ(cache.hit_count(), 2U);
  (void)cache.get(numbered(1));
  EXPECT_EQ(cache.hit_count(), 2U);
}

TEST(Cache, SizeIsBounded) {
  ClassificationCache cache(key, {.size_max = 64 * 1024});
  for (int number = 0; number < 10'000; ++number) {
    (void)cache.get(numbered(number) + " FROM relation_" + std::to_string(number));
    ASSERT_LE(cache.size(), 64U * 1024);
  }
  EXPECT_GT(cache.entry_count(), 8U);
  EXPECT_EQ(cache.miss_count(), 10'000U);
}

// Values live as long as someone holds them, whatever the cache drops.
TEST(Cache, ValuesOutliveTheirEntries) {
  ClassificationCache cache(key, {.entry_count_max = 1});
  const auto held = cache.get("DROP TABLE t");
  for (int number = 0; number < 10; ++number) (void)cache.get(numbered(number));
  EXPECT_EQ(held->statements.front().verb, "DROP");
}

// Long texts and a cache without room are answered all the same.
TEST(Cache, AnswersWithoutKeeping) {
  ClassificationCache cache(key, {.text_size_max = 10});
  EXPECT_TRUE(cache.get("SELECT 1, 2, 3, 4")->parsed);
  EXPECT_EQ(cache.entry_count(), 0U);
  ClassificationCache none(key, {.entry_count_max = 0});
  EXPECT_TRUE(none.get("SELECT 1")->parsed);
  EXPECT_EQ(none.size(), 0U);
}

// Unparsed texts are kept too: they cost a parse like any other.
TEST(Cache, KeepsRefusals) {
  ClassificationCache cache(key);
  EXPECT_FALSE(cache.get("SELEC 1")->parsed);
  EXPECT_FALSE(cache.get("SELEC 1")->parsed);
  EXPECT_EQ(cache.hit_count(), 1U);
}

// Vectors of the reference implementation (key 00..0f, input 00 01 02 ...).
TEST(SipHash, ReferenceVectors) {
  const std::array<uint64_t, 2> reference = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
  std::string input;
  for (char byte = 0; byte < 15; ++byte) input += byte;
  EXPECT_EQ(siphash(reference, ""), 0x726fdb47dd0e0e31U);
  EXPECT_EQ(siphash(reference, input.substr(0, 1)), 0x74f839c593dc67fdU);
  EXPECT_EQ(siphash(reference, input.substr(0, 8)), 0x93f5f5799a932462U);
  EXPECT_EQ(siphash(reference, input), 0xa129ca6149be45e5U);
}

}  // namespace
}  // namespace sallyport::postgresql::sql
