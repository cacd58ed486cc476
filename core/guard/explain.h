// Why a statement is judged as it is: `sallyport explain`. Asks the plugin what the statement is and looks at
// the rules with the functions that serve traffic; nothing here decides. Control plane only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/guard/policy.h"

namespace sallyport::guard {

struct RuleNote {
  const config::Rule* rule = nullptr;
  bool matched = false;
  std::string why;  // one line for people
};

struct CommandNote {
  std::string verb;
  std::vector<std::string> objects;
  std::vector<std::pair<std::string, std::string>> fields;
  std::vector<RuleNote> rules;  // in order, up to and with the one that matched
  config::Action action = config::Action::deny;
  const config::Rule* rule = nullptr;  // null: the target's default
  std::string why;
};

struct MaskNote {
  const config::Mask* mask = nullptr;
  bool applies = false;
  std::string why;
};

struct Explanation {
  bool may_open = false;       // else nothing of the rest would come to pass
  bool is_on_request = false;  // it may, once it is granted
  std::vector<CommandNote> commands;
  Verdict verdict;                      // of the batch
  std::optional<RequestBlock> blocked;  // it would be denied for what it holds, whatever the verdict
  std::vector<MaskNote> masks;          // of this target, in the order of the files
};

// `groups` are the identity's. `plugin` speaks the target's protocol. Fails where the plugin cannot classify.
[[nodiscard]] Result<Explanation> explain(const Policy& policy, const config::Target& target,
                                          std::span<const std::string> groups, const sp_plugin& plugin,
                                          std::string_view text);

// What happens to one field: `path` is "schema.table.column", empty for a value without an origin.
struct FieldNote {
  MaskAction whole = MaskAction::None;  // None: only what the detectors find
  DetectorSet detectors;
  bool withheld = false;
  std::vector<MaskNote> masks;
};
[[nodiscard]] FieldNote explain_field(const Policy& policy, const config::Target& target,
                                      std::span<const std::string> groups, std::string_view label,
                                      std::string_view path);

// "allow", "approve", "deny".
[[nodiscard]] const char* action_text(config::Action action);

}  // namespace sallyport::guard
