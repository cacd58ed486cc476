// Session: one client's visit: its leg, the target legs that the plugin opened, the plugin's state, the
// identity. The one place where a verdict becomes an action: what is passed, held, answered, recorded.
//
//   login -> serving -> ending -> over        (a fault leads to `ending` from anywhere)
//
// The parts: session.cc life cycle; session_pump.cc how bytes come to the plugin; session_host.cc the
// plugin's host calls on bytes and legs; session_login.cc who and what (session_proof.cc,
// session_certificate.cc by which proof, session_delegation.cc for whom, session_grant.cc on which grant);
// session_ask.cc verdicts, session_tickets.cc what waits; session_mask.cc fields and masks; session_record.cc
// the record; session_opaque.cc and session_flow.cc the other kind of session, which has no plugin
// (opaque.h). One core thread; no locks.
#pragma once

#include <openssl/evp.h>

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/control/messages.h"
#include "core/path/leg.h"
#include "core/path/opaque.h"
#include "core/path/session_fields.h"
#include "core/path/session_key.h"
#include "core/path/ticket.h"
#include "plugins/plugin.h"
#include "ringlog/recorder.h"

namespace sallyport {

class Core;

inline constexpr uint32_t session_magic = 0x53455353;  // "SESS"

class Session {
 public:
  enum class State : uint8_t { free, login, serving, ending };

  explicit Session(Core& core, uint32_t index);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // A client has connected. The session may end at once (no log, no memory, limits).
  void begin(int fd, const ListenerState& listener, uint32_t listener_index);
  void on_completion(const Token& token, const Completion& completion);
  void on_time(int64_t now_ns);
  void on_answer(const ApprovalAnswer& answer);
  void on_derived(DeriveAnswer&& answer);
  void on_proof(ProofAnswer&& answer);
  void on_credential(CredentialAnswer&& answer);
  void on_credential_over(const std::string& reason);
  void on_signal();
  void on_kill(const std::string& reason);
  void on_snapshot();
  void on_lockdown();
  void on_ticket_gone(std::string_view id, const std::string& reason);
  void on_grant_gone(std::string_view id, const std::string& reason, bool at_once);
  void on_drain();
  // The log has room again, or an fsync has covered what entries wait for.
  void on_log() { pump(); }

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] SessionRef ref() const;
  [[nodiscard]] uint64_t id() const { return id_; }
  [[nodiscard]] const std::string& who() const { return who_; }

  // The ABI's host table; its functions find the Session behind the sp_session pointer.
  static const sp_host& host();

 private:
  friend struct HostCalls;
  friend class Core;  // owns the slots: generation, index, state

  // Life cycle.
  void pump();
  bool pump_once();
  bool feed(uint32_t leg, uint32_t events);
  void apply_credit(uint32_t leg);
  void settle_and_arm();
  void fault(std::string_view reason, std::string_view detail);
  void end(std::string_view reason);
  void leave_tickets();
  void try_free();
  void schedule();
  [[nodiscard]] int64_t next_deadline() const;
  [[nodiscard]] bool log_is_ready() const;
  [[nodiscard]] bool output_congested(uint32_t from) const;
  [[nodiscard]] uint32_t take_events(uint32_t leg);
  void try_next_address(uint32_t leg);
  void swap_snapshot();

  // Bytes (session_host.cc).
  int pass(uint32_t from, uint32_t to, uint64_t count, uint32_t flags);
  int drop(uint32_t from, uint64_t count);
  int pause(uint32_t number);
  int emit(uint32_t to, std::span<const std::byte> bytes);
  void move_bytes(uint32_t from, uint32_t to, size_t count);
  void close_unit(uint32_t to, bool open);
  int start_tls(uint32_t leg, bool direct);
  int channel_binding(uint32_t leg, std::span<uint8_t> out);
  int connect(uint32_t leg);
  void connect_closed(uint32_t number);
  int answer_within(uint32_t leg, uint32_t delay_ms);
  [[nodiscard]] int64_t after_ms(uint32_t delay_ms) const;
  int finish(uint32_t leg, std::string_view reason);
  int publish(sp_bytes key);
  void set_activity(sp_activity now);

  // Login (session_login.cc), proofs (session_proof.cc), the target's key (session_credential.cc).
  int login(const sp_login& request);
  int verifier(sp_scram_verifier& out);
  [[nodiscard]] bool proves_by_certificate();
  std::string check_certificate();
  void look_at_certificate();
  int prove(sp_proof kind, sp_bytes proof, sp_identity& out);
  [[nodiscard]] bool expects_token() const;
  std::optional<std::string> check_proof(sp_proof kind, sp_bytes proof);
  std::optional<std::string> check_password(sp_bytes proof);
  std::string check_scram(sp_bytes proof);
  Result<config::ScramSecret> scram_secret();
  config::ScramSecret offered_secret();
  void become(identity::IdentityPointer identity);
  [[nodiscard]] std::string public_error(std::string_view reason) const;
  int credential(sp_credential& inout);
  int derive(sp_credential& inout);
  std::optional<std::string> obtain_key();
  bool record_login(sp_proof kind, const std::string& reason);
  void tell_identity(sp_identity& out);
  void tell_permissions(sp_identity& out);
  void tell_target(sp_identity& out);
  std::span<const sp_pair> options_of(const TargetState& state);
  void tell_started();
  [[nodiscard]] std::string refusal_reason(std::string_view proof_fault) const;
  [[nodiscard]] std::optional<std::vector<std::string>> groups_in(const Snapshot& snapshot) const;
  [[nodiscard]] const std::string& on_behalf_of() const;
  [[nodiscard]] std::string delegation_fault(const std::vector<std::string>& groups) const;
  void speak_for_another();
  [[nodiscard]] std::vector<std::string> persons() const;
  void settle_place();
  void begin_life();
  [[nodiscard]] std::string peer_host() const;
  [[nodiscard]] bool stands_open(const Snapshot& snapshot) const;
  [[nodiscard]] identity::GrantPointer find_grant() const;
  bool settle_grant();
  void end_grant();
  void on_grant_time(bool is_due, bool is_hard);
  [[nodiscard]] std::string_view guessed_name() const;
  [[nodiscard]] bool is_from_here() const;
  [[nodiscard]] const TargetState* target_state() const;
  [[nodiscard]] const config::Target& target() const { return *target_state()->target; }

  // Verdicts (session_ask.cc).
  int ask(const sp_ask& ask, sp_answer& out);
  int screen(std::span<const sp_pair> values, sp_answer& out);
  [[nodiscard]] bool screens() const;
  int ask_again(Ticket& ticket, const sp_ask& ask, sp_answer& out);
  int judge_new(const sp_ask& ask, sp_answer& out);
  int allow(const sp_ask& ask, std::string_view rule, std::string_view approval, bool observed,
            sp_answer& out);
  int deny(const sp_ask& ask, const std::string& rule, const Ticket* ticket, sp_answer& out,
           std::string_view why = {});
  [[nodiscard]] std::optional<guard::RequestBlock> blocked(const TargetState& target,
                                                           std::span<const std::string> groups,
                                                           std::string_view text,
                                                           std::span<const sp_pair> values);
  int deny_blocked(const sp_ask& ask, const guard::RequestBlock& block, sp_answer& out);
  static std::string why_denied(const sp_ask& ask, const guard::Verdict& verdict);
  int hold(const sp_ask& ask, const config::Rule& rule, sp_answer& out);
  ApprovalWanted describe(const sp_ask& ask, const config::Rule& rule);
  void show_request(const sp_ask& ask, ApprovalWanted& wanted);
  [[nodiscard]] std::vector<ApprovalDemand> demands_of(const sp_ask& ask) const;
  [[nodiscard]] bool is_as_approved(const sp_ask& ask, const Ticket& ticket) const;
  void on_revoked(Ticket& ticket, const ApprovalAnswer& answer);
  int deny_without_reason(const sp_ask& ask, const std::string& rule, sp_answer& out);
  int wait_unbound(const std::string& rule, sp_answer& out);
  void send_wanted(Ticket& ticket);
  int cancel(uint64_t ticket);
  void drop_ticket(uint64_t number);
  [[nodiscard]] Ticket* find_ticket(uint64_t number);
  void answer_text(sp_answer& out, std::string message, std::string detail);
  [[nodiscard]] Digest binding_digest(const sp_ask& ask) const;
  [[nodiscard]] bool holding() const;

  // Masks (session_mask.cc).
  sp_field_id field(const sp_field& field);
  int fields_reset();
  int names_masked(std::span<const sp_text> paths);
  int mask(std::span<const sp_span> spans, sp_masked* out);
  [[nodiscard]] std::string masked_text(std::string_view text);
  [[nodiscard]] ShownNames shown_names(const sp_ask& ask);
  void count_hits(std::span<const sp_span> spans);
  void count_hit(uint32_t field, std::optional<guard::DetectorId> detector, uint32_t hits);

  // Without a plugin (session_opaque.cc).
  void begin_opaque(const ListenerState& listener, const Address& peer);
  [[nodiscard]] OpaqueCaller opaque_caller() const;
  bool step_opaque();
  bool step_greeting(Leg& client);
  bool step_target(Leg& target);
  void refuse_opaque(const OpaqueCaller& caller);
  bool record_opaque_login(const OpaqueCaller& caller);
  void accept_opaque(const OpaqueCaller& caller);
  void swap_opaque();

  // Its bytes (session_flow.cc).
  bool begin_flows();
  void move_flows();
  bool splice_flow(uint32_t from);
  bool copy_flow(uint32_t from);
  void lose(uint32_t leg);
  void arm_flow(uint32_t leg);
  void leave_pipes();

  // Record (session_record.cc).
  bool record_request(const sp_ask& ask, ringlog::Verdict verdict, std::string_view rule,
                      std::string_view approval);
  bool record_forward(uint32_t leg, size_t count, bool ours);
  bool record_reply(std::span<const std::byte> bytes);
  int note(sp_text kind, sp_bytes payload);
  int name(sp_text key, sp_text value);
  int reply_end(uint64_t units, sp_text status);
  void record_close(std::string_view reason);
  [[nodiscard]] std::string request_payload(const sp_ask& ask);
  [[nodiscard]] uint64_t send_sequence() const;

  uint32_t magic_ = session_magic;
  Core& core_;
  uint32_t index_, generation_ = 0, listener_index_ = 0;
  State state_ = State::free;
  uint64_t id_ = 0;  // as on records
  const sp_plugin* plugin_ = nullptr;
  void* plugin_state_ = nullptr;
  std::optional<Opaque> opaque_;  // in the plugin's place
  std::string protocol_, peer_;

  std::array<Leg, limits::leg_count_max> legs_;
  std::array<uint32_t, limits::leg_count_max> address_index_{};
  uint32_t reconnects_ = 0;  // legs to be connected once they are closed, a bit each

  // Who and what, filled by `login` and `prove`. Views stay valid: they refer to the snapshot kept.
  SnapshotPointer snapshot_;  // the session's view of the world; swapped between feeds
  std::string who_, target_name_, login_name_, database_, client_database_, client_program_;
  std::vector<std::string> groups_;
  std::vector<std::string> permissions_;  // of the login, as the plugin was told
  std::vector<sp_text> permission_texts_;
  std::vector<sp_pair> option_pairs_;
  std::string public_error_;
  bool login_asked_ = false;
  bool is_throttled_ = false;   // too many have failed from where the caller is
  bool name_conflict_ = false;  // the user name names another target than the listener
  bool proven_ = false;
  uint32_t target_index_ = 0, login_index_ = 0;
  std::vector<uint8_t> salted_password_;  // lent to the plugin until feed returns, then zeroed
  bool derive_pending_ = false;
  SessionKey key_;  // of a login whose key is made or fetched for it
  bool by_token_ = false, by_certificate_ = false, proof_pending_ = false;  // the last stays
  std::optional<PeerCertificate> certificate_;  // the caller's, of a listener that asks for one
  std::string on_behalf_wanted_;                // for whom the caller says at the login that it asks
  std::optional<ProofAnswer> proof_answer_;
  identity::IdentityPointer identity_;     // of a token or ticket that was good
  identity::TicketPointer access_ticket_;  // that is offered as the proof, or was
  identity::GrantPointer grant_;           // that the session stands on; null: it needs none
  bool answer_news_ = false;               // something that answered WAIT may answer now

  // Verdicts.
  std::vector<Ticket> tickets_;
  std::string answer_message_, answer_detail_, answer_rule_;
  std::string reason_;    // the caller's, as the plugin names it, detectors applied
  bool covered_ = false;  // a record stands for the next bytes towards a target
  uint64_t last_sequence_ = 0, transaction_ = 0;
  int64_t transaction_since_ns_ = 0;

  // Fields named by the plugin; [0] is unused (SP_FIELD_CLEAR).
  std::string field_names_;
  std::vector<FieldState> fields_;
  uint32_t fields_generation_ = 1;  // an id's high bits: one of an older policy finds nothing
  std::vector<guard::MaskField> mask_fields_;

  // Of the reply under way, for its end's record.
  std::vector<ReplyHits> reply_hits_;

  // Replies.
  std::deque<uint64_t> open_requests_;  // tickets whose reply is not over
  uint64_t reply_bytes_ = 0, reply_recorded_ = 0, reply_masked_ = 0, reply_withheld_ = 0;
  uint64_t client_offset_ = 0, reply_digested_ = 0, request_count_ = 0, masked_count_ = 0;
  EVP_MD_CTX* reply_digest_ = nullptr;

  // Where we are in a feed.
  bool in_feed_ = false;
  uint32_t feed_leg_ = 0;
  std::byte* feed_base_ = nullptr;
  size_t feed_size_ = 0;
  bool faulted_ = false, pumping_ = false, waits_for_log_ = false, waits_for_durable_ = false;
  uint64_t log_woken_for_ = 0;  // the last record that the log's writer was woken for

  bool policy_news_ = false;  // a newer snapshot waits for the next point between requests
  bool policy_told_ = true;   // false: the plugin must name its fields anew
  uint64_t progress_ = 1;     // grows with everything that the plugin does
  bool signalled_ = false, timer_fired_ = false;
  bool shutdown_wanted_ = false, shutdown_told_ = false, closed_recorded_ = false;
  std::string shutdown_reason_;
  sp_activity activity_ = SP_BUSY;

  int64_t login_deadline_ns_ = -1, idle_deadline_ns_ = -1, life_deadline_ns_ = -1, wake_ns_ = -1;
  int64_t grant_deadline_ns_ = -1;
  int64_t grant_hard_ns_ = -1;    // a transaction that is open then is cut
  int64_t end_deadline_ns_ = -1;  // an ending session's last word must be out by then
  int64_t scheduled_ns_ = -1;
  std::vector<std::string> published_;
};

}  // namespace sallyport
