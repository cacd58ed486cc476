// The parts of `load`, one function a section of the file. All run on one thread and note problems as they
// go.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/reader.h"

namespace sallyport::config {

struct Loader {
  std::filesystem::path folder;  // of the main file; relative paths start here
  std::vector<std::string> files;
  Problems problems;
  Config config;
  std::optional<Place> plugins_missing_at;  // the [server] that names none; only opaque targets need none
  bool has_all_users = true;                // else nothing is said of groups that nobody seems to have
};

void load_server(Loader& loader, const Value* table);
void load_admin(Loader& loader, const Value* table);
void load_log(Loader& loader, const Value* table);
// The keys of [log] that say who else keeps something of it, and for how long.
void load_log_keeping(Loader& loader, Reader& reader);
void load_canary(Loader& loader, const Value* table);
void load_listener(Loader& loader, const Value& table);
void load_user(Loader& loader, const Value& table);
void load_oidc(Loader& loader, const Value& table);
void load_delegation(Loader& loader, const Value& table);
void load_vault(Loader& loader, const Value& table);
void load_webhook(Loader& loader, const Value& table);
void load_target(Loader& loader, const Value& table);
// What stands in a login's `credential`.
void load_credential(Loader& loader, const Value& table, const std::string& where, const Target& target,
                     Login& login);
void load_detector(Loader& loader, const Value& table);
void load_mask(Loader& loader, const Value& table);
void load_rule(Loader& loader, const Value& table);
// The keys of a rule that say who has to say yes, and what a yes is good for.
// Approvers, how many, who may join them later, and whether a reason is wanted; after `timeout_ms`.
void load_terms(Loader& loader, Reader& reader, Rule& rule);
// `is_allowed`: "on-request" stands in `allow`.
void load_on_request(Loader& loader, Reader& reader, Target& target, bool is_allowed);
void load_approval(Loader& loader, Reader& reader, Rule& rule, bool has_action);

// What one part says of another: names that nobody has, approvals that nobody can give.
void resolve(Loader& loader);

}  // namespace sallyport::config
