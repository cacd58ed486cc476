#include "cli/demo_oidc.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/private_file.h"
#include "cli/table.h"
#include "cli/web.h"
#include "core/control/webhook_signature.h"

namespace sallyport::cli {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* drop_statement = "DROP DATABASE scratch";
constexpr const char* agent = "ci:repo:acme/shop:ref:refs/heads/main";
constexpr const char* person = "people:dora@example.com";
constexpr const char* approver = "people:paula@example.com";
constexpr int64_t token_life_s = 600;
constexpr int message_timeout_ms = 30'000;
constexpr int role_timeout_ms = 60'000;

// As GitHub's tokens are for a run of a workflow.
json job_claims() {
  return {{"sub", "repo:acme/shop:ref:refs/heads/main"},
          {"aud", "sallyport"},
          {"ref", "refs/heads/main"},
          {"sha", "0a1b2c3d"},
          {"repository", "acme/shop"},
          {"repository_owner", "acme"},
          {"run_id", "4711"},
          {"run_attempt", "1"},
          {"actor", "ann"},
          {"workflow", "deploy"},
          {"workflow_ref", "acme/shop/.github/workflows/deploy.yml@refs/heads/main"},
          {"event_name", "push"}};
}

json approver_claims() {
  return {{"sub", "paula"},
          {"aud", "sallyport"},
          {"email", "paula@example.com"},
          {"email_verified", true},
          {"groups", json::array({"approvers"})}};
}

// The first word of `text` that begins so.
std::string word_of(const std::string& text, const std::string& begin) {
  const size_t at = text.find(begin);
  if (at == text.npos) return "";
  return text.substr(at, text.find_first_of(" \n|\"", at) - at);
}

void show_fact(const char* name, const std::string& value) {
  printf("   %-10s %s\n", name, visible(value).c_str());
}

bool is_kind(const json& record, const char* kind) { return record.value("kind", "") == kind; }

}  // namespace

std::vector<DemoStep> DemoOidc::all() {
  return {
      {"A CI job logs in with its provider's token, for a person. It works as a role that was made for it.",
       [this] { return reads(); }},
      {"It drops a database. The statement waits.", [this] { return pauses(); }},
      {"A signed webhook tells who asks for whom, and leads to a page.", [this] { return tells(); }},
      {"A chat fetches the link for a preview. That decides nothing.", [this] { return looks(); }},
      {"An approver logs in with another provider's token and says yes. Only then it runs.",
       [this] { return decides(); }},
      {"The record names agent, person, role, rule, approver, and the policy that judged.",
       [this] { return records(); }},
      {"The role is gone with its lease.", [this] { return vanishes(); }},
      {"The log is whole; this session is proven alone, and replayed.", [this] { return proves(); }},
  };
}

Result<DemoCaller> DemoOidc::job() const {
  const Result<std::string> token = jobs_.token(job_claims(), token_life_s);
  if (!token) return std::unexpected(token.error());
  // The token says who it is: the user name is the target's alone.
  std::string url = setup_.url("job");
  const std::string both = "job," + setup_.target;
  url.replace(url.find(both), both.size(), setup_.target);
  const std::string options = std::string("-c sallyport.on_behalf_of=") + person;
  return DemoCaller{.url = url,
                    .environment = {"PGPASSWORD=" + *token, "PGOPTIONS=" + options},
                    .shown = "PGPASSWORD=$CI_TOKEN PGOPTIONS='" + options + "' psql \"$SHOP\""};
}

Result<Finished> DemoOidc::sallyport(const std::vector<std::string>& words,
                                     std::vector<std::string> environment, bool show) const {
  std::string line = "sallyport";
  for (const std::string& word : words) line += " " + shell_quoted(word);
  // Nothing of the user's own is read or written.
  environment.push_back("XDG_STATE_HOME=" + (setup_.directory / "home").string());
  environment.push_back("HOME=" + (setup_.directory / "home").string());
  return shell_.sallyport(words, std::move(environment), show ? line : "");
}

Result<bool> DemoOidc::database_stands() const {
  const Result<std::string> found =
      cluster_.truth("SELECT count(*) FROM pg_database WHERE datname = 'scratch'");
  if (!found) return std::unexpected(found.error());
  return found->starts_with("1");
}

Result<std::string> DemoOidc::reads() {
  const Result<DemoCaller> caller = job();
  if (!caller) return std::unexpected(caller.error());
  const Result<Finished> seen =
      run(shell_.psql(*caller, {"SELECT session_user, current_user", "SELECT * FROM customers ORDER BY id"},
                      shell_.scratch("demo-psql.out")),
          demo_query_timeout_ms);
  if (!seen) return std::unexpected(seen.error());
  show_output(seen->output);
  if (seen->exit != 0 || !holds(seen->output, "(3 rows)")) return fail("the rows did not come");
  if (const std::string email = leaked_email(seen->output); !email.empty())
    return fail(email + " came through unmasked");
  role_ = word_of(seen->output, "sp_");
  const Result<std::string> there =
      cluster_.truth("SELECT count(*) FROM pg_roles WHERE rolname = '" + role_ + "'");
  if (!there) return std::unexpected(there.error());
  if (role_.empty() || !there->starts_with("1")) return fail("no role was made for it");
  const Result<std::string> truth = cluster_.truth("SELECT email FROM customers");
  if (!truth || leaked_email(*truth).empty())
    return fail("no address is in the database: nothing was masked");
  return "PostgreSQL knows it as " + role_ + "; the addresses came masked";
}

Result<std::string> DemoOidc::pauses() {
  const Result<DemoCaller> caller = job();
  if (!caller) return std::unexpected(caller.error());
  Result<Process> process =
      DemoShell::start_paused(shell_.psql(*caller, {drop_statement}, shell_.scratch("demo-drop.out")));
  if (!process) return std::unexpected(process.error());
  waiting_ = std::move(*process);
  const Result<json> list = parsed(sallyport({"approvals", "--json"}, {}, false));
  if (!list) return std::unexpected(list.error());
  for (const json& approval : *list) {
    if (approval.value("text", "") == drop_statement) approval_ = text_in(approval, "id");
    if (approval_.empty()) approval_ = text_in(approval, "approval");
  }
  if (approval_.empty()) return fail("no approval is pending for it");
  const Result<bool> stands = database_stands();
  if (!stands) return std::unexpected(stands.error());
  if (!*stands || waiting_->ended()) return fail("it ran without a yes");
  return "psql waits, the database still stands, and approval " + approval_ + " is pending";
}

Result<std::string> DemoOidc::tells() {
  const std::optional<DemoMessage> message =
      receiver_.wait({"\"approval.opened\"", approval_}, message_timeout_ms);
  if (!message) return fail("no webhook came");
  const int64_t time_s = atoll(message->signature.substr(message->signature.find('=') + 1).c_str());
  if (sign_delivery(secret_, time_s, message->body) != message->signature)
    return fail("the webhook's signature is wrong");
  const json told = json::parse(message->body, nullptr, false);
  if (!told.is_object() || !told.contains("approval")) return fail("the webhook's message is none");
  const json& approval = told["approval"];
  link_ = text_in(told, "link");
  show_fact("who", text_in(approval, "identity"));
  show_fact("for", text_in(approval, "on_behalf_of"));
  show_fact("runs", text_in(approval, "text"));
  show_fact("link", link_);
  if (text_in(approval, "identity") != agent || text_in(approval, "on_behalf_of") != person)
    return fail("the webhook names somebody else");
  return link_.empty() ? Result<std::string>(fail("the webhook has no link"))
                       : "one message came, its signature is good";
}

Result<std::string> DemoOidc::looks() {
  const ProcessOptions curl{.argv = {"curl", "-sSf", "-o", shell_.scratch("page.html"), link_},
                            .environment = {},
                            .output = shell_.scratch("demo-command.out")};
  show_command("curl -sSf -o page.html " + link_);
  const Result<Finished> page = run(curl, demo_query_timeout_ms);
  if (!page) return std::unexpected(page.error());
  if (page->exit != 0) return fail("the page does not come: " + page->output);
  const Result<bool> stands = database_stands();
  if (!stands) return std::unexpected(stands.error());
  if (!*stands || !waiting_ || waiting_->ended()) return fail("a look has decided it");
  return "the page is there, for any browser; the statement still waits";
}

Result<std::string> DemoOidc::decides() {
  const Result<std::string> token = people_.token(approver_claims(), token_life_s);
  if (!token) return std::unexpected(token.error());
  const std::string file = shell_.scratch("paula.token");
  if (Result<void> kept = write_private(file, *token); !kept) return std::unexpected(kept.error());
  const std::string gateway = url_;
  const Result<json> ticket = parsed(
      shell_.sallyport({"--json", "login", "--gateway", gateway, "--flow", "token", "--token-file", file},
                       {"XDG_STATE_HOME=" + (setup_.directory / "home").string(),
                        "HOME=" + (setup_.directory / "home").string()},
                       ""));
  show_command("sallyport login --gateway " + gateway + " --flow token --token-file paula.token");
  if (!ticket) return std::unexpected(ticket.error());
  show_fact("ticket", text_in(*ticket, "id") + " of " + text_in(*ticket, "identity"));
  const Result<Finished> answer =
      sallyport({"approve", approval_, "--gateway", gateway, "--reason", "the job is done with it"},
                {"SALLYPORT_TICKET=" + text_in(*ticket, "ticket")}, true);
  if (!answer) return std::unexpected(answer.error());
  if (answer->exit != 0) return fail("the approver was refused");
  const std::optional<int> exit = waiting_ ? waiting_->wait(demo_query_timeout_ms) : std::nullopt;
  if (!exit) return fail("psql still waits");
  show_output(waiting_->output());
  const Result<bool> stands = database_stands();
  if (!stands) return std::unexpected(stands.error());
  if (*exit != 0 || *stands) return fail("the statement has not run");
  return "the very statement that waited has run, and the database is gone";
}

Result<void> DemoOidc::check_policy(const std::string& fingerprint) const {
  const Result<Finished> tail = sallyport({"--json", "tail", "--all", "-n", "100000"}, {}, false);
  if (!tail) return std::unexpected(tail.error());
  std::istringstream lines(tail->output);
  for (std::string line; std::getline(lines, line);) {
    const json record = json::parse(line, nullptr, false);
    if (!record.is_object() || !is_kind(record, "policy")) continue;
    if (record["facts"].value("digest", "").starts_with(fingerprint)) return {};
  }
  return fail("no policy of that fingerprint stands on the record");
}

Result<std::string> DemoOidc::records() {
  const Result<json> sessions = parsed(sallyport({"sessions", "--identity", agent, "--json"}, {}, false));
  if (!sessions) return std::unexpected(sessions.error());
  for (const json& session : *sessions) {
    if (session.value("paused", 0) > 0) sid_ = session.value("sid", "");
  }
  const Result<json> records = parsed(sallyport({"show", sid_, "--json"}, {}, false));
  show_command("sallyport show " + sid_);
  if (!records) return std::unexpected(records.error());
  json login = json::object(), request = json::object();
  std::string yes;
  for (const json& record : *records) {
    const json& facts = record["facts"];
    if (is_kind(record, "login")) login = facts;
    if (is_kind(record, "request") && !text_in(facts, "approval").empty()) request = facts;
    if (is_kind(record, "decision") && holds(facts.dump(), approver)) yes = approver;
  }
  const std::string policy = text_in(request, "policy");
  show_fact("agent", text_in(login, "identity"));
  show_fact("person", text_in(login, "on_behalf_of"));
  show_fact("role", text_in(login, "lease"));
  show_fact("rule", text_in(request, "rule"));
  show_fact("approver", yes);
  show_fact("policy", policy);
  if (text_in(login, "identity") != agent || text_in(login, "on_behalf_of") != person)
    return fail("the login is somebody else's");
  if (!text_in(login, "lease").starts_with("sp_") || text_in(request, "approval") != approval_ ||
      yes.empty() || policy.empty())
    return fail("the record lacks one of them");
  if (Result<void> known = check_policy(policy); !known) return std::unexpected(known.error());
  role_ = text_in(login, "lease");
  return "all of it stands in session " + sid_;
}

Result<std::string> DemoOidc::vanishes() {
  show_command("psql -c \"SELECT rolname FROM pg_roles WHERE rolname LIKE 'sp\\_%'\"");
  for (int waited_ms = 0; waited_ms < role_timeout_ms; waited_ms += 200) {
    const Result<std::string> left =
        cluster_.truth("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'sp\\_%'");
    if (!left) return std::unexpected(left.error());
    if (left->starts_with("0")) return role_ + " is gone from pg_roles";
    usleep(200'000);
  }
  return fail("a role outlives its lease");
}

Result<std::string> DemoOidc::proves() {
  const Result<Finished> whole = sallyport({"log", "verify"}, {}, true);
  if (!whole) return std::unexpected(whole.error());
  if (whole->exit != 0) return fail("the log does not verify");
  const std::string proof = shell_.scratch("proof"), key = (setup_.directory / "state/log.pub").string();
  std::error_code error;
  fs::remove_all(proof, error);
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"log", "export", "--session", sid_, "--proof", proof},
        std::vector<std::string>{"log", "verify", "--key", key, "--proof", proof}}) {
    const Result<Finished> done = sallyport(words, {}, true);
    if (!done) return std::unexpected(done.error());
    if (done->exit != 0) return fail("the session is not proven");
  }
  const Result<Finished> played = sallyport({"replay", sid_, "--no-wait"}, {}, true);
  if (!played) return std::unexpected(played.error());
  if (played->exit != 0 || !holds(played->output, drop_statement))
    return fail("the session cannot be replayed");
  return "whole, proven with the public key alone, and replayed";
}

}  // namespace sallyport::cli
