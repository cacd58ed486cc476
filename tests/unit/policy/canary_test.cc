// What the canary plants, as the policy says.
#include "core/guard/canary.h"

#include <algorithm>

#include "tests/unit/policy/fixture.h"

namespace sallyport::guard {
namespace {

std::string listed(const CanaryPlan& plan) {
  std::string text;
  for (const Plant& plant : plan.plants) {
    constexpr const char* ways[] = {"content", "name", "computed"};
    text += plant.mask->name + " " + ways[static_cast<size_t>(plant.way)] + " " + plant.what + " as " +
            plant.column + "\n";
  }
  for (const Unprovable& other : plan.unprovable) text += other.mask->name + " not " + other.what + "\n";
  return text;
}

std::string plan_text(const std::string& more, const std::vector<std::string>& groups = {}) {
  const auto policy = policy_of(test_config(more));
  return listed(plan_canary(*policy, *policy->target("db"), groups));
}

TEST(PlanCanary, PlantsOneFakeForEachDetectorAndOneForEachColumn) {
  EXPECT_EQ(
      plan_text("[[mask]]\nname = \"m\"\ndetect = [\"email\", \"iban\"]\n"
                "fields = [\"ssn\", \"*.tax_id\", \"*_token\", \"customers.email\"]\naction = \"redact\"\n"),
      "m content iban as planted\nm content email as planted\nm name ssn as ssn\nm name *.tax_id as tax_id\n"
      "m name *_token as canary_token\nm computed computed as planted\nm not customers.email\n");
}

TEST(PlanCanary, PlantsNothingComputedWhereContentAloneDecides) {
  EXPECT_EQ(
      plan_text("[[mask]]\nname = \"m\"\nfields = [\"ssn\"]\ncomputed = \"content\"\naction = \"redact\"\n"),
      "m name ssn as ssn\n");
}

TEST(PlanCanary, SaysWhatItsGroupsAreExceptedFrom) {
  const std::string mask =
      "[[mask]]\nname = \"m\"\ndetect = [\"email\"]\naction = \"redact\"\nexcept = [\"pii-readers\"]\n";
  EXPECT_EQ(plan_text(mask, {"pii-readers"}), "m not all\n");
  EXPECT_EQ(plan_text(mask, {"staff"}), "m content email as planted\n");
}

TEST(PlanCanary, MasksOfRequestsAreNotItsOwn) {
  const auto policy =
      policy_of(test_config("[[mask]]\nname = \"m\"\ndetect = [\"email\"]\ndirection = \"request\"\n"));
  EXPECT_FALSE(has_reply_masks(*policy, *policy->target("db")));
  EXPECT_EQ(listed(plan_canary(*policy, *policy->target("db"), {})), "");
}

TEST(PlanCanary, ADetectorOfTheConfigIsPlantedByItsExample) {
  const std::string detector = "[[detector]]\nname = \"employee\"\npattern = \"EMP-[0-9]{6}\"\n";
  const std::string mask = "[[mask]]\nname = \"m\"\ndetect = [\"employee\"]\naction = \"redact\"\n";
  EXPECT_EQ(plan_text(detector + mask), "m not employee\n");
  EXPECT_EQ(plan_text(detector + "example = \"EMP-123456\"\n" + mask), "m content employee as planted\n");
}

// Goal: an example that its detector does not find is told, at its line: planted, it would seem to leak.
TEST(PlanCanary, AnExampleThatIsNotFoundIsAProblem) {
  for (const char* keys :
       {"example = \"EMP-12345\"\n", "context = [\"badge\"]\nexample = \"EMP-123456\"\n"}) {
    const auto made = compile_text(
        test_config("[[detector]]\nname = \"employee\"\npattern = \"EMP-[0-9]{6}\"\n" + std::string(keys)));
    ASSERT_FALSE(made.has_value()) << keys;
    ASSERT_EQ(made.error().size(), 1u) << list(made.error());
    EXPECT_NE(made.error().front().text.find("example is not what it finds"), std::string::npos);
  }
  const auto good =
      compile_text(test_config("[[detector]]\nname = \"employee\"\npattern = \"EMP-[0-9]{6}\"\n"
                               "context = [\"badge\"]\nexample = \"badge EMP-123456\"\n"));
  EXPECT_TRUE(good.has_value());
}

}  // namespace
}  // namespace sallyport::guard
