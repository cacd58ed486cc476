#include "core/control/http_routes.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "config/quantity.h"
#include "core/control/answers.h"
#include "core/control/form.h"
#include "core/control/http_guard.h"
#include "core/control/oauth.h"
#include "core/identity/strict_json.h"
#include "openapi.h"

namespace sallyport {

namespace {

using nlohmann::json;

// A path of the API: "{}" stands for one segment, which `key` of the act takes.
struct Route {
  std::string_view method, path, act, key;
};

constexpr std::array routes = {
    Route{"GET", "/v1/whoami", "whoami", ""},
    Route{"GET", "/v1/status", "status", ""},
    Route{"GET", "/v1/sessions", "sessions", ""},
    Route{"DELETE", "/v1/sessions/{}", "kill", "session"},
    Route{"GET", "/v1/log/sessions", "log-sessions", ""},
    Route{"GET", "/v1/log/sessions/{}/records", "log-records", "sid"},
    Route{"GET", "/v1/log/head", "log-head", ""},
    Route{"POST", "/v1/log/verify", "log-verify", ""},
    Route{"POST", "/v1/explain", "explain", ""},
    Route{"GET", "/v1/approvals", "approvals", ""},
    Route{"POST", "/v1/approvals/{}/approve", "approve", "id"},
    Route{"POST", "/v1/approvals/{}/deny", "deny", "id"},
    Route{"POST", "/v1/approvals/{}/revoke", "revoke", "id"},
    Route{"POST", "/v1/approvals/{}/reveal", "reveal", "id"},
    Route{"POST", "/v1/plans", "plan", ""},
    Route{"GET", "/v1/targets", "targets", ""},
    Route{"GET", "/v1/policy", "policy", ""},
    Route{"POST", "/v1/policy/reload", "reload", ""},
    Route{"GET", "/v1/tickets", "tickets", ""},
    Route{"DELETE", "/v1/tickets/{}", "revoke-ticket", "id"},
    Route{"POST", "/v1/grants", "request", ""},
    Route{"GET", "/v1/grants", "grants", ""},
    Route{"DELETE", "/v1/grants/{}", "revoke-grant", "id"},
    Route{"PUT", "/v1/identities/{}/block", "kill", "identity"},
    Route{"DELETE", "/v1/identities/{}/block", "allow", "identity"},
    Route{"PUT", "/v1/lockdown", "lockdown", ""},
    Route{"DELETE", "/v1/lockdown", "lift", ""},
    Route{"POST", "/v1/canary", "canary", ""},
    Route{"DELETE", "/v1/targets/{}/lockdown", "unlock", "target"},
};

// What "{}" took; nothing where the path is another.
std::optional<std::string> match(std::string_view pattern, std::string_view path) {
  const size_t at = pattern.find("{}");
  if (at == pattern.npos) return path == pattern ? std::optional<std::string>("") : std::nullopt;
  const std::string_view head = pattern.substr(0, at), tail = pattern.substr(at + 2);
  if (path.size() <= head.size() + tail.size() || !path.starts_with(head) || !path.ends_with(tail))
    return std::nullopt;
  const std::string_view taken = path.substr(head.size(), path.size() - head.size() - tail.size());
  if (taken.find('/') != taken.npos) return std::nullopt;
  // A '+' in a path stands for itself (RFC 3986).
  std::string escaped(taken);
  for (size_t plus = 0; (plus = escaped.find('+', plus)) != escaped.npos;) escaped.replace(plus, 1, "%2B");
  const std::optional<Form> decoded = parse_form("v=" + escaped);
  return decoded && decoded->fields.size() == 1 ? std::optional(decoded->text("v")) : std::nullopt;
}

HttpAnswer problem(unsigned status, std::string_view why) {
  return {.status = status, .body = http_problem(status, why), .headers = {}};
}

// Of a query.
json typed(const std::string& text) {
  if (text == "true" || text == "false") return text == "true";
  return text;
}

// Of a path: a session's number, or a name, which may be "true".
json named(std::string_view key, const std::string& text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  if (key == "session" && is_number) return number;
  return text;
}

std::expected<json, HttpAnswer> arguments_of(const HttpRequest& request) {
  if (request.method == "GET" || request.method == "DELETE" || request.body.empty()) {
    const std::optional<Form> query = parse_form(request.query);
    if (!query)
      return std::unexpected(problem(400, "the query has a key twice, or escapes that stand for nothing"));
    json out = json::object();
    for (const auto& [key, value] : query->fields) out[key] = typed(value);
    return out;
  }
  const std::string type = config::lower_case(request.content_type.substr(0, request.content_type.find(';')));
  if (type != "application/json") return std::unexpected(problem(415, "send application/json"));
  std::optional<json> body = identity::parse_strict_object(request.body);
  if (!body) return std::unexpected(problem(400, "send one JSON object, each key once"));
  return std::move(*body);
}

}  // namespace

std::expected<json, HttpAnswer> act_of(const HttpRequest& request) {
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  std::string allowed;
  for (const Route& route : routes) {
    const std::optional<std::string> taken = match(route.path, request.path);
    if (!taken) continue;
    if (route.method != method) {
      allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
      continue;
    }
    std::expected<json, HttpAnswer> act = arguments_of(request);
    if (!act) return act;
    // The path decides, whatever the body says.
    if (!route.key.empty()) (*act)[std::string(route.key)] = named(route.key, *taken);
    (*act)["act"] = route.act;
    if (route.act == "kill") act->erase(route.key == "session" ? "identity" : "session");
    return act;
  }
  if (allowed.empty()) return std::unexpected(problem(404, "no such path; /v1/openapi.json lists them"));
  HttpAnswer wrong = problem(405, "this path takes " + allowed);
  wrong.headers.emplace_back("Allow", allowed);
  return std::unexpected(std::move(wrong));
}

std::optional<HttpAnswer> open_route(const HttpRequest& request, const config::Config& config) {
  if (request.method != "GET" && request.method != "HEAD") return std::nullopt;
  if (request.path == "/v1/openapi.json")
    return HttpAnswer{.body = std::string(openapi_document), .headers = {}};
  if (request.path == "/healthz") return HttpAnswer{.body = "{\"ok\":true}\n", .headers = {}};
  if (request.path == "/.well-known/oauth-protected-resource") {
    // RFC 9728.
    json servers = json::array();
    for (const config::Oidc& issuer : config.issuers) servers.push_back(issuer.issuer);
    return HttpAnswer{.body = json{{"resource", config.admin.url},
                                   {"authorization_servers", servers},
                                   {"bearer_methods_supported", {"header"}},
                                   {"resource_name", "Sallyport"}}
                                  .dump() +
                              "\n",
                      .headers = {}};
  }
  if (request.path == "/.well-known/oauth-authorization-server" && !config.admin.url.empty())
    return HttpAnswer{.body = http_text(authorization_server(config.admin.url)), .headers = {}};
  return std::nullopt;
}

json exchanged(const json& ticket, const json& targets, int64_t now_ns) {
  std::string scope;
  for (const json& target : ticket["targets"])
    scope += (scope.empty() ? "target:" : " target:") + target.get<std::string>();
  const int64_t left_s = (ticket["expires_ns"].get<int64_t>() - now_ns) / 1'000'000'000;
  json out = {{"access_token", ticket["text"]},
              {"issued_token_type", "urn:ietf:params:oauth:token-type:access_token"},
              {"token_type", "Bearer"},
              {"expires_in", std::max<int64_t>(left_s, 0)},
              {"ticket", ticket["id"]},
              {"identity", ticket["identity"]},
              {"targets", targets}};
  if (!scope.empty()) out["scope"] = scope;
  return out;
}

}  // namespace sallyport
