#include "core/control/explain_json.h"

namespace sallyport {

using nlohmann::json;

bool blocks(const guard::Explanation& explanation) {
  const guard::Verdict& verdict = explanation.verdict;
  return explanation.may_open && explanation.blocked &&
         (verdict.action != config::Action::deny || verdict.observed);
}

json explanation_json(const guard::Explanation& explanation) {
  json commands = json::array();
  for (const guard::CommandNote& command : explanation.commands) {
    json fields = json::array(), rules = json::array();
    for (const auto& [name, value] : command.fields) fields.push_back({{"name", name}, {"value", value}});
    for (const guard::RuleNote& rule : command.rules) {
      rules.push_back({{"rule", rule.rule->name}, {"matched", rule.matched}, {"why", rule.why}});
    }
    commands.push_back({{"verb", command.verb},
                        {"objects", command.objects},
                        {"fields", fields},
                        {"action", guard::action_text(command.action)},
                        {"rules", rules},
                        {"rule", command.rule ? command.rule->name : ""},
                        {"why", command.why}});
  }
  json masks = json::array();
  for (const guard::MaskNote& mask : explanation.masks) {
    masks.push_back({{"mask", mask.mask->name}, {"applies", mask.applies}, {"why", mask.why}});
  }
  const guard::Verdict& verdict = explanation.verdict;
  return {{"may_open", explanation.may_open},
          {"on_request", explanation.is_on_request},
          {"action", guard::action_text(explanation.may_open && !blocks(explanation) ? verdict.action
                                                                                     : config::Action::deny)},
          {"rule", blocks(explanation) ? explanation.blocked->mask->name
                   : verdict.rule      ? verdict.rule->name
                                       : ""},
          {"blocked", blocks(explanation) ? explanation.blocked->message() : ""},
          {"commands", commands},
          {"masks", masks}};
}

}  // namespace sallyport
