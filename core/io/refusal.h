// The words for a machine where io_uring cannot be used: which setting or version stands in the way, what to
// do.
#pragma once

#include <string>

namespace sallyport {

// For an errno of io_uring_setup(2); `disabled_setting` as from io_uring_disabled_setting().
[[nodiscard]] std::string ring_refusal(int code, const std::string& disabled_setting);
// For a kernel that makes a ring but lacks an operation that we need.
[[nodiscard]] std::string ring_too_old();
// The value of the sysctl kernel.io_uring_disabled, or "" where there is none (before kernel 6.6).
[[nodiscard]] std::string io_uring_disabled_setting();

}  // namespace sallyport
