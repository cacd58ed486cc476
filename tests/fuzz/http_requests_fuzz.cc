// Any bytes as requests: cuts change nothing, and what is written back is read as the same.
#include "plugins/http/wire/serialise.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/http/story.h"

using namespace sallyport::http;
using namespace sallyport::http::test;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view stream(reinterpret_cast<const char*>(data), size);
  const Story whole = story_of(stream, {}, make_request_parser);
  FUZZ_REQUIRE(whole.consumed <= size);
  std::vector<size_t> all;
  for (size_t cut = 0; cut < std::min<size_t>(size, 2000); ++cut) all.push_back(cut);
  FUZZ_REQUIRE(story_of(stream, all, make_request_parser) == whole);

  RequestParser parser;
  if (parser.step({data, size}).kind != Step::Kind::head) return 0;
  const auto written = serialised(parser.head());
  FUZZ_REQUIRE(written);
  RequestParser second;
  const Step step = second.step({reinterpret_cast<const uint8_t*>(written->data()), written->size()});
  // In 1.1, as it is written, a request has a Host.
  if (parser.head().minor_version == 0) return 0;
  FUZZ_REQUIRE(step.kind == Step::Kind::head && step.consumed == written->size());
  FUZZ_REQUIRE(told(second.head()) == told(parser.head()));
  FUZZ_REQUIRE(second.head().framing == parser.head().framing &&
               second.head().length == parser.head().length);
  return 0;
}
