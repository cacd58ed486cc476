// The target's leg, and its replies on their way to the caller.
#include <strings.h>

#include <algorithm>
#include <utility>

#include "plugins/http/bounds.h"
#include "plugins/http/header_rules.h"
#include "plugins/http/session.h"
#include "plugins/http/wire/serialise.h"

namespace sallyport::http {

namespace {

constexpr size_t http_date_size = 29;  // RFC 9110, 5.6.7: IMF-fixdate

// Fields that hold no words of the target's: the parser has read them, or they are dates in letters and
// digits.
bool is_grammatical(const Field& field) {
  const auto is = [&field](std::string_view name) {
    return field.name.size() == name.size() && strncasecmp(field.name.data(), name.data(), name.size()) == 0;
  };
  if (is("content-length")) return true;
  const bool is_date = is("date") || is("expires") || is("last-modified");
  return is_date && field.value.size() == http_date_size && field.value.ends_with(" GMT") &&
         std::ranges::all_of(field.value, [](unsigned char c) {
           return isalnum(c) != 0 || c == ' ' || c == ',' || c == ':';
         });
}

std::string place_of(std::string_view name) {
  std::string out = "header.";
  for (const char c : name) out += static_cast<char>(tolower(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

void Session::on_target(const sp_input& input) {
  if ((input.events & SP_EVENT_FAILED) != 0) return on_leg_failed(view_of(input.reason));
  if ((input.events & SP_EVENT_OPENED) != 0) {
    const bool is_plain = target_tls_ == SP_TARGET_TLS_OFF;
    leg_ = is_plain ? Leg::ready : Leg::tls;
    if (!is_plain) return host_.tls(SP_LEG_TARGET, false);
  }
  if ((input.events & SP_EVENT_TLS) != 0) leg_ = Leg::ready;
  if (leg_ == Leg::ready && phase_ == Phase::leg) prepare_leg();
  read_target({input.data, input.data_size});
  if ((input.events & SP_EVENT_END) != 0 && leg_ != Leg::closed) on_target_end();
}

void Session::on_leg_failed(std::string_view reason) {
  const bool was_ready = leg_ == Leg::ready;
  leg_ = Leg::closed;
  replies_ = ResponseParser();
  if (phase_ == Phase::over || (!is_sent_ && phase_ != Phase::leg)) return;
  if (status_ != 0) return fail_reply("target-failed", "the target's reply broke off");
  refuse({.status = was_ready ? 504U : 502U,
          .code = was_ready ? "target-silent" : "target-unreachable",
          .text = reason},
         false);
}

void Session::close_leg(std::string_view reason) {
  if (leg_ == Leg::closed) return;
  leg_ = Leg::closed;
  replies_ = ResponseParser();
  host_.finish(SP_LEG_TARGET, reason);
}

void Session::on_target_end() {
  if (!is_sent_ || replies_.is_idle()) {
    close_leg("closed by the target");
    if (phase_ == Phase::leg) prepare_leg();
    return;
  }
  const Step step = replies_.peer_closed();
  if (step.kind == Step::Kind::end) {
    end_reply();
    return;
  }
  fail_reply("target-broke-off", "the target closed its connection before its reply was whole");
}

void Session::read_target(std::span<const uint8_t> data) {
  size_t at = 0;
  while (host_.ok() && leg_ == Leg::ready && phase_ != Phase::over) {
    const Step step = replies_.step(data.subspan(at));
    if (step.kind == Step::Kind::body) {
      // Pieces pass from where they lie: what frames them goes first.
      const auto offset = static_cast<size_t>(step.body.data() - data.data());
      host_.drop(SP_LEG_TARGET, offset - at);
      reply_body(step.body);
      if (leg_ != Leg::ready) return;
      host_.drop(SP_LEG_TARGET, at + step.consumed - offset - step.body.size());
      at += step.consumed;
      continue;
    }
    host_.drop(SP_LEG_TARGET, step.consumed);
    at += step.consumed;
    if (step.kind == Step::Kind::more) break;
    if (step.kind == Step::Kind::head) begin_reply();
    const bool is_final = status_ != 0;  // interim ones end, too
    if (step.kind == Step::Kind::end && is_final) end_reply();
    if (step.kind == Step::Kind::bad && !is_sent_) return close_leg("spoke unasked");
    if (step.kind == Step::Kind::bad)
      fail_reply("target-unreadable", "the target's reply cannot be read safely");
  }
  if (leg_ == Leg::ready && is_sent_) flush_reply();
}

void Session::begin_reply() {
  ResponseHead head = replies_.head();
  if (head.is_interim()) return;
  host_.answer_within(SP_LEG_TARGET, 0);
  status_ = head.status;
  // An answer before the request was whole: what is left of it goes nowhere.
  if (!body_whole_) closes_ = true;
  write_response_fields(head, route_, target_host_);
  const bool is_masked = masks_.any();
  if (is_masked && !mask_head(head)) return;
  if (!choose_reply(head)) return;
  if (closes_) head.fields.set("Connection", "close");
  std::optional<std::string> text = serialised(head);
  if (!text) reply_ = Reply::none;
  if (!text) return fail_reply("target-unwritable", "the target's reply cannot be written again");
  if (reply_ == Reply::masked) {
    held_head_ = std::move(*text);
  } else {
    host_.emit(SP_LEG_CLIENT, *text);
  }
}

// Words of the target's in its head. False: the reply is over.
bool Session::mask_head(ResponseHead& head) {
  head.reason.clear();
  std::vector<std::string> gone;
  for (Field& field : head.fields) {
    std::string name = field.name;
    const bool is_clean = masks_.mask(name, SP_KIND_TEXT, "header") && name == field.name;
    const bool is_shown =
        is_clean && (is_grammatical(field) || masks_.mask(field.value, SP_KIND_TEXT, place_of(field.name)));
    if (!is_shown) gone.push_back(field.name);
  }
  for (const std::string& name : gone) head.fields.remove(name);
  return host_.ok();
}

// How its body is looked into. False: it cannot be, and the caller was told.
bool Session::choose_mask(ResponseHead& head) {
  const std::string* type = head.fields.find("content-type");
  const std::string* codings = head.fields.find("content-encoding");
  const size_t coding_count = head.fields.count("content-encoding");
  const std::optional<Coding> coding = codings != nullptr ? coding_of(*codings) : Coding::identity;
  body_mask_ = make_body_mask(media_of(type != nullptr ? *type : ""), masks_);
  if (coding && *coding != Coding::identity) decoder_ = make_decoder(*coding);
  const bool is_decoded = coding && coding_count <= 1 && (*coding == Coding::identity || decoder_);
  if (head.status == 206 || !is_decoded || !body_mask_ || head.fields.count("content-type") > 1) {
    fail_reply("reply-unreadable",
               "the target's reply is of a type, charset or coding that cannot be looked into");
    return false;
  }
  forget_body_fields(head.fields);
  reply_ = Reply::masked;
  return true;
}

// How its body goes on, and the fields that say so. False: it does not, and the caller was told.
bool Session::choose_reply(ResponseHead& head) {
  const bool is_masked = masks_.any();
  if (head.framing == Framing::none) {
    reply_ = Reply::empty;
    const std::string* length = replies_.head().fields.find("content-length");
    if (!is_masked && length != nullptr && head.status != 204) head.fields.set("Content-Length", *length);
    return true;
  }
  if (is_masked) {
    if (!choose_mask(head)) return false;
  } else {
    reply_ = head.framing == Framing::length ? Reply::passed : Reply::chunked;
  }
  if (reply_ == Reply::passed) {
    head.fields.set("Content-Length", std::to_string(head.length));
  } else if (head_.minor_version == 0) {
    closes_ = true;  // HTTP/1.0 knows no chunks: the end is the connection's
  } else {
    head.fields.set("Transfer-Encoding", "chunked");
  }
  return true;
}

// What has gathered of a body that is written anew, as one chunk each 64 KiB.
void Session::flush_reply() {
  if (reply_out_.empty()) return;
  host_.emit(SP_LEG_CLIENT, std::exchange(held_head_, {}));
  const std::string all = std::exchange(reply_out_, {});
  for (std::string_view bytes = all; !bytes.empty();
       bytes.remove_prefix(std::min(emit_size_max, bytes.size()))) {
    const std::string_view piece = bytes.substr(0, emit_size_max);
    if (head_.minor_version > 0) host_.emit(SP_LEG_CLIENT, chunk_begin(piece.size()));
    host_.emit(SP_LEG_CLIENT, piece);
    if (head_.minor_version > 0) host_.emit(SP_LEG_CLIENT, chunk_end);
  }
}

void Session::reply_body(std::span<const uint8_t> piece) {
  if (reply_ == Reply::passed) return host_.pass(SP_LEG_TARGET, SP_LEG_CLIENT, piece.size());
  const bool is_chunked = reply_ == Reply::chunked;
  if (is_chunked && piece.size() >= pass_size_min) {
    // Large pieces go on from where they lie.
    flush_reply();
    if (head_.minor_version > 0) host_.emit(SP_LEG_CLIENT, chunk_begin(piece.size()));
    host_.pass(SP_LEG_TARGET, SP_LEG_CLIENT, piece.size());
    if (head_.minor_version > 0) host_.emit(SP_LEG_CLIENT, chunk_end);
    return;
  }
  host_.drop(SP_LEG_TARGET, piece.size());
  if (is_chunked) reply_out_.append(reinterpret_cast<const char*>(piece.data()), piece.size());
  if (is_chunked && reply_out_.size() >= emit_size_max) flush_reply();
  if (reply_ != Reply::masked) return;
  const std::string_view bytes(reinterpret_cast<const char*>(piece.data()), piece.size());
  const auto fed = decoder_
                       ? decoder_->feed(bytes, [this](std::string_view plain) { return masked_piece(plain); })
                       : masked_piece(bytes);
  if (!fed) fail_reply(fed.error().code, fed.error().text);
}

std::expected<void, BodyFault> Session::masked_piece(std::string_view bytes) {
  auto fed = body_mask_->feed(bytes, reply_out_);
  if (fed && reply_out_.size() >= emit_size_max) flush_reply();
  return fed;
}

void Session::end_reply() {
  if (reply_ == Reply::masked) {
    if (const auto whole = decoder_ ? decoder_->finish() : std::expected<void, BodyFault>(); !whole)
      return fail_reply(whole.error().code, whole.error().text);
    const auto finished = body_mask_->finish(reply_out_);
    if (!finished) return fail_reply(finished.error().code, finished.error().text);
  }
  flush_reply();
  if (reply_ == Reply::masked) host_.emit(SP_LEG_CLIENT, std::exchange(held_head_, {}));
  const bool is_chunked = (reply_ == Reply::masked || reply_ == Reply::chunked) && head_.minor_version > 0;
  if (is_chunked) host_.emit(SP_LEG_CLIENT, "0\r\n\r\n");
  const bool is_kept = replies_.head().keep_alive && body_whole_;
  end_record(std::to_string(status_));
  if (!is_kept) close_leg("the reply was its last");
  end_exchange();
}

// Nothing of it may go on. A caller who has seen its begin sees the connection end before its end.
void Session::fail_reply(std::string_view code, std::string_view text) {
  const bool is_seen =
      status_ != 0 && reply_ != Reply::none && (reply_ != Reply::masked || held_head_.empty());
  close_leg(code);
  end_record(code);
  held_head_.clear();
  reply_out_.clear();
  if (!is_seen) return refuse({.status = 502, .code = code, .text = text}, true);
  phase_ = Phase::over;
  host_.finish(SP_LEG_CLIENT, code);
}

}  // namespace sallyport::http
