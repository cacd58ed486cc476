// Requests that two readers might read in two ways, or nobody should: each refused, with its own name,
// however it is cut.
#include "tests/unit/http/refused.h"

namespace sallyport::http::test {
namespace {

std::string get(const std::string& target) { return "GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n"; }
std::string with(const std::string& fields) { return "POST / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n"; }
std::string chunked(const std::string& body) { return with("Transfer-Encoding: chunked\r\n") + body; }

void expect_refused(const std::vector<Case>& cases) { expect_refused_by(cases, make_request_parser); }

TEST(BadRequests, LinesAndBytes) {
  expect_refused({
      {"LF after the request line", "GET / HTTP/1.1\nHost: h\r\n\r\n", "bare-lf"},
      {"LF after a field", "GET / HTTP/1.1\r\nHost: h\n\r\n", "bare-lf"},
      {"LF as the empty line", "GET / HTTP/1.1\r\nHost: h\r\n\n", "bare-lf"},
      {"LF alone before it", "\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "bare-lf"},
      {"CR in a value", "GET / HTTP/1.1\r\nHost: h\r\nA: b\rc\r\n\r\n", "bare-cr"},
      {"CR at a line's end", "GET / HTTP/1.1\rHost: h\r\n\r\n", "bare-cr"},
      {"CR CR LF", "GET / HTTP/1.1\r\r\nHost: h\r\n\r\n", "bare-cr"},
      {"CR before a field", "GET / HTTP/1.1\r\n\rHost: h\r\n\r\n", "bare-cr"},
      {"NUL in the method", std::string("GE\0T / HTTP/1.1\r\nHost: h\r\n\r\n", 28), "nul"},
      {"NUL in the target", std::string("GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n", 28), "nul"},
      {"NUL in a name", std::string("GET / HTTP/1.1\r\nHo\0st: h\r\n\r\n", 28), "nul"},
      {"NUL in a value", std::string("GET / HTTP/1.1\r\nHost: h\0\r\n\r\n", 28), "nul"},
      {"a request behind the last", "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" + get("/"),
       "behind-the-last"},
      {"a request behind one of 1.0", "GET / HTTP/1.0\r\n\r\n" + get("/"), "behind-the-last"},
      {"two empty lines before it", "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "empty-lines"},
      {"two empty lines before the second", get("/") + "\r\n\r\n" + get("/"), "empty-lines"},
  });
}

TEST(BadRequests, RequestLine) {
  expect_refused({
      {"a word alone", "GET\r\nHost: h\r\n\r\n", "bad-request-line"},
      {"HTTP/0.9", "GET /\r\n\r\n", "bad-request-line"},
      {"two spaces before the target", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", "bad-request-line"},
      {"two spaces behind the target", "GET /  HTTP/1.1\r\nHost: h\r\n\r\n", "bad-request-line"},
      {"a space in the target", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", "bad-request-line"},
      {"a space at the end", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n", "bad-version"},
      {"a space at the beginning", " GET / HTTP/1.1\r\nHost: h\r\n\r\n", "bad-method"},
      {"tabs for spaces", "GET\t/\tHTTP/1.1\r\nHost: h\r\n\r\n", "bad-request-line"},
      {"a tab in the method", "GE\tT / HTTP/1.1\r\nHost: h\r\n\r\n", "bad-method"},
      {"a colon in the method", "GET: / HTTP/1.1\r\nHost: h\r\n\r\n", "bad-method"},
      {"a bracket in the method", "G(T / HTTP/1.1\r\nHost: h\r\n\r\n", "bad-method"},
      {"a method beyond ASCII", "G\xc3\x89T / HTTP/1.1\r\nHost: h\r\n\r\n", "bad-method"},
      {"a long method", std::string(33, 'A') + " / HTTP/1.1\r\nHost: h\r\n\r\n", "bad-method"},
      {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: h\r\n\r\n", "other-version"},
      {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", "other-version"},
      {"HTTP/0.9 in words", "GET / HTTP/0.9\r\nHost: h\r\n\r\n", "other-version"},
      {"HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "other-version"},
      {"HTTP/1", "GET / HTTP/1\r\nHost: h\r\n\r\n", "bad-version"},
      {"HTTP/1.10", "GET / HTTP/1.10\r\nHost: h\r\n\r\n", "bad-version"},
      {"HTTP/01.1", "GET / HTTP/01.1\r\nHost: h\r\n\r\n", "bad-version"},
      {"http/1.1", "GET / http/1.1\r\nHost: h\r\n\r\n", "bad-version"},
      {"HTTPS/1.1", "GET / HTTPS/1.1\r\nHost: h\r\n\r\n", "bad-version"},
      {"ICY", "GET / ICY/1.1\r\nHost: h\r\n\r\n", "bad-version"},
      {"RTSP", "DESCRIBE / RTSP/1.0\r\nHost: h\r\n\r\n", "bad-version"},
      {"a comma in the version", "GET / HTTP/1,1\r\nHost: h\r\n\r\n", "bad-version"},
      {"SSH", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "bad-request-line"},
      {"a response", "HTTP/1.1 200 OK\r\n\r\n", "bad-method"},
  });
}

TEST(BadRequests, Targets) {
  expect_refused({
      {"CONNECT", "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", "connect"},
      {"connect", "connect h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", "connect"},
      {"* with GET", get("*"), "bad-asterisk"},
      {"no slash", get("index.html"), "bad-target"},
      {"a host without a scheme", get("h:80"), "bad-target"},
      {"ftp", get("ftp://h/"), "bad-target"},
      {"file", get("file:///etc/passwd"), "bad-target"},
      {"no host in the target", get("http:///x"), "bad-host"},
      {"a user in the target", get("http://u@h/"), "bad-host"},
      {"another host", get("http://other/"), "host-differs"},
      {"another port", get("http://h:81/"), "host-differs"},
      {"a fragment", get("/a#b"), "bad-target-byte"},
      {"a quote", get("/a\"b"), "bad-target-byte"},
      {"an angle", get("/a<b"), "bad-target-byte"},
      {"a control byte", get("/a\x01"), "bad-target-byte"},
      {"DEL", get("/a\x7f"), "bad-target-byte"},
      {"a tab", get("/a\tb"), "bad-target-byte"},
      {"beyond ASCII", get("/\xc3\xa9"), "bad-target-byte"},
      {"a backslash", get("/a\\b"), "backslash"},
      {"a tempting backslash", get("/..\\..\\x"), "backslash"},
      {"a short escape", get("/a%2"), "bad-escape"},
      {"no escape at all", get("/a%"), "bad-escape"},
      {"a false escape", get("/a%zz"), "bad-escape"},
      {"an escaped u", get("/%u002e"), "bad-escape"},
      {"an escaped slash", get("/a%2fb"), "escaped-slash"},
      {"an escaped SLASH", get("/a%2Fb"), "escaped-slash"},
      {"an escaped backslash", get("/a%5cb"), "escaped-slash"},
      {"an escaped NUL", get("/a%00b"), "control-in-path"},
      {"an escaped CR", get("/a%0d%0ab"), "control-in-path"},
      {"an escaped DEL", get("/a%7f"), "control-in-path"},
      {"two slashes", get("//admin"), "empty-segment"},
      {"two slashes within", get("/a//b"), "empty-segment"},
      {"a parameter", get("/admin;x=1/y"), "path-parameter"},
      {"a parameter of dots", get("/a/..;/b"), "path-parameter"},
      {"above the root", get("/.."), "above-root"},
      {"above the root, escaped", get("/%2e%2E/x"), "above-root"},
      {"above the root in the midst", get("/a/../../b"), "above-root"},
      {"a long target", get("/" + std::string(9000, 'a')), "target-too-long"},
      {"an endless target", "GET /" + std::string(70'000, 'a'), "target-too-long"},
  });
}

TEST(BadRequests, Hosts) {
  expect_refused({
      {"none", "GET / HTTP/1.1\r\n\r\n", "no-host"},
      {"two", "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", "two-hosts"},
      {"two that differ in case", "GET / HTTP/1.1\r\nHost: h\r\nhost: other\r\n\r\n", "two-hosts"},
      {"two in 1.0", "GET / HTTP/1.0\r\nHost: h\r\nHost: i\r\n\r\n", "two-hosts"},
      {"empty", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "bad-host"},
      {"a list", "GET / HTTP/1.1\r\nHost: h, i\r\n\r\n", "bad-host"},
      {"a space", "GET / HTTP/1.1\r\nHost: h i\r\n\r\n", "bad-host"},
      {"a path", "GET / HTTP/1.1\r\nHost: h/i\r\n\r\n", "bad-host"},
      {"a user", "GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", "bad-host"},
      {"a word for a port", "GET / HTTP/1.1\r\nHost: h:http\r\n\r\n", "bad-host"},
      {"an empty port", "GET / HTTP/1.1\r\nHost: h:\r\n\r\n", "bad-host"},
      {"a long port", "GET / HTTP/1.1\r\nHost: h:123456\r\n\r\n", "bad-host"},
      {"two ports", "GET / HTTP/1.1\r\nHost: h:1:2\r\n\r\n", "bad-host"},
      {"an open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", "bad-host"},
      {"words in brackets", "GET / HTTP/1.1\r\nHost: [h]\r\n\r\n", "bad-host"},
      {"behind the bracket", "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", "bad-host"},
      {"beyond ASCII", "GET / HTTP/1.1\r\nHost: h\xc3\xa9\r\n\r\n", "bad-host"},
  });
}

TEST(BadRequests, Fields) {
  expect_refused({
      {"folded", with("A: b\r\n c\r\n"), "folded"},
      {"folded by a tab", with("A: b\r\n\tc\r\n"), "folded"},
      {"folded at once", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", "folded"},
      {"a line of blanks", with(" \r\n"), "folded"},
      {"no colon", with("Nonsense\r\n"), "no-colon"},
      {"no name", with(": x\r\n"), "no-name"},
      {"a space before the colon", with("Content-Length : 1\r\n"), "space-before-colon"},
      {"a tab before the colon", with("Transfer-Encoding\t: chunked\r\n"), "space-before-colon"},
      {"a space in the name", with("Content Length: 1\r\n"), "bad-name"},
      {"a control byte in the name", with("Content-\x01Length: 1\r\n"), "bad-name"},
      {"a vertical tab before the colon", with("Transfer-Encoding\x0b: chunked\r\n"), "bad-name"},
      {"a quote in the name", with("\"A\": 1\r\n"), "bad-name"},
      {"a bracket in the name", with("A[]: 1\r\n"), "bad-name"},
      {"a slash in the name", with("A/B: 1\r\n"), "bad-name"},
      {"a name beyond ASCII", with("\xc3\x84: 1\r\n"), "bad-name"},
      {"a control byte in the value", with("A: b\x01\r\n"), "bad-value"},
      {"a vertical tab in the value", with("A: \x0b chunked\r\n"), "bad-value"},
      {"DEL in the value", with("A: \x7f\r\n"), "bad-value"},
      {"ESC in the value", with("A: \x1b[31m\r\n"), "bad-value"},
      {"a large field", with("A: " + std::string(17'000, 'a') + "\r\n"), "field-too-large"},
      {"a large head", with("A: " + std::string(70'000, 'a') + "\r\n"), "head-too-large"},
      {"an endless head", "GET / HTTP/1.1\r\nA: " + std::string(70'000, 'a'), "head-too-large"},
      {"expects something else", with("Expect: 200-ok\r\n"), "bad-expectation"},
      {"expects twice", with("Expect: 100-continue\r\nExpect: 100-continue\r\n"), "bad-expectation"},
      {"expects a list", with("Expect: 100-continue, x\r\n"), "bad-expectation"},
      {"expects nothing", with("Expect:\r\n"), "bad-expectation"},
      {"a strange connection", with("Connection: keep-alive; x\r\n"), "bad-connection"},
      {"a quoted connection", with("Connection: \"close\"\r\n"), "bad-connection"},
  });
  std::string many;
  for (int i = 0; i < 128; ++i) many += "A: b\r\n";
  expect_refused({{"many fields", with(many), "too-many-fields"}});
}

TEST(BadRequests, Lengths) {
  expect_refused({
      {"CL.TE", with("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"), "both-lengths"},
      {"TE.CL", with("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"), "both-lengths"},
      {"an empty one and TE", with("Content-Length:\r\nTransfer-Encoding: chunked\r\n"), "both-lengths"},
      {"a false TE and CL", with("Transfer-Encoding: x\r\nContent-Length: 4\r\n"), "both-lengths"},
      {"two that are the same", with("Content-Length: 4\r\nContent-Length: 4\r\n"), "two-lengths"},
      {"two that differ", with("Content-Length: 4\r\ncontent-length: 5\r\n"), "two-lengths"},
      {"a list", with("Content-Length: 4, 4\r\n"), "bad-length"},
      {"a plus", with("Content-Length: +4\r\n"), "bad-length"},
      {"a minus", with("Content-Length: -4\r\n"), "bad-length"},
      {"hexadecimal", with("Content-Length: 0x4\r\n"), "bad-length"},
      {"a letter", with("Content-Length: 4a\r\n"), "bad-length"},
      {"a space within", with("Content-Length: 4 4\r\n"), "bad-length"},
      {"a comma", with("Content-Length: 4,\r\n"), "bad-length"},
      {"a point", with("Content-Length: 4.0\r\n"), "bad-length"},
      {"a quote", with("Content-Length: \"4\"\r\n"), "bad-length"},
      {"none", with("Content-Length:\r\n"), "bad-length"},
      {"a tab before", with("Content-Length:\t4\r\n"), "tab-in-framing"},
      {"a tab behind", with("Content-Length: 4\t\r\n"), "tab-in-framing"},
      {"a tab behind keep-alive", with("Connection: keep-alive\t\r\n"), "tab-in-framing"},
      {"a tab behind chunked", with("Transfer-Encoding: chunked\t\r\n"), "tab-in-framing"},
      {"an underscore", with("Content-Length: 4_4\r\n"), "bad-length"},
      {"too many digits", with("Content-Length: 0000000000000004\r\n"), "bad-length"},
      {"beyond 64 bits", with("Content-Length: 18446744073709551620\r\n"), "bad-length"},
      {"digits beyond ASCII", with("Content-Length: \xd9\xa4\r\n"), "bad-length"},
  });
}

TEST(BadRequests, Codings) {
  expect_refused({
      {"identity", with("Transfer-Encoding: identity\r\n"), "unknown-coding"},
      {"gzip", with("Transfer-Encoding: gzip\r\n"), "unknown-coding"},
      {"gzip, chunked", with("Transfer-Encoding: gzip, chunked\r\n"), "unknown-coding"},
      {"chunked, identity", with("Transfer-Encoding: chunked, identity\r\n"), "unknown-coding"},
      {"chunked twice", with("Transfer-Encoding: chunked, chunked\r\n"), "unknown-coding"},
      {"two fields", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), "unknown-coding"},
      {"one of two is false", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n"),
       "unknown-coding"},
      {"empty", with("Transfer-Encoding:\r\n"), "unknown-coding"},
      {"xchunked", with("Transfer-Encoding: xchunked\r\n"), "unknown-coding"},
      {"a comma before", with("Transfer-Encoding: ,chunked\r\n"), "unknown-coding"},
      {"a comma behind", with("Transfer-Encoding: chunked,\r\n"), "unknown-coding"},
      {"quoted", with("Transfer-Encoding: \"chunked\"\r\n"), "unknown-coding"},
      {"a parameter", with("Transfer-Encoding: chunked;q=1\r\n"), "unknown-coding"},
      {"a vertical tab",
       with("Transfer-Encoding: \x0b"
            "chunked\r\n"),
       "bad-value"},
      {"in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "coding-in-1.0"},
  });
}

TEST(BadRequests, Chunks) {
  expect_refused({
      {"no size", chunked("\r\nabc\r\n0\r\n\r\n"), "bad-chunk-size"},
      {"a word", chunked("xyz\r\n"), "bad-chunk-size"},
      {"0x", chunked("0x3\r\nabc\r\n0\r\n\r\n"), "bad-chunk-size"},
      {"a plus", chunked("+3\r\nabc\r\n0\r\n\r\n"), "bad-chunk-size"},
      {"a minus", chunked("-1\r\nabc\r\n0\r\n\r\n"), "bad-chunk-size"},
      {"a space before", chunked(" 3\r\nabc\r\n0\r\n\r\n"), "bad-chunk-size"},
      {"a space behind", chunked("3 \r\nabc\r\n0\r\n\r\n"), "bad-chunk-size"},
      {"a tab behind", chunked("3\t\r\nabc\r\n0\r\n\r\n"), "bad-chunk-size"},
      {"an underscore", chunked("1_0\r\n"), "bad-chunk-size"},
      {"nine digits", chunked("000000003\r\nabc\r\n0\r\n\r\n"), "bad-chunk-size"},
      {"a size that wraps", chunked("10000000000000003\r\n"), "bad-chunk-size"},
      {"LF behind the size", chunked("3\nabc\r\n0\r\n\r\n"), "bad-chunk-size"},
      {"CR alone behind the size", chunked("3\rabc\r\n0\r\n\r\n"), "bad-chunk-extension"},
      {"LF in an extension", chunked("3;a\nabc\r\n0\r\n\r\n"), "bad-chunk-extension"},
      {"NUL in an extension", chunked(std::string("3;a\0\r\nabc\r\n0\r\n\r\n", 17)), "bad-chunk-extension"},
      {"a blank in an extension", chunked("3; a\r\nabc\r\n0\r\n\r\n"), "bad-chunk-extension"},
      {"an extension without a name", chunked("3;\r\nabc\r\n0\r\n\r\n"), "bad-chunk-extension"},
      {"an extension without a value", chunked("3;a=\r\nabc\r\n0\r\n\r\n"), "bad-chunk-extension"},
      {"an open quote in an extension", chunked("3;a=\"b\r\nabc\r\n0\r\n\r\n"), "bad-chunk-extension"},
      {"an escape in an extension", chunked("3;a=\"\\\"\"\r\nabc\r\n0\r\n\r\n"), "bad-chunk-extension"},
      {"words behind a quote", chunked("3;a=\"b\"c\r\nabc\r\n0\r\n\r\n"), "bad-chunk-extension"},
      {"a long extension", chunked("3;" + std::string(200, 'a') + "\r\nabc\r\n0\r\n\r\n"),
       "bad-chunk-extension"},
      {"an endless extension", chunked("3;" + std::string(200, 'a')), "bad-chunk-extension"},
      {"a chunk that is longer", chunked("3\r\nabcd\r\n0\r\n\r\n"), "bad-chunk-end"},
      {"a chunk that is shorter", chunked("3\r\nab\r\n0\r\n\r\n"), "bad-chunk-end"},
      {"LF behind a chunk", chunked("3\r\nabc\n0\r\n\r\n"), "bad-chunk-end"},
      {"CR alone behind a chunk", chunked("3\r\nabc\r0\r\n\r\n"), "bad-chunk-end"},
      {"LF as the last line", chunked("0\r\n\n"), "bare-lf"},
      {"a request for trailers", chunked("0\r\nGET / HTTP/1.1\r\n\r\n"), "no-colon"},
      {"a folded trailer", chunked("0\r\nA: b\r\n c\r\n\r\n"), "folded"},
      {"a trailer that frames", chunked("0\r\nContent-Length: 3\r\n\r\n"), "forbidden-trailer"},
      {"a trailer that codes", chunked("0\r\ntransfer-encoding: chunked\r\n\r\n"), "forbidden-trailer"},
      {"a trailer that routes", chunked("0\r\nHost: i\r\n\r\n"), "forbidden-trailer"},
      {"a trailer that proves", chunked("0\r\nAuthorization: Bearer x\r\n\r\n"), "forbidden-trailer"},
      {"a trailer that is a cookie", chunked("0\r\nCookie: a=b\r\n\r\n"), "forbidden-trailer"},
      {"large trailers", chunked("0\r\nA: " + std::string(17'000, 'a') + "\r\n\r\n"), "head-too-large"},
  });
}

// What looks like a second request in a body is body; what is behind it is one.
TEST(BadRequests, NothingIsHidden) {
  const std::string hidden =
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 28\r\n\r\nGET /x HTTP/1.1\r\nHost: h\r\n\r\n";
  for (const Story& story : stories_of(hidden, make_request_parser)) {
    ASSERT_EQ(story.lines.size(), 3U);
    ASSERT_EQ(story.lines[2], "end");
    ASSERT_EQ(story.consumed, hidden.size());
  }
}

}  // namespace
}  // namespace sallyport::http::test
