// Of a target that opens for some only after somebody has said yes, and then for a while: who may ask, who
// says yes, and for how long at most. Plain data; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/approval_terms.h"
#include "config/place.h"

namespace sallyport::config {

// Stands among the groups of a target's `allow`, and is none.
inline constexpr const char* on_request_name = "on-request";

struct OnRequest {
  std::vector<std::string> groups;     // who may ask; empty: nobody, the target opens for `allow` alone
  std::vector<std::string> approvers;  // all that `terms` name for the time before an escalation
  ApprovalTerms terms;
  uint32_t timeout_ms = 0;  // how long a request stays open
  uint32_t longest_ms = 0;  // of what may be asked for
  uint32_t grace_ms = 0;    // how long a transaction may go on once the time is over
  Place place, approvers_place;

  [[nodiscard]] bool is_offered() const { return !groups.empty(); }
};

}  // namespace sallyport::config
