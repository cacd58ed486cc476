// Each open session's last leaf, which its next one names. The writer takes back what a failed write had
// advanced; a session's entry goes with its SessionClosed record. Writer and verify follow the same rule.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "ringlog/frame.h"

namespace sallyport::ringlog {

class Leaves {
 public:
  // Of the records: instance and session.
  using Key = std::pair<uint64_t, uint64_t>;

  // Zeros for a session that has none.
  [[nodiscard]] Digest previous(const Key& key) const {
    const auto found = last_.find(key);
    return found == last_.end() ? Digest{} : found->second;
  }
  void advance(const Key& key, const Digest& leaf, bool session_closed) {
    const auto found = last_.find(key);
    undo_.emplace_back(key, found == last_.end() ? std::nullopt : std::optional(found->second));
    if (session_closed && key.second != 0)
      last_.erase(key);
    else
      last_[key] = leaf;
  }
  // What was advanced so far is durable.
  void settle() { undo_.clear(); }
  // Back to the last settle().
  void roll_back() {
    for (; !undo_.empty(); undo_.pop_back()) {
      auto& [key, leaf] = undo_.back();
      if (leaf)
        last_[key] = *leaf;
      else
        last_.erase(key);
    }
  }
  [[nodiscard]] size_t size() const { return last_.size(); }

 private:
  std::map<Key, Digest> last_;
  std::vector<std::pair<Key, std::optional<Digest>>> undo_;
};

}  // namespace sallyport::ringlog
