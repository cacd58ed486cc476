// For whom a caller says that it asks.
#include "core/core.h"
#include "core/identity/delegation.h"
#include "core/path/session.h"

namespace sallyport {

// Of the ticket, else as was said at the login.
const std::string& Session::on_behalf_of() const {
  return identity_ && !identity_->on_behalf_of.empty() ? identity_->on_behalf_of : on_behalf_wanted_;
}

// Why not, for the record; empty: it may, or speaks for itself.
std::string Session::delegation_fault(const std::vector<std::string>& groups) const {
  const std::string& person = on_behalf_of();
  if (person.empty()) return "";
  if (!on_behalf_wanted_.empty() && on_behalf_wanted_ != person) return "on-behalf-of-another";
  return identity::may_speak_for(snapshot_->policy->config(), who_, groups, person) ? ""
                                                                                    : "on-behalf-not-allowed";
}

// From here on that person stands beside the identity, and is who asks as far as approvals go.
void Session::speak_for_another() {
  if (on_behalf_wanted_.empty()) return;
  identity::Identity speaker;
  if (identity_) {
    speaker = *identity_;
  } else {
    speaker.name = who_;
    speaker.persons = persons();
    speaker.groups = groups_;
  }
  identity::speak_for(snapshot_->policy->config(), on_behalf_wanted_, speaker);
  identity_ = std::make_shared<const identity::Identity>(std::move(speaker));
}

}  // namespace sallyport
