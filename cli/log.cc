// sallyport log verify | head | key | export: proving the log, offline.
#include <stdio.h>

#include <CLI/CLI.hpp>

#include "cli/log_export.h"
#include "cli/log_source.h"
#include "cli/record_text.h"
#include "cli/remote.h"
#include "cli/table.h"
#include "config/file.h"
#include "config/log_limits.h"
#include "ringlog/keys.h"
#include "ringlog/verify.h"
#include "ringlog/witness_head.h"

namespace sallyport::cli {

namespace {

using nlohmann::json;

struct Options {
  LogSource source;
  std::string public_key;  // file
  std::string head;        // file
  std::string witness;     // file
  ProofOptions proof;
};

constexpr size_t head_size_max = 4096;

json head_json(const ringlog::Head& head) {
  return {{"instance", head.instance}, {"link", head.number},     {"segment", head.segment},
          {"offset", head.offset},     {"time_ns", head.time_ns}, {"text", ringlog::to_text(head)}};
}

json report_json(const ringlog::VerifyReport& report) {
  json torn = json::array();
  for (const ringlog::TornTail& tail : report.torn)
    torn.push_back({{"file", tail.file}, {"offset", tail.offset}});
  json all = {{"ok", report.whole()},          {"instances", report.instances},
              {"segments", report.segments},   {"commits", report.commits},
              {"records", report.records},     {"bytes", report.bytes},
              {"erased", report.erased},       {"sealed", report.sealed},
              {"heads", report.heads},         {"torn", torn},
              {"rotations", report.rotations}, {"closed", report.closed},
              {"disowned", report.disowned},   {"head", head_json(report.head)}};
  if (report.fault) {
    all["fault"] = {{"kind", ringlog::name_of(report.fault->kind)},
                    {"file", report.fault->file},
                    {"offset", report.fault->offset},
                    {"text", report.fault->text}};
  }
  return all;
}

void print_report(const ringlog::VerifyReport& report) {
  const auto count = [](uint64_t n, const char* noun) {
    return std::to_string(n) + " " + noun + (n == 1 ? "" : "s");
  };
  if (report.fault) {
    printf("%s  %s, offset %llu: %.*s: %s\n", bold("NOT WHOLE").c_str(), visible(report.fault->file).c_str(),
           static_cast<unsigned long long>(report.fault->offset),
           static_cast<int>(ringlog::name_of(report.fault->kind).size()),
           ringlog::name_of(report.fault->kind).data(), visible(report.fault->text).c_str());
    return;
  }
  printf("%s  %s in %s, %s, %s\n", bold("whole").c_str(), count(report.records, "record").c_str(),
         count(report.commits, "commit").c_str(), count(report.segments, "segment").c_str(),
         count(report.instances, "instance").c_str());
  for (const ringlog::TornTail& tail : report.torn) {
    printf("       %s ends torn at offset %llu, as a crash leaves it\n", visible(tail.file).c_str(),
           static_cast<unsigned long long>(tail.offset));
  }
  if (report.erased) printf("       %s erased under retention\n", count(report.erased, "payload").c_str());
  if (report.sealed) printf("       %s sealed to an auditor\n", count(report.sealed, "payload").c_str());
  if (report.heads) printf("       %s of a witness\n", count(report.heads, "head").c_str());
  if (report.rotations) printf("       %s of the root key\n", count(report.rotations, "rotation").c_str());
  if (report.disowned)
    printf("       %s given up after failed writes\n", count(report.disowned, "segment").c_str());
  if (report.commits) {
    printf("       last attested %s; %s\n", time_text(static_cast<int64_t>(report.head.time_ns)).c_str(),
           report.closed ? "ended as it should" : "still open, or its process died");
  }
}

// The key beside the log, where none was named: what an auditor holds should be given instead.
std::optional<std::string> key_file(const Context& context, const Options& options) {
  if (!options.public_key.empty()) return options.public_key;
  const auto config = read_config(context);
  if (!config) return std::nullopt;
  return (config->server.state_dir / "log.pub").string();
}

// What was kept elsewhere; nothing after printing why it cannot be read.
std::optional<std::vector<ringlog::Head>> saved_heads(const Context& context, const Options& options) {
  std::vector<ringlog::Head> saved;
  if (!options.head.empty()) {
    const Result<std::string> text = config::read_file(options.head, head_size_max);
    const Result<ringlog::Head> head = text ? ringlog::parse_head(*text) : std::unexpected(text.error());
    if (!head) {
      print_error(context, options.head + ": " + head.error().text);
      return std::nullopt;
    }
    saved.push_back(*head);
  }
  if (options.witness.empty()) return saved;
  const Result<std::string> text = config::read_file(options.witness, limits::witness_file_size_max);
  const auto heads = text ? ringlog::find_heads(*text) : std::unexpected(text.error());
  if (!heads || heads->empty()) {
    print_error(context, options.witness + ": " + (heads ? "holds no head of a log" : heads.error().text));
    return std::nullopt;
  }
  saved.insert(saved.end(), heads->begin(), heads->end());
  return saved;
}

std::optional<ringlog::VerifyReport> examine(const Context& context, const Options& options, int& exit) {
  exit = exit_unreachable;
  const auto directory = log_directory(context, options.source);
  const auto file = directory ? key_file(context, options) : std::nullopt;
  if (!file) return std::nullopt;
  const auto key = ringlog::read_public_key(ringlog::system_files(), *file);
  if (!key) {
    print_error(context, key.error().text);
    return std::nullopt;
  }
  auto saved = saved_heads(context, options);
  if (!saved) return std::nullopt;
  auto report = ringlog::verify(ringlog::system_files(), *directory, *key, std::move(*saved));
  if (report) return std::move(*report);
  print_error(context, report.error().text);
  return std::nullopt;
}

int verify(const Context& context, const Options& options) {
  int exit = exit_done;
  if (!options.proof.file.empty()) {
    const auto file = key_file(context, options);
    return file ? verify_proof_file(context, options.proof, *file) : int{exit_unreachable};
  }
  const auto report = examine(context, options, exit);
  if (!report) return exit;
  if (context.json) {
    puts(json_text(report_json(*report)).c_str());
  } else {
    print_report(*report);
  }
  return report->whole() ? exit_done : exit_no;
}

int head(const Context& context, const Options& options) {
  int exit = exit_done;
  const auto report = examine(context, options, exit);
  if (!report) return exit;
  if (!report->whole()) {
    print_error(context, "the log is not whole, so it has no head; `sallyport log verify` says more");
    return exit_no;
  }
  puts(context.json ? json_text(head_json(report->head)).c_str() : ringlog::to_text(report->head).c_str());
  return exit_done;
}

void add_files(CLI::App& command, Options& options) {
  command.add_option("DIR", options.source.directory, "the log's folder; else the configuration's");
  command.add_option("--key,--public-key", options.public_key,
                     "the log's public key; else STATE_DIR/log.pub");
}

}  // namespace

void add_log(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* group = app.add_subcommand("log", "prove the log whole, offline");
  group->require_subcommand(1);
  group->fallthrough();

  CLI::App* verify_command = group->add_subcommand("verify", "show any change, cut or swap, and where");
  add_files(*verify_command, *options);
  verify_command->add_option("--head", options->head,
                             "a file with what `log head` once printed: it must be in the log");
  verify_command->add_option(
      "--witness", options->witness,
      "a file with lines that hold heads, as a witness keeps them: all must be in the log");
  add_proof_options(*verify_command, options->proof);
  verify_command->footer("Example: sallyport log verify /mnt/evidence/log --public-key log.pub");
  verify_command->callback(
      [&context, options] { context.run = [&context, options] { return verify(context, *options); }; });

  CLI::App* head_command =
      group->add_subcommand("head", "one line that pins the log's end, to be kept elsewhere");
  add_files(*head_command, *options);
  head_command->footer("Example: sallyport log head | ssh witness 'cat >> heads'");
  head_command->callback(
      [&context, options] { context.run = [&context, options] { return head(context, *options); }; });

  add_log_export(*group, context);

  add_log_key(*group, context);
  add_log_erase(*group, context);
  add_log_accept(*group, context);
  add_log_seal_key(*group, context);
}

}  // namespace sallyport::cli
