// What callers did, request by request: each request joined with its session's login and with what came of
// it. Records come in the log's order, of any number of sessions at once.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/control/record_json.h"
#include "ringlog/facts.h"
#include "ringlog/record.h"

namespace sallyport::cli {

// A session as far as it is known.
struct Visit {
  uint64_t instance = 0, session = 0;
  uint64_t opened_ns = 0;
  std::string protocol, peer, identity, actor, on_behalf_of, target, login, database;
  std::vector<std::string> groups;
  bool accepted = false;
};

struct Hit {
  std::string mask, detector, field;
  uint64_t hits = 0, values = 0;
};

struct Activity {
  uint64_t time_ns = 0;
  uint64_t ticket = 0;
  std::vector<std::string> verbs, objects;
  std::vector<std::pair<std::string, std::string>> fields;  // facts of the request
  ringlog::Verdict verdict = ringlog::Verdict::Deny;
  bool paused = false;  // it has waited for an approval, whatever came of it
  std::string rule, approval, text, policy;
  bool sealed = false;    // the text is an auditor's to read
  bool erased = false;    // the text is gone under retention
  bool answered = false;  // the reply has ended; what follows is known
  uint64_t end_ns = 0, units = 0, masked = 0, withheld = 0;
  std::string status;
  std::vector<Hit> hits;
};

class Activities {
 public:
  // `took` gets each request when all about it is known: refused, answered, or its session over. `wanted` is
  // asked once a session, at its login; of others nothing is built.
  using Took = std::function<void(const Visit&, const Activity&)>;
  using Wanted = std::function<bool(const Visit&)>;
  explicit Activities(Took took, Wanted wanted = {}) : took_(std::move(took)), wanted_(std::move(wanted)) {}

  void take(const ringlog::RecordView& record);
  // No more records come: what is still open is told as it stands.
  void finish();

 private:
  struct Open {
    Visit visit;
    bool wanted = true;
    std::map<uint64_t, Activity> requests;  // by ticket
  };
  void request(Open& open, const ringlog::RecordView& record, const ringlog::fbs::Request& facts);
  void reply_end(Open& open, const ringlog::RecordView& record, const ringlog::fbs::ReplyEnd& facts);
  void flush(Open& open);

  Took took_;
  Wanted wanted_;
  std::map<std::pair<uint64_t, uint64_t>, Open> open_;  // by instance and session
};

}  // namespace sallyport::cli
