// Core: a pinned thread and all it touches: its Ring, receive pool, sessions, Recorder, scratch memory. Cores
// share nothing but immutable snapshots; the control thread is reached through mailboxes only. After start a
// core opens no file, makes no ring and no thread.
//
//   run: wait for completions -> hand each to its listener, mailbox or session -> due timers -> log watchers
#pragma once

#include <openssl/evp.h>

#include <deque>
#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/control/messages.h"
#include "core/guard/masker.h"
#include "core/io/mailbox.h"
#include "core/io/ring.h"
#include "core/path/pipe_pool.h"
#include "core/path/session.h"
#include "core/path/throttle.h"
#include "ringlog/recorder.h"

namespace sallyport {

inline constexpr size_t mailbox_capacity = 1024;
using ControlInbox = Mailbox<ToControl, mailbox_capacity>;
using CoreInbox = Mailbox<ToCore, mailbox_capacity>;

struct CoreOptions {
  uint16_t index = 0;
  std::unique_ptr<Ring> ring;
  ringlog::ByteRing* log = nullptr;    // outlives the Core
  std::function<void()> wake_log;      // bytes wait for what is in `log` to be durable; may be empty
  ControlInbox* to_control = nullptr;  // this core produces
  CoreInbox* from_control = nullptr;   // this core consumes
  SnapshotPointer snapshot;
  Lockdowns lockdowns;                   // that stood when the gateway ended
  std::shared_ptr<const Closed> closed;  // as well
  std::vector<identity::TicketPointer> tickets;
  std::vector<identity::GrantPointer> grants;
  std::vector<int> listeners;               // descriptors made on `ring`, as in snapshot->listeners
  uint64_t random_seed = 0;                 // 0: the system's randomness
  uint32_t pipe_count = 0;                  // for opaque sessions
  uint32_t session_count_max = UINT32_MAX;  // what descriptors allow; the config's `sessions` holds beside it
};

class Core {
 public:
  explicit Core(CoreOptions options);
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  // Serves until drained.
  void run();
  // One round: at most one sleep, never past `deadline_ns` (-1: none). False when there is nothing left to
  // serve.
  bool step(int64_t deadline_ns);

  // ---- For sessions.
  Ring& ring() { return *ring_; }
  ChunkPool& chunks() { return chunks_; }
  PipePool& pipes() { return pipes_; }
  ringlog::Recorder& recorder() { return recorder_; }
  [[nodiscard]] const SnapshotPointer& snapshot() const { return snapshot_; }
  [[nodiscard]] uint16_t index() const { return index_; }
  [[nodiscard]] int64_t now_ns() const { return now_ns_; }
  [[nodiscard]] int64_t wall_ns() const { return ring_->wall_ns(); }
  [[nodiscard]] const EVP_MD* sha256() const { return sha256_; }
  uint64_t next_session_id();
  // False when the control thread does not keep up: the caller tries again or does without.
  bool tell(ToControl&& message) { return to_control_.push(std::move(message)); }
  void schedule(Session& session, int64_t deadline_ns);
  void watch_log(Session& session);
  // A session that had begun to log in has done so, or has ended.
  void login_over() { --login_count_; }
  void wake_log() {
    if (wake_log_) wake_log_();
  }
  void release(Session& session);
  void random(std::span<uint8_t> out);

  bool publish(const std::string& key, SessionRef session);
  void unpublish(const std::string& key) { published_.erase(key); }
  void signal(std::span<const std::byte> key);

  [[nodiscard]] const SecretBytes* derived(uint32_t target, uint32_t login, std::string_view salt,
                                           uint32_t iterations) const;
  void keep_derived(DeriveAnswer&& answer);

  // When this target was seen to leak; null: it is open.
  [[nodiscard]] const std::string* lockdown(std::string_view target) const {
    const auto found = lockdowns_.find(target);
    return found == lockdowns_.end() ? nullptr : &found->second;
  }

  // Null: there is no such ticket, or none any more.
  [[nodiscard]] identity::TicketPointer access_ticket(std::string_view id) const {
    const auto found = access_tickets_.find(id);
    return found == access_tickets_.end() ? nullptr : found->second;
  }
  [[nodiscard]] const identity::HeldGrants& grants() const { return grants_; }
  [[nodiscard]] Throttle& throttle() { return throttle_; }
  // Null: nobody is kept out.
  [[nodiscard]] const Closed* closed() const { return closed_.get(); }

  std::span<const guard::MaskResult> mask(const Snapshot& snapshot, const config::Target& target,
                                          std::span<uint8_t> buffer,
                                          std::span<const guard::MaskField> fields);
  std::string mask_text(const Snapshot& snapshot, const config::Target& target, std::string_view text);
  std::string mask_bytes(const Snapshot& snapshot, const config::Target& target, std::string_view bytes);
  // Of the last mask().
  [[nodiscard]] std::span<const guard::Masker::Found> found() const { return masker_.found(); }
  [[nodiscard]] std::optional<guard::RequestBlock> blocked(const config::Target& target,
                                                           std::span<const std::string> groups,
                                                           std::span<const std::string_view> texts) {
    return snapshot_->policy->blocked(text_masker_, target, groups, texts, snapshot_->token_keys);
  }

  // ---- For metrics and tests.
  [[nodiscard]] size_t session_count() const { return session_count_; }
  [[nodiscard]] bool draining() const { return draining_; }

 private:
  struct Timer {
    int64_t deadline_ns;
    uint32_t index, generation;
    bool operator>(const Timer& other) const { return deadline_ns > other.deadline_ns; }
  };

  void dispatch(const Completion& completion);
  void on_accept(const Token& token, const Completion& completion);
  void read_mailbox();
  void on_message(ToCore&& message);
  void record(const RecordDecision& decision);
  void swap_snapshot(SnapshotPointer snapshot);
  void keep_out(std::shared_ptr<const Closed> closed);
  void lock_down(Lockdowns lockdowns);
  void change_tickets(TicketsChanged&& changed);
  void change_grants(GrantsChanged&& changed);
  void drain();
  void run_timers();
  void run_log_watchers();
  void arm_listener(uint32_t index);
  void signal_local(const std::string& key);
  Session* find(const SessionRef& ref);
  Session* free_session();
  // Callers who have not proven anything may not keep others out: beyond their share the oldest of them goes.
  void make_room_for_login();
  [[nodiscard]] uint32_t session_count_max() const;
  [[nodiscard]] int64_t next_wake(int64_t deadline_ns) const;

  uint16_t index_;
  std::unique_ptr<Ring> ring_;
  ChunkPool chunks_;
  PipePool pipes_;
  ringlog::Recorder recorder_;
  ControlInbox& to_control_;
  CoreInbox& from_control_;
  SnapshotPointer snapshot_;
  Lockdowns lockdowns_;
  std::map<std::string, identity::TicketPointer, std::less<>> access_tickets_;  // by id
  identity::HeldGrants grants_;
  std::shared_ptr<const Closed> closed_;
  Throttle throttle_;
  std::vector<int> listeners_;
  EVP_MD* sha256_ = nullptr;
  uint64_t random_state_ = 0;  // of the simulation's generator; 0: the system's
  uint64_t session_counter_ = 0;
  int64_t now_ns_ = 0;
  int64_t drain_deadline_ns_ = -1;
  size_t session_count_ = 0;
  size_t login_count_ = 0;  // of these, logging in
  uint32_t session_count_max_;
  bool draining_ = false;
  bool stream_flows_ = false;  // a target sends in bulk: waiting a little joins many wakes into one

  std::vector<std::unique_ptr<Session>> sessions_;
  std::vector<uint32_t> free_sessions_;
  std::deque<SessionRef> logins_;    // by age; some have logged in or ended since
  std::vector<uint32_t> freed_now_;  // become free after the batch: their completions are all in
  std::vector<uint32_t> log_watchers_;
  std::function<void()> wake_log_;
  std::vector<uint32_t> listeners_to_arm_;  // after a failed accept, not before listeners_due_ns_
  int64_t listeners_due_ns_ = 0;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  std::unordered_map<std::string, SessionRef> published_;
  std::unordered_map<std::string, SecretBytes> derived_;
  guard::Masker masker_;       // of replies: what it hands out lives until the feed's end
  guard::Masker text_masker_;  // of requests and the record
  std::vector<Completion> completions_;
};

}  // namespace sallyport
