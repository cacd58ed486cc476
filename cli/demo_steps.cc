#include "cli/demo_steps.h"

#include <stdio.h>

#include <algorithm>
#include <fstream>

#include "cli/table.h"
#include "config/file.h"

namespace sallyport::cli {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* drop_statement = "DROP TABLE old_orders";

// The log up to its last commit, which ends at `end` in the newest file; the rest of that file is
// preallocated zeros, not worth copying. Returns the newest file's copy.
Result<fs::path> copy_log(const fs::path& from, const fs::path& to, uint64_t end) {
  std::error_code error;
  fs::remove_all(to, error);
  fs::create_directory(to, error);
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(from, error)) files.push_back(entry.path());
  if (files.empty() || end == 0) return fail("the log is empty");
  std::ranges::sort(files);
  for (size_t i = 0; i + 1 < files.size(); ++i) fs::copy_file(files[i], to / files[i].filename(), error);
  if (error) return fail("copy the log: " + error.message());
  std::string bytes(end, '\0');
  std::ifstream in(files.back(), std::ios::binary);
  std::ofstream out(to / files.back().filename(), std::ios::binary);
  if (!in.read(bytes.data(), static_cast<std::streamsize>(end)) || !(out << bytes).flush())
    return fail("copy the log's newest file");
  return to / files.back().filename();
}

Result<void> flip_byte(const fs::path& file, uint64_t offset) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(offset));
  const int byte = stream.get();
  stream.seekp(static_cast<std::streamoff>(offset));
  stream.put(static_cast<char>(byte ^ 1));
  stream.close();
  if (!stream) return fail("cannot change a byte of " + file.string());
  return {};
}

}  // namespace

std::vector<DemoStep> DemoSteps::all() {
  return {
      {"A program reads customers. E-mail addresses come back masked.", [this] { return masks(); }},
      {"It drops a table. The statement pauses: a person must say yes.", [this] { return pauses(); }},
      {"It tries to approve that itself.", [this] { return refuses_requester(); }},
      {"Another person approves. Only then it runs.", [this] { return runs_approved(); }},
      {"It hides a DELETE in a DO block. Denied, and the session lives on.", [this] { return denies(); }},
      {"The record of all that is proven whole; one changed bit is found.", [this] { return verifies(); }},
      {"The session is replayed as its caller saw it.", [this] { return replays(); }},
  };
}

ProcessOptions DemoSteps::psql(const std::vector<std::string>& statements, const std::string& output) const {
  DemoCaller agent{.url = setup_.url(setup_agent), .environment = {}, .shown = "psql \"$AGENT\""};
  const Result<std::string> secret = config::read_private_file(setup_.secret_file(setup_agent), 200);
  if (secret) agent.environment = {"PGPASSWORD=" + secret->substr(0, secret->find('\n'))};
  return shell_.psql(agent, statements, output);
}

Result<Finished> DemoSteps::sallyport(std::vector<std::string> words, const char* user, bool show) const {
  std::vector<std::string> environment;
  if (user) {
    const Result<std::string> secret = config::read_private_file(setup_.secret_file(user), 200);
    if (!secret) return std::unexpected(secret.error());
    environment = {"SALLYPORT_SECRET=" + secret->substr(0, secret->find('\n'))};
    words.insert(words.end(), {"--as", user});
  }
  std::string line = "sallyport";
  for (const std::string& word : words) line += " " + shell_quoted(word);
  return shell_.sallyport(words, std::move(environment), show ? line : "");
}

Result<bool> DemoSteps::table_stands() const {
  const Result<std::string> found = cluster_.truth("SELECT to_regclass('old_orders') IS NOT NULL");
  if (!found) return std::unexpected(found.error());
  return found->starts_with("t");
}

Result<std::string> DemoSteps::masks() {
  const Result<Finished> seen = run(
      psql({"SELECT * FROM customers ORDER BY id"}, shell_.scratch("demo-psql.out")), demo_query_timeout_ms);
  if (!seen) return std::unexpected(seen.error());
  show_output(seen->output);
  if (seen->exit != 0 || !holds(seen->output, "(3 rows)")) return fail("the rows did not come");
  if (const std::string email = leaked_email(seen->output); !email.empty())
    return fail(email + " came through unmasked");
  const Result<std::string> truth = cluster_.truth("SELECT email FROM customers");
  if (!truth) return std::unexpected(truth.error());
  for (const char* email : demo_emails) {
    if (!holds(*truth, email))
      return fail(std::string(email) + " is not in the database, so nothing was masked");
  }
  return "three rows came, none of the three true addresses did; in the database they stand as ever";
}

Result<std::string> DemoSteps::pauses() {
  Result<Process> process = DemoShell::start_paused(psql({drop_statement}, shell_.scratch("demo-drop.out")));
  if (!process) return std::unexpected(process.error());
  waiting_ = std::move(*process);
  const Result<json> list = parsed(sallyport({"approvals", "--json"}, setup_approver, false));
  if (!list) return std::unexpected(list.error());
  for (const json& approval : *list) {
    if (approval.value("text", "") == drop_statement && approval.value("state", "") == "pending") {
      approval_ = approval.value("id", "");
    }
  }
  if (approval_.empty()) return fail("no approval is pending for it");
  const Result<bool> stands = table_stands();
  if (!stands) return std::unexpected(stands.error());
  if (!*stands || waiting_->ended()) return fail("it ran without a yes");
  return "psql waits with a warning, the table still stands, and approval " + approval_ + " is pending";
}

Result<std::string> DemoSteps::refuses_requester() {
  const Result<Finished> answer = sallyport({"approve", approval_}, setup_agent, true);
  if (!answer) return std::unexpected(answer.error());
  if (answer->exit == 0) return fail("the requester could approve its own statement");
  const Result<bool> stands = table_stands();
  if (!stands) return std::unexpected(stands.error());
  if (!*stands || !waiting_ || waiting_->ended()) return fail("the statement no longer waits");
  return "refused; the table still stands and psql still waits";
}

Result<std::string> DemoSteps::runs_approved() {
  const Result<Finished> answer =
      sallyport({"approve", approval_, "--reason", "old data, agreed"}, setup_approver, true);
  if (!answer) return std::unexpected(answer.error());
  if (answer->exit != 0) return fail("the approver was refused");
  const std::optional<int> exit = waiting_ ? waiting_->wait(demo_query_timeout_ms) : std::nullopt;
  if (!exit) return fail("psql still waits");
  show_output(waiting_->output());
  if (*exit != 0 || !holds(waiting_->output(), "DROP TABLE\n")) return fail("psql did not complete");
  const Result<bool> stands = table_stands();
  if (!stands) return std::unexpected(stands.error());
  if (*stands) return fail("the table still stands");
  return "the very statement that waited has run, and the table is gone";
}

Result<std::string> DemoSteps::denies() {
  const Result<Finished> seen =
      run(psql({"DO $$ BEGIN DELETE FROM customers; END $$", "SELECT 'still here' AS session"},
               shell_.scratch("demo-psql.out")),
          demo_query_timeout_ms);
  if (!seen) return std::unexpected(seen.error());
  show_output(seen->output);
  if (!holds(seen->output, "42501")) return fail("it was not denied with SQLSTATE 42501");
  if (!holds(seen->output, "still here")) return fail("the session did not live on");
  const Result<std::string> count = cluster_.truth("SELECT count(*) FROM customers");
  if (!count) return std::unexpected(count.error());
  if (!count->starts_with("3")) return fail("rows are missing");
  return "SQLSTATE 42501 with the rule's name, the next statement answered, all rows still there";
}

Result<std::string> DemoSteps::verifies() {
  const Result<Finished> whole = sallyport({"log", "verify"}, nullptr, true);
  if (!whole) return std::unexpected(whole.error());
  if (whole->exit != 0) return fail("the log does not verify");
  const Result<json> head = parsed(sallyport({"log", "head", "--json"}, nullptr, false));
  if (!head) return std::unexpected(head.error());
  const uint64_t end = head->value("offset", uint64_t{0});
  const fs::path copy = setup_.directory / "demo-log-copy";
  const Result<fs::path> file = copy_log(setup_.directory / "state/log", copy, end);
  if (!file) return std::unexpected(file.error());
  const std::string key = (setup_.directory / "state/log.pub").string();
  const Result<json> report =
      parsed(sallyport({"log", "verify", copy.string(), "--public-key", key, "--json"}, nullptr, false));
  if (!report) return fail("the copy does not verify: " + report.error().text);
  const uint64_t offset = end / 2;  // in the middle of what is signed
  if (Result<void> flipped = flip_byte(*file, offset); !flipped) return std::unexpected(flipped.error());
  printf("   %s\n", dim("# one bit changed in a copy, at offset " + std::to_string(offset)).c_str());
  const Result<Finished> broken =
      sallyport({"log", "verify", copy.string(), "--public-key", key}, nullptr, true);
  std::error_code error;
  fs::remove_all(copy, error);
  if (!broken) return std::unexpected(broken.error());
  if (broken->exit != 1 || !holds(broken->output, "NOT WHOLE")) return fail("the changed bit was not found");
  return "the log verifies; a copy with one bit changed does not, and the place is named";
}

// The agent's newest session of which `count` is not zero, replayed.
Result<std::string> DemoSteps::replay_of(const char* count) {
  const Result<json> sessions =
      parsed(sallyport({"sessions", "--identity", setup_agent, "--json"}, nullptr, false));
  if (!sessions) return std::unexpected(sessions.error());
  std::string sid;
  for (const json& session : *sessions) {
    if (session.value(count, 0) > 0) sid = session.value("sid", "");
  }
  if (sid.empty()) return fail(std::string("no recorded session has ") + count + " values or statements");
  const Result<Finished> replayed = sallyport({"replay", sid, "--speed", "4"}, nullptr, true);
  if (!replayed) return std::unexpected(replayed.error());
  if (replayed->exit != 0) return fail("the session cannot be replayed");
  return replayed->output;
}

Result<std::string> DemoSteps::replays() {
  const Result<std::string> masked = replay_of("masked");
  if (!masked) return masked;
  if (!holds(*masked, "Ann Smith") || !holds(*masked, "SELECT * FROM customers"))
    return fail("the replay lacks what was seen");
  if (const std::string email = leaked_email(*masked); !email.empty())
    return fail(email + " stands in the record");
  const Result<std::string> paused = replay_of("paused");
  if (!paused) return paused;
  if (!holds(*paused, drop_statement) || !holds(*paused, "approved"))
    return fail("the replay lacks the approval");
  return "both sessions replayed, the values masked on the record too, the approver named";
}

}  // namespace sallyport::cli
