// Who speaks to the control plane, by whichever door, as far as it was proven. Plain data; control thread.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "core/identity/identity.h"

namespace sallyport {

struct Caller {
  std::string name;                    // of a local user or an identity; empty: nobody but an operator
  std::vector<std::string> groups;     // of then
  std::vector<std::string> persons;    // as in identity::Identity
  std::string on_behalf_of;            // as well
  std::string from;                    // for the record: "uid 1000", "127.0.0.1:40312"
  bool is_operator = false;            // the kernel's word: root, or the gateway's own user
  bool is_remote = false;              // by the HTTP door
  std::string ticket;                  // the id of what proved it; empty: something else did
  identity::IdentityPointer identity;  // of a token or ticket; null: a local user's secret, or nobody

  [[nodiscard]] bool is_somebody() const { return is_operator || !name.empty(); }
  [[nodiscard]] const std::string& name_on_record() const {
    static const std::string of_operator = "operator";
    return name.empty() ? of_operator : name;
  }
};

// What [admin] `roles` gives by group. An operator has all of them; an admin too; an approver and an auditor
// may see what a viewer sees.
[[nodiscard]] bool has_role(const config::Admin& admin, const Caller& caller, config::Role role);

}  // namespace sallyport
