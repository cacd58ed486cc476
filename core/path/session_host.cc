// The plugin's host calls that move bytes, and the table of all of them; session_legs.cc has the legs'.
#include <string.h>

#include "config/check.h"
#include "core/core.h"
#include "core/path/loader.h"
#include "core/path/session.h"

namespace sallyport {

namespace {

std::string_view view(sp_text text) { return {text.data, text.size}; }
std::span<const std::byte> view(sp_bytes bytes) { return std::as_bytes(std::span(bytes.data, bytes.size)); }

}  // namespace

// ---- Bytes -----------------------------------------------------------------------------------------------

uint64_t Session::send_sequence() const {
  if (!proven_) return 0;
  return target().durability == config::Durability::sync ? last_sequence_ : 0;
}

int Session::pass(uint32_t from, uint32_t to, uint64_t count, uint32_t flags) {
  if (from >= legs_.size() || to >= legs_.size() || from == to) return SP_ERROR_ARGUMENT;
  if (from != feed_leg_ || !feed_base_) return SP_ERROR_STATE;
  if (to != SP_LEG_CLIENT && !proven_) return SP_ERROR_STATE;
  Leg& source = legs_[from];
  if (source.pass_credit > 0 || source.drop_credit > 0) return SP_ERROR_STATE;
  // Complete mediation: a caller's bytes go on only under a verdict or a note of their own.
  if (from == SP_LEG_CLIENT && !covered_) return SP_ERROR_STATE;
  ++progress_;
  source.paused = false;
  const bool open = flags & SP_UNIT_OPEN;
  const size_t now = std::min<uint64_t>(count, source.input.size());
  if (now > 0) move_bytes(from, to, now);
  if (faulted_) return SP_ERROR_NO_RECORD;
  if (count > now) {
    source.pass_credit = count - now;
    source.pass_to = to;
    source.pass_leaves_open = open;
    legs_[to].unit_open = true;
  } else {
    close_unit(to, open);
  }
  if (!open) covered_ = false;
  return 0;
}

// Recorded first, then queued: promise 1.
void Session::move_bytes(uint32_t from, uint32_t to, size_t count) {
  Leg& source = legs_[from];
  const std::span<std::byte> bytes = source.input.bytes().first(count);
  const bool recorded = to == SP_LEG_CLIENT ? record_reply(bytes) : record_forward(to, count, false);
  if (!recorded) return fault("no-record", "the log took no record of bytes that were to be passed");
  if (legs_[to].state == Leg::State::open) {
    legs_[to].output.push(source.input.chunk(), source.input.done(), count,
                          to == SP_LEG_CLIENT ? 0 : send_sequence());
  }
  source.input.consume(count);
}

void Session::close_unit(uint32_t to, bool open) {
  Leg& leg = legs_[to];
  leg.unit_open = open;
  if (!open && !leg.pending.empty()) leg.output.append(leg.pending);
}

int Session::drop(uint32_t from, uint64_t count) {
  if (from >= legs_.size()) return SP_ERROR_ARGUMENT;
  if (from != feed_leg_ || !feed_base_) return SP_ERROR_STATE;
  Leg& source = legs_[from];
  if (source.pass_credit > 0 || source.drop_credit > 0) return SP_ERROR_STATE;
  ++progress_;
  source.paused = false;
  const size_t now = std::min<uint64_t>(count, source.input.size());
  if (now > 0) source.input.consume(now);
  source.drop_credit = count - now;
  return 0;
}

int Session::pause(uint32_t number) {
  if (number >= legs_.size()) return SP_ERROR_ARGUMENT;
  legs_[number].paused = true;
  return 0;
}

int Session::emit(uint32_t to, std::span<const std::byte> bytes) {
  if (to >= legs_.size()) return SP_ERROR_ARGUMENT;
  Leg& leg = legs_[to];
  if (to != SP_LEG_CLIENT && !proven_) return SP_ERROR_STATE;
  if (leg.pending.size() + bytes.size() > 2 * limits::unit_size_max + limits::send_queue_size_max)
    return SP_ERROR_LIMIT;
  ++progress_;
  const bool recorded = to == SP_LEG_CLIENT ? record_reply(bytes) : record_forward(to, bytes.size(), true);
  if (!recorded) return SP_ERROR_NO_RECORD;
  // A leg whose peer has gone takes nothing; the plugin hears of its end by an event.
  if (leg.state != Leg::State::open) return 0;
  SendQueue& queue = leg.unit_open ? leg.pending : leg.output;
  queue.copy(core_.chunks(), bytes, to == SP_LEG_CLIENT ? 0 : send_sequence());
  return 0;
}

// ---- The table -------------------------------------------------------------------------------------------

// Every refused call ends the session: what the plugin wanted did not happen, so nothing it believes holds.
struct HostCalls {
  static Session& of(sp_session* session) {
    auto* self = reinterpret_cast<Session*>(session);
    CHECK(self->magic_ == session_magic && self->in_feed_);
    return *self;
  }

  static int checked(Session& self, const char* call, int result) {
    if (result < 0) self.fault("host-call", std::string(call) + " refused: " + std::to_string(result));
    return result;
  }

  static int pass(sp_session* s, uint32_t from, uint32_t to, uint64_t count, uint32_t flags) {
    Session& self = of(s);
    if (self.faulted_) return SP_ERROR_STATE;
    return checked(self, "pass", self.pass(from, to, count, flags));
  }
  static int drop(sp_session* s, uint32_t from, uint64_t count) {
    Session& self = of(s);
    if (self.faulted_) return SP_ERROR_STATE;
    return checked(self, "drop", self.drop(from, count));
  }
  static int pause(sp_session* s, uint32_t leg) { return checked(of(s), "pause", of(s).pause(leg)); }
  static int emit(sp_session* s, uint32_t to, const uint8_t* data, size_t size) {
    Session& self = of(s);
    if (self.faulted_) return SP_ERROR_STATE;
    return checked(self, "emit", self.emit(to, std::as_bytes(std::span(data, size))));
  }
  static int tls(sp_session* s, uint32_t leg, int direct) {
    return checked(of(s), "tls", of(s).start_tls(leg, direct != 0));
  }
  static int channel_binding(sp_session* s, uint32_t leg, uint8_t* out, size_t size) {
    return checked(of(s), "channel_binding", of(s).channel_binding(leg, {out, size}));
  }
  static int login(sp_session* s, const sp_login* request) {
    return checked(of(s), "login", of(s).login(*request));
  }
  static int verifier(sp_session* s, sp_scram_verifier* out) {
    return checked(of(s), "verifier", out->size < sizeof *out ? SP_ERROR_ARGUMENT : of(s).verifier(*out));
  }
  static int prove(sp_session* s, sp_proof kind, sp_bytes proof, sp_identity* out) {
    return checked(of(s), "prove",
                   out->size < identity_size_min ? SP_ERROR_ARGUMENT : of(s).prove(kind, proof, *out));
  }
  static int credential(sp_session* s, sp_credential* inout) {
    return checked(of(s), "credential", of(s).credential(*inout));
  }
  static int connect(sp_session* s, uint32_t leg) { return checked(of(s), "connect", of(s).connect(leg)); }
  static int finish(sp_session* s, uint32_t leg, sp_text reason) {
    return checked(of(s), "finish", of(s).finish(leg, view(reason)));
  }
  static int ask(sp_session* s, const sp_ask* ask, sp_answer* out) {
    Session& self = of(s);
    if (out->size < sizeof(sp_answer)) return checked(self, "ask", SP_ERROR_ARGUMENT);
    out->verdict = SP_DENY;
    return checked(self, "ask", self.faulted_ ? SP_ERROR_STATE : self.ask(*ask, *out));
  }
  static int screens(sp_session* s) { return of(s).screens() ? 1 : 0; }
  static int screen(sp_session* s, const sp_pair* values, size_t count, sp_answer* out) {
    Session& self = of(s);
    if (out->size < sizeof(sp_answer)) return checked(self, "screen", SP_ERROR_ARGUMENT);
    out->verdict = SP_DENY;
    return checked(self, "screen", self.faulted_ ? SP_ERROR_STATE : self.screen({values, count}, *out));
  }
  static int cancel(sp_session* s, uint64_t ticket) { return checked(of(s), "cancel", of(s).cancel(ticket)); }
  static sp_field_id field(sp_session* s, const sp_field* field) { return of(s).field(*field); }
  static int fields_reset(sp_session* s) { return of(s).fields_reset(); }
  static int names_masked(sp_session* s, const sp_text* paths, size_t count) {
    return checked(of(s), "names_masked", of(s).names_masked({paths, count}));
  }
  static int mask(sp_session* s, const sp_span* spans, size_t count, sp_masked* out) {
    return checked(of(s), "mask", of(s).mask({spans, count}, out));
  }
  static int name(sp_session* s, sp_text key, sp_text value) {
    return checked(of(s), "name", of(s).name(key, value));
  }
  static int note(sp_session* s, sp_text kind, sp_bytes payload) {
    return checked(of(s), "note", of(s).note(kind, payload));
  }
  static int reply_end(sp_session* s, uint64_t units, sp_text status) {
    return checked(of(s), "reply_end", of(s).reply_end(units, status));
  }
  static int activity(sp_session* s, sp_activity now) {
    of(s).set_activity(now);
    return 0;
  }
  static int wake_after(sp_session* s, uint32_t delay_ms) {
    Session& self = of(s);
    self.wake_ns_ = delay_ms == 0 ? -1 : self.after_ms(delay_ms);
    return 0;
  }
  static int answer_within(sp_session* s, uint32_t leg, uint32_t delay_ms) {
    return checked(of(s), "answer_within", of(s).answer_within(leg, delay_ms));
  }
  static int random(sp_session* s, uint8_t* out, size_t size) {
    of(s).core_.random({out, size});
    return 0;
  }
  static int publish(sp_session* s, sp_bytes key) { return checked(of(s), "publish", of(s).publish(key)); }
  static int signal(sp_session* s, sp_bytes key) {
    of(s).core_.signal(view(key));
    return 0;
  }
  static uint32_t core_index(sp_session* s) { return of(s).core_.index(); }
  static const void* extension(sp_session*, const char*) { return nullptr; }
};

const sp_host& Session::host() {
  static constexpr sp_host table = {
      .size = sizeof(sp_host),
      .abi_major = SP_ABI_MAJOR,
      .abi_minor = SP_ABI_MINOR,
      .pass = HostCalls::pass,
      .drop = HostCalls::drop,
      .pause = HostCalls::pause,
      .emit = HostCalls::emit,
      .tls = HostCalls::tls,
      .channel_binding = HostCalls::channel_binding,
      .login = HostCalls::login,
      .verifier = HostCalls::verifier,
      .prove = HostCalls::prove,
      .credential = HostCalls::credential,
      .connect = HostCalls::connect,
      .finish = HostCalls::finish,
      .ask = HostCalls::ask,
      .screen = HostCalls::screen,
      .screens = HostCalls::screens,
      .cancel = HostCalls::cancel,
      .field = HostCalls::field,
      .fields_reset = HostCalls::fields_reset,
      .names_masked = HostCalls::names_masked,
      .mask = HostCalls::mask,
      .name = HostCalls::name,
      .note = HostCalls::note,
      .reply_end = HostCalls::reply_end,
      .activity = HostCalls::activity,
      .wake_after = HostCalls::wake_after,
      .answer_within = HostCalls::answer_within,
      .random = HostCalls::random,
      .publish = HostCalls::publish,
      .signal = HostCalls::signal,
      .core_index = HostCalls::core_index,
      .extension = HostCalls::extension,
  };
  return table;
}

}  // namespace sallyport
