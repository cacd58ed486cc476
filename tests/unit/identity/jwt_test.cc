#include "core/identity/jwt.h"

#include <gtest/gtest.h>

#include "config/limits.h"
#include "core/identity/base64url.h"
#include "core/identity/strict_json.h"

namespace sallyport::identity {
namespace {

std::string made(const std::string& header, const std::string& claims = R"({"sub":"ann"})") {
  return base64url_encode(header) + "." + base64url_encode(claims) + "." + base64url_encode("signature");
}

TEST(Base64Url, HasOneSpellingForEachValue) {
  EXPECT_EQ(base64url_decode("-_8"), "\xfb\xff");
  EXPECT_EQ(base64url_encode("\xfb\xff"), "-_8");
  EXPECT_EQ(base64url_decode(""), "");
  for (const char* wrong : {"-_8=", "-_9", "+/8", "-_ 8", "A", "AAAAA", "-_8\n"})
    EXPECT_FALSE(base64url_decode(wrong).has_value()) << wrong;
}

TEST(StrictJson, RefusesWhatReadersCouldReadDifferently) {
  EXPECT_TRUE(parse_strict_object(R"({"a":{"b":1},"c":{"b":1}, "d":[{"b":1},{"b":2}]})"));
  for (const char* wrong :
       {R"({"a":1,"a":2})", R"({"a":1,"\u0061":2})", R"({"x":{"a":1,"b":2,"a":3}})",
        R"({"x":[1,{"a":1,"a":1}]})", "[1]", "1", "", "{", R"({"a":1}x)", R"({"a":1}{"b":2})",
        "\xef\xbb\xbf{}", "{\"a\":\"\xff\"}", R"({"a":NaN})", R"({"a":1e999})", R"({a:1})", R"({"a":'b'})",
        R"({"a":1,})", "{\"a\":\"\n\"}", R"({"a":"\ud800"})"})
    EXPECT_FALSE(parse_strict_object(wrong)) << wrong;
  EXPECT_FALSE(parse_strict_object(std::string_view("{}\0x", 4)));
}

TEST(StrictJson, HasADepth) {
  const auto nested = [](size_t depth) {
    return "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_TRUE(parse_strict_object(nested(limits::token_json_depth_max - 1)));
  EXPECT_FALSE(parse_strict_object(nested(limits::token_json_depth_max + 1)));
  EXPECT_FALSE(parse_strict_object(nested(100'000)));
}

TEST(Jwt, TakesApartWhatWasSent) {
  const std::string token = made(R"({"alg":"RS256","kid":"k1","typ":"at+JWT","x5t":"ignored"})");
  const auto jwt = parse_jwt(token);
  ASSERT_TRUE(jwt);
  EXPECT_EQ(jwt->algorithm, "RS256");
  EXPECT_EQ(jwt->key_id, "k1");
  EXPECT_EQ(jwt->claims["sub"], "ann");
  EXPECT_EQ(jwt->signature, "signature");
  EXPECT_EQ(jwt->signed_part, token.substr(0, token.rfind('.')));
}

TEST(Jwt, TakesTypesOfTokensThatLogIn) {
  for (const char* type : {"JWT", "jwt", "at+jwt", "application/at+jwt", "JOSE"})
    EXPECT_TRUE(parse_jwt(made(R"({"alg":"RS256","typ":")" + std::string(type) + "\"}"))) << type;
  EXPECT_TRUE(parse_jwt(made(R"({"alg":"RS256"})")));
}

TEST(Jwt, RefusesHeadersThatMeanSomethingElse) {
  for (const char* header :
       {R"({"alg":"RS256","crit":["exp"],"exp":1})", R"({"alg":"RS256","crit":["b64"],"b64":false})",
        R"({"alg":"RS256","typ":"dpop+jwt"})", R"({"alg":"RS256","typ":"logout+jwt"})",
        R"({"alg":"RS256","typ":1})", R"({"alg":"RS256","enc":"A256GCM"})", R"({"alg":"RS256","zip":"DEF"})",
        R"({"alg":1})", R"({"alg":null})", R"({"alg":["RS256"]})", R"({})", R"({"alg":"RS256","kid":7})",
        R"({"alg":"RS256","alg":"none"})", "[]"}) {
    const auto jwt = parse_jwt(made(header));
    ASSERT_FALSE(jwt) << header;
    EXPECT_EQ(jwt.error(), TokenFault::malformed);
  }
  const std::string long_id =
      R"({"alg":"RS256","kid":")" + std::string(limits::key_id_size_max + 1, 'k') + "\"}";
  EXPECT_FALSE(parse_jwt(made(long_id)));
}

TEST(Jwt, RefusesWhatIsNoToken) {
  const std::string good = made(R"({"alg":"RS256"})");
  for (const std::string& wrong :
       {std::string(), std::string("a.b"), good + ".x", good + "=", " " + good, good + "\n", "x" + good,
        std::string(".."), std::string("...."), good.substr(0, good.rfind('.'))}) {
    const auto jwt = parse_jwt(wrong);
    ASSERT_FALSE(jwt) << wrong;
    EXPECT_EQ(jwt.error(), TokenFault::malformed);
  }
  const auto large = parse_jwt(std::string(limits::token_size_max + 1, 'A'));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error(), TokenFault::too_large);
}

}  // namespace
}  // namespace sallyport::identity
