// Values beside the buffer, UUIDs, what was found; texts that are no values.
#include <algorithm>
#include <tuple>

#include "tests/unit/guard/masker_fixture.h"

namespace sallyport::guard {
namespace {

// What was hit, for the record: by value and detector, with the count; without one where a field rule masks.
TEST(MaskerValues, Found) {
  MaskerFixture fixture;
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
TEST(MaskerValues, Find) {
  MaskerFixture fixture;
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
TEST(MaskerValues, MaskBytes) {
  MaskerFixture fixture;
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

// Values beside the buffer are looked at, and edited where they lie, as those inside are.
TEST(MaskerValues, BytesBesideTheBuffer) {
  MaskerFixture fixture;
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
TEST(MaskerValues, Uuids) {
  MaskerFixture fixture;
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

}  // namespace
}  // namespace sallyport::guard
