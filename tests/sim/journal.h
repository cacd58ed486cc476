// What is known of one seed's run, from three sides: what targets saw and answered, what the record says
// (read from the log's ring the moment it matters, and from the log itself at the end), and what is wrong.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "ringlog/record.h"
#include "ringlog/ring.h"
#include "tests/sim/statement.h"

namespace sallyport::sim {

// A piece of what the record says that a client was sent.
struct RecordedReply {
  uint64_t offset = 0;
  std::string bytes;
};

struct RecordedSession {
  std::string peer, identity, target;
  bool accepted = false;
  uint64_t opened = 0, closed = 0, faults = 0, requests = 0;
  std::string fault;  // the last one's reason and detail
  std::vector<RecordedReply> replies;
  std::map<std::string, uint64_t> notes;  // by name
  std::vector<uint64_t> copy_messages;    // sequences of those of the client's
};

// What the record says of the statements with one tag.
struct RecordedTag {
  uint64_t prepared = 0, allowed = 0, denied = 0, held = 0;
  uint64_t approved = 0;       // of `allowed`
  uint64_t last_sequence = 0;  // of the newest record that lets it go
};

// What a target sent between two ReadyForQuery.
struct Stretch {
  std::string bytes;
  bool whole = false;
};

class Journal {
 public:
  void fail(const std::string& text);
  [[nodiscard]] const std::vector<std::string>& failures() const { return failures_; }

  // Reads what the ring holds since the last call; before the log's writer may release it.
  void read(const ringlog::ByteRing& ring);
  void take(const ringlog::RecordView& record);

  // A target has received a statement (Query or Parse), or runs one.
  void seen(const Tag& tag, std::string_view text, const ringlog::ByteRing& ring, bool durable);
  void ran(const Tag& tag, const ringlog::ByteRing& ring, bool durable);

  // The target of a client has received so many messages of COPY FROM STDIN.
  void copied(uint32_t client, size_t count, const ringlog::ByteRing& ring, bool durable);

  // At the end: the log holds exactly what the ring held.
  void compare(const Journal& log);

  std::map<Tag, std::string> said;                             // by clients
  std::map<Tag, uint64_t> executed;                            // by targets
  std::map<std::pair<uint32_t, uint32_t>, Stretch> stretches;  // by client and segment
  bool babbled = false;                                        // a target said what no server says
  uint64_t copied_in = 0, copies_failed = 0;  // COPY FROM STDIN that came to its end, and not
  std::map<uint8_t, uint64_t> messages;       // that targets saw after login, by type

  std::map<uint64_t, RecordedSession> sessions;
  std::map<Tag, RecordedTag> tags;
  std::map<std::string, uint64_t> approvals_used;  // approval ids on records that allow
  std::map<std::string, uint64_t> notes;           // of all sessions
  uint64_t record_count = 0;
  uint64_t record_hash = 0;

 private:
  void take_request(const ringlog::RecordView& record);
  void check_planted(const ringlog::RecordView& record);

  std::vector<std::string> failures_;
  uint64_t position_ = 0;
  uint64_t last_sequence_ = 0;
};

}  // namespace sallyport::sim
