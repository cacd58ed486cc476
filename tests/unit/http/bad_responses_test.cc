// Responses that are refused: the client sees none of them.
#include "tests/unit/http/refused.h"

namespace sallyport::http::test {
namespace {

std::string ok(const std::string& fields) { return "HTTP/1.1 200 OK\r\n" + fields + "\r\n"; }

void expect_refused(const std::vector<Case>& cases, const std::string& method = "GET") {
  const auto make = [&] {
    ResponseParser parser;
    parser.expect(method);
    return parser;
  };
  expect_refused_by(cases, make);
}

TEST(BadResponses, StatusLine) {
  expect_refused({
      {"no version", "200 OK\r\n\r\n", "bad-status-line"},
      {"HTTP/2", "HTTP/2 200\r\n\r\n", "bad-status-line"},
      {"HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n", "bad-status-line"},
      {"ICY", "ICY 200 OK\r\n\r\n", "bad-status-line"},
      {"two digits", "HTTP/1.1 20 OK\r\n\r\n", "bad-status-line"},
      {"four digits", "HTTP/1.1 2000 OK\r\n\r\n", "bad-status-line"},
      {"a minus", "HTTP/1.1 -20 OK\r\n\r\n", "bad-status-line"},
      {"two spaces", "HTTP/1.1  200 OK\r\n\r\n", "bad-status-line"},
      {"a tab", "HTTP/1.1\t200 OK\r\n\r\n", "bad-status-line"},
      {"nothing", "HTTP/1.1\r\n\r\n", "bad-status-line"},
      {"an empty line first", "\r\nHTTP/1.1 200 OK\r\n\r\n", "bad-status-line"},
      {"99", "HTTP/1.1 099 Low\r\n\r\n", "bad-status"},
      {"600", "HTTP/1.1 600 High\r\n\r\n", "bad-status"},
      {"100 in 1.0", "HTTP/1.0 100 Go\r\n\r\n", "interim-closes"},
      {"103 that closes", "HTTP/1.1 103 Hints\r\nConnection: close\r\n\r\n", "interim-closes"},
      {"101", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "switched-protocols"},
      {"a control byte", "HTTP/1.1 200 O\x01K\r\n\r\n", "bad-reason"},
      {"ESC in the reason", "HTTP/1.1 200 \x1b[2J\r\n\r\n", "bad-reason"},
      {"LF", "HTTP/1.1 200 OK\n\r\n", "bare-lf"},
      {"CR in the reason", "HTTP/1.1 200 O\rK\r\n\r\n", "bare-cr"},
      {"NUL", std::string("HTTP/1.1 200 O\0K\r\n\r\n", 20), "nul"},
  });
}

TEST(BadResponses, Framing) {
  expect_refused({
      {"both", ok("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), "both-lengths"},
      {"two lengths", ok("Content-Length: 1\r\nContent-Length: 1\r\n"), "two-lengths"},
      {"a list of lengths", ok("Content-Length: 1, 1\r\n"), "bad-length"},
      {"a false length", ok("Content-Length: x\r\n"), "bad-length"},
      {"gzip", ok("Transfer-Encoding: gzip\r\n"), "unknown-coding"},
      {"gzip, chunked", ok("Transfer-Encoding: gzip, chunked\r\n"), "unknown-coding"},
      {"chunked in 1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "coding-in-1.0"},
      {"204 with a body", "HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n", "body-forbidden"},
      {"204 in chunks", "HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n", "body-forbidden"},
      {"100 with a body", "HTTP/1.1 100 Go\r\nContent-Length: 5\r\n\r\n", "body-forbidden"},
      {"103 in chunks", "HTTP/1.1 103 Hints\r\nTransfer-Encoding: chunked\r\n\r\n", "body-forbidden"},
      {"folded", ok("A: b\r\n c\r\n"), "folded"},
      {"a space before the colon", ok("Content-Length : 1\r\n"), "space-before-colon"},
      {"a large head", ok("A: " + std::string(70'000, 'a') + "\r\n"), "head-too-large"},
      {"a false chunk", ok("Transfer-Encoding: chunked\r\n") + "z\r\n", "bad-chunk-size"},
      {"a chunk's end", ok("Transfer-Encoding: chunked\r\n") + "1\r\nab\r\n", "bad-chunk-end"},
      {"a trailer that sets a cookie", ok("Transfer-Encoding: chunked\r\n") + "0\r\nSet-Cookie: a=b\r\n\r\n",
       "forbidden-trailer"},
      {"a second response", ok("Content-Length: 0\r\n") + ok("Content-Length: 0\r\n"), "unasked"},
      {"behind a response", ok("Content-Length: 0\r\n") + "x", "unasked"},
      {"behind a 304", "HTTP/1.1 304 Same\r\nContent-Length: 3\r\n\r\nabc", "unasked"},
  });
  expect_refused({{"a body to HEAD", ok("Content-Length: 3\r\n") + "abc", "unasked"}}, "HEAD");
}

TEST(BadResponses, CutOff) {
  for (const std::string& bytes :
       {std::string("HTTP/1.1 200 OK\r\nContent-Le"), ok("Content-Length: 3\r\n") + "ab",
        ok("Transfer-Encoding: chunked\r\n") + "3\r\nabc\r\n", ok("Transfer-Encoding: chunked\r\n") + "0\r\n",
        std::string("HTTP/1.1 100 Go\r\n\r\n"), std::string()}) {
    ResponseParser parser;
    parser.expect("GET");
    Teller teller(parser);
    teller.tell(bytes);
    EXPECT_EQ(parser.peer_closed().kind, Step::Kind::bad) << bytes;
    EXPECT_EQ(parser.fault().code, "cut-off");
  }
}

}  // namespace
}  // namespace sallyport::http::test
