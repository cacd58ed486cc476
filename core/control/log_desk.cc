#include "core/control/log_desk.h"

#include "config/clock.h"
#include "config/file.h"
#include "config/log_limits.h"
#include "core/control/answers.h"
#include "core/control/bounded_files.h"
#include "ringlog/keys.h"
#include "ringlog/verify.h"
#include "ringlog/witness_head.h"

namespace sallyport {

namespace {

using nlohmann::json;

constexpr int64_t ns_per_ms = 1'000'000;

json report_json(const ringlog::VerifyReport& report) {
  json all = {{"ok", report.whole()},
              {"records", report.records},
              {"segments", report.segments},
              {"instances", report.instances},
              {"erased", report.erased},
              {"heads", report.heads},
              {"head", ringlog::to_text(report.head)}};
  if (report.fault)
    all["fault"] = {{"kind", ringlog::name_of(report.fault->kind)},
                    {"file", report.fault->file},
                    {"offset", report.fault->offset},
                    {"text", report.fault->text}};
  return all;
}

Result<std::vector<ringlog::Head>> heads_of(const std::string& witness) {
  if (witness.empty()) return std::vector<ringlog::Head>();
  Result<std::string> text = config::read_file(witness, limits::witness_file_size_max);
  if (!text) return std::unexpected(std::move(text.error()));
  return ringlog::find_heads(*text);
}

// A log that is written while it is read may be seen with a head that is not in it yet: heads are read first.
json prove(ringlog::Files& files, const LogDeskOptions& options) {
  const int64_t begun_ns = wall_ns();
  auto heads = heads_of(options.witness);
  const auto key = ringlog::read_public_key(ringlog::system_files(), options.public_key);
  json all;
  if (!heads || !key) {
    all = {{"ok", false}, {"error", heads ? key.error().text : heads.error().text}};
  } else if (auto report = ringlog::verify(files, options.directory, *key, std::move(*heads)); report) {
    all = report_json(*report);
  } else {
    all = {{"ok", false}, {"error", report.error().text}};
  }
  all["begun_ns"] = begun_ns;
  all["ended_ns"] = wall_ns();
  return all;
}

}  // namespace

LogDesk::LogDesk(LogDeskOptions options)
    : options_(std::move(options)),
      due_ns_(steady_ns() + int64_t{limits::log_verify_interval_ms} * ns_per_ms),
      readers_(limits::log_reader_count_max, limits::log_reader_wait_count_max, options_.wake_fd),
      verifier_(1, 1, options_.wake_fd) {}

LogDesk::~LogDesk() { stopping_ = true; }

void LogDesk::ask(Read read, Reply reply) {
  const int64_t deadline_ns = steady_ns() + int64_t{limits::log_read_timeout_ms} * ns_per_ms;
  const bool taken = readers_.submit([this, deadline_ns, read = std::move(read), reply]() -> Workers::Done {
    BoundedFiles files(deadline_ns, stopping_);
    auto answer = std::make_shared<json>(read(files, options_.directory));
    return [reply, answer] { reply(*answer); };
  });
  if (!taken) reply(refuse("too many are reading the log: try again", 503));
}

bool LogDesk::verify() {
  if (is_verifying_) return false;
  is_verifying_ = true;
  due_ns_ = steady_ns() + int64_t{limits::log_verify_interval_ms} * ns_per_ms;
  const bool taken = verifier_.submit([this]() -> Workers::Done {
    BoundedFiles files(INT64_MAX, stopping_);
    auto found = std::make_shared<json>(prove(files, options_));
    return [this, found] {
      is_verifying_ = false;
      found_ = std::move(*found);
      options_.on_verified(found_);
    };
  });
  is_verifying_ = taken;
  return taken;
}

json LogDesk::verification() const {
  json all = {{"running", is_verifying_}};
  if (!found_.empty()) all["last"] = found_;
  return all;
}

void LogDesk::run(int64_t now_ns) {
  readers_.collect();
  verifier_.collect();
  if (now_ns >= due_ns_) (void)verify();
}

}  // namespace sallyport
