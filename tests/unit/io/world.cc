#include "tests/unit/io/world.h"

namespace sallyport::testing {

Address loopback() { return Address::parse("127.0.0.1:0").value(); }

std::string pattern(size_t size) {
  std::string bytes(size, 0);
  uint64_t state = 88172645463325252ULL;
  for (char& byte : bytes) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    byte = static_cast<char>(state);
  }
  return bytes;
}

bool World::run_until(const std::function<bool()>& done) {
  int64_t end_ns = ring->now_ns() + 60'000'000'000;
  while (!done()) {
    int64_t now_ns = ring->now_ns();
    if (now_ns >= end_ns) return false;
    Completion batch[16];
    // Slices, because real peers are pumped by this very thread.
    size_t count = ring->wait(batch, now_ns + 1'000'000);
    kept.insert(kept.end(), batch, batch + count);
    pump();
  }
  return true;
}

bool World::has(uint64_t token) {
  for (const Completion& completion : kept) {
    if (completion.token == token) return true;
  }
  return false;
}

Completion World::expect(uint64_t token) {
  if (!run_until([&] { return has(token); })) {
    ADD_FAILURE() << "no completion for token " << token;
    return {};
  }
  for (auto at = kept.begin();; ++at) {
    if (at->token != token) continue;
    Completion completion = *at;
    kept.erase(at);
    return completion;
  }
}

World::Pair World::connected() {
  if (listener_ < 0) {
    listener_ = ring->listen(loopback(), false, 128).value();
    listener_address_ = ring->local_address(listener_).value();
  }
  uint64_t accepting = next_token();
  uint64_t cancelling = next_token();
  ring->accept(listener_, accepting);
  std::shared_ptr<Peer> peer = connect_peer(listener_address_);
  Completion accepted = expect(accepting);
  EXPECT_GE(accepted.result, 0);
  ring->prepare_accepted(accepted.result);
  ring->cancel(accepting, cancelling);
  expect(cancelling);
  if (accepted.more) {
    EXPECT_EQ(expect(accepting).result, -ECANCELED);
  }
  return {accepted.result, peer};
}

void World::release(const Completion& completion) {
  if (completion.has_block) ring->release(completion.block);
}

std::string World::text(const Completion& completion) {
  if (!completion.has_block) return "";
  auto* bytes = reinterpret_cast<const char*>(ring->block(completion.block).data());
  std::string copy(bytes, static_cast<size_t>(completion.result));
  release(completion);
  return copy;
}

void World::pump() {
  for (auto& peer : peers_) peer->pump();
}

}  // namespace sallyport::testing
