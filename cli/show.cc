// sallyport show SID: every record of one session, readable.
#include <stdio.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/log_source.h"
#include "cli/record_text.h"
#include "cli/renderer.h"
#include "cli/table.h"
#include "ringlog/facts.h"

namespace sallyport::cli {

namespace {

struct Options {
  LogSource source;
  std::string sid;
};

std::string indented(const std::string& text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    out += "    " + text.substr(at, end - at) + "\n";
    at = end + 1;
  }
  return out;
}

// Bytes of a protocol that are no text say nothing to people.
std::string note_text(std::string_view payload) {
  const auto is_control = [](char c) { return static_cast<uint8_t>(c) < 0x20 && c != '\n' && c != '\t'; };
  if (std::ranges::none_of(payload, is_control)) return visible(payload);
  return "(" + std::to_string(payload.size()) + " bytes of the protocol; --json has them)";
}

// Bytes of one reply that people are shown.
constexpr size_t reply_size_max = size_t{16} << 20;

class Show {
 public:
  explicit Show(const Context& context) : renderer_(context) {}

  void take(const ringlog::RecordView& record) {
    using ringlog::Kind;
    const auto* facts = ringlog::facts_of(record);
    if (facts && record.kind == Kind::SessionOpened)
      protocol_ = ringlog::text_of(facts->facts_as_SessionOpened()->protocol());
    if (record.kind == Kind::Reply) {
      // A record ends where a packet did, in the middle of a result: a reply is shown whole, at its end.
      if (head_.empty()) head_ = head_of(record);
      if (!record.erased) add(payload_text(record));
      return;
    }
    if (record.kind != Kind::Note && record.kind != Kind::Forward) flush();
    fputs(head_of(record).c_str(), stdout);
    if (record.payload.empty() || record.erased || record.sealed) return;
    const std::string_view text = payload_text(record);
    const std::string shown =
        record.kind == Kind::Request ? renderer_.render(protocol_, SP_REQUEST, text) : note_text(text);
    fputs(indented(shown).c_str(), stdout);
  }

  void flush() {
    fputs(head_.c_str(), stdout);
    if (!reply_.empty()) fputs(indented(renderer_.render(protocol_, SP_REPLY, reply_)).c_str(), stdout);
    if (left_out_ > 0) printf("    (%zu bytes more; --json has them)\n", left_out_);
    head_.clear();
    reply_.clear();
    left_out_ = 0;
  }

 private:
  void add(std::string_view payload) {
    const std::string_view shown = payload.substr(0, reply_size_max - reply_.size());
    reply_ += shown;
    left_out_ += payload.size() - shown.size();
  }
  static std::string head_of(const ringlog::RecordView& record) {
    char ms[8], kind[16];
    snprintf(ms, sizeof ms, ".%03u", static_cast<unsigned>(record.time_ns / 1'000'000 % 1000));
    snprintf(kind, sizeof kind, "%-9s", kind_text(record.kind));
    return time_text(static_cast<int64_t>(record.time_ns)) + ms + "  " + bold(kind) + "  " +
           facts_text(record) + "\n";
  }

  Renderer renderer_;
  std::string protocol_, head_, reply_;
  size_t left_out_ = 0;  // bytes of this reply
};

int show(const Context& context, const Options& options) {
  const auto directory = log_directory(context, options.source);
  if (!directory) return exit_unreachable;
  int exit = exit_done;
  const auto filter = find_session(context, *directory, options.sid, exit);
  if (!filter) return exit;
  Show people(context);
  nlohmann::json all = nlohmann::json::array();
  const auto take = [&](const ringlog::RecordView& record) {
    if (context.json) {
      all.push_back(record_json(record));
    } else {
      people.take(record);
    }
  };
  exit = each_record(context, *directory, *filter, take, options.source.key);
  if (!context.json) people.flush();
  if (context.json && exit == exit_done) puts(json_text(all).c_str());
  return exit;
}

}  // namespace

void add_show(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("show", "every record of one session");
  command->add_option("SID", options->sid, "the session, as `sallyport sessions` lists it")->required();
  add_key_option(*command, options->source);
  add_log_option(*command, options->source);
  command->footer("Example: sallyport show 0.17");
  command->callback(
      [&context, options] { context.run = [&context, options] { return show(context, *options); }; });
}

}  // namespace sallyport::cli
