#include "core/control/ticket_text.h"

#include "core/control/json_read.h"

namespace sallyport {

namespace {

using nlohmann::json;

std::string dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

json job_of(const identity::Identity& identity) {
  json job = json::array();
  for (const auto& [name, value] : identity.job) job.push_back({name, value});
  return job;
}

}  // namespace

std::string identity_text(const identity::Identity& identity) {
  return dump({{"name", identity.name},
               {"issuer", identity.issuer},
               {"issuer_url", identity.issuer_url},
               {"issuer_meaning", identity.issuer_meaning},
               {"subject", identity.subject},
               {"persons", identity.persons},
               {"actor", identity.actor},
               {"on_behalf_of", identity.on_behalf_of},
               {"groups", identity.groups},
               {"job", job_of(identity)},
               {"expires_ns", identity.expires_ns}});
}

identity::IdentityPointer parse_identity(std::string_view text) {
  const json object = json::parse(text, nullptr, false);
  auto identity = std::make_shared<identity::Identity>();
  if (!object.is_object()) return nullptr;
  const bool good = read(object, "name", identity->name) && read(object, "issuer", identity->issuer) &&
                    read(object, "issuer_url", identity->issuer_url) &&
                    read(object, "issuer_meaning", identity->issuer_meaning) &&
                    read(object, "subject", identity->subject) &&
                    read(object, "persons", identity->persons) && read(object, "actor", identity->actor) &&
                    read(object, "groups", identity->groups) &&
                    read(object, "expires_ns", identity->expires_ns);
  // Tickets of an earlier gateway know of nobody else.
  if (object.contains("on_behalf_of") && !read(object, "on_behalf_of", identity->on_behalf_of))
    return nullptr;
  const auto job = object.find("job");
  if (!good || identity->name.empty()) return nullptr;
  if (job == object.end() || !job->is_array()) return nullptr;
  for (const json& pair : *job) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string()) return nullptr;
    identity->job.emplace_back(pair[0].get<std::string>(), pair[1].get<std::string>());
  }
  return identity;
}

std::string targets_text(const std::vector<std::string>& targets) { return dump(targets); }

std::vector<std::string> parse_targets(std::string_view text) {
  std::vector<std::string> targets;
  const json array = json::parse(text, nullptr, false);
  // What cannot be read opens nothing, not everything.
  if (!array.is_array()) return {""};
  for (const json& one : array) targets.push_back(one.is_string() ? one.get<std::string>() : "");
  return targets;
}

json describe_ticket(const identity::Ticket& ticket) {
  return {{"id", ticket.id},
          {"identity", ticket.identity->name},
          {"issuer", ticket.identity->issuer},
          {"actor", ticket.identity->actor},
          {"on_behalf_of", ticket.identity->on_behalf_of},
          {"groups", ticket.identity->groups},
          {"job", job_of(*ticket.identity)},
          {"targets", ticket.targets},
          {"created_ns", ticket.created_ns},
          {"expires_ns", ticket.expires_ns},
          {"from", ticket.from}};
}

}  // namespace sallyport
