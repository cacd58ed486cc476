// The whole configuration as plain, immutable data: sallyport.toml and conf.d/*.toml after every check that
// needs no plugin. Compiled once, swapped whole at reload, read by any thread. Names are resolved to indexes
// where both sides stand in the file; what needs a plugin's manifest (facts, ready sets, options) is checked
// by Policy::compile. No secret stands in it: a Secret says where one is found.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/admin.h"
#include "config/approval_terms.h"
#include "config/client_certificates.h"
#include "config/credential.h"
#include "config/error.h"
#include "config/network.h"
#include "config/on_request.h"
#include "config/place.h"
#include "config/webhook.h"
#include "config/witness.h"

namespace sallyport::config {

// The protocol that is none: bytes pass unread (core/path/session_opaque.cc), without a plugin.
inline constexpr const char* opaque_protocol = "tcp";

struct Server {
  uint32_t worker_count = 0;  // 0: one per core
  std::filesystem::path state_dir;
  std::filesystem::path
      plugin_dir;  // where NAME.so are found; default beside the executable, then the system's
  std::vector<std::string> plugins;                   // in order
  std::map<std::string, std::string> plugin_digests;  // NAME -> hex SHA-256 pin
  uint32_t connect_timeout_ms = 0, handshake_timeout_ms = 0, login_timeout_ms = 0, idle_timeout_ms = 0,
           drain_timeout_ms = 0;
  uint32_t session_count_max = 0;       // a core
  uint32_t failed_login_count_max = 0;  // a minute, from one source; 0: any
};

// Stands in a caller's name where a token will say who it is.
inline constexpr const char* token_name = "token";

// The name of the gateway's own caller, who plants fake values; no user may have it.
inline constexpr const char* canary_name = "sallyport-canary";

// When the gateway proves its masks by itself, and as whom.
struct Canary {
  uint32_t interval_ms = 0;         // 0: on demand only
  std::vector<std::string> groups;  // of the caller: masks and rules may be scoped by group
  bool lockdown = false;            // a target that leaks is closed
  Place place;
};

struct Log {
  std::filesystem::path directory;  // default STATE_DIR/log
  std::filesystem::path ring_dir;   // tmpfs; default: /dev/shm/sallyport-UID-<hash of state_dir>
  uint64_t ring_size = 0;
  uint64_t segment_size = 0;
  uint64_t quota = 0;  // bytes of all segments; 0: none
  Witness witness;
  uint64_t retention_ms = 0;      // payloads older than that are erased; 0: never
  std::filesystem::path seal_to;  // the auditor's public key; empty: payloads stay readable
};

struct ListenerTls {
  std::filesystem::path certificate, key;  // PEM
  std::filesystem::path client_ca;         // PEM; not empty: callers' certificates prove who they are
  ClientCertificates clients;              // the rest of that
  bool required = true;                    // plaintext clients are refused
};

struct Listener {
  std::string protocol;
  Address address;
  std::optional<ListenerTls> tls;
  std::string target;               // every session of it goes here; empty: by server name or user name
  std::vector<Network> sources;     // of an opaque listener; not empty: only callers from there
  std::vector<std::string> groups;  // of a caller whom no user's `certificate` names
  Place place;

  [[nodiscard]] bool is_opaque() const { return protocol == opaque_protocol; }
};

struct User {
  std::string name;
  std::vector<std::string> groups;
  std::string secret;       // SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY (as PostgreSQL writes it)
  std::string os_user;      // the operating system's user that is this person at the admin socket
  std::string certificate;  // the name in the client certificate that is this person's
  std::string email;        // makes this user the same person as an identity of [[oidc]] with that address
  Place place;

  // As in identity::Identity.
  [[nodiscard]] std::vector<std::string> persons() const;
};

// What an issuer's tokens look like where the config does not say.
enum class OidcPreset : uint8_t {
  none,
  okta,
  entra,
  google,
  keycloak,
  github_actions,
  gitlab_ci,
  kubernetes,
  spiffe
};

// An identity provider whose tokens prove callers.
struct Oidc {
  std::string name;
  OidcPreset preset = OidcPreset::none;
  std::string issuer;                              // `iss`, to the letter
  std::vector<std::string> audiences;              // one of them must stand in `aud`
  std::vector<std::string> parties;                // `azp` or `client_id`; empty: any
  std::vector<std::string> identity;               // claims; the first that is there names the caller
  std::vector<std::string> groups;                 // claims; a dot leads into an object
  std::map<std::string, std::string> group_names;  // what a group is called in the rest of the config
  std::string email;                               // claim
  std::string keys_url;                            // else by discovery, or
  std::filesystem::path keys_file;                 // from a file
  std::filesystem::path ca;                        // PEM; empty: the system's
  uint32_t session_max_ms = 0;                     // 0: as long as the token lives
  std::string client_id;                           // that `sallyport login` asks its tokens for; empty: none
  std::vector<std::string> scopes;                 // and with which scopes
  // Made of the above when the config is read: the same for two that let in the same tokens as the same
  // identities.
  std::string meaning;
  Place place;
};

enum class TargetTls : uint8_t { off, require, verify_ca, verify_full };
enum class Action : uint8_t { allow, approve, deny };  // ordered: of a batch the greatest wins
enum class MaskAction : uint8_t { keep_shape, partial, token, redact };  // ordered: the strictest wins
enum class Computed : uint8_t { mask, refuse, content };
enum class Durability : uint8_t { group, sync };

struct Login {
  std::string name;
  std::string user;  // with `password`: the target's, or of the control connection that makes roles there
  Secret password;
  Credential credential;
  std::vector<std::string> permit;  // what its plugin refuses without this: names from the plugin's manifest
  Place permit_place;
  Place place;
};

struct Target {
  std::string name;
  std::string protocol;
  std::vector<Address> addresses;  // tried in turn
  TargetTls tls = TargetTls::verify_full;
  std::filesystem::path tls_ca;  // PEM; empty: the system's
  std::string tls_name;          // expected server name; empty: the address's host
  std::string database;
  std::vector<std::string> databases;  // empty: any
  std::vector<std::string> allow;      // groups
  OnRequest on_request;                // who else may open it, for a while, when somebody says yes
  Action default_action = Action::deny;
  bool observe = false;       // judge and record, but let pass what a rule would deny or hold; masks stay
  std::vector<Login> logins;  // the first is the default
  uint64_t record_response_size = 0;  // bytes of each response
  Durability durability = Durability::group;
  std::map<std::string, std::string> options;  // [target.options], for the plugin
  std::map<std::string, Place> option_places;
  Place place;

  [[nodiscard]] bool is_opaque() const { return protocol == opaque_protocol; }
};

// A check sum over the letters and digits of a value; see core/guard/checks.h.
enum class DetectorCheck : uint8_t { none, luhn, mod97, mod11_10, verhoeff };

// A detector of the user's own; its name stands in Mask::detect beside the built-in ones.
struct CustomDetector {
  std::string name;
  std::string pattern;
  std::vector<std::string> words;  // one must stand before the value; empty: none need
  DetectorCheck check = DetectorCheck::none;
  std::string example;  // a fake value with its word, if any, for the canary
  Place example_place, pattern_place, place;
};

// Values of replies are masked; requests that hold what is detected are blocked.
enum class MaskDirection : uint8_t { reply, request };

// What tokens are made with. Its id stands in each of them; a new id makes new tokens.
struct TokenKey {
  std::string id;  // 1-8 letters and digits
  Secret secret;   // at least 16 bytes
  Place place;
};

struct Mask {
  std::string name;
  std::vector<std::string> targets;  // names with *; empty: all
  std::vector<std::string> detect;   // detectors and @sets
  std::vector<std::string> fields;   // "table.column", "schema.table.column", "*.column", "column"
  MaskDirection direction = MaskDirection::reply;
  MaskAction action = MaskAction::redact;  // of replies
  Computed computed = Computed::mask;
  TokenKey token_key;               // of action `token`; else none
  std::vector<std::string> except;  // groups that see the truth
  Place detect_place, place;
};

// One condition of `match`: fact -> values (OR). A numeric comparison stands as "> 1000".
struct Condition {
  std::string fact;
  std::vector<std::string> values;
  Place place;
};

struct Rule {
  std::string name;
  std::vector<std::string> targets;  // names with *; empty: all
  std::vector<std::string> groups;   // applies to these identities only; empty: all
  std::string use;                   // ready set
  Place use_place;
  std::vector<Condition> match;  // AND
  Action action = Action::deny;
  std::vector<std::string> approvers;  // groups; all that `terms` name for the time before an escalation
  ApprovalTerms terms;
  Place approvers_place;
  uint32_t hold_ms = 0;     // UINT32_MAX: forever
  uint32_t timeout_ms = 0;  // how long the request stays open
  std::string reason;       // shown to the caller
  Place place;
};

struct Config {
  std::filesystem::path file;  // the main file, absolute
  Server server;
  Admin admin;
  Log log;
  Canary canary;
  std::vector<Listener> listeners;
  std::vector<User> users;
  std::vector<Oidc> issuers;
  std::vector<Delegation> delegations;
  std::vector<Vault> vaults;
  std::vector<Webhook> webhooks;
  std::vector<Target> targets;
  std::vector<CustomDetector> detectors;
  std::vector<Mask> masks;
  std::vector<Rule> rules;  // in the order of the files
  std::string text;         // all files' text, for the policy record; holds no secret by construction
};

// What loading gives even where something is wrong, so that later steps can add what they find, and
// everything is said at once.
struct Loading {
  Config config;                   // without the entries that are too broken to look at further
  std::vector<std::string> files;  // in the order in which they were read
  std::vector<Problem> problems;
  bool readable = true;  // else a file is missing from `config`, and what it lacks means nothing

  // Takes what a later step found, but for lines of which something has been said already: that would be the
  // same mistake in other words.
  void add(std::vector<Problem> later);
  // All of them by file in the order of `files`, then by line.
  [[nodiscard]] std::vector<Problem> sorted() &&;
};

// Reads `file` and `conf.d/*.toml` beside it.
[[nodiscard]] Loading load_all(const std::filesystem::path& file);
// The same, for who only wants a good one.
[[nodiscard]] std::expected<Config, std::vector<Problem>> load(const std::filesystem::path& file);

// A secret's value. Trailing newline removed. Files must not be readable by others.
[[nodiscard]] Result<std::string> read_secret(const Secret& secret);

// What tells a changed file from the one that was read; zeros where it stands in none or cannot be looked at.
struct SecretFile {
  int64_t written_ns = 0;  // since 1970: how old the secret is
  int64_t changed_ns = 0;
  uint64_t inode = 0;
  friend bool operator==(const SecretFile&, const SecretFile&) = default;
};
[[nodiscard]] SecretFile look_at(const Secret& secret);

// The same for a key: long enough to be one.
[[nodiscard]] Result<std::string> read_token_secret(const TokenKey& key);

// The same for what a webhook is signed with, and for where it goes.
[[nodiscard]] Result<std::string> read_webhook_secret(const Webhook& webhook);
[[nodiscard]] Result<std::string> read_webhook_url(const Webhook& webhook);

// What `load` leaves to the machine that will serve: certificates, keys, CAs and secrets that cannot be read.
[[nodiscard]] std::vector<Problem> check_files(const Config& config);
// Of these, what only the fetching of keys, a delivery or an answer would find out.
void check_issuers(const Config& config, std::vector<Problem>& problems);
void check_webhooks(const Config& config, std::vector<Problem>& problems);

}  // namespace sallyport::config
