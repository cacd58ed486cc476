// A request from its verdict to the target.
#include <algorithm>
#include <utility>

#include "plugins/http/bounds.h"
#include "plugins/http/header_rules.h"
#include "plugins/http/session.h"
#include "plugins/http/wire/serialise.h"

namespace sallyport::http {

namespace {

constexpr std::string_view too_large_to_ask =
    "more than 512 KiB cannot wait for an approval: send it in parts, or ask for a rule that allows it";

}  // namespace

// Wherever the request stands, on from there.
void Session::advance() {
  switch (phase_) {
    case Phase::login: return continue_login();
    case Phase::judge: return judge();
    case Phase::leg: return prepare_leg();
    case Phase::start:
    case Phase::tls:
    case Phase::head:
    case Phase::body:
    case Phase::reply:
    case Phase::over: return;
  }
}

bool Session::screened(std::string_view name, std::string_view value) {
  const sp_pair pair{text_of(name), text_of(value)};
  sp_answer answer{};
  if (!host_.screens() || host_.screen(std::span(&pair, 1), answer) == SP_ALLOW) return true;
  refuse({.status = 403, .code = "blocked", .text = view_of(answer.message), .answer = &answer}, true);
  return false;
}

void Session::judge() {
  phase_ = Phase::judge;
  if (!facts_) {
    auto facts = Facts::of(head_, route_.path, is_streamed_ ? "" : body_, !is_streamed_);
    if (!facts)
      return refuse({.status = facts.error().status, .code = facts.error().code, .text = facts.error().text},
                    is_streamed_);
    facts_ = std::move(*facts);
  }
  sp_answer answer{};
  const sp_verdict verdict =
      host_.ask(facts_->ask(ticket_, is_streamed_ ? uint32_t{SP_ASK_UNBOUND} : 0), answer);
  if (!host_.ok()) return;
  is_waiting_ = verdict == SP_WAIT && !is_streamed_;
  if (is_waiting_) return;
  if (verdict == SP_WAIT)
    return refuse({.status = 413, .code = "too-large-to-ask", .text = too_large_to_ask}, true);
  if (verdict != SP_ALLOW)
    return refuse({.status = 403,
                   .code = "denied",
                   .text = view_of(answer.message),
                   .answer = &answer,
                   .extra_fields = {},
                   .rpc_id = facts_->rpc_id()},
                  is_streamed_);
  is_owed_ = true;
  phase_ = Phase::leg;
  prepare_leg();
}

void Session::prepare_leg() {
  switch (leg_) {
    case Leg::closed: leg_ = Leg::opening; return host_.connect(SP_LEG_TARGET);
    case Leg::opening:
    case Leg::tls: return;
    case Leg::ready: return send_request();
  }
}

void Session::send_request() {
  RequestHead head = head_;
  head.path = route_.path;
  std::string value;
  if (options_.form != CredentialForm::none) {
    sp_credential user{}, secret{};
    const sp_verdict has_user = host_.credential(SP_CREDENTIAL_USER, user);
    const sp_verdict has_secret = host_.credential(SP_CREDENTIAL_PASSWORD, secret);
    if (has_user == SP_WAIT || has_secret == SP_WAIT || !host_.ok()) return;
    if (has_secret != SP_ALLOW)
      return refuse(
          {.status = 502, .code = "no-credential", .text = "the gateway has no credential for this target"},
          true);
    const auto text = [](const sp_bytes& bytes) {
      return std::string_view(reinterpret_cast<const char*>(bytes.data), bytes.size);
    };
    value = options_.field_value(has_user == SP_ALLOW ? text(user.secret) : "", text(secret.secret));
  }
  const bool has_body = head.framing != Framing::none;
  const bool is_chunked = is_streamed_ && head.framing == Framing::chunked;
  write_request_fields(head, {.host = target_host_,
                              .is_masked = masks_.any(),
                              .credential_name = options_.field_name(),
                              .credential_value = value});
  frame_request(head, has_body, is_chunked, is_streamed_ ? head.length : body_.size());
  const std::optional<std::string> text = serialised(head);
  if (!text)
    return refuse({.status = 400, .code = "unwritable", .text = "the request cannot be written again"}, true);
  host_.emit(SP_LEG_TARGET, *text);
  replies_.expect(head.method);
  host_.answer_within(SP_LEG_TARGET, options_.answer_timeout_ms);
  is_sent_ = true;
  if (!is_streamed_) {
    host_.emit(SP_LEG_TARGET, body_);
    phase_ = Phase::reply;
    return;
  }
  phase_ = Phase::body;
  const std::string held = std::exchange(body_, {});
  if (!held.empty()) stream_body({reinterpret_cast<const uint8_t*>(held.data()), held.size()});
  flush_streamed();
  if (phase_ != Phase::body) return;
  if (head_.expects_continue && held.empty()) host_.emit(SP_LEG_CLIENT, "HTTP/1.1 100 Continue\r\n\r\n");
}

// Gathered: a peer that sends a byte a chunk would have the host called, and the record written, for each.
void Session::stream_body(std::span<const uint8_t> piece) {
  const std::string_view all(reinterpret_cast<const char*>(piece.data()), piece.size());
  for (size_t at = 0; at < all.size() && phase_ != Phase::over; at += emit_size_max) {
    streamed_.append(all.substr(at, emit_size_max));
    if (streamed_.size() >= emit_size_max) flush_streamed();
  }
}

void Session::flush_streamed() {
  if (streamed_.empty()) return;
  const std::string bytes = std::exchange(streamed_, {});
  // What is looked for may lie across two pieces.
  seen_.append(bytes);
  if (!screened("body", seen_)) return;
  seen_.erase(0, seen_.size() - std::min(seen_.size(), overlap_size));
  if (head_.framing == Framing::chunked) host_.emit(SP_LEG_TARGET, chunk_begin(bytes.size()));
  host_.emit(SP_LEG_TARGET, bytes);
  if (head_.framing == Framing::chunked) host_.emit(SP_LEG_TARGET, chunk_end);
}

void Session::refuse(const Fault& fault) {
  refuse({.status = fault.status, .code = fault.code, .text = fault.text}, true);
}

// The gateway's own answer. Where the rest of the request is still to come, it ends the connection.
void Session::refuse(const Problem& problem, bool closes) {
  closes_ = closes_ || closes || !body_whole_;
  if (is_sent_) close_leg("refused");
  end_record(problem.code);
  host_.emit(SP_LEG_CLIENT, problem_response(problem, closes_, head_.method == "HEAD"));
  end_exchange();
}

}  // namespace sallyport::http
