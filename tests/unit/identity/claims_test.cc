#include "core/identity/claims.h"

#include <gtest/gtest.h>

#include "config/limits.h"

namespace sallyport::identity {
namespace {

using nlohmann::json;

constexpr int64_t s = 1'000'000'000;
constexpr int64_t now_ns = 1'800'000'000 * s;

config::Oidc issuer() {
  return {.name = "corp",
          .issuer = "https://idp.example.com",
          .audiences = {"sallyport"},
          .identity = {"email", "sub"},
          .groups = {"groups"},
          .email = "email",
          .session_max_ms = 3'600'000};
}

json claims() {
  return {{"iss", "https://idp.example.com"}, {"aud", "sallyport"},   {"sub", "248289761001"},
          {"email", "Ann@Example.com"},       {"exp", 1'800'000'600}, {"iat", 1'799'999'990},
          {"groups", {"dba", "staff"}}};
}

json with(const char* key, const json& value) {
  json changed = claims();
  changed[key] = value;
  return changed;
}

json without(const char* key) {
  json changed = claims();
  changed.erase(key);
  return changed;
}

TEST(Claims, SayWhoTheBearerIs) {
  const auto who = check_claims(issuer(), claims(), now_ns);
  ASSERT_TRUE(who) << token_fault_text(who.error());
  EXPECT_EQ(who->name, "corp:Ann@Example.com");
  EXPECT_EQ(who->subject, "248289761001");
  EXPECT_EQ(who->groups, (std::vector<std::string>{"dba", "staff"}));
  EXPECT_EQ(who->persons,
            (std::vector<std::string>{"https://idp.example.com#248289761001", "mailto:ann@example.com"}));
  EXPECT_EQ(who->expires_ns, now_ns + 3600 * s);
  EXPECT_EQ(who->actor, "");
  config::Oidc tied = issuer();
  tied.session_max_ms = 0;
  EXPECT_EQ(check_claims(tied, claims(), now_ns)->expires_ns, now_ns + 600 * s);
}

TEST(Claims, MustBeMeantForUsAndHoldNow) {
  const std::vector<std::tuple<json, TokenFault>> cases = {
      {without("iss"), TokenFault::issuer_unknown},
      {with("iss", "https://idp.example.com/"), TokenFault::issuer_unknown},
      {with("iss", "https://IDP.example.com"), TokenFault::issuer_unknown},
      {with("iss", {"https://idp.example.com"}), TokenFault::issuer_unknown},
      {without("aud"), TokenFault::audience},
      {with("aud", "Sallyport"), TokenFault::audience},
      {with("aud", "sallyport2"), TokenFault::audience},
      {with("aud", json::array()), TokenFault::audience},
      {with("aud", json::array({json::array({"sallyport"})})), TokenFault::audience},
      {with("aud", json::array({"sallyport", 7})), TokenFault::audience},
      {with("aud", 1), TokenFault::audience},
      {without("exp"), TokenFault::claims},
      {with("exp", "1800000600"), TokenFault::claims},
      {with("exp", -1), TokenFault::claims},
      {with("exp", 1e300), TokenFault::claims},
      {with("exp", nullptr), TokenFault::claims},
      {with("exp", 1'799'999'970), TokenFault::expired},
      {with("nbf", 1'800'000'031), TokenFault::not_yet_valid},
      {with("nbf", "now"), TokenFault::claims},
      {with("iat", 1'800'000'031), TokenFault::issued_in_future},
      {with("iat", json::array()), TokenFault::claims},
  };
  for (const auto& [token, fault] : cases) {
    const auto who = check_claims(issuer(), token, now_ns);
    ASSERT_FALSE(who) << token.dump();
    EXPECT_EQ(who.error(), fault) << token.dump();
  }
}

TEST(Claims, AllowForClocksThatDiffer) {
  EXPECT_TRUE(check_claims(issuer(), with("exp", 1'799'999'971), now_ns));
  EXPECT_TRUE(check_claims(issuer(), with("nbf", 1'800'000'030), now_ns));
  EXPECT_TRUE(check_claims(issuer(), with("iat", 1'800'000'029.5), now_ns));
  EXPECT_TRUE(check_claims(issuer(), with("aud", {"other", "sallyport"}), now_ns));
}

TEST(Claims, MustNameTheirBearerInPlainWords) {
  config::Oidc by_subject = issuer();
  by_subject.identity = {"sub"};
  for (const json& subject : std::vector<json>{
           "", " ann", "ann ", "a\nb", std::string("a\0b", 3), "a\x7f", "a\u009b", "a\u202e", "a\u200b",
           "\ufeffa", 7, nullptr, json::array({"ann"}), std::string(limits::claim_size_max + 1, 'a')}) {
    const auto who = check_claims(by_subject, with("sub", subject), now_ns);
    ASSERT_FALSE(who) << subject.dump();
    EXPECT_EQ(who.error(), TokenFault::claims);
  }
  EXPECT_FALSE(check_claims(by_subject, without("sub"), now_ns));
  EXPECT_FALSE(check_claims(issuer(), with("email", 7), now_ns));
  EXPECT_EQ(check_claims(issuer(), without("email"), now_ns)->name, "corp:248289761001");
}

TEST(Claims, DoNotTakeAnAddressThatNobodyConfirmed) {
  EXPECT_EQ(check_claims(issuer(), with("email_verified", false), now_ns)->name, "corp:248289761001");
  EXPECT_EQ(check_claims(issuer(), with("email_verified", "false"), now_ns)->name, "corp:248289761001");
  EXPECT_EQ(check_claims(issuer(), with("email_verified", true), now_ns)->name, "corp:Ann@Example.com");
  config::Oidc google = issuer();
  google.preset = config::OidcPreset::google;
  google.identity = {"email"};
  EXPECT_FALSE(check_claims(google, claims(), now_ns));
  EXPECT_TRUE(check_claims(google, with("email_verified", true), now_ns));
}

TEST(Claims, GiveGroups) {
  config::Oidc mapped = issuer();
  mapped.groups = {"groups", "realm_access.roles", "repository:"};
  mapped.group_names = {{"2f1c", "dba"}};
  json token = with("groups", {"2f1c", "staff", "staff"});
  token["realm_access"] = {{"roles", {"admin"}}};
  token["repository"] = "octo/app";
  const auto who = check_claims(mapped, token, now_ns);
  ASSERT_TRUE(who);
  EXPECT_EQ(who->groups, (std::vector<std::string>{"dba", "staff", "admin", "repository:octo/app"}));
  EXPECT_TRUE(check_claims(issuer(), with("groups", "one"), now_ns));
  EXPECT_TRUE(check_claims(issuer(), without("groups"), now_ns));
  json many = json::array();
  for (size_t i = 0; i <= limits::claim_group_count_max; ++i) many.push_back("g" + std::to_string(i));
  for (const json& groups :
       std::vector<json>{7, json::array({1}), json::object(), json::array({"a\nb"}), json::array({""}), many})
    EXPECT_FALSE(check_claims(issuer(), with("groups", groups), now_ns)) << groups.dump();
}

TEST(Claims, TellEntrasOverage) {
  config::Oidc entra = issuer();
  entra.preset = config::OidcPreset::entra;
  json token = without("groups");
  token["_claim_names"] = {{"groups", "src1"}};
  EXPECT_EQ(check_claims(entra, token, now_ns).error(), TokenFault::groups_overage);
  EXPECT_EQ(check_claims(entra, with("hasgroups", true), now_ns).error(), TokenFault::groups_overage);
}

TEST(Claims, MustBeOfAPartyOnTheList) {
  config::Oidc limited = issuer();
  limited.parties = {"agent-7"};
  EXPECT_EQ(check_claims(limited, claims(), now_ns).error(), TokenFault::party);
  EXPECT_EQ(check_claims(limited, with("azp", "agent-8"), now_ns).error(), TokenFault::party);
  EXPECT_EQ(check_claims(limited, with("azp", {"agent-7"}), now_ns).error(), TokenFault::party);
  EXPECT_TRUE(check_claims(limited, with("azp", "agent-7"), now_ns));
  EXPECT_TRUE(check_claims(limited, with("client_id", "agent-7"), now_ns));
  json both = with("azp", "agent-8");
  both["client_id"] = "agent-7";
  EXPECT_FALSE(check_claims(limited, both, now_ns));
}

TEST(Claims, ThatBindTheTokenToAKeyAreRefused) {
  EXPECT_EQ(check_claims(issuer(), with("cnf", {{"jkt", "x"}}), now_ns).error(), TokenFault::claims);
}

TEST(Claims, NameWhoActsForTheSubject) {
  EXPECT_EQ(
      check_claims(issuer(), with("act", {{"sub", "agent-7"}, {"act", {{"sub", "earlier"}}}}), now_ns)->actor,
      "corp:agent-7");
  for (const json& act : std::vector<json>{"agent-7", json::object(), {{"sub", ""}}, {{"sub", 7}}})
    EXPECT_FALSE(check_claims(issuer(), with("act", act), now_ns)) << act.dump();
}

TEST(Claims, OfGithubTellTheRun) {
  config::Oidc github = issuer();
  github.preset = config::OidcPreset::github_actions;
  github.identity = {"sub"};
  github.groups = {"repository:", "environment:"};
  json token = without("email");
  token.update({{"sub", "repo:octo/app:ref:refs/heads/main"},
                {"repository", "octo/app"},
                {"run_id", "42"},
                {"workflow_ref", "octo/app/.github/workflows/x.yml@refs/heads/main"},
                {"actor", "ann\n"}});
  const auto who = check_claims(github, token, now_ns);
  ASSERT_TRUE(who);
  EXPECT_EQ(who->name, "corp:repo:octo/app:ref:refs/heads/main");
  EXPECT_EQ(who->groups, (std::vector<std::string>{"repository:octo/app"}));
  const std::vector<std::pair<std::string, std::string>> job = {
      {"run", "42"},
      {"workflow", "octo/app/.github/workflows/x.yml@refs/heads/main"},
      {"repository", "octo/app"},
      {"by", "ann?"},
      {"url", "https://github.com/octo/app/actions/runs/42"}};
  EXPECT_EQ(who->job, job);
}

TEST(Claims, OfKubernetesTellThePod) {
  config::Oidc cluster = issuer();
  cluster.preset = config::OidcPreset::kubernetes;
  cluster.identity = {"sub"};
  cluster.groups = {};
  json token = without("email");
  token["sub"] = "system:serviceaccount:prod:builder";
  token["kubernetes.io"] = {{"namespace", "prod"}, {"pod", {{"name", "builder-1"}}}};
  const auto who = check_claims(cluster, token, now_ns);
  ASSERT_TRUE(who);
  EXPECT_EQ(who->groups, (std::vector<std::string>{"system:serviceaccounts", "system:serviceaccounts:prod"}));
  const std::vector<std::pair<std::string, std::string>> job = {{"namespace", "prod"}, {"pod", "builder-1"}};
  EXPECT_EQ(who->job, job);
}

TEST(Claims, OfSpiffeAreKnownByTheirTrustDomain) {
  config::Oidc domain = issuer();
  domain.preset = config::OidcPreset::spiffe;
  domain.issuer = "spiffe://example.org";
  domain.identity = {"sub"};
  json token = without("iss");
  token["sub"] = "spiffe://example.org/agent";
  EXPECT_EQ(check_claims(domain, token, now_ns)->name, "corp:spiffe://example.org/agent");
  for (const char* other :
       {"spiffe://example.org.evil/agent", "spiffe://example.orgx", "spiffe://other.org/agent"}) {
    token["sub"] = other;
    EXPECT_EQ(check_claims(domain, token, now_ns).error(), TokenFault::issuer_unknown) << other;
  }
}

}  // namespace
}  // namespace sallyport::identity
