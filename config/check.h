// CHECK: a programmer's error ends the process, in release builds too. What can go wrong in operation is an
// Error value (error.h) instead; a peer's bytes must never be able to reach a failing CHECK.
#pragma once

namespace sallyport {

// Prints "file:line: CHECK failed: expression" to stderr and aborts. Any thread; async-signal-safe.
[[noreturn]] void check_failed(const char* file, int line, const char* expression);

}  // namespace sallyport

#define CHECK(expression)                             \
  (__builtin_expect(static_cast<bool>(expression), 1) \
       ? (void)0                                      \
       : ::sallyport::check_failed(__FILE__, __LINE__, #expression))
