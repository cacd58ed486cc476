// What can go wrong in operation, as a value. `text` is for people: what happened and what to do next.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace sallyport {

struct Error {
  std::string text;
  int code = 0;  // errno where the cause has one, else 0

  [[nodiscard]] Error in(const std::string& where) && { return {where + ": " + text, code}; }
};

template <typename T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(std::string text, int code = 0) {
  return std::unexpected(Error{std::move(text), code});
}

// "open /x: Permission denied". `code` is an errno.
[[nodiscard]] std::unexpected<Error> fail_errno(std::string what, int code);

}  // namespace sallyport
