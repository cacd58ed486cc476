#include "core/identity/key_set.h"

#include <gtest/gtest.h>

#include "tests/unit/identity/token_maker.h"

namespace sallyport::identity {
namespace {

using test::json;

struct Keys {
  test::Pkey rsa = test::rsa_key(), p256 = test::ec_key("P-256"), p384 = test::ec_key("P-384"),
             ed25519 = test::ed25519_key();
  [[nodiscard]] KeySet set() const {
    return *KeySet::parse(test::key_set_text({test::jwk_of(rsa, "rsa"), test::jwk_of(p256, "p256"),
                                              test::jwk_of(p384, "p384"), test::jwk_of(ed25519, "ed")}));
  }
};

const Keys& keys() {
  static const Keys made;
  return made;
}

Checked<void> verify(const KeySet& set, const std::string& token) {
  const auto jwt = parse_jwt(token);
  return jwt ? set.verify(*jwt) : std::unexpected(jwt.error());
}

TokenFault fault_of(const KeySet& set, const std::string& token) {
  const Checked<void> checked = verify(set, token);
  EXPECT_FALSE(checked) << token;
  return checked ? TokenFault::unreachable : checked.error();
}

const json claims = {{"sub", "ann"}};

TEST(KeySet, VerifiesEachAlgorithmOfTheList) {
  const KeySet set = keys().set();
  EXPECT_EQ(set.size(), 4u);
  for (const auto& [algorithm, key, id] : {std::tuple{"RS256", keys().rsa, "rsa"},
                                           {"RS384", keys().rsa, "rsa"},
                                           {"RS512", keys().rsa, "rsa"},
                                           {"PS256", keys().rsa, "rsa"},
                                           {"ES256", keys().p256, "p256"},
                                           {"ES384", keys().p384, "p384"},
                                           {"EdDSA", keys().ed25519, "ed"}}) {
    EXPECT_TRUE(verify(set, test::token(key, algorithm, id, claims))) << algorithm;
    EXPECT_TRUE(verify(set, test::sign(key, algorithm, json{{"alg", algorithm}}.dump(), claims.dump())))
        << algorithm;
    std::string changed = test::token(key, algorithm, id, claims);
    changed[changed.size() - 10] = changed[changed.size() - 10] == 'A' ? 'B' : 'A';
    EXPECT_EQ(fault_of(set, changed), TokenFault::signature) << algorithm;
  }
}

TEST(KeySet, RefusesAlgorithmsOffTheList) {
  const KeySet set = keys().set();
  for (const char* algorithm :
       {"none", "None", "NONE", "", "HS256", "HS512", "RS1", "PS384", "ES512", "ES256K", "rs256"}) {
    const std::string header = json{{"alg", algorithm}, {"kid", "rsa"}}.dump();
    EXPECT_EQ(fault_of(set, test::sign(keys().rsa, "RS256", header, claims.dump())), TokenFault::algorithm)
        << algorithm;
  }
}

TEST(KeySet, RefusesAKeyForAnotherAlgorithm) {
  const KeySet set = keys().set();
  EXPECT_EQ(fault_of(set, test::token(keys().p384, "ES384", "p256", claims)), TokenFault::algorithm);
  EXPECT_EQ(fault_of(set, test::token(keys().p256, "ES256", "rsa", claims)), TokenFault::algorithm);
  EXPECT_EQ(fault_of(set, test::token(keys().rsa, "RS256", "ed", claims)), TokenFault::algorithm);
  json only_pss = test::jwk_of(keys().rsa, "rsa");
  only_pss["alg"] = "PS256";
  const KeySet pss = *KeySet::parse(test::key_set_text({only_pss}));
  EXPECT_TRUE(verify(pss, test::token(keys().rsa, "PS256", "rsa", claims)));
  EXPECT_EQ(fault_of(pss, test::token(keys().rsa, "RS256", "rsa", claims)), TokenFault::algorithm);
}

TEST(KeySet, RefusesOtherPeoplesKeys) {
  const KeySet set = keys().set();
  const test::Pkey stranger = test::rsa_key();
  EXPECT_EQ(fault_of(set, test::token(stranger, "RS256", "rsa", claims)), TokenFault::signature);
  EXPECT_EQ(fault_of(set, test::token(stranger, "RS256", "other", claims)), TokenFault::key_unknown);
  const json header = {
      {"alg", "RS256"}, {"jwk", test::jwk_of(stranger, "mine")}, {"jku", "https://example.com/keys"}};
  EXPECT_EQ(fault_of(set, test::sign(stranger, "RS256", header.dump(), claims.dump())),
            TokenFault::signature);
}

TEST(KeySet, RefusesEcdsaSignaturesInOtherForms) {
  const KeySet set = keys().set();
  const std::string good = test::token(keys().p256, "ES256", "p256", claims);
  const std::string text = good.substr(0, good.rfind('.') + 1);
  const std::string raw = *base64url_decode(good.substr(good.rfind('.') + 1));
  for (const std::string& signature :
       {std::string(64, '\0'), std::string(), raw.substr(1), raw + '\0', raw.substr(0, 63),
        std::string(64, '\xff'), std::string(32, '\0') + raw.substr(32),
        raw.substr(0, 32) + std::string(32, '\0'), '\0' + raw.substr(0, 32) + raw.substr(32)})
    EXPECT_EQ(fault_of(set, text + base64url_encode(signature)), TokenFault::signature);
}

// As a SPIFFE bundle marks them.
TEST(KeySet, TakesKeysForSvids) {
  json key = test::jwk_of(keys().p256, "svid");
  key["use"] = "jwt-svid";
  EXPECT_TRUE(KeySet::parse(test::key_set_text({key})));
  key["use"] = "x509-svid";
  EXPECT_FALSE(KeySet::parse(test::key_set_text({key})));
}

TEST(KeySet, LeavesOutKeysThatMayNotBeUsed) {
  json encrypts = test::jwk_of(keys().rsa, "enc");
  encrypts["use"] = "enc";
  json signs = test::jwk_of(keys().rsa, "signs");
  signs["key_ops"] = {"sign"};
  json off_curve = test::jwk_of(keys().p256, "off");
  off_curve["y"] = off_curve["x"];
  json even = test::jwk_of(keys().rsa, "even");
  even["e"] = "Ag";
  const json symmetric = {{"kty", "oct"}, {"kid", "oct"}, {"k", "c2VjcmV0"}};
  const json small = test::jwk_of(test::rsa_key(1024), "small");
  for (const json& one : {encrypts, signs, off_curve, even, symmetric, small, json("text"), json::object()})
    EXPECT_FALSE(KeySet::parse(test::key_set_text({one}))) << one.dump();
  const auto mixed = KeySet::parse(test::key_set_text({small, test::jwk_of(keys().p256, "good")}));
  ASSERT_TRUE(mixed);
  EXPECT_EQ(mixed->size(), 1u);
}

TEST(KeySet, RefusesTextsThatAreNoSet) {
  for (const char* text :
       {"", "{}", "[]", R"({"keys":{}})", R"({"keys":[]})", R"({"keys":[],"keys":[]})", "<html>"})
    EXPECT_FALSE(KeySet::parse(text)) << text;
  EXPECT_FALSE(KeySet::parse(std::string(1 << 20, ' ')));
}

}  // namespace
}  // namespace sallyport::identity
