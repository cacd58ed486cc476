#include "config/check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace sallyport {

namespace {

void put(const char* text) { [[maybe_unused]] auto ignored = write(STDERR_FILENO, text, strlen(text)); }

}  // namespace

void check_failed(const char* file, int line, const char* expression) {
  // No printf: the heap may be what is broken.
  char digits[12];
  char* at = digits + sizeof digits - 1;
  *at = 0;
  for (int rest = line; at > digits && (rest > 0 || !*at); rest /= 10)
    *--at = static_cast<char>('0' + rest % 10);
  put(file);
  put(":");
  put(at);
  put(": CHECK failed: ");
  put(expression);
  put("\n");
  abort();
}

}  // namespace sallyport
