#include "cli/retelling.h"

#include "cli/record_text.h"
#include "cli/table.h"

namespace sallyport::cli {

void Retelling::take(const ringlog::RecordView& record) {
  const auto* header = ringlog::facts_of(record);
  if (!header) return;
  using ringlog::Kind;
  switch (record.kind) {
    case Kind::SessionOpened:
      protocol_ = ringlog::text_of(header->facts_as_SessionOpened()->protocol());
      return tell(record, "", facts_text(record));
    case Kind::Request: return request(record, *header->facts_as_Request());
    // A chunk may end inside a message: chunks are joined up to the reply's end.
    case Kind::Reply:
      if (!record.erased) reply_ += payload_text(record);
      return;
    case Kind::ReplyEnd: open_count_ -= open_count_ > 0 ? 1 : 0; return flush_reply(record);
    case Kind::Decision:
    case Kind::SessionClosed: flush_reply(record); return tell(record, "", facts_text(record));
    case Kind::Login:
    case Kind::Admin:
    case Kind::Fault:
    case Kind::Gap: return tell(record, "", facts_text(record));
    case Kind::None:
    case Kind::Boot:
    case Kind::Policy:
    case Kind::Note:
    case Kind::Forward: return;
  }
}

void Retelling::request(const ringlog::RecordView& record, const ringlog::fbs::Request& facts) {
  if (facts.ours()) return;
  // What the gateway itself said to the one before has no end of its own on the record.
  if (open_count_ == 0) flush_reply(record);
  const bool runs = facts.stage() == static_cast<uint8_t>(ringlog::Stage::Execute);
  const auto verdict = static_cast<ringlog::Verdict>(facts.verdict());
  if (verdict == ringlog::Verdict::Wait) paused_.insert(facts.ticket());
  const bool passes = verdict == ringlog::Verdict::Allow || verdict == ringlog::Verdict::Observe;
  if (runs && passes) ++open_count_;
  if (verdict == ringlog::Verdict::Allow && paused_.erase(facts.ticket()) > 0) {
    return tell(record, "", "what was paused runs now");
  }
  std::string text = renderer_.render(protocol_, SP_REQUEST, payload_text(record));
  if (record.sealed) text = "(sealed: --key FILE)\n";
  if (record.erased) text = "(erased)\n";
  std::string state;
  if (verdict == ringlog::Verdict::Deny) state = "denied by ";
  if (verdict == ringlog::Verdict::Wait) state = "paused by ";
  if (verdict == ringlog::Verdict::Observe) state = "observed; would not have passed ";
  if (!state.empty()) {
    const std::string rule(ringlog::text_of(facts.rule()));
    state += rule.empty() ? "the target's default" : "rule \"" + visible(rule) + "\"";
  }
  tell(record, text, state);
}

void Retelling::flush_reply(const ringlog::RecordView& record) {
  if (reply_.empty()) return;
  const std::string text = renderer_.render(protocol_, SP_REPLY, reply_);
  reply_.clear();
  tell_(
      {.time_ns = record.time_ns, .kind = kind_text(record.kind), .request = {}, .reply = text, .facts = {}});
}

void Retelling::tell(const ringlog::RecordView& record, std::string request, std::string facts) {
  tell_({.time_ns = record.time_ns,
         .kind = kind_text(record.kind),
         .request = std::move(request),
         .reply = {},
         .facts = std::move(facts)});
}

}  // namespace sallyport::cli
