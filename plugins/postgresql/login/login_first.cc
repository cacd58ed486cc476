// A connection's first messages: upgrades, cancels, the StartupMessage.
#include "plugins/postgresql/login/login_state.h"

namespace sallyport::pg {

namespace {

constexpr uint8_t tls_handshake_record = 0x16;

}  // namespace

size_t Login::State::read_first(Bytes bytes) {
  if (bytes[0] == tls_handshake_record && !tls && !tls_refused && !gss_refused) {
    if (tls_offered) {
      start_client_tls(true);
    } else {
      end("direct TLS is not offered");
    }
    return 0;
  }
  MessageReader reader(bytes);
  Message message;
  switch (reader.next_startup(message)) {
    case Frame::need_more: return 0;
    case Frame::bad: fatal("08P01", "invalid length of startup packet"); return 0;
    case Frame::message: break;
  }
  Cursor cursor(message.body);
  const uint32_t code = cursor.u32();
  // Consumed before it is acted on: TLS must find nothing of it.
  const size_t size = drop(message.whole.size());
  if (size > 0) read_code(message, code, bytes.size() - size);
  return size;
}

void Login::State::read_code(const Message& message, uint32_t code, size_t behind) {
  Cursor body(message.body.subspan(4));
  switch (code) {
    case code_ssl:
      if (!body.at_end()) return fatal("08P01", "invalid length of SSLRequest");
      return ssl_request(behind);
    case code_gss:
      if (!body.at_end()) return fatal("08P01", "invalid length of GSSENCRequest");
      return gss_request();
    case code_cancel: return cancel_request(body);
    default: return version(code, message.body.subspan(4));
  }
}

void Login::State::ssl_request(size_t behind) {
  if (tls || tls_refused) return fatal("08P01", "SSLRequest came twice");
  Writer out;
  if (!tls_offered) {
    tls_refused = true;
    return send(out.u8('N'));
  }
  // Plaintext behind the request must not count after the upgrade (CVE-2021-23214).
  if (behind > 0) return fatal("08P01", "received unencrypted data after SSL request");
  send(out.u8('S'));
  if (outcome == LoginStep::Going) start_client_tls(false);
}

void Login::State::start_client_tls(bool direct) {
  at = At::Handshake;
  host_took(link.host->tls(link.session, SP_LEG_CLIENT, direct ? 1 : 0));
}

void Login::State::gss_request() {
  if (tls || gss_refused) return fatal("08P01", "GSSENCRequest is out of place");
  gss_refused = true;
  Writer out;
  send(out.u8('N'));
}

// Taken without TLS too: libpq before 17 sends its cancels in plaintext whatever the connection's mode.
void Login::State::cancel_request(Cursor& body) {
  const uint32_t process_id = body.u32();
  const Bytes secret = body.bytes(4);
  if (!body.at_end()) return end("malformed CancelRequest");
  cancel = {process_id, std::string(as_text(secret))};
  at = At::Cancel;
  outcome = LoginStep::Cancel;
}

void Login::State::version(uint32_t code, Bytes body) {
  const uint32_t major = code >> 16;
  if (major != 3) {
    const std::string text = "unsupported frontend protocol " + std::to_string(major) + "." +
                             std::to_string(code & 0xffff) + ": the gateway supports 3.0";
    if (major > 3) return fatal("0A000", text);
    // Before version 3 an error was a bare string.
    Writer out;
    send(out.u8('E').text("FATAL:  " + text + "\n"));
    return end(text);
  }
  if (tls_required && !tls) {
    return fatal("28000", "the gateway takes connections with TLS only", "Use sslmode=require or better.");
  }
  auto read = parse_startup(body);
  if (!read) return fatal(read.error().sqlstate, read.error().message, read.error().hint);
  startup = std::move(*read);
  begin_login();
  if (outcome == LoginStep::Going) negotiate_version(static_cast<uint16_t>(code & 0xffff));
  if (outcome == LoginStep::Going) ask_proof();
}

}  // namespace sallyport::pg
