// A PostgreSQL client: logs in, runs a script made by chance, compares what it gets with what the target
// sent.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "plugins/postgresql/login/scram.h"
#include "tests/sim/scene.h"
#include "tests/sim/setup.h"

namespace sallyport::sim {

enum class Role : uint8_t {
  worker,    // runs its script and says good-bye
  lingerer,  // runs its script and stays
  deserter,  // goes away in the middle
  vandal,    // sends noise in the middle
  stranger,  // knows no password
  lost,      // wants a target that is not there
  mute,      // says nothing, or half of a greeting
};
inline constexpr size_t role_count = static_cast<size_t>(Role::mute) + 1;

struct ClientPlan {
  uint32_t number = 0;
  Role role = Role::worker;
  const TargetSetup* target = nullptr;
  bool excepted = false;  // from masks: logs in as pia
  bool cancels = false;   // what takes long
  bool floods = false;    // asks for results of several MiB, and reads them slowly
  uint32_t segment_count = 0;
};

class Client {
 public:
  Client(Scene& scene, const ClientPlan& plan);

  [[nodiscard]] bool over() const { return over_; }
  [[nodiscard]] bool resting() const { return resting_; }  // its script is done and it stays
  [[nodiscard]] const ClientPlan& plan() const { return plan_; }
  [[nodiscard]] const std::string& source() const { return source_; }
  [[nodiscard]] const std::string& received() const { return all_; }
  [[nodiscard]] const SimPeer* peer() const { return peer_; }
  [[nodiscard]] bool masked() const { return plan_.target->masked && !plan_.excepted; }
  [[nodiscard]] std::string where() const;
  [[nodiscard]] std::string state() const;  // what it waits for
  [[nodiscard]] uint64_t compared() const { return compared_; }
  [[nodiscard]] bool left_in_copy() const { return left_in_copy_; }

  // At the end: what came without a ReadyForQuery.
  void finish();
  void leave();

 private:
  enum class At : uint8_t { upgrade, startup, scram_first, scram_final, greeting, serving };
  struct Segment {
    uint32_t number = 0;
    std::vector<Tag> tags;
    bool simple = false;
    bool described = true;  // the client asks for each description itself
    bool refusable = false;
    bool in_block = false;
    std::string bytes;
    // What goes when the target asks for data: CopyData, what ends it, and a Sync if need be.
    std::deque<std::string> copy;
  };

  void connect();
  void take();
  void greet();
  void take_login(std::string_view message);
  void take_reply(std::string_view message);
  void go_on();
  void send(std::string_view bytes);
  void say_goodbye();
  void misbehave();
  void send_cancel();

  // client_script.cc
  void make_script();
  Segment make_simple(Kind kind);
  Segment make_extended();
  [[nodiscard]] Kind any_kind();

  // client_copy.cc
  [[nodiscard]] std::string make_copy_data(Segment& segment);
  void feed_copy(uint32_t number);
  void end_copy();

  // client_check.cc
  void check(const Segment& segment, std::vector<std::string> messages, bool whole);
  void check_refusable(const Segment& segment, const std::vector<std::string>& messages);
  void check_same(const Segment& segment, const std::string& mine, std::string_view sent);
  void check_values(const Segment& segment, const std::vector<std::string>& before,
                    const std::vector<std::string>& after, bool hides_more);

  Scene& scene_;
  ClientPlan plan_;
  std::string source_;
  SimPeer* peer_ = nullptr;
  At at_ = At::upgrade;
  bool over_ = false;
  bool resting_ = false;
  bool said_goodbye_ = false;
  pg::ScramClient scram_{pg::ScramClient::Binding::None, ""};
  std::string key_;  // process id and secret
  std::string input_, all_;
  std::deque<Segment> script_, waiting_;
  size_t outstanding_max_ = 1;
  std::vector<std::string> reply_;  // messages since the last ReadyForQuery
  uint32_t next_segment_ = 0;
  uint64_t compared_ = 0;
  bool left_in_copy_ = false;
};

}  // namespace sallyport::sim
