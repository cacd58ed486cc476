// A session's proof: written to a file, and checked with the public key alone.
#include <stdio.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>

#include "cli/log_export.h"
#include "cli/record_text.h"
#include "cli/remote.h"
#include "cli/table.h"
#include "ringlog/facts.h"
#include "ringlog/keys.h"
#include "ringlog/proof.h"
#include "ringlog/session_name.h"

namespace sallyport::cli {

namespace {

using nlohmann::json;

constexpr unsigned proof_mode = 0640;  // it holds what the log holds

// What the proven records say of the session.
struct Subject {
  std::string identity, target, peer;
  uint64_t requests = 0;

  void take(const ringlog::RecordView& record) {
    const auto* header = ringlog::facts_of(record);
    if (header == nullptr) return;
    if (const auto* opened = header->facts_as_SessionOpened()) peer = ringlog::text_of(opened->peer());
    if (const auto* login = header->facts_as_Login()) {
      identity = ringlog::text_of(login->identity());
      target = ringlog::text_of(login->target());
    }
    if (const auto* request = header->facts_as_Request()) requests += request->ours() ? 0 : 1;
  }
};

// Why a proof without a fault is still refused; null: it is not.
const char* lacking(const ringlog::ProofReport& report, const ProofOptions& options) {
  if (!report.opened) return "it does not begin with the session's beginning";
  if (!report.ended && !options.open)
    return "the session's end is not in it: it was open when it was exported, its gateway died, or the end "
           "was "
           "cut off; --open takes it";
  return nullptr;
}

json report_json(const ringlog::ProofReport& report, const Subject& subject, const char* lacks) {
  json all = {{"ok", !report.fault && lacks == nullptr},
              {"session", ringlog::session_text(report.instance, report.session)},
              {"instance", report.instance},
              {"commits", report.commits},
              {"records", report.records},
              {"erased", report.erased},
              {"ended", report.ended},
              {"first_ns", report.first_ns},
              {"last_ns", report.last_ns},
              {"identity", subject.identity},
              {"target", subject.target}};
  if (report.fault) {
    all["fault"] = {{"kind", ringlog::name_of(report.fault->kind)},
                    {"offset", report.fault->offset},
                    {"text", report.fault->text}};
  } else if (lacks != nullptr) {
    all["fault"] = {{"kind", name_of(ringlog::FaultKind::Truncated)}, {"text", lacks}};
  }
  return all;
}

void print_report(const ringlog::ProofReport& report, const Subject& subject, const char* lacks) {
  if (report.fault) {
    printf("%s  offset %llu: %s: %s\n", bold("NOT PROVEN").c_str(),
           static_cast<unsigned long long>(report.fault->offset),
           std::string(name_of(report.fault->kind)).c_str(), visible(report.fault->text).c_str());
    return;
  }
  printf("%s  session %s of %s at %s, from %s\n", bold(lacks == nullptr ? "proven" : "NOT WHOLE").c_str(),
         ringlog::session_text(report.instance, report.session).c_str(),
         one_line(subject.identity, 60).c_str(), one_line(subject.target, 60).c_str(),
         one_line(subject.peer, 60).c_str());
  printf("        %llu records in %llu commits, %llu requests; %s to %s%s\n",
         static_cast<unsigned long long>(report.records), static_cast<unsigned long long>(report.commits),
         static_cast<unsigned long long>(subject.requests),
         time_text(static_cast<int64_t>(report.first_ns)).c_str(),
         time_text(static_cast<int64_t>(report.last_ns)).c_str(),
         report.ended ? "" : "; its end is not in it");
  if (report.erased)
    printf("        %llu payloads erased under retention\n", static_cast<unsigned long long>(report.erased));
  if (lacks != nullptr) printf("        %s\n", lacks);
}

}  // namespace

void add_proof_options(CLI::App& command, ProofOptions& options) {
  auto* proof =
      command.add_option("--proof", options.file, "check this proof of one session instead of a log");
  command.add_flag("--open", options.open, "take a proof that lacks the session's end")->needs(proof);
  command.add_flag("--records", options.records, "print the proven records, a JSON object a line")
      ->needs(proof);
}

int verify_proof_file(const Context& context, const ProofOptions& options, const std::string& key_file) {
  ringlog::Files& files = ringlog::system_files();
  const auto key = ringlog::read_public_key(files, key_file);
  const auto proof = files.read(options.file, 0, ringlog::whole_file);
  if (!key || !proof) {
    print_error(context, key ? proof.error().text : key.error().text);
    return exit_unreachable;
  }
  Subject subject;
  const ringlog::ProofReport report = ringlog::verify_proof(
      *proof, *key, [&subject](const ringlog::RecordView& record) { subject.take(record); });
  const char* lacks = lacking(report, options);
  if (options.records && !report.fault) {
    (void)ringlog::verify_proof(*proof, *key, [](const ringlog::RecordView& record) {
      puts(json_text(record_json(record), -1).c_str());
    });
    if (lacks != nullptr) print_error(context, lacks);
  } else if (context.json) {
    puts(json_text(report_json(report, subject, lacks)).c_str());
  } else {
    print_report(report, subject, lacks);
  }
  return report.fault || lacks != nullptr ? exit_no : exit_done;
}

int export_proof(const Context& context, const std::string& directory, uint64_t instance, uint64_t session,
                 const std::string& to) {
  const auto proof = ringlog::prove_session(ringlog::system_files(), directory, instance, session);
  if (!proof) {
    print_error(context, proof.error().text);
    return exit_no;
  }
  std::string file = to;
  struct stat info {};
  if (stat(to.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) {
    std::string name = ringlog::session_text(instance, session);
    std::ranges::replace(name, '/', '-');
    file += "/" + name + ".proof";
  }
  const std::string_view text(reinterpret_cast<const char*>(proof->data()), proof->size());
  const auto written = ringlog::replace_file(ringlog::system_files(), file, text, proof_mode);
  if (!written) {
    print_error(context, file + ": " + written.error().text);
    return exit_unreachable;
  }
  if (context.json) {
    puts(json_text({{"ok", true}, {"file", file}, {"bytes", proof->size()}}).c_str());
  } else {
    printf(
        "%s holds the session and its proof, %s; check it with: sallyport log verify --proof FILE --key "
        "log.pub\n",
        visible(file).c_str(), bytes_text(proof->size()).c_str());
  }
  return exit_done;
}

}  // namespace sallyport::cli
