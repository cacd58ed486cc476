// A secret in memory of its own: page-locked where allowed, kept out of core dumps, zeroed when it goes.
// Movable, not copyable; any thread may read it.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace sallyport {

class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(std::string_view secret);
  explicit SecretBytes(std::span<const std::byte> secret);
  ~SecretBytes();
  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;

  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_, size_}; }
  [[nodiscard]] std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }

 private:
  void clear();
  std::byte* data_ = nullptr;  // a mapping of its own
  size_t size_ = 0;
};

}  // namespace sallyport
