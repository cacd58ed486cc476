// What the kit's host (kit_host.h) answers to a plugin: all that policy, identity provider, vault and masks
// would say in the gateway, as plain data that a test or a transcript fills in. May be changed between calls.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "plugins/plugin.h"

namespace sallyport {

// The answer to an `ask` in which a command has this verb ("*": any). Over a batch deny beats wait beats
// allow.
struct KitAnswer {
  std::string verb = "*";
  sp_verdict verdict = SP_ALLOW;
  sp_state state = SP_STATE_DECIDED;  // taken as written for DENY; SP_STATE_PENDING with WAIT
  bool once = false;                  // used up by the first ask that it answers
  std::string rule = "kit";
  std::string message;  // empty: denied by rule "RULE", or approval needed by rule "RULE"
  std::string detail;   // empty with WAIT: approval=KIT1 state=pending do=approve it
};

// In values of `field` (a label or a path; empty: all), `text` is replaced (empty: the whole value).
struct KitMask {
  std::string field;
  std::string text;
  std::string replacement;  // of equal length: edited in place, else SP_MASK_REPLACED
  bool withhold = false;    // SP_MASK_WITHHELD instead
};

// A value on its way to the target that holds `text` is blocked by `screen`.
struct KitScreen {
  std::string text;
  std::string rule = "kit";
  std::string message;  // empty: blocked by mask "RULE"
};

struct KitScript {
  uint64_t seed = 1;  // of sp_host.random

  // The caller. `who`, `target` and `login` empty: taken from the login's [WHO,][LOGIN~]TARGET.
  std::string who;
  std::string target;
  std::string login;
  std::string database;               // empty: what the client asked for
  std::string password = "password";  // PROOF_PASSWORD is compared with it, the verifier is made from it
  sp_verdict prove = SP_ALLOW;        // DENY: also for a right proof; WAIT: until KitHost::ready
  std::string deny_message = "access denied";
  std::vector<std::string> permissions;  // of the login

  // The target.
  uint32_t target_tls = SP_TARGET_TLS_OFF;
  sp_verdict credential = SP_ALLOW;  // WAIT: until KitHost::ready
  std::string target_user = "app";
  std::string target_password = "target-password";

  // The listener.
  bool client_tls_offered = true;
  bool client_tls_required = false;
  std::vector<std::pair<std::string, std::string>> options;

  std::vector<KitAnswer> answers;  // the first match counts; none: ALLOW
  std::vector<KitMask> masks;      // none: `field` answers SP_FIELD_CLEAR
  std::vector<KitScreen> screens;  // none: `screen` answers ALLOW
};

// The lines of a transcript that make this script of a default one.
[[nodiscard]] std::string script_text(const KitScript& script);

}  // namespace sallyport
