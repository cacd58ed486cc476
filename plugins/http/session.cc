#include "plugins/http/session.h"

#include <algorithm>
#include <utility>

#include "plugins/http/bounds.h"
#include "plugins/http/wire/serialise.h"

namespace sallyport::http {

namespace {

constexpr uint8_t tls_handshake = 0x16;  // RFC 8446, section 5.1
// Methods are told apart by case (RFC 9110, 9.1), but not by every server.
constexpr Fault small_letters{501, "method-letters", "methods are written in capitals"};
constexpr Fault needs_tls{400, "tls-needed", "this port takes TLS alone: use https"};

}  // namespace

Session::Session(const sp_host* host, sp_session* session, const sp_open& info)
    : host_(host, session),
      tls_offered_(info.client_tls_offered != 0),
      tls_required_(info.client_tls_required != 0),
      listener_decides_(info.option_count > 0),
      masks_(host_) {}

Session::~Session() { proof_.forget(); }

sp_status Session::feed(const sp_input& input) {
  if ((input.events & SP_EVENT_POLICY) != 0) masks_.reset();
  if ((input.events & SP_EVENT_SHUTDOWN) != 0) {
    on_shutdown(view_of(input.reason));
  } else if (input.leg == SP_LEG_CLIENT) {
    on_client(input);
  } else {
    on_target(input);
  }
  return host_.ok() ? SP_OK : SP_FAULT;
}

void Session::on_client(const sp_input& input) {
  if (phase_ == Phase::over) return;
  if ((input.events & SP_EVENT_FAILED) != 0) {
    phase_ = Phase::over;
    return host_.finish(SP_LEG_CLIENT, "tls-failed");
  }
  if ((input.events & SP_EVENT_TLS) != 0) {
    is_tls_ = true;
    phase_ = Phase::head;
  }
  const std::span data(input.data, input.data_size);
  if (phase_ == Phase::start && !begin_client(data)) return;
  if (phase_ == Phase::tls) return;
  if (phase_ != Phase::head && phase_ != Phase::body) advance();
  read_client(data);
  if ((input.events & SP_EVENT_END) == 0 || phase_ == Phase::over) return;
  // Whoever has closed does not wait for an answer any longer.
  if (is_waiting_) host_.cancel(ticket_);
  phase_ = Phase::over;
  host_.finish(SP_LEG_CLIENT, "finished");
}

// False: nothing can be read yet.
bool Session::begin_client(std::span<const uint8_t> data) {
  if (data.empty()) return false;
  if (tls_offered_ && data[0] == tls_handshake) {
    phase_ = Phase::tls;
    host_.tls(SP_LEG_CLIENT, true);
    return false;
  }
  phase_ = Phase::head;
  if (!tls_required_) return true;
  host_.drop(SP_LEG_CLIENT, data.size());
  refuse(needs_tls);
  return false;
}

void Session::read_client(std::span<const uint8_t> data) {
  size_t at = 0;
  while (host_.ok() && (phase_ == Phase::head || phase_ == Phase::body)) {
    const Step step = requests_.step(data.subspan(at));
    at += step.consumed;
    if (!take_step(step)) break;
  }
  if (is_streamed_ && is_sent_ && phase_ == Phase::body) flush_streamed();
  if (phase_ == Phase::over) return;
  host_.drop(SP_LEG_CLIENT, at);
  // What is left waits for this request's reply; or it is half of something, and the other half must come.
  const bool waits = phase_ != Phase::head && phase_ != Phase::body;
  if (waits && at < data.size()) host_.pause(SP_LEG_CLIENT);
}

// False: more bytes are needed.
bool Session::take_step(const Step& step) {
  switch (step.kind) {
    case Step::Kind::more: return false;
    case Step::Kind::head: begin_request(); return true;
    case Step::Kind::body: take_body(step.body); return true;
    case Step::Kind::end: end_body(); return true;
    case Step::Kind::bad: refuse(requests_.fault()); return false;
  }
  return false;
}

void Session::begin_request() {
  head_ = requests_.head();
  body_whole_ = is_sent_ = false;
  if (std::ranges::any_of(head_.method, [](char c) { return c >= 'a' && c <= 'z'; }))
    return refuse(small_letters);
  body_.clear();
  seen_.clear();
  streamed_.clear();
  facts_.reset();
  is_streamed_ = is_sent_ = body_whole_ = is_waiting_ = false;
  status_ = 0;
  ++ticket_;
  closes_ = !head_.keep_alive;
  host_.activity(SP_BUSY);
  prepare_login();
}

void Session::take_body(std::span<const uint8_t> piece) {
  if (is_streamed_) return stream_body(piece);
  body_.append(reinterpret_cast<const char*>(piece.data()), piece.size());
  if (body_.size() <= judged_body_size_max) return;
  // Larger than it said, or it did not say: judged by its head, then what is held goes first.
  is_streamed_ = true;
  judge();
}

void Session::end_body() {
  body_whole_ = true;
  if (is_streamed_) {
    flush_streamed();
    if (is_sent_ && head_.framing == Framing::chunked)
      host_.emit(SP_LEG_TARGET, last_chunk({}).value_or("0\r\n\r\n"));
    phase_ = is_sent_ ? Phase::reply : phase_;
    return;
  }
  judge();
}

void Session::on_shutdown(std::string_view reason) {
  const bool has_begun = phase_ == Phase::reply && status_ != 0;
  const bool is_asked = phase_ != Phase::start && phase_ != Phase::tls && phase_ != Phase::head;
  if (phase_ == Phase::over) return;
  if (is_asked && !has_begun) return refuse({.status = 503, .code = "shutdown", .text = reason}, true);
  phase_ = Phase::over;
  host_.finish(SP_LEG_CLIENT, reason);
}

// The record of an allowed request is closed once, whatever became of it.
void Session::end_record(std::string_view status) {
  if (std::exchange(is_owed_, false)) host_.reply_end(status);
}

void Session::end_exchange() {
  reply_ = Reply::none;
  is_sent_ = is_waiting_ = false;
  body_mask_.reset();
  decoder_.reset();
  reply_out_.clear();
  facts_.reset();
  body_.clear();
  host_.activity(SP_IDLE);
  if (closes_ || !body_whole_) {
    phase_ = Phase::over;
    return host_.finish(SP_LEG_CLIENT, "finished");
  }
  phase_ = Phase::head;
}

}  // namespace sallyport::http
