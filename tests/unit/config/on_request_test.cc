// `allow = ["on-request"]` and `on_request` of a target: what is taken, and each mistake.
#include "tests/unit/config/base_config.h"

namespace sallyport::config {
namespace {

constexpr const char* allow = "allow = [\"staff\", \"dba\"]";

std::string with(const std::string& text) { return replaced(base, allow, text); }

TEST(OnRequest, IsReadWithItsDefaults) {
  const Folder folder;
  const auto config = load(folder.write(
      "sallyport.toml",
      with_secrets(with("allow = \"on-request\"\non_request = { groups = [\"staff\"], approvers = "
                        "[\"dba\"] }"))));
  ASSERT_TRUE(config) << list(config.error());
  const Target& target = config->targets.front();
  EXPECT_TRUE(target.allow.empty());
  EXPECT_TRUE(target.on_request.is_offered());
  EXPECT_EQ(target.on_request.groups, std::vector<std::string>{"staff"});
  EXPECT_EQ(target.on_request.longest_ms, 8u * 3'600'000);
  EXPECT_EQ(target.on_request.grace_ms, 60'000u);
  EXPECT_EQ(target.on_request.timeout_ms, 600'000u);
  ASSERT_EQ(target.on_request.terms.quorums.size(), 1u);
  EXPECT_FALSE(target.on_request.terms.needs_reason);
}

TEST(OnRequest, EachMistakeIsTold) {
  const std::string good = "groups = [\"staff\"], approvers = [\"dba\"]";
  const std::vector<std::pair<std::string, std::string>> mistakes = {
      {"allow = [\"dba\", \"on-request\"]", "needs who may ask"},
      {"allow = [\"dba\"]\non_request = { " + good + " }", "add \"on-request\" to allow"},
      {"allow = [\"on-request\"]\non_request = { approvers = [\"dba\"] }", "groups is missing"},
      {"allow = [\"on-request\"]\non_request = { groups = [\"staff\"] }", "approvers is missing"},
      {"allow = [\"on-request\"]\non_request = { " + good + ", longest = \"8d\" }", "longest"},
      {"allow = [\"on-request\"]\non_request = { " + good + ", longest = \"10ms\" }", "less than 1s"},
      {"allow = [\"on-request\"]\non_request = { " + good + ", grace = \"2h\" }", "grace"},
      {"allow = [\"on-request\"]\non_request = { " + good + ", timeout = \"0s\" }", "timeout is 0"},
      {"allow = [\"on-request\"]\non_request = { " + good + ", hold = \"1s\" }", "unknown key \"hold\""},
      {"allow = [\"on-request\"]\non_request = { " + good + ", again = \"1s\" }", "unknown key \"again\""},
      {"allow = [\"on-request\"]\non_request = { groups = [\"stuff\"], approvers = [\"dba\"] }",
       "did you mean \"staff\""},
      {"allow = [\"on-request\"]\non_request = { groups = [\"staff\"], approvers = [\"dab\"] }",
       "did you mean \"dba\""},
      {"allow = [\"on-request\"]\non_request = { " + good + ", approvals = 9 }", "nobody could ever approve"},
      {"allow = [\"on-request\"]\non_request = true", "on_request"},
  };
  for (const auto& [text, said] : mistakes)
    EXPECT_NE(list(problems_of(with(text))).find(said), std::string::npos) << text << "\n"
                                                                           << list(problems_of(with(text)));
}

}  // namespace
}  // namespace sallyport::config
