#include "plugins/postgresql/session.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

#include "plugins/postgresql/settings.h"

namespace sallyport::pg {

namespace {

constexpr size_t key_secret_size = 4;  // of protocol 3.0's BackendKeyData

// What keys are published under: other plugins may publish keys of the same bytes.
std::string signal_key(const BackendKey& key) {
  std::string out = "postgresql cancel ";
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(key.process_id >> shift));
  return out + key.secret;
}

template <size_t... index>
std::array<TargetCancel, cancel_leg_count> make_cancels(Link link, std::index_sequence<index...>) {
  return {TargetCancel(link, cancel_leg + static_cast<uint32_t>(index))...};
}

}  // namespace

Session::Session(Link link, const sp_open& info)
    : link_(link),
      login_(link, info),
      catalogue_(link),
      wire_(link, catalogue_),
      frontend_(wire_),
      backend_(wire_),
      cancels_(make_cancels(link, std::make_index_sequence<cancel_leg_count>{})) {}

sp_status Session::feed(const sp_input& input) {
  if (wire_.ended) return SP_OK;
  if (!serving_) return feed_login(input);
  switch (input.leg) {
    case SP_LEG_CLIENT: return feed_client(input);
    case SP_LEG_TARGET: return feed_target(input);
    case catalogue_leg:
      if (catalogue_.feed(input)) wire_.host.feed_again();
      return status();
    default:
      if (input.leg < cancel_leg || input.leg >= SP_LEG_COUNT_MAX) return SP_FAULT;
      if (cancels_[input.leg - cancel_leg].feed(input)) wire_.host.feed_again();
      return status();
  }
}

sp_status Session::feed_login(const sp_input& input) {
  const auto [step, used] = login_.feed(input);
  switch (step) {
    case LoginStep::Going: return SP_OK;
    case LoginStep::Ready: return begin_serving() ? status() : SP_FAULT;
    case LoginStep::Cancel: signal_other(); return status();
    case LoginStep::Ended: wire_.ended = true; return SP_OK;
    case LoginStep::Fault: return SP_FAULT;
  }
  return SP_FAULT;
}

bool Session::begin_serving() {
  std::array<uint8_t, 16> mark{};
  wire_.host.random(mark.data(), mark.size());
  wire_.host.random(reinterpret_cast<uint8_t*>(wire_.cache_key.data()), sizeof(wire_.cache_key));
  wire_.context.begin(login_.database(), login_.login(), std::string(as_text(mark)));
  for (const Parameter& parameter : login_.client_parameters()) {
    if (parameter.name == on_behalf_setting) continue;  // told at the login
    wire_.context.set_at_login(parameter.name, parameter.value);
    if (parameter.name == reason_setting) wire_.host.name("reason", parameter.value);
  }
  wire_.permissions = login_.permissions();
  wire_.replication = login_.replication();
  switch (wire_.replication) {
    case Replication::None: break;
    case Replication::Physical: wire_.host.name("replication", "physical"); break;
    case Replication::Logical: wire_.host.name("replication", "logical"); break;
  }
  wire_.judge.begin(login_.database(), login_.login());
  catalogue_.prepare(login_.side_request());
  BackendKey key;
  publish_key(key);
  if (!wire_.host.ok() || login_.welcome(key) < 0) return false;
  serving_ = true;
  wire_.host.activity(SP_IDLE);
  if (login_.client_bytes_held()) wire_.host.feed_again();
  return true;
}

// The process id holds the core's number, so that two cores never give out the same key.
void Session::publish_key(BackendKey& key) {
  std::array<uint8_t, 4 + key_secret_size> noise{};
  wire_.host.random(noise.data(), noise.size());
  const uint32_t low = uint32_t{noise[0]} << 16 | uint32_t{noise[1]} << 8 | noise[2];
  // Clients print it as a signed number: the sign bit stays 0.
  key.process_id = (wire_.host.core_index() & 0x7f) << 24 | low;
  key.secret.assign(reinterpret_cast<const char*>(noise.data()) + 4, key_secret_size);
  wire_.host.publish(as_bytes(signal_key(key)));
}

void Session::signal_other() {
  wire_.host.signal(as_bytes(signal_key(login_.cancel_key())));
  wire_.ended = true;
  wire_.host.finish(SP_LEG_CLIENT, "cancel request");
}

// With nothing under way there is nothing to cancel, and a late one must not hit the next request.
void Session::cancel_at_target() {
  TargetCancel& cancel = cancels_[cancel_next_];
  if (wire_.ledger.empty() || cancel.busy()) return;
  cancel_next_ = (cancel_next_ + 1) % cancel_leg_count;
  cancel.start(login_.target_tls(), login_.target_key());
}

sp_status Session::feed_client(const sp_input& input) {
  if ((input.events & SP_EVENT_POLICY) != 0) wire_.rows.reset_fields();
  if ((input.events & SP_EVENT_ANSWER) != 0 && catalogue_.feed(input)) wire_.host.feed_again();
  if ((input.events & SP_EVENT_SHUTDOWN) != 0) {
    frontend_.abandon();
    wire_.end("57P01", input.reason.size > 0 ? view_of(input.reason) : "the gateway is shutting down",
              "shutdown");
    return status();
  }
  if ((input.events & SP_EVENT_SIGNAL) != 0 && !frontend_.cancel()) cancel_at_target();
  const bool gone = (input.events & SP_EVENT_END) != 0;
  // Nothing that waits may run for a caller who has gone; what came with the end and needs no wait may.
  const bool held = frontend_.holding() || (input.events & SP_EVENT_DATA) == 0;
  if (gone) frontend_.abandon();
  // A cancel on its way must not hit what is sent after it.
  const bool cancelling = std::ranges::any_of(cancels_, &TargetCancel::busy);
  if (!(gone && held) && (gone || !cancelling) &&
      !frontend_.feed({input.data, input.data_size}, (input.events & SP_EVENT_ANSWER) != 0)) {
    return SP_FAULT;
  }
  if (frontend_.waits() || cancelling) wire_.host.pause(SP_LEG_CLIENT);
  if (gone && !wire_.ended) {
    frontend_.abandon();
    wire_.finish("the client has closed");
  }
  return status();
}

sp_status Session::feed_target(const sp_input& input) {
  if (!backend_.feed({input.data, input.data_size})) {
    frontend_.abandon();
    wire_.say_fatal("08P01", "the target broke the protocol");
    return SP_FAULT;
  }
  if (catalogue_.waiting()) wire_.host.pause(SP_LEG_TARGET);
  if ((input.events & (SP_EVENT_END | SP_EVENT_FAILED)) == 0 || wire_.ended) return status();
  frontend_.abandon();
  if (wire_.target_said_fatal) {
    wire_.finish("the target closed the session");
  } else {
    wire_.end("57P01", "the target has closed the connection", "the target closed");
  }
  return status();
}

}  // namespace sallyport::pg
