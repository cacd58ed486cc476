// Any bytes as sallyport.toml: a Config, or problems that say where and what; the same each time; and no
// verifier in the text that goes on the record.
#include "config/config.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/config/folder.h"

using namespace sallyport;

namespace {

std::string list(const std::vector<config::Problem>& problems) {
  std::string text;
  for (const config::Problem& problem : problems) text += problem.place.text() + " " + problem.text + "\n";
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const config::Folder folder;
  const auto path = folder.write("sallyport.toml", {reinterpret_cast<const char*>(data), size});
  const auto loaded = config::load(path);
  const auto again = config::load(path);
  FUZZ_REQUIRE(loaded.has_value() == again.has_value());
  if (!loaded) {
    FUZZ_REQUIRE(!loaded.error().empty() && list(loaded.error()) == list(again.error()));
    for (const config::Problem& problem : loaded.error()) {
      FUZZ_REQUIRE(!problem.text.empty() && problem.place.file == path.string() && problem.place.line > 0);
    }
    return 0;
  }
  FUZZ_REQUIRE(loaded->text == again->text);
  for (const config::User& user : loaded->users) {
    FUZZ_REQUIRE(user.secret.empty() || loaded->text.find(user.secret) == std::string::npos);
  }
  for (const config::Rule& rule : loaded->rules) {
    FUZZ_REQUIRE(rule.action != config::Action::approve || !rule.approvers.empty());
  }
  return 0;
}
