#include "plugins/postgresql/login/target_login.h"

#include <algorithm>
#include <array>

#include "plugins/postgresql/login/scram.h"
#include "plugins/postgresql/login/startup.h"
#include "plugins/postgresql/messages.h"

namespace sallyport::pg {

namespace {

constexpr size_t parameter_count_max = 128;
constexpr size_t parameter_total_size_max = 32 << 10;
constexpr size_t key_secret_size_max = 256;
constexpr size_t report_size_max = 500;  // of the target's message, as shown to the client

constexpr std::string_view sqlstate_unreachable = "08001";
constexpr std::string_view sqlstate_rejected = "08004";
constexpr std::string_view sqlstate_protocol = "08P01";

// Codes of AuthenticationRequest.
enum : uint32_t {
  auth_ok = 0,
  auth_cleartext = 3,
  auth_md5 = 5,
  auth_sasl = 10,
  auth_sasl_continue = 11,
  auth_sasl_final = 12
};

bool valid_sqlstate(std::string_view code) {
  return code.size() == 5 &&
         std::ranges::all_of(code, [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); });
}

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, report_size_max)) {
    out.push_back(static_cast<uint8_t>(c) < 0x20 || c == 0x7f ? ' ' : c);
  }
  // A cut must not leave half a character.
  while (!out.empty() && !valid_utf8(out)) out.pop_back();
  return out;
}

}  // namespace

struct TargetLogin::State {
  //   Idle -> Connecting -> [TlsAnswer -> Handshake] -> Auth -> Parameters -> Ready
  //   Auth: AuthenticationOk | Cleartext | MD5 | SASL -> ScramFirst -> Credential -> ScramFinal -> Ok
  enum class At : uint8_t {
    Idle,
    Connecting,
    TlsAnswer,
    Handshake,
    Auth,        // the first AuthenticationRequest is awaited
    ScramFirst,  // server-first-message
    Credential,  // the host is preparing the SaltedPassword
    ScramFinal,  // server-final-message
    Ok,          // AuthenticationOk
    Parameters,  // until ReadyForQuery
    Ready,
    Failed,
  };

  State(Link l, uint32_t g) : link(l), leg(g) {}

  Link link;
  uint32_t leg;
  At at = At::Idle;
  TargetRequest request;
  std::string user;
  std::vector<Parameter> parameters;
  size_t parameter_size = 0;
  BackendKey key;
  TargetFailure failure;
  std::unique_ptr<ScramClient> scram;
  ScramClient::Challenge challenge;
  bool leg_open = false;
  bool tls = false;

  // The data of the feed under way, for masking what the target says.
  const uint8_t* data = nullptr;

  void fail(std::string_view sqlstate, std::string message);
  void fail_login(std::string_view why = {});
  void fail_protocol();
  bool host_took(int result);
  void send(const Writer& out);
  void send_secret(std::string& text);

  void opened();
  void secured();
  void send_startup();
  void failed(std::string_view reason);
  size_t read(std::span<const uint8_t> bytes);
  size_t read_tls_answer(std::span<const uint8_t> bytes);
  void message(const Message& message);
  void authentication(Bytes body);
  void first_request(uint32_t code, Cursor& body);
  void begin_scram(Cursor& body);
  void continue_scram(std::string_view text);
  void answer_challenge();
  void send_password(uint32_t code, Bytes salt);
  void parameter_status(Bytes body);
  void key_data(Bytes body);
  void ready(Bytes body);
  void report(const Message& message);
  std::string masked(std::string_view text);
  bool credential(sp_credential& wanted, sp_verdict& verdict);
};

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
  for (const Parameter& one : request.parameters) out.text(one.name).text(one.value);
  at = At::Auth;
  send(out.u8(0).end());
}

// False: the host refused, and this has failed.
bool TargetLogin::State::credential(sp_credential& wanted, sp_verdict& verdict) {
  const int result = link.host->credential(link.session, &wanted);
  if (!host_took(result)) return false;
  verdict = static_cast<sp_verdict>(result);
  return true;
}

size_t TargetLogin::State::read_tls_answer(std::span<const uint8_t> bytes) {
  if (!host_took(link.host->drop(link.session, leg, 1))) return 0;
  if (bytes[0] != 'S') {
    fail(sqlstate_unreachable,
         "target " + quoted_name(request.target) + " offers no TLS, which its config demands; tell its operator");
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

void TargetLogin::State::authentication(Bytes body) {
  Cursor cursor(body);
  const uint32_t code = cursor.u32();
  if (!cursor.ok()) return fail_protocol();
  const std::string_view rest = as_text(cursor.rest());
  if (at == At::Auth) return first_request(code, cursor);
  if (at == At::ScramFirst && code == auth_sasl_continue) return continue_scram(rest);
  if (at == At::ScramFinal && code == auth_sasl_final) {
    // The target proves that it knows the secret too; without that it is not the target.
    if (const auto verified = scram->verify(rest); !verified)
      return fail_login(scram_fault_text(verified.error()));
    scram.reset();
    at = At::Ok;
    return;
  }
  if (at == At::Ok && code == auth_ok && cursor.at_end()) {
    at = At::Parameters;
    return;
  }
  fail_protocol();
}

void TargetLogin::State::first_request(uint32_t code, Cursor& body) {
  switch (code) {
    case auth_ok:
      if (!body.at_end()) return fail_protocol();
      at = At::Parameters;
      return;
    case auth_cleartext:
      if (!body.at_end()) return fail_protocol();
      if (!tls) return fail_login("it asks for a cleartext password without TLS");
      return send_password(code, {});
    case auth_md5: {
      const Bytes salt = body.bytes(4);
      if (!body.at_end()) return fail_protocol();
      return send_password(code, salt);
    }
    case auth_sasl: return begin_scram(body);
    default: return fail_login("it asks for an authentication method that the gateway does not have");
  }
}

void TargetLogin::State::send_password(uint32_t code, Bytes salt) {
  sp_credential wanted{};
  wanted.size = sizeof wanted;
  wanted.kind = SP_CREDENTIAL_PASSWORD;
  sp_verdict verdict = SP_DENY;
  if (!credential(wanted, verdict)) return;
  if (verdict != SP_ALLOW || wanted.secret.size == 0) return fail_login("it has no password to give");
  const std::string_view password = as_text({wanted.secret.data, wanted.secret.size});
  std::string text = code == auth_md5 ? md5_password(user, password, salt) : std::string(password);
  if (text.empty()) return fail_login("MD5 is not available in the gateway");
  at = At::Ok;
  send_secret(text);
}

// PasswordMessage. Built by hand so that no copy of the secret stays behind in a buffer that grew.
void TargetLogin::State::send_secret(std::string& text) {
  const size_t length = 4 + text.size() + 1;
  std::vector<uint8_t> out(1 + length);
  out[0] = front::password;
  for (size_t i = 0; i < 4; ++i) out[1 + i] = static_cast<uint8_t>(length >> (24 - 8 * i));
  std::copy(text.begin(), text.end(), out.begin() + header_size);
  host_took(link.host->emit(link.session, leg, out.data(), out.size()));
  wipe(out.data(), out.size());
  wipe(text);
}

void TargetLogin::State::begin_scram(Cursor& body) {
  bool plain = false;
  bool plus = false;
  for (;;) {
    const std::string_view name = body.text();
    if (!body.ok() || name.empty()) break;
    plain |= name == scram_name;
    plus |= name == scram_plus_name;
  }
  if (!body.at_end()) return fail_protocol();
  std::array<uint8_t, 64> binding;
  int size = 0;
  if (tls) {
    size = link.host->channel_binding(link.session, leg, binding.data(), binding.size());
    if (!host_took(size)) return;
  }
  const bool can_bind = size > 0;
  if (!plain && !(plus && can_bind)) return fail_login("it offers no SCRAM-SHA-256");
  using enum ScramClient::Binding;
  const auto kind = !can_bind ? None : plus ? Plus : Unoffered;
  scram =
      std::make_unique<ScramClient>(kind, std::string(as_text({binding.data(), static_cast<size_t>(size)})));
  std::array<uint8_t, scram_random_size> random;
  if (!host_took(link.host->random(link.session, random.data(), random.size()))) return;
  const std::string first = scram->first(random);
  Writer out;
  out.begin(front::password).text(kind == Plus ? scram_plus_name : scram_name);
  out.u32(static_cast<uint32_t>(first.size())).bytes(as_bytes(first)).end();
  at = At::ScramFirst;
  send(out);
}

void TargetLogin::State::continue_scram(std::string_view text) {
  auto read = scram->challenge(text);
  if (!read) return fail_login(scram_fault_text(read.error()));
  challenge = std::move(*read);
  at = At::Credential;
  answer_challenge();
}

void TargetLogin::State::answer_challenge() {
  sp_credential wanted{};
  wanted.size = sizeof wanted;
  wanted.kind = SP_CREDENTIAL_SCRAM_SHA_256;
  wanted.salt = {as_bytes(challenge.salt).data(), challenge.salt.size()};
  wanted.iterations = challenge.iterations;
  sp_verdict verdict = SP_DENY;
  if (!credential(wanted, verdict) || verdict == SP_WAIT) return;
  if (verdict != SP_ALLOW || wanted.secret.size != sizeof(Digest))
    return fail_login("it has no password to prove");
  const std::string proof = scram->final({wanted.secret.data, wanted.secret.size});
  Writer out;
  at = At::ScramFinal;
  send(out.begin(front::password).bytes(as_bytes(proof)).end());
}

void TargetLogin::State::parameter_status(Bytes body) {
  Cursor cursor(body);
  const std::string_view name = cursor.text();
  const std::string_view value = cursor.text();
  if (!cursor.at_end() || name.empty()) return fail_protocol();
  parameter_size += body.size();
  if (parameters.size() >= parameter_count_max || parameter_size > parameter_total_size_max)
    return fail_protocol();
  const auto known = std::ranges::find(parameters, name, &Parameter::name);
  if (known != parameters.end()) {
    known->value = value;
  } else {
    parameters.push_back({std::string(name), std::string(value)});
  }
}

void TargetLogin::State::key_data(Bytes body) {
  Cursor cursor(body);
  const uint32_t process_id = cursor.u32();
  const Bytes secret = cursor.rest();
  if (!cursor.ok() || secret.size() < 4 || secret.size() > key_secret_size_max || !key.secret.empty()) {
    return fail_protocol();
  }
  key = {process_id, std::string(as_text(secret))};
}

void TargetLogin::State::ready(Bytes body) {
  if (body.size() != 1 || body[0] != 'I') return fail_protocol();
  const auto encoding = std::ranges::find(parameters, "client_encoding", &Parameter::name);
  if (encoding == parameters.end() || encoding->value != "UTF8") {
    return fail(sqlstate_rejected,
                "target " + quoted_name(request.target) + " does not speak UTF8 with the gateway");
  }
  at = At::Ready;
}

// FATAL of the target's. Before AuthenticationOk its words could be about the credential, and then (class 28)
// they are withheld; what is about the target's state (starting up, too many clients, no such database)
// helps.
void TargetLogin::State::report(const Message& message) {
  const std::string_view code = report_field(message.body, 'C');
  if (!valid_sqlstate(code)) return fail_protocol();
  if (code.starts_with("28")) return fail_login();
  const std::string sqlstate(code);
  const std::string text = printable(masked(report_field(message.body, 'M')));
  fail(sqlstate, "target " + quoted_name(request.target) + ": " + text);
}

std::string TargetLogin::State::masked(std::string_view text) {
  sp_field field{};
  field.size = sizeof field;
  field.kind = SP_KIND_TEXT;
  field.label = text_of("error");
  const sp_field_id id = link.host->field(link.session, &field);
  if (id == SP_FIELD_CLEAR || text.empty()) return std::string(text);
  sp_span span{};
  span.offset = static_cast<size_t>(reinterpret_cast<const uint8_t*>(text.data()) - data);
  span.size = text.size();
  span.field = id;
  sp_masked out{};
  if (link.host->mask(link.session, &span, 1, &out) < 0) return "[withheld]";
  switch (out.outcome) {
    case SP_MASK_UNCHANGED:
    case SP_MASK_EDITED: return std::string(text);
    case SP_MASK_REPLACED: return std::string(as_text({out.replacement.data, out.replacement.size}));
    case SP_MASK_WITHHELD: break;
  }
  return "[withheld]";
}

}  // namespace sallyport::pg
