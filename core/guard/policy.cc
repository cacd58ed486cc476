#include "core/guard/policy.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "config/check.h"
#include "core/guard/policy_tables.h"

namespace sallyport::guard {

namespace {

uint64_t fingerprint_of(const std::string& text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  CHECK(EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1);
  uint64_t out = 0;
  for (size_t i = 0; i < sizeof out; ++i) out = out << 8 | digest[i];
  return out;
}

}  // namespace

Policy::Policy(std::unique_ptr<const PolicyTables> tables)
    : tables_(std::move(tables)), fingerprint_(fingerprint_of(tables_->config.text)) {}
Policy::~Policy() = default;

const config::Config& Policy::config() const { return tables_->config; }
const std::vector<config::TokenKey>& Policy::token_keys() const { return tables_->token_keys; }
uint64_t Policy::version() const { return tables_->version; }

const config::User* Policy::user(std::string_view name) const {
  const auto found = tables_->users.find(name);
  return found == tables_->users.end() ? nullptr : found->second;
}

const config::Target* Policy::target(std::string_view name) const {
  const auto found = tables_->target_indexes.find(name);
  return found == tables_->target_indexes.end() ? nullptr : &tables_->config.targets[found->second];
}

bool Policy::may_open(const config::Target& target, std::span<const std::string> groups) const {
  const TargetTable* table = tables_->find(target);
  return table != nullptr && (table->allow & tables_->group_set(groups)).any();
}

bool Policy::may_request(const config::Target& target, std::span<const std::string> groups) const {
  const TargetTable* table = tables_->find(target);
  return table != nullptr && (table->requesters & tables_->group_set(groups)).any();
}

Verdict Policy::judge(const config::Target& target, std::span<const std::string> groups,
                      std::span<const sp_command> commands) const {
  const TargetTable* table = tables_->find(target);
  if (table == nullptr) return {};
  const GroupSet who = tables_->group_set(groups);
  if (commands.empty()) {
    sp_command nothing{};
    nothing.size = sizeof nothing;
    nothing.verb = {unparsed_verb.data(), unparsed_verb.size()};
    return table->judge(who, nothing);
  }
  Verdict worst = table->judge(who, commands.front());
  for (const sp_command& command : commands.subspan(1)) {
    if (worst.action == config::Action::deny) break;
    const Verdict verdict = table->judge(who, command);
    if (verdict.action > worst.action) worst = verdict;
  }
  return worst;
}

Verdict TargetTable::judge(const GroupSet& who, const sp_command& command) const {
  for (const RuleMatcher* matcher : rules) {
    if (matcher->look(who, command).matched()) return {matcher->rule->action, matcher->rule, target->observe};
  }
  const bool is_unparsed =
      command.verb.size == 0 || config::equal_ignoring_case(view(command.verb), unparsed_verb);
  return {is_unparsed ? config::Action::deny : target->default_action, nullptr, target->observe};
}

GroupSet PolicyTables::group_set(std::span<const std::string> names) const {
  GroupSet set;
  for (const std::string& name : names) {
    const auto found = std::ranges::lower_bound(groups, name);
    if (found != groups.end() && *found == name) set.set(static_cast<size_t>(found - groups.begin()));
  }
  return set;
}

const TargetTable* PolicyTables::find(const config::Target& target) const {
  const config::Target* begin = config.targets.data();
  if (std::less_equal<>()(begin, &target) && std::less<>()(&target, begin + config.targets.size())) {
    return &targets[static_cast<size_t>(&target - begin)];
  }
  const auto found = target_indexes.find(target.name);
  return found == target_indexes.end() ? nullptr : &targets[found->second];
}

}  // namespace sallyport::guard
