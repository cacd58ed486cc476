#include "core/control/secret_bytes.h"

#include <string.h>
#include <sys/mman.h>

#include <utility>

#include "config/check.h"

namespace sallyport {

SecretBytes::SecretBytes(std::string_view secret)
    : SecretBytes(std::as_bytes(std::span(secret.data(), secret.size()))) {}

SecretBytes::SecretBytes(std::span<const std::byte> secret) {
  if (secret.empty()) return;
  void* mapping = mmap(nullptr, secret.size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(mapping != MAP_FAILED);
  madvise(mapping, secret.size(), MADV_DONTDUMP);
  // Locking may exceed RLIMIT_MEMLOCK; a swapped secret is still better than no service.
  (void)mlock(mapping, secret.size());
  data_ = static_cast<std::byte*>(mapping);
  size_ = secret.size();
  memcpy(data_, secret.data(), size_);
}

SecretBytes::~SecretBytes() { clear(); }

SecretBytes::SecretBytes(SecretBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  if (this == &other) return *this;
  clear();
  data_ = std::exchange(other.data_, nullptr);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

void SecretBytes::clear() {
  if (!data_) return;
  explicit_bzero(data_, size_);
  munmap(data_, size_);
  data_ = nullptr;
  size_ = 0;
}

}  // namespace sallyport
