// Classifications of the texts seen most recently, keyed by exact bytes. It holds classifications, never
// verdicts: rules and identities change, what a text says does not.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "plugins/postgresql/sql/classify.h"
#include "plugins/postgresql/sql/siphash.h"

namespace sallyport::postgresql::sql {

// One per thread, no locks. Least recently used entries go first. The seed (the host's `random`) keys the
// hash, so that a client cannot choose texts that collide; equality is over all bytes.
class ClassificationCache {
 public:
  struct Bounds {
    size_t entry_count_max = 4096;
    size_t size_max = 8 * 1024 * 1024;  // bytes of texts and classifications, estimated
    size_t text_size_max = 16 * 1024;   // longer texts are classified each time
  };

  using Key = std::array<uint64_t, 2>;

  ClassificationCache(const Key& key, const Bounds& bounds, const Limits& limits = {});
  explicit ClassificationCache(const Key& key) : ClassificationCache(key, Bounds{}) {}

  // Never null. The value stays valid for as long as the caller keeps the pointer (a prepared statement
  // does).
  [[nodiscard]] std::shared_ptr<const Classification> get(std::string_view text);

  [[nodiscard]] size_t entry_count() const { return index_.size(); }
  [[nodiscard]] size_t size() const { return size_; }  // bytes, at most size_max
  [[nodiscard]] uint64_t hit_count() const { return hit_count_; }
  [[nodiscard]] uint64_t miss_count() const { return miss_count_; }

 private:
  struct Entry {
    std::string text;
    std::shared_ptr<const Classification> value;
    size_t size = 0;
  };
  struct Hash {
    std::array<uint64_t, 2> key{};
    size_t operator()(std::string_view text) const { return siphash(key, text); }
  };

  void insert(std::string_view text, std::shared_ptr<const Classification> value);

  Bounds bounds_;
  Classifier classifier_;
  std::list<Entry> entries_;  // most recently used first; index_ keys point into the texts
  std::unordered_map<std::string_view, std::list<Entry>::iterator, Hash> index_;
  size_t size_ = 0;
  uint64_t hit_count_ = 0;
  uint64_t miss_count_ = 0;
};

}  // namespace sallyport::postgresql::sql
