// Erases the payloads of what is old: requests' texts, replies, what approvers were shown. Headers, digests
// and signatures stay, and the log verifies as before. One at a time on a log; its writer may be at work.
#pragma once

#include <string>

#include "ringlog/segment.h"

namespace sallyport::ringlog {

struct EraseReport {
  uint64_t records = 0, segments = 0, bytes = 0;  // erased now
  uint64_t kept = 0;  // old payloads in the segment that is still written: they go once it is closed
  // Nothing up to and with this segment has payloads left that could be erased, now or later.
  SegmentId complete;
};

// Of all sessions' commits before `before_ns`. The gateway's own payloads (policies: session 0) stay.
// Segments are replaced whole, so that a crash leaves each as it was or as it should be. `dry`: only counts.
// `after`: segments up to and with this one are not looked at.
[[nodiscard]] Result<EraseReport> erase_payloads(Files& files, const std::string& directory,
                                                 uint64_t before_ns, bool dry = false, SegmentId after = {});

}  // namespace sallyport::ringlog
