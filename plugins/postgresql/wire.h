// What both directions of a serving session share: the host, the ledger between requests and replies, and
// the server's state as the replies have told it. Session's thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/postgresql/context.h"
#include "plugins/postgresql/host.h"
#include "plugins/postgresql/judge.h"
#include "plugins/postgresql/ledger.h"
#include "plugins/postgresql/permissions.h"
#include "plugins/postgresql/replication.h"
#include "plugins/postgresql/rows/rows.h"

namespace sallyport::pg {

// What the server does with the client's copy data.
enum class CopyIn : uint8_t {
  None,     // it ignores them without a word
  Begun,    // it has asked for them; none was passed yet
  Flowing,  // some were
};
// Syncs before the first copy data that are remembered; more are taken for this many.
inline constexpr size_t early_sync_count_max = 64;

// Of the state that the held request will run in (state_lookup.h).
enum class StateRead : uint8_t { None, Asked, Known, Failed };

struct Wire {
  Wire(Link link, Catalogue& catalogue_) : host(link), rows(link, catalogue_), catalogue(catalogue_) {}

  Host host;
  Rows rows;
  Catalogue& catalogue;
  Ledger ledger;
  Context context;
  Judge judge;
  CacheKey cache_key{};  // of the thread's caches
  Permissions permissions;
  Replication replication = Replication::None;

  uint8_t status = 'I';      // of the last ReadyForQuery
  uint64_t transaction = 0;  // how many blocks have begun; the open one's number while status is not 'I'
  bool unsynced = false;     // extended messages went out since the last Sync or Query
  // What is under way may have changed how the server reads texts. It says so before ReadyForQuery alone.
  bool segment_doubtful = false;  // since the last Sync or Query
  size_t doubtful_count = 0;      // unanswered Syncs and Queries that end such a segment
  uint64_t meaning = 0;           // grows with all that is sent that may change what names stand for
  bool names_doubtful = false;    // names may stand for something else than they were seen to be given to
  bool schema_doubtful = false;   // the open transaction may have changed what names mean
  bool skipping = false;          // the server skips all until a Sync that the client has not sent yet
  bool client_waits = false;      // a client message waits for replies: feed leg 0 again when some have come
  bool target_said_fatal = false;
  StateRead state_read = StateRead::None;
  std::string state;           // the answer, if Known
  uint32_t state_look_up = 0;  // number of the last one
  CopyIn copy_in = CopyIn::None;
  // Syncs that the server ignores, unless it fails the COPY before it reads the first data: then it answers
  // them. With copy_in None: those that are still to be sent for that reason.
  size_t early_sync_count = 0;
  bool ended = false;  // the client's leg is finished
  sp_activity activity = SP_IDLE;

  void set_activity(sp_activity now) {
    if (now == activity) return;
    activity = now;
    host.activity(now);
  }
  // Whether an answer to the look-up of this number is what is waited for; an abandoned one's is not.
  [[nodiscard]] bool awaits_state(uint32_t number) const {
    return state_read == StateRead::Asked && number == state_look_up;
  }
  // In copy-both: a message came, and the session may be ended behind it.
  void still_idle() {
    if (activity == SP_IDLE) host.activity(SP_IDLE);
  }
  // What ReadyForQuery means for the host, or a refusal of the gateway's own in its place.
  void settle_activity() {
    if (ledger.empty() && !unsynced) set_activity(status == 'I' ? SP_IDLE : SP_IDLE_IN_TRANSACTION);
  }

  // Ends the session in the protocol's words. `reason`: for the record.
  void end(std::string_view sqlstate, std::string_view message, std::string_view reason);
  // Only the words; the session ends by what follows.
  void say_fatal(std::string_view sqlstate, std::string_view message);
  // The same without a word: the peer has gone or was told already.
  void finish(std::string_view reason);
};

}  // namespace sallyport::pg
