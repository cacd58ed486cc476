// What is written back is read as what it was.
#include "plugins/http/wire/serialise.h"

#include <gtest/gtest.h>

#include "tests/unit/http/story.h"

namespace sallyport::http::test {
namespace {

TEST(Serialise, RequestsReadBack) {
  for (const std::string& stream : {std::string("GET /a%2e/b?c=%2F HTTP/1.1\r\nHost: h\r\nA:b\r\n\r\n"),
                                    std::string("GET /? HTTP/1.1\r\nHost: h\r\n\r\n"),
                                    std::string("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"),
                                    std::string("GET http://h/x HTTP/1.1\r\nHost: h\r\n\r\n")}) {
    RequestParser first;
    Teller(first).tell(stream);
    const auto written = serialised(first.head());
    ASSERT_TRUE(written);
    RequestParser second;
    Teller(second).tell(*written);
    EXPECT_EQ(told(second.head()), told(first.head()));
    EXPECT_EQ(serialised(second.head()), written);
  }
}

TEST(Serialise, ResponsesReadBack) {
  ResponseParser first, second;
  first.expect("GET");
  second.expect("GET");
  Teller(first).tell("HTTP/1.0 404 Not  here\r\nContent-Length:0\r\nA: \xc3\xa9\r\n\r\n");
  const auto written = serialised(first.head());
  ASSERT_TRUE(written);
  EXPECT_EQ(*written, "HTTP/1.1 404 Not  here\r\nContent-Length: 0\r\nA: \xc3\xa9\r\n\r\n");
  Teller(second).tell(*written);
  EXPECT_EQ(second.head().status, 404U);
}

TEST(Serialise, ChunksReadBack) {
  Fields trailers;
  trailers.add("A", "b");
  std::string stream = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const size_t size : {1UL, 255UL, 4096UL})
    stream.append(chunk_begin(size)).append(std::string(size, 'x')).append(chunk_end);
  stream += *last_chunk(trailers);
  const Story story = story_of(stream, {}, make_request_parser);
  EXPECT_EQ(story.lines[1], "body " + std::string(4352, 'x'));
  EXPECT_EQ(story.lines[2], "end|A=b");
}

// A value that would end its line, from wherever it came, is not sent at all.
TEST(Serialise, NothingEndsALine) {
  for (const std::string& evil :
       {std::string("a\r\nB: c"), std::string("a\nb"), std::string("a\rb"), std::string("a\0b", 3)}) {
    RequestHead request{.method = "GET", .path = "/", .query = "q", .has_query = true};
    ASSERT_TRUE(serialised(request));
    request.fields.add("A", evil);
    EXPECT_FALSE(serialised(request));
    request.fields.set("A", "b");
    ASSERT_TRUE(serialised(request));
    for (std::string* part : {&request.method, &request.path, &request.query}) {
      const std::string kept = std::exchange(*part, evil);
      EXPECT_FALSE(serialised(request));
      *part = kept;
    }
    ResponseHead response{.status = 200, .reason = evil};
    EXPECT_FALSE(serialised(response));
    Fields trailers;
    trailers.add(evil, "x");
    EXPECT_FALSE(last_chunk(trailers));
  }
}

}  // namespace
}  // namespace sallyport::http::test
