#include "core/path/throttle.h"

#include <algorithm>

#include "config/limits.h"

namespace sallyport {

namespace {

constexpr double minute_ns = 60e9;
constexpr double name_factor = 10;

double left_of(double failures, int64_t since_ns, double rate, int64_t now_ns) {
  return std::max(0.0, failures - rate * static_cast<double>(now_ns - since_ns) / minute_ns);
}

}  // namespace

double Throttle::failures_in(const Buckets& buckets, std::string_view key, double rate,
                             int64_t now_ns) const {
  const auto found = buckets.find(key);
  return found == buckets.end() ? 0 : left_of(found->second.failures, found->second.since_ns, rate, now_ns);
}

bool Throttle::allows(std::string_view source, std::string_view name, int64_t now_ns) const {
  if (per_minute_ == 0) return true;
  const double rate = per_minute_, of_source = failures_in(sources_, source, rate, now_ns);
  if (of_source + 1 > rate) return false;
  const bool name_is_free =
      name.empty() || failures_in(names_, name, rate * name_factor, now_ns) + 1 <= rate * name_factor;
  return name_is_free || of_source == 0;
}

void Throttle::failed(std::string_view source, std::string_view name, int64_t now_ns) {
  if (per_minute_ == 0) return;
  add(sources_, source, per_minute_, now_ns);
  if (!name.empty()) add(names_, name, per_minute_ * name_factor, now_ns);
}

void Throttle::add(Buckets& buckets, std::string_view key, double rate, int64_t now_ns) {
  if (buckets.size() >= limits::throttle_count_max) {
    // Those that have drained first; where none have, the one with the fewest failures.
    const auto drained = [&](const auto& one) {
      return left_of(one.second.failures, one.second.since_ns, rate, now_ns) == 0;
    };
    if (std::erase_if(buckets, drained) == 0) {
      buckets.erase(std::ranges::min_element(buckets, {}, [&](const auto& one) {
        return left_of(one.second.failures, one.second.since_ns, rate, now_ns);
      }));
    }
  }
  auto found = buckets.find(key);
  if (found == buckets.end()) found = buckets.emplace(std::string(key), Bucket{}).first;
  Bucket& bucket = found->second;
  bucket.failures = std::min(left_of(bucket.failures, bucket.since_ns, rate, now_ns) + 1, rate);
  bucket.since_ns = now_ns;
}

}  // namespace sallyport
