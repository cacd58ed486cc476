#include "ringlog/sessions.h"

#include <map>

#include "ringlog/facts.h"

namespace sallyport::ringlog {
namespace {

void take(SessionSummary& summary, const fbs::SessionOpened& facts) {
  summary.protocol = text_of(facts.protocol());
  summary.peer = text_of(facts.peer());
}

void take(SessionSummary& summary, const fbs::Login& facts) {
  summary.identity = text_of(facts.identity());
  summary.target = text_of(facts.target());
  summary.login = text_of(facts.login());
  summary.database = text_of(facts.database());
}

void take(SessionSummary& summary, const fbs::Request& facts) {
  if (facts.ours()) return;
  const auto verdict = static_cast<Verdict>(facts.verdict());
  // One that waits is recorded again when it is decided, one that is only prepared when it is executed.
  const bool decided = verdict == Verdict::Deny ||
                       (verdict != Verdict::Wait && facts.stage() == static_cast<uint8_t>(Stage::Execute));
  summary.requests += decided ? 1 : 0;
  summary.denied += verdict == Verdict::Deny ? 1 : 0;
  summary.waited += verdict == Verdict::Wait ? 1 : 0;
}

void take(SessionSummary& summary, const fbs::ReplyEnd& facts) {
  summary.replies_bytes += facts.bytes();
  summary.masked += facts.masked();
  summary.withheld += facts.withheld();
}

void take(SessionSummary& summary, const fbs::SessionClosed& facts) {
  summary.closed = true;
  summary.reason = text_of(facts.reason());
  summary.bytes_in = facts.bytes_in();
  summary.bytes_out = facts.bytes_out();
}

}  // namespace

void add_record(SessionSummary& summary, const RecordView& record) {
  summary.last_ns = record.time_ns;
  const fbs::Header* header = facts_of(record);
  if (header == nullptr) return;
  switch (record.kind) {
    case Kind::SessionOpened: return take(summary, *header->facts_as_SessionOpened());
    case Kind::Login: return take(summary, *header->facts_as_Login());
    case Kind::Request: return take(summary, *header->facts_as_Request());
    case Kind::ReplyEnd: return take(summary, *header->facts_as_ReplyEnd());
    case Kind::SessionClosed: return take(summary, *header->facts_as_SessionClosed());
    case Kind::None:
    case Kind::Boot:
    case Kind::Policy:
    case Kind::Decision:
    case Kind::Note:
    case Kind::Forward:
    case Kind::Reply:
    case Kind::Admin:
    case Kind::Fault:
    case Kind::Gap: return;
  }
}

Result<std::vector<SessionSummary>> list_sessions(Files& files, const std::string& directory,
                                                  Reader::Filter filter) {
  Reader reader(files, directory, filter);
  std::vector<SessionSummary> summaries;
  std::map<std::pair<uint64_t, uint64_t>, size_t> places;
  while (true) {
    auto record = reader.next();
    if (!record) return std::unexpected(std::move(record.error()));
    if (!*record) return summaries;
    if ((*record)->session == 0) continue;
    const auto [place, fresh] =
        places.try_emplace({(*record)->instance, (*record)->session}, summaries.size());
    if (fresh) {
      summaries.push_back(
          {.instance = (*record)->instance, .session = (*record)->session, .opened_ns = (*record)->time_ns});
    }
    add_record(summaries[place->second], **record);
  }
}

}  // namespace sallyport::ringlog
