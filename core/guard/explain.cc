#include "core/guard/explain.h"

#include <algorithm>

#include "config/quantity.h"
#include "core/guard/policy_tables.h"

namespace sallyport::guard {
namespace {

using config::in_quotes;

std::string joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
  return text.empty() ? "none" : text;
}

std::string why_of(const RuleMatcher& matcher, const Look& look, const sp_command& command) {
  switch (look.miss) {
    case Miss::none: break;
    case Miss::group: return "is for the groups " + joined(matcher.rule->groups);
    case Miss::unnamed: return "allows, but does not name the verb UNPARSED";
    case Miss::set: return "is for " + in_quotes(matcher.rule->use) + ", which this is not";
    case Miss::condition:
      return "wants " + look.condition->text() + ", but " + look.condition->fact() + " is " +
             joined(look.condition->values_of(command));
  }
  std::string text = matcher.rule->use.empty() ? "" : "this is " + in_quotes(matcher.rule->use);
  for (const FactCondition& condition : matcher.match) {
    text += (text.empty() ? "" : "; ") + condition.fact() + " is " + joined(condition.values_of(command)) +
            ", as in " + condition.text();
  }
  return text;
}

CommandNote note_of(const TargetTable& table, const GroupSet& who, const sp_command& command) {
  CommandNote note;
  note.verb = view(command.verb);
  for (size_t i = 0; i < command.object_count; ++i) note.objects.emplace_back(view(command.objects[i]));
  for (size_t i = 0; i < command.field_count; ++i) {
    note.fields.emplace_back(view(command.fields[i].name), view(command.fields[i].value));
  }
  const Verdict verdict = table.judge(who, command);
  note.action = verdict.action;
  note.rule = verdict.rule;
  for (const RuleMatcher* matcher : table.rules) {
    const Look look = matcher->look(who, command);
    note.rules.push_back({matcher->rule, look.matched(), why_of(*matcher, look, command)});
    if (look.matched()) break;
  }
  if (verdict.rule != nullptr) {
    note.why = "rule " + in_quotes(verdict.rule->name) + " at " + verdict.rule->place.text();
  } else if (verdict.action != table.target->default_action) {
    note.why = "no rule matches, and the target's default does not reach what could not be parsed";
  } else {
    note.why = std::string("no rule matches, and the target's default is ") + action_text(verdict.action);
  }
  return note;
}

std::vector<MaskNote> mask_notes(const Policy& policy, const TargetTable& table, const GroupSet& who,
                                 const sp_field* field) {
  std::vector<MaskNote> notes;
  for (const MaskTable& mask : table.masks) {
    MaskNote note{mask.mask, true, ""};
    if (!mask.detectors.empty()) note.why = "by content: " + joined(mask.mask->detect);
    if (!mask.mask->fields.empty() && (field == nullptr || mask.names(*field))) {
      note.why += (note.why.empty() ? "" : "; ") + ("by name: " + joined(mask.mask->fields));
    } else if (field != nullptr && mask.detectors.empty()) {
      note.applies = false;
      note.why = "names other fields";
    }
    if ((mask.except & who).any()) {
      const auto excepted = std::ranges::find_if(mask.mask->except, [&](const std::string& group) {
        return (policy.tables().group_set({&group, 1}) & who).any();
      });
      note.applies = false;
      note.why = "the group " + in_quotes(*excepted) + " is excepted";
    }
    notes.push_back(std::move(note));
  }
  for (const MaskTable& mask : field == nullptr ? table.request_masks : std::vector<MaskTable>()) {
    const bool excepted = (mask.except & who).any();
    notes.push_back(
        {mask.mask, !excepted,
         excepted ? "a group is excepted" : "blocks requests that hold: " + joined(mask.mask->detect)});
  }
  return notes;
}

// What `classify` hands its callback: the ask is lent, so that all is judged inside.
struct Ask {
  const Policy& policy;
  const TargetTable& table;
  std::span<const std::string> groups;
  GroupSet who;
  Explanation explanation;
  size_t count = 0;
};

void found(void* to, const sp_ask* ask) {
  Ask& self = *static_cast<Ask*>(to);
  ++self.count;
  const std::span commands(ask->commands, ask->command_count);
  self.explanation.verdict = self.policy.judge(*self.table.target, self.groups, commands);
  if (self.policy.looks_at_requests(*self.table.target, self.groups)) {
    Masker masker;
    const bool ready = masker.prepare(self.policy.scanner(*self.table.target)).has_value();
    const std::string_view text = view(ask->text);
    if (ready) {
      self.explanation.blocked = self.policy.blocked(masker, *self.table.target, self.groups, {&text, 1}, {});
    }
  }
  for (const sp_command& command : commands) {
    self.explanation.commands.push_back(note_of(self.table, self.who, command));
  }
}

}  // namespace

Result<Explanation> explain(const Policy& policy, const config::Target& target,
                            std::span<const std::string> groups, const sp_plugin& plugin,
                            std::string_view text) {
  const TargetTable* table = policy.tables().find(target);
  if (table == nullptr) return fail("no target " + in_quotes(target.name));
  if (view(plugin.manifest->name) != target.protocol) {
    return fail("the plugin speaks " + std::string(view(plugin.manifest->name)) + ", the target " +
                target.protocol);
  }
  if (plugin.classify == nullptr) return fail(target.protocol + " cannot classify text");
  Ask ask{policy, *table, groups, policy.tables().group_set(groups), {}};
  const bool is_open = policy.may_open(target, groups);
  ask.explanation.is_on_request = !is_open && policy.may_request(target, groups);
  ask.explanation.may_open = is_open || ask.explanation.is_on_request;
  const int result = plugin.classify({text.data(), text.size()}, found, &ask);
  if (result < 0 || ask.count != 1) return fail(target.protocol + " cannot classify this text", result);
  ask.explanation.masks = mask_notes(policy, *table, ask.who, nullptr);
  return std::move(ask.explanation);
}

FieldNote explain_field(const Policy& policy, const config::Target& target,
                        std::span<const std::string> groups, std::string_view label, std::string_view path) {
  sp_field field{};
  field.size = sizeof field;
  field.kind = SP_KIND_TEXT;
  field.flags = path.empty() ? uint32_t{SP_FIELD_NO_ORIGIN} : 0;
  field.label = {label.data(), label.size()};
  field.path = {path.data(), path.size()};
  const MaskPlan* plan = policy.mask_plan(target, groups, field);
  FieldNote note{plan->whole, plan->detectors, policy.withhold(target, groups, field), {}};
  if (const TargetTable* table = policy.tables().find(target)) {
    note.masks = mask_notes(policy, *table, policy.tables().group_set(groups), &field);
  }
  return note;
}

const char* action_text(config::Action action) {
  switch (action) {
    case config::Action::allow: return "allow";
    case config::Action::approve: return "approve";
    case config::Action::deny: break;
  }
  return "deny";
}

}  // namespace sallyport::guard
