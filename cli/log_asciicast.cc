// A session as asciicast 2 (docs.asciinema.org/manual/asciicast/v2): a header line, then [seconds, "o",
// text].
#include "cli/log_export.h"
#include "cli/log_source.h"
#include "cli/record_text.h"
#include "cli/retelling.h"
#include "ringlog/session_name.h"

namespace sallyport::cli {

namespace {

using nlohmann::json;

constexpr int width = 120, height = 40;  // of the player's terminal; longer lines wrap
constexpr double idle_seconds_max = 5;   // what the player waits at most
constexpr char bold_on[] = "\x1b[1m", dim_on[] = "\x1b[2m", plain[] = "\x1b[0m";

// A terminal wants both ends of a line.
std::string lines_of(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '\n' ? "\r\n" : std::string(1, c);
  return out;
}

std::string shown(const Piece& piece) {
  std::string text = piece.reply;
  if (!piece.request.empty())
    text += bold_on + ("> " + piece.request.substr(0, piece.request.size() - 1)) + plain + "\n";
  if (!piece.facts.empty()) {
    text += dim_on + ("-- " + (piece.request.empty() ? piece.kind + std::string(": ") : "") + piece.facts) +
            plain + "\n";
  }
  return lines_of(text);
}

}  // namespace

int export_asciicast(const Context& context, const ExportTo& to) {
  uint64_t first_ns = 0, last_ns = 0;
  const auto write = [&](const Piece& piece) {
    if (first_ns == 0) {
      first_ns = last_ns = piece.time_ns;
      const json head = {
          {"version", 2},
          {"width", width},
          {"height", height},
          {"timestamp", first_ns / 1'000'000'000},
          {"idle_time_limit", idle_seconds_max},
          {"title", "sallyport " + ringlog::session_text(*to.session.instance, *to.session.session)}};
      fprintf(to.out, "%s\n", json_text(head, -1).c_str());
    }
    last_ns = std::max(last_ns, piece.time_ns);  // the clock may have been set back; a player's may not
    const std::string text = shown(piece);
    if (text.empty()) return;
    const double seconds = static_cast<double>((last_ns - first_ns) / 1000) / 1e6;
    fprintf(to.out, "%s\n", json_text(json::array({seconds, "o", text}), -1).c_str());
  };
  Retelling retelling(context, write);
  return each_record(
      context, to.directory, to.session,
      [&retelling](const ringlog::RecordView& record) { retelling.take(record); }, to.key);
}

}  // namespace sallyport::cli
