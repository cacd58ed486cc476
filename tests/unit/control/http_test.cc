// What the admin API takes, by its parts: heads, forms, routes.
#include <gtest/gtest.h>

#include "core/control/form.h"
#include "core/control/http_guard.h"
#include "core/control/http_routes.h"

namespace sallyport {
namespace {

HttpHead head_of(std::vector<std::pair<std::string, std::string>> more) {
  HttpHead head{.method = "GET",
                .target = "/v1/status",
                .version = 11,
                .is_secure = true,
                .fields = {{"Host", "gate.test"}}};
  head.fields.insert(head.fields.end(), more.begin(), more.end());
  return head;
}

unsigned status_of(const HttpHead& head) {
  return look_at(head, {"gate.test", "[::1]", "https://front.test:8443"}).status;
}

TEST(HttpGuard, TakesWhatIsMeantForIt) {
  EXPECT_EQ(status_of(head_of({})), 0U);
  EXPECT_EQ(status_of(head_of({{"Origin", "https://gate.test"}, {"Sec-Fetch-Site", "same-origin"}})), 0U);
  EXPECT_EQ(status_of(head_of({{"Sec-Fetch-Site", "none"}, {"Sec-Fetch-Mode", "navigate"}})), 0U);
  EXPECT_EQ(status_of(head_of({{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Mode", "navigate"}})), 0U)
      << "a link";
  HttpHead looked = head_of({{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Mode", "navigate"}});
  looked.method = "HEAD";
  EXPECT_EQ(status_of(looked), 0U) << "a look at a link";
  HttpHead head = head_of({});
  for (const char* host : {"GATE.test", "gate.test:8420", "[::1]:9", "[::1]"}) {
    head.fields[0].second = host;
    EXPECT_EQ(status_of(head), 0U) << host;
  }
}

// A proxy before the gateway has ended the page's TLS.
TEST(HttpGuard, KnowsItsPagesBehindAProxy) {
  HttpHead head = head_of({{"Origin", "https://front.test:8443"}, {"Sec-Fetch-Site", "same-origin"}});
  head.method = "POST";
  head.is_secure = false;
  head.fields[0].second = "front.test:8443";
  EXPECT_EQ(status_of(head), 0U);
  for (const char* origin : {"https://front.test", "https://front.test:8444", "https://evil.test", "null"}) {
    head.fields[1].second = origin;
    EXPECT_EQ(status_of(head), 403U) << origin;
  }
  head.fields[0].second = "gate.test";
  head.fields[1].second = "https://front.test:8443";
  EXPECT_EQ(status_of(head), 403U) << "of a page that was asked for by another name";
}

TEST(HttpGuard, RefusesOtherHosts) {
  HttpHead head = head_of({});
  for (const char* host : {"evil.test", "gate.test.evil.test", "evil.test:gate.test", "", "gate", "::1",
                           "gate.test@evil.test"}) {
    head.fields[0].second = host;
    EXPECT_EQ(status_of(head), 421U) << host;
  }
  head.fields.clear();
  EXPECT_EQ(status_of(head), 400U);
  EXPECT_EQ(status_of(head_of({{"host", "gate.test"}})), 400U) << "twice";
}

TEST(HttpGuard, RefusesOtherSites) {
  EXPECT_EQ(status_of(head_of({{"Origin", "https://evil.test"}})), 403U);
  EXPECT_EQ(status_of(head_of({{"Origin", "http://gate.test"}})), 403U) << "another scheme is another origin";
  EXPECT_EQ(status_of(head_of({{"Origin", "null"}})), 403U);
  EXPECT_EQ(status_of(head_of({{"Sec-Fetch-Site", "cross-site"}})), 403U);
  EXPECT_EQ(status_of(head_of({{"Sec-Fetch-Site", "same-site"}})), 403U);
  HttpHead posted = head_of({{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Mode", "navigate"}});
  posted.method = "POST";
  EXPECT_EQ(status_of(posted), 403U) << "a form of another site";
}

TEST(HttpGuard, RefusesTwoReadings) {
  EXPECT_EQ(status_of(head_of({{"Transfer-Encoding", "chunked"}})), 411U);
  EXPECT_EQ(status_of(head_of({{"Content-Length", "1"}, {"content-length", "1"}})), 400U);
  EXPECT_EQ(status_of(head_of({{"Authorization", "Bearer a"}, {"authorization", "Bearer b"}})), 400U);
  HttpHead head = head_of({});
  for (const char* target : {"*", "http://gate.test/", "//evil.test/", "/a b", "/a\\b", "/\x7f", ""}) {
    head.target = target;
    EXPECT_EQ(status_of(head), 400U) << target;
  }
}

TEST(Form, Reads) {
  const auto form = parse_form("a=1&b=x+y%2Bz&c&=e&");
  ASSERT_TRUE(form);
  EXPECT_EQ(form->text("a"), "1");
  EXPECT_EQ(form->text("b"), "x y+z");
  EXPECT_EQ(form->text("c"), "");
  EXPECT_EQ(form->words("b"), (std::vector<std::string>{"x", "y+z"}));
}

TEST(Form, RefusesTwoReadings) {
  for (const char* text : {"a=1&a=2", "a=%", "a=%4", "a=%zz", "a=%00", "%61=1&a=2"})
    EXPECT_FALSE(parse_form(text)) << text;
}

TEST(Base64, IsStrict) {
  EXPECT_EQ(base64_decode("YTpi"), "a:b");
  EXPECT_EQ(base64_decode("YTpiYw=="), "a:bc");
  for (const char* text : {"", "YTp", "YT=i", "====", "Y\nTpi", "YTpi\n"}) {
    EXPECT_FALSE(base64_decode(text).value_or("").starts_with("a")) << text;
  }
}

HttpRequest request_of(const char* method, const char* path, const char* body = "") {
  return {.method = method,
          .path = path,
          .query = "",
          .authorization = "",
          .content_type = "application/json",
          .body = body,
          .peer = ""};
}

TEST(HttpRoutes, PathDecides) {
  const auto act = act_of(
      request_of("POST", "/v1/approvals/7F3K/approve", R"({"act": "reload", "id": "other", "reason": "r"})"));
  ASSERT_TRUE(act);
  EXPECT_EQ((*act)["act"], "approve");
  EXPECT_EQ((*act)["id"], "7F3K");
  EXPECT_EQ((*act)["reason"], "r");
  const auto kill = act_of(request_of("DELETE", "/v1/sessions/12"));
  ASSERT_TRUE(kill);
  EXPECT_EQ((*kill)["session"], 12);
  const auto block =
      act_of(request_of("PUT", "/v1/identities/corp%3Aann%2Bx%40example.com/block", R"({"session": 3})"));
  ASSERT_TRUE(block);
  EXPECT_EQ((*block)["identity"], "corp:ann+x@example.com");
  EXPECT_FALSE(block->contains("session"));
}

// Whoever is called so has to be kept out like anybody else.
TEST(HttpRoutes, ANameInAPathIsAName) {
  for (const char* name : {"true", "false", "17"}) {
    const auto act = act_of(request_of("PUT", ("/v1/identities/" + std::string(name) + "/block").c_str()));
    ASSERT_TRUE(act);
    EXPECT_EQ((*act)["identity"], name);
  }
  EXPECT_EQ((*act_of(request_of("DELETE", "/v1/sessions/17")))["session"], 17U);
}

TEST(HttpRoutes, RefusesOthers) {
  const auto status = [](const HttpRequest& request) {
    const auto act = act_of(request);
    return act ? 200U : act.error().status;
  };
  EXPECT_EQ(status(request_of("GET", "/v1/approvals/x/approve")), 405U) << "a look decides nothing";
  EXPECT_EQ(status(request_of("GET", "/v1/approvals/x/y/approve")), 404U);
  EXPECT_EQ(status(request_of("GET", "/v1/approvals//approve")), 404U);
  EXPECT_EQ(status(request_of("GET", "/V1/status")), 404U);
  EXPECT_EQ(status(request_of("PUT", "/v1/lockdown", "[1]")), 400U);
  EXPECT_EQ(status(request_of("PUT", "/v1/lockdown", "{")), 400U);
  EXPECT_EQ(status(request_of("PUT", "/v1/lockdown", R"({"reason": "a", "reason": "b"})")), 400U)
      << "two readings";
  HttpRequest form = request_of("PUT", "/v1/lockdown", "reason=x");
  form.content_type = "application/x-www-form-urlencoded";
  EXPECT_EQ(status(form), 415U) << "what a page of another site could send";
  form.content_type = "text/plain";
  EXPECT_EQ(status(form), 415U);
}

}  // namespace
}  // namespace sallyport
