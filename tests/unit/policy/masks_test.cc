#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/policy/fixture.h"

namespace sallyport::guard {
namespace {

std::string mask(const char* name, const char* what, const char* action, const char* more = "") {
  return std::string("[[mask]]\nname = \"") + name + "\"\n" + what + "\naction = \"" + action + "\"\n" +
         more + "\n";
}

struct Asked {
  const Policy& policy;
  std::vector<std::string> groups;
  sp_kind kind = SP_KIND_TEXT;
  uint32_t flags = 0;

  sp_field field(std::string_view label, std::string_view path) const {
    sp_field made{};
    made.size = sizeof made;
    made.kind = kind;
    made.flags = path.empty() ? flags | SP_FIELD_NO_ORIGIN : flags;
    made.label = {label.data(), label.size()};
    made.path = {path.data(), path.size()};
    return made;
  }
  const MaskPlan& plan(std::string_view label, std::string_view path) const {
    return *policy.mask_plan(*policy.target("db"), groups, field(label, path));
  }
  MaskAction whole(std::string_view label, std::string_view path) const { return plan(label, path).whole; }
  bool withheld(std::string_view label, std::string_view path) const {
    return policy.withhold(*policy.target("db"), groups, field(label, path));
  }
};

TEST(MaskPlans, NoMaskMeansClear) {
  const auto policy = policy_of(test_config(""));
  const Asked asked{*policy, {"staff"}};
  EXPECT_TRUE(asked.plan("email", "public.customers.email").empty());
  EXPECT_TRUE(asked.plan("sum", "").empty());
  EXPECT_FALSE(asked.withheld("email", "public.customers.email"));
  EXPECT_FALSE(policy->masks(*policy->target("db"), asked.groups));
}

// What can spell no text is looked at by no detector, and has no masked form.
TEST(MaskPlans, PlainValuesAreClearOrWithheld) {
  const auto policy =
      policy_of(test_config(mask("m", "detect = [\"@pii\"]\nfields = [\"customers.born\"]", "partial")));
  const Asked plain{*policy, {"staff"}, SP_KIND_PLAIN};
  EXPECT_TRUE(plain.plan("x", "public.orders.day").empty());
  EXPECT_FALSE(plain.withheld("x", "public.orders.day"));
  EXPECT_TRUE(plain.withheld("x", "public.customers.born"));
  EXPECT_TRUE(plain.withheld("computed", ""));
  const Asked unrelated{*policy, {"staff"}, SP_KIND_PLAIN, SP_FIELD_UNRELATED};
  EXPECT_FALSE(unrelated.withheld("computed", ""));
  const Asked opaque{*policy, {"staff"}, SP_KIND_OPAQUE};
  EXPECT_TRUE(opaque.withheld("x", "public.orders.day"));
}

TEST(MaskPlans, NamesMasked) {
  const auto policy =
      policy_of(test_config(mask("m", "detect = [\"@pii\"]\nfields = [\"customers.email\", \"*.ssn\"]",
                                 "partial", "except = [\"pii-readers\"]")));
  const auto names = [&](std::initializer_list<std::string_view> paths, std::vector<std::string> groups) {
    std::vector<sp_text> texts;
    for (const std::string_view path : paths) texts.push_back({path.data(), path.size()});
    return policy->names_masked(*policy->target("db"), groups, texts);
  };
  EXPECT_TRUE(names({"public.orders.id", "public.customers.email"}, {"staff"}));
  EXPECT_TRUE(names({"a.b.SSN"}, {"staff"}));
  EXPECT_FALSE(names({"public.orders.id", "public.customers.name"}, {"staff"}));
  EXPECT_TRUE(names({}, {"staff"}));  // any at all
  EXPECT_FALSE(names({}, {"pii-readers"}));
  EXPECT_FALSE(names({"public.customers.email"}, {"pii-readers"}));
}

TEST(MaskPlans, FieldPatternsMeanOriginsAndLabels) {
  const auto policy =
      policy_of(test_config(mask("m", "fields = [\"customers.email\", \"a.b.c\", \"*.ssn\", \"phone\"]",
                                 "partial", "computed = \"content\"")));
  const Asked asked{*policy, {"staff"}};
  for (const auto& [label, path] : {std::pair("x", "public.customers.email"),
                                    {"x", "customers.email"},
                                    {"x", "shop.public.customers.email"},
                                    {"x", "Public.Customers.EMAIL"},
                                    {"c", "a.b.c"},
                                    {"x", "public.people.ssn"},
                                    {"ssn", ""},
                                    {"phone", ""},
                                    {"Phone", "public.t.x"},
                                    {"x", "public.t.phone"}}) {
    EXPECT_EQ(asked.whole(label, path), MaskAction::Partial) << label << " " << path;
  }
  for (const auto& [label, path] : {std::pair("email", ""),
                                    {"email", "public.orders.email"},
                                    {"c", "x.b.c"},
                                    {"x", "public.xcustomers.email"},
                                    {"x", "public.customers.email2"},
                                    {"x", ""},
                                    {"ssn2", ""}}) {
    EXPECT_TRUE(asked.plan(label, path).empty()) << label << " " << path;
  }
}

TEST(MaskPlans, TheStrictestWins) {
  const auto policy = policy_of(
      test_config(mask("a", "detect = [\"email\"]\nfields = [\"t.c\"]", "keep-shape") +
                  mask("b", "detect = [\"email\", \"phone\"]\nfields = [\"t.c\", \"t.d\"]", "redact") +
                  mask("c", "detect = [\"phone\"]\nfields = [\"t.*\"]", "partial")));
  const Asked asked{*policy, {"staff"}};
  const MaskPlan& plan = asked.plan("c", "public.t.c");
  EXPECT_EQ(plan.whole, MaskAction::Redact);
  EXPECT_EQ(plan.action_of(DetectorId::Email), MaskAction::Redact);
  EXPECT_EQ(asked.whole("e", "public.t.e"), MaskAction::Partial);
  EXPECT_EQ(asked.whole("e", "public.u.e"), MaskAction::None);
  EXPECT_FALSE(asked.plan("e", "public.u.e").empty());
}

// Goal: an exception lifts its own mask and no other.
TEST(MaskPlans, ExceptLiftsItsMaskOnly) {
  const auto policy = policy_of(test_config(
      mask("a", "detect = [\"email\"]\nfields = [\"t.c\"]", "redact", "except = [\"pii-readers\"]") +
      mask("b", "detect = [\"phone\"]", "partial")));
  const Asked all{*policy, {"staff"}};
  const Asked reader{*policy, {"staff", "pii-readers"}};
  EXPECT_EQ(all.whole("c", "public.t.c"), MaskAction::Redact);
  EXPECT_EQ(reader.whole("c", "public.t.c"), MaskAction::None);
  EXPECT_FALSE(reader.plan("c", "public.t.c").detectors.has(DetectorId::Email));
  EXPECT_TRUE(reader.plan("c", "public.t.c").detectors.has(DetectorId::Phone));
  EXPECT_TRUE(all.plan("c", "public.t.c").detectors.has(DetectorId::Email));
}

TEST(MaskPlans, ComputedValues) {
  for (const auto& [computed, whole, refused] : {std::tuple("mask", MaskAction::Redact, false),
                                                 {"content", MaskAction::None, false},
                                                 {"refuse", MaskAction::Redact, true}}) {
    const std::string more = std::string("computed = \"") + computed + "\"";
    const auto policy =
        policy_of(test_config(mask("m", "fields = [\"customers.email\"]", "partial", more.c_str())));
    const Asked text{*policy, {"staff"}};
    EXPECT_EQ(text.whole("upper", ""), whole) << computed;
    EXPECT_EQ(text.withheld("upper", ""), refused) << computed;
    EXPECT_EQ(text.whole("id", "public.customers.id"), MaskAction::None) << computed;
    const Asked unrelated{*policy, {"staff"}, SP_KIND_TEXT, SP_FIELD_UNRELATED};
    EXPECT_TRUE(unrelated.plan("version", "").empty()) << computed;
    EXPECT_FALSE(unrelated.withheld("version", "")) << computed;
    const Asked json{*policy, {"staff"}, SP_KIND_JSON};
    EXPECT_EQ(json.whole("row_to_json", ""), whole) << computed;
    const Asked digits{*policy, {"staff"}, SP_KIND_DIGITS};
    EXPECT_EQ(digits.withheld("count", ""), refused) << computed;
    EXPECT_EQ(digits.plan("count", "").empty(), !refused) << computed;
  }
}

TEST(MaskPlans, MasksByContentAloneLeaveComputedValuesToTheDetectors) {
  const auto policy = policy_of(test_config(mask("m", "detect = [\"email\"]", "partial")));
  const Asked asked{*policy, {"staff"}};
  EXPECT_EQ(asked.whole("upper", ""), MaskAction::None);
  EXPECT_TRUE(asked.plan("upper", "").detectors.has(DetectorId::Email));
}

TEST(MaskPlans, OpaqueValuesAreWithheldWhereAMaskApplies) {
  const auto policy =
      policy_of(test_config(mask("m", "fields = [\"t.c\"]", "partial", "except = [\"pii-readers\"]")));
  const Asked asked{*policy, {"staff"}, SP_KIND_OPAQUE};
  EXPECT_TRUE(asked.withheld("c", "public.t.c"));
  EXPECT_TRUE(asked.withheld("x", ""));
  EXPECT_FALSE(asked.withheld("d", "public.t.d"));
  const Asked reader{*policy, {"pii-readers"}, SP_KIND_OPAQUE};
  EXPECT_FALSE(reader.withheld("c", "public.t.c"));
  const auto content = policy_of(test_config(mask("m", "detect = [\"email\"]", "partial")));
  const Asked detected{*content, {"staff"}, SP_KIND_OPAQUE};
  EXPECT_TRUE(detected.withheld("d", "public.t.d"));
}

TEST(MaskPlans, RecordsAreMaskedForEverybody) {
  const auto policy =
      policy_of(test_config(mask("m", "detect = [\"email\"]", "partial", "except = [\"pii-readers\"]")));
  const MaskPlan& plan = policy->record_plan(*policy->target("db"));
  EXPECT_EQ(plan.action_of(DetectorId::Email), MaskAction::Partial);
  EXPECT_EQ(plan.action_of(DetectorId::AwsSecretKey), MaskAction::Redact);
  EXPECT_EQ(plan.action_of(DetectorId::CreditCard), MaskAction::None);
  EXPECT_TRUE(policy->scanner(*policy->target("db")).detectors().contains(plan.detectors));
}

TEST(MaskPlans, EqualDetectorsShareAScanner) {
  const std::string other =
      "[[target]]\nname = \"db2\"\nprotocol = \"test\"\naddress = \"127.0.0.1:2\"\nallow = [\"dba\"]\n"
      "logins = { app = { credential = { user = \"app\", password = \"file:x\" } } }\n";
  const auto policy = policy_of(test_config(other + mask("m", "detect = [\"email\"]", "partial")));
  EXPECT_EQ(&policy->scanner(*policy->target("db")), &policy->scanner(*policy->target("db2")));
  EXPECT_EQ(policy->scanners().size(), 2u);  // one more for targets that are gone
}

// Goal: threads that meet an identity at once get plans that say the same and live. Run under TSan too.
TEST(MaskPlans, ThreadsMayAskAtOnce) {
  const auto policy =
      policy_of(test_config(mask("a", "detect = [\"email\"]", "partial", "except = [\"pii-readers\"]") +
                            mask("b", "detect = [\"phone\"]", "partial", "except = [\"dba\"]")));
  std::vector<std::thread> threads;
  for (size_t i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 200; ++round) {
        const Asked asked{
            *policy, i % 2 == 0 ? std::vector<std::string>{"dba"} : std::vector<std::string>{"pii-readers"}};
        EXPECT_EQ(asked.plan("x", "a.b.c").detectors.has(DetectorId::Email), i % 2 == 0);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace sallyport::guard
