#include "core/guard/explain.h"

#include <deque>
#include <sstream>

#include "core/guard/cases.h"
#include "tests/unit/policy/fixture.h"

namespace sallyport::guard {
namespace {

// "READ a b; DROP c": commands with their objects. "?" cannot be classified.
int classify(sp_text text, void (*found)(void* to, const sp_ask* ask), void* to) {
  std::istringstream lines{std::string(text.data, text.size)};
  if (lines.str() == "?") return SP_ERROR_ARGUMENT;
  std::deque<Command> commands;
  std::vector<sp_command> batch;
  for (std::string line; std::getline(lines, line, ';');) {
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    std::vector<std::string> objects;
    for (std::string word; words >> word;) objects.push_back(word);
    batch.push_back(commands.emplace_back(verb, objects).get());
  }
  sp_ask ask{};
  ask.size = sizeof ask;
  ask.commands = batch.data();
  ask.command_count = batch.size();
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

constexpr const char* rules =
    "[[mask]]\nname = \"pii\"\ndetect = [\"email\"]\nfields = [\"t.c\"]\naction = \"partial\"\nexcept = "
    "[\"pii-readers\"]\n"
    "[[rule]]\nname = \"admin\"\ngroups = [\"dba\"]\nmatch = { verb = \"*\" }\naction = \"allow\"\n"
    "[[rule]]\nname = \"danger\"\nuse = \"t/danger\"\naction = \"approve\"\napprovers = [\"dba\"]\n"
    "[[rule]]\nname = \"read\"\nuse = \"t/read\"\nmatch = { object = \"public.*\" }\naction = \"allow\"\n";

TEST(Explain, SaysWhyEachRuleDidOrDidNotMatch) {
  const auto policy = policy_of(test_config(rules));
  const std::vector<std::string> groups = {"staff"};
  const auto explanation =
      explain(*policy, *policy->target("db"), groups, test_plugin(), "READ public.a;READ other.b;DROP x.y");
  ASSERT_TRUE(explanation.has_value());
  EXPECT_TRUE(explanation->may_open);
  ASSERT_EQ(explanation->commands.size(), 3u);
  const CommandNote& first = explanation->commands[0];
  ASSERT_EQ(first.rules.size(), 3u);
  EXPECT_EQ(first.rules[0].why, "is for the groups dba");
  EXPECT_EQ(first.rules[1].why, "is for \"t/danger\", which this is not");
  EXPECT_EQ(first.rules[2].why, "this is \"t/read\"; object is public.a, as in object = [\"public.*\"]");
  EXPECT_TRUE(first.rules[2].matched);
  const CommandNote& second = explanation->commands[1];
  EXPECT_EQ(second.rules[2].why, "wants object = [\"public.*\"], but object is other.b");
  EXPECT_EQ(second.why, "no rule matches, and the target's default is deny");
  EXPECT_EQ(explanation->commands[2].rule->name, "danger");
  EXPECT_EQ(explanation->commands[2].rules.size(), 2u);
  EXPECT_EQ(explanation->verdict.action, config::Action::deny);
}

// Goal: explain never tells another story than traffic. Method: both, for many statements and identities.
TEST(Explain, EqualsJudge) {
  for (const char* keys : {"", "default = \"allow\"", "observe = true"}) {
    const auto policy = policy_of(test_config(rules, keys));
    for (const char* text : {"READ public.a", "READ a", "READ", "DROP a", "UNPARSED", "WRITE secret.x",
                             "READ public.a;DROP a", "", "WRITE"}) {
      for (const std::vector<std::string>& groups :
           {std::vector<std::string>{}, {"staff"}, {"dba"}, {"staff", "dba"}}) {
        const config::Target& target = *policy->target("db");
        const auto explanation = explain(*policy, target, groups, test_plugin(), text);
        ASSERT_TRUE(explanation.has_value());
        struct To {
          const Policy& policy;
          const config::Target& target;
          const std::vector<std::string>& groups;
          Verdict verdict;
        } to{*policy, target, groups, {}};
        const auto judge = [](void* out, const sp_ask* ask) {
          To& self = *static_cast<To*>(out);
          self.verdict = self.policy.judge(self.target, self.groups, {ask->commands, ask->command_count});
        };
        ASSERT_EQ(classify({text, strlen(text)}, judge, &to), 0);
        EXPECT_EQ(explanation->verdict.action, to.verdict.action) << text;
        EXPECT_EQ(explanation->verdict.rule, to.verdict.rule) << text;
        EXPECT_EQ(explanation->verdict.observed, to.verdict.observed) << text;
        for (const CommandNote& note : explanation->commands) {
          const bool matched = !note.rules.empty() && note.rules.back().matched;
          EXPECT_EQ(note.rule, matched ? note.rules.back().rule : nullptr) << text;
        }
      }
    }
  }
}

TEST(Explain, SaysThatTheDefaultDoesNotReachTheUnparsed) {
  const auto policy = policy_of(test_config(
      "[[rule]]\nname = \"all\"\nmatch = { verb = \"*\" }\naction = \"allow\"\n", "default = \"allow\""));
  const auto explanation = explain(*policy, *policy->target("db"), {}, test_plugin(), "UNPARSED");
  ASSERT_TRUE(explanation.has_value());
  EXPECT_FALSE(explanation->may_open);
  EXPECT_EQ(explanation->commands[0].rules[0].why, "allows, but does not name the verb UNPARSED");
  EXPECT_NE(explanation->commands[0].why.find("could not be parsed"), std::string::npos);
}

TEST(Explain, TellsOfMasks) {
  const auto policy = policy_of(test_config(rules));
  const config::Target& target = *policy->target("db");
  const std::vector<std::string> staff = {"staff"};
  const std::vector<std::string> reader = {"pii-readers"};
  const auto seen = explain(*policy, target, staff, test_plugin(), "READ a");
  EXPECT_TRUE(seen->masks[0].applies);
  EXPECT_EQ(seen->masks[0].why, "by content: email; by name: t.c");
  const auto excepted = explain(*policy, target, reader, test_plugin(), "READ a");
  EXPECT_FALSE(excepted->masks[0].applies);
  EXPECT_EQ(excepted->masks[0].why, "the group \"pii-readers\" is excepted");
  EXPECT_EQ(explain_field(*policy, target, staff, "c", "public.t.c").whole, MaskAction::Partial);
  EXPECT_EQ(explain_field(*policy, target, staff, "upper", "").whole, MaskAction::Redact);
  EXPECT_EQ(explain_field(*policy, target, reader, "c", "public.t.c").whole, MaskAction::None);
}

TEST(Explain, FailsWhereThePluginDoes) {
  const auto policy = policy_of(test_config(rules));
  EXPECT_FALSE(explain(*policy, *policy->target("db"), {}, test_plugin(), "?").has_value());
}

std::expected<CasesReport, std::vector<config::Problem>> run(const std::string& text) {
  const config::Folder folder;
  const auto policy = policy_of(test_config(rules));
  const sp_plugin* plugin = &test_plugin();
  return run_cases(*policy, folder.write("cases.toml", text), {&plugin, 1});
}

std::string one_case(const char* user, const char* statement, const char* expect, const char* more = "") {
  return std::string("[[case]]\nuser = \"") + user + "\"\ntarget = \"db\"\nstatement = \"" + statement +
         "\"\nexpect = \"" + expect + "\"\n" + more;
}

TEST(Cases, AllAsExpected) {
  const auto report = run(
      one_case("ann", "READ public.a", "allow", "rule = \"read\"\n") + one_case("ann", "DROP a", "approve") +
      one_case("bob", "DROP a", "allow") + one_case("ann", "WRITE a.b", "deny", "rule = \"\"\n") +
      "[[case]]\ngroups = [\"nobody\"]\ntarget = \"db\"\nstatement = \"READ public.a\"\nexpect = \"deny\"\n");
  ASSERT_TRUE(report.has_value()) << list(report.error());
  EXPECT_EQ(report->count, 5u);
  EXPECT_EQ(list(report->differences), "");
}

TEST(Cases, DifferencesNameTheirLine) {
  const auto report =
      run(one_case("ann", "READ public.a", "deny") +
          one_case("ann", "DROP a", "approve", "rule = \"read\"\n") + one_case("ann", "?", "deny"));
  ASSERT_TRUE(report.has_value()) << list(report.error());
  ASSERT_EQ(report->differences.size(), 3u);
  EXPECT_EQ(report->differences[0].place.line, 1u);
  EXPECT_NE(report->differences[0].text.find("expected deny, got allow by rule \"read\""), std::string::npos);
  EXPECT_EQ(report->differences[1].place.line, 6u);
  EXPECT_EQ(report->differences[2].place.line, 12u);
}

TEST(Cases, EveryProblemOfTheFileIsTold) {
  const auto report =
      run("[[case]]\nuser = \"eve\"\ntarget = \"dc\"\nexpect = \"maybe\"\nrule = \"none\"\nextra = 1\n");
  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(report.error().size(), 6u) << list(report.error());
  EXPECT_FALSE(run("").has_value());
  EXPECT_FALSE(run("[[case]]\nuser = \"ann\"\ngroups = [\"a\"]\ntarget = \"db\"\nstatement = \"x\"\nexpect = "
                   "\"deny\"\n")
                   .has_value());
}

}  // namespace
}  // namespace sallyport::guard
