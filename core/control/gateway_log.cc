// The gateway's log: rings of dead processes are drained first, then the writer's thread runs until the last
// commit.
#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/clock.h"
#include "core/control/gateway.h"
#include "ringlog/recovery.h"
#include "ringlog/root_chain.h"

namespace sallyport {

namespace {

namespace fs = std::filesystem;

uint64_t now_ns() { return static_cast<uint64_t>(wall_ns()); }

// The kernel takes a killed process's mappings down a little after its end, and its rings are locked until
// then.
Result<ringlog::Leftover> find_leftover(const fs::path& ring_dir) {
  constexpr int wait_count = 100;
  for (int i = 0;; ++i) {
    Result<ringlog::Leftover> leftover = ringlog::find_leftover_rings(ring_dir.string());
    if (!leftover || leftover->busy.empty() || i == wait_count) return leftover;
    usleep(50'000);
  }
}

}  // namespace

Result<void> Gateway::open_log() {
  const config::Config& config = snapshot_->policy->config();
  ringlog::Files& files = ringlog::system_files();
  for (const fs::path& folder : {config.log.directory, config.log.ring_dir}) {
    if (Result<void> made = make_folder(folder); !made) return made;
  }
  Result<std::vector<RecordAdmin>> witnessed = check_witnessed(config);
  if (!witnessed) return std::unexpected(std::move(witnessed.error()));
  acts_ = std::move(*witnessed);
  if (Result<void> finished = ringlog::finish_rotation(
          files, config.server.state_dir.string(), config.log.directory.string(), ringlog::system_random());
      !finished)
    return finished;
  Result<ringlog::RootKey> key =
      ringlog::RootKey::load_or_create(files, config.server.state_dir.string(), ringlog::system_random());
  if (!key) return std::unexpected(std::move(key.error()));
  root_key_ = std::make_unique<ringlog::RootKey>(std::move(*key));
  Result<uint64_t> instance = ringlog::next_instance(files, config.log.directory.string(), now_ns());
  if (!instance) return std::unexpected(std::move(instance.error()));
  instance_ = *instance;

  Result<ringlog::Leftover> leftover = find_leftover(config.log.ring_dir);
  if (!leftover) return std::unexpected(std::move(leftover.error()));
  for (const std::string& busy : leftover->busy) say_("a ring of another process, left to it: " + busy);
  for (const std::string& damaged : leftover->damaged) say_("not a ring, left as it is: " + damaged);

  const uint32_t core_count = config.server.worker_count != 0
                                  ? config.server.worker_count
                                  : static_cast<uint32_t>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
  std::vector<ringlog::ByteRing*> pointers;
  for (uint16_t core = 0; core < core_count; ++core) {
    const std::string path = ringlog::ring_path(config.log.ring_dir.string(), instance_, core);
    Result<ringlog::ByteRing> ring = ringlog::ByteRing::create(path, config.log.ring_size, instance_, core);
    if (!ring) return std::unexpected(std::move(ring.error()).in("make the log's ring"));
    rings_.push_back(std::make_unique<ringlog::ByteRing>(std::move(*ring)));
    pointers.push_back(rings_.back().get());
  }
  std::optional<ringlog::SealKey> seal_to;
  if (!config.log.seal_to.empty()) {
    Result<ringlog::SealKey> auditor = ringlog::read_seal_public_key(files, config.log.seal_to.string());
    if (!auditor) return std::unexpected(std::move(auditor.error()).in("[log] seal_to"));
    seal_to = *auditor;
  }
  Result<std::unique_ptr<ringlog::Writer>> opened =
      ringlog::Writer::start(files,
                             {.directory = config.log.directory.string(),
                              .instance = instance_,
                              .segment_size = config.log.segment_size,
                              .quota_size = config.log.quota,
                              .seal_to = seal_to},
                             *root_key_, pointers, ringlog::system_random(), now_ns());
  if (!opened) return std::unexpected(std::move(opened.error()).in("open the log"));
  std::unique_ptr<ringlog::Writer> writer = std::move(*opened);
  for (const ringlog::ByteRing& ring : leftover->rings) {
    Result<uint64_t> count = writer->recover(ring, now_ns());
    if (!count) return std::unexpected(std::move(count.error()).in("bring " + ring.path() + " into the log"));
    say_("a gateway ended without its last word: " + std::to_string(*count) +
         " records brought into the log");
    unlink(ring.path().c_str());
  }
  log_ = std::make_unique<ringlog::WriterThread>(std::move(writer),
                                                 [this](const ringlog::WriterThread& log) { on_log(log); });
  return {};
}

Result<void> Gateway::open_log_keepers() {
  const config::Config& config = snapshot_->policy->config();
  const auto record = [control = control_.get()](ToCore message) {
    control->post_record(std::move(message));
  };
  if (config.log.witness.is_wanted()) {
    witness_ = std::make_unique<Witness>(Witness::Options{
        .config = &config, .head = [this] { return log_->head(); }, .say = say_, .record = record});
  }
  if (config.log.retention_ms != 0) {
    retention_ = std::make_unique<Retention>(Retention::Options{.directory = config.log.directory.string(),
                                                                .state_dir = config.server.state_dir.string(),
                                                                .age_ms = config.log.retention_ms,
                                                                .roll = [this] { log_->roll(); },
                                                                .say = say_,
                                                                .record = record});
  }
  return {};
}

nlohmann::json Gateway::log_state() const {
  const ringlog::Head head = log_->head();
  const ringlog::Writer::Totals totals = log_->totals();
  nlohmann::json all = {
      {"failing", log_->failing()},     {"directory", snapshot_->policy->config().log.directory.string()},
      {"head", ringlog::to_text(head)}, {"head_ns", head.time_ns},
      {"records", totals.records},      {"failures", totals.failures}};
  if (witness_) all["witness"] = witness_->status();
  if (retention_) all["retention"] = retention_->status();
  return all;
}

// On the writer's thread.
void Gateway::on_log(const ringlog::WriterThread& log) {
  const bool failing = log.failing();
  if (std::exchange(log_said_failing_, failing) == failing) return;
  say_(failing ? "the log fails, traffic stops: " + log.error_text()
               : "the log is whole again, traffic goes on");
}

void Gateway::close_log() {
  if (!log_) return;
  const Result<void> closed = log_->stop();
  if (witness_) witness_->push_last(log_->head());
  log_.reset();
  if (!closed) {
    // The rings keep what the log did not take; the next start brings it in.
    say_("the log could not be closed: " + closed.error().text);
    return;
  }
  for (const auto& ring : rings_) unlink(ring->path().c_str());
  rmdir(snapshot_->policy->config().log.ring_dir.c_str());  // stays where another's rings stand in it
}

}  // namespace sallyport
