// A scripted, deterministic sp_host for tests and for the conformance kit: one session with its legs in
// memory. The test says what happens (bytes, answers, time), the plugin runs, the test looks at what came
// out. Nothing here reads a clock, a file or a socket; randomness is seeded. Misuse of the contract
// (plugins/plugin.md) does not crash: it is a line in `violations()`, the call returns SP_ERROR_*, and the
// session ends.
//
//   KitHost host(sallyport_plugin, {.answers = {{.verb = "DROP", .verdict = SP_WAIT}}});
//   host.receive(0, "tester password\n");
//   host.opened(1);
//   host.receive(0, "DROP a\n");
//   host.decide(0, SP_ALLOW);
//   EXPECT_EQ(host.take(1), "DROP a\n");
//   EXPECT_EQ(host.violations(), std::vector<std::string>{});
//
// One thread. `plugin` must outlive it.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/path/kit_leg.h"
#include "core/path/kit_script.h"
#include "plugins/plugin.h"

namespace sallyport {

// What the plugin told the host, apart from bytes; one list each, because only the order inside a list must
// not depend on how the input was split.
enum class KitTrace {
  kAsk,      // each new ticket, each later change of its answer, each cancel
  kNote,     // note and reply_end
  kName,     // name
  kControl,  // login, prove, connect, tls, finish, publish, signal
};
inline constexpr size_t kKitTraceCount = 4;
[[nodiscard]] const char* kit_trace_name(KitTrace trace);

struct KitField {
  std::string label;
  std::string path;
  sp_kind kind = SP_KIND_TEXT;
};

class KitHost {
 public:
  KitHost(const sp_plugin& plugin, KitScript script);
  ~KitHost();
  KitHost(const KitHost&) = delete;
  KitHost& operator=(const KitHost&) = delete;

  KitScript script;

  // ---- What happens. Each returns when the plugin has come to rest. False: it cannot happen now (the leg is
  // not open, no connect is under way, ...), `problem()` says why.
  bool receive(uint32_t leg, std::string_view bytes);
  bool opened(uint32_t leg);
  bool failed(uint32_t leg, std::string_view reason);
  bool tls_done(uint32_t leg);
  bool end(uint32_t leg);
  // Decides a waiting ticket (0: the oldest) and delivers SP_EVENT_ANSWER. `message` empty: a default.
  bool decide(uint64_t ticket, sp_verdict verdict, sp_state state, std::string_view message = {});
  // Lets `prove` and `credential` answer that were told to WAIT (they turn to ALLOW), delivers
  // SP_EVENT_ANSWER.
  bool ready(sp_verdict prove = SP_ALLOW);
  bool advance(uint32_t ms);  // virtual time; delivers SP_EVENT_TIMER when due
  bool signalled();
  bool shutdown(std::string_view reason);
  // Every field id becomes void; delivers SP_EVENT_POLICY as soon as the plugin is not SP_BUSY.
  bool policy_swapped();

  // ---- What came of it.
  [[nodiscard]] std::string take(uint32_t leg);  // output of this leg since the last take
  [[nodiscard]] const std::string& output(uint32_t leg) const { return leg_[leg].output; }
  [[nodiscard]] const KitLeg& leg(uint32_t leg) const { return leg_[leg]; }
  [[nodiscard]] const std::vector<std::string>& trace(KitTrace trace) const {
    return trace_[static_cast<size_t>(trace)];
  }
  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }
  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] bool ended() const { return !ended_.empty(); }
  [[nodiscard]] const std::string& ended_why() const {
    return ended_;
  }  // "finish: ...", "fault", "refused: ..."
  [[nodiscard]] sp_activity activity() const { return activity_; }
  [[nodiscard]] uint32_t timer_ms() const { return timer_ms_; }  // left until the timer; 0: none
  [[nodiscard]] std::vector<uint64_t> waiting() const;           // undecided tickets, oldest first
  [[nodiscard]] const std::vector<std::string>& published() const { return published_; }
  [[nodiscard]] uint64_t feed_count() const { return feed_count_; }

 private:
  friend struct KitCalls;  // the sp_host functions

  struct Ticket {
    uint64_t number = 0;
    sp_verdict verdict = SP_WAIT;
    sp_state state = SP_STATE_PENDING;
    KitAnswer answer;
    std::string text;  // the trace line
  };

  bool happen(uint32_t leg, uint32_t events, std::string_view reason = {});
  void feed(uint32_t leg, uint32_t events, std::string_view reason);
  void settle();
  void retire(uint8_t* data, size_t size);
  bool decide_waiting(sp_verdict verdict, sp_state state);
  bool cannot(std::string why);

  int violate(std::string text, int code = SP_ERROR_STATE);
  void add(KitTrace trace, std::string text);
  void dispose(uint32_t from, KitCredit credit);
  void run_credits(uint32_t from);
  void end_session(std::string why);
  void reset_fields();
  sp_text lend(std::string text);

  const sp_plugin& plugin_;
  void* state_ = nullptr;
  std::array<KitLeg, SP_LEG_COUNT_MAX> leg_;
  std::array<std::vector<std::string>, kKitTraceCount> trace_;
  std::vector<std::string> violations_;
  std::string problem_;
  std::string ended_;

  // The feed that runs now. `data_` is a heap block of exactly the data's size, so that sanitizers see reads
  // beyond it.
  bool inside_ = false;
  uint32_t fed_leg_ = 0;
  uint8_t* data_ = nullptr;
  size_t data_size_ = 0;
  size_t data_consumed_ = 0;
  std::deque<std::unique_ptr<uint8_t[]>> retired_;  // the last blocks lent, overwritten
  size_t data_edited_ = 0;                          // end of the last byte that a mask changed
  std::deque<std::string> lent_;
  std::vector<sp_text> permissions_;
  std::vector<sp_pair> options_;

  uint64_t progress_ = 0;
  uint64_t feed_count_ = 0;
  uint64_t random_state_ = 0;
  std::vector<Ticket> tickets_;
  uint64_t licences_ = 0;  // ALLOWs and notes that no pass has used yet
  bool shutdown_wanted_ = false;
  std::string shutdown_reason_;
  bool request_open_ = false;  // the last request passed goes on
  bool logged_in_ = false;     // `login` was called
  bool proven_ = false;
  std::string login_user_;
  std::string login_database_;
  std::vector<KitField> fields_;  // of ids from fields_base_ + 1 on
  uint32_t fields_base_ = 0;      // ids up to here are void
  bool policy_wanted_ = false;
  sp_activity activity_ = SP_IDLE;
  uint32_t timer_ms_ = 0;
  std::vector<std::string> published_;
};

}  // namespace sallyport
