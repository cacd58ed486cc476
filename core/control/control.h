// Control: the one thread that may block a little. It keeps approvals and the list of live sessions, answers
// the admin socket, has keys derived and names resolved by workers, and swaps snapshots. Cores reach it
// through mailboxes only; it is never on the data path.
#pragma once

#include <atomic>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "core/control/admin.h"
#include "core/control/approvals.h"
#include "core/control/canary.h"
#include "core/control/workers.h"
#include "core/control/world.h"
#include "core/core.h"
#include "core/identity/issuers.h"

namespace sallyport {

struct ControlOptions {
  std::filesystem::path config_file;
  Plugins* plugins = nullptr;
  SnapshotPointer snapshot;
  std::vector<ControlInbox*> from_cores;
  std::vector<CoreInbox*> to_cores;
  std::function<nlohmann::json()> log_status;   // the writer's state, for `status`
  std::function<void(const std::string&)> say;  // a line for the operator
  CanaryOptions canary;
  Lockdowns lockdowns;  // as the cores have them
};

class Control {
 public:
  static Result<std::unique_ptr<Control>> open(ControlOptions options);
  ~Control();
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  // Serves until every core has drained.
  void run();
  // From a signal handler or another thread: 'r' reload, 'd' drain.
  void poke(char what);

 private:
  explicit Control(ControlOptions options);
  using Reply = AdminSocket::Reply;

  // control.cc
  void read_cores();
  void on_message(uint16_t core, ToControl&& message);
  void send(uint16_t core, ToCore&& message);
  void flush_outboxes();
  void apply(Approvals::Effects&& effects);
  void derive(DeriveWanted&& wanted);
  void on_poke();
  void drain();
  void reload(const std::string& who, Reply reply);
  void publish(SnapshotPointer snapshot, const std::string& reason, const std::string& who);
  void resolve_again();

  // control_admin.cc
  void on_admin(const AdminPeer& peer, const nlohmann::json& request, Reply reply);
  void act(const std::string& who, bool is_operator, const nlohmann::json& request, const Reply& reply);
  void identify(const AdminPeer& peer, const nlohmann::json& request, Reply reply);
  nlohmann::json list_approvals(bool with_ended) const;
  nlohmann::json decide(const std::string& who, const nlohmann::json& request);
  nlohmann::json list_sessions() const;
  nlohmann::json kill(const std::string& who, const nlohmann::json& request);
  nlohmann::json status() const;

  // control_login.cc
  void open_issuers();
  void prove(ProofWanted&& wanted);
  bool fetch_keys(const config::Oidc& issuer);
  nlohmann::json issuer_status() const;

  // control_canary.cc
  void open_canary(CanaryOptions options);
  void tick_canary();
  void on_canary(const CanaryReport& report, const std::string& who);
  void change_lockdowns();
  void ask_canary(const std::string& who, const nlohmann::json& request, const Reply& reply);
  nlohmann::json unlock(const std::string& who, const nlohmann::json& request);
  nlohmann::json canary_status() const;

  void record_admin(const std::string& who, const std::string& act, const std::string& detail);

  ControlOptions options_;
  SnapshotPointer snapshot_;
  int wake_fd_ = -1;  // eventfd: workers and poke()
  std::atomic<bool> reload_wanted_ = false, drain_wanted_ = false;
  std::atomic<bool> stopping_ = false;
  std::unique_ptr<Workers> workers_;
  std::unique_ptr<Workers> fetchers_;  // of their own: an issuer that hangs holds up nothing else
  std::unique_ptr<identity::Issuers> issuers_;
  std::unique_ptr<AdminSocket> admin_;
  std::unique_ptr<Canary> canary_;
  Approvals approvals_;
  std::map<uint64_t, SessionStarted> sessions_;  // live, by id on the record
  std::vector<std::deque<ToCore>> outboxes_;     // what a full mailbox did not take
  Lockdowns lockdowns_;
  size_t drained_count_ = 0;
  bool draining_ = false;
  bool reloading_ = false;
  std::mutex build_mutex_;  // workers build one world at a time: they share the plugins
  int64_t resolved_ns_ = 0;
};

}  // namespace sallyport
