// Which fields go on, and as what.
#include <gtest/gtest.h>

#include "plugins/http/header_rules.h"
#include "plugins/http/problem.h"

namespace sallyport::http {
namespace {

std::string told(const Fields& fields) {
  std::string out;
  for (const Field& field : fields) out += field.name + ": " + field.value + "\n";
  return out;
}

TEST(Heads, ToTheTarget) {
  RequestHead head;
  for (const auto& [name, value] :
       std::vector<std::pair<const char*, const char*>>{{"Host", "gate"},
                                                        {"Connection", "close, X-Hop ,, te"},
                                                        {"x-hop", "1"},
                                                        {"TE", "trailers"},
                                                        {"authorization", "Bearer x"},
                                                        {"X-Forwarded-For", "1.2.3.4"},
                                                        {"FORWARDED", "for=1"},
                                                        {"Accept", "*/*"},
                                                        {"X-HTTP-Method-Override", "DELETE"},
                                                        {"x-rewrite-url", "/admin"},
                                                        {"Transfer-Encoding", "chunked"},
                                                        {"Cookie", "a=b"},
                                                        {"Range", "bytes=0-1"},
                                                        {"Expect", "100-continue"}})
    head.fields.add(name, value);
  RequestHead masked = head;
  write_request_fields(head, {.host = "t:80", .credential_name = "X-Api-Key", .credential_value = "k"});
  EXPECT_EQ(told(head.fields), "Accept: */*\nCookie: a=b\nRange: bytes=0-1\nHost: t:80\nX-Api-Key: k\n");
  write_request_fields(masked, {.host = "t", .is_masked = true});
  EXPECT_EQ(told(masked.fields), "Accept: */*\nCookie: a=b\nHost: t\nAccept-Encoding: identity\n");
  frame_request(masked, true, false, 7);
  EXPECT_EQ(*masked.fields.find("content-length"), "7");
}

// What comes in under the name of the target's credential does not stand beside it.
TEST(Heads, CredentialReplaces) {
  RequestHead head;
  head.fields.add("x-api-key", "theirs");
  head.fields.add("X-API-KEY", "theirs too");
  head.fields.add("X_Api_Key", "to CGI the same");
  head.fields.add("x_forwarded-for", "1.2.3.4");
  head.fields.add("Content_Length", "7");
  write_request_fields(head, {.host = "t", .credential_name = "X-Api-Key", .credential_value = "ours"});
  EXPECT_EQ(head.fields.count("x-api-key"), 1U);
  EXPECT_EQ(told(head.fields), "Host: t\nX-Api-Key: ours\n");
}

TEST(Heads, ToTheCaller) {
  const Route route{.name = "crm", .prefix = "/t/crm", .path = "/"};
  for (const auto& [from, to] :
       std::vector<std::pair<const char*, const char*>>{{"/a?b", "/t/crm/a?b"},
                                                        {"http://t:80/a", "/t/crm/a"},
                                                        {"HTTPS://T:80", "/t/crm/"},
                                                        {"http://t:80.evil/a", "http://t:80.evil/a"},
                                                        {"//evil/a", "//evil/a"},
                                                        {"https://elsewhere/a", "https://elsewhere/a"},
                                                        {"a/b", "a/b"}}) {
    ResponseHead head;
    head.fields.add("Location", from);
    write_response_fields(head, route, "t:80");
    EXPECT_EQ(*head.fields.find("location"), to) << from;
  }
  ResponseHead head;
  head.fields.add("Set-Cookie", "a=b; Domain=t; path=/x; HttpOnly");
  head.fields.add("Set-Cookie", "domain=1; Path=/");
  head.fields.add("Connection", "X-Gone");
  head.fields.add("X-Gone", "1");
  write_response_fields(head, route, "t:80");
  EXPECT_EQ(told(head.fields),
            "Set-Cookie: a=b; Path=/t/crm/x; HttpOnly\nSet-Cookie: domain=1; Path=/t/crm/\n");
}

TEST(Heads, Problem) {
  const std::string_view rule = "no \"more\"\n", detail = "approval=7F3KM state=pending do=ask again: later";
  const sp_answer answer{.size = sizeof answer,
                         .verdict = SP_DENY,
                         .state = SP_STATE_PENDING,
                         .rule = {rule.data(), rule.size()},
                         .message = {},
                         .detail = {detail.data(), detail.size()}};
  const std::string text =
      problem_response({.status = 403, .code = "denied", .text = "no", .answer = &answer}, true, false);
  EXPECT_NE(
      text.find(
          R"("rule":"no \"more\"\u000a","approval":"7F3KM","state":"pending","do":"ask again: later"})"),
      text.npos)
      << text;
  EXPECT_NE(text.find("Connection: close\r\n"), text.npos);
  EXPECT_TRUE(problem_response({}, false, true).ends_with("\r\n\r\n"));
}

}  // namespace
}  // namespace sallyport::http
