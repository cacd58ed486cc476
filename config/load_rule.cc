// [[mask]] and [[rule]].
#include <algorithm>

#include "config/limits.h"
#include "config/loader.h"
#include "config/pattern.h"

namespace sallyport::config {
namespace {

void check_fields(Reader& reader, const std::vector<std::string>& fields) {
  for (const std::string& field : fields) {
    const bool has_empty_part =
        field.front() == '.' || field.back() == '.' || field.find("..") != std::string::npos;
    if (has_empty_part || field.size() > limits::pattern_size_max) {
      reader.problem("fields", "fields: \"" + field +
                                   "\" names no field: write \"table.column\", "
                                   "\"schema.table.column\", \"*.column\" or \"column\"");
    }
  }
}

void load_token_key(Loader& loader, Reader& reader, Mask& mask, bool wanted) {
  const char* const write = "{ id = \"k1\", secret = \"file:secrets/token\" }";
  if (!wanted) {
    if (reader.has("token_key")) reader.problem("token_key", "token_key belongs to action = \"token\" only");
    return;
  }
  if (!reader.has("token_key")) {
    reader.problem("action", std::string("action \"token\" needs a key: write token_key = ") + write);
    return;
  }
  const Value* const table = reader.table("token_key", write);
  if (table == nullptr) return;
  Reader key(*table, reader.where() + ": token_key", loader.problems);
  mask.token_key.place = table->place;
  key.require("id", "id = \"k1\"");
  key.require("secret", "secret = \"file:secrets/token\"");
  key.text("id", mask.token_key.id);
  const bool plain = std::ranges::all_of(mask.token_key.id, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
  if (!plain || mask.token_key.id.size() > limits::token_id_size_max)
    key.problem("id", "id may hold 1 to 8 of A-Z a-z 0-9");
  key.secret("secret", loader.folder, mask.token_key.secret);
  key.finish();
}

// What is detected in a request is not masked but blocked, and only content can be detected there.
void load_request_mask(Reader& reader) {
  for (const char* key : {"fields", "computed", "token_key"}) {
    if (reader.has(key))
      reader.problem(key, std::string(key) + " means replies: leave it out with direction = \"request\"");
  }
  const Value* const action = reader.find("action");
  if (action != nullptr && (action->kind != Value::Kind::string || action->text != "deny"))
    reader.problem("action", "direction = \"request\" blocks requests: leave action out, or write \"deny\"");
  if (!reader.has("detect")) reader.problem("detect", "blocks nothing: write detect = [\"@secrets\"]");
}

void load_mask_action(Loader& loader, Reader& reader, Mask& mask) {
  reader.require("action", "action = \"partial\"");
  reader.choice("action", mask.action,
                {{"keep-shape", MaskAction::keep_shape},
                 {"partial", MaskAction::partial},
                 {"token", MaskAction::token},
                 {"redact", MaskAction::redact}});
  load_token_key(loader, reader, mask, mask.action == MaskAction::token);
}

void load_reply_mask(Loader& loader, Reader& reader, Mask& mask) {
  reader.texts("fields", mask.fields);
  check_fields(reader, mask.fields);
  if (!reader.has("detect") && !reader.has("fields")) {
    reader.problem("detect", "masks nothing: write detect = [\"@pii\"] or fields = [\"table.column\"]");
  }
  load_mask_action(loader, reader, mask);
  reader.choice("computed", mask.computed,
                {{"mask", Computed::mask}, {"refuse", Computed::refuse}, {"content", Computed::content}});
  if (reader.has("computed") && !reader.has("fields")) {
    reader.problem("computed", "computed means values made of masked fields: write fields, or leave it out");
  }
}

// The values of one fact: one, or a list of alternatives.
void load_condition(Reader& reader, const Value& value, const std::string& prefix, Rule& rule) {
  Condition condition;
  condition.fact = prefix + value.key;
  condition.place = value.place;
  if (value.kind == Value::Kind::table && prefix.empty()) {  // field.rows = … without quotes
    for (const Value& inner : value.items) load_condition(reader, inner, value.key + ".", rule);
    return;
  }
  const std::vector<Value> single{value};
  for (const Value& item : value.kind == Value::Kind::array ? value.items : single) {
    std::string text = item.text;
    if (item.kind == Value::Kind::integer) text = std::to_string(item.integer);
    if (item.kind != Value::Kind::string && item.kind != Value::Kind::integer) {
      reader.problem_at(item.place, "match: " + condition.fact + " is " + kind_text(item.kind) +
                                        ": write a string or a list of strings");
      continue;
    }
    const Result<Pattern> pattern = parse_pattern(text);
    if (!pattern) {
      reader.problem_at(item.place, "match: " + condition.fact + " " + pattern.error().text);
    } else if (text.size() > limits::pattern_size_max) {
      reader.problem_at(item.place,
                        "match: " + condition.fact + " holds a value of more than 256 characters");
    } else {
      condition.values.push_back(std::move(text));
    }
  }
  if (value.kind == Value::Kind::array && value.items.empty()) {
    reader.problem_at(value.place, "match: " + condition.fact + " is an empty list and could never match");
  }
  const auto same = std::ranges::find(rule.match, condition.fact, &Condition::fact);
  if (same != rule.match.end()) reader.problem_at(value.place, "match names " + condition.fact + " twice");
  rule.match.push_back(std::move(condition));
}

void load_match(Reader& reader, Rule& rule) {
  if (reader.text("use", rule.use)) rule.use_place = reader.find("use")->place;
  const Value* match = reader.table("match", "{ verb = [\"DROP\"] }");
  if (match != nullptr) {
    for (const Value& value : match->items) load_condition(reader, value, "", rule);
    if (match->items.empty())
      reader.problem("match", "match is empty: write match = { verb = [\"*\"] } to mean every command");
  }
  if (!reader.has("use") && !reader.has("match")) {
    reader.problem(
        "use",
        "says nothing of what it is for: write use = \"sql/read-only\" or match = { verb = [\"DROP\"] }");
  }
}

}  // namespace

void load_mask(Loader& loader, const Value& table) {
  Reader reader(table, "mask", loader.problems);
  Mask mask;
  mask.place = table.place;
  mask.detect_place = table.place;
  reader.require("name", "name = \"…\"");
  if (reader.name("name", mask.name)) reader.rename("mask \"" + mask.name + "\"");
  reader.names("targets", mask.targets, true);
  reader.texts("detect", mask.detect);
  if (const Value* detect = reader.find("detect")) mask.detect_place = detect->place;
  reader.choice("direction", mask.direction,
                {{"reply", MaskDirection::reply}, {"request", MaskDirection::request}});
  if (mask.direction == MaskDirection::request) {
    load_request_mask(reader);
  } else {
    load_reply_mask(loader, reader, mask);
  }
  reader.names("except", mask.except);
  reader.finish();
  loader.config.masks.push_back(std::move(mask));
}

void load_rule(Loader& loader, const Value& table) {
  Reader reader(table, "rule", loader.problems);
  Rule rule;
  rule.place = table.place;
  rule.use_place = table.place;
  reader.require("name", "name = \"…\"");
  if (reader.name("name", rule.name)) reader.rename("rule \"" + rule.name + "\"");
  reader.names("targets", rule.targets, true);
  reader.names("groups", rule.groups);
  load_match(reader, rule);
  reader.require("action", "action = \"allow\", \"deny\" or \"approve\"");
  const bool has_action =
      reader.choice("action", rule.action,
                    {{"allow", Action::allow}, {"deny", Action::deny}, {"approve", Action::approve}});
  load_approval(loader, reader, rule, has_action);
  reader.text("reason", rule.reason);
  if (rule.reason.size() > limits::reason_size_max)
    reader.problem("reason", "reason is longer than 200 bytes");
  reader.finish();
  loader.config.rules.push_back(std::move(rule));
}

}  // namespace sallyport::config
