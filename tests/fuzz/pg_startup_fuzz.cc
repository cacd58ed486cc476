// Any bytes as a StartupMessage's parameters: what is taken is short, printable, on the list, named once, and
// reads as the same again when the target gets it.
#include "plugins/postgresql/login/startup.h"
#include "tests/fuzz/fuzz.h"

using namespace sallyport;
using namespace sallyport::pg;

namespace {

bool printable_text(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<uint8_t>(c) < 0x20 || c == 0x7f; });
}

void check(const Startup& startup) {
  FUZZ_REQUIRE(!startup.user.empty() && startup.user.size() <= startup_user_size_max);
  FUZZ_REQUIRE(startup.database.size() <= startup_database_size_max);
  FUZZ_REQUIRE(printable_text(startup.user) && printable_text(startup.database));
  FUZZ_REQUIRE(valid_utf8(startup.user) && valid_utf8(startup.database));
  Writer again;
  again.text("user").text(startup.user);
  if (!startup.database.empty()) again.text("database").text(startup.database);
  for (const Parameter& one : startup.parameters) {
    FUZZ_REQUIRE(printable_text(one.value) && valid_utf8(one.value));
    FUZZ_REQUIRE(std::ranges::count(startup.parameters, one.name, &Parameter::name) == 1);
    FUZZ_REQUIRE(one.name != "role" && one.name != "options" && one.name != "client_encoding");
    FUZZ_REQUIRE(startup.parameter(one.name) == one.value);
    again.text(one.name).text(one.value);
  }
  again.u8(0);
  const auto read = parse_startup(again.view());
  FUZZ_REQUIRE(read && read->user == startup.user && read->database == startup.database);
  FUZZ_REQUIRE(std::ranges::equal(read->parameters, startup.parameters, [](const auto& a, const auto& b) {
    return a.name == b.name && a.value == b.value;
  }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto startup = parse_startup({data, size});
  if (startup) {
    check(*startup);
  } else {
    FUZZ_REQUIRE(startup.error().sqlstate.size() == 5 && !startup.error().message.empty());
    FUZZ_REQUIRE(printable_text(startup.error().message) && valid_utf8(startup.error().message));
  }
  const std::string quoted = quoted_name(as_text({data, size}));
  FUZZ_REQUIRE(quoted.size() <= name_size_max + 2 && printable_text(quoted) && valid_utf8(quoted));
  return 0;
}
