// One run of the canary, on its worker: what is expected of each target, where to log in, what came of it.
#include <openssl/rand.h>

#include <algorithm>

#include "config/scram_secret.h"
#include "core/control/canary.h"
#include "core/guard/explain.h"

namespace sallyport {

namespace {

constexpr size_t secret_size = 32;

bool is_wanted(const Snapshot& snapshot, const config::Target& target, const std::string& only) {
  return (only.empty() || target.name == only) && guard::has_reply_masks(*snapshot.policy, target);
}

// The listener that leads there from this machine.
std::optional<size_t> listener_of(const Snapshot& snapshot, const config::Target& target) {
  for (size_t i = 0; i < snapshot.listeners.size(); ++i) {
    const config::Listener& listener = *snapshot.listeners[i].listener;
    if (listener.protocol == target.protocol && (listener.target.empty() || listener.target == target.name))
      return i;
  }
  return std::nullopt;
}

// "0.0.0.0:5432" is reached at 127.0.0.1.
void set_address(CanaryAim& aim, const std::string& address) {
  const size_t colon = address.rfind(':');
  aim.host = address.substr(0, colon);
  aim.port = static_cast<uint16_t>(std::stoul(address.substr(colon + 1)));
  if (aim.host.starts_with('[')) aim.host = aim.host.substr(1, aim.host.size() - 2);
  if (aim.host == "0.0.0.0") aim.host = "127.0.0.1";
  if (aim.host == "::") aim.host = "::1";
}

std::string refusal_of(const Snapshot& snapshot, const TargetState& state, std::string_view text) {
  const auto known =
      guard::explain(*snapshot.policy, *state.target, snapshot.canary.groups, *state.plugin->abi, text);
  if (!known) return known.error().text;
  if (known->blocked) return known->blocked->message();
  const guard::Verdict& verdict = known->verdict;
  if (verdict.action == config::Action::allow || verdict.observed) return "";
  const std::string by = verdict.rule == nullptr ? "the target's default" : "rule " + verdict.rule->name;
  return by + (verdict.action == config::Action::approve ? " wants an approval" : " denies it");
}

CanaryTarget unproven_target(const std::string& name, const guard::CanaryPlan& plan) {
  CanaryTarget made{.name = name, .rows = {}};
  for (const guard::Plant& plant : plan.plants) made.rows.push_back({plant.mask->name, plant.what, {}});
  for (const guard::Unprovable& other : plan.unprovable)
    made.rows.push_back(
        {other.mask->name, other.what, {.outcome = CanaryOutcome::unproven, .why = other.why}});
  return made;
}

void explain_rows(CanaryTarget& target, size_t count, const std::string& why) {
  for (size_t i = 0; i < count; ++i) target.rows[i].finding.why = why;
}

CanaryTarget probe_target(const Snapshot& snapshot, const TargetState& state, const CanaryOptions& options,
                          const std::atomic<bool>& stopping) {
  const config::Target& target = *state.target;
  guard::CanaryPlan plan = guard::plan_canary(*snapshot.policy, target, snapshot.canary.groups);
  CanaryTarget made = unproven_target(target.name, plan);
  const size_t count = plan.plants.size();
  if (count == 0) return made;
  const auto listener = listener_of(snapshot, target);
  if (!listener || *listener >= options.addresses.size()) {
    explain_rows(made, count, "no listener leads to it");
    return made;
  }
  if (!options.probe || state.plugin == nullptr) {
    explain_rows(made, count, "the canary does not speak " + target.protocol);
    return made;
  }
  CanaryAim aim;
  aim.protocol = target.protocol;
  set_address(aim, options.addresses[*listener]);
  aim.user = std::string(config::canary_name) + "," + target.name;
  aim.database = !target.database.empty()    ? target.database
                 : !target.databases.empty() ? target.databases.front()
                                             : aim.user;
  aim.tls = snapshot.listeners[*listener].listener->tls.has_value();
  aim.secret = options.key->secret.text();
  aim.plants = std::move(plan.plants);
  aim.refusal = [&](std::string_view text) { return refusal_of(snapshot, state, text); };
  aim.stopping = &stopping;
  std::vector<CanaryFinding> findings = options.probe(aim);
  for (size_t i = 0; i < std::min(count, findings.size()); ++i) made.rows[i].finding = std::move(findings[i]);
  return made;
}

}  // namespace

Result<CanaryKey> CanaryKey::make() {
  std::array<unsigned char, secret_size> bytes{};
  if (RAND_bytes(bytes.data(), bytes.size()) != 1) return fail("OpenSSL has no randomness");
  std::string text;
  for (const unsigned char byte : bytes) {
    constexpr const char* digits = "0123456789abcdef";
    text += {digits[byte >> 4], digits[byte & 15]};
  }
  const Result<config::ScramSecret> verifier = config::make_scram_secret(text);
  CanaryKey key{.secret = SecretBytes(std::string_view(text)), .verifier = verifier ? verifier->text() : ""};
  explicit_bzero(text.data(), text.size());
  explicit_bzero(bytes.data(), bytes.size());
  if (!verifier) return std::unexpected(verifier.error());
  return key;
}

CanaryReport probe_targets(const Snapshot& snapshot, const CanaryOptions& options, const std::string& only,
                           const std::atomic<bool>& stopping) {
  CanaryReport report;
  for (const TargetState& state : snapshot.targets) {
    if (is_wanted(snapshot, *state.target, only))
      report.targets.push_back(probe_target(snapshot, state, options, stopping));
  }
  return report;
}

CanaryReport unproven(const Snapshot& snapshot, const std::string& only, const std::string& why) {
  CanaryReport report;
  for (const TargetState& state : snapshot.targets) {
    if (!is_wanted(snapshot, *state.target, only)) continue;
    const auto plan = guard::plan_canary(*snapshot.policy, *state.target, snapshot.canary.groups);
    report.targets.push_back(unproven_target(state.target->name, plan));
    explain_rows(report.targets.back(), plan.plants.size(), why);
  }
  return report;
}

}  // namespace sallyport
