// Leg: one side of a session: a socket, optional TLS, what has come in (Buffer) and what goes out
// (SendQueue). It moves bytes and knows no protocol and no policy; the Session tells it what to send. One
// thread.
//
// States: closed -> (connecting ->) open -> ending -> closed. `ending` sends what is queued, then closes.
#pragma once

#include <memory>
#include <string>

#include "core/io/ring.h"
#include "core/path/buffer.h"
#include "core/path/send_queue.h"
#include "core/path/tls.h"

namespace sallyport {

// What a completion belongs to; packed into the Ring's token.
enum class Operation : uint8_t { none, accept, receive, send, connect, poll, mailbox, readable, writable };

struct Token {
  Operation operation = Operation::none;
  uint8_t leg = 0;
  uint32_t index = 0;  // of the session (or listener) in the core

  [[nodiscard]] uint64_t pack() const {
    return (static_cast<uint64_t>(operation) << 56) | (static_cast<uint64_t>(leg) << 48) | index;
  }
  static Token unpack(uint64_t token) {
    return {.operation = static_cast<Operation>(token >> 56),
            .leg = static_cast<uint8_t>(token >> 48),
            .index = static_cast<uint32_t>(token)};
  }
};

class Leg {
 public:
  enum class State : uint8_t { closed, connecting, open, ending };

  void attach(Ring& ring, ChunkPool& pool, uint32_t session, uint8_t number);

  // A socket that is connected already (the client's).
  void adopt(int fd);
  Result<void> connect(const Address& address);
  void start_tls(const TlsContext& context);
  // While it is so, nothing that came in stays in memory once it is read: a caller's proof may be in it.
  void set_secret(bool secret);
  // Fails the leg when one of its deadlines has come. True: it did.
  bool on_time(int64_t now_ns);
  // Of both deadlines the sooner; -1: none.
  [[nodiscard]] int64_t next_deadline() const;

  // Completions. They say what is new for the session in the flags below.
  void on_connect(const Completion& completion);
  void on_receive(const Completion& completion);
  void on_send(const Completion& completion);
  void on_poll(const Completion& completion);
  void on_readable();
  void on_writable();

  // Sends what may be sent: at most one send is in flight.
  void flush(uint64_t durable);
  // Receives, or stops receiving. With `watch_close` the peer's close is noticed even so, and what it sent
  // before is lost: for a caller whose request waits, not for backpressure.
  void want_input(bool wanted, bool watch_close);
  // The end of output, behind what is queued: close_notify where there is TLS, then FIN. Input goes on.
  void finish();
  // No more input counts; closes when all queued output is sent.
  void end();
  // A finished leg becomes as new.
  void reset();
  // Closes at once; what is in flight completes later (`in_flight`). With `reset` the peer sees that the
  // stream was cut.
  void abort(bool reset = false);

  // For a leg whose bytes are spliced (leg_splice.cc), which never receives or sends. Wakes the session by
  // `readable` and `writable` where they are wanted and not so now.
  void watch(bool to_read, bool to_write);
  // As Ring's.
  ptrdiff_t splice_in(const Pipe& pipe);
  ptrdiff_t splice_out(const Pipe& pipe, size_t held);

  [[nodiscard]] Result<Address> peer() const { return ring_->peer_address(fd_); }
  [[nodiscard]] bool is_open() const { return state == State::open || state == State::ending; }
  [[nodiscard]] bool finished() const { return state == State::closed && in_flight == 0; }
  [[nodiscard]] size_t queued() const {
    return output.size() + pending.size() + (tls ? tls->cipher().size() : 0);
  }

  State state = State::closed;
  Buffer input;       // plaintext, neither passed nor dropped
  SendQueue output;   // plaintext
  SendQueue pending;  // emits that wait for the unit boundary of `output`
  std::unique_ptr<TlsStream> tls;

  // Credit of the plugin on this leg's input.
  uint64_t pass_credit = 0;
  uint64_t drop_credit = 0;
  uint32_t pass_to = 0;
  bool pass_leaves_open = false;  // the unit goes on behind the credit
  bool unit_open = false;         // `output` ends within a unit

  // News for the session, cleared by it.
  bool new_data = false;
  bool new_opened = false;
  bool new_tls = false;
  bool new_end = false;
  bool new_failure = false;
  std::string failure;  // for people; set with new_failure

  // -1: none. The stage is connecting or a TLS handshake, and is cleared when it is over; the answer is what
  // the plugin waits for, and is the plugin's to clear.
  int64_t stage_deadline_ns = -1;
  int64_t answer_deadline_ns = -1;
  bool connected = false;  // another address must not be tried any more

  // Of a spliced leg: worth trying.
  bool readable = true;
  bool writable = true;

  bool paused = false;  // its bytes wait for something else than more of them
  uint64_t fed_at = 0;  // the session's progress when the plugin last saw what is held here

  bool peer_ended = false;
  uint64_t bytes_in = 0, bytes_out = 0;
  uint32_t in_flight = 0;  // operations whose last completion has not come

 private:
  void received(uint16_t block, size_t size);
  void peer_end();
  void fail_leg(std::string text);
  void tls_outcome(TlsStream::Outcome outcome);
  SendQueue& wire() { return tls ? tls->cipher() : output; }
  [[nodiscard]] uint64_t token(Operation operation) const;
  void close_now(bool reset = false);

  Ring* ring_ = nullptr;
  ChunkPool* pool_ = nullptr;
  uint32_t session_ = 0;
  uint8_t number_ = 0;
  int fd_ = -1;
  Address address_;  // of the connect under way
  bool input_wanted_ = false;
  bool receiving_ = false;
  bool cancelling_ = false;
  bool starved_ = false;  // the pool was empty; receive is armed again at the next want_input
  bool polling_ = false;
  bool sending_ = false;
  bool send_waits_ = false;    // the socket is full: send with wait
  bool closing_told_ = false;  // close_notify has been written
  bool finishing_ = false;     // output ends behind what is queued
  bool finished_ = false;      // FIN is sent
  bool watching_read_ = false, watching_write_ = false;
};

}  // namespace sallyport
