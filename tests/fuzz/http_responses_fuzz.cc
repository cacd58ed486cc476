// Any bytes as responses: cuts change nothing, and what is written back is read as the same. The first byte
// says what was asked for.
#include "plugins/http/wire/serialise.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/http/story.h"

using namespace sallyport::http;
using namespace sallyport::http::test;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto make = [method = data[0] == 'H' ? "HEAD" : "GET"] {
    ResponseParser parser;
    parser.expect(method);
    return parser;
  };
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Story whole = story_of(stream, {}, make);
  FUZZ_REQUIRE(whole.consumed <= stream.size());
  std::vector<size_t> all;
  for (size_t cut = 0; cut < std::min<size_t>(stream.size(), 2000); ++cut) all.push_back(cut);
  FUZZ_REQUIRE(story_of(stream, all, make) == whole);

  ResponseParser parser = make(), second = make();
  if (parser.step({data + 1, size - 1}).kind != Step::Kind::head) return 0;
  const auto written = serialised(parser.head());
  FUZZ_REQUIRE(written);
  const Step step = second.step({reinterpret_cast<const uint8_t*>(written->data()), written->size()});
  FUZZ_REQUIRE(step.kind == Step::Kind::head && step.consumed == written->size());
  FUZZ_REQUIRE(second.head().status == parser.head().status && second.head().reason == parser.head().reason);
  FUZZ_REQUIRE(second.head().framing == parser.head().framing &&
               second.head().length == parser.head().length);
  return 0;
}
