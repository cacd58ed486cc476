#include "core/control/retention.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>

#include "config/clock.h"
#include "config/file.h"
#include "config/log_limits.h"

namespace sallyport {

namespace {

using ringlog::EraseReport;
using ringlog::SegmentId;

constexpr unsigned state_mode = 0600;
constexpr size_t mark_size_max = 100;
constexpr int look_count = 8;  // in the time that payloads are kept, where that is short

std::string mark_file(const std::string& state_dir) { return state_dir + "/erased"; }

// The last segment that needs no second look; none where nobody knows.
SegmentId read_mark(const std::string& state_dir) {
  const Result<std::string> text = config::read_file(mark_file(state_dir), mark_size_max);
  if (!text) return {};
  const auto id = ringlog::parse_segment_name(std::string_view(*text).substr(0, text->find('\n')));
  return id.value_or(SegmentId{});
}

// `sallyport log erase` takes the same lock.
class FolderLock {
 public:
  explicit FolderLock(const std::string& folder)
      : fd_(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
        is_held_(fd_ >= 0 && flock(fd_, LOCK_EX | LOCK_NB) == 0) {}
  ~FolderLock() {
    if (fd_ >= 0) close(fd_);
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  [[nodiscard]] bool is_held() const { return is_held_; }

 private:
  int fd_;
  bool is_held_;
};

std::string time_text(uint64_t time_ns) {
  const auto seconds = static_cast<time_t>(time_ns / 1'000'000'000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

}  // namespace

Retention::Retention(Options options) : options_(std::move(options)) {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "log-retention");
}

Retention::~Retention() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Retention::run() {
  const uint64_t wait_ms = std::clamp<uint64_t>(options_.age_ms / look_count, limits::retention_min_ms / 4,
                                                limits::retention_look_max_ms);
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    const auto now_ns = static_cast<uint64_t>(wall_ns());
    const uint64_t age_ns = std::min(options_.age_ms, now_ns / 1'000'000) * 1'000'000;
    const uint64_t before_ns = now_ns - age_ns;
    note(erase(before_ns), before_ns);
    lock.lock();
    wake_.wait_for(lock, std::chrono::milliseconds(wait_ms), [this] { return stopping_; });
  }
}

Result<EraseReport> Retention::erase(uint64_t before_ns) {
  const FolderLock lock(options_.directory);
  if (!lock.is_held()) return EraseReport{};  // somebody else is at it; the next look comes
  const SegmentId mark = read_mark(options_.state_dir);
  ringlog::Files& files = ringlog::system_files();
  auto report = ringlog::erase_payloads(files, options_.directory, before_ns, false, mark);
  if (!report) return report;
  // What is old in the segment at hand can be erased once another one is written.
  if (report->kept > 0) options_.roll();
  if (report->complete == mark) return report;
  const auto kept = ringlog::replace_file(files, mark_file(options_.state_dir),
                                          ringlog::segment_name(report->complete) + "\n", state_mode);
  if (!kept) return std::unexpected(kept.error());
  return report;
}

void Retention::note(const Result<EraseReport>& report, uint64_t before_ns) {
  bool was_failing = false;
  {
    const std::lock_guard lock(mutex_);
    was_failing = !error_.empty();
    error_ = report ? "" : report.error().text;
    ++runs_;
    if (report) {
      records_ += report->records;
      bytes_ += report->bytes;
      kept_ = report->kept;
      before_ns_ = before_ns;
      last_ns_ = wall_ns();
    }
  }
  if (!report && !was_failing) {
    options_.say("old payloads cannot be erased: " + report.error().text);
    options_.record(RecordAlarm{.reason = "retention-failed", .detail = report.error().text});
  }
  if (!report || report->records == 0) return;
  options_.record(RecordAdmin{.who = "gateway",
                              .act = "erase",
                              .detail = std::to_string(report->records) + " payloads, " +
                                        std::to_string(report->bytes) + " bytes in " +
                                        std::to_string(report->segments) + " segments, from before " +
                                        time_text(before_ns)});
}

nlohmann::json Retention::status() const {
  const std::lock_guard lock(mutex_);
  return {{"age_s", options_.age_ms / 1000},
          {"looks", runs_},
          {"erased", records_},
          {"erased_bytes", bytes_},
          {"waiting", kept_},
          {"before_ns", before_ns_},
          {"last_ns", last_ns_},
          {"failing", !error_.empty()},
          {"error", error_}};
}

}  // namespace sallyport
