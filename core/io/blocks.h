// Blocks is the memory of a core's receive pool: `count` blocks of equal size in one mapping that is left out
// of core dumps (it holds clients' data), and the account of which ones are in callers' hands. Thread: its
// Ring's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "config/error.h"

namespace sallyport {

class Blocks {
 public:
  // Error: no memory. `populate` maps every page now, so that the data path takes no page fault later.
  static Result<Blocks> open(uint32_t count, uint32_t size, bool populate);
  Blocks(Blocks&& other) noexcept;
  Blocks& operator=(Blocks&&) = delete;
  ~Blocks();

  [[nodiscard]] std::span<std::byte> at(uint16_t id);
  // Into a caller's hands and back. Giving back twice is a programmer's error and ends the process: two
  // connections would share one block.
  void take(uint16_t id);
  void give_back(uint16_t id);

  [[nodiscard]] uint32_t count() const { return count_; }
  [[nodiscard]] uint32_t size() const { return size_; }
  [[nodiscard]] uint32_t out() const { return out_; }

 private:
  Blocks(std::byte* memory, uint32_t count, uint32_t size);

  std::byte* memory_;
  uint32_t count_;
  uint32_t size_;
  uint32_t out_ = 0;
  std::vector<bool> taken_;
};

}  // namespace sallyport
