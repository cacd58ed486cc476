// Bodies of any kind: the first byte says which, the second how they are cut. However that is, the same comes
// out; of JSON comes JSON.
#include <nlohmann/json.hpp>

#include "plugins/http/body/body_mask.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/http_body/eyes.h"

namespace {

using namespace sallyport::http;

std::string masked(Media media, std::string_view body, size_t size) {
  Eyes eyes;
  const auto mask = make_body_mask(media, eyes);
  std::string out;
  for (size_t at = 0; at < body.size(); at += size) {
    if (!mask->feed(body.substr(at, size), out)) return "!";
  }
  return mask->finish(out) ? out : "!";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const auto media = static_cast<Media>(data[0] % static_cast<unsigned>(Media::none));
  const std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string whole = masked(media, body, body.size() + 1);
  FUZZ_REQUIRE(masked(media, body, data[1] + size_t{1}) == whole);
  if (media != Media::json || body.empty()) return 0;
  // The other reader refuses numbers that it cannot hold, and takes a zero byte for the end; what else it
  // takes is taken, and comes out as JSON.
  const bool is_taken =
      body.size() < json_depth_max && body.find('\0') == body.npos && nlohmann::json::accept(body);
  const bool is_kept_back = body.find("withheld") != body.npos;
  FUZZ_REQUIRE(!is_taken || is_kept_back || whole != "!");
  FUZZ_REQUIRE(!is_taken || is_kept_back || nlohmann::json::accept(whole));
  return 0;
}
