// Masks of direction "request": what they block, for whom, and how explain and cases tell it.
#include <gtest/gtest.h>

#include <fstream>

#include "core/guard/cases.h"
#include "core/guard/explain.h"
#include "tests/unit/config/folder.h"
#include "tests/unit/policy/fixture.h"

namespace sallyport::guard {
namespace {

// One command READ; the text is the statement itself.
int classify(sp_text text, void (*found)(void* to, const sp_ask* ask), void* to) {
  Command command("READ", {});
  sp_ask ask{};
  ask.size = sizeof ask;
  ask.commands = &command.get();
  ask.command_count = 1;
  ask.text = text;
  found(to, &ask);
  return 0;
}

const sp_plugin& test_plugin() {
  static const sp_plugin plugin = [] {
    sp_plugin made{};
    made.size = sizeof made;
    made.manifest = &test_manifest();
    made.classify = classify;
    return made;
  }();
  return plugin;
}

constexpr char masks[] = R"(
[[mask]]
name = "no-mail"
direction = "request"
detect = ["email"]
except = ["pii-readers"]
[[mask]]
name = "no-secrets"
direction = "request"
detect = ["@secrets", "email"]
[[mask]]
name = "cards"
detect = ["credit-card"]
fields = ["t.c"]
action = "redact"
[[mask]]
name = "mails"
detect = ["email", "credit-card"]
action = "partial"
)";
constexpr char bearer[] = "Bearer abcdefgh12345678ABCDEFGH";

struct Fixture {
  std::shared_ptr<const Policy> policy = policy_of(test_config(masks, "default = \"allow\""));
  const config::Target& target = *policy->target("db");
  Masker masker;

  Fixture() { EXPECT_TRUE(masker.prepare(policy->scanner(target)).has_value()); }
  std::string blocked(std::vector<std::string_view> texts, std::vector<std::string> groups) {
    const auto block = policy->blocked(masker, target, groups, texts, {});
    return block ? block->message() : "";
  }
};

TEST(RequestMasks, BlockWhatTheyDetect) {
  Fixture fixture;
  EXPECT_EQ(fixture.blocked({"select 1", "nothing"}, {"staff"}), "");
  EXPECT_EQ(fixture.blocked({"select 1", "jane@example.com"}, {"staff"}),
            "blocked by mask \"no-mail\": the request holds a secret (email)");
  EXPECT_EQ(fixture.blocked({bearer}, {"staff"}),
            "blocked by mask \"no-secrets\": the request holds a secret (bearer-token)");
  EXPECT_EQ(fixture.blocked({"jane@example.com"}, {"pii-readers"}),
            "blocked by mask \"no-secrets\": the request holds a secret (email)");
  EXPECT_EQ(fixture.blocked({"4111111111111111"}, {"staff"}), "");
}

// They are no masks of replies, and what they block is masked on the record.
TEST(RequestMasks, AreNoneOfReplies) {
  const auto policy = policy_of(test_config(
      "[[mask]]\nname = \"m\"\ndirection = \"request\"\ndetect = [\"email\"]\naction = \"deny\""));
  const config::Target& target = *policy->target("db");
  const std::vector<std::string> groups{"staff"};
  sp_field field{};
  EXPECT_TRUE(policy->mask_plan(target, groups, field)->empty());
  EXPECT_FALSE(policy->masks(target, groups));
  EXPECT_TRUE(policy->looks_at_requests(target, groups));
  EXPECT_EQ(policy->record_plan(target).action_of(DetectorId::Email), MaskAction::Redact);
}

TEST(RequestMasks, NeedAPluginThatCanMask) {
  const auto policy = compile_text(test_config(
      "[[target]]\nname = \"plain\"\nprotocol = \"plain\"\naddress = \"127.0.0.1:1\"\ntls = \"off\"\n"
      "allow = [\"staff\"]\nlogins = { app = { credential = { user = \"a\", password = \"file:x\" } } }\n"
      "[[mask]]\nname = \"m\"\ndirection = \"request\"\ntargets = [\"plain\"]\ndetect = [\"email\"]"));
  ASSERT_FALSE(policy);
  EXPECT_NE(list(policy.error()).find("plain cannot mask"), std::string::npos) << list(policy.error());
}

TEST(RequestMasks, ExplainAndCases) {
  Fixture fixture;
  const std::vector<std::string> groups{"staff"};
  const auto explanation =
      explain(*fixture.policy, fixture.target, groups, test_plugin(), "mail to jane@example.com");
  ASSERT_TRUE(explanation);
  ASSERT_TRUE(explanation->blocked);
  EXPECT_EQ(explanation->blocked->mask->name, "no-mail");
  EXPECT_EQ(explanation->verdict.action, config::Action::allow);
  const config::Folder folder;
  const auto file = folder.write("cases.toml", R"(
[[case]]
groups = ["staff"]
target = "db"
statement = "mail to jane@example.com"
expect = "deny"
rule = "no-mail"
[[case]]
groups = ["staff"]
target = "db"
statement = "plain"
expect = "allow"
[[case]]
groups = ["staff"]
target = "db"
statement = "again to jane@example.com"
expect = "allow"
)");
  const sp_plugin* const plugins[] = {&test_plugin()};
  const auto report = run_cases(*fixture.policy, file, plugins);
  ASSERT_TRUE(report) << list(report.error());
  ASSERT_EQ(report->differences.size(), 1u);
  EXPECT_EQ(report->differences[0].text,
            "expected allow, got deny: blocked by mask \"no-mail\": the request holds a secret (email)");
}

// Whose doing a hit is.
TEST(MaskNames, StrictestThatApplies) {
  Fixture fixture;
  const std::vector<std::string> groups{"staff"};
  sp_field field{};
  const std::string_view path = "public.t.c";
  field.path = {path.data(), path.size()};
  const auto name = [&](std::optional<DetectorId> detector) {
    return fixture.policy->mask_name(fixture.target, groups, field, detector);
  };
  EXPECT_EQ(name(DetectorId::CreditCard), "cards");
  EXPECT_EQ(name(DetectorId::Email), "mails");
  EXPECT_EQ(name(DetectorId::Jwt), "");
  EXPECT_EQ(name(std::nullopt), "cards");
  EXPECT_EQ(fixture.policy->detector_name(DetectorId::CreditCard), "credit-card");
}

// One key for each id, whichever masks share it; a plan names the key of the mask that it comes from.
TEST(TokenKeys, PlansNameThem) {
  const auto mask = [](const char* name, const char* what, const char* id) {
    return std::string("[[mask]]\nname = \"") + name + "\"\n" + what +
           "\naction = \"token\"\ntoken_key = { id = \"" + id + "\", secret = \"file:" + id + "\" }\n";
  };
  const auto policy = policy_of(test_config(mask("a", "detect = [\"email\"]", "k1") +
                                            mask("b", "fields = [\"t.c\"]\ncomputed = \"content\"", "k2") +
                                            mask("c", "fields = [\"t.d\"]\ncomputed = \"content\"", "k1")));
  ASSERT_EQ(policy->token_keys().size(), 2u);
  EXPECT_EQ(policy->token_keys()[1].id, "k2");
  const auto plan = [&](std::string_view path) {
    sp_field field{};
    field.path = {path.data(), path.size()};
    return policy->mask_plan(*policy->target("db"), std::vector<std::string>{"staff"}, field);
  };
  EXPECT_EQ(plan("s.t.c")->whole, MaskAction::Token);
  EXPECT_EQ(plan("s.t.c")->whole_key, 1);
  EXPECT_EQ(plan("s.t.d")->whole_key, 0);
  EXPECT_EQ(plan("s.t.e")->whole, MaskAction::None);
  EXPECT_EQ(plan("s.t.e")->key_of(DetectorId::Email), 0);
}

}  // namespace
}  // namespace sallyport::guard
