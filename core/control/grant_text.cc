#include "core/control/grant_text.h"

#include "core/control/json_read.h"

namespace sallyport {

namespace {

using nlohmann::json;

}  // namespace

std::string grant_text(const identity::Grant& grant) {
  return json{{"id", grant.id},
              {"approval", grant.approval},
              {"target", grant.target},
              {"identity", grant.identity},
              {"actor", grant.actor},
              {"issuer_meaning", grant.issuer_meaning},
              {"persons", grant.persons},
              {"groups", grant.groups},
              {"granted_by", grant.granted_by},
              {"granting_persons", grant.granting_persons},
              {"reason", grant.reason},
              {"created_ns", grant.created_ns},
              {"expires_ns", grant.expires_ns},
              {"grace_ms", grant.grace_ms}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

identity::GrantPointer parse_grant(std::string_view text) {
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object()) return nullptr;
  auto grant = std::make_shared<identity::Grant>();
  int64_t grace_ms = 0;
  const bool good = read(object, "id", grant->id) && read(object, "approval", grant->approval) &&
                    read(object, "target", grant->target) && read(object, "identity", grant->identity) &&
                    read(object, "actor", grant->actor) &&
                    read(object, "issuer_meaning", grant->issuer_meaning) &&
                    read(object, "persons", grant->persons) && read(object, "groups", grant->groups) &&
                    read(object, "granted_by", grant->granted_by) &&
                    read(object, "granting_persons", grant->granting_persons) &&
                    read(object, "reason", grant->reason) && read(object, "created_ns", grant->created_ns) &&
                    read(object, "expires_ns", grant->expires_ns) && read(object, "grace_ms", grace_ms);
  if (!good || grant->id.empty() || grant->identity.empty() || grant->target.empty()) return nullptr;
  if (grace_ms < 0 || grace_ms > INT32_MAX) return nullptr;
  grant->grace_ms = static_cast<uint32_t>(grace_ms);
  return grant;
}

json describe_grant(const identity::Grant& grant) {
  return {{"id", grant.id},         {"identity", grant.identity},     {"actor", grant.actor},
          {"target", grant.target}, {"approval", grant.approval},     {"granted_by", grant.granted_by},
          {"reason", grant.reason}, {"created_ns", grant.created_ns}, {"expires_ns", grant.expires_ns}};
}

}  // namespace sallyport
