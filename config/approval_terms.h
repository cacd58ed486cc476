// Who has to say yes to what a rule pauses, and what a yes may be good for. Plain data; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace sallyport::config {

// So many different persons, each of one of these groups.
struct Quorum {
  std::vector<std::string> groups;
  uint32_t count = 1;
  friend bool operator==(const Quorum&, const Quorum&) = default;
};

struct ApprovalTerms {
  std::vector<Quorum> quorums;  // all of them
  uint32_t again_ms = 0;        // how long a yes may be good for the same again; 0: once
  bool needs_reason = false;    // of the caller
  uint32_t escalate_ms = 0;     // after so long those of escalate_to may say yes for anybody; 0: never
  std::vector<std::string> escalate_to;
  friend bool operator==(const ApprovalTerms&, const ApprovalTerms&) = default;
};

struct Voter {
  std::vector<std::string> persons;  // as in identity::Identity; of another voter's none
  std::vector<std::string> groups;
};

[[nodiscard]] bool same_person(std::span<const std::string> a, std::span<const std::string> b);
// Whether this voter's yes could count at all.
[[nodiscard]] bool may_vote(const ApprovalTerms& terms, std::span<const std::string> groups, bool escalated);
// Whether these are enough: a person counts once, and for one quorum.
[[nodiscard]] bool enough(const ApprovalTerms& terms, std::span<const Voter> voters, bool escalated);

}  // namespace sallyport::config
