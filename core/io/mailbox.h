// Mailbox carries small move-only messages from one thread to another: core to control thread and back.
// Bounded, lock-free, one producer, one consumer. A full mailbox refuses: the producer must have a plan for
// that.
//
// The consumer is woken by an eventfd, and only while it says that it sleeps, so that a busy pair makes no
// system call. The consumer's loop:
//
//   ring.poll(mailbox.fd(), POLLIN, token);                       // once, and again after each completion of
//   it for (;;) {
//     while (auto message = mailbox.pop()) handle(*message);
//     int64_t deadline = mailbox.prepare_sleep() ? next_timer : 0;  // false: something came in between
//     ring.wait(completions, deadline);
//     mailbox.end_sleep();
//     ... on the poll's completion: mailbox.acknowledge(), then poll again
//   }
//
// Invariant: head <= tail <= head + capacity (counters that never wrap in practice: 64 bits).
#pragma once

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "config/check.h"
#include "config/error.h"

namespace sallyport {

template <typename Message, size_t capacity>
class Mailbox {
  static_assert(std::has_single_bit(capacity), "indices are masked");
  static_assert(std::is_nothrow_move_constructible_v<Message> && std::is_nothrow_destructible_v<Message>);

 public:
  // Error: no eventfd left. Any thread, before the two sides start.
  static Result<std::unique_ptr<Mailbox>> open() {
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0) return fail_errno("make a mailbox's eventfd", errno);
    return std::unique_ptr<Mailbox>(new Mailbox(fd));
  }

  ~Mailbox() {
    while (pop()) {
    }
    close(fd_);
  }
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // --- Producer.

  // False, and `message` untouched, when the mailbox is full.
  [[nodiscard]] bool push(Message&& message) {
    uint64_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_seen_ == capacity) {
      head_seen_ = head_.load(std::memory_order_acquire);  // pairs with pop()'s release: the slot is empty
      if (tail - head_seen_ == capacity) return false;
    }
    new (at(tail)) Message(std::move(message));
    // Sequentially consistent, as is the store to sleeping_ in prepare_sleep(): either we see the sleeper, or
    // it sees the message.
    tail_.store(tail + 1, std::memory_order_seq_cst);
    if (sleeping_.load(std::memory_order_seq_cst) && sleeping_.exchange(false, std::memory_order_seq_cst))
      wake();
    return true;
  }

  // --- Consumer.

  [[nodiscard]] std::optional<Message> pop() {
    uint64_t head = head_.load(std::memory_order_relaxed);
    if (head == tail_seen_) {
      tail_seen_ = tail_.load(std::memory_order_acquire);  // pairs with push(): the message is whole
      if (head == tail_seen_) return std::nullopt;
    }
    Message* slot = at(head);
    std::optional<Message> message(std::move(*slot));
    slot->~Message();
    head_.store(head + 1, std::memory_order_release);
    return message;
  }

  // Asks producers to wake us through fd(). False: a message is there already, do not sleep.
  [[nodiscard]] bool prepare_sleep() {
    sleeping_.store(true, std::memory_order_seq_cst);
    if (tail_.load(std::memory_order_seq_cst) == head_.load(std::memory_order_relaxed)) return true;
    end_sleep();
    return false;
  }

  void end_sleep() { sleeping_.store(false, std::memory_order_relaxed); }

  // Readable when a producer woke us. Stays so until acknowledge().
  [[nodiscard]] int fd() const { return fd_; }
  void acknowledge() {
    uint64_t count;
    [[maybe_unused]] ssize_t ignored = read(fd_, &count, sizeof count);  // -EAGAIN: somebody else's wake-up
  }

 private:
  explicit Mailbox(int fd) : fd_(fd) {}

  Message* at(uint64_t index) {
    return std::launder(
        reinterpret_cast<Message*>(slots_.data() + (index & (capacity - 1)) * sizeof(Message)));
  }

  void wake() {
    uint64_t one = 1;
    ssize_t size = write(fd_, &one, sizeof one);
    CHECK(size == sizeof one ||
          errno == EAGAIN);  // EAGAIN: the counter is full, so the consumer has its wake-up
  }

  // Each side's line: its own counter and its last look at the other's.
  alignas(64) std::atomic<uint64_t> tail_ = 0;
  uint64_t head_seen_ = 0;  // producer's
  alignas(64) std::atomic<uint64_t> head_ = 0;
  uint64_t tail_seen_ = 0;  // consumer's
  alignas(64) std::atomic<bool> sleeping_ = false;
  int fd_;
  alignas(64) alignas(Message) std::array<std::byte, capacity * sizeof(Message)> slots_;
};

}  // namespace sallyport
