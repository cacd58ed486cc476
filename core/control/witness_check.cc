// At start: whether the log on the disk extends what was witnessed of it.
#include <errno.h>

#include <algorithm>
#include <map>

#include "config/clock.h"
#include "config/log_limits.h"
#include "core/control/witness.h"
#include "core/control/witness_kept.h"
#include "ringlog/witness_head.h"

namespace sallyport {

namespace {

namespace fs = std::filesystem;
using ringlog::Head;

constexpr unsigned state_mode = 0600;

fs::path kept_file(const config::Config& config) { return config.server.state_dir / "witnessed"; }
fs::path accepted_file(const config::Config& config) { return config.server.state_dir / "witness-accepted"; }

// The end of a file, from the beginning of a line; empty where there is no such file.
Result<std::string> last_lines(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error == std::errc::no_such_file_or_directory) return "";
  if (error) return fail_errno("read " + path.string(), error.value());
  const uint64_t from = size > limits::witness_line_size_max ? size - limits::witness_line_size_max : 0;
  auto bytes = ringlog::system_files().read(path.string(), from, limits::witness_line_size_max);
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  std::string text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  if (from > 0) text.erase(0, std::min(text.find('\n'), text.size() - 1) + 1);
  return text;
}

// The last head that a file holds, if it holds one.
Result<std::optional<Head>> last_head(const fs::path& path) {
  Result<std::string> text = last_lines(path);
  if (!text) return std::unexpected(std::move(text.error()));
  Result<std::vector<Head>> heads = ringlog::find_heads(*text);
  if (!heads) return std::unexpected(std::move(heads.error()).in(path.string()));
  return heads->empty() ? std::nullopt : std::optional<Head>(heads->back());
}

// By the head's text: who accepted that it is lost, and why.
Result<std::map<std::string, std::string>> read_accepted(const config::Config& config) {
  std::map<std::string, std::string> accepted;
  Result<std::string> text = last_lines(accepted_file(config));
  if (!text) return std::unexpected(std::move(text.error()));
  for (size_t begin = 0; begin < text->size();) {
    const size_t end = std::min(text->find('\n', begin), text->size());
    const std::string line = text->substr(begin, end - begin);
    const size_t tab = line.find('\t');
    if (tab != line.npos) accepted[line.substr(0, tab)] = line.substr(tab + 1);
    begin = end + 1;
  }
  return accepted;
}

std::string refusal(const config::Config& config, const LostHead& lost) {
  return "the log in " + config.log.directory.string() + " lacks what was witnessed in " + lost.kept_in +
         " (" + ringlog::to_text(lost.head) + "): " + lost.why +
         ". It was cut, rolled back or replaced. Put the log back that ends there or later, and run "
         "`sallyport "
         "log verify --witness " +
         lost.kept_in +
         "`; or, where it is lost for good and you know why, keep that file as evidence and run `sallyport "
         "log "
         "accept --reason \"…\"`, which is a record";
}

}  // namespace

Result<void> keep_witnessed(const config::Config& config, const Head& head) {
  auto kept = ringlog::replace_file(ringlog::system_files(), kept_file(config).string(),
                                    ringlog::to_text(head) + "\n", state_mode);
  std::error_code ignored;
  if (kept) fs::remove(accepted_file(config), ignored);
  return kept;
}

Result<std::vector<LostHead>> find_lost_heads(const config::Config& config) {
  std::vector<LostHead> lost;
  std::vector<fs::path> files = {kept_file(config)};
  if (!config.log.witness.file.empty()) files.push_back(config.log.witness.file);
  for (const fs::path& file : files) {
    Result<std::optional<Head>> head = last_head(file);
    if (!head)
      return std::unexpected(
          std::move(head.error())
              .in("what was witnessed of the log cannot be looked at, so nothing proves it whole"));
    if (!*head) continue;
    const Result<void> there =
        ringlog::check_head(ringlog::system_files(), config.log.directory.string(), **head);
    if (!there) lost.push_back({.head = **head, .kept_in = file.string(), .why = there.error().text});
  }
  return lost;
}

Result<void> accept_lost_heads(const config::Config& config, const std::vector<LostHead>& lost,
                               const std::string& who, const std::string& reason) {
  std::string text, why = who + ": " + reason;
  std::ranges::replace_if(
      why, [](unsigned char c) { return c < ' '; }, ' ');
  for (const LostHead& one : lost) text += ringlog::to_text(one.head) + "\t" + why + "\n";
  return ringlog::replace_file(ringlog::system_files(), accepted_file(config).string(), text, state_mode);
}

Result<std::vector<RecordAdmin>> check_witnessed(const config::Config& config) {
  std::vector<RecordAdmin> acts;
  if (!config.log.witness.is_wanted()) return acts;
  auto lost = find_lost_heads(config);
  auto accepted = read_accepted(config);
  if (!lost || !accepted) return std::unexpected(lost ? accepted.error() : lost.error());
  for (const LostHead& one : *lost) {
    const auto yes = accepted->find(ringlog::to_text(one.head));
    if (yes == accepted->end()) return fail(refusal(config, one), EBADMSG);
    acts.push_back({.who = yes->second.substr(0, yes->second.find(": ")),
                    .act = "log-loss-accepted",
                    .detail = one.kept_in + ": " + yes->first + ": " + one.why + "; " + yes->second});
  }
  return acts;
}

}  // namespace sallyport
