// The session index: one line a session, derived from the records and rebuilt from them at any time. Readers'
// thread.
#pragma once

#include <string>
#include <vector>

#include "ringlog/reader.h"

namespace sallyport::ringlog {

struct SessionSummary {
  uint64_t instance = 0;
  uint64_t session = 0;
  uint64_t opened_ns = 0;  // of its first record
  uint64_t last_ns = 0;    // of its last record
  bool closed = false;
  std::string protocol, peer, identity, target, login, database;
  std::string reason;  // why it was closed
  uint64_t requests = 0, denied = 0, waited = 0;
  uint64_t replies_bytes = 0, masked = 0, withheld = 0;
  uint64_t bytes_in = 0, bytes_out = 0;  // from and to the client; known when it is closed
};

// What one more record of the session says. `opened_ns` and who it is are the caller's.
void add_record(SessionSummary& summary, const RecordView& record);

// In order of their first records. Session 0, the cores' own records, is no session.
[[nodiscard]] Result<std::vector<SessionSummary>> list_sessions(Files& files, const std::string& directory,
                                                                Reader::Filter filter = {});

}  // namespace sallyport::ringlog
