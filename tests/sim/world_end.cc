// What must hold when a seed is over.
#include <algorithm>

#include "ringlog/reader.h"
#include "ringlog/verify.h"
#include "tests/sim/world.h"

namespace sallyport::sim {

namespace {

constexpr int64_t drain_ns_max = 30'000 * ms;
constexpr uint32_t operations_at_rest = 2;  // the listener's accept and the mailbox's poll

bool is_masked(const Client& client) { return client.masked(); }

}  // namespace

// By a drain, as SIGTERM does it, or by every client leaving.
void World::end_sessions() {
  const bool drains = plan_.chance(500);
  const int64_t since_ns = network_.now_ns();
  if (drains) {
    control_->send(Drain{}, 0);
  } else {
    for (const auto& client : clients_) client->leave();
  }
  const bool over =
      run_until([&] { return core_->session_count() == 0 && (!drains || core_->draining()); }, drain_ns_max);
  tally_.longest_drain_ms = (network_.now_ns() - since_ns) / ms;
  if (!over) journal_.fail(std::to_string(core_->session_count()) + " sessions never ended");
  // The last operations of closed descriptors are on their way; a listener that failed is armed again a
  // little later.
  const uint32_t rest = drains ? 1 : operations_at_rest;
  for (int i = 0; i < 3; ++i) step(network_.now_ns() + ms);  // what was closed last is handed over
  (void)run_until([&] { return core_->ring().operations_in_flight() == rest; }, 2000 * ms);
  if (core_->ring().operations_in_flight() != rest) {
    journal_.fail(std::to_string(core_->ring().operations_in_flight()) + " operations are in flight at rest");
  }
  const size_t descriptors = drains ? 0 : 1;
  if (network_.open_descriptors() != descriptors) {
    journal_.fail(std::to_string(network_.open_descriptors()) + " descriptors are open at rest");
  }
}

void World::check_leaks() {
  if (core_->ring().blocks_out() != 0) {
    journal_.fail(std::to_string(core_->ring().blocks_out()) + " receive blocks were never given back");
  }
  if (core_->chunks().chunks_out() != 0) {
    journal_.fail(std::to_string(core_->chunks().chunks_out()) + " chunks were never given back");
  }
}

void World::end_log() {
  // A writer that failed tries again after a while.
  (void)run_until([this] { return !writer_->failing() && ring_->durable() > 0; }, 5000 * ms);
  journal_.read(*ring_);
  if (const auto closed = writer_->close(static_cast<uint64_t>(core_->wall_ns())); !closed) {
    journal_.fail("the log did not close: " + closed.error().text);
  }
}

void World::check_log() {
  const auto key = ringlog::read_public_key(files_, "state/log.pub");
  const auto report = ringlog::verify(files_, "log", key.value(), writer_->head());
  if (!report) return journal_.fail("verify: " + report.error().text);
  if (!report->whole()) {
    journal_.fail("the log does not verify: " + report->fault->file + " at " +
                  std::to_string(report->fault->offset) + ": " + report->fault->text);
  }
  if (!report->closed) journal_.fail("the log has no end");
  ringlog::Reader reader(files_, "log");
  while (true) {
    const auto record = reader.next();
    if (!record) return journal_.fail("the log cannot be read: " + record.error().text);
    if (!*record) break;
    if ((*record)->ring != ringlog::writer_ring_index) from_log_.take(**record);
  }
  journal_.compare(from_log_);
}

// What each client got: nothing planted on a masked target, and what the record says of it.
void World::check_clients() {
  for (const auto& client : clients_) {
    client->finish();
    const std::string& all = client->received();
    if (is_masked(*client) && all.find(planted_mark) != std::string::npos) {
      journal_.fail(client->where() + " got a planted value");
    }
    uint64_t found = 0;
    for (const auto& [id, session] : from_log_.sessions) {
      if (id == 0 || session.peer != client->source()) continue;
      ++found;
      for (const RecordedReply& reply : session.replies) {
        // The end of what was recorded may never have arrived.
        const size_t there =
            reply.offset < all.size() ? std::min(reply.bytes.size(), all.size() - reply.offset) : 0;
        if (all.compare(reply.offset < all.size() ? reply.offset : 0, there, reply.bytes, 0, there) != 0) {
          journal_.fail(client->where() + ": the record shows other bytes than it got");
          break;
        }
      }
    }
    if (found > 1) journal_.fail(client->where() + " has two sessions on the record");
    if (found == 0 && !all.empty()) journal_.fail(client->where() + " was talked to without a record");
  }
  for (const auto& [id, session] : from_log_.sessions) {
    if (id == 0) continue;
    const bool fair = session.opened == 1 && (session.closed == 1 || (log_broke_ && session.closed == 0));
    if (!fair)
      journal_.fail("a session has " + std::to_string(session.opened) + " beginnings and " +
                    std::to_string(session.closed) + " ends on the record");
    const bool fair_ends =
        !journal_.babbled && std::ranges::none_of(clients_, [&session](const auto& client) {
          return client->source() == session.peer && client->plan().role == Role::vandal;
        });
    if (session.fault.starts_with("protocol") && fair_ends) {
      journal_.fail("the gateway took fair words for broken ones: " + session.fault);
    }
    if (session.fault.starts_with("host-call") || session.fault.starts_with("plugin")) {
      journal_.fail("the plugin broke the contract: " + session.fault);
    }
  }
}

// Targets saw no more messages of any type than the record accounts for.
void World::check_counts() {
  const auto noted = [this](std::initializer_list<const char*> names) {
    uint64_t count = 0;
    for (const char* name : names) count += from_log_.notes[name];
    return count;
  };
  const auto hold = [this](char type, uint64_t recorded) {
    const uint64_t seen = journal_.messages[static_cast<uint8_t>(type)];
    if (seen > recorded) {
      journal_.fail("targets saw " + std::to_string(seen) + " messages of type " + type +
                    ", the record has " + std::to_string(recorded));
    }
  };
  // One note, but Parse, Bind, Execute, two Closes, and a Sync or Flush.
  const uint64_t state_look_ups = noted({"look-up of the state"});
  // Parse, Describe, Close, and a Sync before a Query.
  const uint64_t look_ups = noted({"look-up of the gateway"});
  hold('S', noted({"sync"}) + state_look_ups + look_ups);
  hold('B', noted({"bind"}) + state_look_ups);
  hold('D', noted({"describe", "describe of the gateway"}) + look_ups);
  hold('C', noted({"close"}) + 2 * state_look_ups + look_ups);
  hold('d', noted({"copy data"}));
  hold('c', noted({"copy done"}));
  hold('f', noted({"copy fail"}));
  hold('H', noted({"flush", "flush of the gateway"}) + state_look_ups);
  uint64_t prepared = noted({"replacement"}) + state_look_ups + look_ups;
  uint64_t allowed = prepared;
  for (const auto& [tag, known] : from_log_.tags) {
    prepared += known.prepared;
    allowed += known.allowed;
  }
  hold('P', prepared);
  hold('E', allowed + noted({"execute continued"}));
}

uint64_t World::trace() const {
  uint64_t trace = network_.trace_hash() ^ journal_.record_hash;
  for (const auto& client : clients_) {
    trace = (trace ^ std::hash<std::string>()(client->received())) * 0x100000001b3;
  }
  return trace;
}

void World::count() {
  tally_.seeds = 1;
  for (const auto& [id, session] : from_log_.sessions) {
    tally_.sessions += id != 0;
    tally_.served += session.accepted;
    tally_.requests += session.requests;
    tally_.faults += session.faults;
  }
  for (const auto& [tag, number] : journal_.executed) {
    tally_.executed += number;
    tally_.kinds[static_cast<size_t>(tag.kind)] += number;
  }
  for (const auto& [tag, known] : from_log_.tags) {
    tally_.approved += known.approved;
    tally_.denied += known.denied;
    tally_.held += known.held;
  }
  for (const auto& client : clients_) {
    tally_.compared += client->compared();
    tally_.left_in_copy += client->left_in_copy();
    tally_.flooded += client->plan().floods;
    tally_.masked += is_masked(*client);
  }
  tally_.revoked += control_->revoked_count;
  tally_.log_failures += log_broke_;
  tally_.copied_in += journal_.copied_in;
  tally_.copies_failed += journal_.copies_failed;
}

void Tally::add(const Tally& other) {
  seeds += other.seeds;
  sessions += other.sessions;
  served += other.served;
  requests += other.requests;
  executed += other.executed;
  compared += other.compared;
  approved += other.approved;
  denied += other.denied;
  revoked += other.revoked;
  held += other.held;
  faults += other.faults;
  log_failures += other.log_failures;
  flooded += other.flooded;
  masked += other.masked;
  copied_in += other.copied_in;
  copies_failed += other.copies_failed;
  left_in_copy += other.left_in_copy;
  for (size_t i = 0; i < kind_count; ++i) kinds[i] += other.kinds[i];
  longest_calm_ms = std::max(longest_calm_ms, other.longest_calm_ms);
  longest_drain_ms = std::max(longest_drain_ms, other.longest_drain_ms);
  most_inside = std::max(most_inside, other.most_inside);
  most_chunks = std::max(most_chunks, other.most_chunks);
}

std::string Tally::text() const {
  const auto part = [](const char* name, uint64_t value) {
    return std::string(name) + " " + std::to_string(value) + ", ";
  };
  return part("seeds", seeds) + part("sessions", sessions) + part("let in", served) +
         part("requests", requests) + part("executed", executed) + part("replies compared", compared) +
         part("held", held) + part("approved", approved) + part("denied", denied) + part("revoked", revoked) +
         part("faults on record", faults) + part("logs that failed", log_failures) + part("floods", flooded) +
         part("masked clients", masked) + part("copied in", copied_in) + part("COPY failed", copies_failed) +
         part("left in a COPY", left_in_copy) +
         part("longest calm ms", static_cast<uint64_t>(longest_calm_ms)) +
         part("longest drain ms", static_cast<uint64_t>(longest_drain_ms)) +
         part("most inside KiB", most_inside / 1024) + "most chunks " + std::to_string(most_chunks);
}

}  // namespace sallyport::sim
