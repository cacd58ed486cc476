// Every bound of the project, named, with its unit last. A limit that an operator may set has its default and
// its hard cap here; config/ refuses values beyond the cap.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sallyport::limits {

inline constexpr size_t KiB = 1024;
inline constexpr size_t MiB = 1024 * KiB;

// Engine.
inline constexpr size_t core_count_max = 256;
inline constexpr size_t core_stack_size = 64 * MiB;
inline constexpr size_t block_size = 64 * KiB;
inline constexpr uint32_t block_count = 128;  // a core's receive pool: 8 MiB
inline constexpr uint32_t ring_entry_count = 4096;
inline constexpr uint32_t completion_batch_max = 256;
inline constexpr uint32_t session_count_max = 4096;  // a core
inline constexpr uint32_t leg_count_max = 8;         // of one session, the client's included
inline constexpr size_t unit_size_max = 1 * MiB;     // a message that is assembled whole before it is judged
inline constexpr size_t send_queue_size_max = 256 * KiB;  // beyond it the other side is not read
inline constexpr size_t send_iovec_count_max = 64;

// Deadlines.
inline constexpr uint32_t connect_timeout_ms = 10'000;
inline constexpr uint32_t handshake_timeout_ms = 10'000;
inline constexpr uint32_t login_timeout_ms = 30'000;
inline constexpr uint32_t idle_timeout_ms = 0;  // 0: none
inline constexpr uint32_t drain_timeout_ms = 30'000;

// Guessing.
inline constexpr uint32_t failed_login_count_max = 60;  // a minute, from one source, at one core
inline constexpr uint32_t failed_login_count_cap = 100'000;
inline constexpr size_t throttle_count_max = 10'000;  // sources and names that a core remembers, each

// Log.
inline constexpr size_t log_ring_size = 32 * MiB;  // a core's
inline constexpr size_t record_size_max = 4 * MiB;
inline constexpr uint32_t log_commit_interval_ms = 10;
inline constexpr uint32_t log_checkpoint_idle_ms = 1000;
inline constexpr uint32_t log_retry_ms = 250;           // between attempts to resume a log that failed
inline constexpr size_t log_commit_size_max = 8 * MiB;  // of records; a commit holds at least one
inline constexpr size_t log_segment_size =
    64 * MiB;  // preallocated; only a commit larger than this exceeds it
inline constexpr size_t log_segment_size_min = 64 * KiB;  // what is still worth opening on a nearly full disk

// Approvals.
inline constexpr uint32_t approval_count_max = 10'000;
inline constexpr uint32_t approval_count_max_per_identity = 100;
inline constexpr uint32_t hold_default_ms = 20'000;
inline constexpr uint32_t approval_timeout_default_ms = 600'000;

inline constexpr uint32_t approval_timeout_max_ms = 7 * 86'400'000;
inline constexpr uint32_t approval_vote_count_max = 10;  // persons that one rule may ask for
inline constexpr uint32_t approval_again_max_ms = 86'400'000;
inline constexpr size_t approval_text_size_max =
    256 * MiB;  // of all that are kept, what ended lately included
inline constexpr size_t approval_reveal_size_max = 64 * KiB;  // of one; larger ones cannot be revealed
// Access that was granted for a while (core/control/grants.h).
inline constexpr uint32_t access_longest_ms = 8 * 3'600'000;
inline constexpr uint32_t access_longest_max_ms = 7 * 86'400'000;
inline constexpr uint32_t access_grace_ms = 60'000;
inline constexpr uint32_t access_grace_max_ms = 3'600'000;
inline constexpr size_t access_count_max = 10'000;
inline constexpr size_t access_count_max_per_identity = 100;
inline constexpr size_t access_ask_count_max = 30;  // of an identity, in access_ask_window_ms
inline constexpr uint32_t access_ask_window_ms = 3'600'000;
inline constexpr uint32_t access_cooldown_ms = 300'000;  // after a no, for the same person and target
inline constexpr size_t caller_reason_size_max = 500;
inline constexpr size_t plan_step_count_max = 200;
inline constexpr size_t plan_size_max = 48 * KiB;  // of all its requests

// Admin doors.
inline constexpr size_t http_body_size_max = 64 * KiB;
inline constexpr size_t http_header_size_max = 16 * KiB;
inline constexpr uint32_t http_connection_count_max = 256;
inline constexpr uint32_t http_connection_count_max_per_source = 64;
inline constexpr uint32_t http_request_timeout_ms = 10'000;  // for all of a request to come
inline constexpr uint32_t http_answer_timeout_ms = 60'000;   // for the control thread to answer it
inline constexpr uint32_t http_idle_timeout_ms = 30'000;     // between requests
inline constexpr uint32_t http_request_count_max = 1000;     // of one connection
inline constexpr uint32_t ticket_life_ms = 8 * 3'600'000;
inline constexpr uint32_t ticket_life_max_ms = 7 * 86'400'000;
inline constexpr uint32_t ticket_remembered_ms = 86'400'000;  // once it has expired
inline constexpr size_t ticket_count_max = 10'000;
inline constexpr size_t ticket_count_max_per_identity = 100;
inline constexpr size_t ticket_target_count_max = 64;

// Config: what one may hold. Masks of one target and groups are bits in fixed sets.
inline constexpr size_t config_file_size_max = 1 * MiB;
inline constexpr size_t config_file_count_max = 256;
inline constexpr size_t config_entry_count_max = 10'000;  // of users, targets, rules, masks each
inline constexpr size_t policy_group_count_max = 1024;
inline constexpr size_t target_mask_count_max = 64;
inline constexpr size_t pattern_size_max = 256;
inline constexpr size_t secret_size_max = 4 * KiB;
inline constexpr size_t token_secret_size_min = 16;
inline constexpr size_t token_id_size_max = 8;
inline constexpr size_t token_key_count_max = 64;
inline constexpr size_t reason_size_max = 200;
inline constexpr uint32_t timeout_max_ms = 86'400'000;
inline constexpr uint32_t session_count_cap = 65'536;  // a core
inline constexpr size_t log_ring_size_max = 1024 * MiB;
inline constexpr size_t log_segment_size_setting_min = 1 * MiB;  // what the config may ask for
inline constexpr size_t log_segment_size_setting_max = 4096 * MiB;
inline constexpr size_t record_response_size = 1 * MiB;  // recorded of one response
inline constexpr size_t record_response_size_max = 1024 * MiB;

// Opaque targets. A pipe of this size holds what is on its way in one direction of one session; a core's pool
// is made at start. Beyond what the kernel lets one user pin in pipes (64 MiB, pipe(7)), a pipe is smaller.
inline constexpr size_t pipe_size = 256 * KiB;
inline constexpr uint32_t pipe_count = 192;  // of all cores, two a session; without them bytes are copied
static_assert(pipe_count * pipe_size < 64 * MiB);
inline constexpr size_t source_count_max = 1024;
inline constexpr size_t certificate_name_size_max = 255;
inline constexpr int certificate_chain_depth_max = 6;           // CAs between a caller's and the trusted one
inline constexpr size_t certificate_chain_size_max = 64 * KiB;  // of what a caller may send
inline constexpr size_t certificate_group_count_max = 256;      // patterns of a listener
inline constexpr size_t delegation_count_max = 256;
inline constexpr size_t person_name_size_max = 255;            // of whom a caller says that he speaks for
inline constexpr size_t device_flow_count_max = 256;           // device authorizations under way
inline constexpr size_t device_flow_count_max_per_source = 8;  // of one address
inline constexpr uint32_t device_flow_life_max_ms = 30 * 60'000;
inline constexpr uint32_t device_interval_s = 5;  // between two polls (RFC 8628, section 3.2)
inline constexpr uint32_t device_interval_max_s = 60;
inline constexpr size_t device_text_size_max = 2 * KiB;  // of each text of an issuer's answer

// Canary.
inline constexpr uint32_t canary_interval_min_ms = 1000;
inline constexpr uint32_t canary_interval_max_ms = 7 * 86'400'000;
inline constexpr uint32_t canary_target_timeout_ms = 60'000;  // of all that is planted at one target
inline constexpr uint32_t canary_statement_timeout_ms =
    5000;                                               // until the whole answer to one statement is there
inline constexpr size_t canary_waiting_count_max = 16;  // runs asked for during another

// Identity providers and their tokens.
inline constexpr size_t issuer_count_max = 32;
inline constexpr size_t token_size_max = 16 * KiB;
inline constexpr size_t password_check_count_max = 256;   // waiting for a worker
inline constexpr size_t known_password_count_max = 4096;  // that were right before
inline constexpr size_t token_json_depth_max = 32;
inline constexpr size_t key_id_size_max = 256;
inline constexpr size_t key_set_size_max = 256 * KiB;  // also of a discovery document
inline constexpr size_t key_count_max = 64;
inline constexpr size_t key_try_count_max = 4;  // of a token that names none
inline constexpr size_t claim_size_max = 255;   // of what names a caller, and of each group
inline constexpr size_t claim_group_count_max = 256;
inline constexpr uint32_t token_skew_s = 30;  // between the issuer's clock and ours
inline constexpr uint32_t issuer_session_max_ms = 8 * 3'600'000;
inline constexpr uint32_t issuer_session_cap_ms = 7 * 86'400'000;
inline constexpr uint32_t issuer_fetch_timeout_ms = 10'000;
inline constexpr uint32_t issuer_refetch_min_ms = 30'000;  // for a key that nobody knows
inline constexpr uint32_t issuer_retry_ms = 5'000;         // after a failure
inline constexpr uint32_t issuer_keys_fresh_ms =
    15 * 60'000;  // then they are fetched again, when next asked for
inline constexpr uint32_t issuer_keys_age_max_ms = 24 * 3'600'000;  // of an issuer that cannot be reached
inline constexpr size_t proof_waiting_count_max = 1024;             // logins that wait for an issuer's keys

// Keys for targets that are made or fetched for a caller.
inline constexpr uint32_t lease_default_ms = 3'600'000;
inline constexpr uint32_t lease_max_default_ms = 24 * 3'600'000;
inline constexpr uint32_t lease_fetched_default_ms = 60'000;  // of a secret that is only read
inline constexpr uint32_t lease_min_ms = 1000;
inline constexpr uint32_t lease_cap_ms = 30u * 86'400'000;
inline constexpr size_t lease_count_max = 1024;         // of a target
inline constexpr uint32_t lease_minting_count_max = 2;  // at a time, of a target; one more renews and drops
inline constexpr uint32_t lease_work_timeout_ms = 10'000;
inline constexpr uint32_t lease_end_timeout_ms = 10'000;  // for what a gateway that stops takes back
inline constexpr uint32_t lease_retiring_ms = 30'000;     // its sessions have that long to come to an end
inline constexpr size_t lease_worker_count = 32;
inline constexpr uint32_t orphan_sweep_interval_ms = 3'600'000;
inline constexpr size_t vault_count_max = 32;
inline constexpr size_t vault_answer_size_max = 64 * KiB;
inline constexpr size_t grant_count_max = 64;
inline constexpr size_t grant_size_max = 1024;
inline constexpr uint32_t secret_age_max_days = 90;
inline constexpr uint32_t secret_look_interval_ms = 1000;

// Webhooks. What is refused or lost counts, and stands on the record.
inline constexpr size_t webhook_count_max = 16;
inline constexpr size_t webhook_sender_count_max = 1000;
inline constexpr uint32_t webhook_timeout_ms = 10'000;  // of one try, for all of it
inline constexpr uint32_t webhook_timeout_max_ms = 60'000;
inline constexpr uint32_t webhook_backoff_ms = 1000;
inline constexpr uint32_t webhook_backoff_min_ms = 100;
inline constexpr uint32_t webhook_backoff_max_ms = 300'000;  // between two tries, however many there were
inline constexpr uint32_t webhook_retry_count = 8;
inline constexpr uint32_t webhook_retry_count_max = 20;
inline constexpr size_t webhook_flight_count_max = 2;      // deliveries of one webhook at a time
inline constexpr size_t webhook_queue_count_max = 256;     // of one webhook
inline constexpr size_t webhook_text_size_max = 32 * KiB;  // of a statement in a message
inline constexpr size_t webhook_answer_size_max = 64 * KiB;
inline constexpr uint32_t webhook_skew_s = 300;  // between a sender's clock and ours
inline constexpr size_t webhook_seen_count_max =
    10'000;  // answers that are remembered, so that none counts twice
inline constexpr uint32_t webhook_refusal_count_max = 10;  // on the record a minute; the rest is counted

// Names of users, targets, logins, rules, masks.
inline constexpr size_t name_size_max = 63;

static_assert(unit_size_max >= block_size);
static_assert(log_ring_size >= 4 * record_size_max);
static_assert(record_size_max > unit_size_max);
static_assert(log_commit_size_max >= record_size_max && log_segment_size > 2 * log_commit_size_max);
static_assert(approval_timeout_default_ms <= approval_timeout_max_ms);

}  // namespace sallyport::limits
