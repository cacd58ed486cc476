// [log]: witness, payload_retention, seal_to.
#include "config/loader.h"
#include "config/log_limits.h"
#include "config/quantity.h"

namespace sallyport::config {
namespace {

constexpr const char* witness_form =
    "{ file = \"PATH\" }, { url = \"https://…\" } or { syslog = \"/dev/log\" }, or several of them";

void load_syslog(Reader& reader, Witness& witness) {
  std::string text;
  if (!reader.text("syslog", text)) return;
  if (text.starts_with('/')) {
    witness.syslog = SyslogWay::local;
    witness.syslog_path = text;
    return;
  }
  const bool is_udp = text.starts_with("udp:");
  Result<Address> address = fail("");
  if (is_udp || text.starts_with("tcp:")) address = parse_address(std::string_view(text).substr(4));
  if (!address) {
    reader.problem("syslog", "syslog is " + in_quotes(text) +
                                 ": write \"/dev/log\", \"udp:HOST:514\" or \"tcp:HOST:601\"");
    return;
  }
  witness.syslog = is_udp ? SyslogWay::udp : SyslogWay::tcp;
  witness.syslog_address = std::move(*address);
}

bool is_below(const std::filesystem::path& path, const std::filesystem::path& folder) {
  const std::string under = folder.lexically_normal().string() + "/";
  return path.lexically_normal().string().starts_with(under);
}

void load_witness(Loader& loader, Reader& outer) {
  const Value* table = outer.table("witness", witness_form);
  if (table == nullptr) return;
  Log& log = loader.config.log;
  Witness& witness = log.witness;
  witness.place = table->place;
  witness.interval_ms = limits::witness_interval_ms;
  Reader reader(*table, "[log]: witness", loader.problems);
  if (reader.path("file", loader.folder, witness.file) &&
      (is_below(witness.file, log.directory) || is_below(witness.file, loader.config.server.state_dir))) {
    reader.problem("file",
                   "file stands beside what it is to witness: write a path on another machine's or another "
                   "owner's filesystem");
  }
  if (reader.text("url", witness.url) && !is_trusted_url(witness.url))
    reader.problem("url", "url is " + in_quotes(witness.url) +
                              ": write an https:// address, or http://127.0.0.1:PORT/…");
  if (reader.secret("token", loader.folder, witness.token) && !reader.has("url"))
    reader.problem("token", "token is for a url: write url = \"https://…\" too");
  if (reader.file("ca", loader.folder, witness.ca) && !reader.has("url"))
    reader.problem("ca", "ca is for a url: write url = \"https://…\" too");
  load_syslog(reader, witness);
  if (reader.duration("interval", witness.interval_ms, limits::witness_interval_max_ms) &&
      witness.interval_ms < limits::witness_interval_min_ms)
    reader.problem("interval", "interval is less than a second: write at least \"1s\"");
  if (!reader.has("file") && !reader.has("url") && !reader.has("syslog"))
    reader.problem_at(table->place, std::string("names no witness: write ") + witness_form);
  reader.finish();
}

void load_retention(Loader& loader, Reader& reader) {
  const Value* value =
      reader.find("payload_retention", Value::Kind::string, "an age in quotes, as \"30d\" or \"365d\"");
  if (value == nullptr) return;
  const Result<uint64_t> age_ms = parse_age(value->text);
  if (!age_ms) {
    reader.problem_at(value->place, "payload_retention: " + age_ms.error().text);
  } else if (*age_ms < limits::retention_min_ms) {
    reader.problem_at(value->place, "payload_retention is less than a second: write at least \"1s\"");
  } else {
    loader.config.log.retention_ms = *age_ms;
  }
}

}  // namespace

void load_log_keeping(Loader& loader, Reader& reader) {
  load_witness(loader, reader);
  load_retention(loader, reader);
  reader.file("seal_to", loader.folder, loader.config.log.seal_to);
}

}  // namespace sallyport::config
