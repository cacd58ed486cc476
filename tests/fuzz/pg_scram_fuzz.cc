// Both sides of a SCRAM exchange, with messages changed on the way: who changes one is found out, and only
// what was agreed on succeeds. The first byte says which message, and whether it is changed or all made up.
#include "plugins/postgresql/login/scram.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/postgresql/fake_host.h"

using namespace sallyport;
using namespace sallyport::pg;

namespace {

constexpr std::string_view password = "secret";
constexpr std::string_view salt = "fedcba9876543210";

// Made up whole, or `real` with some bytes overwritten, taken out or put in.
std::string tampered(std::string real, bool made_up, fuzz::Source& source) {
  if (made_up) return source.rest();
  for (int edits = 0; edits < 8 && source.left() >= 3; ++edits) {
    const uint8_t how = source.u8() % 3;
    const size_t at = source.below(real.size() + 1);
    if (how == 0 && at < real.size()) real[at] = static_cast<char>(source.u8());
    if (how == 1 && at < real.size()) real.erase(at, 1);
    if (how == 2) real.insert(at, 1, static_cast<char>(source.u8()));
  }
  return real;
}

std::span<const uint8_t> bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const sp_scram_verifier verifier = pg::test::make_verifier(password, salt, 4096);
  static const std::string salted = pg::test::salted_password(password, salt, 4096);
  fuzz::Source source(data, size);
  const uint8_t mode = source.u8();
  const uint8_t which = mode & 3;  // the message that is tampered with: 0 first, 1 challenge, 2 final, 3 end
  const bool made_up = (mode & 4) != 0;
  const bool plus = (mode & 8) != 0;
  const std::string binding = (mode & 24) != 0 ? "0123456789abcdef" : "";
  ScramServer server(binding);
  ScramClient client(plus ? ScramClient::Binding::Plus : ScramClient::Binding::None, binding);

  const std::string first = client.first(bytes("client-random-0001"));
  const std::string first_sent = which == 0 ? tampered(first, made_up, source) : first;
  const auto challenge = server.first(plus, first_sent, verifier, bytes("server-random-0002"));
  FUZZ_REQUIRE(challenge || first_sent != first);
  if (!challenge) return 0;
  FUZZ_REQUIRE(challenge->size() <= scram_message_size_max && challenge->starts_with("r="));

  const std::string challenge_sent = which == 1 ? tampered(*challenge, made_up, source) : *challenge;
  const auto answer = client.challenge(challenge_sent);
  FUZZ_REQUIRE(answer || challenge_sent != *challenge || first_sent != first);
  if (!answer) return 0;
  FUZZ_REQUIRE(answer->iterations >= scram_iterations_min && answer->iterations <= scram_iterations_max);
  FUZZ_REQUIRE(!answer->salt.empty() && answer->salt.size() <= scram_salt_size_max);

  // A client that was told another salt or count derives another key.
  const bool same_key = answer->salt == salt && answer->iterations == 4096;
  const std::string final = client.final(bytes(same_key ? salted : std::string(32, 'x')));
  const std::string final_sent = which == 2 ? tampered(final, made_up, source) : final;
  const auto proven = server.finish(final_sent);
  const bool untouched = first_sent == first && challenge_sent == *challenge && final_sent == final;
  // Both sides authenticate all that was said: what was changed must not succeed.
  FUZZ_REQUIRE((proven && *proven) == untouched);
  if (!proven || !*proven) return 0;  // the signature is sent only to who proved

  const std::string end = server.server_final();
  const std::string end_sent = which == 3 ? tampered(end, made_up, source) : end;
  const bool verified = client.verify(end_sent).has_value();
  FUZZ_REQUIRE(verified || end_sent != end);
  // Optional extensions behind the signature are ignored as RFC 5802 asks.
  FUZZ_REQUIRE(!verified || end_sent == end || end_sent.starts_with(end + ","));
  return 0;
}
