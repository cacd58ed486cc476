// A grant: what an identity was given that asked to open a target for a while. It lets nobody in by itself: a
// login needs its proof, and the policy must still offer the target on request. Immutable; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::identity {

struct Grant {
  std::string id;        // "g-" and eight characters
  std::string approval;  // whose outcome it is; named by the records of its votes
  std::string target;
  // Who has it, as of when it was asked for.
  std::string identity;
  std::string actor;                 // who acts for the identity; that very one alone may use it
  std::string issuer_meaning;        // as in Identity; empty: a local user
  std::vector<std::string> persons;  // as in Identity
  std::vector<std::string> groups;
  std::string granted_by;                     // names, with commas
  std::vector<std::string> granting_persons;  // as in Identity, of all of them
  std::string reason;                         // the caller's, detectors applied
  int64_t created_ns = 0, expires_ns = 0;     // wall clock
  uint32_t grace_ms = 0;                      // of a transaction that is open when it expires
};

using GrantPointer = std::shared_ptr<const Grant>;

inline constexpr std::string_view grant_prefix = "g-";

// Those that a core knows of. One thread.
class HeldGrants {
 public:
  void add(GrantPointer grant);
  void remove(std::string_view id);
  // Of those that are good at `wall_ns`, the one that lasts longest; null: there is none.
  [[nodiscard]] GrantPointer find(std::string_view identity, std::string_view actor, std::string_view target,
                                  int64_t wall_ns) const;

 private:
  std::multimap<std::string, GrantPointer, std::less<>> by_identity_;
};

}  // namespace sallyport::identity
