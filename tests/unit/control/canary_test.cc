// When the canary runs and what comes of a run; the lockdowns' file. The probe is the test's.
#include "core/control/canary.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <mutex>
#include <nlohmann/json.hpp>

#include "core/control/lockdown.h"
#include "tests/unit/control/running_control.h"

namespace sallyport {
namespace {

constexpr int64_t second = 1'000'000'000;

// Gives up after a time that only a fault takes.
template <typename Condition>
void until(Condition condition) {
  for (int i = 0; i < 30'000; ++i) {
    if (condition()) return;
    usleep(1000);
  }
  FAIL() << "what was waited for never came";
}

// Two cores that are the test; one target with a mask of e-mail addresses, at a listener that does not
// listen.
class CanaryAlone {
 public:
  explicit CanaryAlone(const std::string& canary = "")
      : key_(*CanaryKey::make()), wake_fd_(eventfd(0, EFD_NONBLOCK)) {
    plugins_["test"] = {.abi = &control_test_plugin(), .path = "test", .digest = ""};
    CanaryOptions options{.key = &key_, .probe = {}, .addresses = {"0.0.0.0:4711"}, .core_count = 2};
    options.probe = [this](const CanaryAim& aim) {
      const std::lock_guard lock(mutex_);
      aims_.push_back(aim.user + "@" + aim.host + ":" + std::to_string(aim.port));
      return std::vector<CanaryFinding>(aim.plants.size(), {.outcome = outcome, .why = "by the test"});
    };
    Canary::Hooks hooks{.barrier = [this](uint64_t number) { barrier = number; },
                        .over =
                            [this](const CanaryReport& report, const Canary::Order& order) {
                              reports.push_back(report);
                              orders.push_back(order.who);
                            }};
    canary_ = std::make_unique<Canary>(std::move(options), std::move(hooks), wake_fd_);
    canary_->on_snapshot(snapshot(canary));
  }
  ~CanaryAlone() {
    canary_.reset();
    close(wake_fd_);
  }
  CanaryAlone(const CanaryAlone&) = delete;
  CanaryAlone& operator=(const CanaryAlone&) = delete;

  Canary* operator->() { return canary_.get(); }

  SnapshotPointer snapshot(const std::string& canary) {
    const std::string more =
        "[[listener]]\nprotocol = \"test\"\naddress = \"0.0.0.0:4711\"\ntls = \"off\"\n"
        "[[mask]]\nname = \"mail\"\ndetect = [\"email\"]\naction = \"redact\"\n" +
        canary;
    auto policy = load_policy(folder_.write("sallyport.toml", RunningControl::config_text(more)), plugins_);
    CHECK(policy.has_value());
    auto made = std::make_shared<Snapshot>();
    made->policy = *policy;
    made->targets.emplace_back().target = &(*policy)->config().targets.front();
    made->targets.back().plugin = &plugins_["test"];
    made->listeners.emplace_back().listener = &(*policy)->config().listeners.front();
    return made;
  }
  void all_cores_answer() {
    const uint64_t number = barrier;
    canary_->on_barrier(number);
    canary_->on_barrier(number);
  }
  void tick_until_over(int64_t now_ns) {
    until([&] {
      canary_->tick(now_ns);
      return !reports.empty();
    });
  }
  std::vector<std::string> aims() {
    const std::lock_guard lock(mutex_);
    return aims_;
  }

  std::atomic<CanaryOutcome> outcome = CanaryOutcome::masked;
  uint64_t barrier = 0;
  std::vector<CanaryReport> reports;
  std::vector<std::string> orders;

 private:
  config::Folder folder_;
  Plugins plugins_;
  CanaryKey key_;
  int wake_fd_;
  std::mutex mutex_;
  std::vector<std::string> aims_;
  std::unique_ptr<Canary> canary_;
};

// A core that has not taken the newest policy yet would seem to leak.
TEST(Canary, PlantsNothingBeforeEveryCoreHasAnswered) {
  CanaryAlone canary;
  nlohmann::json answer;
  canary->ask(
      {.who = "operator", .target = "", .answer = [&](const nlohmann::json& json) { answer = json; }});
  canary->tick(0);
  ASSERT_EQ(canary.barrier, 1u);
  canary->on_barrier(7);  // of another run
  canary->on_barrier(1);
  EXPECT_EQ(canary->status()["running"], true);
  EXPECT_TRUE(canary.aims().empty());
  canary->on_barrier(1);
  canary.tick_until_over(0);
  EXPECT_EQ(canary.aims(), std::vector<std::string>{"sallyport-canary,db@127.0.0.1:4711"});
  EXPECT_EQ(canary.reports[0].count(CanaryOutcome::masked), 1u);
  EXPECT_EQ(answer["masked"], 1);
  EXPECT_EQ(answer["targets"][0]["rows"][0]["what"], "email");
  EXPECT_EQ(canary->status()["last"], "masked");
}

TEST(Canary, ACoreThatNeverAnswersLeavesItUnproven) {
  CanaryAlone canary;
  canary->ask({.who = "operator", .target = "", .answer = {}});
  canary->tick(0);
  canary->on_barrier(1);
  canary->tick(9 * second);
  EXPECT_TRUE(canary.reports.empty());
  canary->tick(11 * second);
  ASSERT_EQ(canary.reports.size(), 1u);
  EXPECT_EQ(canary.reports[0].count(CanaryOutcome::unproven), 1u);
  EXPECT_TRUE(canary.aims().empty());
}

// What came out may be what the new policy shows: the run begins anew, and its first findings count nowhere.
TEST(Canary, APolicyThatChangesMeanwhileIsNoLeak) {
  CanaryAlone canary;
  canary.outcome = CanaryOutcome::leaked;
  canary->ask({.who = "operator", .target = "", .answer = {}});
  canary->tick(0);
  canary.all_cores_answer();
  until([&] { return !canary.aims().empty(); });
  canary->on_snapshot(canary.snapshot(""));
  canary.outcome = CanaryOutcome::masked;
  until([&] {
    canary->tick(0);
    return canary.barrier != 1;
  });
  canary.all_cores_answer();
  canary.tick_until_over(0);
  EXPECT_EQ(canary.aims().size(), 2u);
  ASSERT_EQ(canary.reports.size(), 1u);
  EXPECT_EQ(canary.reports[0].count(CanaryOutcome::leaked), 0u);
  EXPECT_EQ(canary->status()["leaks"], 0);
}

TEST(Canary, RunsAtStartThenAtItsIntervalThenForEachNewPolicy) {
  const std::string interval = "[canary]\ninterval = \"1m\"\n";
  CanaryAlone canary(interval);
  const auto runs = [&canary](int64_t now_ns) {
    const uint64_t before = canary.barrier;
    canary.reports.clear();
    canary->tick(now_ns);
    if (canary.barrier == before) return false;
    canary.all_cores_answer();
    canary.tick_until_over(now_ns);
    return true;
  };
  EXPECT_TRUE(runs(1000 * second));
  EXPECT_FALSE(runs(1059 * second));
  EXPECT_TRUE(runs(1060 * second));
  EXPECT_EQ(canary.orders, (std::vector<std::string>{"interval", "interval"}));
  canary->on_snapshot(canary.snapshot(interval));
  EXPECT_TRUE(runs(1061 * second));
  canary->on_snapshot(canary.snapshot(""));
  EXPECT_FALSE(runs(9000 * second));
}

TEST(Canary, RefusesWhatItCannotDo) {
  CanaryAlone canary;
  std::string error;
  const auto answer = [&error](const nlohmann::json& json) { error = json.value("error", ""); };
  canary->ask({.who = "operator", .target = "dc", .answer = answer});
  EXPECT_NE(error.find("no target \"dc\""), std::string::npos);
  for (int i = 0; i < 17; ++i) canary->ask({.who = "operator", .target = "db", .answer = answer});
  EXPECT_NE(error.find("too many runs"), std::string::npos);
  canary->drain();
  EXPECT_NE(error.find("shutting down"), std::string::npos);
}

TEST(Lockdown, OutlivesTheProcessAndABrokenFileIsAnError) {
  const config::Folder folder;
  EXPECT_TRUE(read_lockdowns(folder.path())->empty());
  const Lockdowns lockdowns = {{"orders-db", "2026-11-23 12:00:00 UTC"}, {"shop", "2026-11-23 13:00:00 UTC"}};
  ASSERT_TRUE(write_lockdowns(folder.path(), lockdowns).has_value());
  EXPECT_EQ(*read_lockdowns(folder.path()), lockdowns);
  ASSERT_TRUE(write_lockdowns(folder.path(), {}).has_value());
  EXPECT_TRUE(read_lockdowns(folder.path())->empty());
  folder.write("lockdowns", "shop\n");
  EXPECT_FALSE(read_lockdowns(folder.path()).has_value());
  std::filesystem::remove(folder.path() / "lockdowns");
  std::filesystem::create_directory(folder.path() / "lockdowns");
  EXPECT_FALSE(read_lockdowns(folder.path()).has_value());
  EXPECT_FALSE(write_lockdowns(folder.path() / "none", lockdowns).has_value());
}

}  // namespace
}  // namespace sallyport
