#include "core/guard/masker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "tests/unit/guard/vectors.h"

namespace sallyport::guard {
namespace {

struct Fixture {
  std::shared_ptr<const Scanner> scanner;
  Masker masker;
  ScanScratch scratch;
  ScanResult result;
  TokenKeyBlock block = token_key_block("a secret of the test");
  TokenKey key{"k1", block};

  Fixture() {
    auto compiled = Scanner::compile(DetectorSet::all());
    EXPECT_TRUE(compiled.has_value());
    scanner = *compiled;
    EXPECT_TRUE(masker.prepare(*scanner).has_value());
    EXPECT_TRUE(scratch.prepare(*scanner).has_value());
  }

  std::span<const MaskResult> mask(std::string& buffer, std::span<const MaskField> fields) {
    return masker.mask(*scanner, {reinterpret_cast<uint8_t*>(buffer.data()), buffer.size()}, fields,
                       {&key, 1});
  }
  // One value by itself, as the client would see it.
  std::string mask(std::string value, const MaskPlan& plan, ValueKind kind = ValueKind::Text) {
    const MaskField field{.size = static_cast<uint32_t>(value.size()), .kind = kind, .plan = &plan};
    const MaskResult masked = mask(value, {&field, 1})[0];
    if (masked.outcome == MaskOutcome::Withhold) return "(withheld)";
    if (masked.outcome == MaskOutcome::Replaced) return {masked.bytes.begin(), masked.bytes.end()};
    return value;
  }
  // Hits that are no tokens of ours.
  DetectorSet found(const std::string& value) {
    const Field field{0, static_cast<uint32_t>(value.size())};
    EXPECT_TRUE(scanner->scan({reinterpret_cast<const uint8_t*>(value.data()), value.size()}, {&field, 1},
                              scratch, result));
    DetectorSet detectors;
    Tokenizer tokenizer;
    for (const Hit& hit : result.hits) {
      const Bytes bytes(reinterpret_cast<const uint8_t*>(value.data()), value.size());
      if (!tokenizer.within_token({&key, 1}, bytes, hit.range)) detectors |= hit.detectors;
    }
    return detectors;
  }
};

// Those whose values mean something only near words.
DetectorSet contextual_detectors() {
  DetectorSet set;
  for (const Detector& detector : Catalogue::all()) {
    if (detector.context) set |= detector.id;
  }
  return set;
}
const DetectorSet contextual = contextual_detectors();

MaskPlan plan_of(MaskAction action, DetectorSet detectors = DetectorSet::all()) {
  MaskPlan plan;
  plan.add(detectors, action);
  return plan;
}

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
  Fixture fixture;
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
  Fixture fixture;
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
  Fixture fixture;
  MaskPlan plan;
  plan.add(DetectorId::Email, MaskAction::Redact);
  plan.add(DetectorId::CreditCard, MaskAction::Partial);
  EXPECT_EQ(fixture.mask("jane@example.com, 4111111111111111.", plan), "[email], ************1111.");
  EXPECT_EQ(fixture.mask("4111111111111111, jane@example.com", plan), "************1111, [email]");
}

// One hit, stricter of the two detectors that made it.
TEST(Masker, MergedHitTakesTheStrictest) {
  Fixture fixture;
  MaskPlan plan;
  plan.add(DetectorId::Email, MaskAction::KeepShape);
  plan.add(DetectorId::Phone, MaskAction::Redact);
  EXPECT_EQ(fixture.mask("tel 415-555-2671@example.com", plan), "tel [email]");
}

TEST(Masker, Counters) {
  Fixture fixture;
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
  Fixture fixture;
  std::string text;
  for (uint32_t i = 0; i <= field_hit_count_max; ++i) text += " a@b.co";
  EXPECT_EQ(fixture.mask(text, plan_of(MaskAction::Partial)), "(withheld)");
  EXPECT_EQ(fixture.masker.mask_text(*fixture.scanner, plan_of(MaskAction::Partial), text), "[withheld]");
}

// Values beside the buffer are looked at, and edited where they lie, as those inside are.
TEST(Masker, BytesBesideTheBuffer) {
  Fixture fixture;
  const MaskPlan partial = plan_of(MaskAction::Partial), redact = plan_of(MaskAction::Redact);
  std::string buffer = "jane@example.com,joe@example.com";
  std::string own = "at 4111111111111111", other = "to ann@example.com", clean = "nothing";
  const auto beside = [](std::string& text, const MaskPlan& plan) {
    return MaskField{.size = static_cast<uint32_t>(text.size()),
                     .plan = &plan,
                     .bytes = reinterpret_cast<uint8_t*>(text.data())};
  };
  const MaskField fields[] = {beside(own, partial),
                              {.offset = 0, .size = 16, .plan = &partial},
                              beside(other, redact),
                              {.offset = 17, .size = 15, .plan = &redact},
                              beside(clean, redact)};
  const auto results = fixture.mask(buffer, fields);
  ASSERT_EQ(results.size(), 5u);
  const auto text = [&](size_t i) { return std::string(results[i].bytes.begin(), results[i].bytes.end()); };
  EXPECT_EQ(results[0].outcome, MaskOutcome::InPlace);
  EXPECT_EQ(own, "at ************1111");
  EXPECT_EQ(results[1].outcome, MaskOutcome::InPlace);
  EXPECT_EQ(buffer, "j***@e******.com,joe@example.com");
  EXPECT_EQ(results[2].outcome, MaskOutcome::Replaced);
  EXPECT_EQ(text(2), "to [email]");
  EXPECT_EQ(other, "to ann@example.com");
  EXPECT_EQ(text(3), "[email]");
  EXPECT_EQ(results[4].outcome, MaskOutcome::Untouched);
}

// A UUID stays one; what is none where one should be is not shown.
TEST(Masker, Uuids) {
  Fixture fixture;
  const std::string uuid = "6f1c7d3e-8a2B-4c5d-9e0f-123456789abc";
  const auto whole = [](MaskAction action) {
    MaskPlan plan;
    plan.add_whole(action);
    return plan;
  };
  EXPECT_EQ(fixture.mask(uuid, whole(MaskAction::KeepShape), ValueKind::Uuid),
            "00000000-0000-0000-0000-000000000000");
  EXPECT_EQ(fixture.mask(uuid, whole(MaskAction::Partial), ValueKind::Uuid),
            "00000000-0000-0000-0000-000000009abc");
  EXPECT_EQ(fixture.mask(uuid, whole(MaskAction::Redact), ValueKind::Uuid),
            "00000000-0000-0000-0000-000000000000");
  EXPECT_EQ(fixture.mask(uuid, plan_of(MaskAction::Redact), ValueKind::Uuid), uuid);
  EXPECT_EQ(fixture.mask(uuid.substr(1), whole(MaskAction::Partial), ValueKind::Uuid), "(withheld)");
  EXPECT_EQ(fixture.mask("6f1c7d3e-8a2B-4c5d-9e0f-12345678 abc", whole(MaskAction::Redact), ValueKind::Uuid),
            "(withheld)");
}

// What was hit, for the record: by value and detector, with the count; without one where a field rule masks.
TEST(Masker, Found) {
  Fixture fixture;
  MaskPlan content = plan_of(MaskAction::Partial), whole;
  whole.add_whole(MaskAction::Redact);
  std::string buffer = "jane@example.com joe@example.com 4111111111111111|plain|name";
  const MaskField fields[] = {{.offset = 0, .size = 49, .plan = &content},
                              {.offset = 50, .size = 5, .plan = &content},
                              {.offset = 56, .size = 4, .plan = &whole}};
  (void)fixture.mask(buffer, fields);
  std::vector<std::tuple<uint32_t, std::optional<DetectorId>, uint32_t>> found;
  for (const auto& one : fixture.masker.found()) found.emplace_back(one.field, one.detector, one.hits);
  std::ranges::sort(found);
  EXPECT_EQ(found, (decltype(found){
                       {0, DetectorId::CreditCard, 1}, {0, DetectorId::Email, 2}, {2, std::nullopt, 1}}));
}

// Requests: which detectors hit, of those that are asked for; JSON is looked at decoded, too.
TEST(Masker, Find) {
  Fixture fixture;
  const std::string token = "ghp_" + std::string("16C7e42F292c6912E7710c838347Ae178B4a");
  const auto find = [&](std::vector<std::string_view> texts, DetectorSet wanted) {
    return fixture.masker.find(*fixture.scanner, wanted, texts);
  };
  EXPECT_EQ(find({"plain", "", "to jane@example.com"}, DetectorSet::all()), DetectorSet(DetectorId::Email));
  EXPECT_EQ(find({"to jane@example.com"}, DetectorId::CreditCard), DetectorSet());
  EXPECT_EQ(find({R"( {"a": "jane\u0040example.com"})"}, DetectorSet::all()), DetectorSet(DetectorId::Email));
  EXPECT_EQ(find({}, DetectorSet::all()), DetectorSet());
  std::string crowd;
  for (uint32_t i = 0; i <= field_hit_count_max; ++i) crowd += " a@b.co";
  EXPECT_EQ(find({crowd}, DetectorSet::all()), std::nullopt);
}

// Bytes of a protocol on the record: a length before a value, printable or not, neither hides it nor becomes
// a part of it; what is no text is left out.
TEST(Masker, MaskBytes) {
  Fixture fixture;
  const MaskPlan plan = plan_of(MaskAction::Redact);
  const auto mask = [&](std::string_view bytes) {
    return fixture.masker.mask_bytes(*fixture.scanner, plan, bytes);
  };
  using namespace std::string_literals;
  EXPECT_EQ(mask("plain text, jane@example.com"), "plain text, [email]");
  EXPECT_EQ(mask("B\0\0\0\x0b"
                 "123-45-6789\0\0\0\x05other\0"s),
            "B [us-ssn] other");
  for (int length = 0x20; length < 0x7f; ++length) {
    const std::string bytes = "\0\0\0"s + static_cast<char>(length) + "123-45-6789\0"s;
    EXPECT_EQ(mask(bytes).find("123-45-6789"), std::string::npos) << bytes;
    const std::string longer = "\0\0"s + "11" + static_cast<char>(length) + "4111111111111111\0"s;
    EXPECT_EQ(mask(longer.substr(0, 3) + longer.substr(4)).find("4111111111111111"), std::string::npos)
        << longer;
  }
  EXPECT_EQ(mask("\0\1\2"s), "");
  // A card's number as int8: nothing of it can be read.
  EXPECT_EQ(mask("\0\x0e\x9b\x13\xd6\x40\x71\xc7\0"s).find("4111"), std::string::npos);
}

TEST(Masker, MaskText) {
  Fixture fixture;
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
  Fixture fixture;
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
  Fixture fixture;
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
