// Facts in, records out: a core's only way to the log. One Recorder per ring, one thread per Recorder; it
// never blocks, takes no lock and makes no system call. A call returns the record's sequence in its ring, or
// nothing: then there is no room (or the log is failing) and the caller sends nothing and tries again after
// the next wake. The record is in memory that outlives the process when the call returns (promise 1,
// `group`); for `sync` wait until durable() >= sequence.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "ringlog/record.h"
#include "ringlog/ring.h"

namespace sallyport::ringlog {

class Recorder {
 public:
  using Sequence = std::optional<uint64_t>;

  // `ring` outlives the Recorder.
  explicit Recorder(ByteRing& ring);
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // The wall clock of the records that follow; the core sets it once a batch of completions. The Recorder
  // reads no clock of its own.
  void set_time(uint64_t now_ns) { now_ns_ = now_ns; }

  Sequence boot(const BootFacts& facts);
  Sequence policy(const PolicyFacts& facts, Bytes text);
  Sequence session_opened(uint64_t session, const SessionOpenedFacts& facts);
  Sequence login(uint64_t session, const LoginFacts& facts);
  Sequence request(uint64_t session, const RequestFacts& facts, Bytes payload);
  Sequence decision(uint64_t session, const DecisionFacts& facts, Bytes payload = {});
  Sequence note(uint64_t session, const NoteFacts& facts, Bytes payload = {});
  Sequence forward(uint64_t session, const ForwardFacts& facts, Bytes payload = {});
  Sequence reply(uint64_t session, const ReplyFacts& facts, Bytes payload);
  Sequence reply_end(uint64_t session, const ReplyEndFacts& facts);
  Sequence session_closed(uint64_t session, const SessionClosedFacts& facts);
  Sequence admin(uint64_t session, const AdminFacts& facts, Bytes payload = {});
  Sequence fault(uint64_t session, const FaultFacts& facts);
  Sequence gap(uint64_t session, const GapFacts& facts);

  // The highest sequence of this ring that an fsync has covered. Pairs with the writer's release store.
  [[nodiscard]] uint64_t durable() const;
  // The log is full or failing: every call returns nothing until it clears by itself.
  [[nodiscard]] bool failing() const;
  // Bytes that would fit now; a session that needs more waits.
  [[nodiscard]] size_t room() const;
  // The sequence of the last record made; 0 before the first.
  [[nodiscard]] uint64_t last() const { return next_sequence_ - 1; }

 private:
  struct Builder;
  struct Template;
  template <typename Build>
  Sequence append(Kind kind, uint64_t session, Bytes payload, Build build);
  Sequence append_header(Kind kind, uint64_t session, Bytes header, Bytes payload);

  ByteRing& ring_;
  std::unique_ptr<Builder> builder_;  // allocated once, reused for each header
  uint64_t now_ns_ = 0;
  uint64_t next_sequence_ = 1;
};

}  // namespace sallyport::ringlog
