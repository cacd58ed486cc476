#include "plugins/postgresql/login/target_login.h"
#include "plugins/postgresql/messages.h"

namespace sallyport::pg {

void TargetCancel::start(uint32_t tls, const BackendKey& key) {
  tls_ = tls;
  key_ = key;
  at_ = At::Connecting;
  if (link_.host->connect(link_.session, leg_) < 0) {
    at_ = At::Idle;
  } else {
    (void)link_.host->answer_within(link_.session, leg_, cancel_answer_ms);
  }
}

bool TargetCancel::feed(const sp_input& input) {
  if (input.leg != leg_ || at_ == At::Idle) return false;
  if ((input.events & SP_EVENT_FAILED) != 0) {
    at_ = At::Idle;
    return true;
  }
  // The server closes once it has signalled its process: what is sent to the session from now on comes later.
  if ((input.events & SP_EVENT_END) != 0) return over();
  if ((input.events & SP_EVENT_OPENED) != 0 && at_ == At::Connecting) {
    if (tls_ == SP_TARGET_TLS_OFF) return send();
    Writer out;
    out.begin_startup(code_ssl).end();
    if (link_.host->emit(link_.session, leg_, out.view().data(), out.view().size()) < 0) return over();
    at_ = At::AwaitTlsAnswer;
  }
  if ((input.events & SP_EVENT_TLS) != 0 && at_ == At::Handshaking) return send();
  if (at_ == At::Sent && input.data_size > 0) return over();
  if (input.data_size == 0) return false;
  // One byte may come, and only as the answer to SSLRequest. A cancel has no other reply.
  if (at_ != At::AwaitTlsAnswer || input.data_size != 1 || input.data[0] != 'S') return over();
  if (link_.host->drop(link_.session, leg_, 1) < 0) return over();
  at_ = At::Handshaking;
  return link_.host->tls(link_.session, leg_, 0) < 0 ? over() : false;
}

bool TargetCancel::send() {
  Writer out;
  out.begin_startup(code_cancel).u32(key_.process_id).bytes(as_bytes(key_.secret)).end();
  if (link_.host->emit(link_.session, leg_, out.view().data(), out.view().size()) < 0) return over();
  at_ = At::Sent;
  return false;
}

bool TargetCancel::over() {
  at_ = At::Idle;
  (void)link_.host->finish(link_.session, leg_, text_of("cancel over"));
  return true;
}

}  // namespace sallyport::pg
