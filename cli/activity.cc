#include "cli/activity.h"

#include "cli/record_text.h"

namespace sallyport::cli {

namespace {

using ringlog::Kind;
using ringlog::text_of;
using ringlog::Verdict;

std::string copy(const flatbuffers::String* text) { return std::string(text_of(text)); }

std::vector<std::string> copies(const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>* list) {
  std::vector<std::string> all;
  for (uint32_t i = 0; list && i < list->size(); ++i) all.push_back(copy(list->Get(i)));
  return all;
}

void login(Visit& visit, const ringlog::fbs::Login& facts) {
  visit.identity = copy(facts.identity());
  visit.actor = copy(facts.actor());
  visit.on_behalf_of = copy(facts.on_behalf_of());
  visit.target = copy(facts.target());
  visit.login = copy(facts.login());
  visit.database = copy(facts.database());
  visit.groups = copies(facts.groups());
  visit.accepted = facts.outcome() == static_cast<uint8_t>(ringlog::Outcome::Accepted);
}

}  // namespace

void Activities::take(const ringlog::RecordView& record) {
  if (record.session == 0) return;
  switch (record.kind) {
    case Kind::SessionOpened:
    case Kind::Login:
    case Kind::Request:
    case Kind::ReplyEnd:
    case Kind::SessionClosed: break;
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
  const std::pair key(record.instance, record.session);
  auto found = open_.find(key);
  if (found != open_.end() && !found->second.wanted) {
    if (record.kind == Kind::SessionClosed) open_.erase(found);
    return;
  }
  const auto* header = ringlog::facts_of(record);
  if (header == nullptr) return;
  if (found == open_.end()) {
    if (record.kind == Kind::SessionClosed) return;
    found = open_.try_emplace(key).first;
    found->second.visit = {
        .instance = record.instance, .session = record.session, .opened_ns = record.time_ns};
  }
  Open& open = found->second;
  if (const auto* opened = header->facts_as_SessionOpened()) {
    open.visit.protocol = copy(opened->protocol());
    open.visit.peer = copy(opened->peer());
  } else if (const auto* facts = header->facts_as_Login()) {
    login(open.visit, *facts);
    open.wanted = !wanted_ || wanted_(open.visit);
  } else if (const auto* asked = header->facts_as_Request()) {
    request(open, record, *asked);
  } else if (const auto* ended = header->facts_as_ReplyEnd()) {
    reply_end(open, record, *ended);
  } else {
    flush(open);
    open_.erase(found);
  }
}

void Activities::request(Open& open, const ringlog::RecordView& record, const ringlog::fbs::Request& facts) {
  if (facts.ours()) return;
  const auto verdict = static_cast<Verdict>(facts.verdict());
  // What is only prepared has done nothing yet; its execution is a request of its own.
  const bool runs = facts.stage() == static_cast<uint8_t>(ringlog::Stage::Execute);
  const bool passes = verdict == Verdict::Allow || verdict == Verdict::Observe;
  if (passes && !runs) return;
  Activity& activity = open.requests[facts.ticket()];
  // One that waited is recorded again when it is decided.
  const bool paused = activity.paused || verdict == Verdict::Wait;
  const uint64_t time_ns = activity.time_ns != 0 ? activity.time_ns : record.time_ns;
  const std::string rule = activity.paused ? activity.rule : copy(facts.rule());
  activity = {.time_ns = time_ns,
              .ticket = facts.ticket(),
              .verbs = copies(facts.verbs()),
              .objects = copies(facts.objects()),
              .verdict = verdict,
              .paused = paused,
              .rule = rule,
              .approval = copy(facts.approval()),
              .text = record.erased ? "" : std::string(payload_text(record)),
              .policy = policy_text(facts.policy()),
              .sealed = record.sealed && !record.erased,
              .erased = record.erased};
  for (uint32_t i = 0; facts.fields() && i < facts.fields()->size(); ++i) {
    const auto* field = facts.fields()->Get(i);
    activity.fields.emplace_back(text_of(field->name()), text_of(field->value()));
  }
  if (verdict != Verdict::Deny) return;
  took_(open.visit, activity);
  open.requests.erase(facts.ticket());
}

void Activities::reply_end(Open& open, const ringlog::RecordView& record,
                           const ringlog::fbs::ReplyEnd& facts) {
  const auto found = open.requests.find(facts.ticket());
  if (found == open.requests.end()) return;
  Activity& activity = found->second;
  activity.answered = true;
  activity.end_ns = record.time_ns;
  activity.units = facts.units();
  activity.masked = facts.masked();
  activity.withheld = facts.withheld();
  activity.status = copy(facts.status());
  for (uint32_t i = 0; facts.hits() && i < facts.hits()->size(); ++i) {
    const auto* hit = facts.hits()->Get(i);
    activity.hits.push_back({.mask = copy(hit->mask()),
                             .detector = copy(hit->detector()),
                             .field = copy(hit->field()),
                             .hits = hit->hits(),
                             .values = hit->values()});
  }
  took_(open.visit, activity);
  open.requests.erase(found);
}

void Activities::flush(Open& open) {
  for (const auto& [ticket, activity] : open.requests) took_(open.visit, activity);
  open.requests.clear();
}

void Activities::finish() {
  for (auto& [key, open] : open_) flush(open);
  open_.clear();
}

}  // namespace sallyport::cli
