#include "plugins/http/wire/parser.h"

#include <utility>

#include "plugins/http/wire/limits.h"
#include "plugins/http/wire/request_head.h"
#include "plugins/http/wire/response_head.h"

namespace sallyport::http {

namespace {

constexpr Fault empty_lines{400, "empty-lines", "more than one empty line before a request"};
constexpr Fault behind_the_last{400, "behind-the-last", "bytes behind a request that closes the connection"};
constexpr Fault unasked{502, "unasked", "a response that no request asked for"};
constexpr Fault cut_off{502, "cut-off", "the connection ended in the midst of a response"};

std::string_view text_of(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

// ---- Requests --------------------------------------------------------------------------------------------

RequestParser::RequestParser() : scanner_(head_size_max) {}

Step RequestParser::bad(const Fault& fault) {
  failed_ = true;
  fault_ = fault;
  return {.kind = Step::Kind::bad};
}

Step RequestParser::step(std::span<const uint8_t> unconsumed) {
  if (failed_) return {.kind = Step::Kind::bad};
  if (!in_body_) return head_step(text_of(unconsumed));
  const Step step = body_.step(unconsumed);
  if (step.kind == Step::Kind::bad) return bad(body_.fault());
  if (step.kind == Step::Kind::end) {
    in_body_ = false;
    is_over_ = !head_.keep_alive;
    scanner_ = HeadScanner(head_size_max);
  }
  return step;
}

Step RequestParser::head_step(std::string_view text) {
  if (is_over_ && !text.empty()) return bad(behind_the_last);
  const auto found = scanner_.find_end(text);
  if (!found) {
    const bool in_target = found.error().status == 431 && !scanner_.has_line();
    return bad(in_target ? target_too_long : found.error());
  }
  if (!*found) return {};
  const size_t end = **found;
  if (end == 2) return empty_line_step(text.substr(2));
  auto head = parse_request_head(text.substr(0, end));
  if (!head) return bad(head.error());
  head_ = std::move(*head);
  in_body_ = true;
  skipped_line_ = false;
  body_ = BodyReader(head_.framing, head_.length);
  return {.kind = Step::Kind::head, .consumed = end};
}

// One is skipped before a request line (RFC 9112, 2.2).
Step RequestParser::empty_line_step(std::string_view behind) {
  if (std::exchange(skipped_line_, true)) return bad(empty_lines);
  scanner_ = HeadScanner(head_size_max);
  Step step = head_step(behind);
  step.consumed += 2;
  return step;
}

// ---- Responses -------------------------------------------------------------------------------------------

ResponseParser::ResponseParser() : scanner_(head_size_max) {}

void ResponseParser::expect(std::string_view method) { method_ = method; }

Step ResponseParser::bad(const Fault& fault) {
  failed_ = true;
  fault_ = fault;
  return {.kind = Step::Kind::bad};
}

Step ResponseParser::step(std::span<const uint8_t> unconsumed) {
  if (failed_) return {.kind = Step::Kind::bad};
  return in_body_ ? body_step(unconsumed) : head_step(text_of(unconsumed));
}

Step ResponseParser::head_step(std::string_view text) {
  if (text.empty()) return {};
  if (!method_) return bad(unasked);
  const auto end = scanner_.find_end(text);
  if (!end) return bad(end.error());
  if (!*end) return {};
  auto head = parse_response_head(text.substr(0, **end), *method_);
  if (!head) return bad(head.error());
  head_ = std::move(*head);
  scanner_ = HeadScanner(head_size_max);
  in_body_ = true;
  body_ = BodyReader(head_.framing, head_.length);
  return {.kind = Step::Kind::head, .consumed = **end};
}

Step ResponseParser::body_step(std::span<const uint8_t> unconsumed) {
  const Step step = body_.step(unconsumed);
  if (step.kind == Step::Kind::bad) return bad(body_.fault());
  return step.kind == Step::Kind::end ? ended(step.consumed) : step;
}

Step ResponseParser::ended(size_t consumed) {
  in_body_ = false;
  if (!head_.is_interim()) method_.reset();
  return {.kind = Step::Kind::end, .consumed = consumed};
}

Step ResponseParser::peer_closed() {
  if (failed_) return {.kind = Step::Kind::bad};
  if (in_body_ && head_.framing == Framing::until_close) return ended(0);
  if (in_body_ || method_) return bad(cut_off);
  return {};
}

}  // namespace sallyport::http
