#include "plugins/postgresql/sql/cache.h"

#include <utility>

namespace sallyport::postgresql::sql {
namespace {

// What the list node, the index node and their pointers take, rounded up.
constexpr size_t entry_overhead_size = 256;

}  // namespace

ClassificationCache::ClassificationCache(const Key& key, const Bounds& bounds, const Limits& limits)
    : bounds_(bounds), classifier_(limits), index_(0, Hash{key}) {}

std::shared_ptr<const Classification> ClassificationCache::get(std::string_view text) {
  const auto found = index_.find(text);
  if (found != index_.end()) {
    ++hit_count_;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->value;
  }
  ++miss_count_;
  auto value = std::make_shared<const Classification>(classifier_.classify(text));
  insert(text, value);
  return value;
}

void ClassificationCache::insert(std::string_view text, std::shared_ptr<const Classification> value) {
  const size_t size = entry_overhead_size + text.size() + value->memory_size();
  if (text.size() > bounds_.text_size_max || size > bounds_.size_max || bounds_.entry_count_max == 0) return;
  while (!entries_.empty() && (size_ + size > bounds_.size_max || index_.size() >= bounds_.entry_count_max)) {
    const Entry& oldest = entries_.back();
    index_.erase(oldest.text);
    size_ -= oldest.size;
    entries_.pop_back();
  }
  entries_.push_front({.text = std::string(text), .value = std::move(value), .size = size});
  index_.emplace(entries_.front().text, entries_.begin());
  size_ += size;
}

}  // namespace sallyport::postgresql::sql
