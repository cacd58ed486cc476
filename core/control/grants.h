// The access that was granted for a while: who has what, and until when. Pure bookkeeping on the control
// thread: no clock, no I/O. How one comes to be asked for and granted: approvals_access.cc.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "config/error.h"
#include "core/guard/policy.h"
#include "core/identity/grant.h"

namespace sallyport {

class Grants {
 public:
  // An error where there are too many, of all or of this identity.
  [[nodiscard]] Result<void> has_room(std::string_view identity) const;
  void add(identity::GrantPointer grant);
  void remove(std::span<const std::string> ids);

  [[nodiscard]] identity::GrantPointer find(std::string_view id) const;
  [[nodiscard]] std::vector<identity::GrantPointer> all() const;  // oldest first
  // Cheap where none is.
  [[nodiscard]] std::vector<identity::GrantPointer> expired(int64_t now_ns) const;

 private:
  std::map<std::string, identity::GrantPointer, std::less<>> by_id_;
  int64_t first_end_ns_ = INT64_MAX;  // no grant expires before it
};

// Why the policy stands by this grant no longer; empty where it does.
[[nodiscard]] std::string why_withdrawn(const identity::Grant& grant, const guard::Policy& policy);

}  // namespace sallyport
