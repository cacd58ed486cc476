// Of targets that open on request: which grant a session stands on, and what its end means for the session.
#include <algorithm>

#include "core/core.h"
#include "core/identity/delegation.h"
#include "core/path/session.h"

namespace sallyport {

namespace {

constexpr int64_t ms = 1'000'000;

std::string over_text(const identity::Grant& grant) {
  return "grant " + grant.id + " is over: `sallyport request " + grant.target +
         " --for 1h --reason '…'` asks for another";
}

}  // namespace

// Whether the caller may open the target of `snapshot` whatever was granted.
bool Session::stands_open(const Snapshot& snapshot) const {
  const TargetState* target = snapshot.target(target_name_);
  const std::optional<std::vector<std::string>> groups = groups_in(snapshot);
  if (!target || !groups) return false;
  const bool is_canary = !by_token_ && !by_certificate_ && who_ == config::canary_name;
  return is_canary || snapshot.policy->may_open(*target->target, *groups);
}

identity::GrantPointer Session::find_grant() const {
  const std::string_view actor = identity_ ? std::string_view(identity_->actor) : std::string_view();
  const identity::GrantPointer found = core_.grants().find(who_, actor, target_name_, core_.wall_ns());
  // Nobody opens for himself, by another's hand neither.
  if (!found || on_behalf_of().empty()) return found;
  identity::Identity speaker;
  speaker.persons = persons();
  identity::speak_for(snapshot_->policy->config(), on_behalf_of(), speaker);
  return config::same_person(found->granting_persons, speaker.persons) ? nullptr : found;
}

// The grant that the session goes on with, or none where it needs none. False: it needs one and has none.
bool Session::settle_grant() {
  grant_deadline_ns_ = grant_hard_ns_ = -1;
  if (stands_open(*snapshot_)) {
    grant_ = nullptr;
    return true;
  }
  const identity::GrantPointer found = find_grant();
  if (!found) return false;
  const bool is_news = proven_ && (!grant_ || grant_->id != found->id);
  grant_ = found;
  const int64_t left_ns = std::max<int64_t>(found->expires_ns - core_.wall_ns(), 0);
  grant_deadline_ns_ = core_.now_ns() + left_ns;
  // At a login its record says so.
  if (!is_news) return true;
  const ringlog::Field fields[] = {{"grant", found->id}, {"granted_by", found->granted_by}};
  return core_.recorder().note(id_, {.name = "grant", .fields = fields, .ours = true}).has_value();
}

// The time is over: another grant carries on, else the session ends where nothing is cut in two; at the end
// of the grace wherever it is.
void Session::end_grant() {
  if (!grant_ || !proven_ || state_ == State::ending || grant_hard_ns_ >= 0) return;
  const identity::GrantPointer old = grant_;
  // A newer policy may let the caller in without any.
  if (stands_open(*core_.snapshot()) || settle_grant()) return;
  grant_hard_ns_ = core_.now_ns() + int64_t{old->grace_ms} * ms;
  shutdown_wanted_ = true;
  shutdown_reason_ = over_text(*old);
}

void Session::on_grant_gone(std::string_view id, const std::string& reason, bool at_once) {
  if (!proven_ || state_ == State::ending || !grant_ || grant_->id != id) return;
  if (at_once) return on_kill(reason);
  end_grant();
  pump();
}

void Session::on_grant_time(bool is_due, bool is_hard) {
  if (is_due) end_grant();
  if (is_hard && grant_) fault("grant-over", over_text(*grant_));
}

}  // namespace sallyport
