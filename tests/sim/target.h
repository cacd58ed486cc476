// A PostgreSQL server as far as the simulation needs one: logs in, answers statements by their tags, follows
// transactions, error state and portals, is slow, breaks off. It keeps what it saw in the Journal.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "plugins/postgresql/login/scram.h"
#include "tests/sim/scene.h"
#include "tests/sim/setup.h"

namespace sallyport::sim {

// Of the statement that the gateway prepares to learn what a COPY shows.
inline constexpr std::string_view look_up_name = "sallyport_copy";

class Target;

class TargetConnection {
 public:
  TargetConnection(Target& target, SimPeer& peer, uint32_t number);
  void cancel();
  void calm_down();  // one that is silent stays so: the gateway's deadlines must end the wait
  [[nodiscard]] uint32_t number() const { return number_; }
  [[nodiscard]] const SimPeer& peer() const { return peer_; }
  [[nodiscard]] size_t sent() const { return sent_; }
  [[nodiscard]] std::string state() const;

  int64_t over_bound_since_ns = -1;  // World's note: the core holds too much of what this one sent
  [[nodiscard]] const std::optional<uint32_t>& client() const {
    return client_;
  }  // whose statements come here

 private:
  enum class Manner : uint8_t { fair, refuses, closes, silent, babbles };
  enum class At : uint8_t { startup, scram_first, scram_final, serving, over };

  void take();
  void take_startup();
  void take_cancel(std::string_view body);
  void take_password(std::string_view body);
  void greet();
  void handle(uint8_t type, std::string_view body);
  void query(std::string_view text);
  void parse(std::string_view body);
  void bind(std::string_view body);
  void describe(std::string_view body);
  void execute(std::string_view body);
  void close(std::string_view body);
  void tell_state();
  void sync();
  void catalogue(std::string_view text);

  // target_copy.cc
  void look_up(std::string_view text);
  void describe_look_up(std::string_view name);
  void begin_copy_in(const Tag& tag, bool simple);
  void copy_message(uint8_t type, std::string_view body);
  void fail_copy(std::string_view code, std::string_view text);
  std::vector<std::string> copied_out(const Tag& tag);
  void send_aside(const std::string& bytes);  // the client is not to see it

  void run(const Tag& tag, bool simple);
  void finish_run(const Tag& tag, bool simple);
  void fail(std::string_view code, std::string_view text, bool simple);
  void change_status(Kind kind);
  void ready();
  void send(std::string bytes);
  void break_off();
  void enter(const Tag& tag);  // the stretch belongs to this tag's segment

  Target& target_;
  Scene& scene_;
  SimPeer& peer_;
  uint32_t number_;
  Manner manner_ = Manner::fair;
  At at_ = At::startup;
  std::string input_;
  std::optional<pg::ScramServer> scram_;
  bool busy_ = false;       // a slow statement runs
  bool cancelled_ = false;  // and was cancelled
  uint64_t busy_number_ = 0;
  std::function<void(bool)> slow_;  // ends it
  char status_ = 'I';
  bool skipping_ = false;
  std::map<std::string, std::string, std::less<>> statements_, portals_;
  std::optional<Tag> stretch_tag_;
  std::string stretch_;
  std::optional<uint32_t> client_;
  size_t sent_ = 0;
  std::optional<Tag> copy_;  // COPY FROM STDIN that runs
  bool copy_simple_ = false;
  std::string copied_;                      // its data so far
  std::optional<size_t> copy_fails_after_;  // messages
  size_t copy_message_count_ = 0;           // of all
};

class Target {
 public:
  Target(Scene& scene, const TargetSetup& setup);

  [[nodiscard]] Scene& scene() { return scene_; }
  [[nodiscard]] const TargetSetup& setup() const { return setup_; }
  [[nodiscard]] const std::deque<std::unique_ptr<TargetConnection>>& connections() const {
    return connections_;
  }
  void cancel(uint32_t number);
  void calm_down();

 private:
  Scene& scene_;
  const TargetSetup& setup_;
  std::deque<std::unique_ptr<TargetConnection>> connections_;
};

}  // namespace sallyport::sim
