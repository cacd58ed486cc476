#include "core/path/kit_calls.h"

#include <algorithm>
#include <cstring>

#include "core/path/kit_text.h"

namespace sallyport {
namespace {

constexpr size_t key_size_max = 64;
constexpr size_t published_count_max = 4;

std::string number(uint64_t value) { return std::to_string(value); }

uint64_t next_random(uint64_t& state) {  // splitmix64
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

int KitCalls::refuse_after_end(KitHost& host, const char* call) {
  if (!host.inside_) return host.violate(std::string(call) + " outside open, feed and close");
  if (!host.ended()) return 0;
  // A session that a misuse has ended has its violation already.
  if (host.ended_why().starts_with("refused")) return SP_ERROR_STATE;
  return host.violate(std::string(call) + " after the session's end (" + host.ended_why() + ")");
}

bool KitCalls::leg_is_usable(const KitHost& host, uint32_t leg) {
  return leg < SP_LEG_COUNT_MAX && host.leg_[leg].state == KitLegState::kOpen;
}

// ---- Bytes.

int KitCalls::pass(sp_session* session, uint32_t from, uint32_t to, uint64_t count, uint32_t flags) {
  KitHost& host = of(session);
  if (const int refused = refuse_after_end(host, "pass")) return refused;
  const std::string what = "pass from leg " + number(from) + " to leg " + number(to);
  if (from >= SP_LEG_COUNT_MAX || to >= SP_LEG_COUNT_MAX || from == to) {
    return host.violate(what + ": there is no such way", SP_ERROR_ARGUMENT);
  }
  if (!host.data_ || from != host.fed_leg_)
    return host.violate(what + " outside the feed of leg " + number(from));
  if (!host.leg_[from].credits.empty()) return host.violate(what + " behind credit that is not used up");
  if (flags & ~static_cast<uint32_t>(SP_UNIT_OPEN)) {
    return host.violate(what + ": unknown flags", SP_ERROR_ARGUMENT);
  }
  if (!leg_is_usable(host, to)) return host.violate(what + ", which is not open");
  if (host.leg_[to].handshaking || host.leg_[from].handshaking) {
    return host.violate(what + " during a TLS handshake");
  }
  if (from == SP_LEG_CLIENT) {
    if (!host.request_open_) {
      if (host.licences_ == 0) return host.violate(what + " without an ask that was allowed, or a note");
      --host.licences_;
    }
    host.request_open_ = (flags & SP_UNIT_OPEN) != 0;
  } else if (to != SP_LEG_CLIENT) {
    return host.violate(what + ": replies go to the client's leg", SP_ERROR_ARGUMENT);
  }
  host.dispose(from, {.to = static_cast<int>(to), .left = count, .unit_open = (flags & SP_UNIT_OPEN) != 0});
  return 0;
}

int KitCalls::drop(sp_session* session, uint32_t from, uint64_t count) {
  KitHost& host = of(session);
  if (const int refused = refuse_after_end(host, "drop")) return refused;
  if (from >= SP_LEG_COUNT_MAX)
    return host.violate("drop: there is no leg " + number(from), SP_ERROR_ARGUMENT);
  if (!host.data_ || from != host.fed_leg_) {
    return host.violate("drop on leg " + number(from) + " outside its feed");
  }
  if (!host.leg_[from].credits.empty()) return host.violate("drop behind credit that is not used up");
  host.dispose(from, {.to = KitLeg::kDropped, .left = count});
  return 0;
}

// Behind the unit that is open there, if one is.
// Not traced: how often a plugin says so depends on how its input was cut.
int KitCalls::pause(sp_session* session, uint32_t leg) {
  KitHost& host = of(session);
  if (leg < SP_LEG_COUNT_MAX) return 0;
  return host.violate("pause: there is no leg " + number(leg), SP_ERROR_ARGUMENT);
}

int KitCalls::emit(sp_session* session, uint32_t to, const uint8_t* data, size_t size) {
  KitHost& host = of(session);
  if (const int refused = refuse_after_end(host, "emit")) return refused;
  if (to < SP_LEG_COUNT_MAX && host.leg_[to].failed) return 0;  // gone; the plugin was told so
  if (!leg_is_usable(host, to)) return host.violate("emit to leg " + number(to) + ", which is not open");
  KitLeg& out = host.leg_[to];
  if (out.handshaking) return host.violate("emit to leg " + number(to) + " during a TLS handshake");
  if (size == 0) return 0;
  if (!data) return host.violate("emit: data is NULL", SP_ERROR_ARGUMENT);
  ++host.progress_;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (out.unit_of == KitLeg::kNobody ? out.output : out.waiting) += bytes;
  return 0;
}

// ---- Legs.

int KitCalls::tls(sp_session* session, uint32_t leg, int direct) {
  KitHost& host = of(session);
  if (const int refused = refuse_after_end(host, "tls")) return refused;
  if (!(host.plugin_.manifest->capabilities & SP_CAN_TLS)) return host.violate("tls without SP_CAN_TLS");
  if (!leg_is_usable(host, leg)) return host.violate("tls on leg " + number(leg) + ", which is not open");
  KitLeg& at = host.leg_[leg];
  if (at.tls || at.handshaking) return host.violate("tls twice on leg " + number(leg));
  if (leg == SP_LEG_CLIENT && !host.script.client_tls_offered) {
    return host.violate("tls on the client's leg, though the listener offers none");
  }
  host.add(KitTrace::kControl, "tls leg=" + number(leg) + (direct ? " direct" : ""));
  ++host.progress_;
  at.handshaking = true;
  at.direct = direct != 0;
  if (at.direct) {
    if (host.inside_ && leg == host.fed_leg_) host.data_consumed_ += at.unconsumed.size();
    (void)at.consume(at.unconsumed.size(), KitLeg::kDropped);
  } else if (!at.unconsumed.empty()) {
    // The peer's doing, not the plugin's: no violation.
    host.end_session("refused: plaintext behind the TLS upgrade of leg " + number(leg));
  }
  return 0;
}

int KitCalls::channel_binding(sp_session* session, uint32_t leg, uint8_t* out, size_t out_size) {
  const KitHost& host = of(session);
  if (leg >= SP_LEG_COUNT_MAX || !host.leg_[leg].tls) return 0;
  if (out_size < 32) return SP_ERROR_ARGUMENT;
  std::memset(out, static_cast<int>(0xc0 + leg), 32);
  return 32;
}

int KitCalls::connect(sp_session* session, uint32_t leg) {
  KitHost& host = of(session);
  if (const int refused = refuse_after_end(host, "connect")) return refused;
  if (leg == SP_LEG_CLIENT || leg >= SP_LEG_COUNT_MAX) {
    return host.violate("connect: there is no target leg " + number(leg), SP_ERROR_ARGUMENT);
  }
  if (!host.proven_) return host.violate("connect before prove answered ALLOW");
  KitLeg& at = host.leg_[leg];
  if (at.state == KitLegState::kConnecting || at.state == KitLegState::kOpen) {
    return host.violate("connect of leg " + number(leg) + ", which is connected or connecting");
  }
  const KitLeg before = std::move(at);
  at = KitLeg();
  at.state = KitLegState::kConnecting;
  // A leg that is opened again goes on with its accounts.
  at.output = before.output;
  at.taken = before.taken;
  at.fates = before.fates;
  at.received = before.received;
  at.passed = before.passed;
  at.dropped = before.dropped + before.unconsumed.size();
  host.add(KitTrace::kControl, "connect leg=" + number(leg));
  ++host.progress_;
  return 0;
}

int KitCalls::finish(sp_session* session, uint32_t leg, sp_text reason) {
  KitHost& host = of(session);
  if (host.ended() && leg != SP_LEG_CLIENT) return 0;  // the session's end has closed it
  if (const int refused = refuse_after_end(host, "finish")) return refused;
  if (leg >= SP_LEG_COUNT_MAX)
    return host.violate("finish: there is no leg " + number(leg), SP_ERROR_ARGUMENT);
  host.add(KitTrace::kControl, "finish leg=" + number(leg) + " " + kit_quote(view(reason)));
  ++host.progress_;
  host.leg_[leg].state = KitLegState::kFinished;
  host.leg_[leg].credits.clear();
  if (leg == SP_LEG_CLIENT) host.end_session("finish: " + std::string(view(reason)));
  return 0;
}

// ---- The record.

int KitCalls::name(sp_session* session, sp_text key, sp_text value) {
  of(session).add(KitTrace::kName, std::string(view(key)) + "=" + kit_quote(view(value)));
  return 0;
}

int KitCalls::note(sp_session* session, sp_text kind, sp_bytes payload) {
  KitHost& host = of(session);
  if (const int refused = refuse_after_end(host, "note")) return refused;
  if (kind.size == 0) return host.violate("note without a kind", SP_ERROR_ARGUMENT);
  ++host.licences_;
  host.add(KitTrace::kNote, "note " + std::string(view(kind)) + " " + kit_excerpt(view(payload), 200));
  return 0;
}

int KitCalls::reply_end(sp_session* session, uint64_t units, sp_text status) {
  of(session).add(KitTrace::kNote, "reply_end units=" + number(units) + " " + kit_quote(view(status)));
  return 0;
}

int KitCalls::activity(sp_session* session, sp_activity now) {
  of(session).activity_ = now;
  return 0;
}

// ---- Small things.

int KitCalls::wake_after(sp_session* session, uint32_t delay_ms) {
  of(session).timer_ms_ = delay_ms;
  return 0;
}

// A transcript says itself that a leg failed (`fail LEG`): time does not pass here.
int KitCalls::answer_within(sp_session* session, uint32_t leg, uint32_t) {
  KitHost& host = of(session);
  if (leg == SP_LEG_CLIENT || leg >= SP_LEG_COUNT_MAX) {
    return host.violate("answer_within for leg " + number(leg), SP_ERROR_ARGUMENT);
  }
  return 0;
}

int KitCalls::random(sp_session* session, uint8_t* out, size_t size) {
  KitHost& host = of(session);
  for (size_t i = 0; i < size; ++i) out[i] = static_cast<uint8_t>(next_random(host.random_state_));
  return 0;
}

int KitCalls::publish(sp_session* session, sp_bytes key) {
  KitHost& host = of(session);
  if (key.size == 0 || key.size > key_size_max || host.published_.size() == published_count_max) {
    return host.violate("publish: at most 4 keys of 1 to 64 bytes", SP_ERROR_ARGUMENT);
  }
  host.published_.emplace_back(view(key));
  host.add(KitTrace::kControl, "publish " + kit_quote(view(key)));
  return 0;
}

int KitCalls::signal(sp_session* session, sp_bytes key) {
  KitHost& host = of(session);
  if (key.size > key_size_max) return host.violate("signal: a key has at most 64 bytes", SP_ERROR_ARGUMENT);
  host.add(KitTrace::kControl, "signal " + kit_quote(view(key)));
  return 0;
}

uint32_t KitCalls::core_index(sp_session*) { return 0; }

const void* KitCalls::extension(sp_session*, const char*) { return nullptr; }

const sp_host& kit_host_table() {
  static const sp_host table = {
      .size = sizeof(sp_host),
      .abi_major = SP_ABI_MAJOR,
      .abi_minor = SP_ABI_MINOR,
      .pass = KitCalls::pass,
      .drop = KitCalls::drop,
      .pause = KitCalls::pause,
      .emit = KitCalls::emit,
      .tls = KitCalls::tls,
      .channel_binding = KitCalls::channel_binding,
      .login = KitCalls::login,
      .verifier = KitCalls::verifier,
      .prove = KitCalls::prove,
      .credential = KitCalls::credential,
      .connect = KitCalls::connect,
      .finish = KitCalls::finish,
      .ask = KitCalls::ask,
      .screen = KitCalls::screen,
      .screens = KitCalls::screens,
      .cancel = KitCalls::cancel,
      .field = KitCalls::field,
      .fields_reset = KitCalls::fields_reset,
      .names_masked = KitCalls::names_masked,
      .mask = KitCalls::mask,
      .name = KitCalls::name,
      .note = KitCalls::note,
      .reply_end = KitCalls::reply_end,
      .activity = KitCalls::activity,
      .wake_after = KitCalls::wake_after,
      .answer_within = KitCalls::answer_within,
      .random = KitCalls::random,
      .publish = KitCalls::publish,
      .signal = KitCalls::signal,
      .core_index = KitCalls::core_index,
      .extension = KitCalls::extension,
  };
  return table;
}

}  // namespace sallyport
