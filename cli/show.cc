// sallyport show SID: every record of one session, readable.
#include <stdio.h>

#include <CLI/CLI.hpp>

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

void print_record(const ringlog::RecordView& record, const Renderer& renderer, std::string& protocol) {
  if (const auto* facts = ringlog::facts_of(record); facts && record.kind == ringlog::Kind::SessionOpened) {
    protocol = ringlog::text_of(facts->facts_as_SessionOpened()->protocol());
  }
  const unsigned ms = record.time_ns / 1'000'000 % 1000;
  char kind[16];
  snprintf(kind, sizeof kind, "%-9s", kind_text(record.kind));
  printf("%s.%03u  %s  %s\n", time_text(static_cast<int64_t>(record.time_ns)).c_str(), ms, bold(kind).c_str(),
         facts_text(record).c_str());
  if (record.payload.empty() || record.erased) return;
  const bool is_reply = record.kind == ringlog::Kind::Reply;
  const bool is_request = record.kind == ringlog::Kind::Request;
  std::string text(payload_text(record));
  text = is_reply || is_request ? renderer.render(protocol, is_reply ? SP_REPLY : SP_REQUEST, text)
                                : visible(text);
  fputs(indented(text).c_str(), stdout);
}

int show(const Context& context, const Options& options) {
  const auto directory = log_directory(context, options.source);
  if (!directory) return exit_unreachable;
  int exit = exit_done;
  const auto filter = find_session(context, *directory, options.sid, exit);
  if (!filter) return exit;
  const Renderer renderer(context);
  std::string protocol;
  nlohmann::json all = nlohmann::json::array();
  exit = each_record(context, *directory, *filter, [&](const ringlog::RecordView& record) {
    if (context.json) {
      all.push_back(record_json(record));
    } else {
      print_record(record, renderer, protocol);
    }
  });
  if (context.json && exit == exit_done) puts(json_text(all).c_str());
  return exit;
}

}  // namespace

void add_show(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("show", "every record of one session");
  command->add_option("SID", options->sid, "the session, as `sallyport sessions` lists it")->required();
  add_log_option(*command, options->source);
  command->footer("Example: sallyport show 0.17");
  command->callback(
      [&context, options] { context.run = [&context, options] { return show(context, *options); }; });
}

}  // namespace sallyport::cli
