#include "tests/sim/journal.h"

#include "ringlog/facts.h"
#include "ringlog/frame.h"
#include "tests/sim/setup.h"

namespace sallyport::sim {

namespace {

constexpr size_t failure_count_max = 20;

std::string_view view(ringlog::Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool is_masked(std::string_view target) {
  for (const TargetSetup& setup : target_setups) {
    if (setup.name == target) return setup.masked;
  }
  return false;
}

}  // namespace

void Journal::fail(const std::string& text) {
  if (failures_.size() < failure_count_max) failures_.push_back(text);
}

void Journal::read(const ringlog::ByteRing& ring) {
  while (true) {
    const auto entry = ring.at(position_);
    if (!entry) return fail("the ring is damaged: " + entry.error().text);
    if (entry->empty()) return;
    position_ += entry->size();
    const ringlog::RecordView record = ringlog::view_of(*entry);
    if (record.sequence != last_sequence_ + 1) fail("a sequence is missing in the ring");
    last_sequence_ = record.sequence;
    take(record);
  }
}

void Journal::take(const ringlog::RecordView& record) {
  const ringlog::fbs::Header* facts = ringlog::facts_of(record);
  if (facts == nullptr) return fail("a record without facts");
  ++record_count;
  for (const std::string_view part : {view(record.header), view(record.payload)}) {
    record_hash = (record_hash ^ std::hash<std::string_view>()(part)) * 0x100000001b3;
  }
  RecordedSession& session = sessions[record.session];
  switch (record.kind) {
    case ringlog::Kind::SessionOpened:
      ++session.opened;
      session.peer = ringlog::text_of(facts->facts_as_SessionOpened()->peer());
      break;
    case ringlog::Kind::Login: {
      const auto* login = facts->facts_as_Login();
      session.identity = ringlog::text_of(login->identity());
      session.target = ringlog::text_of(login->target());
      session.accepted = login->outcome() == static_cast<uint8_t>(ringlog::Outcome::Accepted);
      break;
    }
    case ringlog::Kind::Request: take_request(record); break;
    case ringlog::Kind::Note: {
      const std::string name(ringlog::text_of(facts->facts_as_Note()->name()));
      ++session.notes[name];
      if (name == "copy data" || name == "copy done" || name == "copy fail") {
        session.copy_messages.push_back(record.sequence);
      }
      ++notes[name];
      break;
    }
    case ringlog::Kind::Reply:
      session.replies.push_back({facts->facts_as_Reply()->offset(), std::string(view(record.payload))});
      break;
    case ringlog::Kind::SessionClosed:
      ++session.closed;
      if (facts->facts_as_SessionClosed()->requests() != session.requests)
        fail("a session's requests do not add up");
      break;
    case ringlog::Kind::Fault:
      ++session.faults;
      session.fault = std::string(ringlog::text_of(facts->facts_as_Fault()->reason())) + ": " +
                      std::string(ringlog::text_of(facts->facts_as_Fault()->detail()));
      break;
    default: break;
  }
  check_planted(record);
}

// Requests of all targets pass the detectors of their target before they are recorded; on a masked one
// nothing planted may be found in any record but those of a caller who is excepted, whose replies are as they
// are.
void Journal::check_planted(const ringlog::RecordView& record) {
  const RecordedSession& session = sessions[record.session];
  if (!is_masked(session.target)) return;
  if (record.kind == ringlog::Kind::Reply && session.identity == "pia") return;
  for (const std::string_view part : {view(record.header), view(record.payload)}) {
    const size_t at = part.find(planted_mark);
    if (at == std::string_view::npos) continue;
    fail("a planted value stands in the log, kind " + std::to_string(static_cast<int>(record.kind)) + ": " +
         std::string(part.substr(at, 40)));
  }
}

void Journal::take_request(const ringlog::RecordView& record) {
  const auto* request = ringlog::facts_of(record)->facts_as_Request();
  const std::string approval(ringlog::text_of(request->approval()));
  const auto verdict = static_cast<ringlog::Verdict>(request->verdict());
  const bool execute = request->stage() == static_cast<uint8_t>(ringlog::Stage::Execute);
  const bool allow = verdict == ringlog::Verdict::Allow || verdict == ringlog::Verdict::Observe;
  if (allow && execute) ++sessions[record.session].requests;
  if (allow && !approval.empty()) ++approvals_used[approval];
  const std::optional<Tag> tag = find_tag(view(record.payload));
  if (!tag) return;
  RecordedTag& known = tags[*tag];
  switch (verdict) {
    case ringlog::Verdict::Allow:
    case ringlog::Verdict::Observe:
      ++(execute ? known.allowed : known.prepared);
      if (execute && !approval.empty()) ++known.approved;
      known.last_sequence = record.sequence;
      break;
    case ringlog::Verdict::Deny: ++known.denied; break;
    case ringlog::Verdict::Wait: ++known.held; break;
  }
}

void Journal::seen(const Tag& tag, std::string_view text, const ringlog::ByteRing& ring, bool durable) {
  read(ring);
  const RecordedTag& known = tags[tag];
  if (known.prepared + known.allowed == 0) fail("a target saw " + tag.text() + " before its record");
  if (never_runs(tag.kind)) fail("a target saw " + tag.text() + ", which no verdict allows");
  if (durable && known.last_sequence > ring.durable())
    fail("a target saw " + tag.text() + " before its fsync");
  const auto original = said.find(tag);
  if (original == said.end() || original->second != text) fail("a target saw other bytes of " + tag.text());
}

void Journal::ran(const Tag& tag, const ringlog::ByteRing& ring, bool durable) {
  read(ring);
  const RecordedTag& known = tags[tag];
  const uint64_t count = ++executed[tag];
  if (count > known.allowed) fail(tag.text() + " ran more often than it was allowed");
  if (durable && known.last_sequence > ring.durable()) fail(tag.text() + " ran before its fsync");
  if (tag.kind == Kind::approve && count > known.approved) fail(tag.text() + " ran without an approval");
}

void Journal::copied(uint32_t client, size_t count, const ringlog::ByteRing& ring, bool durable) {
  read(ring);
  const std::string peer = source_of(client);
  for (const auto& [id, session] : sessions) {
    if (id == 0 || session.peer != peer) continue;
    if (session.copy_messages.size() < count) return fail("a target saw copy data before their record");
    if (durable && session.copy_messages[count - 1] > ring.durable())
      fail("a target saw copy data before their fsync");
    return;
  }
  fail("a target saw copy data of no session");
}

void Journal::compare(const Journal& log) {
  if (log.record_count != record_count) {
    fail("the log holds " + std::to_string(log.record_count) + " records, the ring held " +
         std::to_string(record_count));
  } else if (log.record_hash != record_hash) {
    fail("the log's records differ from the ring's");
  }
  for (const std::string& failure : log.failures()) fail("in the log: " + failure);
}

}  // namespace sallyport::sim
