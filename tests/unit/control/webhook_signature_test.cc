// What webhooks sign and check, against values computed elsewhere.
#include "core/control/webhook_signature.h"

#include <gtest/gtest.h>

#include "core/control/webhook_answer.h"

namespace sallyport {
namespace {

// RFC 4231, test case 2.
TEST(WebhookSignature, IsHmacSha256) {
  EXPECT_EQ(hmac_sha256_hex("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

// The example of Slack's page "Verifying requests from Slack".
constexpr const char* slack_secret = "8f742231b10e8888abcd99yyyzzz85a5";
constexpr const char* slack_body =
    "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_"
    "name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url="
    "https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_"
    "id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
constexpr const char* slack_signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
constexpr int64_t slack_time = 1531420618;

SignedRequest slack_request() {
  return {.path = "/hooks/x", .body = slack_body, .signature = slack_signature, .slack_time = "1531420618"};
}

TEST(WebhookSignature, ChecksSlacks) {
  EXPECT_EQ(check_slack(slack_secret, slack_request(), slack_time + 299), SignatureFault::none);
  EXPECT_EQ(check_slack(slack_secret, slack_request(), slack_time + 301), SignatureFault::old);
  EXPECT_EQ(check_slack(slack_secret, slack_request(), slack_time - 301), SignatureFault::old);
  EXPECT_EQ(check_slack("another", slack_request(), slack_time), SignatureFault::wrong);
  EXPECT_EQ(check_slack("another", slack_request(), slack_time + 301), SignatureFault::wrong)
      << "who cannot sign learns nothing of the clock";
  SignedRequest request = slack_request();
  for (const char* time :
       {"", "1531420618 ", "+1531420618", "01531420618", "1531420618.0", "0", "-1", "99999999999999999999"}) {
    request.slack_time = time;
    EXPECT_EQ(check_slack(slack_secret, request, slack_time), SignatureFault::unsigned_) << time;
  }
  request = slack_request();
  for (const char* signature :
       {"", "v0=", "v1=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"}) {
    request.signature = signature;
    EXPECT_EQ(check_slack(slack_secret, request, slack_time), SignatureFault::unsigned_) << signature;
  }
  request.signature = "v0=A2114D57B48EAC39B9AD189DD8316235A7B4A8D21A10BD27519666489C69B503";
  EXPECT_EQ(check_slack(slack_secret, request, slack_time), SignatureFault::wrong)
      << "one signature has one spelling: replays are known by it";
}

TEST(WebhookSignature, ChecksAnswers) {
  const std::string signature = sign_answer("key", "/hooks/x", 1000, "body");
  const auto check = [&](SignedRequest request, int64_t now_s) {
    return check_answer("key", request, now_s);
  };
  const SignedRequest good = {.path = "/hooks/x", .body = "body", .signature = signature, .slack_time = ""};
  EXPECT_EQ(check(good, 1000), SignatureFault::none);
  EXPECT_EQ(check(good, 1301), SignatureFault::old);
  SignedRequest other = good;
  other.path = "/hooks/y";
  EXPECT_EQ(check(other, 1000), SignatureFault::wrong);
  other = good;
  other.body = "body ";
  EXPECT_EQ(check(other, 1000), SignatureFault::wrong);
  other = good;
  const std::string delivery = sign_delivery("key", 1000, "body");
  other.signature = delivery;
  EXPECT_EQ(check(other, 1000), SignatureFault::wrong) << "what is sent is no answer";
  for (const char* broken : {"", "t=1000", "t=,v1=", "v1=00,t=1000", "t=1000,v1=00"}) {
    other.signature = broken;
    EXPECT_EQ(check(other, 1000), SignatureFault::unsigned_) << broken;
  }
}

HttpRequest answer_request(const std::string& body, int64_t now_s) {
  HttpRequest request{.method = "POST",
                      .path = "/hooks/ops",
                      .query = "",
                      .authorization = "",
                      .content_type = "application/json",
                      .body = body,
                      .peer = ""};
  request.hook.signature = sign_answer("key", request.path, now_s, body);
  return request;
}

constexpr const char* yes = R"({"approval": "7F3K2", "decision": "approve", "sender": "bot"})";

TEST(WebhookAnswers, CountOnce) {
  WebhookAnswers answers;
  const config::Webhook webhook{.name = "ops"};
  const auto first = answers.take(webhook, "key", answer_request(yes, 1000), 1200);
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->decides && first->approve);
  EXPECT_EQ(first->approval, "7F3K2");
  const auto again = answers.take(webhook, "key", answer_request(yes, 1000), 1300);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().status, 409U);
  EXPECT_TRUE(answers.take(webhook, "key", answer_request(yes, 1001), 1300))
      << "another time is another answer";
}

// Signed for five minutes ahead, it is good for ten: remembered as long.
TEST(WebhookAnswers, AreRememberedAsLongAsTheyAreGood) {
  WebhookAnswers answers;
  const config::Webhook webhook{.name = "ops"};
  ASSERT_TRUE(answers.take(webhook, "key", answer_request(yes, 1300), 1000));
  for (int64_t now_s = 1001; now_s <= 1600; now_s += 100) {
    const auto again = answers.take(webhook, "key", answer_request(yes, 1300), now_s);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().status, 409U) << now_s;
  }
  EXPECT_EQ(answers.take(webhook, "key", answer_request(yes, 1300), 1601).error().status, 401U);
}

TEST(WebhookAnswers, SendersOfAWorkspaceComeFirst) {
  const config::Webhook webhook{.senders = {{"U1", "ann"}, {"T2/U1", "bob"}, {"T2/U2", "eve"}}};
  EXPECT_EQ(user_of(webhook, {.sender = "U1", .workspace = "T1"}), "ann");
  EXPECT_EQ(user_of(webhook, {.sender = "U1", .workspace = "T2"}), "bob");
  EXPECT_EQ(user_of(webhook, {.sender = "U2", .workspace = "T1"}), "");
  EXPECT_EQ(user_of(webhook, {.sender = "U3", .workspace = "T2"}), "");
}

}  // namespace
}  // namespace sallyport
