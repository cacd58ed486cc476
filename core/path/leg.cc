#include "core/path/leg.h"

#include <poll.h>

#include <algorithm>
#include <array>

#include "config/check.h"

namespace sallyport {

namespace {

// Ciphertext made ahead of the socket: enough to fill a send, not more than a slow reader may pin.
constexpr size_t cipher_ahead_max = 64 * limits::KiB;

}  // namespace

void Leg::attach(Ring& ring, ChunkPool& pool, uint32_t session, uint8_t number) {
  ring_ = &ring;
  pool_ = &pool;
  session_ = session;
  number_ = number;
}

uint64_t Leg::token(Operation operation) const {
  return Token{.operation = operation, .leg = number_, .index = session_}.pack();
}

void Leg::adopt(int fd) {
  CHECK(state == State::closed && fd_ < 0);
  fd_ = fd;
  state = State::open;
}

Result<void> Leg::connect(const Address& address) {
  CHECK(state == State::closed && in_flight == 0);
  Result<int> fd = ring_->socket(address.family());
  if (!fd) return std::unexpected(std::move(fd.error()));
  fd_ = *fd;
  state = State::connecting;
  address_ = address;
  ++in_flight;
  ring_->connect(fd_, address, token(Operation::connect));
  return {};
}

void Leg::set_secret(bool secret) {
  input.set_secret(secret);
  if (tls) tls->set_secret(secret);
}

void Leg::start_tls(const TlsContext& context) {
  CHECK(!tls);
  tls = std::make_unique<TlsStream>(context, *pool_);
  tls->set_secret(input.is_secret());
  // The protocol's word that agrees to TLS is still plaintext, perhaps on its way already.
  tls->cipher().append(output);
  TlsStream::Outcome outcome = TlsStream::Outcome::ok;
  if (input.empty()) {
    outcome = tls->start();
  } else {
    // The handshake's first bytes came before anybody knew that they are one.
    Buffer hello = std::exchange(input, Buffer());
    input.set_secret(hello.is_secret());
    outcome = tls->received(hello.bytes(), input);
  }
  tls_outcome(outcome);
}

void Leg::tls_outcome(TlsStream::Outcome outcome) {
  switch (outcome) {
    case TlsStream::Outcome::ok: break;
    case TlsStream::Outcome::closed: peer_end(); break;
    case TlsStream::Outcome::failed: fail_leg(tls->error()); break;
  }
}

void Leg::on_connect(const Completion& completion) {
  --in_flight;
  if (state != State::connecting) return;
  if (completion.result == -EINTR) {
    ++in_flight;
    ring_->connect(fd_, address_, token(Operation::connect));
    return;
  }
  if (completion.result < 0) {
    fail_leg(fail_errno("connect", -completion.result).error().text);
    close_now();
    return;
  }
  state = State::open;
  stage_deadline_ns = -1;
  connected = true;
  new_opened = true;
}

bool Leg::on_time(int64_t now_ns) {
  const auto due = [now_ns](int64_t& deadline) {
    if (deadline < 0 || deadline > now_ns) return false;
    deadline = -1;
    return true;
  };
  const bool stage = due(stage_deadline_ns);
  const bool answer = due(answer_deadline_ns);
  if ((!stage && !answer) || state == State::closed || state == State::ending) return false;
  const char* text = "no answer came in time";
  if (stage) text = state == State::connecting ? "connecting timed out" : "the TLS handshake timed out";
  abort();
  fail_leg(text);
  return true;
}

int64_t Leg::next_deadline() const {
  if (stage_deadline_ns < 0 || answer_deadline_ns < 0) return std::max(stage_deadline_ns, answer_deadline_ns);
  return std::min(stage_deadline_ns, answer_deadline_ns);
}

void Leg::on_receive(const Completion& completion) {
  if (!completion.more) {
    --in_flight;
    receiving_ = cancelling_ = false;
  }
  if (completion.has_block) {
    ChunkRef chunk =
        pool_->adopt(completion.block);  // given back when the last reference goes, whatever follows
    if (completion.result > 0 && state == State::open && !peer_ended) {
      bytes_in += static_cast<uint64_t>(completion.result);
      if (!tls) {
        input.add(*pool_, std::move(chunk), static_cast<size_t>(completion.result));
        new_data = true;
      } else {
        const bool was_ready = tls->ready();
        const size_t before = input.size();
        const auto outcome =
            tls->received(std::span(chunk->data, static_cast<size_t>(completion.result)), input);
        new_tls |= !was_ready && tls->ready();
        if (tls->ready()) stage_deadline_ns = -1;
        new_data |= input.size() > before;
        tls_outcome(outcome);
      }
    }
    return;
  }
  if (completion.result == -ENOBUFS) {
    starved_ = true;
  } else if (completion.result == 0) {
    peer_end();
  } else if (completion.result < 0 && completion.result != -ECANCELED && completion.result != -EINTR) {
    failure = fail_errno("receive", -completion.result).error().text;
    peer_end();
    if (state != State::closed) close_now();
  }
}

void Leg::peer_end() {
  if (peer_ended) return;
  peer_ended = true;
  new_end = true;
}

void Leg::fail_leg(std::string text) {
  failure = std::move(text);
  new_failure = true;
}

void Leg::on_poll(const Completion& completion) {
  --in_flight;
  polling_ = false;
  if (state != State::open) return;
  // While we receive, the end comes in its place in the stream: behind the bytes that were sent before it.
  if (receiving_ && !cancelling_) return;
  if (completion.result > 0 && (completion.result & (POLLRDHUP | POLLHUP | POLLERR))) peer_end();
}

void Leg::on_send(const Completion& completion) {
  --in_flight;
  sending_ = false;
  if (!is_open()) return;
  if (completion.result >= 0) {
    bytes_out += static_cast<uint64_t>(completion.result);
    wire().pop(static_cast<size_t>(completion.result));
    send_waits_ = false;
  }
  if (completion.result == -EAGAIN) {
    // The peer reads slowly: what it has not taken leaves the shared blocks, and the next send waits for it.
    wire().settle(*pool_);
    output.settle(*pool_);
    send_waits_ = true;
  } else if (completion.result < 0 && completion.result != -EINTR) {
    failure = fail_errno("send", -completion.result).error().text;
    peer_end();
    close_now();
    return;
  }
}

void Leg::flush(uint64_t durable) {
  if (!is_open()) return;
  if (tls && tls->ready() && tls->cipher().size() < cipher_ahead_max) {
    tls_outcome(tls->encrypt(output, durable, cipher_ahead_max));
  }
  // What a handshake that is not to be completed would have carried is lost.
  if (state == State::ending && tls && !tls->ready()) output.clear();
  const bool closes = state == State::ending || finishing_;
  if (closes && output.empty() && pending.empty() && tls && tls->ready() && !sending_ &&
      tls->cipher().empty() && !closing_told_) {
    closing_told_ = true;
    tls->close_notify();
  }
  if (sending_) return;
  std::array<iovec, limits::send_iovec_count_max> bytes;
  const size_t count = wire().gather(bytes, tls ? UINT64_MAX : durable);
  if (count > 0) {
    sending_ = true;
    ++in_flight;
    ring_->send(fd_, std::span(bytes).first(count), send_waits_, token(Operation::send));
  } else if (state == State::ending && queued() == 0) {
    close_now();
  } else if (finishing_ && !finished_ && queued() == 0) {
    finished_ = true;
    ring_->shutdown(fd_);
  }
}

void Leg::want_input(bool wanted, bool watch_close) {
  input_wanted_ = wanted && state == State::open && !peer_ended;
  if (input_wanted_) {
    if (receiving_) return;
    receiving_ = true;
    starved_ = false;
    ++in_flight;
    ring_->receive(fd_, token(Operation::receive));
    return;
  }
  if (receiving_ && !cancelling_) {
    cancelling_ = true;
    ring_->cancel(token(Operation::receive), 0);
  }
  if (watch_close && state == State::open && !peer_ended && !polling_) {
    polling_ = true;
    ++in_flight;
    ring_->poll(fd_, POLLRDHUP, token(Operation::poll));
  }
}

void Leg::finish() {
  if (state == State::open) finishing_ = true;
}

void Leg::end() {
  switch (state) {
    case State::closed:
    case State::ending: return;
    case State::connecting: close_now(); return;
    case State::open: break;
  }
  state = State::ending;
  input.clear();
  pending.clear();  // the open unit will not be completed: in its middle the peer would read them as its data
  if (receiving_ && !cancelling_) {
    cancelling_ = true;
    ring_->cancel(token(Operation::receive), 0);
  }
}

void Leg::abort(bool reset) {
  if (state != State::closed) close_now(reset);
  input.clear();
  pending.clear();
  if (!sending_) {
    output.clear();
    tls.reset();
  }
}

void Leg::reset() {
  CHECK(finished());
  Ring* ring = ring_;
  ChunkPool* pool = pool_;
  const uint32_t session = session_;
  const uint8_t number = number_;
  *this = Leg();
  attach(*ring, *pool, session, number);
}

void Leg::close_now(bool reset) {
  CHECK(fd_ >= 0);
  if (reset) {
    ring_->reset(fd_);
  } else {
    ring_->close(fd_);
  }
  fd_ = -1;
  state = State::closed;
}

}  // namespace sallyport
