// Every bound of the project, named, with its unit last. A limit that an operator may set has its default and
// its hard cap here; config/ refuses values beyond the cap.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sallyport::limits {

inline constexpr size_t KiB = 1024;
inline constexpr size_t MiB = 1024 * KiB;

// Engine.
inline constexpr size_t core_count_max = 256;
inline constexpr size_t core_stack_size = 64 * MiB;
inline constexpr size_t block_size = 64 * KiB;
inline constexpr uint32_t block_count = 128;  // a core's receive pool: 8 MiB
inline constexpr uint32_t ring_entry_count = 4096;
inline constexpr uint32_t completion_batch_max = 256;
inline constexpr uint32_t session_count_max = 4096;  // a core
inline constexpr uint32_t leg_count_max = 8;         // of one session, the client's included
inline constexpr size_t unit_size_max = 1 * MiB;     // a message that is assembled whole before it is judged
inline constexpr size_t send_queue_size_max = 256 * KiB;  // beyond it the other side is not read
inline constexpr size_t send_iovec_count_max = 64;

// Deadlines.
inline constexpr uint32_t connect_timeout_ms = 10'000;
inline constexpr uint32_t handshake_timeout_ms = 10'000;
inline constexpr uint32_t login_timeout_ms = 30'000;
inline constexpr uint32_t idle_timeout_ms = 0;  // 0: none
inline constexpr uint32_t drain_timeout_ms = 30'000;

// Log.
inline constexpr size_t log_ring_size = 32 * MiB;  // a core's
inline constexpr size_t record_size_max = 4 * MiB;
inline constexpr uint32_t log_commit_interval_ms = 10;
inline constexpr uint32_t log_checkpoint_idle_ms = 1000;

// Approvals.
inline constexpr uint32_t approval_count_max = 10'000;
inline constexpr uint32_t approval_count_max_per_identity = 100;
inline constexpr uint32_t hold_default_ms = 20'000;
inline constexpr uint32_t approval_timeout_default_ms = 600'000;

// Names of users, targets, logins, rules, masks.
inline constexpr size_t name_size_max = 63;

static_assert(unit_size_max >= block_size);
static_assert(log_ring_size >= 4 * record_size_max);
static_assert(record_size_max > unit_size_max);

}  // namespace sallyport::limits
