#include "tests/sim/tunnel_world.h"

#include <algorithm>

#include "config/check.h"
#include "ringlog/facts.h"
#include "ringlog/frame.h"
#include "tests/sim/tunnel_setup.h"

namespace sallyport::sim {

namespace {

constexpr int64_t ms = 1'000'000;
constexpr size_t log_ring_size = 8 * limits::MiB;
constexpr int64_t settle_ns = 500 * ms;
constexpr size_t header_size = 4;  // a tunnel's number, which both streams begin with
// A pipe or a send queue, what a round of receives brings, and the simulated socket's buffer.
constexpr size_t inside_size_max = limits::send_queue_size_max + limits::unit_size_max + 512 * limits::KiB;
char byte_at(uint32_t number, uint8_t way, size_t offset) {
  if (offset < header_size) return static_cast<char>(number >> 8 * offset);
  return static_cast<char>(offset * 131 + (offset >> 8) * 17 + number * 7 + way * 101);
}

SimFaults faults_of(SimRandom& random) {
  switch (random.below(4)) {
    case 0: return SimFaults::calm();
    case 1: return SimFaults::storm();
    case 2: {
      SimFaults some;
      some.reset = 1;
      some.connect_failure = 50;
      return some;
    }
    default: return {};
  }
}

}  // namespace

TunnelWorld::TunnelWorld(uint64_t seed) : plan_(seed * 2 + 1), network_(seed, faults_of(plan_)) {
  const SimFaults& faults = network_.faults();
  is_lossless_ = faults.reset == 0 && faults.connect_failure == 0 && faults.accept_failure == 0;
  make_core();
  make_tunnels();
  make_mishaps();
}

TunnelWorld::~TunnelWorld() = default;

void TunnelWorld::make_core() {
  to_control_ = ControlInbox::open().value();
  to_core_ = CoreInbox::open().value();
  ring_.emplace(ringlog::ByteRing::anonymous(log_ring_size, 1, 0).value());
  log_step_ns_ = static_cast<int64_t>(plan_.up_to(10)) * ms;
  RingOptions options;
  options.block_count = plan_.chance(300) ? 4 : 32;
  options.block_size = plan_.chance(500) ? 4096 : limits::block_size;
  options.network = &network_;
  CoreOptions made;
  made.ring = Ring::open(options).value();
  for (const char* listener : tunnel_listeners)
    made.listeners.push_back(made.ring->listen(Address::parse(listener).value(), false, 16).value());
  made.log = &*ring_;
  made.to_control = to_control_.get();
  made.from_control = to_core_.get();
  made.snapshot = shared_tunnel_snapshot();
  made.random_seed = 1;
  constexpr uint32_t pipe_counts[] = {0, 2, 5, 64};
  made.pipe_count = pipe_counts[plan_.below(std::size(pipe_counts))];
  core_ = std::make_unique<Core>(std::move(made));
  network_.serve(Address::parse(tunnel_targets[0]).value(),
                 [this](SimPeer& peer) { serve(peer, Place::plain); });
  network_.serve(Address::parse(tunnel_targets[1]).value(),
                 [this](SimPeer& peer) { serve(peer, Place::durable); });
  if (plan_.chance(500)) network_.black_hole(Address::parse(tunnel_targets[2]).value());
}

void TunnelWorld::make_tunnels() {
  const size_t count = 1 + plan_.below(6);
  for (uint32_t i = 0; i < count; ++i) {
    auto tunnel = std::make_unique<Tunnel>();
    tunnel->number = i + 1;
    const size_t chance = plan_.below(100);
    tunnel->place = chance < 50   ? Place::plain
                    : chance < 84 ? Place::durable
                    : chance < 92 ? Place::gone
                                  : Place::closed;
    tunnel->is_fair = !plan_.chance(200);
    const auto size = [this] {
      return header_size + plan_.below(plan_.chance(100) ? 3 * limits::MiB : 200'000);
    };
    tunnel->caller.to_send = size();
    tunnel->server.to_send = size();
    tunnel->caller.waits = plan_.chance(250);
    tunnel->server.waits = !tunnel->caller.waits && plan_.chance(330);
    Address source = Address::parse("192.0.2.9:0").value();
    source.set_port(static_cast<uint16_t>(4000 + i));
    tunnel->source = source.text();
    Tunnel& one = *tunnels_.emplace_back(std::move(tunnel));
    network_.after(static_cast<int64_t>(plan_.below(200)) * ms, [this, &one, source] {
      SimPeer& peer =
          network_.connect(Address::parse(tunnel_listeners[static_cast<size_t>(one.place)]).value(), source);
      one.caller.peer = &peer;
      peer.on_bytes = [this, &one](std::span<const std::byte> bytes) { take(one, one.caller, bytes, 1); };
      peer.on_connect = [this, &one] { send_some(one, one.caller, 0); };
      if (!one.is_fair)
        network_.after(static_cast<int64_t>(network_.random().below(3000)) * ms,
                       [this, &one] { break_off(one); });
    });
  }
}

void TunnelWorld::make_mishaps() {
  if (plan_.chance(200)) {
    network_.after(static_cast<int64_t>(plan_.below(2000)) * ms, [this] {
      log_stops_ = true;
      ++tally_.log_stops;
      log_failed_ = network_.random().chance(500);
      ring_->set_failing(log_failed_);
    });
    network_.after(5'000 * ms, [this] {
      log_stops_ = false;
      ring_->set_failing(false);
    });
  }
  if (plan_.chance(300))
    network_.after(300 * ms,
                   [this] { CHECK(to_core_->push(SnapshotChanged{.snapshot = shared_tunnel_snapshot()})); });
}

void TunnelWorld::break_off(Tunnel& tunnel) {
  SimRandom& random = network_.random();
  End& end = tunnel.server.peer && random.chance(500) ? tunnel.server : tunnel.caller;
  ++tally_.lost;
  end.finished = true;
  if (random.chance(500)) {
    end.peer->reset();
  } else {
    end.peer->close();
  }
}

// ---- The far ends ----------------------------------------------------------------------------------------

void TunnelWorld::serve(SimPeer& peer, Place place) {
  struct Known {
    std::string held;
    Tunnel* tunnel = nullptr;
  };
  // Whose it is its first bytes say.
  peer.on_bytes = [this, &peer, place, known = std::make_shared<Known>()](std::span<const std::byte> bytes) {
    if (known->tunnel) return take(*known->tunnel, known->tunnel->server, bytes, 0);
    std::string& held = known->held;
    held.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (held.size() < header_size) return;
    uint32_t number = 0;
    for (size_t i = 0; i < header_size; ++i) number |= uint32_t{static_cast<uint8_t>(held[i])} << 8 * i;
    if (number == 0 || number > tunnels_.size()) return fail("a server got bytes that nobody sent");
    Tunnel& tunnel = *tunnels_[number - 1];
    if (tunnel.place != place) return fail("a caller has reached another target than its listener's");
    if (tunnel.server.peer) return fail("a caller has two connections to its target");
    tunnel.server.peer = &peer;
    known->tunnel = &tunnel;
    take(tunnel, tunnel.server, std::as_bytes(std::span(held)), 0);
    send_some(tunnel, tunnel.server, 1);
  };
}

void TunnelWorld::take(Tunnel& tunnel, End& end, std::span<const std::byte> bytes, uint8_t way) {
  for (const std::byte byte : bytes) {
    if (static_cast<char>(byte) != byte_at(tunnel.number, way, end.got)) {
      return fail("tunnel " + std::to_string(tunnel.number) + ": a wrong byte at " + std::to_string(end.got));
    }
    ++end.got;
  }
  if (way == 0) check_recorded(tunnel);
  if (!network_.random().chance(30)) return;
  end.peer->stop_reading();
  network_.after(static_cast<int64_t>(network_.random().below(300)) * ms,
                 [&end] { end.peer->start_reading(); });
}

void TunnelWorld::send_some(Tunnel& tunnel, End& end, uint8_t way) {
  if (end.finished || end.peer->gone()) return;
  SimRandom& random = network_.random();
  const size_t size = std::min(end.to_send - end.sent, random.up_to(random.chance(300) ? 300'000 : 5'000));
  std::string bytes(size, 0);
  for (size_t i = 0; i < size; ++i) bytes[i] = byte_at(tunnel.number, way, end.sent + i);
  if (size > 0) end.peer->send(bytes);
  end.sent += size;
  if (end.sent < end.to_send) {
    network_.after(static_cast<int64_t>(random.below(20)) * ms / 4,
                   [this, &tunnel, &end, way] { send_some(tunnel, end, way); });
    return;
  }
  // A half-close is passed on, or this one waits for ever.
  if (end.waits && !end.peer->ended()) {
    end.peer->on_end = [this, &tunnel, &end, way](SimEnd how) {
      if (how == SimEnd::finished) send_some(tunnel, end, way);
    };
    return;
  }
  end.finished = true;
  end.peer->finish();
}

// ---- What must hold on the way ---------------------------------------------------------------------------

void TunnelWorld::fail(std::string text) {
  if (failures_.size() < 10) failures_.push_back(std::move(text));
}

TunnelWorld::Recorded* TunnelWorld::recorded(const Tunnel& tunnel) {
  for (auto& [id, session] : sessions_) {
    if (session.peer == tunnel.source) return &session;
  }
  return nullptr;
}

// Promise 1: what a target has got is on the record, and durable where that is wanted.
void TunnelWorld::check_recorded(Tunnel& tunnel) {
  read_record();
  const Recorded* session = recorded(tunnel);
  if (!session || !session->accepted)
    return fail("a target got bytes of a session that is not on the record");
  if (session->forwarded < tunnel.server.got) return fail("a target got more bytes than the record has");
  if (tunnel.place != Place::durable) return;
  for (const auto& [sequence, bytes] : session->forwards) {
    if (sequence > ring_->durable() && bytes < tunnel.server.got + 1) {
      return fail("a target got bytes whose record is not durable");
    }
    if (bytes >= tunnel.server.got) {
      if (sequence > ring_->durable()) fail("a target got bytes whose record is not durable");
      return;
    }
  }
}

// Promise 7: of each direction the core holds no more than its bound.
void TunnelWorld::check_bounds(Tunnel& tunnel) {
  const auto hold = [&](End& from, const End& to) {
    const bool both = from.peer && to.peer && !from.peer->ended() && !to.peer->ended();
    const size_t taken = both ? from.sent - std::min(from.sent, from.peer->unread_by_ring()) : 0;
    const size_t inside = taken - std::min(taken, to.got);
    if (inside <= inside_size_max) {
      from.over_since_ns = -1;
      tally_.most_inside = std::max(tally_.most_inside, inside);
      return;
    }
    // What stood before a connection that breaks is nowhere, until its end is told.
    if (from.over_since_ns < 0) from.over_since_ns = network_.now_ns();
    if (network_.now_ns() - from.over_since_ns > settle_ns)
      fail("the core holds " + std::to_string(inside / 1024) + " KiB of one direction");
  };
  hold(tunnel.caller, tunnel.server);
  hold(tunnel.server, tunnel.caller);
}

void TunnelWorld::read_record() {
  while (true) {
    const auto entry = ring_->at(position_);
    if (!entry) return fail("the ring is damaged: " + entry.error().text);
    if (entry->empty()) return;
    position_ += entry->size();
    const ringlog::RecordView record = ringlog::view_of(*entry);
    sequence_ = record.sequence;
    const auto* facts = ringlog::facts_of(record);
    Recorded& session = sessions_[record.session];
    switch (record.kind) {
      case ringlog::Kind::SessionOpened:
        session.opened = true;
        session.peer = ringlog::text_of(facts->facts_as_SessionOpened()->peer());
        break;
      case ringlog::Kind::Login:
        session.accepted =
            facts->facts_as_Login()->outcome() == static_cast<uint8_t>(ringlog::Outcome::Accepted);
        break;
      case ringlog::Kind::Note: {
        const bool spliced = ringlog::text_of(facts->facts_as_Note()->fields()->Get(1)->value()) == "splice";
        ++(spliced ? tally_.spliced : tally_.copied);
        break;
      }
      case ringlog::Kind::Forward:
        session.forwarded += facts->facts_as_Forward()->count();
        session.forwards.emplace_back(record.sequence, session.forwarded);
        break;
      case ringlog::Kind::SessionClosed:
        session.closed = true;
        session.reason = ringlog::text_of(facts->facts_as_SessionClosed()->reason());
        session.bytes_in = facts->facts_as_SessionClosed()->bytes_in();
        session.bytes_out = facts->facts_as_SessionClosed()->bytes_out();
        break;
      default: break;
    }
  }
}

}  // namespace sallyport::sim
