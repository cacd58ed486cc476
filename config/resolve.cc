#include <algorithm>
#include <functional>

#include "config/limits.h"
#include "config/loader.h"
#include "config/pattern.h"
#include "config/quantity.h"

namespace sallyport::config {
namespace {

bool share(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::ranges::any_of(a,
                             [&b](const std::string& item) { return std::ranges::find(b, item) != b.end(); });
}

struct Names {
  std::vector<std::string> targets;
  std::vector<std::string> groups;  // that somebody has
};

class Resolver {
 public:
  explicit Resolver(Loader& loader)
      : config_(loader.config),
        problems_(loader.problems),
        plugins_missing_at_(loader.plugins_missing_at),
        has_all_users_(loader.has_all_users) {
    for (const Target& target : config_.targets) names_.targets.push_back(target.name);
    std::set<std::string> groups;
    for (const User& user : config_.users) groups.insert(user.groups.begin(), user.groups.end());
    for (const Listener& listener : config_.listeners)
      groups.insert(listener.groups.begin(), listener.groups.end());
    names_.groups.assign(groups.begin(), groups.end());
  }

  void run() {
    const size_t problem_count = problems_.count();
    twice(config_.users, "user");
    has_all_users_ = has_all_users_ && problems_.count() == problem_count;
    twice(config_.issuers, "oidc");
    twice(config_.vaults, "vault");
    twice(config_.webhooks, "webhook");
    twice(config_.targets, "target");
    twice(config_.detectors, "detector");
    twice(config_.masks, "mask");
    twice(config_.rules, "rule");
    if (names_.groups.size() > limits::policy_group_count_max) {
      problems_.add(config_.users.back().place, "the users have more than 1024 groups");
    }
    check_plugins_are_named();
    for (const Listener& listener : config_.listeners) check(listener);
    for (const Target& target : config_.targets) check(target);
    for (const Mask& mask : config_.masks) {
      const std::string where = "mask " + in_quotes(mask.name);
      check_targets(mask.place, where, mask.targets);
      check_groups(mask.place, where + ": except", mask.except);
    }
    check_token_keys();
    check_groups(config_.canary.place, "[canary]: groups", config_.canary.groups);
    for (const Rule& rule : config_.rules) check(rule);
    for (const Webhook& webhook : config_.webhooks) check(webhook);
  }

 private:
  template <typename T>
  void twice(const std::vector<T>& items, const char* kind) {
    if (items.size() > limits::config_entry_count_max) {
      problems_.add(items.back().place, std::string("more than 10000 of [[") + kind + "]]");
      return;
    }
    std::map<std::string, const T*> seen;
    for (const T& item : items) {
      const auto [first, added] = seen.emplace(item.name, &item);
      if (added || item.name.empty()) continue;
      problems_.add(item.place, std::string(kind) + " " + in_quotes(item.name) +
                                    " has the name of the one at " + first->second->place.text() +
                                    ": give it another");
    }
  }

  [[nodiscard]] bool has_plugin(const std::string& protocol) const {
    return protocol == opaque_protocol ||
           std::ranges::find(config_.server.plugins, protocol) != config_.server.plugins.end();
  }

  void check_plugins_are_named() {
    const bool needs_none = !config_.targets.empty() &&
                            std::ranges::all_of(config_.targets, &Target::is_opaque) &&
                            std::ranges::all_of(config_.listeners, &Listener::is_opaque);
    if (plugins_missing_at_ && !needs_none)
      problems_.add(*plugins_missing_at_, "[server]: plugins is missing: write plugins = [\"postgresql\"]");
  }

  void check_plugin(const Place& place, const std::string& where, const std::string& protocol) {
    if (protocol.empty() || protocol == opaque_protocol) return;
    if (config_.server.plugins.empty() || has_plugin(protocol)) return;
    problems_.add(place, where + ": no plugin " + in_quotes(protocol) +
                             did_you_mean(protocol, config_.server.plugins) +
                             ": add it to plugins in [server]");
  }

  void check(const Listener& listener) {
    const std::string where = "listener " + listener.address.text();
    check_plugin(listener.place, where, listener.protocol);
    if (listener.target.empty()) return;
    const auto target = std::ranges::find(config_.targets, listener.target, &Target::name);
    if (target == config_.targets.end()) {
      problems_.add(listener.place, where + ": no target " + in_quotes(listener.target) +
                                        did_you_mean(listener.target, names_.targets));
    } else if (has_plugin(target->protocol) && has_plugin(listener.protocol) &&
               target->protocol != listener.protocol) {
      problems_.add(listener.place,
                    where + " speaks " + listener.protocol + ", its target " + target->protocol);
    } else if (listener.is_opaque()) {
      check_callers(listener, *target, where);
    }
  }

  // Somebody must be able to pass: the listener's groups, or a user known by a certificate.
  void check_callers(const Listener& listener, const Target& target, const std::string& where) {
    const auto may_pass = [&target](const User& user) {
      return !user.certificate.empty() && share(user.groups, target.allow);
    };
    if (share(listener.groups, target.allow) || !has_all_users_) return;
    if (listener.tls && std::ranges::any_of(listener.tls->clients.groups, [&target](const auto& one) {
          return share(one.second, target.allow);
        }))
      return;
    if (listener.tls && !listener.tls->client_ca.empty() && std::ranges::any_of(config_.users, may_pass))
      return;
    problems_.add(listener.place,
                  where + ": nobody could ever pass: allow of its target " + in_quotes(target.name) +
                      " names no group of this listener, nor of a user with certificate = \"…\"");
  }

  // Nothing that needs the bytes read can hold where nobody reads them, and must not seem to.
  void check_opaque(const Target& target, const std::string& where) {
    const auto is_its_own = [&target](const Listener& listener) {
      return listener.is_opaque() && listener.target == target.name;
    };
    if (std::ranges::none_of(config_.listeners, is_its_own)) {
      problems_.add(target.place,
                    where +
                        ": no listener leads to it: add [[listener]] with protocol = \"tcp\" and "
                        "target = " +
                        in_quotes(target.name));
    }
    const auto refuse = [&](const Place& place, const std::string& what, const char* verb) {
      problems_.add(place, what + " covers " + where + ", whose bytes nobody reads and so cannot " + verb +
                               ": write targets = [\"…\"] without it");
    };
    for (const Mask& mask : config_.masks) {
      if (covers(mask.targets, target.name)) refuse(mask.place, "mask " + in_quotes(mask.name), "mask");
    }
    for (const Rule& rule : config_.rules) {
      if (covers(rule.targets, target.name)) refuse(rule.place, "rule " + in_quotes(rule.name), "judge");
    }
  }

  void check(const Target& target) {
    const std::string where = "target " + in_quotes(target.name);
    check_plugin(target.place, where, target.protocol);
    check_groups(target.place, where + ": allow", target.allow);
    if (target.is_opaque()) check_opaque(target, where);
    if (target.on_request.is_offered()) check_on_request(target, where);
    for (const Login& login : target.logins) check_vault(login, where);
    const auto applies = [&target](const Mask& mask) { return covers(mask.targets, target.name); };
    if (std::ranges::count_if(config_.masks, applies) > static_cast<long>(limits::target_mask_count_max)) {
      problems_.add(target.place, where + " has more than 64 masks");
    }
  }

  // As a rule that pauses the opening itself.
  void check_on_request(const Target& target, const std::string& where) {
    const OnRequest& offer = target.on_request;
    const std::string at = where + ": on_request";
    check_groups(offer.place, at + ": groups", offer.groups);
    check_approvers(at, offer.place, offer.approvers_place, offer.approvers, offer.terms,
                    [&offer](const User& user) { return share(user.groups, offer.groups); });
  }

  void check_vault(const Login& login, const std::string& where) {
    const std::string& name = login.credential.vault;
    if (name.empty() || std::ranges::find(config_.vaults, name, &Vault::name) != config_.vaults.end()) return;
    problems_.add(login.place, where + ": logins." + login.name + ": no vault " + in_quotes(name));
  }

  // Two masks may share a key; one id for two secrets would make tokens that mean nothing.
  void check_token_keys() {
    std::map<std::string, const TokenKey*> seen;
    for (const Mask& mask : config_.masks) {
      const TokenKey& key = mask.token_key;
      if (key.id.empty()) continue;
      const auto [first, added] = seen.emplace(key.id, &key);
      const Secret& other = first->second->secret;
      if (!added && (other.source != key.secret.source || other.name != key.secret.name)) {
        problems_.add(key.place, "mask " + in_quotes(mask.name) + ": token_key " + in_quotes(key.id) +
                                     " has another secret at " + first->second->place.text() +
                                     ": give it another id");
      }
      if (added && seen.size() == limits::token_key_count_max + 1)
        problems_.add(key.place, "more than 64 token keys");
    }
  }

  void check(const Rule& rule) {
    const std::string where = "rule " + in_quotes(rule.name);
    check_targets(rule.place, where, rule.targets);
    check_groups(rule.place, where + ": groups", rule.groups);
    if (rule.action != Action::approve) return;
    check_approvers(where, rule.place, rule.approvers_place, rule.approvers, rule.terms,
                    [&](const User& user) { return may_ask(rule, user); });
  }

  void check(const Webhook& webhook) {
    const std::string where = "webhook " + in_quotes(webhook.name);
    check_groups(webhook.place, where + ": groups", webhook.groups);
    for (const auto& [sender, name] : webhook.senders) {
      if (std::ranges::find(config_.users, name, &User::name) == config_.users.end())
        problems_.add(webhook.place, where + ": senders: no [[user]] " + in_quotes(name) + " for " +
                                         in_quotes(sender) + ": a sender answers as a user of this config");
    }
  }

  // All who could say yes to what `requester` asks, a person once; null: to what none of them asks.
  std::vector<Voter> voters_for(const User* requester) const {
    std::vector<Voter> voters;
    for (const User& user : config_.users) {
      const std::vector<std::string> persons = user.persons();
      if (requester && same_person(persons, requester->persons())) continue;
      const auto same = std::ranges::find_if(
          voters, [&persons](const Voter& one) { return same_person(one.persons, persons); });
      Voter& voter = same == voters.end() ? voters.emplace_back() : *same;
      voter.persons.insert(voter.persons.end(), persons.begin(), persons.end());
      voter.groups.insert(voter.groups.end(), user.groups.begin(), user.groups.end());
    }
    return voters;
  }

  // The requester cannot approve, so others must be able to.
  void check_approvers(const std::string& where, const Place& place, const Place& approvers_place,
                       const std::vector<std::string>& approvers, const ApprovalTerms& terms,
                       const std::function<bool(const User&)>& asks) {
    const size_t count = check_groups(place, where + ": approvers", approvers);
    const size_t later_count = check_groups(approvers_place, where + ": escalate", terms.escalate_to);
    const bool known = count == approvers.size() && later_count == terms.escalate_to.size();
    if (count == 0 || !known || !has_all_users_) return;
    const bool escalates = terms.escalate_ms != 0;
    if (!enough(terms, voters_for(nullptr), escalates)) {
      return problems_.add(approvers_place, where +
                                                ": nobody could ever approve: the users have fewer different "
                                                "persons in these groups than must say yes");
    }
    bool has_requester = false;
    for (const User& requester : config_.users) {
      if (!asks(requester)) continue;
      has_requester = true;
      if (enough(terms, voters_for(&requester), escalates)) return;
    }
    if (has_requester)
      problems_.add(place,
                    where +
                        ": nobody could ever approve: without who asks, who cannot approve, too few are "
                        "left among the approvers");
  }

  bool may_ask(const Rule& rule, const User& user) const {
    if (!rule.groups.empty() && !share(user.groups, rule.groups)) return false;
    return std::ranges::any_of(config_.targets, [&](const Target& target) {
      return covers(rule.targets, target.name) &&
             (share(user.groups, target.allow) || share(user.groups, target.on_request.groups));
    });
  }

  static bool covers(const std::vector<std::string>& patterns, const std::string& name) {
    return patterns.empty() || std::ranges::any_of(patterns, [&name](const std::string& pattern) {
             return glob_match(pattern, name);
           });
  }

  void check_targets(const Place& place, const std::string& where, const std::vector<std::string>& patterns) {
    for (const std::string& pattern : patterns) {
      const auto hits = [&pattern](const std::string& name) { return glob_match(pattern, name); };
      if (std::ranges::any_of(names_.targets, hits)) continue;
      problems_.add(place,
                    where + ": no target " + in_quotes(pattern) + did_you_mean(pattern, names_.targets));
    }
  }

  // Returns how many of them somebody has.
  size_t check_groups(const Place& place, const std::string& where, const std::vector<std::string>& groups) {
    size_t count = 0;
    for (const std::string& group : groups) {
      if (std::ranges::binary_search(names_.groups, group)) {
        ++count;
      } else if (has_all_users_) {
        problems_.add(place, where + ": no user has the group " + in_quotes(group) +
                                 did_you_mean(group, names_.groups));
      }
    }
    return count;
  }

  const Config& config_;
  Problems& problems_;
  std::optional<Place> plugins_missing_at_;
  bool has_all_users_;
  Names names_;
};

}  // namespace

void resolve(Loader& loader) { Resolver(loader).run(); }

}  // namespace sallyport::config
