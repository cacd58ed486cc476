// What all fuzz targets share: an invariant, and an input that is taken piece by piece. A target is one
// LLVMFuzzerTestOneInput; it is linked with libFuzzer (-Dfuzzing=true), and in every build with replay.cc.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::fuzz {

[[noreturn]] inline void broken(const char* file, int line, const char* what) {
  std::fprintf(stderr, "%s:%d: invariant broken: %s\n", file, line, what);
  std::abort();
}

// Takes small numbers off the front of what the fuzzer made; at its end all are zero and empty.
class Source {
 public:
  Source(const uint8_t* data, size_t size) : data_(data, size) {}

  uint8_t u8() { return take(1).empty() ? uint8_t{0} : taken_[0]; }
  uint16_t u16() {
    const auto high = static_cast<uint16_t>(u8() << 8);
    return static_cast<uint16_t>(high | u8());
  }
  size_t below(size_t bound) { return bound == 0 ? 0 : u16() % bound; }
  bool flag() { return (u8() & 1) != 0; }
  std::span<const uint8_t> take(size_t size) {
    taken_ = data_.first(std::min(size, data_.size()));
    data_ = data_.subspan(taken_.size());
    return taken_;
  }
  std::string text(size_t size) {
    const auto bytes = take(size);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  // One byte of length in front.
  std::string text() { return text(u8()); }
  std::string rest() { return text(data_.size()); }
  [[nodiscard]] bool empty() const { return data_.empty(); }
  [[nodiscard]] size_t left() const { return data_.size(); }

 private:
  std::span<const uint8_t> data_;
  std::span<const uint8_t> taken_;
};

// A heap block of exactly the bytes' size, so that sanitizers see a read beyond them.
class Exact {
 public:
  explicit Exact(std::string_view bytes) : bytes_(bytes.begin(), bytes.end()) { bytes_.shrink_to_fit(); }
  [[nodiscard]] std::span<const uint8_t> span() const { return bytes_; }
  [[nodiscard]] std::span<uint8_t> span() { return bytes_; }
  [[nodiscard]] std::string_view text() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }

 private:
  std::vector<uint8_t> bytes_;
};

}  // namespace sallyport::fuzz

#define FUZZ_REQUIRE(condition) \
  ((condition) ? (void)0 : ::sallyport::fuzz::broken(__FILE__, __LINE__, #condition))

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
