// Sans-I/O parsers of both directions of an HTTP/1.1 connection (RFC 9112). Strict: what two readers might
// take differently is refused, and after a fault nothing more is found.
//
// `step` is shown all bytes that are not yet consumed, oldest first, and says what comes next: once `head`,
// `body` any number of times, `end`; then the next message. Steps do not depend on how the bytes were cut,
// but for the sizes of `body` pieces. Not shared between threads.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "plugins/http/wire/body_reader.h"
#include "plugins/http/wire/head_scanner.h"
#include "plugins/http/wire/message.h"
#include "plugins/http/wire/step.h"

namespace sallyport::http {

class RequestParser {
 public:
  RequestParser();
  [[nodiscard]] Step step(std::span<const uint8_t> unconsumed);
  // From `head` on, until the next one.
  [[nodiscard]] const RequestHead& head() const { return head_; }
  // From `end` on, until the next one.
  [[nodiscard]] const Fields& trailers() const { return body_.trailers(); }
  [[nodiscard]] const Fault& fault() const { return fault_; }

 private:
  [[nodiscard]] Step head_step(std::string_view text);
  [[nodiscard]] Step empty_line_step(std::string_view behind);
  [[nodiscard]] Step bad(const Fault& fault);

  HeadScanner scanner_;
  RequestHead head_;
  BodyReader body_;
  Fault fault_;
  bool in_body_ = false, failed_ = false, skipped_line_ = false;
  bool is_over_ = false;  // the last request said so
};

class ResponseParser {
 public:
  ResponseParser();
  // A request of that method is on its way: one final response answers it.
  void expect(std::string_view method);
  [[nodiscard]] Step step(std::span<const uint8_t> unconsumed);
  // The target has closed: `end` of a body that ends so, `bad` in the midst of anything else, `more` between
  // messages.
  [[nodiscard]] Step peer_closed();
  [[nodiscard]] const ResponseHead& head() const { return head_; }
  [[nodiscard]] const Fields& trailers() const { return body_.trailers(); }
  [[nodiscard]] const Fault& fault() const { return fault_; }
  // Whether nothing is owed.
  [[nodiscard]] bool is_idle() const { return !method_ && !failed_; }

 private:
  [[nodiscard]] Step head_step(std::string_view text);
  [[nodiscard]] Step body_step(std::span<const uint8_t> unconsumed);
  [[nodiscard]] Step ended(size_t consumed);
  [[nodiscard]] Step bad(const Fault& fault);

  HeadScanner scanner_;
  ResponseHead head_;
  BodyReader body_;
  Fault fault_;
  std::optional<std::string> method_;  // of the request that is to be answered
  bool in_body_ = false, failed_ = false;
};

}  // namespace sallyport::http
