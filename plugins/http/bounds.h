// Every bound of the HTTP session, with its unit last.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sallyport::http {

inline constexpr size_t judged_body_size_max = 512 * 1024;  // held whole before it is judged
inline constexpr size_t shown_body_size_max = 64 * 1024;    // of a request's body, to approvers
inline constexpr size_t emit_size_max = 64 * 1024;          // of what is handed to the host at once
inline constexpr size_t pass_size_min =
    16 * 1024;                                // a smaller piece of a chunked reply is gathered with others
inline constexpr size_t overlap_size = 1024;  // of pieces of a streamed request that are looked at
inline constexpr size_t json_fact_count_max = 1024;  // of one body
inline constexpr size_t json_fact_depth_max = 32;
inline constexpr size_t fact_size_max = 4096;    // of one fact's text
inline constexpr size_t place_count_max = 4096;  // places of bodies whose masks are remembered
inline constexpr uint32_t answer_timeout_default_s = 60;

}  // namespace sallyport::http
