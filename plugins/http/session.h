// One HTTP/1.1 connection of a caller: its login, its requests one after the other, and the connection to the
// target that they share. Judged requests are written anew, replies are written anew or passed. Session's
// thread.
//
//   head -> (login) -> body -> judged -> leg ready -> sent -> reply -> head ...
//
// A body of more than judged_body_size_max is judged by its head and streamed behind it.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "plugins/http/body/body_mask.h"
#include "plugins/http/body/decoder.h"
#include "plugins/http/facts.h"
#include "plugins/http/host.h"
#include "plugins/http/masks.h"
#include "plugins/http/options.h"
#include "plugins/http/problem.h"
#include "plugins/http/proof.h"
#include "plugins/http/route.h"
#include "plugins/http/wire/parser.h"

namespace sallyport::http {

class Session {
 public:
  Session(const sp_host* host, sp_session* session, const sp_open& info);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  [[nodiscard]] sp_status feed(const sp_input& input);

 private:
  enum class Phase : uint8_t { start, tls, head, login, body, judge, leg, reply, over };
  enum class Leg : uint8_t { closed, opening, tls, ready };
  enum class Reply : uint8_t { none, empty, passed, chunked, masked };

  // session.cc: the caller's bytes
  void on_client(const sp_input& input);
  [[nodiscard]] bool begin_client(std::span<const uint8_t> data);
  void read_client(std::span<const uint8_t> data);
  [[nodiscard]] bool take_step(const Step& step);
  void begin_request();
  void take_body(std::span<const uint8_t> piece);
  void end_body();
  void on_shutdown(std::string_view reason);
  void end_exchange();
  void end_record(std::string_view status);

  // session_login.cc
  void prepare_login();
  void continue_login();
  [[nodiscard]] bool is_same_caller();
  void refuse_login(std::string_view text);

  // session_request.cc
  void advance();
  void judge();
  void prepare_leg();
  void send_request();
  void stream_body(std::span<const uint8_t> piece);
  void flush_streamed();
  void refuse(const Problem& problem, bool closes);
  void refuse(const Fault& fault);
  [[nodiscard]] bool screened(std::string_view name, std::string_view value);

  // session_response.cc
  void on_target(const sp_input& input);
  void on_leg_failed(std::string_view reason);
  void on_target_end();
  void read_target(std::span<const uint8_t> data);
  void begin_reply();
  [[nodiscard]] bool mask_head(ResponseHead& head);
  [[nodiscard]] bool choose_reply(ResponseHead& head);
  [[nodiscard]] bool choose_mask(ResponseHead& head);
  [[nodiscard]] std::expected<void, BodyFault> masked_piece(std::string_view bytes);
  void reply_body(std::span<const uint8_t> piece);
  void end_reply();
  void fail_reply(std::string_view code, std::string_view text);
  void flush_reply();
  void close_leg(std::string_view reason);

  Host host_;
  bool tls_offered_, tls_required_, is_tls_ = false;
  bool listener_decides_;
  Phase phase_ = Phase::start;
  RequestParser requests_;

  // The login; once.
  bool login_named_ = false, is_proven_ = false, by_channel_ = false;
  Proof proof_;
  std::array<uint8_t, 32> proof_digest_{};
  Options options_;
  std::string target_host_, target_name_;
  uint32_t target_tls_ = SP_TARGET_TLS_OFF;

  // The request under way.
  RequestHead head_;
  Route route_;
  std::string body_;
  std::string streamed_;  // of it, not yet sent on
  std::string seen_;      // the end of what was
  std::optional<Facts> facts_;
  uint64_t ticket_ = 0;
  bool is_streamed_ = false, body_whole_ = false, is_sent_ = false, is_waiting_ = false;
  bool is_owed_ = false;  // its record is open
  bool closes_ = false;   // the caller's connection, behind this reply
  bool client_over_ = false;

  // The target's leg and the reply.
  Leg leg_ = Leg::closed;
  ResponseParser replies_;
  Reply reply_ = Reply::none;
  Masks masks_;
  std::unique_ptr<BodyMask> body_mask_;
  std::unique_ptr<Decoder> decoder_;  // null: its body comes plain
  std::string held_head_;             // until the first of a masked body is known
  std::string reply_out_;             // of the body, not yet sent on
  unsigned status_ = 0;
};

}  // namespace sallyport::http
