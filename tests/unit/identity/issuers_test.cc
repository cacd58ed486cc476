#include "core/identity/issuers.h"

#include <gtest/gtest.h>

#include "config/limits.h"
#include "tests/unit/identity/token_maker.h"

namespace sallyport::identity {
namespace {

using test::json;

constexpr int64_t ms = 1'000'000;

struct Case : testing::Test {
  test::Pkey first = test::ec_key("P-256"), second = test::ec_key("P-256");
  Now now{.wall_ns = 1'800'000'000'000'000'000, .steady_ns = 1'000'000'000};
  std::vector<config::Oidc> fetches;
  bool fetcher_is_free = true;
  Issuers issuers{[this](const config::Oidc& issuer) {
    if (fetcher_is_free) fetches.push_back(issuer);
    return fetcher_is_free;
  }};
  std::vector<std::string> answers;
  RefusedToken last_refused{};
  config::Oidc corp{.name = "corp",
                    .issuer = "https://idp.example.com",
                    .audiences = {"sallyport"},
                    .identity = {"sub"},
                    .session_max_ms = 1000};

  void SetUp() override { issuers.configure({corp}, now); }

  [[nodiscard]] std::string token(const test::Pkey& key, const std::string& id,
                                  const json& more = json::object()) const {
    json claims = {{"iss", corp.issuer},
                   {"aud", "sallyport"},
                   {"sub", "ann"},
                   {"exp", now.wall_ns / 1'000'000'000 + 600}};
    claims.update(more);
    return test::token(key, "ES256", id, claims);
  }
  void check(const std::string& text) {
    issuers.check(text, now.steady_ns + 10'000 * ms, now, [this](const auto& found) {
      answers.push_back(found ? found->name : std::string(token_fault_text(found.error().fault)));
      if (!found) last_refused = found.error();
    });
  }
  [[nodiscard]] std::vector<std::string> take() { return std::exchange(answers, {}); }
  [[nodiscard]] static KeySet keys(std::initializer_list<json> all) {
    return *KeySet::parse(test::key_set_text(all));
  }
  void give(std::initializer_list<json> all) { issuers.fetched(fetches.back(), keys(all), now); }
  void pass_ms(int64_t time) {
    now.steady_ns += time * ms;
    now.wall_ns += time * ms;
  }
  using Texts = std::vector<std::string>;
};

TEST_F(Case, FetchesOnceForAllWhoWait) {
  check(token(first, "a"));
  check(token(first, "a"));
  EXPECT_EQ(fetches.size(), 1u);
  EXPECT_EQ(take(), Texts{});
  give({test::jwk_of(first, "a")});
  EXPECT_EQ(take(), (Texts{"corp:ann", "corp:ann"}));
  check(token(first, "a"));
  EXPECT_EQ(take(), Texts{"corp:ann"});
  EXPECT_EQ(fetches.size(), 1u);
}

TEST_F(Case, DoesNotFetchForWhatCannotBeGood) {
  check("nonsense");
  check(token(first, "a", {{"iss", "https://other.example.com"}}));
  check(test::sign(first, "ES256", R"({"alg":"none"})", json{{"iss", corp.issuer}}.dump()));
  EXPECT_EQ(take(), (Texts{"token-malformed", "token-issuer-unknown", "token-algorithm"}));
  EXPECT_TRUE(fetches.empty());
}

TEST_F(Case, TellsWhoseTokenItRefusesWhereTheIssuerSignedIt) {
  check(token(first, "a", {{"aud", "billing"}}));
  give({test::jwk_of(first, "a")});
  EXPECT_EQ(take(), Texts{"token-audience"});
  EXPECT_EQ(last_refused.issuer, corp.issuer);
  EXPECT_EQ(last_refused.subject, "ann");
  check(token(second, "a", {{"sub", "mallory"}}));
  EXPECT_EQ(take(), Texts{"token-signature"});
  EXPECT_EQ(last_refused.issuer, "");
  EXPECT_EQ(last_refused.subject, "");
}

TEST_F(Case, FetchesAgainForANewKeyButNotForEachUnknownOne) {
  check(token(first, "a"));
  give({test::jwk_of(first, "a")});
  (void)take();
  check(token(second, "b"));
  EXPECT_EQ(take(), Texts{});
  EXPECT_EQ(fetches.size(), 2u);
  for (int i = 0; i < 50; ++i) check(token(second, "x" + std::to_string(i)));
  give({test::jwk_of(first, "a"), test::jwk_of(second, "b")});
  const Texts all = take();
  ASSERT_EQ(all.size(), 51u);
  EXPECT_EQ(all[0], "corp:ann");
  EXPECT_EQ(all[50], "token-key-unknown");
  for (int i = 0; i < 50; ++i) check(token(second, "y" + std::to_string(i)));
  EXPECT_EQ(take(), Texts(50, "token-key-unknown"));
  EXPECT_EQ(fetches.size(), 2u);
  pass_ms(limits::issuer_refetch_min_ms);
  check(token(second, "z"));
  EXPECT_EQ(fetches.size(), 3u);
}

TEST_F(Case, ServesWithTheKeysAtHandWhileTheIssuerIsGone) {
  check(token(first, "a"));
  give({test::jwk_of(first, "a")});
  (void)take();
  pass_ms(limits::issuer_keys_fresh_ms + 1);
  check(token(first, "a"));
  EXPECT_EQ(take(), Texts{});  // the key may have been taken back meanwhile
  ASSERT_EQ(fetches.size(), 2u);
  issuers.fetched(fetches.back(), fail("connection refused"), now);
  EXPECT_EQ(take(), Texts{"corp:ann"});
  EXPECT_EQ(issuers.status(now)[0].error, "connection refused");
  check(token(first, "a"));
  EXPECT_EQ(take(), Texts{"corp:ann"});
  pass_ms(limits::issuer_keys_age_max_ms);
  check(token(first, "a"));
  ASSERT_EQ(fetches.size(), 3u);
  issuers.fetched(fetches.back(), fail("connection refused"), now);
  EXPECT_EQ(take(), Texts{"issuer-unreachable"});
}

TEST_F(Case, TriesAgainSoonAfterAFailure) {
  check(token(first, "a"));
  issuers.fetched(fetches.back(), fail("HTTP status 500"), now);
  check(token(first, "a"));
  EXPECT_EQ(take(), (Texts{"issuer-unreachable", "issuer-unreachable"}));
  pass_ms(limits::issuer_retry_ms);
  check(token(first, "a"));
  ASSERT_EQ(fetches.size(), 2u);
  give({test::jwk_of(first, "a")});
  EXPECT_EQ(take(), Texts{"corp:ann"});
}

TEST_F(Case, RefusesWhoWaitsTooLong) {
  check(token(first, "a"));
  pass_ms(9'999);
  issuers.tick(now);
  EXPECT_EQ(take(), Texts{});
  pass_ms(1);
  issuers.tick(now);
  EXPECT_EQ(take(), Texts{"issuer-unreachable"});
  give({test::jwk_of(first, "a")});
  EXPECT_EQ(take(), Texts{});
}

TEST_F(Case, ForgetsAKeyThatItsIssuerTookBack) {
  check(token(first, "a"));
  give({test::jwk_of(first, "a")});
  (void)take();
  pass_ms(limits::issuer_keys_fresh_ms + 1);
  check(token(first, "a"));
  give({test::jwk_of(second, "b")});
  EXPECT_EQ(take(), Texts{"token-key-unknown"});
}

TEST_F(Case, ServesWhoHasWaitedByTheKeysAtHand) {
  check(token(first, "a"));
  give({test::jwk_of(first, "a")});
  (void)take();
  pass_ms(limits::issuer_keys_fresh_ms + 1);
  check(token(first, "a"));
  pass_ms(10'000);
  issuers.tick(now);
  EXPECT_EQ(take(), Texts{"corp:ann"});
}

TEST_F(Case, BoundsHowManyWait) {
  for (size_t i = 0; i < limits::proof_waiting_count_max + 5; ++i) check(token(first, "a"));
  EXPECT_EQ(take(), Texts(5, "issuer-unreachable"));
  give({test::jwk_of(first, "a")});
  EXPECT_EQ(take().size(), limits::proof_waiting_count_max);
}

TEST_F(Case, SaysSoWhenNobodyCanFetch) {
  fetcher_is_free = false;
  check(token(first, "a"));
  EXPECT_EQ(take(), Texts{"issuer-unreachable"});
}

TEST_F(Case, KeepsKeysOverAReloadThatLeavesThemAlone) {
  check(token(first, "a"));
  give({test::jwk_of(first, "a")});
  (void)take();
  corp.audiences = {"sallyport", "more"};
  issuers.configure({corp}, now);
  check(token(first, "a"));
  EXPECT_EQ(take(), Texts{"corp:ann"});
  corp.keys_url = "https://idp.example.com/other";
  issuers.configure({corp}, now);
  check(token(first, "a"));
  EXPECT_EQ(take(), Texts{});
  EXPECT_EQ(fetches.size(), 2u);
  issuers.configure({}, now);
  EXPECT_EQ(take(), Texts{"token-issuer-unknown"});
  issuers.fetched(fetches.back(), keys({test::jwk_of(first, "a")}), now);
  check(token(first, "a"));
  EXPECT_EQ(take(), Texts{"token-issuer-unknown"});
}

}  // namespace
}  // namespace sallyport::identity
