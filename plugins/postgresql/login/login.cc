#include "plugins/postgresql/login/login.h"

#include "plugins/postgresql/login/login_state.h"

namespace sallyport::pg {

Login::Login(Link link, const sp_open& info) : state_(std::make_unique<State>(link, info)) {}
Login::~Login() = default;

Login::Outcome Login::feed(const sp_input& input) {
  State& s = *state_;
  if (s.outcome != LoginStep::Going) return {s.outcome, 0};
  if ((input.events & SP_EVENT_SHUTDOWN) != 0) s.fatal("57P01", view_of(input.reason));
  if ((input.events & SP_EVENT_ANSWER) != 0 && s.at == State::At::Proving) s.prove();
  size_t used = 0;
  if (s.outcome == LoginStep::Going && s.at == State::At::Target) {
    const auto [step, dropped] = s.target.feed(input);
    used = dropped;
    s.follow_target(step);
  }
  if (s.outcome == LoginStep::Going && input.leg == SP_LEG_CLIENT) {
    if ((input.events & SP_EVENT_FAILED) != 0) s.end("TLS with the client failed");
    if ((input.events & SP_EVENT_TLS) != 0 && s.at == State::At::Handshake) {
      s.tls = true;
      s.at = State::At::FirstBytes;
    }
    used = s.read({input.data, input.data_size});
    if ((input.events & SP_EVENT_END) != 0 && s.outcome == LoginStep::Going)
      s.end("client left during login");
  }
  if (input.leg == SP_LEG_CLIENT) s.held = used < input.data_size;
  return {s.outcome, used};
}

bool Login::State::host_took(int result) {
  if (result >= 0) return true;
  at = At::Over;
  outcome = LoginStep::Fault;
  return false;
}

void Login::State::send(const Writer& out) {
  host_took(link.host->emit(link.session, SP_LEG_CLIENT, out.view().data(), out.view().size()));
}

size_t Login::State::drop(size_t size) {
  return host_took(link.host->drop(link.session, SP_LEG_CLIENT, size)) ? size : 0;
}

void Login::State::end(std::string_view reason) {
  if (outcome != LoginStep::Going) return;
  forget_proof();
  at = At::Over;
  outcome = LoginStep::Ended;
  host_took(link.host->finish(link.session, SP_LEG_CLIENT, text_of(reason)));
}

void Login::State::fatal(std::string_view sqlstate, std::string_view message, std::string_view hint) {
  if (outcome != LoginStep::Going) return;
  Writer out;
  write_error(out, {.severity = "FATAL", .sqlstate = sqlstate, .message = message, .hint = hint});
  if (at != At::Handshake) send(out);  // there a word would stand among the handshake's own
  end(message);
}

// The client's bytes. What comes early, while the target's login is under way, stays where it is.
size_t Login::State::read(Bytes bytes) {
  size_t used = 0;
  while (outcome == LoginStep::Going && used < bytes.size()) {
    const Bytes rest = bytes.subspan(used);
    size_t taken = 0;
    switch (at) {
      case At::FirstBytes: taken = read_first(rest); break;
      case At::SaslInitial:
      case At::SaslFinal: taken = read_sasl(rest); break;
      case At::Token: taken = read_token(rest); break;
      case At::Handshake:
      case At::Proving:
      case At::Target:
      case At::Ready:
      case At::Cancel:
      case At::Over: return used;
    }
    if (taken == 0) return used;
    used += taken;
  }
  return used;
}

void Login::State::follow_target(TargetStep step) {
  switch (step) {
    case TargetStep::Going: return;
    case TargetStep::Failed: return fatal(target.failure().sqlstate, target.failure().message);
    case TargetStep::Ready:
      at = At::Ready;
      outcome = LoginStep::Ready;
      return;
  }
}

int Login::welcome(const BackendKey& key) {
  Writer out;
  out.begin(back::authentication).u32(0).end();
  for (const Parameter& one : target_parameters()) {
    out.begin(back::parameter_status).text(one.name).text(one.value).end();
  }
  out.begin(back::key_data).u32(key.process_id).bytes(as_bytes(key.secret)).end();
  write_ready(out, 'I');
  const Link& link = state_->link;
  return link.host->emit(link.session, SP_LEG_CLIENT, out.view().data(), out.view().size());
}

const BackendKey& Login::cancel_key() const { return state_->cancel; }
bool Login::client_bytes_held() const { return state_->held; }
const std::string& Login::who() const { return state_->who; }
const std::string& Login::target() const { return state_->request.target; }
const std::string& Login::login() const { return state_->login; }
const std::string& Login::database() const { return state_->request.database; }
uint32_t Login::target_tls() const { return state_->request.tls; }
const BackendKey& Login::target_key() const { return state_->target.key(); }
const std::vector<Parameter>& Login::target_parameters() const { return state_->target.parameters(); }
const std::vector<Parameter>& Login::client_parameters() const { return state_->request.parameters; }

const Permissions& Login::permissions() const { return state_->permissions; }
Replication Login::replication() const { return state_->request.replication; }

TargetRequest Login::side_request() const {
  return {.target = state_->request.target,
          .database = state_->request.database,
          .tls = state_->request.tls,
          .parameters = {{"application_name", "sallyport"},
                         {"search_path", "pg_catalog"},
                         {"statement_timeout", "10000"},
                         {"default_transaction_read_only", "on"}}};
}

}  // namespace sallyport::pg
