#include "config/approval_terms.h"

#include <algorithm>

namespace sallyport::config {

namespace {

using Groups = std::span<const std::string>;

bool share(Groups a, Groups b) {
  return std::ranges::any_of(a, [b](const std::string& one) { return std::ranges::find(b, one) != b.end(); });
}

bool counts_for(const ApprovalTerms& terms, const Quorum& quorum, Groups groups, bool escalated) {
  return share(quorum.groups, groups) || (escalated && share(terms.escalate_to, groups));
}

// Voters and the places of quorums they take: a bipartite matching, grown by one place at a time along
// alternating paths (Kuhn). Both sides are small.
class Matching {
 public:
  Matching(const ApprovalTerms& terms, std::span<const Voter> voters, bool escalated)
      : terms_(terms), voters_(voters), escalated_(escalated), place_of_(voters.size(), none) {
    for (const Quorum& quorum : terms.quorums) places_.insert(places_.end(), quorum.count, &quorum);
  }

  [[nodiscard]] bool is_full() {
    if (places_.size() > voters_.size()) return false;
    for (size_t place = 0; place < places_.size(); ++place) {
      std::vector<bool> tried(voters_.size());
      if (!fill(place, tried)) return false;
    }
    return true;
  }

 private:
  static constexpr size_t none = SIZE_MAX;

  bool fill(size_t place, std::vector<bool>& tried) {
    for (size_t voter = 0; voter < voters_.size(); ++voter) {
      if (tried[voter] || !counts_for(terms_, *places_[place], voters_[voter].groups, escalated_)) continue;
      tried[voter] = true;
      if (place_of_[voter] != none && !fill(place_of_[voter], tried)) continue;
      place_of_[voter] = place;
      return true;
    }
    return false;
  }

  const ApprovalTerms& terms_;
  std::span<const Voter> voters_;
  bool escalated_;
  std::vector<const Quorum*> places_;
  std::vector<size_t> place_of_;  // of each voter
};

}  // namespace

bool same_person(Groups a, Groups b) { return share(a, b); }

bool may_vote(const ApprovalTerms& terms, Groups groups, bool escalated) {
  return std::ranges::any_of(
      terms.quorums, [&](const Quorum& quorum) { return counts_for(terms, quorum, groups, escalated); });
}

bool enough(const ApprovalTerms& terms, std::span<const Voter> voters, bool escalated) {
  return Matching(terms, voters, escalated).is_full();
}

}  // namespace sallyport::config
