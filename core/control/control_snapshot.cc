// The snapshot in force: a new one at a reload, at a changed secret, at names that lead elsewhere.
#include <nlohmann/json.hpp>

#include "config/check.h"
#include "config/clock.h"
#include "core/control/control.h"

namespace sallyport {

namespace {

constexpr int64_t resolve_interval_ns = 60'000'000'000;

}  // namespace

// The whole new world or nothing: the old one serves on until the new one stands.
void Control::reload(const std::string& who, Reply reply) {
  if (std::exchange(reloading_, true)) return reply({{"ok", false}, {"error", "a reload is under way"}});
  const bool taken = workers_->submit([this, who, reply, old = snapshot_]() -> Workers::Done {
    const std::lock_guard lock(build_mutex_);
    std::expected<SnapshotPointer, Problems> made =
        load_snapshot(options_.config_file, *options_.plugins, Purpose::reload, old->canary.secret);
    if (made) {
      const auto& old_listeners = old->policy->config().listeners;
      const auto& new_listeners = (*made)->policy->config().listeners;
      bool same = old_listeners.size() == new_listeners.size();
      for (size_t i = 0; same && i < old_listeners.size(); ++i) {
        same = old_listeners[i].address.text() == new_listeners[i].address.text() &&
               old_listeners[i].protocol == new_listeners[i].protocol;
      }
      if (!same) {
        made = std::unexpected(
            Problems{{{options_.config_file.string(), 1},
                      "listeners cannot be added, removed or moved by a reload: restart for that"}});
      }
    }
    return [this, who, reply, made = std::move(made)]() mutable {
      reloading_ = false;
      if (made) {
        publish(std::move(*made), "reload", who);
        return reply({{"ok", true}, {"version", snapshot_->policy->version()}});
      }
      nlohmann::json problems = nlohmann::json::array();
      std::string first;
      for (const config::Problem& problem : made.error()) {
        problems.push_back(problem.place.text() + ": " + problem.text);
        if (first.empty()) first = problems.back();
      }
      record_admin(who, "reload-refused", first);
      reply({{"ok", false},
             {"error", "the new configuration has problems; the old one stays in force"},
             {"problems", problems}});
    };
  });
  if (taken) return;
  reloading_ = false;
  reply({{"ok", false}, {"error", "the gateway is too busy; try again"}});
}

void Control::publish(SnapshotPointer snapshot, const std::string& reason, const std::string& who) {
  const bool is_news = snapshot != snapshot_;
  snapshot_ = std::move(snapshot);
  canary_->on_snapshot(snapshot_);
  if (http_) http_->change(snapshot_->admin_tls, http_names());
  guesses_.configure(snapshot_->policy->config().server.failed_login_count_max);
  credentials_->on_snapshot(snapshot_);
  webhooks_->configure(snapshot_->policy->config().webhooks);
  issuers_->configure(snapshot_->policy->config().issuers, {wall_ns(), steady_ns()});
  if (reason != "addresses" && reason != "secrets") {
    send(0, RecordPolicy{.text = snapshot_->policy->config().text, .reason = reason});
    record_admin(who, reason, "policy version " + std::to_string(snapshot_->policy->version()));
  }
  if (is_news && reason != "addresses") end_old_approvals();
  for (uint16_t core = 0; is_news && core < outboxes_.size(); ++core)
    send(core, SnapshotChanged{.snapshot = snapshot_});
  if (is_news && reason != "addresses" && reason != "secrets") review_grants();
}

void Control::resolve_again() {
  if (wall_ns() - resolved_ns_ < resolve_interval_ns || reloading_) return;
  resolved_ns_ = wall_ns();
  const SnapshotPointer old = snapshot_;
  (void)workers_->submit([this, old]() -> Workers::Done {
    bool changed = false;
    for (const TargetState& state : old->targets) {
      std::vector<Address> fresh;
      bool complete = true;
      for (const config::Address& address : state.target->addresses) {
        Result<std::vector<Address>> found = resolve(address);
        complete &= found.has_value();
        if (found) fresh.insert(fresh.end(), found->begin(), found->end());
      }
      // A name server that fails does not take away addresses that worked.
      changed |= complete && fresh != state.addresses;
    }
    if (!changed) return [] {};
    const std::lock_guard lock(build_mutex_);
    auto made = build_snapshot(old->policy, *options_.plugins, Purpose::refresh, old->canary.secret);
    return [this, old, made = std::move(made)]() mutable {
      if (made && snapshot_ == old) publish(std::move(*made), "addresses", "gateway");
    };
  });
}

}  // namespace sallyport
