// The host's calls that the session makes, with one sticky verdict: once the host has refused a call the
// session is over, and `ok()` says so to whoever ends the feed. Session's thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "plugins/plugin.h"

namespace sallyport::http {

[[nodiscard]] inline sp_text text_of(std::string_view text) { return {text.data(), text.size()}; }
[[nodiscard]] inline std::string_view view_of(sp_text text) {
  return text.size == 0 ? std::string_view() : std::string_view(text.data, text.size);
}

class Host {
 public:
  Host(const sp_host* host, sp_session* session) : host_(host), session_(session) {}

  void pass(uint32_t from, uint32_t to, uint64_t size) {
    if (size > 0) keep(host_->pass(session_, from, to, size, 0));
  }
  void drop(uint32_t from, uint64_t size) {
    if (size > 0) keep(host_->drop(session_, from, size));
  }
  void pause(uint32_t leg) { keep(host_->pause(session_, leg)); }
  void emit(uint32_t to, std::string_view bytes) {
    if (bytes.empty()) return;
    keep(host_->emit(session_, to, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()));
  }
  void tls(uint32_t leg, bool direct) { keep(host_->tls(session_, leg, direct ? 1 : 0)); }
  void connect(uint32_t leg) { keep(host_->connect(session_, leg)); }
  void finish(uint32_t leg, std::string_view reason) { keep(host_->finish(session_, leg, text_of(reason))); }
  void login(const sp_login& login) { keep(host_->login(session_, &login)); }
  // SP_VERIFIER_*, or 0.
  [[nodiscard]] int verifier() {
    sp_scram_verifier ignored{};
    ignored.size = sizeof ignored;
    const int kind = host_->verifier(session_, &ignored);
    keep(kind);
    return kind;
  }
  [[nodiscard]] sp_verdict prove(sp_proof kind, sp_bytes proof, sp_identity& out) {
    out = {};
    out.size = sizeof out;
    return verdict_of(host_->prove(session_, kind, proof, &out));
  }
  [[nodiscard]] sp_verdict credential(sp_credential_kind kind, sp_credential& out) {
    out = {};
    out.size = sizeof out;
    out.kind = kind;
    return verdict_of(host_->credential(session_, &out));
  }
  [[nodiscard]] sp_verdict ask(const sp_ask& ask, sp_answer& out) {
    out = {};
    out.size = sizeof out;
    return verdict_of(host_->ask(session_, &ask, &out));
  }
  [[nodiscard]] bool screens() { return host_->screens(session_) != 0; }
  [[nodiscard]] sp_verdict screen(std::span<const sp_pair> values, sp_answer& out) {
    out = {};
    out.size = sizeof out;
    return verdict_of(host_->screen(session_, values.data(), values.size(), &out));
  }
  [[nodiscard]] sp_field_id field(const sp_field& field) { return host_->field(session_, &field); }
  [[nodiscard]] bool names_masked(std::span<const sp_text> paths) {
    const int named = host_->names_masked(session_, paths.data(), paths.size());
    keep(named);
    return named != 0;
  }
  void cancel(uint64_t ticket) { keep(host_->cancel(session_, ticket)); }
  void fields_reset() { keep(host_->fields_reset(session_)); }
  int mask(std::span<const sp_span> spans, sp_masked* out) {
    const int changed = host_->mask(session_, spans.data(), spans.size(), out);
    keep(changed);
    return changed;
  }
  void name(std::string_view key, std::string_view value) {
    keep(host_->name(session_, text_of(key), text_of(value)));
  }
  void reply_end(std::string_view status) { keep(host_->reply_end(session_, 1, text_of(status))); }
  void activity(sp_activity now) { keep(host_->activity(session_, now)); }
  void answer_within(uint32_t leg, uint32_t delay_ms) { keep(host_->answer_within(session_, leg, delay_ms)); }

  [[nodiscard]] bool ok() const { return ok_; }

 private:
  void keep(int result) {
    if (result < 0) ok_ = false;
  }
  sp_verdict verdict_of(int result) {
    keep(result);
    return result == SP_ALLOW || result == SP_WAIT ? static_cast<sp_verdict>(result) : SP_DENY;
  }

  const sp_host* host_;
  sp_session* session_;
  bool ok_ = true;
};

}  // namespace sallyport::http
