// A scripted sp_host for tests of the PostgreSQL plugin's parts: legs are strings in memory, every call is
// kept, randomness is a counter. A test says what happens (receive, event), a handler that it gave gets the
// input. The data of a feed stands in a heap block of its very size: sanitizers see reads beyond it.
#pragma once

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <array>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/plugin.h"
#include "plugins/postgresql/login/link.h"

namespace sallyport::pg::test {

// PBKDF2-HMAC-SHA-256: the SaltedPassword of RFC 5802.
inline std::string salted_password(std::string_view password, std::string_view salt, uint32_t iterations) {
  std::string out(32, '\0');
  PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                    reinterpret_cast<const uint8_t*>(salt.data()), static_cast<int>(salt.size()),
                    static_cast<int>(iterations), EVP_sha256(), 32, reinterpret_cast<uint8_t*>(out.data()));
  return out;
}

inline void hmac(std::string_view key, std::string_view text, uint8_t* out) {
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const uint8_t*>(text.data()),
       text.size(), out, &size);
}

inline sp_scram_verifier make_verifier(std::string_view password, std::string_view salt,
                                       uint32_t iterations) {
  sp_scram_verifier out{};
  out.size = sizeof out;
  out.iterations = iterations;
  std::memcpy(out.salt, salt.data(), sizeof out.salt);
  const std::string salted = salted_password(password, salt, iterations);
  uint8_t client_key[32];
  hmac(salted, "Client Key", client_key);
  SHA256(client_key, sizeof client_key, out.stored_key);
  hmac(salted, "Server Key", out.server_key);
  return out;
}

class FakeHost {
 public:
  struct Leg {
    std::string input;   // received and unconsumed
    std::string output;  // passed to it or emitted
    std::string passed, emitted;
    uint64_t drop_count = 0;
    uint64_t pass_credit = 0, drop_credit = 0;
    uint32_t pass_to = 0;
    bool connected = false;
    bool finished = false;
    int tls_calls = 0;
    int direct_tls_calls = 0;
  };
  struct Field {
    std::string label, path;
    sp_kind kind;
    uint32_t flags;
  };

  FakeHost() { build_table(); }
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  // ---- The script.
  std::function<void(const sp_input&)> handler;  // gets every input
  std::string password = "secret";               // the caller's
  std::string user_target = "orders-db";
  std::string who = "anne";
  std::string role = "app";
  std::string database = "shop";
  uint32_t target_tls = SP_TARGET_TLS_OFF;
  sp_verdict prove_verdict = SP_ALLOW;
  std::string deny_message = "authentication failed";
  std::vector<std::string> permissions;  // of the login
  std::string target_user = "app";
  std::string target_password = "target-secret";
  sp_verdict credential_verdict = SP_ALLOW;  // of SCRAM; the user's name is always there
  std::array<std::string, SP_LEG_COUNT_MAX> binding;
  // Which fields are masked (default: none), and what becomes of a value.
  std::function<bool(const sp_field&)> masked_field;
  std::function<bool(std::string_view path)> names_masked;
  std::function<bool(std::string_view value)> blocked;  // by screen()
  std::function<sp_masked(sp_field_id, std::string_view value, uint8_t* at)> mask_value;
  std::function<sp_verdict(const sp_ask&, sp_answer&)> answer;
  std::string refuse_call;  // the name of a call that answers SP_ERROR_STATE

  // ---- What happens.
  void receive(uint32_t leg, std::string_view bytes) {
    Leg& one = legs[leg];
    one.input.append(bytes);
    settle_credit(leg);
    if (!one.input.empty()) feed(leg, SP_EVENT_DATA);
  }
  void event(uint32_t leg, uint32_t events, std::string_view reason = {}) { feed(leg, events, reason); }

  // ---- What came of it.
  std::array<Leg, SP_LEG_COUNT_MAX> legs;
  std::vector<std::string> calls;  // every call that is not about bytes: "connect 1", "finish 0 why", ...
  std::vector<Field> fields;       // id - 1 is the index
  std::vector<std::pair<std::string, std::string>> logins;  // user, database
  std::vector<size_t> mask_sizes;                           // spans of each mask call
  std::vector<std::string> asks;
  std::vector<std::string> published;
  size_t prove_count = 0;
  size_t good_proof_count = 0;
  size_t feed_count = 0;

  [[nodiscard]] bool called(std::string_view what) const {
    for (const std::string& call : calls) {
      if (call.starts_with(what)) return true;
    }
    return false;
  }
  std::string take(uint32_t leg) { return std::exchange(legs[leg].output, {}); }
  [[nodiscard]] Link link() { return {&table_, reinterpret_cast<sp_session*>(this)}; }

 private:
  static FakeHost& of(sp_session* session) { return *reinterpret_cast<FakeHost*>(session); }
  int done(std::string_view call) const { return call == refuse_call ? SP_ERROR_STATE : 0; }

  void feed(uint32_t leg, uint32_t events, std::string_view reason = {}) {
    const std::string& input = legs[leg].input;
    // A block of its own: plugins may keep no pointer into it.
    data_ = std::make_unique<uint8_t[]>(input.size());
    data_size_ = input.size();
    std::memcpy(data_.get(), input.data(), input.size());
    feed_leg_ = leg;
    ++feed_count;
    const sp_input in = {sizeof(sp_input), leg, events, data_.get(), data_size_, text_of(reason)};
    inside_ = true;
    consumed_ = 0;
    if (handler) handler(in);
    inside_ = false;
    // What a mask edited and nobody consumed stays edited.
    Leg& one = legs[leg];
    const size_t rest = std::min(one.input.size(), data_size_ - std::min(consumed_, data_size_));
    one.input.assign(reinterpret_cast<const char*>(data_.get()) + (data_size_ - rest), rest);
    data_.reset();
    lent_.clear();
  }

  void consume(uint32_t from, size_t count, std::string* out) {
    Leg& leg = legs[from];
    if (inside_ && from == feed_leg_) {
      if (out) out->append(reinterpret_cast<const char*>(data_.get()) + consumed_, count);
      consumed_ += count;
    } else if (out) {
      out->append(leg.input, 0, count);
    }
    leg.input.erase(0, count);
  }

  void move(uint32_t from, uint32_t to, size_t count) {
    std::string bytes;
    consume(from, count, &bytes);
    legs[to].output += bytes;
    legs[to].passed += bytes;
  }

  void settle_credit(uint32_t from) {
    Leg& leg = legs[from];
    const size_t dropped = std::min<uint64_t>(leg.drop_credit, leg.input.size());
    leg.drop_credit -= dropped;
    leg.drop_count += dropped;
    consume(from, dropped, nullptr);
    const size_t passed = std::min<uint64_t>(leg.pass_credit, leg.input.size());
    leg.pass_credit -= passed;
    move(from, leg.pass_to, passed);
  }

  sp_text lend(std::string text) {
    lent_.push_back(std::move(text));
    return text_of(lent_.back());
  }

  int credential(sp_credential& inout) {
    std::string secret;
    switch (inout.kind) {
      case SP_CREDENTIAL_USER: secret = target_user; break;
      case SP_CREDENTIAL_PASSWORD: secret = target_password; break;
      case SP_CREDENTIAL_SCRAM_SHA_256:
        calls.push_back("scram " + std::to_string(inout.iterations));
        if (credential_verdict != SP_ALLOW) return credential_verdict;
        secret = salted_password(target_password,
                                 {reinterpret_cast<const char*>(inout.salt.data), inout.salt.size},
                                 inout.iterations);
        break;
    }
    const sp_text text = lend(secret);
    inout.secret = {reinterpret_cast<const uint8_t*>(text.data), text.size};
    return SP_ALLOW;
  }

  void build_table();

  sp_host table_{};
  std::unique_ptr<uint8_t[]> data_;
  size_t data_size_ = 0;
  size_t consumed_ = 0;
  uint32_t feed_leg_ = 0;
  bool inside_ = false;
  std::deque<std::string> lent_;
  std::vector<sp_text> permissions_;
  uint8_t random_ = 0;
};

inline void FakeHost::build_table() {
  table_.size = sizeof table_;
  table_.abi_major = SP_ABI_MAJOR;
  table_.abi_minor = SP_ABI_MINOR;
  table_.pass = [](sp_session* s, uint32_t from, uint32_t to, uint64_t count, uint32_t) {
    FakeHost& self = of(s);
    Leg& leg = self.legs[from];
    const size_t now = std::min<uint64_t>(count, leg.input.size());
    self.move(from, to, now);
    leg.pass_credit += count - now;
    leg.pass_to = to;
    return self.done("pass");
  };
  table_.pause = [](sp_session*, uint32_t) { return 0; };
  table_.drop = [](sp_session* s, uint32_t from, uint64_t count) {
    FakeHost& self = of(s);
    Leg& leg = self.legs[from];
    const size_t now = std::min<uint64_t>(count, leg.input.size());
    self.consume(from, now, nullptr);
    leg.drop_count += now;
    leg.drop_credit += count - now;
    return self.done("drop");
  };
  table_.emit = [](sp_session* s, uint32_t to, const uint8_t* data, size_t size) {
    Leg& leg = of(s).legs[to];
    leg.output.append(reinterpret_cast<const char*>(data), size);
    leg.emitted.append(reinterpret_cast<const char*>(data), size);
    return of(s).done("emit");
  };
  table_.tls = [](sp_session* s, uint32_t leg, int direct) {
    FakeHost& self = of(s);
    self.calls.push_back("tls " + std::to_string(leg) + (direct != 0 ? " direct" : ""));
    ++(direct != 0 ? self.legs[leg].direct_tls_calls : self.legs[leg].tls_calls);
    return self.done("tls");
  };
  table_.channel_binding = [](sp_session* s, uint32_t leg, uint8_t* out, size_t size) {
    const std::string& bytes = of(s).binding[leg];
    const size_t count = std::min(size, bytes.size());
    std::memcpy(out, bytes.data(), count);
    return static_cast<int>(count);
  };
  table_.login = [](sp_session* s, const sp_login* request) {
    of(s).logins.emplace_back(view_of(request->user), view_of(request->database));
    return of(s).done("login");
  };
  table_.verifier = [](sp_session* s, sp_scram_verifier* out) {
    *out = make_verifier(of(s).password, "0123456789abcdef", 4096);
    return of(s).done("verifier");
  };
  table_.prove = [](sp_session* s, sp_proof, sp_bytes proof, sp_identity* out) {
    FakeHost& self = of(s);
    ++self.prove_count;
    self.good_proof_count += proof.size > 0 ? 1 : 0;
    *out = {};
    out->size = sizeof *out;
    out->verdict = proof.size == 0 && self.prove_verdict == SP_ALLOW ? SP_DENY : self.prove_verdict;
    out->message = self.lend(self.deny_message);
    out->who = self.lend(self.who);
    out->target = self.lend(self.user_target);
    out->login = self.lend(self.role);
    out->database = self.lend(self.database);
    out->target_tls = self.target_tls;
    self.permissions_.clear();
    for (const std::string& name : self.permissions) self.permissions_.push_back(self.lend(name));
    out->permissions = self.permissions_.data();
    out->permission_count = self.permissions_.size();
    return self.done("prove");
  };
  table_.credential = [](sp_session* s, sp_credential* inout) { return of(s).credential(*inout); };
  table_.connect = [](sp_session* s, uint32_t leg) {
    of(s).calls.push_back("connect " + std::to_string(leg));
    of(s).legs[leg].connected = true;
    return of(s).done("connect");
  };
  table_.finish = [](sp_session* s, uint32_t leg, sp_text reason) {
    of(s).calls.push_back("finish " + std::to_string(leg) + " " + std::string(view_of(reason)));
    of(s).legs[leg].finished = true;
    return of(s).done("finish");
  };
  table_.ask = [](sp_session* s, const sp_ask* ask, sp_answer* out) {
    of(s).asks.emplace_back(view_of(ask->text));
    out->verdict = of(s).answer ? of(s).answer(*ask, *out) : SP_ALLOW;
    return static_cast<int>(out->verdict);
  };
  table_.cancel = [](sp_session* s, uint64_t ticket) {
    of(s).calls.push_back("cancel " + std::to_string(ticket));
    return 0;
  };
  table_.field = [](sp_session* s, const sp_field* field) -> sp_field_id {
    FakeHost& self = of(s);
    if (!self.masked_field || !self.masked_field(*field)) return SP_FIELD_CLEAR;
    self.fields.push_back(
        {std::string(view_of(field->label)), std::string(view_of(field->path)), field->kind, field->flags});
    return static_cast<sp_field_id>(self.fields.size());
  };
  table_.names_masked = [](sp_session* s, const sp_text* paths, size_t count) {
    if (count == 0) return of(s).names_masked ? 1 : 0;
    for (size_t i = 0; i < count; ++i) {
      if (of(s).names_masked && of(s).names_masked(view_of(paths[i]))) return 1;
    }
    return 0;
  };
  table_.screen = [](sp_session* s, const sp_pair* values, size_t count, sp_answer* out) {
    for (size_t i = 0; i < count; ++i) {
      if (of(s).blocked && of(s).blocked(view_of(values[i].value))) {
        out->verdict = SP_DENY;
        out->message = text_of("blocked by mask \"secrets\"");
        return int{SP_DENY};
      }
    }
    return int{SP_ALLOW};
  };
  table_.screens = [](sp_session* s) { return of(s).blocked ? 1 : 0; };
  table_.fields_reset = [](sp_session* s) {
    of(s).calls.push_back("fields_reset");
    of(s).fields.clear();
    return 0;
  };
  table_.mask = [](sp_session* s, const sp_span* spans, size_t count, sp_masked* out) {
    FakeHost& self = of(s);
    self.mask_sizes.push_back(count);
    size_t end = 0;
    for (size_t i = 0; i < count; ++i) {
      const sp_span& span = spans[i];
      if (span.bytes == nullptr) {
        if (span.offset < end || span.offset + span.size > self.data_size_) return int{SP_ERROR_ARGUMENT};
        end = span.offset + span.size;
      }
      out[i] = {SP_MASK_UNCHANGED, {nullptr, 0}};
      if (!self.mask_value) continue;
      uint8_t* at = span.bytes != nullptr ? span.bytes : self.data_.get() + span.offset;
      out[i] = self.mask_value(span.field, {reinterpret_cast<const char*>(at), span.size}, at);
    }
    return self.done("mask");
  };
  table_.name = [](sp_session* s, sp_text key, sp_text value) {
    of(s).calls.push_back("name " + std::string(view_of(key)) + "=" + std::string(view_of(value)));
    return 0;
  };
  table_.note = [](sp_session* s, sp_text kind, sp_bytes) {
    of(s).calls.push_back("note " + std::string(view_of(kind)));
    return 0;
  };
  table_.reply_end = [](sp_session* s, uint64_t units, sp_text status) {
    of(s).calls.push_back("reply_end " + std::to_string(units) + " " + std::string(view_of(status)));
    return 0;
  };
  table_.activity = [](sp_session* s, sp_activity now) {
    of(s).calls.push_back("activity " + std::to_string(now));
    return 0;
  };
  table_.wake_after = [](sp_session* s, uint32_t delay_ms) {
    of(s).calls.push_back("wake_after " + std::to_string(delay_ms));
    return 0;
  };
  table_.answer_within = [](sp_session* s, uint32_t leg, uint32_t delay_ms) {
    of(s).calls.push_back("answer_within " + std::to_string(leg) + " " + std::to_string(delay_ms));
    return 0;
  };
  table_.random = [](sp_session* s, uint8_t* out, size_t size) {
    for (size_t i = 0; i < size; ++i) out[i] = of(s).random_++;
    return 0;
  };
  table_.publish = [](sp_session* s, sp_bytes key) {
    of(s).published.emplace_back(reinterpret_cast<const char*>(key.data), key.size);
    return 0;
  };
  table_.signal = [](sp_session* s, sp_bytes) {
    of(s).calls.push_back("signal");
    return 0;
  };
  table_.core_index = [](sp_session*) { return uint32_t{0}; };
  table_.extension = [](sp_session*, const char*) -> const void* { return nullptr; };
}

}  // namespace sallyport::pg::test
