#include "plugins/postgresql/login/target_login.h"

#include "plugins/postgresql/login/startup.h"
#include "plugins/postgresql/login/target_state.h"
#include "plugins/postgresql/settings.h"

namespace sallyport::pg {

TargetLogin::TargetLogin(Link link, uint32_t leg) : state_(std::make_unique<State>(link, leg)) {}
TargetLogin::~TargetLogin() = default;

bool TargetLogin::started() const { return state_->at != State::At::Idle; }
const TargetFailure& TargetLogin::failure() const { return state_->failure; }
const std::vector<Parameter>& TargetLogin::parameters() const { return state_->parameters; }
const BackendKey& TargetLogin::key() const { return state_->key; }

TargetStep TargetLogin::step() const {
  if (state_->at == State::At::Ready) return TargetStep::Ready;
  return state_->at == State::At::Failed ? TargetStep::Failed : TargetStep::Going;
}

TargetStep TargetLogin::start(TargetRequest request) {
  state_->request = std::move(request);
  state_->at = State::At::Connecting;
  state_->host_took(state_->link.host->connect(state_->link.session, state_->leg));
  return step();
}

TargetLogin::Outcome TargetLogin::feed(const sp_input& input) {
  State& s = *state_;
  size_t used = 0;
  if ((input.events & SP_EVENT_ANSWER) != 0 && s.at == State::At::Credential) s.answer_challenge();
  if (input.leg != s.leg || step() != TargetStep::Going) return {step(), 0};
  if ((input.events & SP_EVENT_FAILED) != 0) s.failed(view_of(input.reason));
  if ((input.events & SP_EVENT_OPENED) != 0 && s.at == State::At::Connecting) s.opened();
  if ((input.events & SP_EVENT_TLS) != 0 && s.at == State::At::Handshake) s.secured();
  if (input.data_size > 0 && step() == TargetStep::Going) {
    s.data = input.data;
    used = s.read({input.data, input.data_size});
    s.data = nullptr;
  }
  if ((input.events & SP_EVENT_END) != 0 && step() == TargetStep::Going) {
    s.leg_open = false;
    s.fail(sqlstate_unreachable,
           "target " + quoted_name(s.request.target) + " closed the connection during login");
  }
  return {step(), used};
}

void TargetLogin::State::fail(std::string_view sqlstate, std::string message) {
  if (at == At::Failed) return;
  failure = {std::string(sqlstate), std::move(message)};
  at = At::Failed;
  scram.reset();
  // Only an open leg may be finished; one that failed or ended is gone already.
  if (leg_open) (void)link.host->finish(link.session, leg, text_of(failure.message));
  leg_open = false;
}

// Never the target's words: they may tell the caller about a credential that is not theirs.
void TargetLogin::State::fail_login(std::string_view why) {
  std::string message = "the gateway could not log in to target " + quoted_name(request.target);
  if (!why.empty()) message += " (" + std::string(why) + ")";
  fail(sqlstate_rejected, message + "; tell its operator");
}

void TargetLogin::State::fail_protocol() {
  fail(sqlstate_protocol, "target " + quoted_name(request.target) + " broke the protocol during login");
}

bool TargetLogin::State::host_took(int result) {
  if (result >= 0) return true;
  leg_open = false;
  fail("58000", "the gateway could not go on with target " + quoted_name(request.target));
  return false;
}

void TargetLogin::State::send(const Writer& out) {
  host_took(link.host->emit(link.session, leg, out.view().data(), out.view().size()));
}

void TargetLogin::State::opened() {
  leg_open = true;
  if (request.tls == SP_TARGET_TLS_OFF) return send_startup();
  at = At::TlsAnswer;
  Writer out;
  send(out.begin_startup(code_ssl).end());
}

void TargetLogin::State::secured() {
  tls = true;
  send_startup();
}

void TargetLogin::State::failed(std::string_view) {
  leg_open = false;
  if (at == At::Handshake) {
    fail(sqlstate_unreachable, "TLS with target " + quoted_name(request.target) +
                                   " failed or its certificate is not trusted; tell its operator");
  } else {
    fail(sqlstate_unreachable, "target " + quoted_name(request.target) + " is unavailable");
  }
}

void TargetLogin::State::send_startup() {
  sp_credential wanted{};
  wanted.size = sizeof wanted;
  wanted.kind = SP_CREDENTIAL_USER;
  sp_verdict verdict = SP_DENY;
  if (!credential(wanted, verdict)) return;
  // The name needs no vault: an answer that waits is as good as none.
  if (verdict != SP_ALLOW || wanted.secret.size == 0) return fail_login("it has no credential");
  user.assign(reinterpret_cast<const char*>(wanted.secret.data), wanted.secret.size);
  Writer out;
  out.begin_startup(protocol_3_0).text("user").text(user);
  if (!request.database.empty()) out.text("database").text(request.database);
  // The masks and the classifier read UTF-8; nothing else may be spoken on this leg.
  out.text("client_encoding").text("UTF8");
  for (const Parameter& one : request.parameters) {
    if (one.name != reason_setting && one.name != on_behalf_setting) out.text(one.name).text(one.value);
  }
  switch (request.replication) {
    case Replication::None: break;
    case Replication::Physical: out.text("replication").text("true"); break;
    case Replication::Logical: out.text("replication").text("database"); break;
  }
  at = At::Auth;
  send(out.u8(0).end());
}

size_t TargetLogin::State::read_tls_answer(std::span<const uint8_t> bytes) {
  if (!host_took(link.host->drop(link.session, leg, 1))) return 0;
  if (bytes[0] != 'S') {
    fail(sqlstate_unreachable, "target " + quoted_name(request.target) +
                                   " offers no TLS, which its config demands; tell its operator");
    return 1;
  }
  // Bytes behind the answer were sent in plaintext and must not count after the upgrade (CVE-2021-23222).
  if (bytes.size() > 1) {
    fail_protocol();
    return 1;
  }
  at = At::Handshake;
  host_took(link.host->tls(link.session, leg, 0));
  return 1;
}

size_t TargetLogin::State::read(std::span<const uint8_t> bytes) {
  if (at == At::Connecting || at == At::Handshake) return fail_protocol(), 0;
  size_t used = 0;
  if (at == At::TlsAnswer) return read_tls_answer(bytes);
  MessageReader reader(bytes, login_size_max);
  while (at != At::Ready && at != At::Failed && at != At::Credential) {
    Message next;
    const Frame frame = reader.next(next);
    if (frame == Frame::need_more) break;
    if (frame == Frame::bad) return fail_protocol(), used;
    message(next);
    if (!host_took(link.host->drop(link.session, leg, next.whole.size()))) return used;
    used += next.whole.size();
  }
  return used;
}

void TargetLogin::State::message(const Message& message) {
  switch (message.type) {
    case back::authentication: return authentication(message.body);
    case back::error: return report(message);
    case back::notice: return;  // A login has no reader for it yet.
    case back::parameter_status:
      if (at == At::Parameters) return parameter_status(message.body);
      break;
    case back::key_data:
      if (at == At::Parameters) return key_data(message.body);
      break;
    case back::ready:
      if (at == At::Parameters) return ready(message.body);
      break;
    default: break;
  }
  fail_protocol();
}

}  // namespace sallyport::pg
