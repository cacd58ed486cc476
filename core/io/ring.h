// Ring submits operations and returns completions; it is the engine's only way to the outside: sockets,
// clock, receive buffers. Two implementations stand behind this one header, chosen when building: io_uring
// (ring_linux.cc) and a seeded simulation (ring_simulated.cc, -DSALLYPORT_SIMULATED). No virtual calls.
//
// Thread: a Ring is opened, used and destroyed by one thread (io_uring's single-issuer mode holds us to it).
//
// Tokens: each operation carries a u64 of the caller's and completes with it; 0 is reserved ("no completion
// wanted", only cancel takes it) and is never returned. A token may be reused after its last completion
// (`more` false). Completions of one descriptor's receive stream arrive in stream order; nothing else is
// ordered.
//
// Any operation may end with -EINTR: nothing was done, queue it again. A multishot may end (`more` false)
// after a good completion, too: the kernel does that when its completion queue is full.
//
// Life of a descriptor: close() ends every operation on it. Those still complete, with -ECANCELED or with
// what they had already achieved, so tokens must tell an old connection from a new one (put a generation in
// them), and
// **a completion with `has_block` owes a release() even when its connection is gone**.
//
// Memory: nothing allocates after open(). Source: io_uring_enter(2), io_uring_register(2), kernel 6.1 and up.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "config/error.h"
#include "config/limits.h"
#include "core/io/address.h"
#include "core/io/pipe.h"

namespace sallyport {

class SimNetwork;

struct RingOptions {
  uint32_t entry_count = limits::ring_entry_count;  // submission entries, a power of two
  uint32_t block_count = limits::block_count;       // receive blocks, a power of two <= 32768
  uint32_t block_size = limits::block_size;         // bytes
#ifdef SALLYPORT_SIMULATED
  SimNetwork* network = nullptr;  // required; owned by the test, outlives the Ring
#endif
};

struct Completion {
  uint64_t token;
  int32_t result;  // >= 0: bytes, descriptor or poll mask; < 0: -errno
  bool more;       // the operation is still armed and will complete again
  bool has_block;  // `block` holds `result` bytes and is the caller's until release()
  uint16_t block;
};

struct RingStats {
  uint64_t submits = 0;      // trips into the kernel
  uint64_t operations = 0;   // operations handed over
  uint64_t completions = 0;  // completions returned
  uint64_t enobufs = 0;      // receives that ended because the pool was empty
  uint64_t overflows = 0;    // completions that the kernel had to park because its queue was full
};

class Ring {
 public:
  // Error: says which kernel, sysctl or limit stands in the way and what to do.
  static Result<std::unique_ptr<Ring>> open(const RingOptions& options);
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  // --- Descriptors. Synchronous, meant for start-up and connecting; each is nonblocking and close-on-exec.
  // An unconnected stream socket (AF_INET, AF_INET6, AF_UNIX), TCP_NODELAY set.
  Result<int> socket(int family);
  // A listening socket. Port 0 lets the kernel choose: ask local_address(). A Unix path must not exist.
  Result<int> listen(const Address& address, bool reuse_port, int backlog);
  Result<Address> local_address(int fd);
  Result<Address> peer_address(int fd);
  // TCP_NODELAY on a just accepted socket. No error: a Unix socket or a dead peer may refuse it, harmlessly.
  void prepare_accepted(int fd);

  // --- Operations. Asynchronous: queued here, handed over by the next wait().
  // Multishot. result: a new nonblocking, close-on-exec descriptor, or -errno. When `more` is false: call
  // again.
  void accept(int listener_fd, uint64_t token);
  // Multishot. result > 0 with a block: bytes. 0: end of stream. -ENOBUFS: the pool was empty, call again
  // once blocks were released. Else -errno. When `more` is false the receive has ended, whatever the result
  // was.
  void receive(int fd, uint64_t token);
  // result: bytes taken, which may be fewer than offered, or -errno (-EPIPE, -ECONNRESET ...; no SIGPIPE).
  // wait = false: -EAGAIN or a short count at once while the socket is full; wait = true: completes when at
  // least one byte went. The iovecs are copied (at most limits::send_iovec_count_max); their bytes must stay
  // until the completion.
  void send(int fd, std::span<const iovec> bytes, bool wait, uint64_t token);
  // result: 0 or -errno. The address is copied.
  void connect(int fd, const Address& address, uint64_t token);
  // One shot. mask: POLLIN, POLLRDHUP ...; result: the events that came true (POLLERR and POLLHUP may join).
  void poll(int fd, uint32_t mask, uint64_t token);
  // Ends the operation of that token, which then completes with -ECANCELED unless it was faster. This
  // operation's own result: 0 found, -ENOENT nothing there (any more), -EALREADY under way. token 0: no
  // completion for it.
  void cancel(uint64_t target_token, uint64_t token);
  // Sends FIN after the bytes that sends have taken. Reading goes on. No completion. Wait for a send in
  // flight first: what it has not taken yet is lost (it ends with -EPIPE).
  void shutdown(int fd);
  // Ends all operations on the descriptor (see above) and closes it, in the order of queueing. The caller
  // must not use the number again; it may be handed out anew by a later accept. No completion.
  void close(int fd);
  // The same, but the peer sees a reset and loses what it has not got: a stream that was cut must not look
  // whole.
  void reset(int fd);

  // Hands over what is queued and fills `out` with completions, in one system call where possible. Returns
  // their count; 0 only when the deadline has passed. A signal does not end it.
  //   deadline_ns: absolute on now_ns()'s clock; -1: none; in the past: look, do not sleep.
  //   min_wait_us: up to 300, wait that long for more completions while a result stream flows (fewer
  //   wake-ups);
  //                0: return with the first. Ignored by kernels before 6.12.
  size_t wait(std::span<Completion> out, int64_t deadline_ns, uint32_t min_wait_us = 0);

  // --- Pipes. Bytes that nobody looks at go from socket to socket through one, uncopied. Synchronous, never
  // waiting: poll() says when to try (again). The ring's own splice operation goes to a worker thread every
  // time. No receive or send may be under way on the socket in that direction. Opened at start, kept in a
  // pool: a core opens no descriptor of its own while it serves.
  Result<Pipe> open_pipe(size_t size);
  void close_pipe(const Pipe& pipe);
  // From a socket into a pipe that is empty (a full one could not be told from a silent socket). > 0: bytes;
  // 0: end of stream; -EAGAIN: nothing has come; else -errno, and the stream is over. `size` > 0.
  ptrdiff_t splice_in(int fd, const Pipe& pipe, size_t size);
  // Up to `size` bytes, which the pipe holds, into a socket. > 0: bytes taken; -EAGAIN: the socket is full;
  // else -errno (-EPIPE, -ECONNRESET ...; SIGPIPE comes too, so the process ignores it).
  ptrdiff_t splice_out(const Pipe& pipe, int fd, size_t size);
  // What the pipe holds is lost.
  void empty_pipe(const Pipe& pipe);

  // --- Receive blocks.
  // The whole block (block_size bytes); a completion's bytes are its first `result`. Writable: masks edit in
  // place.
  [[nodiscard]] std::span<std::byte> block(uint16_t id);
  void release(uint16_t id);

  // --- Clock. Nanoseconds.
  [[nodiscard]] int64_t now_ns() const;   // monotonic; in the simulation virtual
  [[nodiscard]] int64_t wall_ns() const;  // since 1970; for records, never for deadlines

  // --- For leak checks and metrics.
  [[nodiscard]] uint32_t blocks_out() const;            // blocks in callers' hands
  [[nodiscard]] uint32_t operations_in_flight() const;  // queued or armed, last completion not yet returned
  [[nodiscard]] RingStats stats() const;
  [[nodiscard]] bool min_wait_supported() const;

 private:
  struct State;
  explicit Ring(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sallyport
