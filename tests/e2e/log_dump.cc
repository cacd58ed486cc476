// For tests that look into a log without the gateway's own commands: `log_dump records LOG_DIR` prints one
// JSON object a record, `log_dump verify LOG_DIR PUBLIC_KEY` one object that says whether the log is whole.
#include <stdio.h>

#include <nlohmann/json.hpp>
#include <string>

#include "ringlog/facts.h"
#include "ringlog/keys.h"
#include "ringlog/reader.h"
#include "ringlog/verify.h"

namespace {

namespace ringlog = sallyport::ringlog;
namespace fbs = sallyport::ringlog::fbs;
using nlohmann::json;

std::string text(const flatbuffers::String* string) { return std::string(ringlog::text_of(string)); }

json names(const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>* list) {
  json all = json::array();
  for (flatbuffers::uoffset_t i = 0; list && i < list->size(); ++i) all.push_back(text(list->Get(i)));
  return all;
}

void add_facts(json& out, const fbs::Header& header) {
  if (const auto* request = header.facts_as_Request()) {
    out.update({{"ticket", request->ticket()},
                {"stage", request->stage()},
                {"verdict", request->verdict()},
                {"rule", text(request->rule())},
                {"approval", text(request->approval())},
                {"verbs", names(request->verbs())},
                {"objects", names(request->objects())},
                {"in_transaction", request->in_transaction()},
                {"ours", request->ours()}});
  } else if (const auto* decision = header.facts_as_Decision()) {
    out.update({{"approval", text(decision->approval())},
                {"decision", decision->decision()},
                {"approver", text(decision->approver())},
                {"reason", text(decision->reason())}});
  } else if (const auto* login = header.facts_as_Login()) {
    out.update({{"identity", text(login->identity())},
                {"target", text(login->target())},
                {"outcome", login->outcome()},
                {"reason", text(login->reason())},
                {"credential", text(login->credential())},
                {"lease", text(login->lease())}});
  } else if (const auto* end = header.facts_as_ReplyEnd()) {
    out.update({{"ticket", end->ticket()},
                {"bytes", end->bytes()},
                {"units", end->units()},
                {"masked", end->masked()},
                {"withheld", end->withheld()},
                {"status", text(end->status())}});
  } else if (const auto* closed = header.facts_as_SessionClosed()) {
    out.update({{"reason", text(closed->reason())}, {"requests", closed->requests()}});
  } else if (const auto* admin = header.facts_as_Admin()) {
    out.update({{"who", text(admin->who())}, {"act", text(admin->act())}, {"detail", text(admin->detail())}});
  } else if (const auto* fault = header.facts_as_Fault()) {
    out.update({{"reason", text(fault->reason())}, {"detail", text(fault->detail())}});
  } else if (const auto* gap = header.facts_as_Gap()) {
    out.update({{"reason", text(gap->reason())}, {"count", gap->count()}});
  }
}

int print(const json& object) {
  return puts(object.dump(-1, ' ', false, json::error_handler_t::replace).c_str()) < 0;
}

int records(const std::string& directory) {
  ringlog::Reader reader(ringlog::system_files(), directory);
  while (true) {
    const auto next = reader.next();
    if (!next) return fprintf(stderr, "%s\n", next.error().text.c_str()), 1;
    if (!*next) return 0;
    const ringlog::RecordView& record = **next;
    const fbs::Header* header = ringlog::facts_of(record);
    if (!header) return fprintf(stderr, "a record that cannot be read\n"), 1;
    json out = {{"kind", fbs::EnumNameFacts(header->facts_type())},
                {"instance", record.instance},
                {"session", record.session},
                {"sequence", record.sequence},
                {"payload",
                 std::string(reinterpret_cast<const char*>(record.payload.data()), record.payload.size())}};
    add_facts(out, *header);
    if (print(out)) return 1;
  }
}

int verify(const std::string& directory, const std::string& key_file) {
  const auto key = ringlog::read_public_key(ringlog::system_files(), key_file);
  if (!key) return fprintf(stderr, "%s\n", key.error().text.c_str()), 1;
  const auto report = ringlog::verify(ringlog::system_files(), directory, *key);
  if (!report) return fprintf(stderr, "%s\n", report.error().text.c_str()), 1;
  json out = {{"whole", report->whole()},
              {"records", report->records},
              {"segments", report->segments},
              {"instances", report->instances},
              {"torn", report->torn.size()}};
  if (report->fault) out["fault"] = report->fault->file + ": " + report->fault->text;
  return print(out) || !report->whole();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "records" && argc == 3) return records(argv[2]);
  if (what == "verify" && argc == 4) return verify(argv[2], argv[3]);
  fprintf(stderr, "log_dump records LOG_DIR | log_dump verify LOG_DIR PUBLIC_KEY\n");
  return 2;
}
