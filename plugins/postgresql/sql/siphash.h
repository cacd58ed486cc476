// SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash whose collisions nobody finds without the key.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sallyport::postgresql::sql {

[[nodiscard]] uint64_t siphash(const std::array<uint64_t, 2>& key, std::string_view bytes);

}  // namespace sallyport::postgresql::sql
