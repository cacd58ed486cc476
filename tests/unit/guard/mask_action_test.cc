#include "core/guard/mask_action.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::guard {
namespace {

std::string masked(std::string text, MaskAction action, DetectorSet detectors,
                   ValueKind kind = ValueKind::Text) {
  mask_in_place({reinterpret_cast<uint8_t*>(text.data()), text.size()}, action, detectors, kind);
  return text;
}
std::string partial(const std::string& text, DetectorSet detectors) {
  return masked(text, MaskAction::Partial, detectors);
}
std::string shape(const std::string& text, DetectorSet detectors = {}) {
  return masked(text, MaskAction::KeepShape, detectors);
}

// Numbers keep their separators and their last few characters, at most four and at most a third.
TEST(MaskAction, PartialNumbers) {
  EXPECT_EQ(partial("4111 1111 1111 1234", DetectorId::CreditCard), "**** **** **** 1234");
  EXPECT_EQ(partial("4111111111111234", DetectorId::CreditCard), "************1234");
  EXPECT_EQ(partial("4222222222222", DetectorId::CreditCard), "*********2222");
  EXPECT_EQ(partial("123-45-6789", DetectorId::UsSsn), "***-**-*789");
  EXPECT_EQ(partial("+1 (415) 555-2671", DetectorId::Phone), "+* (***) ***-*671");
  EXPECT_EQ(partial("DE89 3704 0044 0532 0130 00", DetectorId::Iban), "**** **** **** **** **30 00");
}

// Addresses keep the first character of each part that has three, and the top level.
TEST(MaskAction, PartialEmail) {
  EXPECT_EQ(partial("jane@example.com", DetectorId::Email), "j***@e******.com");
  EXPECT_EQ(partial("jo@ab.io", DetectorId::Email), "**@**.io");
  EXPECT_EQ(partial("jane.doe@mail.example.org", DetectorId::Email), "j*******@m***********.org");
  EXPECT_EQ(partial("jörg@bücher.example", DetectorId::Email), "j****@b******.*******");
  EXPECT_EQ(partial("\"john doe\"@example.com", DetectorId::Email), "**********@e******.com");
}

// Tokens keep their head; what is guessable or tells by its parts keeps none.
TEST(MaskAction, PartialSecrets) {
  EXPECT_EQ(partial("AKIAIOSFODNN7EXAMPLE", DetectorId::AwsAccessKey), "AKI*****************");
  EXPECT_EQ(partial("hunter2hunter2hunter2", DetectorId::UrlPassword), "*********************");
  EXPECT_EQ(partial("-----BEGIN X-----\nabc\n", DetectorId::PrivateKey), "*****************\n***\n");
  EXPECT_EQ(partial("a@b.example", DetectorSet(DetectorId::Email) | DetectorId::UrlPassword), "***********");
}

// A whole value without a detector: by its looks.
TEST(MaskAction, PartialWholeValues) {
  EXPECT_EQ(partial("jane@example.com", {}), "j***@e******.com");
  EXPECT_EQ(partial("4111111111111234", {}), "************1234");
  EXPECT_EQ(partial("abcde", {}), "*****");
  EXPECT_EQ(partial("abcdef", {}), "a****f");
  EXPECT_EQ(partial("Jane Elizabeth Doe", {}), "Jan************Doe");
  EXPECT_EQ(partial("日本語日本語", {}), "日************語");
  EXPECT_EQ(partial("日本語", {}), "*********");
  EXPECT_EQ(partial("", {}), "");
}

TEST(MaskAction, KeepShape) {
  EXPECT_EQ(shape("4111-1111 x", DetectorId::CreditCard), "0000-0000 x");
  EXPECT_EQ(shape("Jane.Doe7@Example.com", DetectorId::Email), "Xxxx.Xxx0@Xxxxxxx.xxx");
  EXPECT_EQ(shape("Zoë O'Neil", {}), "Xxxx X'Xxxx");
  EXPECT_EQ(shape("ghp_a1-B", DetectorId::GithubToken), "xxx*x0*X");
  EXPECT_EQ(shape("p@ss w", DetectorId::UrlPassword), "x*xx x");
  EXPECT_EQ(shape("\xff\x80z", {}), "xxx");
}

// A number stays one.
TEST(MaskAction, Digits) {
  EXPECT_EQ(masked("4111111111111234", MaskAction::Partial, DetectorId::CreditCard, ValueKind::Digits),
            "0000000000001234");
  EXPECT_EQ(masked("-123.5", MaskAction::KeepShape, {}, ValueKind::Digits), "-000.0");
  EXPECT_EQ(masked("-123456", MaskAction::Partial, {}, ValueKind::Digits), "-000056");
  EXPECT_EQ(mask_label({}, {}, ValueKind::Digits), "0");
}

TEST(MaskAction, Labels) {
  for (const Detector& detector : Catalogue::all()) {
    EXPECT_EQ(mask_label(detector.id, detector.id, ValueKind::Text),
              "[" + std::string(detector.name()) + "]");
  }
  EXPECT_EQ(mask_label({}, {}, ValueKind::Text), "[masked]");
}

TEST(MaskAction, WidensToCodePoints) {
  const std::string text = "a\xE6\x97\xA5z\x80\x80\x80\x80\x80";
  const Bytes field{reinterpret_cast<const uint8_t*>(text.data()), text.size()};
  EXPECT_EQ(widen_to_code_points(field, {0, 1}), (Range{0, 1}));
  EXPECT_EQ(widen_to_code_points(field, {2, 3}), (Range{1, 4}));
  EXPECT_EQ(widen_to_code_points(field, {3, 5}), (Range{1, 8}));
  EXPECT_EQ(widen_to_code_points(field, {0, 10}), (Range{0, 10}));
}

// The strictest action wins, within a plan and of a merged hit.
TEST(MaskPlan, StrictestWins) {
  MaskPlan plan;
  EXPECT_TRUE(plan.empty());
  plan.add(*Catalogue::find("@pii"), MaskAction::Partial);
  plan.add(DetectorId::Email, MaskAction::KeepShape);
  plan.add(DetectorId::Jwt, MaskAction::Redact);
  plan.add(DetectorId::Iban, MaskAction::None);
  EXPECT_EQ(plan.action_of(DetectorId::Email), MaskAction::Partial);
  EXPECT_EQ(plan.action_of(DetectorSet(DetectorId::Email) | DetectorId::Jwt), MaskAction::Redact);
  EXPECT_FALSE(plan.detectors.has(DetectorId::SlackToken));
  plan.add_whole(MaskAction::Redact);
  plan.add_whole(MaskAction::Partial);
  EXPECT_EQ(plan.whole, MaskAction::Redact);
}

}  // namespace
}  // namespace sallyport::guard
