// The host's calls that the session machine makes, with one sticky verdict: once the host has refused a call
// the session is over, and `ok()` says so to whoever ends the feed. Session's thread.
#pragma once

#include <span>
#include <string_view>

#include "plugins/plugin.h"
#include "plugins/postgresql/login/link.h"
#include "plugins/postgresql/messages.h"

namespace sallyport::pg {

class Host {
 public:
  explicit Host(Link link) : link_(link) {}

  void pass(uint32_t from, uint32_t to, uint64_t size) {
    if (size > 0) keep(link_.host->pass(link_.session, from, to, size, 0));
  }
  void drop(uint32_t from, uint64_t size) {
    if (size > 0) keep(link_.host->drop(link_.session, from, size));
  }
  void pause(uint32_t leg) { keep(link_.host->pause(link_.session, leg)); }
  void emit(uint32_t to, Bytes bytes) {
    if (!bytes.empty()) keep(link_.host->emit(link_.session, to, bytes.data(), bytes.size()));
  }
  void finish(uint32_t leg, std::string_view reason) {
    keep(link_.host->finish(link_.session, leg, text_of(reason)));
  }
  sp_verdict ask(const sp_ask& ask, sp_answer& out) {
    out = {};
    out.size = sizeof(out);
    const int verdict = link_.host->ask(link_.session, &ask, &out);
    keep(verdict);
    return verdict == SP_ALLOW || verdict == SP_WAIT ? static_cast<sp_verdict>(verdict) : SP_DENY;
  }
  [[nodiscard]] bool screens() { return link_.host->screens(link_.session) != 0; }
  sp_verdict screen(std::span<const sp_pair> values, sp_answer& out) {
    out = {};
    out.size = sizeof(out);
    const int verdict = link_.host->screen(link_.session, values.data(), values.size(), &out);
    keep(verdict);
    return verdict == SP_ALLOW ? SP_ALLOW : SP_DENY;
  }
  void cancel(uint64_t ticket) { keep(link_.host->cancel(link_.session, ticket)); }
  void name(std::string_view key, std::string_view value) {
    keep(link_.host->name(link_.session, text_of(key), text_of(value)));
  }
  void note(std::string_view kind, Bytes payload) {
    keep(link_.host->note(link_.session, text_of(kind), {payload.data(), payload.size()}));
  }
  void reply_end(uint64_t units, std::string_view status) {
    keep(link_.host->reply_end(link_.session, units, text_of(status)));
  }
  void activity(sp_activity now) { keep(link_.host->activity(link_.session, now)); }
  // Asks to be fed again, with what the legs hold unconsumed: the way on from waiting for another leg.
  void feed_again() { keep(link_.host->wake_after(link_.session, 1)); }
  void random(uint8_t* out, size_t size) { keep(link_.host->random(link_.session, out, size)); }
  void publish(Bytes key) { keep(link_.host->publish(link_.session, {key.data(), key.size()})); }
  // An unknown key is no error: the session that it named may just have ended.
  void signal(Bytes key) { (void)link_.host->signal(link_.session, {key.data(), key.size()}); }
  uint32_t core_index() { return link_.host->core_index(link_.session); }

  [[nodiscard]] const Link& link() const { return link_; }
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  void keep(int result) {
    if (result < 0) ok_ = false;
  }

  Link link_;
  bool ok_ = true;
};

}  // namespace sallyport::pg
