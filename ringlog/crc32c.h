// CRC32C (Castagnoli, RFC 3720 B.4). `seed` is the CRC of what came before: crc32c(b, crc32c(a)) == crc32c(a
// + b).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sallyport::ringlog {

[[nodiscard]] uint32_t crc32c(std::span<const std::byte> bytes, uint32_t seed = 0);
// The twin for processors without SSE 4.2; tests compare the two.
[[nodiscard]] uint32_t crc32c_portable(std::span<const std::byte> bytes, uint32_t seed = 0);

}  // namespace sallyport::ringlog
