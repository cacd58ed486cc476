// Any bytes as JSON: the checker agrees with an independent parser, but for what the two define otherwise.
#include <nlohmann/json.hpp>

#include "plugins/postgresql/login/startup.h"
#include "plugins/postgresql/rows/json.h"
#include "tests/fuzz/fuzz.h"

using namespace sallyport;

namespace {

// The deepest nesting of brackets outside strings, of text that is JSON.
size_t depth_of(std::string_view text) {
  size_t depth = 0;
  size_t most = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      most = std::max(most, ++depth);
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return most;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const bool ours = pg::valid_json(text);
  // The other parser ends at a NUL, and takes a byte order mark and any depth.
  if (text.find('\0') != text.npos) return 0;
  const bool theirs = nlohmann::json::accept(text);
  if (theirs && !text.starts_with("\xef\xbb\xbf")) {
    FUZZ_REQUIRE(ours == (depth_of(text) <= pg::json_depth_max));
  }
  // It looks into encoding, surrogates and the range of numbers; the server has done that.
  const bool plain =
      pg::valid_utf8(text) && text.find("\\u") == text.npos && text.find_first_of("eE") == text.npos;
  if (ours && plain && size < 300) FUZZ_REQUIRE(theirs);
  return 0;
}
