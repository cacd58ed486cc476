// Limits of what is done with the log beside writing it: witnesses, retention, readers of the admin API. In a
// file of their own, so that the data path does not depend on them.
#pragma once

#include "config/limits.h"

namespace sallyport::limits {

inline constexpr uint32_t witness_interval_ms = 60'000;
inline constexpr uint32_t witness_interval_min_ms = 1000;
inline constexpr uint32_t witness_interval_max_ms = 86'400'000;
inline constexpr uint32_t witness_timeout_ms = 5'000;  // of one push by one way
inline constexpr size_t witness_line_size_max = 4 * KiB;
inline constexpr size_t witness_file_size_max = 256 * MiB;  // that `log verify --witness` reads

inline constexpr uint64_t retention_min_ms = 1000;
inline constexpr uint32_t retention_look_max_ms = 3'600'000;  // between two looks at what has become old

inline constexpr size_t log_reader_count_max = 2;  // of the admin API, at once
inline constexpr size_t log_reader_wait_count_max = 16;
inline constexpr uint32_t log_read_timeout_ms = 30'000;  // of one answer; http_answer_timeout_ms is more
inline constexpr uint32_t log_verify_interval_ms = 86'400'000;
inline constexpr size_t log_page_count_max = 1000;  // sessions or records in one answer
inline constexpr size_t log_page_count = 100;
inline constexpr size_t log_page_size_max = 4 * MiB;  // of payloads in one answer

}  // namespace sallyport::limits
