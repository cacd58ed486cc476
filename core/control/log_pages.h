// What the admin API reads of the log: sessions that are over or under way, newest first, and the records of
// one. Each answer is bounded, and says where the next one goes on. Any thread but the control thread.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "ringlog/files.h"
#include "ringlog/session_name.h"

namespace sallyport {

struct SessionsWanted {
  std::string identity, target;                  // patterns with *; empty: any
  uint64_t since_ns = 0, until_ns = UINT64_MAX;  // with records in between
  std::string before;                            // `next` of the page before
  size_t limit = 0;
};
// {"ok", "sessions": [...], "next"}; refusals where `before` is none.
[[nodiscard]] nlohmann::json past_sessions(ringlog::Files& files, const std::string& directory,
                                           const SessionsWanted& wanted);

struct RecordsWanted {
  ringlog::SessionName session;  // without an instance: the newest that has it
  uint64_t after = 0;            // so many of its records are passed over
  size_t limit = 0;
};
// {"ok", "session", "records": [...], "next"}; 404 where there is no such session.
[[nodiscard]] nlohmann::json session_records(ringlog::Files& files, const std::string& directory,
                                             const RecordsWanted& wanted);

}  // namespace sallyport
