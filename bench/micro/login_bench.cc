// What a proof costs the control thread: a token whose issuer's keys are there, and a ticket, among as many
// as a gateway may hold. CPU time; the session's own part of a login (TLS, the target's handshake) is in
// bench/load/login.py.
#include <benchmark/benchmark.h>

#include "core/control/tickets.h"
#include "tests/unit/identity/token_maker.h"

#include "core/identity/issuers.h"

namespace sallyport {
namespace {

namespace test = identity::test;

constexpr identity::Now now{.wall_ns = 1'800'000'000'000'000'000, .steady_ns = 1'000'000'000};
constexpr int64_t deadline_ns = now.steady_ns + 10'000'000'000;

// Claims as a CI job's token has them.
std::string token_of(const test::Pkey& key, const std::string& algorithm) {
  const int64_t now_s = now.wall_ns / 1'000'000'000;
  return test::token(key, algorithm, "k1",
                     {{"iss", "https://idp.example.com"},
                      {"aud", "sallyport"},
                      {"sub", "repo:acme/shop:ref:refs/heads/main"},
                      {"exp", now_s + 600},
                      {"iat", now_s},
                      {"nbf", now_s},
                      {"jti", "0a1b2c3d4e5f60718293a4b5c6d7e8f9"},
                      {"email", "agent-7@example.com"},
                      {"repository", "acme/shop"},
                      {"run_id", "4711"},
                      {"workflow", "deploy"},
                      {"groups", {"agents", "deploy", "pii-readers"}}});
}

void BM_Token(benchmark::State& state, const char* algorithm, const test::Pkey& key) {
  identity::Issuers issuers([](const config::Oidc&) { return true; });
  const config::Oidc corp{.name = "corp",
                          .issuer = "https://idp.example.com",
                          .audiences = {"sallyport"},
                          .identity = {"sub"},
                          .session_max_ms = 1000};
  issuers.configure({corp}, now);
  issuers.fetched(corp, identity::KeySet::parse(test::key_set_text({test::jwk_of(key, "k1")})), now);
  const std::string token = token_of(key, algorithm);
  size_t taken = 0;
  for (auto _ : state) {
    issuers.check(token, deadline_ns, now, [&](const auto& found) { taken += found ? 1 : 0; });
  }
  if (taken != static_cast<size_t>(state.iterations())) state.SkipWithError("a token was refused");
}
BENCHMARK_CAPTURE(BM_Token, RS256, "RS256", test::rsa_key());
BENCHMARK_CAPTURE(BM_Token, PS256, "PS256", test::rsa_key());
BENCHMARK_CAPTURE(BM_Token, RS256_4096, "RS256", test::rsa_key(4096));
BENCHMARK_CAPTURE(BM_Token, ES256, "ES256", test::ec_key("P-256"));
BENCHMARK_CAPTURE(BM_Token, ES384, "ES384", test::ec_key("P-384"));
BENCHMARK_CAPTURE(BM_Token, EdDSA, "EdDSA", test::ed25519_key());

void BM_Ticket(benchmark::State& state) {
  Tickets tickets;
  std::string text;
  uint8_t next = 0;
  const auto count = static_cast<size_t>(state.range(0));
  for (size_t i = 0; i < count; ++i) {
    text = identity::make_ticket_text([&](std::span<uint8_t> out) {
      for (size_t j = 0; j < out.size(); ++j) out[j] = static_cast<uint8_t>(++next * 31 + i + j);
      for (size_t j = 0; j < sizeof i && j < out.size(); ++j) out[j] = static_cast<uint8_t>(i >> (8 * j));
    });
    auto ticket = std::make_shared<identity::Ticket>();
    // Sealing each takes milliseconds; the one that is asked for is enough.
    if (i + 1 == count && !identity::seal_ticket(text, *ticket)) abort();
    ticket->id = *identity::ticket_id_of(text);
    ticket->identity = std::make_shared<identity::Identity>();
    ticket->expires_ns = now.wall_ns + 600'000'000'000;
    tickets.add(std::move(ticket));
  }
  for (auto _ : state) {
    if (!tickets.proven(text)) state.SkipWithError("the ticket was refused");
  }
}
BENCHMARK(BM_Ticket)->Arg(1)->Arg(10'000);

}  // namespace
}  // namespace sallyport

BENCHMARK_MAIN();
