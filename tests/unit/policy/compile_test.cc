#include <gtest/gtest.h>

#include "tests/unit/policy/fixture.h"

namespace sallyport::guard {
namespace {

constexpr const char* plain_target =
    "[[target]]\nname = \"raw\"\nprotocol = \"plain\"\ntls = \"off\"\naddress = \"127.0.0.1:2\"\nallow = "
    "[\"staff\"]\n"
    "logins = { app = { credential = { user = \"app\", password = \"file:x\" } } }\n";

struct Mistake {
  std::string text;  // the problem's line ends in # HERE
  const char* said;
};

// Goal: what a plugin's manifest does not hold is refused, at its line. Method: one mistake each.
TEST(Compile, EachMistakeIsToldAtItsLine) {
  const std::string deny = "action = \"deny\"\n";
  const std::string plain = plain_target;
  const Mistake mistakes[] = {
      {test_config("[[rule]]\nname = \"r\"\nuse = \"t/raed\" # HERE\n" + deny),
       "no ready set \"t/raed\" (did you mean \"t/read\"?)"},
      {test_config("[[rule]]\nname = \"r\"\nmatch = { vreb = \"x\" } # HERE\n" + deny),
       "no fact \"vreb\" (did you mean \"verb\"?)"},
      {test_config("[[rule]]\nname = \"r\"\nmatch = { field.size = \"x\" } # HERE\n" + deny),
       "no fact \"field.size\""},
      {test_config("[[mask]]\nname = \"m\"\ndetect = [\"@pli\"] # HERE\naction = \"redact\"\n"),
       "no detector \"@pli\" (did you mean \"@pii\"?)"},
      {test_config("", "options = { moed = \"fast\" } # HERE"), "no such option (did you mean \"mode\"?)"},
      {test_config("", "options = { mode = \"slow\" } # HERE"), "write one of \"fast\", \"safe\""},
      {test_config(plain + "[[mask]] # HERE\nname = \"m\"\ndetect = [\"email\"]\naction = \"redact\"\n"),
       "cannot mask"},
      {test_config(plain + "[[rule]]\nname = \"r\"\ntargets = [\"raw\"]\nmatch = { verb = \"*\" } # HERE\n"
                           "action = \"approve\"\napprovers = [\"dba\"]\n"),
       "no fact \"verb\""},
      {test_config(plain + "[[listener]] # HERE\nprotocol = \"plain\"\naddress = \"127.0.0.1:0\"\ntls = { "
                           "certificate = \"file:a\", key = \"file:b\" }\n"),
       "has no TLS"},
  };
  for (const Mistake& mistake : mistakes) {
    const Compiled policy = compile_text(mistake.text);
    ASSERT_FALSE(policy.has_value()) << mistake.said;
    EXPECT_NE(policy.error().front().text.find(mistake.said), std::string::npos) << list(policy.error());
    const auto mark = static_cast<long>(mistake.text.find("# HERE"));
    const auto line = std::count(mistake.text.begin(), mistake.text.begin() + mark, '\n') + 1;
    EXPECT_EQ(policy.error().front().place.line, line) << list(policy.error());
  }
}

TEST(Compile, ARuleOfManyTargetsIsToldOfOnce) {
  const Compiled policy = compile_text(test_config(
      "[[target]]\nname = \"db2\"\nprotocol = \"test\"\naddress = \"127.0.0.1:2\"\nallow = [\"staff\"]\n"
      "logins = { app = { credential = { user = \"app\", password = \"file:x\" } } }\n"
      "[[rule]]\nname = \"r\"\nuse = \"none\"\naction = \"deny\"\n"));
  ASSERT_FALSE(policy.has_value());
  EXPECT_EQ(policy.error().size(), 1u) << list(policy.error());
}

std::string permit_target(const std::string& name, const std::string& permit) {
  return "[[target]]\nname = \"" + name +
         "\"\nprotocol = \"test\"\naddress = \"127.0.0.1:2\"\nallow = [\"staff\"]\nlogins = { app = { "
         "credential = { user = \"app\", password = \"file:x\" }, permit = [" +
         permit + "] } } # " + name + "\n";
}

std::string mask_of(const std::string& target, const std::string& more) {
  return "[[mask]]\nname = \"m\"\ntargets = [\"" + target + "\"]\ndetect = [\"email\"]\n" + more + "\n";
}

// Goal: what cannot be masked is permitted only where nothing is. Method: masks of both directions on the
// same target and on another.
TEST(Compile, APermissionThatNoMaskSuffers) {
  const std::string peek = permit_target("two", "\"peek\"");
  for (const char* more : {"action = \"redact\"", "direction = \"request\""}) {
    const std::string text = test_config(peek + mask_of("two", more));
    const Compiled policy = compile_text(text);
    ASSERT_FALSE(policy.has_value()) << more;
    EXPECT_EQ(policy.error().size(), 1u) << list(policy.error());
    EXPECT_NE(
        policy.error().front().text.find("permit \"peek\" lets pass what cannot be masked, and mask \"m\""),
        std::string::npos)
        << list(policy.error());
    const auto mark = static_cast<long>(text.find("# two"));
    EXPECT_EQ(policy.error().front().place.line, std::count(text.begin(), text.begin() + mark, '\n') + 1);
    EXPECT_TRUE(compile_text(test_config(peek + mask_of("db", more))).has_value()) << more;
    EXPECT_TRUE(
        compile_text(test_config(permit_target("two", "\"poke\"") + mask_of("two", more))).has_value());
  }
}

TEST(Compile, APermissionThatThePluginDoesNotKnow) {
  const Compiled policy = compile_text(test_config(permit_target("two", "\"peak\"")));
  ASSERT_FALSE(policy.has_value());
  EXPECT_NE(policy.error().front().text.find(
                "test knows no such permission (did you mean \"peek\"?): there are peek poke"),
            std::string::npos)
      << list(policy.error());
}

TEST(Compile, RightOptionsPass) {
  EXPECT_TRUE(compile_text(test_config(plain_target, "options = { mode = \"fast\", title = \"anything\" }"))
                  .has_value());
}

}  // namespace
}  // namespace sallyport::guard
