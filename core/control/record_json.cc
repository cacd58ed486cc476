#include "core/control/record_json.h"

#include <array>
#include <cinttypes>
#include <cstdio>

#include "ringlog/digest.h"
#include "ringlog/facts.h"
#include "ringlog/session_name.h"

namespace sallyport {

namespace {

using nlohmann::json;
using ringlog::text_of;
namespace fbs = ringlog::fbs;

const char* outcome_text(uint8_t outcome) {
  return outcome == uint8_t(ringlog::Outcome::Accepted) ? "accepted" : "refused";
}

const char* decision_text(uint8_t decision) {
  switch (static_cast<ringlog::DecisionKind>(decision)) {
    case ringlog::DecisionKind::Asked: return "asked";
    case ringlog::DecisionKind::Approved: return "approved";
    case ringlog::DecisionKind::Denied: return "denied";
    case ringlog::DecisionKind::Expired: return "expired";
    case ringlog::DecisionKind::Cancelled: return "cancelled";
    case ringlog::DecisionKind::Used: return "used";
    case ringlog::DecisionKind::Voted: return "one yes";
    case ringlog::DecisionKind::Revoked: return "revoked";
    case ringlog::DecisionKind::Revealed: return "revealed";
    case ringlog::DecisionKind::Escalated: return "escalated";
  }
  return "unknown";
}

Facts names(const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>* list) {
  Facts all = Facts::array();
  for (size_t i = 0; list && i < list->size(); ++i)
    all.push_back(text_of(list->Get(static_cast<uint32_t>(i))));
  return all;
}

Facts pairs(const flatbuffers::Vector<flatbuffers::Offset<fbs::Field>>* list) {
  Facts all = Facts::array();
  for (size_t i = 0; list && i < list->size(); ++i) {
    const fbs::Field* field = list->Get(static_cast<uint32_t>(i));
    all.push_back({{"name", text_of(field->name())}, {"value", text_of(field->value())}});
  }
  return all;
}

std::string hex(const flatbuffers::Vector<uint8_t>* bytes) {
  return bytes ? ringlog::to_hex(std::as_bytes(std::span(bytes->data(), bytes->size()))) : "";
}

Facts of(const fbs::Boot& f) {
  return {{"instance", text_of(f.instance())},
          {"version", text_of(f.version())},
          {"config_digest", hex(f.config_digest())}};
}
Facts of(const fbs::Policy& f) { return {{"reason", text_of(f.reason())}, {"digest", hex(f.digest())}}; }
Facts of(const fbs::SessionOpened& f) {
  return {
      {"peer", text_of(f.peer())}, {"listener", text_of(f.listener())}, {"protocol", text_of(f.protocol())}};
}
Facts of(const fbs::Login& f) {
  return {{"outcome", outcome_text(f.outcome())},
          {"identity", text_of(f.identity())},
          {"groups", names(f.groups())},
          {"target", text_of(f.target())},
          {"login", text_of(f.login())},
          {"database", text_of(f.database())},
          {"proof", text_of(f.proof())},
          {"reason", text_of(f.reason())},
          {"issuer", text_of(f.issuer())},
          {"subject", text_of(f.subject())},
          {"actor", text_of(f.actor())},
          {"on_behalf_of", text_of(f.on_behalf_of())},
          {"job", pairs(f.job())},
          {"until_ns", f.until_ns()},
          {"credential", text_of(f.credential())},
          {"lease", text_of(f.lease())}};
}
Facts of(const fbs::Request& f) {
  const bool prepares = f.stage() == uint8_t(ringlog::Stage::Prepare);
  return {{"verdict", verdict_text(static_cast<ringlog::Verdict>(f.verdict()))},
          {"rule", text_of(f.rule())},
          {"approval", text_of(f.approval())},
          {"ticket", f.ticket()},
          {"stage", prepares ? "prepare" : "execute"},
          {"verbs", names(f.verbs())},
          {"objects", names(f.objects())},
          {"fields", pairs(f.fields())},
          {"in_transaction", f.in_transaction()},
          {"ours", f.ours()},
          {"policy", policy_text(f.policy())}};
}
Facts of(const fbs::Decision& f) {
  return {{"decision", decision_text(f.decision())},
          {"approval", text_of(f.approval())},
          {"ticket", f.ticket()},
          {"approver", text_of(f.approver())},
          {"reason", text_of(f.reason())}};
}
Facts of(const fbs::Note& f) {
  return {{"name", text_of(f.name())}, {"fields", pairs(f.fields())}, {"ours", f.ours()}};
}
Facts of(const fbs::Forward& f) { return {{"leg", f.leg()}, {"count", f.count()}, {"ours", f.ours()}}; }
Facts of(const fbs::Reply& f) { return {{"ticket", f.ticket()}, {"offset", f.offset()}}; }
Facts hit_facts(const flatbuffers::Vector<flatbuffers::Offset<fbs::Hit>>* list) {
  Facts all = Facts::array();
  for (uint32_t i = 0; list && i < list->size(); ++i) {
    const fbs::Hit* hit = list->Get(i);
    all.push_back({{"mask", text_of(hit->mask())},
                   {"detector", text_of(hit->detector())},
                   {"field", text_of(hit->field())},
                   {"hits", hit->hits()},
                   {"values", hit->values()}});
  }
  return all;
}

Facts of(const fbs::ReplyEnd& f) {
  return {{"status", text_of(f.status())},
          {"ticket", f.ticket()},
          {"bytes", f.bytes()},
          {"units", f.units()},
          {"masked", f.masked()},
          {"withheld", f.withheld()},
          {"unrecorded", f.unrecorded()},
          {"unrecorded_digest", hex(f.unrecorded_digest())},
          {"hits", hit_facts(f.hits())}};
}
Facts of(const fbs::SessionClosed& f) {
  return {{"reason", text_of(f.reason())},
          {"requests", f.requests()},
          {"bytes_in", f.bytes_in()},
          {"bytes_out", f.bytes_out()},
          {"masked", f.masked()}};
}
Facts of(const fbs::Admin& f) {
  return {{"who", text_of(f.who())}, {"act", text_of(f.act())}, {"detail", text_of(f.detail())}};
}
Facts of(const fbs::Fault& f) { return {{"reason", text_of(f.reason())}, {"detail", text_of(f.detail())}}; }
Facts of(const fbs::Gap& f) {
  return {{"instance", f.instance()},
          {"ring", f.ring()},
          {"first", f.first()},
          {"count", f.count()},
          {"reason", text_of(f.reason())}};
}

}  // namespace

const char* verdict_text(ringlog::Verdict verdict) {
  switch (verdict) {
    case ringlog::Verdict::Allow: return "allow";
    case ringlog::Verdict::Deny: return "deny";
    case ringlog::Verdict::Wait: return "wait";
    case ringlog::Verdict::Observe: return "observe";
  }
  return "unknown";
}

Facts facts_json(const ringlog::RecordView& record) {
  const fbs::Header* header = ringlog::facts_of(record);
  if (!header) return {{"unreadable", true}};
  switch (record.kind) {
    case ringlog::Kind::None: return Facts::object();
    case ringlog::Kind::Boot: return of(*header->facts_as_Boot());
    case ringlog::Kind::Policy: return of(*header->facts_as_Policy());
    case ringlog::Kind::SessionOpened: return of(*header->facts_as_SessionOpened());
    case ringlog::Kind::Login: return of(*header->facts_as_Login());
    case ringlog::Kind::Request: return of(*header->facts_as_Request());
    case ringlog::Kind::Decision: return of(*header->facts_as_Decision());
    case ringlog::Kind::Note: return of(*header->facts_as_Note());
    case ringlog::Kind::Forward: return of(*header->facts_as_Forward());
    case ringlog::Kind::Reply: return of(*header->facts_as_Reply());
    case ringlog::Kind::ReplyEnd: return of(*header->facts_as_ReplyEnd());
    case ringlog::Kind::SessionClosed: return of(*header->facts_as_SessionClosed());
    case ringlog::Kind::Admin: return of(*header->facts_as_Admin());
    case ringlog::Kind::Fault: return of(*header->facts_as_Fault());
    case ringlog::Kind::Gap: return of(*header->facts_as_Gap());
  }
  return Facts::object();
}

const char* kind_text(ringlog::Kind kind) {
  switch (kind) {
    case ringlog::Kind::None: return "none";
    case ringlog::Kind::Boot: return "boot";
    case ringlog::Kind::Policy: return "policy";
    case ringlog::Kind::SessionOpened: return "opened";
    case ringlog::Kind::Login: return "login";
    case ringlog::Kind::Request: return "request";
    case ringlog::Kind::Decision: return "decision";
    case ringlog::Kind::Note: return "note";
    case ringlog::Kind::Forward: return "forward";
    case ringlog::Kind::Reply: return "reply";
    case ringlog::Kind::ReplyEnd: return "reply-end";
    case ringlog::Kind::SessionClosed: return "closed";
    case ringlog::Kind::Admin: return "admin";
    case ringlog::Kind::Fault: return "fault";
    case ringlog::Kind::Gap: return "gap";
  }
  return "unknown";
}

std::string policy_text(uint64_t policy) {
  if (policy == 0) return "";
  std::array<char, 17> text{};
  snprintf(text.data(), text.size(), "%016" PRIx64, policy);
  return text.data();
}

std::string_view payload_text(const ringlog::RecordView& record) {
  if (record.sealed) return {};
  return {reinterpret_cast<const char*>(record.payload.data()), record.payload.size()};
}

json record_json(const ringlog::RecordView& record) {
  json all = {{"session", ringlog::session_text(record.instance, record.session)},
              {"time_ns", record.time_ns},
              {"sequence", record.sequence},
              {"ring", record.ring},
              {"kind", kind_text(record.kind)},
              {"facts", json(facts_json(record))}};
  if (record.erased) all["erased"] = true;
  if (record.sealed && !record.erased) all["sealed"] = true;
  if (record.payload.empty() || record.erased || record.sealed) return all;
  // Replies are the protocol's bytes; all other payloads are text.
  if (record.kind == ringlog::Kind::Reply) {
    all["payload_hex"] = ringlog::to_hex(record.payload);
  } else {
    all["payload"] = payload_text(record);
  }
  return all;
}

std::string json_text(const json& value, int indent) {
  return value.dump(indent, ' ', false, json::error_handler_t::replace);
}

}  // namespace sallyport
