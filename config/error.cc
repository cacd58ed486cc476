#include "config/error.h"

#include <string.h>

namespace sallyport {

std::unexpected<Error> fail_errno(std::string what, int code) {
  char buffer[128];
  what += ": ";
  what += strerror_r(code, buffer, sizeof buffer);  // GNU form: thread-safe, returns the text
  return fail(std::move(what), code);
}

}  // namespace sallyport
