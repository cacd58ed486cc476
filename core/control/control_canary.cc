// What the control thread does with the canary: has it run, raises the alarm, closes what leaks and opens it
// again.
#include <time.h>

#include <nlohmann/json.hpp>

#include "config/clock.h"
#include "core/control/control.h"
#include "core/control/lockdown.h"

namespace sallyport {

namespace {

using nlohmann::json;

constexpr const char* alarm_reason = "masked-value-leaked";

std::string time_text() {
  const time_t now = time(nullptr);
  tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts);
  return text;
}

// Names of masks and detectors only, never what came out.
std::string leaks_text(const CanaryTarget& target) {
  std::string text;
  for (const CanaryRow& row : target.rows) {
    if (row.finding.outcome != CanaryOutcome::leaked) continue;
    text += (text.empty() ? "" : "; ") + ("mask " + row.mask) + ": " + row.what + " " + row.finding.why;
  }
  return text;
}

std::string summary_of(const CanaryReport& report) {
  return std::to_string(report.targets.size()) +
         " targets: " + std::to_string(report.count(CanaryOutcome::masked)) + " masked, " +
         std::to_string(report.count(CanaryOutcome::leaked)) + " leaked, " +
         std::to_string(report.count(CanaryOutcome::unproven)) + " not proven";
}

}  // namespace

void Control::open_canary(CanaryOptions options) {
  options.core_count = outboxes_.size();
  Canary::Hooks hooks;
  hooks.barrier = [this](uint64_t number) {
    for (uint16_t core = 0; core < outboxes_.size(); ++core) send(core, Barrier{.number = number});
  };
  hooks.over = [this](const CanaryReport& report, const Canary::Order& order) {
    on_canary(report, order.who);
  };
  canary_ = std::make_unique<Canary>(std::move(options), std::move(hooks), wake_fd_);
  canary_->on_snapshot(snapshot_);
}

void Control::tick_canary() { canary_->tick(steady_ns()); }

void Control::on_canary(const CanaryReport& report, const std::string& who) {
  const bool locks = snapshot_->policy->config().canary.lockdown;
  bool is_news = false;
  for (const CanaryTarget& target : report.targets) {
    if (target.count(CanaryOutcome::leaked) == 0) continue;
    const std::string text = "target " + target.name + ": " + leaks_text(target);
    send(0, RecordAlarm{.reason = alarm_reason, .detail = text});
    tell_alarm("the canary's fake values came out unmasked: " + text);
    options_.say("ALARM: the canary's fake values came out unmasked: " + text);
    if (!locks || lockdowns_.contains(target.name)) continue;
    lockdowns_[target.name] = time_text();
    is_news = true;
    record_admin("gateway", "lockdown", "target " + target.name);
    options_.say("target " + target.name + " is locked down; `sallyport canary --unlock " + target.name +
                 "` opens it again");
  }
  if (is_news) change_lockdowns();
  const size_t unproven = report.count(CanaryOutcome::unproven);
  if (unproven > 0 && who == "interval")
    options_.say("the canary could not prove " + std::to_string(unproven) +
                 " masks; `sallyport canary` says why");
  record_admin(who, "canary", summary_of(report));
}

// In force before it is on disk; a disk that fails does not open anything.
void Control::change_lockdowns() {
  for (uint16_t core = 0; core < outboxes_.size(); ++core)
    send(core, LockdownChanged{.lockdowns = lockdowns_});
  const Result<void> written = write_lockdowns(snapshot_->policy->config().server.state_dir, lockdowns_);
  if (!written)
    options_.say("lockdowns are in force but would not outlive a restart: " + written.error().text);
}

void Control::ask_canary(const std::string& who, const json& request, const Reply& reply) {
  const auto target = request.find("target");
  const bool names = target != request.end() && target->is_string();
  canary_->ask({.who = who, .target = names ? target->get<std::string>() : "", .answer = reply});
}

json Control::unlock(const std::string& who, const json& request) {
  const auto target = request.find("target");
  const std::string name = target != request.end() && target->is_string() ? target->get<std::string>() : "";
  if (lockdowns_.erase(name) == 0) {
    return {{"ok", false},
            {"error", "no target \"" + name + "\" is locked down; `sallyport status` lists them"}};
  }
  record_admin(who, "unlock", "target " + name);
  change_lockdowns();
  return {{"ok", true}};
}

json Control::canary_status() const {
  json all = canary_->status();
  json locked = json::array();
  for (const auto& [target, since] : lockdowns_) locked.push_back({{"target", target}, {"since", since}});
  all["locked"] = locked;
  return all;
}

}  // namespace sallyport
