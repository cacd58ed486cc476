// What the parsers find in good streams, however they are cut.
#include <gtest/gtest.h>

#include "tests/unit/http/story.h"

namespace sallyport::http::test {
namespace {

using Lines = std::vector<std::string>;

void expect_requests(const std::string& stream, const Lines& lines) {
  for (const Story& story : stories_of(stream, make_request_parser)) {
    ASSERT_EQ(story.lines, lines);
    ASSERT_EQ(story.consumed, stream.size());
  }
}

void expect_responses(const std::string& method, const std::string& stream, const Lines& lines) {
  const auto make = [&] {
    ResponseParser parser;
    parser.expect(method);
    return parser;
  };
  for (const Story& story : stories_of(stream, make)) {
    ASSERT_EQ(story.lines, lines);
    ASSERT_EQ(story.consumed, stream.size());
  }
}

TEST(Requests, WithoutABody) {
  expect_requests("GET /a?b=c HTTP/1.1\r\nHost: h:80\r\nA:  b c\t\r\nB:\r\n\r\n",
                  {"head GET h:80 /a?b=c|Host=h:80|A=b c|B= stays", "end"});
  expect_requests("\r\nGET / HTTP/1.0\r\n\r\n", {"head GET  / closes", "end"});
  expect_requests("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
                  {"head GET  /|Connection=Keep-Alive stays", "end"});
  expect_requests("GET / HTTP/1.1\r\nHost: [::1]:8080\r\nConnection: x, CLOSE\r\n\r\n",
                  {"head GET [::1]:8080 /|Host=[::1]:8080|Connection=x, CLOSE closes", "end"});
  expect_requests("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", {"head OPTIONS h *|Host=h stays", "end"});
  expect_requests("GET http://H/x?y HTTP/1.1\r\nHost: h\r\n\r\n", {"head GET h /x?y|Host=h stays", "end"});
  expect_requests("GET https://h?y HTTP/1.1\r\nHost: h\r\n\r\n", {"head GET h /?y|Host=h stays", "end"});
}

TEST(Requests, WithABody) {
  expect_requests(
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\nhello",
      {"head POST h /|Host=h|Content-Length=5|Expect=100-Continue stays expects", "body hello", "end"});
  expect_requests("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
                  {"head POST h /|Host=h|Content-Length=0 stays", "end"});
  expect_requests(
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "3\r\nabc\r\n00a;x=\"y\"\r\n0123456789\r\n0\r\nDigest: z\r\n\r\n",
      {"head POST h /|Host=h|Transfer-Encoding=Chunked stays", "body abc0123456789", "end|Digest=z"});
}

TEST(Requests, Pipelined) {
  const std::string
      one = "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n",
      two = "POST /2 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n\r\r\n0\r\n\r\n";
  expect_requests(one + two + "\r\n" + one, {"head GET h /1|Host=h stays", "end",
                                             "head POST h /2|Host=h|Transfer-Encoding=chunked stays",
                                             "body \r", "end", "head GET h /1|Host=h stays", "end"});
}

TEST(Responses, Framed) {
  expect_responses("GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
                   {"head 200 OK|Content-Length=2 stays", "body hi", "end"});
  expect_responses("GET", "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nA: b\r\n\r\n",
                   {"head 200 |Transfer-Encoding=chunked stays", "body hi", "end|A=b"});
  expect_responses("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n",
                   {"head 200 OK|Content-Length=2 stays", "end"});
  expect_responses("GET", "HTTP/1.1 304 Same\r\nContent-Length: 2\r\n\r\n",
                   {"head 304 Same|Content-Length=2 stays", "end"});
  expect_responses("GET", "HTTP/1.1 204\r\nConnection: close\r\n\r\n",
                   {"head 204 |Connection=close closes", "end"});
  expect_responses("POST",
                   "HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 201 "
                   "Made\r\nContent-Length: 0\r\n\r\n",
                   {"head 100 Go stays", "end", "head 103 Hints|Link=x stays", "end",
                    "head 201 Made|Content-Length=0 stays", "end"});
}

TEST(Responses, UntilClose) {
  ResponseParser parser;
  parser.expect("GET");
  Teller teller(parser);
  teller.tell("HTTP/1.1 200 OK\r\n\r\nall that ");
  teller.tell("HTTP/1.1 200 OK\r\n\r\nall that comes");
  EXPECT_EQ(teller.story.lines, (Lines{"head 200 OK closes", "body all that comes"}));
  EXPECT_FALSE(parser.is_idle());
  EXPECT_EQ(parser.peer_closed().kind, Step::Kind::end);
  EXPECT_TRUE(parser.is_idle());
  EXPECT_EQ(parser.peer_closed().kind, Step::Kind::more);
}

TEST(Responses, OneAfterAnother) {
  ResponseParser parser;
  for (int i = 0; i < 3; ++i) {
    parser.expect("GET");
    Teller teller(parser);
    teller.tell("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
    EXPECT_EQ(teller.story.lines.back(), "end");
    EXPECT_TRUE(parser.is_idle());
  }
}

// A large head that comes byte by byte is looked at once, not once a byte.
TEST(Requests, CutsCostNothing) {
  std::string stream = "GET / HTTP/1.1\r\nHost: h\r\n";
  while (stream.size() < 60'000) stream += "A: " + std::string(1000, 'a') + "\r\n";
  stream += "\r\n";
  RequestParser parser;
  size_t heads = 0;
  for (size_t size = 1; size <= stream.size(); ++size)
    heads +=
        parser.step({reinterpret_cast<const uint8_t*>(stream.data()), size}).kind == Step::Kind::head ? 1 : 0;
  EXPECT_EQ(heads, 1U);
}

}  // namespace
}  // namespace sallyport::http::test
