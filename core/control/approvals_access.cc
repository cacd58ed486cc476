// Requests for access: the one kind of approval that nothing waits for. Its last yes makes a grant, and who
// asks too often, or again right after a no, is refused.
#include <algorithm>

#include "config/limits.h"
#include "core/control/approvals.h"

namespace sallyport {

namespace {

using ringlog::DecisionKind;

constexpr int64_t ms = 1'000'000;
constexpr int64_t window_ns = int64_t{limits::access_ask_window_ms} * ms;
constexpr int64_t cooldown_ns = int64_t{limits::access_cooldown_ms} * ms;

}  // namespace

// Of the last hour; one from the future was asked before the clock was set back.
Result<void> Approvals::may_ask_access(const ApprovalWanted& asked, int64_t now_ns) {
  std::erase_if(access_asks_, [now_ns](const AccessAsk& one) {
    return one.at_ns > now_ns || now_ns - one.at_ns >= window_ns;
  });
  size_t count = 0;
  for (const AccessAsk& one : access_asks_) {
    if (one.identity != asked.identity && !config::same_person(one.persons, asked.persons)) continue;
    ++count;
    if (one.target == asked.target && one.denied_ns != 0 && now_ns - one.denied_ns < cooldown_ns)
      return fail("access to " + asked.target + " was denied to " + asked.identity +
                  " a moment ago: ask again in " +
                  std::to_string((one.denied_ns + cooldown_ns - now_ns) / (1000 * ms) + 1) + " s");
  }
  if (count >= limits::access_ask_count_max)
    return fail(asked.identity + " has asked for access " + std::to_string(count) +
                " times within the hour: wait, and say what is needed in one request");
  if (access_asks_.size() >= limits::approval_count_max)
    return fail("too many ask for access: try again later");
  return {};
}

Result<std::string> Approvals::ask_access(ApprovalWanted&& asked, const identity::Grant& wanted,
                                          uint32_t life_ms, int64_t now_ns, Effects& effects) {
  tick(now_ns, effects);
  for (const auto& [id, approval] : by_id_) {
    if (!approval.access || !approval.is_open() || approval.asked.identity != asked.identity ||
        approval.asked.target != asked.target || approval.access->actor != wanted.actor)
      continue;
    if (approval.access_ms == life_ms && approval.asked.demands == asked.demands) return id;
    return fail("request " + id + " for " + asked.target +
                " waits already, and for another time: `sallyport deny " + id + "` takes it back");
  }
  if (Result<void> may = may_ask_access(asked, now_ns); !may) return std::unexpected(std::move(may.error()));
  if (!has_room(asked)) return fail("too many approvals are pending");
  access_asks_.push_back({asked.identity, asked.persons, asked.target, now_ns, 0});
  const int64_t expires_ns = now_ns + int64_t{asked.timeout_ms} * ms;
  Approval& approval = open(std::move(asked), now_ns, expires_ns, effects);
  approval.again_ms = 0;
  approval.access = std::make_shared<const identity::Grant>(wanted);
  approval.access_ms = life_ms;
  return approval.id;
}

// Somebody else's no.
void Approvals::access_denied(const Approval& approval, int64_t now_ns) {
  for (AccessAsk& one : access_asks_) {
    if (one.identity == approval.asked.identity && one.target == approval.asked.target &&
        one.at_ns == approval.created_ns)
      one.denied_ns = now_ns;
  }
}

void Approvals::settle_access(const std::string& id, const std::string& grant, const std::string& fault) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  found->second.grant = grant;
  found->second.grant_fault = fault;
}

void Approvals::end_access(const std::function<std::string(const Approval&)>& why, Effects& effects) {
  for (auto& [id, approval] : by_id_) {
    if (!approval.access || !approval.is_open()) continue;
    const std::string reason = why(approval);
    if (reason.empty()) continue;
    approval.revoked_by = "gateway";
    approval.revoke_reason = reason;
    end(approval, Approval::State::revoked, ApprovalState::revoked, DecisionKind::Revoked, effects);
  }
}

}  // namespace sallyport
