// A session as events of the Open Cybersecurity Schema Framework 1.3.0 (schema.ocsf.io/1.3.0): Datastore
// Activity (6005), one for the login and one for each request, with the profile security_control for what the
// gateway did.
#include "cli/activity.h"
#include "cli/log_export.h"
#include "cli/log_source.h"
#include "cli/record_text.h"
#include "ringlog/session_name.h"

namespace sallyport::cli {

namespace {

using nlohmann::json;
using ringlog::Verdict;

constexpr char schema_version[] = "1.3.0";
constexpr int category_uid = 6, class_uid = 6005;  // Application Activity, Datastore Activity
constexpr int database_type_other = 99;

// The numbers are the schema's.
enum class ActivityId { Update = 2, Connect = 3, Query = 4, Write = 5, Create = 6, Delete = 7, Other = 99 };
enum class Severity { Informational = 1, Low = 2, Medium = 3 };
enum class Status { Unknown = 0, Success = 1, Failure = 2 };
enum class ActionId { Unknown = 0, Allowed = 1, Denied = 2 };
enum class Disposition { Unknown = 0, Allowed = 1, Blocked = 2 };

struct Kind {
  ActivityId id;
  std::string name;
};

// The first verb is what the request is about; verbs of other protocols stand as they are.
Kind kind_of(const Activity& activity) {
  const std::string verb = activity.verbs.empty() ? "unknown" : activity.verbs.front();
  for (const char* one : {"SELECT", "FETCH", "SHOW", "EXPLAIN", "VALUES", "TABLE"})
    if (verb == one) return {ActivityId::Query, "Query"};
  for (const char* one : {"INSERT", "COPY"})
    if (verb == one) return {ActivityId::Write, "Write"};
  for (const char* one : {"UPDATE", "MERGE", "ALTER"})
    if (verb == one) return {ActivityId::Update, "Update"};
  for (const char* one : {"DELETE", "TRUNCATE", "DROP"})
    if (verb == one) return {ActivityId::Delete, "Delete"};
  if (verb == "CREATE") return {ActivityId::Create, "Create"};
  return {ActivityId::Other, verb};
}

// "10.1.2.3:50123", "[::1]:50123"
json endpoint(const std::string& peer) {
  const size_t colon = peer.rfind(':');
  json all = {{"ip", peer.substr(0, colon)}};
  if (peer.starts_with('[') && colon != peer.npos && colon >= 2) all["ip"] = peer.substr(1, colon - 2);
  if (colon != peer.npos) all["port"] = atoi(peer.c_str() + colon + 1);
  return all;
}

json event(const Visit& visit, const Kind& kind, uint64_t time_ns, Severity severity) {
  const int activity_id = static_cast<int>(kind.id);
  const std::string sid = ringlog::session_text(visit.instance, visit.session);
  json user = {{"name", visit.identity.empty() ? "unknown" : visit.identity}};
  json groups = json::array();
  for (const std::string& group : visit.groups) groups.push_back({{"name", group}});
  if (!groups.empty()) user["groups"] = groups;
  json actor = {{"user", user}, {"session", {{"uid", sid}}}};
  if (!visit.actor.empty()) actor["invoked_by"] = visit.actor;
  return {
      {"activity_id", activity_id},
      {"activity_name", kind.name},
      {"category_uid", category_uid},
      {"category_name", "Application Activity"},
      {"class_uid", class_uid},
      {"class_name", "Datastore Activity"},
      {"type_uid", class_uid * 100 + activity_id},
      {"time", time_ns / 1'000'000},
      {"severity_id", static_cast<int>(severity)},
      {"actor", actor},
      {"src_endpoint", endpoint(visit.peer)},
      {"dst_endpoint",
       {{"name", visit.target.empty() ? "unknown" : visit.target}, {"svc_name", visit.protocol}}},
      {"type_id", 1},
      {"database",
       {{"name", visit.database.empty() ? visit.target : visit.database},
        {"type_id", database_type_other},
        {"type", visit.protocol}}},
      {"metadata",
       {{"version", schema_version},
        {"profiles", {"security_control"}},
        {"product", {{"name", "Sallyport"}, {"vendor_name", "Sallyport"}, {"version", SALLYPORT_VERSION}}},
        {"correlation_uid", sid}}}};
}

json login_event(const Visit& visit) {
  json one = event(visit, {ActivityId::Connect, "Connect"}, visit.opened_ns,
                   visit.accepted ? Severity::Informational : Severity::Medium);
  one["status_id"] = static_cast<int>(visit.accepted ? Status::Success : Status::Failure);
  one["action_id"] = static_cast<int>(visit.accepted ? ActionId::Allowed : ActionId::Denied);
  one["disposition_id"] = static_cast<int>(visit.accepted ? Disposition::Allowed : Disposition::Blocked);
  return one;
}

json hits_json(const Activity& activity) {
  json all = json::array();
  for (const Hit& hit : activity.hits) {
    all.push_back({{"mask", hit.mask},
                   {"detector", hit.detector},
                   {"field", hit.field},
                   {"hits", hit.hits},
                   {"values", hit.values}});
  }
  return all;
}

json request_event(const Visit& visit, const Activity& activity) {
  const bool denied = activity.verdict == Verdict::Deny, waits = activity.verdict == Verdict::Wait;
  json one = event(visit, kind_of(activity), activity.time_ns,
                   denied || waits ? Severity::Medium : Severity::Informational);
  one["action_id"] = static_cast<int>(waits    ? ActionId::Unknown
                                      : denied ? ActionId::Denied
                                               : ActionId::Allowed);
  one["disposition_id"] = static_cast<int>(waits    ? Disposition::Unknown
                                           : denied ? Disposition::Blocked
                                                    : Disposition::Allowed);
  // Whether the target was content stands in its own words; what was refused did not happen.
  one["status_id"] = static_cast<int>(denied ? Status::Failure : Status::Unknown);
  if (!activity.status.empty()) one["status_detail"] = activity.status;
  if (activity.answered) {
    one["start_time"] = activity.time_ns / 1'000'000;
    one["end_time"] = activity.end_ns / 1'000'000;
    one["duration"] =
        activity.end_ns > activity.time_ns ? (activity.end_ns - activity.time_ns) / 1'000'000 : 0;
  }
  if (!activity.text.empty()) one["query_info"] = {{"query_string", activity.text}};
  json resources = json::array();
  for (const std::string& object : activity.objects) resources.push_back({{"name", object}});
  if (!activity.objects.empty()) one["table"] = {{"name", activity.objects.front()}};
  one["policy"] = {{"uid", activity.policy}};
  if (!activity.rule.empty()) one["policy"]["name"] = activity.rule;
  one["unmapped"] = {{"on_behalf_of", visit.on_behalf_of},
                     {"verbs", activity.verbs},
                     {"objects", resources},
                     {"verdict", verdict_text(activity.verdict)},
                     {"paused", activity.paused},
                     {"approval", activity.approval},
                     {"rows", activity.units},
                     {"masked", activity.masked},
                     {"withheld", activity.withheld},
                     {"hits", hits_json(activity)},
                     {"sealed", activity.sealed},
                     {"erased", activity.erased}};
  return one;
}

}  // namespace

int export_ocsf(const Context& context, const ExportTo& to) {
  const auto print = [&to](const json& one) { fprintf(to.out, "%s\n", json_text(one, -1).c_str()); };
  Activities activities(
      [&print](const Visit& visit, const Activity& activity) { print(request_event(visit, activity)); },
      [&print](const Visit& visit) {
        print(login_event(visit));
        return true;
      });
  const int exit = each_record(
      context, to.directory, to.session,
      [&activities](const ringlog::RecordView& record) { activities.take(record); }, to.key);
  activities.finish();
  return exit;
}

}  // namespace sallyport::cli
