#include "core/guard/masker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "tests/unit/guard/masker_fixture.h"
#include "tests/unit/guard/vectors.h"

namespace sallyport::guard {
namespace {

// Those whose values mean something only near words.
DetectorSet contextual_detectors() {
  DetectorSet set;
  for (const Detector& detector : Catalogue::all()) {
    if (detector.context) set |= detector.id;
  }
  return set;
}
const DetectorSet contextual = contextual_detectors();

bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto c = static_cast<uint8_t>(text[i]);
    const size_t size = c < 0x80                ? 1
                        : c >= 0xC2 && c < 0xE0 ? 2
                        : c >= 0xE0 && c < 0xF0 ? 3
                        : c >= 0xF0 && c < 0xF5 ? 4
                                                : 0;
    if (size == 0 || i + size > text.size()) return false;
    for (size_t k = 1; k < size; ++k) {
      if ((static_cast<uint8_t>(text[i + k]) & 0xC0) != 0x80) return false;
    }
    i += size;
  }
  return true;
}

std::string printable(std::string_view text) { return testing::PrintToString(std::string(text)); }

TEST(Masker, Outcomes) {
  MaskerFixture fixture;
  EXPECT_EQ(fixture.mask("mail jane@example.com now", plan_of(MaskAction::Partial)),
            "mail j***@e******.com now");
  EXPECT_EQ(fixture.mask("mail jane@example.com now", plan_of(MaskAction::Redact)), "mail [email] now");
  EXPECT_EQ(fixture.mask("mail jane@example.com now", plan_of(MaskAction::KeepShape)),
            "mail xxxx@xxxxxxx.xxx now");
  EXPECT_EQ(fixture.mask("nothing here", plan_of(MaskAction::Redact)), "nothing here");
  EXPECT_EQ(fixture.mask("", plan_of(MaskAction::Redact)), "");
  EXPECT_EQ(fixture.mask("jane@example.com", MaskPlan{}), "jane@example.com");
  EXPECT_EQ(fixture.mask("4111111111111234", plan_of(MaskAction::Redact), ValueKind::Digits),
            "4111111111111234");
  EXPECT_EQ(fixture.mask("4111111111111111", plan_of(MaskAction::Redact), ValueKind::Digits), "0");
  EXPECT_EQ(fixture.mask("4111111111111111", plan_of(MaskAction::Partial), ValueKind::Digits),
            "0000000000001111");
  EXPECT_EQ(fixture.mask("anything", plan_of(MaskAction::Partial), ValueKind::Opaque), "(withheld)");
}

// A field rule masks the whole value though no detector hits; a detector's stricter action wins over it.
TEST(Masker, WholeValues) {
  MaskerFixture fixture;
  MaskPlan plan;
  plan.add_whole(MaskAction::Partial);
  EXPECT_EQ(fixture.mask("Jane Elizabeth Doe", plan), "Jan************Doe");
  EXPECT_EQ(fixture.mask("jane@example.com", plan), "j***@e******.com");
  plan.add(DetectorId::Email, MaskAction::Redact);
  EXPECT_EQ(fixture.mask("Jane Elizabeth Doe", plan), "Jan************Doe");
  EXPECT_EQ(fixture.mask("Jane <jane@example.com>", plan), "[masked]");
  plan.add_whole(MaskAction::Redact);
  EXPECT_EQ(fixture.mask("x", plan), "[masked]");
  EXPECT_EQ(fixture.mask("", plan), "");
}

// Hits of one value may have different actions; one that changes the length makes the value a replaced one.
TEST(Masker, MixedActions) {
  MaskerFixture fixture;
  MaskPlan plan;
  plan.add(DetectorId::Email, MaskAction::Redact);
  plan.add(DetectorId::CreditCard, MaskAction::Partial);
  EXPECT_EQ(fixture.mask("jane@example.com, 4111111111111111.", plan), "[email], ************1111.");
  EXPECT_EQ(fixture.mask("4111111111111111, jane@example.com", plan), "************1111, [email]");
}

// One hit, stricter of the two detectors that made it.
TEST(Masker, MergedHitTakesTheStrictest) {
  MaskerFixture fixture;
  MaskPlan plan;
  plan.add(DetectorId::Email, MaskAction::KeepShape);
  plan.add(DetectorId::Phone, MaskAction::Redact);
  EXPECT_EQ(fixture.mask("tel 415-555-2671@example.com", plan), "tel [email]");
}

TEST(Masker, Counters) {
  MaskerFixture fixture;
  MaskPlan plan = plan_of(MaskAction::Partial);
  (void)fixture.mask("jane@example.com joe@example.com 4111111111111111", plan);
  (void)fixture.mask("nothing", plan);
  plan.add_whole(MaskAction::Redact);
  (void)fixture.mask("x", plan);
  (void)fixture.mask("x", plan, ValueKind::Opaque);
  const MaskCounters& counters = fixture.masker.counters();
  EXPECT_EQ(counters.hits[static_cast<size_t>(DetectorId::Email)], 2u);
  EXPECT_EQ(counters.hits[static_cast<size_t>(DetectorId::CreditCard)], 1u);
  EXPECT_EQ(counters.masked_fields, 2u);
  EXPECT_EQ(counters.whole, 1u);
  EXPECT_EQ(counters.withheld_fields, 1u);
}

TEST(Masker, CrowdedIsWithheld) {
  MaskerFixture fixture;
  std::string text;
  for (uint32_t i = 0; i <= field_hit_count_max; ++i) text += " a@b.co";
  EXPECT_EQ(fixture.mask(text, plan_of(MaskAction::Partial)), "(withheld)");
  EXPECT_EQ(fixture.masker.mask_text(*fixture.scanner, plan_of(MaskAction::Partial), text), "[withheld]");
}

TEST(Masker, MaskText) {
  MaskerFixture fixture;
  EXPECT_EQ(fixture.masker.mask_text(*fixture.scanner, plan_of(MaskAction::Redact),
                                     "UPDATE u SET email = 'jane@example.com', ssn = '123-45-6789'"),
            "UPDATE u SET email = '[email]', ssn = '[us-ssn]'");
  EXPECT_EQ(fixture.masker.mask_text(*fixture.scanner, MaskPlan{}, "as it is"), "as it is");
}

// Random batches of values that hold samples of every detector, with every action. The test checks, for each:
// bytes outside the fields and fields not edited in place are as they were; the outcome fits the bytes; what
// was valid UTF-8 still is; and, where samples stand apart as words do, a second pass finds
// nothing more. (Glued together, what is left of one may continue its neighbour: "jane@a." and a token of
// which "xxx" is left look like an address.)
TEST(Masker, Properties) {
  MaskerFixture fixture;
  std::vector<std::string> parts = {"",   " ", "a",   "7", "-", ".", "日本", "é", "\"",
                                    ", ", "@", "://", "0", "x", "/", "[",    "]"};
  for (const Vectors& vectors : all_vectors()) {
    for (const Sample& sample : samples(vectors.hits)) parts.push_back(sample.text);
    for (const Sample& sample : samples(vectors.misses)) parts.push_back(sample.text);
  }
  constexpr MaskAction actions[] = {MaskAction::KeepShape, MaskAction::Partial, MaskAction::Token,
                                    MaskAction::Redact};
  constexpr std::string_view separators[] = {", ", "; ", "\n", " | ", " é ", "\t", "\",\"", "}, {"};
  constexpr ValueKind kinds[] = {ValueKind::Text, ValueKind::Text, ValueKind::Terminal};
  for (unsigned seed = 0; seed < 4000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const bool glued = seed % 2 == 0;
    std::vector<MaskPlan> plans;
    for (int i = 0; i < 4; ++i) {
      plans.push_back(plan_of(actions[random() % 4]));
      if (random() % 2 == 0)
        plans.back().add(static_cast<DetectorId>(random() % detector_count), actions[random() % 4]);
      if (random() % 4 == 0) plans.back().add_whole(actions[random() % 4]);
    }
    std::string buffer;
    std::vector<MaskField> fields;
    for (int i = 0; i < 20; ++i) {
      for (size_t framing = random() % 6; framing > 0; --framing) buffer += static_cast<char>(random());
      const auto begin = static_cast<uint32_t>(buffer.size());
      for (size_t count = random() % 5; count > 0; --count) {
        buffer += parts[random() % parts.size()];
        buffer += glued ? parts[random() % 17] : separators[random() % std::size(separators)];
      }
      const auto size = static_cast<uint32_t>(buffer.size()) - begin;
      fields.push_back({.offset = begin,
                        .size = size,
                        .kind = kinds[random() % 3],
                        .plan = random() % 5 == 0 ? nullptr : &plans[random() % plans.size()]});
    }
    const std::string before = buffer;
    const auto results = fixture.mask(buffer, fields);
    ASSERT_EQ(results.size(), fields.size());
    size_t end = 0;
    for (size_t i = 0; i < fields.size(); ++i) {
      const auto [offset, size, kind, plan, bytes] = fields[i];
      const std::string old = before.substr(offset, size);
      ASSERT_EQ(buffer.substr(end, offset - end), before.substr(end, offset - end));
      end = offset + size;
      std::string now = buffer.substr(offset, size);
      if (results[i].outcome != MaskOutcome::InPlace) {
        ASSERT_EQ(now, old);
      }
      if (results[i].outcome == MaskOutcome::Replaced) {
        now.assign(results[i].bytes.begin(), results[i].bytes.end());
      }
      ASSERT_NE(results[i].outcome, MaskOutcome::Withhold);
      if (plan == nullptr) {
        ASSERT_EQ(results[i].outcome, MaskOutcome::Untouched);
        continue;
      }
      ASSERT_TRUE(is_utf8(now) || !is_utf8(old)) << old << " -> " << now;
      if (glued) continue;
      // Two exceptions: a label is shorter than what it stands for and may bring a number near to words that
      // give it a meaning; and a password of nothing but punctuation in a value that keeps its shape as a
      // whole.
      const DetectorSet found = fixture.found(now);
      const bool nearer = results[i].outcome == MaskOutcome::Replaced && contextual.contains(found);
      const bool punctuation =
          plan->whole == MaskAction::KeepShape && found == DetectorSet(DetectorId::UrlPassword);
      ASSERT_TRUE(found.empty() || nearer || punctuation) << old << " -> " << now;
    }
  }
}

// Bytes of any kind: no crash, valid UTF-8 stays valid, nothing outside fields is touched.
TEST(Masker, RandomBytes) {
  MaskerFixture fixture;
  for (unsigned seed = 0; seed < 4000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::string value;
    for (size_t count = random() % 30; count > 0; --count) {
      constexpr std::string_view pieces[] = {"@",    "a",    "é", "日", "😀", ".com", "4111111111111111",
                                             "\xff", "\x80", " "};
      value += pieces[random() % (seed % 2 == 0 ? 7 : 10)];
    }
    for (const MaskAction action : {MaskAction::KeepShape, MaskAction::Partial, MaskAction::Redact}) {
      const std::string now = fixture.mask(value, plan_of(action));
      ASSERT_TRUE(is_utf8(now) || !is_utf8(value)) << printable(value) << " -> " << printable(now);
      ASSERT_TRUE(action == MaskAction::Redact || now.size() == value.size());
      ASSERT_TRUE(fixture.found(now).empty()) << printable(value) << " -> " << printable(now);
      MaskPlan whole;
      whole.add_whole(action);
      const std::string all = fixture.mask(value, whole);
      ASSERT_TRUE(is_utf8(all) || !is_utf8(value)) << printable(value) << " -> " << printable(all);
    }
  }
}

}  // namespace
}  // namespace sallyport::guard
