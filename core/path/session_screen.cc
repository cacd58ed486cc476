// Masks of direction "request": what a caller may not send into a target.
#include "core/core.h"
#include "core/path/session.h"

namespace sallyport {

namespace {

std::string_view view(sp_text text) { return {text.data, text.size}; }

}  // namespace

std::optional<guard::RequestBlock> Session::blocked(const TargetState& target,
                                                    std::span<const std::string> groups,
                                                    std::string_view text, std::span<const sp_pair> values) {
  const guard::Policy& policy = *core_.snapshot()->policy;
  if (!policy.looks_at_requests(*target.target, groups)) return std::nullopt;
  std::vector<std::string_view> texts = {text};
  for (const sp_pair& value : values) texts.push_back(view(value.value));
  return core_.blocked(*target.target, groups, texts);
}

int Session::screen(std::span<const sp_pair> values, sp_answer& out) {
  if (!proven_) return SP_ERROR_STATE;
  const Snapshot& now = *core_.snapshot();
  const TargetState* target = now.target(target_name_);
  const std::optional<std::vector<std::string>> groups = groups_in(now);
  sp_ask ask{};
  ask.size = sizeof ask;
  ask.stage = SP_STAGE_EXECUTE;
  ask.values = values.data();
  ask.value_count = values.size();
  if (!target || !groups) return deny(ask, "", nullptr, out);
  if (const auto block = blocked(*target, *groups, {}, values)) return deny_blocked(ask, *block, out);
  out.verdict = SP_ALLOW;
  out.state = SP_STATE_DECIDED;
  answer_rule_.clear();
  answer_text(out, "", "");
  return SP_ALLOW;
}

// Where nobody may be any more, all is looked at: screen() denies.
bool Session::screens() const {
  if (!proven_) return true;
  const Snapshot& now = *core_.snapshot();
  const TargetState* target = now.target(target_name_);
  const std::optional<std::vector<std::string>> groups = groups_in(now);
  return !target || !groups || now.policy->looks_at_requests(*target->target, *groups);
}

int Session::deny_blocked(const sp_ask& ask, const guard::RequestBlock& block, sp_answer& out) {
  if (!record_request(ask, ringlog::Verdict::Deny, block.mask->name, "")) return SP_ERROR_NO_RECORD;
  answer_rule_ = block.mask->name;
  answer_text(out, block.message(), "");
  out.verdict = SP_DENY;
  out.state = SP_STATE_DECIDED;
  return SP_DENY;
}

}  // namespace sallyport
