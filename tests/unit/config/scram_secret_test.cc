#include "config/scram_secret.h"

#include <gtest/gtest.h>

namespace sallyport::config {
namespace {

// Goal: our verifier is the one that others compute. Method: one made by Python's hashlib and hmac.
constexpr const char* pencil =
    "SCRAM-SHA-256$4096:AAECAwQFBgcICQoLDA0ODw==$zHCdol2044/ZyWzPLi7oxApCkamKw9Z+E4U/QApd/"
    "5Y=:dd5peBOitVnLNFu7VmwP+HiDaaw4OUCv396eVCWhYiE=";

std::array<uint8_t, 16> counting_salt() {
  std::array<uint8_t, 16> salt{};
  for (size_t i = 0; i < salt.size(); ++i) salt[i] = static_cast<uint8_t>(i);
  return salt;
}

TEST(ScramSecret, MakesTheVerifierThatOthersMake) {
  const Result<ScramSecret> secret = make_scram_secret("pencil", counting_salt());
  ASSERT_TRUE(secret.has_value());
  EXPECT_EQ(secret->text(), pencil);
}

TEST(ScramSecret, ReadsWhatItWrites) {
  const Result<ScramSecret> secret = parse_scram_secret(pencil);
  ASSERT_TRUE(secret.has_value());
  EXPECT_EQ(secret->iterations, 4096u);
  EXPECT_EQ(secret->salt, counting_salt());
  EXPECT_EQ(secret->text(), pencil);
}

TEST(ScramSecret, RandomSaltsDiffer) {
  EXPECT_NE(make_scram_secret("pencil")->text(), make_scram_secret("pencil")->text());
}

TEST(ScramSecret, ChecksAPassword) {
  const Result<ScramSecret> secret = make_scram_secret("pencil");
  EXPECT_TRUE(scram_secret_matches(*secret, "pencil"));
  EXPECT_FALSE(scram_secret_matches(*secret, "Pencil"));
  EXPECT_FALSE(scram_secret_matches(*secret, ""));
}

// Goal: nothing but the exact form passes, and no refusal repeats the text. Method: single damages.
TEST(ScramSecret, RefusesDamagedTexts) {
  const std::string good = pencil;
  std::vector<std::string> bad = {"",         "SCRAM-SHA-256$", "SCRAM-SHA-1$" + good.substr(14),
                                  good + "=", good + " ",       "md5aabbccdd"};
  for (size_t i = 0; i < good.size(); ++i) bad.push_back(good.substr(0, i));
  for (const char* iterations :
       {"0", "1", "4095", "1000001", "-4096", "+4096", " 4096", "4096x", "99999999999"}) {
    std::string text = good;
    bad.push_back(text.replace(14, 4, iterations));
  }
  for (const std::string& text : bad) {
    const Result<ScramSecret> secret = parse_scram_secret(text);
    EXPECT_FALSE(secret.has_value()) << text;
    if (secret || text.size() <= 40) continue;
    EXPECT_EQ(secret.error().text.find(text.substr(20, 10)), std::string::npos);
  }
}

TEST(ScramSecret, RefusesPasswordsThatSaslprepForbids) {
  EXPECT_FALSE(make_scram_secret("").has_value());
  EXPECT_FALSE(make_scram_secret("tab\there").has_value());
  EXPECT_FALSE(make_scram_secret(std::string(2000, 'a')).has_value());
  EXPECT_TRUE(make_scram_secret("two words").has_value());
}

}  // namespace
}  // namespace sallyport::config
