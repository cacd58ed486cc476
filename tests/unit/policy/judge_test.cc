#include <gtest/gtest.h>

#include <deque>

#include "tests/unit/policy/fixture.h"

namespace sallyport::guard {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Line {
  const char* verb;
  std::vector<std::string> objects;
  Fields fields;
  const char* expected;  // "deny:rule", "deny:" for the default
};

std::string text_of(const Verdict& verdict) {
  const char* names[] = {"allow:", "approve:", "deny:"};
  return names[static_cast<size_t>(verdict.action)] + (verdict.rule == nullptr ? "" : verdict.rule->name);
}

std::string judge(const Policy& policy, const std::vector<std::string>& groups,
                  const std::deque<Command>& commands) {
  std::vector<sp_command> batch;
  for (const Command& command : commands) batch.push_back(command.get());
  return text_of(policy.judge(*policy.target("db"), groups, batch));
}

void expect(const std::string& rules, const std::vector<Line>& lines, const std::string& target_keys = "") {
  const auto policy = policy_of(test_config(rules, target_keys));
  ASSERT_NE(policy, nullptr);
  for (const Line& line : lines) {
    std::deque<Command> commands;
    commands.emplace_back(line.verb, line.objects, line.fields);
    EXPECT_EQ(judge(*policy, {"staff"}, commands), line.expected)
        << line.verb << " " << (line.objects.empty() ? "" : line.objects.front()) << "\n"
        << rules;
  }
}

std::string rule(const char* name, const char* what, const char* action) {
  std::string text =
      std::string("[[rule]]\nname = \"") + name + "\"\n" + what + "\naction = \"" + action + "\"\n";
  if (std::string(action) == "approve") text += "approvers = [\"dba\"]\n";
  return text;
}

TEST(Judge, NothingMatchesMeansTheDefault) {
  expect("", {{"READ", {}, {}, "deny:"}});
  expect("", {{"READ", {}, {}, "allow:"}}, "default = \"allow\"");
}

TEST(Judge, FirstMatchWins) {
  expect(rule("one", "match = { verb = [\"DROP\", \"WRITE\"] }", "deny") +
             rule("two", "match = { verb = \"*\" }", "allow") +
             rule("three", "match = { verb = \"READ\" }", "deny"),
         {{"DROP", {}, {}, "deny:one"},
          {"WRITE", {}, {}, "deny:one"},
          {"READ", {}, {}, "allow:two"},
          {"read", {}, {}, "allow:two"}});
}

TEST(Judge, VerbsIgnoreLetterCase) {
  expect(rule("one", "match = { verb = \"drop\" }", "approve"),
         {{"DROP", {}, {}, "approve:one"}, {"DROPX", {}, {}, "deny:"}});
}

TEST(Judge, KeysAreAndValuesAreOr) {
  expect(rule("one", "match = { verb = [\"READ\", \"WRITE\"], object = [\"a.*\", \"b.*\"] }", "allow"),
         {{"READ", {"a.t"}, {}, "allow:one"},
          {"WRITE", {"b.t"}, {}, "allow:one"},
          {"READ", {"c.t"}, {}, "deny:"},
          {"DROP", {"a.t"}, {}, "deny:"}});
}

// Goal: an allow rule cannot be borrowed for an object that it does not name.
TEST(Judge, AllowMustCoverEveryObject) {
  expect(rule("one", "match = { object = \"public.*\" }", "allow"),
         {{"READ", {"public.a", "public.b"}, {}, "allow:one"},
          {"READ", {"public.a", "secret.b"}, {}, "deny:"},
          {"READ", {}, {}, "deny:"},
          {"READ", {"a"}, {}, "deny:"},
          {"READ", {"PUBLIC.a"}, {}, "deny:"}});
}

// Goal: a deny or approve rule is not slipped by a second object, a spelling or a missing schema.
TEST(Judge, OneObjectIsEnoughToRestrict) {
  for (const char* action : {"deny", "approve"}) {
    const std::string one = std::string(action) + ":one";
    const std::string two = std::string(action) + ":two";
    expect(rule("one", "match = { object = \"secret.*\" }", action) +
               rule("two", "match = { object = \"plans\" }", action),
           {{"READ", {"public.a", "secret.b"}, {}, one.c_str()},
            {"READ", {"SECRET.b"}, {}, one.c_str()},
            {"READ", {"shop.secret.b"}, {}, one.c_str()},
            {"READ", {"b"}, {}, one.c_str()},
            {"READ", {"public.plans"}, {}, two.c_str()},
            {"READ", {"public.a"}, {}, "allow:"},
            {"READ", {"shop.public.a"}, {}, "allow:"},
            {"READ", {}, {}, "allow:"}},
           "default = \"allow\"");
  }
  expect(rule("one", "match = { object = \"shop.secret.plans\" }", "deny"),
         {{"READ", {"plans"}, {}, "deny:one"},
          {"READ", {"secret.plans"}, {}, "deny:one"},
          {"READ", {"public.plans"}, {}, "allow:"},
          {"READ", {"other.secret.plans"}, {}, "allow:"}},
         "default = \"allow\"");
  expect(rule("one", "match = { field.mode = \"run\" }", "deny"),
         {{"READ", {}, {{"mode", "sys.RUN"}}, "deny:one"}, {"READ", {}, {{"mode", "runs"}}, "allow:"}},
         "default = \"allow\"");
}

TEST(Judge, NegationsAreAnd) {
  expect(rule("one", "match = { verb = [\"!DROP\", \"!WRITE\"] }", "deny"),
         {{"READ", {}, {}, "deny:one"}, {"DROP", {}, {}, "allow:"}, {"write", {}, {}, "allow:"}},
         "default = \"allow\"");
  expect(rule("one", "match = { object = [\"public.*\", \"!public.secret\"] }", "allow"),
         {{"READ", {"public.a"}, {}, "allow:one"},
          {"READ", {"public.secret"}, {}, "deny:"},
          {"READ", {"public.SECRET"}, {}, "deny:"},
          {"READ", {"public.a", "public.secret"}, {}, "deny:"}});
  // "Everything outside public": by any object, and an unknown schema may be outside.
  expect(rule("one", "match = { object = \"!public.*\" }", "deny"),
         {{"READ", {"public.a"}, {}, "allow:"},
          {"READ", {"public.a", "other.b"}, {}, "deny:one"},
          {"READ", {"a"}, {}, "deny:one"},
          {"READ", {"PUBLIC.a"}, {}, "deny:one"}},
         "default = \"allow\"");
}

TEST(Judge, NumbersAreCompared) {
  expect(rule("one", "match = { field.rows = \"> 1000\" }", "deny"),
         {{"READ", {}, {{"rows", "1001"}}, "deny:one"},
          {"READ", {}, {{"field.rows", "1001"}}, "deny:one"},
          {"READ", {}, {{"rows", "1000"}}, "allow:"},
          {"READ", {}, {{"rows", "5"}, {"rows", "5000"}}, "deny:one"},
          {"READ", {}, {{"rows", "many"}}, "deny:one"},
          {"READ", {}, {{"other", "5000"}}, "allow:"},
          {"READ", {}, {}, "allow:"}},
         "default = \"allow\"");
  expect(rule("one", "match = { field.rows = \"<= 1000\" }", "allow"),
         {{"READ", {}, {{"rows", "1000"}}, "allow:one"},
          {"READ", {}, {{"rows", "1e9"}}, "deny:"},
          {"READ", {}, {{"rows", "many"}}, "deny:"},
          {"READ", {}, {{"rows", "5"}, {"rows", "5000"}}, "deny:"},
          {"READ", {}, {}, "deny:"}});
}

TEST(Judge, ReadySetsAreOrOfAnd) {
  expect(rule("danger", "use = \"t/danger\"", "deny") + rule("read", "use = \"t/read\"", "allow"),
         {{"READ", {}, {}, "allow:read"},
          {"READ", {"public.a"}, {{"mode", "plain"}}, "allow:read"},
          {"READ", {"a"}, {}, "deny:danger"},
          {"READ", {}, {{"mode", "locking"}}, "deny:"},
          {"READ", {"secret.a"}, {}, "deny:danger"},
          {"DROP", {}, {}, "deny:danger"},
          {"WRITE", {}, {}, "deny:"}});
}

TEST(Judge, UseAndMatchAreAnd) {
  expect(rule("one", "use = \"t/read\"\nmatch = { object = \"public.*\" }", "allow"),
         {{"READ", {"public.a"}, {}, "allow:one"},
          {"READ", {"x.a"}, {}, "deny:"},
          {"WRITE", {"public.a"}, {}, "deny:"}});
}

// Goal: UNPARSED passes only where a rule names it. Method: everything else that would allow it.
TEST(Judge, UnparsedIsAllowedOnlyByName) {
  const Line denied{"UNPARSED", {}, {}, "deny:"};
  expect("", {denied, {"unparsed", {}, {}, "deny:"}, {"", {}, {}, "deny:"}}, "default = \"allow\"");
  for (const char* what :
       {"match = { verb = \"*\" }", "match = { verb = \"UNPARS*\" }", "match = { verb = \"!DROP\" }",
        "match = { field.mode = \"!x\" }", "use = \"t/any\"", "use = \"t/any\"\nmatch = { verb = \"*\" }"}) {
    expect(rule("one", what, "allow"), {denied}, "default = \"allow\"");
  }
  for (const char* what : {"match = { verb = \"UNPARSED\" }", "match = { verb = [\"READ\", \"unparsed\"] }",
                           "use = \"t/any\"\nmatch = { verb = \"UNPARSED\" }"}) {
    expect(rule("one", what, "allow"), {{"UNPARSED", {}, {}, "allow:one"}});
  }
  for (const char* what : {"match = { verb = \"*\" }", "use = \"t/danger\""}) {
    expect(rule("one", what, "approve"), {{"UNPARSED", {}, {}, "approve:one"}});
    expect(rule("one", what, "deny"), {{"UNPARSED", {}, {}, "deny:one"}});
  }
}

TEST(Judge, ABatchIsAsBadAsItsWorst) {
  const auto policy = policy_of(test_config(rule("drop", "match = { verb = \"DROP\" }", "deny") +
                                            rule("write", "match = { verb = \"WRITE\" }", "approve") +
                                            rule("load", "match = { verb = \"LOAD\" }", "approve") +
                                            rule("read", "match = { verb = \"READ\" }", "allow")));
  const auto batch = [&](std::initializer_list<const char*> verbs) {
    std::deque<Command> commands;
    for (const char* verb : verbs) commands.emplace_back(verb);
    return judge(*policy, {"staff"}, commands);
  };
  EXPECT_EQ(batch({"READ", "READ"}), "allow:read");
  EXPECT_EQ(batch({"READ", "LOAD", "WRITE"}), "approve:load");
  EXPECT_EQ(batch({"WRITE", "DROP", "READ"}), "deny:drop");
  EXPECT_EQ(batch({"READ", "OTHER"}), "deny:");
  EXPECT_EQ(batch({}), "deny:");
}

TEST(Judge, GroupsLimitARule) {
  const auto policy = policy_of(test_config(
      "[[rule]]\nname = \"one\"\ngroups = [\"dba\"]\nmatch = { verb = \"*\" }\naction = \"allow\"\n"));
  std::deque<Command> commands;
  commands.emplace_back("READ");
  EXPECT_EQ(judge(*policy, {"dba"}, commands), "allow:one");
  EXPECT_EQ(judge(*policy, {"staff", "dba"}, commands), "allow:one");
  EXPECT_EQ(judge(*policy, {"staff"}, commands), "deny:");
  EXPECT_EQ(judge(*policy, {}, commands), "deny:");
  EXPECT_EQ(judge(*policy, {"dba2"}, commands), "deny:");
}

TEST(Judge, TargetsLimitARule) {
  const std::string other =
      "[[target]]\nname = \"web-1\"\nprotocol = \"test\"\naddress = \"127.0.0.1:2\"\nallow = [\"dba\"]\n"
      "logins = { app = { credential = { user = \"app\", password = \"file:x\" } } }\n";
  const auto policy = policy_of(test_config(
      other +
      "[[rule]]\nname = \"one\"\ntargets = [\"web-*\"]\nmatch = { verb = \"*\" }\naction = \"allow\"\n"));
  const Command command("READ");
  const std::vector<std::string> groups = {"dba"};
  EXPECT_EQ(text_of(policy->judge(*policy->target("web-1"), groups, {&command.get(), 1})), "allow:one");
  EXPECT_EQ(text_of(policy->judge(*policy->target("db"), groups, {&command.get(), 1})), "deny:");
}

TEST(Judge, ObservingChangesNothingButSaysSo) {
  const auto policy =
      policy_of(test_config(rule("drop", "match = { verb = \"DROP\" }", "deny"), "observe = true"));
  const Command command("DROP");
  const Verdict verdict = policy->judge(*policy->target("db"), {}, {&command.get(), 1});
  EXPECT_EQ(text_of(verdict), "deny:drop");
  EXPECT_TRUE(verdict.observed);
}

TEST(Policy, KnowsWhoMayOpenWhat) {
  const auto policy = policy_of(test_config(""));
  const auto may = [&](std::vector<std::string> groups) {
    return policy->may_open(*policy->target("db"), groups);
  };
  EXPECT_TRUE(may({"dba"}));
  EXPECT_TRUE(may({"other", "staff"}));
  EXPECT_FALSE(may({"other"}));
  EXPECT_FALSE(may({}));
  EXPECT_EQ(policy->user("ann")->groups.front(), "staff");
  EXPECT_EQ(policy->user("eve"), nullptr);
  EXPECT_EQ(policy->target("dc"), nullptr);
  EXPECT_LT(policy->version(), policy_of(test_config(""))->version());
}

// Goal: a session that still holds a target of the policy before a reload is judged by its name, or not at
// all.
TEST(Policy, TargetsOfAnotherPolicyAreFoundByName) {
  const auto old_policy = policy_of(test_config(rule("one", "match = { verb = \"*\" }", "allow")));
  const auto new_policy = policy_of(test_config(rule("two", "match = { verb = \"*\" }", "deny")));
  const Command command("READ");
  EXPECT_EQ(text_of(new_policy->judge(*old_policy->target("db"), {}, {&command.get(), 1})), "deny:two");
  config::Target gone = *old_policy->target("db");
  gone.name = "gone";
  EXPECT_EQ(text_of(old_policy->judge(gone, {}, {&command.get(), 1})), "deny:");
  EXPECT_FALSE(old_policy->may_open(gone, old_policy->user("ann")->groups));
  sp_field field{};
  field.size = sizeof field;
  EXPECT_TRUE(old_policy->withhold(gone, {}, field));
  EXPECT_FALSE(old_policy->mask_plan(gone, {}, field)->empty());
}

}  // namespace
}  // namespace sallyport::guard
