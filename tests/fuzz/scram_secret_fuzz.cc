// Any bytes as a SCRAM verifier of the config: what is taken is written again as it stood, and an error never
// shows it.
#include "config/scram_secret.h"
#include "tests/fuzz/fuzz.h"

using namespace sallyport;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fuzz::Exact exact({reinterpret_cast<const char*>(data), size});
  const auto secret = config::parse_scram_secret(exact.text());
  if (!secret) {
    FUZZ_REQUIRE(!secret.error().text.empty() && secret.error().text.size() < 100);
    FUZZ_REQUIRE(size < 200 || secret.error().text.find(exact.text().substr(14, 80)) == std::string::npos);
    return 0;
  }
  FUZZ_REQUIRE(secret->iterations >= config::scram_iteration_count);
  FUZZ_REQUIRE(secret->iterations <= config::scram_iteration_count_max);
  const auto again = config::parse_scram_secret(secret->text());
  FUZZ_REQUIRE(again && again->text() == secret->text() && again->stored_key == secret->stored_key);
  // One text for one verifier, but for zeros in front of the count.
  FUZZ_REQUIRE(exact.text().ends_with(secret->text().substr(secret->text().find(':'))));
  return 0;
}
