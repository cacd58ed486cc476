// The admin API's looks at the log: past sessions, records, the head, proofs; and what would happen
// (explain).
#include <algorithm>
#include <charconv>

#include "config/clock.h"
#include "config/log_limits.h"
#include "core/control/answers.h"
#include "core/control/control.h"
#include "core/control/explain_json.h"
#include "core/control/log_desk.h"
#include "core/control/log_pages.h"

namespace sallyport {

namespace {

using nlohmann::json;

// Nanoseconds since 1970, as all times of the API; absent: `otherwise`.
uint64_t number_of(const json& request, const char* key, uint64_t otherwise) {
  const auto found = request.find(key);
  if (found == request.end()) return otherwise;
  if (found->is_number_unsigned()) return found->get<uint64_t>();
  const std::string text = text_of(request, key);
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : otherwise;
}

size_t limit_of(const json& request) {
  return std::clamp<uint64_t>(number_of(request, "limit", limits::log_page_count), 1,
                              limits::log_page_count_max);
}

}  // namespace

void Control::post_record(ToCore message) {
  auto held = std::make_shared<ToCore>(std::move(message));
  posted_->post([this, held] { send(0, std::move(*held)); });
}

void Control::open_log_desk() {
  const config::Config& config = snapshot_->policy->config();
  const auto on_verified = [this](const json& found) {
    if (found.value("ok", false)) return;
    const std::string why = found.contains("fault")
                                ? found["fault"].value("file", "") + ": " + found["fault"].value("text", "")
                                : found.value("error", "");
    options_.say("the log is not whole: " + why);
    send(0, RecordAlarm{.reason = "log-not-whole", .detail = why});
  };
  log_desk_ =
      std::make_unique<LogDesk>(LogDeskOptions{.directory = config.log.directory.string(),
                                               .public_key = (config.server.state_dir / "log.pub").string(),
                                               .witness = config.log.witness.file.string(),
                                               .wake_fd = wake_fd_,
                                               .on_verified = on_verified});
}

void Control::ask_log(const Caller& caller, const json& request, const Reply& reply) {
  const std::string what = text_of(request, "act");
  const bool is_auditor = may(caller, config::Role::auditor);
  const bool is_look = what == "log-sessions" || what == "log-head" || what == "explain";
  if (is_look ? !may(caller, config::Role::viewer) : !is_auditor)
    return reply(refuse(what + " is for the operator and for groups with the role " +
                            (is_look ? "viewer" : "auditor") + " in [admin] roles",
                        403));
  if (what == "explain") return explain(request, reply);
  if (what == "log-head") {
    json all = options_.log_status ? options_.log_status() : json::object();
    all.erase("directory");
    all["ok"] = true;
    all["verification"] = log_desk_->verification();
    return reply(all);
  }
  if (what == "log-verify") {
    const bool begun = log_desk_->verify();
    record_admin(caller.name_on_record(), "log-verify", begun ? "begun" : "one is under way");
    return reply({{"ok", true}, {"verification", log_desk_->verification()}});
  }
  if (what == "log-sessions") {
    SessionsWanted wanted{.identity = text_of(request, "identity"),
                          .target = text_of(request, "target"),
                          .since_ns = number_of(request, "since", 0),
                          .until_ns = number_of(request, "until", UINT64_MAX),
                          .before = text_of(request, "before"),
                          .limit = limit_of(request)};
    return log_desk_->ask(
        [wanted](ringlog::Files& files, const std::string& folder) {
          return past_sessions(files, folder, wanted);
        },
        reply);
  }
  const Result<ringlog::SessionName> name = ringlog::parse_session_name(text_of(request, "sid"));
  if (!name) return reply(refuse(name.error().text, 404));
  // Who reads what others asked and got stands on the record.
  record_admin(caller.name_on_record(), "records", "session " + text_of(request, "sid"));
  RecordsWanted wanted{.session = *name, .after = number_of(request, "after", 0), .limit = limit_of(request)};
  log_desk_->ask([wanted](ringlog::Files& files,
                          const std::string& folder) { return session_records(files, folder, wanted); },
                 reply);
}

// On a worker: a plugin reads what somebody wrote, which takes its time.
void Control::explain(const json& request, const Reply& reply) {
  const std::string name = text_of(request, "target"), statement = text_of(request, "statement");
  const config::Target* target = snapshot_->policy->target(name);
  if (target == nullptr) return reply(refuse("no target \"" + name + "\"", 404));
  if (target->is_opaque())
    return reply(refuse("nobody reads what passes to " + name + ", so nothing there is judged"));
  const auto plugin = options_.plugins->find(target->protocol);
  if (plugin == options_.plugins->end()) return reply(refuse("no plugin speaks " + target->protocol));
  std::vector<std::string> groups;
  if (const auto given = request.find("groups"); given != request.end() && given->is_array()) {
    for (const json& group : *given)
      if (group.is_string()) groups.push_back(group.get<std::string>());
  }
  if (const config::User* user = snapshot_->policy->user(text_of(request, "identity")))
    groups.insert(groups.end(), user->groups.begin(), user->groups.end());
  const bool taken = workers_->submit(
      [snapshot = snapshot_, target, abi = plugin->second.abi, groups, statement, reply]() -> Workers::Done {
        const auto made = guard::explain(*snapshot->policy, *target, groups, *abi, statement);
        auto answer = std::make_shared<json>(made ? explanation_json(*made) : refuse(made.error().text));
        if (made) (*answer)["ok"] = true;
        return [reply, answer] { reply(*answer); };
      });
  if (!taken) reply(refuse("the gateway is too busy; try again", 503));
}

// For load balancers: no proof, no details.
HttpAnswer Control::readiness() const {
  const json log = options_.log_status ? options_.log_status() : json::object();
  const bool is_ready = !draining_ && drained_count_ == 0 && !log.value("failing", false) &&
                        closed_.all.empty() && snapshot_ != nullptr;
  HttpAnswer answer{.body = is_ready ? "{\"ok\":true}\n" : "{\"ok\":false}\n", .headers = {}};
  answer.status = is_ready ? 200 : 503;
  return answer;
}

}  // namespace sallyport
