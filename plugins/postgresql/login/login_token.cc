// The caller's proof where it is a token that names its bearer: a password in cleartext, which TLS protects.
// Source: PostgreSQL manual, "AuthenticationCleartextPassword" and "PasswordMessage".
#include "plugins/postgresql/login/login_state.h"

namespace sallyport::pg {

namespace {

constexpr size_t token_message_size_max = header_size + SP_TOKEN_SIZE_MAX + 1;

}  // namespace

void Login::State::ask_token() {
  by_token = true;
  if (!tls) {
    return fatal("28000", "the gateway takes tokens with TLS only",
                 "Use sslmode=verify-full. Who has a user of the gateway writes its name: user=NAME,TARGET.");
  }
  Writer out;
  out.begin(back::authentication).u32(3).end();
  at = At::Token;
  send(out);
}

size_t Login::State::read_token(Bytes bytes) {
  if (bytes[0] != front::password) {
    fatal("08P01", "expected a password response");
    return 0;
  }
  if (bytes.size() < header_size) return 0;
  Cursor head(bytes.subspan(1));
  if (head.u32() >= token_message_size_max) {  // its length does not count the type
    at = At::Proving;
    token_too_large = true;
    prove();
    return 0;
  }
  MessageReader reader(bytes, token_message_size_max);
  Message message;
  switch (reader.next(message)) {
    case Frame::need_more: return 0;
    case Frame::bad: fatal("08P01", "invalid length of password response"); return 0;
    case Frame::message: break;
  }
  Bytes body = message.body;
  if (body.empty() || body.back() != 0) {
    fatal("08P01", "malformed password response");
    return 0;
  }
  token = as_text(body.first(body.size() - 1));
  at = At::Proving;
  const size_t size = drop(message.whole.size());
  prove();
  return size;
}

}  // namespace sallyport::pg
