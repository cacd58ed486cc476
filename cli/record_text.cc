#include "cli/record_text.h"

#include "cli/table.h"
#include "ringlog/seal.h"

namespace sallyport::cli {

namespace {

// One fact as it stands in a line; nothing where it says nothing.
std::string value_text(const Facts& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "";
  if (value.is_number()) return value == 0 ? "" : value.dump();
  std::string text;
  for (const Facts& item : value) {
    if (!text.empty()) text += ",";
    text +=
        item.is_object() ? item.value("name", "") + "=" + item.value("value", "") : item.get<std::string>();
  }
  return text;
}

// The fact that a line of this kind leads with, without its name.
const char* first_fact(ringlog::Kind kind) {
  switch (kind) {
    case ringlog::Kind::Login: return "outcome";
    case ringlog::Kind::Request: return "verdict";
    case ringlog::Kind::Decision: return "decision";
    case ringlog::Kind::Note: return "name";
    case ringlog::Kind::ReplyEnd: return "status";
    case ringlog::Kind::Admin: return "act";
    case ringlog::Kind::Boot: return "instance";
    case ringlog::Kind::SessionOpened: return "peer";
    case ringlog::Kind::Policy:
    case ringlog::Kind::SessionClosed:
    case ringlog::Kind::Fault:
    case ringlog::Kind::Gap: return "reason";
    case ringlog::Kind::None:
    case ringlog::Kind::Forward:
    case ringlog::Kind::Reply: return "";
  }
  return "";
}

}  // namespace

std::string facts_text(const ringlog::RecordView& record) {
  const Facts facts = facts_json(record);
  const std::string first = first_fact(record.kind);
  std::string line = first.empty() ? "" : value_text(facts.value(first, Facts("")));
  for (const auto& [name, value] : facts.items()) {
    // A number of the gateway's own that means nothing to people.
    if (name == first || name == "ticket" || name == "fields" || name == "hits") continue;
    const std::string text = value_text(value);
    if (!text.empty()) line += (line.empty() ? "" : "  ") + name + "=" + text;
  }
  if (record.kind == ringlog::Kind::Note && facts.contains("fields")) {
    const std::string fields = value_text(facts["fields"]);
    if (!fields.empty()) line += "  " + fields;
  }
  if (record.kind == ringlog::Kind::Reply)
    line += (line.empty() ? "" : "  ") + std::to_string(ringlog::payload_size_of(record)) + " bytes";
  if (record.erased) line += "  (payload erased)";
  if (record.sealed && !record.erased) line += "  (sealed: --key FILE)";
  return visible(line);
}

}  // namespace sallyport::cli
