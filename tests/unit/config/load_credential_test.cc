// What a login's `credential` and [[vault]] may say, and every mistake in them.
#include "tests/unit/config/base_config.h"

namespace sallyport::config {
namespace {

constexpr char vaults[] =
    "[[vault]]\nname = \"main\"\nurl = \"https://v.example.com/\"\ntoken = \"file:t\"\n\n[[mask]]\n";

std::string with_credential(const std::string& credential) {
  const std::string text = replaced(base, "{ user = \"app\", password = \"file:secret\" }", credential);
  return replaced(text, "[[mask]]\n", vaults);
}

Config config_of(const std::string& credential) {
  const Folder folder;
  auto config = load(folder.write("sallyport.toml", with_secrets(with_credential(credential))));
  EXPECT_TRUE(config) << list(config.error());
  return config ? std::move(*config) : Config();
}

TEST(LoadCredential, IsStaticWithoutAKind) {
  const Config config = config_of("{ user = \"app\", password = \"file:secret\" }");
  const Login& login = config.targets[0].logins[0];
  EXPECT_EQ(login.credential.kind, CredentialKind::fixed);
  EXPECT_EQ(login.credential.age_max_days, 90U);
  const Config lasting =
      config_of("{ kind = \"static\", user = \"app\", password = \"file:secret\", max_age = \"forever\" }");
  EXPECT_EQ(lasting.targets[0].logins[0].credential.age_max_days, 0U);
}

TEST(LoadCredential, ReadsARole) {
  const Config config = config_of(
      "{ kind = \"postgresql-role\", user = \"m\", password = \"file:s\", owner = \"o\", member_of = "
      "[\"r\"], "
      "grants = [\"GRANT SELECT ON s.\\\"T t\\\" TO {role}\"], lease = \"5m\", lease_max = \"1h\" }");
  const Login& login = config.targets[0].logins[0];
  EXPECT_EQ(login.credential.kind, CredentialKind::postgresql_role);
  EXPECT_EQ(login.user, "m");
  EXPECT_EQ(login.credential.owner, "o");
  EXPECT_EQ(login.credential.database, "shop");  // the target's
  EXPECT_EQ(login.credential.lease_ms, 300'000U);
  EXPECT_EQ(login.credential.lease_max_ms, 3'600'000U);
}

TEST(LoadCredential, ReadsAVault) {
  const Config config = config_of("{ kind = \"vault\", vault = \"main\", path = \"db/creds/x\" }");
  EXPECT_EQ(config.targets[0].logins[0].credential.engine, VaultEngine::database);
  EXPECT_EQ(config.vaults[0].url, "https://v.example.com");
  const Config kept = config_of("{ kind = \"vault\", vault = \"main\", path = \"kv/data/x\", user = \"u\" }");
  EXPECT_EQ(kept.targets[0].logins[0].credential.engine, VaultEngine::key_value);
  EXPECT_EQ(kept.targets[0].logins[0].credential.lease_ms, 60'000U);
}

// Goal: keys that stand for each other are those of the same credential at the same place.
TEST(LoadCredential, AMeaningIsOfAllThatAKeyDependsOn) {
  const std::string role =
      "{ kind = \"postgresql-role\", user = \"m\", password = \"file:s\", owner = \"o\" }";
  const std::string meaning = config_of(role).targets[0].logins[0].credential.meaning;
  EXPECT_EQ(config_of(role).targets[0].logins[0].credential.meaning, meaning);
  for (const auto& [from, to] :
       {std::pair("\"m\"", "\"n\""), {"\"o\"", "\"p\""}, {"owner", "database = \"x\", owner"}}) {
    EXPECT_NE(config_of(replaced(role, from, to)).targets[0].logins[0].credential.meaning, meaning) << to;
  }
  const Folder folder;
  const std::string moved = replaced(with_credential(role), "10.0.0.5", "10.0.0.6");
  const auto elsewhere = load(folder.write("sallyport.toml", with_secrets(moved)));
  ASSERT_TRUE(elsewhere);
  EXPECT_NE(elsewhere->targets[0].logins[0].credential.meaning, meaning);
}

struct Mistake {
  const char* credential;
  const char* said;
};

// clang-format off
const Mistake mistakes[] = {
    {"{ user = \"app\", password = \"file:s\", kind = \"role\" }", "write \"static\", \"postgresql-role\" or \"vault\""},
    {"{ user = \"app\", password = \"file:s\", max_age = \"3 weeks\" }", "write days"},
    {"{ user = \"app\", password = \"file:s\", max_age = \"0d\" }", "write days"},
    {"{ user = \"app\", password = \"file:s\", owner = \"x\" }", "unknown key \"owner\""},
    {"{ kind = \"postgresql-role\", user = \"m\", owner = \"o\" }", "password is missing"},
    {"{ kind = \"postgresql-role\", user = \"m\", password = \"word\", owner = \"o\" }", "never stands in the config"},
    {"{ kind = \"postgresql-role\", user = \"m\", password = \"file:s\" }", "gives the role nothing"},
    {"{ kind = \"postgresql-role\", user = \"m\", password = \"file:s\", owner = \"m\" }", "the user of the control connection"},
    {"{ kind = \"postgresql-role\", user = \"m\", password = \"file:s\", member_of = [\"m\"] }", "the user of the control connection"},
    {"{ kind = \"postgresql-role\", user = \"m\", password = \"file:s\", grants = [\"GRANT a TO b\"] }", "does not say {role}"},
    {"{ kind = \"postgresql-role\", user = \"m\", password = \"file:s\", grants = [\"GRANT a TO {role}; DROP TABLE x\"] }", "one plain GRANT"},
    {"{ kind = \"postgresql-role\", user = \"m\", password = \"file:s\", grants = [\"GRANT a TO {role} -- x\"] }", "one plain GRANT"},
    {"{ kind = \"postgresql-role\", user = \"m\", password = \"file:s\", grants = [\"GRANT a TO {role} /* x\"] }", "one plain GRANT"},
    {"{ kind = \"postgresql-role\", user = \"m\", password = \"file:s\", grants = [\"GRANT 'a' TO {role}\"] }", "one plain GRANT"},
    {"{ kind = \"postgresql-role\", user = \"m\", password = \"file:s\", grants = [\"GRANT \\\"a TO {role}\"] }", "double quote"},
    {"{ kind = \"postgresql-role\", user = \"m\", password = \"file:s\", grants = [\"DROP ROLE {role}\"] }", "is no GRANT"},
    {"{ kind = \"postgresql-role\", user = \"m\", password = \"file:s\", grants = [\"GRANT a TO {role} {x}\"] }", "beside {role}"},
    {"{ kind = \"postgresql-role\", user = \"m\", password = \"file:s\", owner = \"o\", lease = \"2h\", lease_max = \"1h\" }", "shorter than lease"},
    {"{ kind = \"postgresql-role\", user = \"m\", password = \"file:s\", owner = \"o\", lease = \"10ms\" }", "too short"},
    {"{ kind = \"vault\", vault = \"mine\", path = \"secret/data/x\" }", "no vault \"mine\""},
    {"{ kind = \"vault\", vault = \"main\" }", "path is missing"},
    {"{ kind = \"vault\", vault = \"main\", path = \"secret/x\" }", "MOUNT/data/NAME"},
    {"{ kind = \"vault\", vault = \"main\", path = \"a/data/../x\" }", "MOUNT/data/NAME"},
    {"{ kind = \"vault\", vault = \"main\", path = \"a/data/x?version=1\" }", "MOUNT/data/NAME"},
    {"{ kind = \"vault\", vault = \"main\", path = \"db/creds/x\", user = \"u\" }", "the vault names the user"},
    {"{ kind = \"vault\", vault = \"main\", path = \"a/data/x\", user = \"u\", user_field = \"v\" }", "leave one of them out"},
};
const Mistake vault_mistakes[] = {  // in the place of the good one's url and token
    {"url = \"http://v.example.com\"\ntoken = \"file:t\"", "write an https:// address"},
    {"token = \"file:t\"", "url is missing"},
    {"url = \"https://v\"", "no way to log in"},
    {"url = \"https://v\"\ntoken = \"s.abc\"", "never stands in the config"},
    {"url = \"https://v\"\nrole_id = \"x\"", "secret_id is missing"},
    {"url = \"https://v\"\ntoken = \"file:t\"\nrole_id = \"x\"\nsecret_id = \"file:y\"", "two ways to log in"},
};
// clang-format on

// Goal: each mistake is one problem that says what to write.
TEST(LoadCredential, EachMistakeIsTold) {
  for (const Mistake& mistake : mistakes) {
    const std::vector<Problem> problems = problems_of(with_credential(mistake.credential));
    ASSERT_EQ(problems.size(), 1U) << mistake.credential << "\n" << list(problems);
    EXPECT_NE(problems.front().text.find(mistake.said), std::string::npos) << mistake.credential << "\n"
                                                                           << list(problems);
  }
  for (const Mistake& mistake : vault_mistakes) {
    const std::string text =
        replaced(with_credential("{ user = \"app\", password = \"file:secret\" }"),
                 "url = \"https://v.example.com/\"\ntoken = \"file:t\"", mistake.credential);
    const std::vector<Problem> problems = problems_of(text);
    ASSERT_EQ(problems.size(), 1U) << mistake.credential << "\n" << list(problems);
    EXPECT_NE(problems.front().text.find(mistake.said), std::string::npos) << list(problems);
  }
}

}  // namespace
}  // namespace sallyport::config
