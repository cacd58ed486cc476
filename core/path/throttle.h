// Slows who guesses: a source that has failed to log in too often is refused unseen for a while, and so is a
// name that many fail for, but for sources that have not failed themselves, so that nobody can be kept out of
// his own name from elsewhere. Token buckets of failures; pure, without a clock. One core's.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace sallyport {

class Throttle {
 public:
  // Failures a minute from one source, ten times as many for one name; 0: none are counted.
  void configure(uint32_t failures_per_minute) { per_minute_ = failures_per_minute; }

  // `source`: a host without its port. `name`: as the caller gave it; empty: the proof will name him.
  [[nodiscard]] bool allows(std::string_view source, std::string_view name, int64_t now_ns) const;
  void failed(std::string_view source, std::string_view name, int64_t now_ns);

 private:
  struct Bucket {
    double failures = 0;  // as of then; they drain at the rate
    int64_t since_ns = 0;
  };
  using Buckets = std::map<std::string, Bucket, std::less<>>;

  [[nodiscard]] double failures_in(const Buckets& buckets, std::string_view key, double rate,
                                   int64_t now_ns) const;
  void add(Buckets& buckets, std::string_view key, double rate, int64_t now_ns);

  uint32_t per_minute_ = 0;
  Buckets sources_, names_;
};

}  // namespace sallyport
