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
#include "core/control/caller.h"
#include "core/control/canary.h"
#include "core/control/device_flows.h"
#include "core/control/grants.h"
#include "core/control/http_door.h"
#include "core/control/passwords.h"
#include "core/control/posted.h"
#include "core/control/store.h"
#include "core/control/tickets.h"
#include "core/control/webhook_answer.h"
#include "core/control/webhooks.h"
#include "core/control/workers.h"
#include "core/control/world.h"
#include "core/core.h"
#include "core/credential/credentials.h"
#include "core/identity/issuers.h"
#include "core/path/throttle.h"

namespace sallyport {

class LogDesk;

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
  Closed closed;        // as well
  std::vector<identity::TicketPointer> tickets;
  std::vector<identity::GrantPointer> grants;
  std::unique_ptr<Store> store;
  std::vector<RecordAdmin> acts;  // of the start, for the record
};

class Control {
 public:
  static Result<std::unique_ptr<Control>> open(ControlOptions options);
  ~Control();
  // Where the admin API listens; empty: nowhere.
  [[nodiscard]] std::string http_address() const { return http_ ? http_->address() : ""; }
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  // Serves until every core has drained.
  void run();
  // From a signal handler or another thread: 'r' reload, 'd' drain.
  void poke(char what);
  // From any thread: what belongs on the record.
  void post_record(ToCore message);

 private:
  explicit Control(ControlOptions options);
  using Reply = AdminSocket::Reply;

  // control.cc
  void read_cores();
  void on_message(uint16_t core, ToControl&& message);
  void send(uint16_t core, ToCore&& message);
  void flush_outboxes();
  void apply(Approvals::Effects&& effects);
  void on_poke();
  void drain();
  void reload(const std::string& who, Reply reply);
  void publish(SnapshotPointer snapshot, const std::string& reason, const std::string& who);
  void resolve_again();

  // control_admin.cc
  void on_admin(const AdminPeer& peer, const nlohmann::json& request, Reply reply);
  void act(const Caller& caller, const nlohmann::json& request, const Reply& reply);
  void identify(const AdminPeer& peer, const nlohmann::json& request, Reply reply);
  [[nodiscard]] Caller caller_of(const AdminPeer& peer, const config::User* user) const;
  [[nodiscard]] bool may(const Caller& caller, config::Role role) const;
  [[nodiscard]] bool sees_approvals(const Caller& caller) const;
  nlohmann::json list_sessions() const;
  nlohmann::json list_targets() const;
  nlohmann::json describe_policy() const;
  nlohmann::json describe_caller(const Caller& caller) const;
  nlohmann::json kill(const std::string& who, const nlohmann::json& request);
  nlohmann::json status() const;

  // control_approvals.cc
  nlohmann::json list_approvals(const Approvals::Approver& who, bool sees_all,
                                const nlohmann::json& request) const;
  nlohmann::json decide(const Approvals::Approver& who, const nlohmann::json& request);
  nlohmann::json reveal(const Approvals::Approver& who, const nlohmann::json& request);
  void revoke(const Approvals::Approver& who, bool is_operator, const nlohmann::json& request,
              const Reply& reply);
  void settle_revocation(const std::string& id);
  void plan(const Caller& caller, const nlohmann::json& request, const Reply& reply);
  void end_old_approvals();
  nlohmann::json approval_status() const;

  // control_login.cc
  void open_issuers();
  void prove(ProofWanted&& wanted);
  void check_password(ProofWanted&& wanted);
  bool fetch_keys(const config::Oidc& issuer);
  nlohmann::json issuer_status() const;

  // control_tickets.cc
  void grant(identity::IdentityPointer identity, const std::string& from, const nlohmann::json& request,
             const Reply& reply);
  void keep_ticket(std::shared_ptr<identity::Ticket> ticket, const std::string& text, const Reply& reply);
  Result<void> take_back(const std::vector<std::string>& ids, const std::string& who,
                         const std::string& reason);
  nlohmann::json list_tickets(const Caller& caller) const;
  nlohmann::json revoke_tickets(const Caller& caller, const nlohmann::json& request);
  void forget_tickets();
  // Runs `then` when every core has taken what was sent to it before.
  void after_cores(std::function<void()> then);
  void on_barrier(uint64_t number);

  // control_grants.cc
  [[nodiscard]] std::optional<nlohmann::json> may_not_ask(const Caller& caller,
                                                          const std::string& name) const;
  void request_access(const Caller& caller, const nlohmann::json& request, const Reply& reply);
  void ask_access(const Caller& caller, const std::string& name, uint32_t life_ms, const std::string& reason,
                  const Reply& reply);
  void give_access(const std::string& id);
  Result<void> end_grants(const std::vector<identity::GrantPointer>& grants, const std::string& who,
                          const std::string& act, const std::string& reason, bool at_once);
  void expire_grants();
  void review_grants();
  Result<size_t> end_access_of(const std::string& name, const std::string& who, const std::string& reason);
  void revoke_grant(const Caller& caller, const nlohmann::json& request, const Reply& reply);
  nlohmann::json list_grants(const Caller& caller) const;
  nlohmann::json access_for(const std::vector<std::string>& groups, const std::string& identity,
                            const std::string& actor, const std::vector<std::string>& bound) const;

  // control_closed.cc
  nlohmann::json kill_identity(const std::string& who, const nlohmann::json& request);
  nlohmann::json allow_identity(const std::string& who, const nlohmann::json& request);
  nlohmann::json close_gateway(const std::string& who, const nlohmann::json& request);
  nlohmann::json open_gateway(const std::string& who);
  Result<void> change_closed(const Closed& closed);

  // control_http.cc
  using Identified = std::function<void(std::optional<Caller>)>;
  Result<void> open_http();
  [[nodiscard]] std::vector<std::string> http_names() const;
  void on_http(HttpRequest&& request, const HttpDoor::Reply& reply);
  void identify_http(const HttpRequest& request, Identified then);
  // control_guess.cc
  void open_guesses();
  [[nodiscard]] bool is_guessing(const std::string& peer, const std::string& name) const;
  void refused_proof(const std::string& peer, const std::string& name, const std::string& detail);
  [[nodiscard]] std::string verifier_of(const config::User* user) const;
  void identify_token(const std::string& token, const std::string& peer, Identified then);
  void identify_user(const std::string& name, const std::string& secret, const std::string& peer,
                     Identified then);
  [[nodiscard]] Caller caller_of(const identity::Identity& identity, const std::string& peer) const;
  void exchange_token(const HttpRequest& request, const HttpDoor::Reply& reply);
  void trade(std::vector<std::string> tokens, const nlohmann::json& wanted, const std::string& peer,
             const HttpDoor::Reply& reply);
  nlohmann::json login_help() const;
  nlohmann::json targets_for(const nlohmann::json& ticket) const;

  // control_device.cc
  void begin_device(const HttpRequest& request, const HttpDoor::Reply& reply);
  void poll_device(const std::string& code, const std::string& peer, const HttpDoor::Reply& reply);
  // control_webhooks.cc
  void open_webhooks();
  [[nodiscard]] std::string own_url() const;
  void tell_webhooks(const Approvals::Effects& effects);
  void tell_alarm(const std::string& text);
  void on_hook(const HttpRequest& request, const HttpDoor::Reply& reply);
  void take_answer(const std::string& name, std::string& secret, const HttpRequest& request,
                   const HttpDoor::Reply& reply);
  nlohmann::json decide_by_webhook(const config::Webhook& webhook, const WebhookAnswer& answer);

  // control_credential.cc
  void open_credentials();
  void derive(DeriveWanted&& wanted);
  void look_at_secrets();
  nlohmann::json credential_status() const;

  // control_canary.cc
  void open_canary(CanaryOptions options);
  void tick_canary();
  void on_canary(const CanaryReport& report, const std::string& who);
  void change_lockdowns();
  void ask_canary(const std::string& who, const nlohmann::json& request, const Reply& reply);
  nlohmann::json unlock(const std::string& who, const nlohmann::json& request);
  nlohmann::json canary_status() const;

  // control_log.cc
  void open_log_desk();
  void ask_log(const Caller& caller, const nlohmann::json& request, const Reply& reply);
  void explain(const nlohmann::json& request, const Reply& reply);
  [[nodiscard]] HttpAnswer readiness() const;

  void record_admin(const std::string& who, const std::string& act, const std::string& detail);

  ControlOptions options_;
  SnapshotPointer snapshot_;
  int wake_fd_ = -1;  // eventfd: workers and poke()
  std::atomic<bool> reload_wanted_ = false, drain_wanted_ = false;
  std::atomic<bool> stopping_ = false;
  std::unique_ptr<Workers> workers_;
  std::unique_ptr<Workers> fetchers_;          // of their own: an issuer that hangs holds up nothing else
  std::unique_ptr<Workers> password_workers_;  // of their own: who guesses holds up other guesses alone
  Passwords passwords_;
  std::unique_ptr<identity::Issuers> issuers_;
  std::unique_ptr<Workers> device_workers_;  // as well
  DeviceFlows device_flows_;
  std::unique_ptr<credential::Credentials> credentials_;
  std::unique_ptr<AdminSocket> admin_;
  std::unique_ptr<Posted> posted_;
  std::unique_ptr<HttpDoor> http_;
  Lockdowns lockdowns_;
  std::unique_ptr<Store> store_;
  Tickets tickets_;
  Grants grants_;
  Closed closed_;
  Throttle guesses_;                    // of secrets, at both doors; its own count
  std::string decoy_;                   // a verifier that no secret has
  std::vector<std::string> addresses_;  // of the listeners, as they are
  struct Waiting {
    size_t core_count = 0;  // still to answer
    std::function<void()> then;
  };
  std::map<uint64_t, Waiting> after_cores_;  // by barrier
  uint64_t barrier_ = 0;
  std::unique_ptr<LogDesk> log_desk_;
  std::unique_ptr<Canary> canary_;
  std::unique_ptr<Webhooks> webhooks_;
  WebhookAnswers webhook_answers_;
  Approvals approvals_;
  std::map<std::string, Reply> revoking_;        // who waits to hear whether an approval was revoked in time
  std::map<uint64_t, SessionStarted> sessions_;  // live, by id on the record
  std::vector<std::deque<ToCore>> outboxes_;     // what a full mailbox did not take
  size_t drained_count_ = 0;
  bool draining_ = false;
  bool reloading_ = false;
  std::mutex build_mutex_;  // workers build one world at a time: they share the plugins
  int64_t resolved_ns_ = 0;
  int64_t secrets_looked_ns_ = 0;
  bool looking_at_secrets_ = false;
  std::string secrets_fault_;
};

}  // namespace sallyport
