// Letting a seed of opaque sessions run, and what must hold when it is over.
#include <algorithm>

#include "config/check.h"
#include "tests/sim/tunnel_world.h"

namespace sallyport::sim {

namespace {

constexpr int64_t ms = 1'000'000;
constexpr int64_t storm_ns = 6'000 * ms, calm_ns = 60'000 * ms, drain_ns = 30'000 * ms;

}  // namespace

void TunnelTally::add(const TunnelTally& other) {
  tunnels += other.tunnels;
  whole += other.whole;
  bytes += other.bytes;
  spliced += other.spliced;
  copied += other.copied;
  refused += other.refused;
  lost += other.lost;
  log_stops += other.log_stops;
  most_inside = std::max(most_inside, other.most_inside);
}

std::string TunnelTally::text() const {
  return "tunnels " + std::to_string(tunnels) + ", whole " + std::to_string(whole) + ", spliced " +
         std::to_string(spliced) + ", copied " + std::to_string(copied) + ", refused " +
         std::to_string(refused) + ", broken off " + std::to_string(lost) + ", log stops " +
         std::to_string(log_stops) + ", " + std::to_string(bytes >> 10) + " KiB, at most " +
         std::to_string(most_inside >> 10) + " KiB inside";
}

void TunnelWorld::release_log() {
  read_record();
  if (!log_stops_) ring_->release(position_, sequence_);
}

void TunnelWorld::step(int64_t until_ns) {
  serves_ = core_->step(std::min(until_ns, next_log_ns_));
  while (to_control_->pop()) {
  }
  for (const auto& tunnel : tunnels_) check_bounds(*tunnel);
  if (network_.now_ns() < next_log_ns_) return;
  next_log_ns_ = network_.now_ns() + log_step_ns_;
  release_log();
}

bool TunnelWorld::run_until(const std::function<bool()>& done, int64_t longest_ns) {
  const int64_t until_ns = network_.now_ns() + longest_ns;
  while (!done()) {
    if (network_.now_ns() >= until_ns || !failures_.empty()) return false;
    step(until_ns);
  }
  return true;
}

// Both have got everything, and know that it is all.
bool TunnelWorld::is_whole(const Tunnel& tunnel) const {
  const End& caller = tunnel.caller;
  const End& server = tunnel.server;
  return caller.peer && server.peer && caller.got == server.to_send && server.got == caller.to_send &&
         caller.peer->ended() && server.peer->ended();
}

std::vector<std::string> TunnelWorld::run() {
  const auto must_be_whole = [this](const Tunnel& tunnel) {
    if (log_failed_ && !recorded(tunnel)) return false;
    return is_lossless_ && tunnel.is_fair && (tunnel.place == Place::plain || tunnel.place == Place::durable);
  };
  const auto all_whole = [&] {
    return std::ranges::all_of(tunnels_,
                               [&](const auto& one) { return !must_be_whole(*one) || is_whole(*one); });
  };
  (void)run_until([&] { return network_.now_ns() > storm_ns && all_whole(); }, storm_ns);
  network_.stop_faults();
  if (!run_until(all_whole, calm_ns)) {
    for (const auto& one : tunnels_) {
      if (!must_be_whole(*one) || is_whole(*one)) continue;
      const Recorded* session = recorded(*one);
      fail("tunnel " + std::to_string(one->number) + " is stuck: up " + std::to_string(one->server.got) +
           " of " + std::to_string(one->caller.to_send) + ", down " + std::to_string(one->caller.got) +
           " of " + std::to_string(one->server.to_send) +
           (session ? " " + session->reason : " not on record"));
    }
  }
  if (failures_.empty()) end();
  if (failures_.empty()) check_end();
  return failures_;
}

// Whatever still stands is ended by a drain, as SIGTERM does it.
void TunnelWorld::end() {
  CHECK(to_core_->push(Drain{}));
  if (!run_until([this] { return core_->draining() && core_->session_count() == 0; }, drain_ns)) {
    return fail(std::to_string(core_->session_count()) + " sessions never ended");
  }
  for (int i = 0; i < 3; ++i) step(network_.now_ns() + ms);
  (void)run_until([this] { return core_->ring().operations_in_flight() == 1; }, 2000 * ms);
  const auto none = [this](size_t count, const char* what) {
    if (count != 0) fail(std::to_string(count) + " " + what + " at rest");
  };
  none(core_->ring().operations_in_flight() - 1, "operations are in flight");  // the mailbox's poll
  none(network_.open_descriptors(), "descriptors are open");
  none(core_->ring().blocks_out(), "blocks were never given back");
  none(core_->chunks().chunks_out(), "chunks were never given back");
  none(core_->pipes().out(), "pipes were never given back");
}

void TunnelWorld::check_end() {
  log_stops_ = false;
  release_log();
  for (const auto& one : tunnels_) {
    const Tunnel& tunnel = *one;
    ++tally_.tunnels;
    tally_.bytes += tunnel.caller.got + tunnel.server.got;
    const bool whole = is_whole(tunnel);
    tally_.whole += whole ? 1 : 0;
    const Recorded* session = recorded(tunnel);
    if (!session) continue;
    if (!session->closed) fail("a session has no end on the record");
    if (tunnel.place == Place::closed) {
      ++tally_.refused;
      if (session->accepted || tunnel.server.peer) fail("a caller from elsewhere has passed");
      continue;
    }
    // What a connection that broke had taken may never have arrived.
    const bool counts_hold =
        whole ? session->bytes_in == tunnel.server.got && session->bytes_out == tunnel.caller.got
              : session->bytes_in >= tunnel.server.got && session->bytes_out >= tunnel.caller.got;
    if (!counts_hold || session->forwarded < session->bytes_in) fail("the record's counts do not add up");
    if (whole && is_lossless_ && session->reason != "finished" && session->reason != "killed" &&
        tunnel.is_fair)
      fail("a whole session ended by " + session->reason);
  }
}

}  // namespace sallyport::sim
