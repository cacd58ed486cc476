// The admin API (core/control/api.md): who asks, which act a path stands for, and tickets for tokens.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "config/clock.h"
#include "config/quantity.h"
#include "config/scram_secret.h"
#include "core/control/answers.h"
#include "core/control/approval_page.h"
#include "core/control/control.h"
#include "core/control/form.h"
#include "core/control/http_routes.h"
#include "core/control/metrics.h"
#include "core/control/oauth.h"
#include "core/identity/base64url.h"
#include "core/identity/claims.h"

namespace sallyport {

namespace {

using nlohmann::json;

constexpr std::string_view bearer = "Bearer ";
constexpr std::string_view basic = "Basic ";
constexpr std::string_view access_token_type = "urn:ietf:params:oauth:token-type:access_token";
constexpr std::array<std::string_view, 3> subject_types = {
    "urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:oauth:token-type:id_token", access_token_type};

HttpAnswer answer_of(json answer) {
  HttpAnswer out;
  if (!answer.value("ok", false)) {
    out.status = answer.value("status", 400U);
    answer["status"] = out.status;
    if (out.status == 401)
      out.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"sallyport\", Basic realm=\"sallyport\"");
  }
  out.body = http_text(answer);
  return out;
}

struct Basic {
  std::string name, secret;
};

// RFC 7617.
std::optional<Basic> basic_of(std::string_view authorization) {
  if (!authorization.starts_with(basic)) return std::nullopt;
  const std::optional<std::string> pair = base64_decode(authorization.substr(basic.size()));
  const size_t colon = pair ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos) return std::nullopt;
  return Basic{pair->substr(0, colon), pair->substr(colon + 1)};
}

}  // namespace

std::vector<std::string> Control::http_names() const {
  const config::Admin& admin = snapshot_->policy->config().admin;
  std::vector<std::string> names = admin.names;
  names.push_back(admin.address.host.find(':') == std::string::npos ? admin.address.host
                                                                    : "[" + admin.address.host + "]");
  if (config::is_loopback(admin.address.host)) names.emplace_back("localhost");
  const size_t scheme = admin.url.find("://");
  if (scheme != std::string::npos) names.push_back(admin.url.substr(0, admin.url.find('/', scheme + 3)));
  return names;
}

Result<void> Control::open_http() {
  const config::Admin& admin = snapshot_->policy->config().admin;
  if (admin.address.host.empty()) return {};
  HttpDoorOptions options{.address = admin.address, .tls = snapshot_->admin_tls, .names = http_names()};
  auto door = HttpDoor::open(std::move(options), [this](HttpRequest&& request, HttpDoor::Reply reply) {
    auto held = std::make_shared<HttpRequest>(std::move(request));
    posted_->post([this, held, reply = std::move(reply)] { on_http(std::move(*held), reply); });
  });
  if (!door) return std::unexpected(std::move(door.error()));
  http_ = std::move(*door);
  return {};
}

void Control::on_http(HttpRequest&& request, const HttpDoor::Reply& reply) {
  if (request.path == "/oauth/token") return exchange_token(request, reply);
  if (request.path == "/oauth/device_authorization") return begin_device(request, reply);
  if (request.path == "/v1/login" && request.method == "GET") return reply(answer_of(login_help()));
  if (request.path == "/readyz" && request.method == "GET") return reply(readiness());
  if (request.path.starts_with("/hooks/")) return on_hook(request, reply);
  if (const std::optional<HttpAnswer> page = approval_page(request)) return reply(*page);
  if (const std::optional<HttpAnswer> open = open_route(request, snapshot_->policy->config()))
    return reply(*open);
  const bool is_metrics = request.path == "/metrics" && request.method == "GET";
  if (const auto user = basic_of(request.authorization); user && is_guessing(request.peer, user->name))
    return reply(answer_of(refuse("too many secrets from your address were refused: wait a minute", 429)));
  std::expected<json, HttpAnswer> act = is_metrics ? json{{"act", "status"}} : act_of(request);
  if (!act) return reply(std::move(act.error()));
  identify_http(request,
                [this, is_metrics, act = std::move(*act), reply](const std::optional<Caller>& caller) {
                  if (!caller) return reply(answer_of(refuse("the proof was refused", 401)));
                  this->act(*caller, act, [is_metrics, reply](const json& answer) {
                    if (!is_metrics || !answer.value("ok", false)) return reply(answer_of(answer));
                    reply({.content_type = "text/plain; version=0.0.4; charset=utf-8",
                           .body = metrics_text(answer),
                           .headers = {}});
                  });
                });
}

// ---- Who asks --------------------------------------------------------------------------------------------

void Control::identify_http(const HttpRequest& request, Identified then) {
  const std::string& text = request.authorization;
  if (text.starts_with(bearer))
    return identify_token(text.substr(bearer.size()), request.peer, std::move(then));
  const std::optional<Basic> user = basic_of(text);
  if (!user) return then(std::nullopt);
  identify_user(user->name, user->secret, request.peer, std::move(then));
}

Caller Control::caller_of(const identity::Identity& identity, const std::string& peer) const {
  return {.name = identity.name,
          .groups = identity.groups,
          .persons = identity.persons,
          .on_behalf_of = identity.on_behalf_of,
          .from = peer,
          .is_remote = true,
          .identity = std::make_shared<const identity::Identity>(identity)};
}

void Control::identify_token(const std::string& token, const std::string& peer, Identified then) {
  const auto is_in = [this](const identity::Identity& identity) {
    return identity::is_vouched_for(identity, snapshot_->policy->config().issuers) &&
           !closed_.identities.contains(identity.name);
  };
  if (token.starts_with(identity::ticket_prefix)) {
    const identity::TicketPointer ticket = tickets_.proven(token);
    if (!ticket || ticket->expires_ns <= wall_ns() || !is_in(*ticket->identity)) {
      refused_proof(peer, "", "ticket");
      return then(std::nullopt);
    }
    Caller caller = caller_of(*ticket->identity, peer);
    caller.ticket = ticket->id;
    return then(std::move(caller));
  }
  const identity::Now now{wall_ns(), steady_ns()};
  const int64_t deadline_ns = now.steady_ns + int64_t{limits::http_request_timeout_ms} * 1'000'000;
  issuers_->check(
      token, deadline_ns, now,
      [this, peer, is_in, then](const std::expected<identity::Identity, identity::RefusedToken>& found) {
        if (!found) refused_proof(peer, "", refusal_detail(found.error()));
        if (!found || !is_in(*found)) return then(std::nullopt);
        then(caller_of(*found, peer));
      });
}

void Control::identify_user(const std::string& name, const std::string& secret, const std::string& peer,
                            Identified then) {
  const config::User* user = snapshot_->policy->user(name);
  const std::string verifier = verifier_of(user);
  const bool taken = workers_->submit([this, name, verifier, secret, peer, then]() -> Workers::Done {
    const auto parsed = config::parse_scram_secret(verifier);
    const bool proven = parsed && config::scram_secret_matches(*parsed, secret);
    return [this, name, proven, peer, then] {
      const config::User* known = snapshot_->policy->user(name);
      if (!proven || !known || closed_.identities.contains(name)) {
        refused_proof(peer, name, "admin API");
        return then(std::nullopt);
      }
      then(Caller{.name = known->name,
                  .groups = known->groups,
                  .persons = known->persons(),
                  .from = peer,
                  .is_remote = true});
    };
  });
  if (!taken) then(std::nullopt);
}

// ---- Tickets for tokens (RFC 8693) -----------------------------------------------------------------------

void Control::exchange_token(const HttpRequest& request, const HttpDoor::Reply& reply) {
  if (request.method != "POST")
    return reply({.status = 405, .body = http_text(refuse("POST", 405)), .headers = {{"Allow", "POST"}}});
  const std::optional<Form> form = parse_form(request);
  if (!form)
    return reply(oauth_error("invalid_request", "send application/x-www-form-urlencoded, each key once"));
  if (form->text("grant_type") == device_grant)
    return poll_device(form->text("device_code"), request.peer, reply);
  if (form->text("grant_type") != exchange_grant)
    return reply(oauth_error("unsupported_grant_type", "grant_type is " + std::string(exchange_grant) +
                                                           " or " + std::string(device_grant)));
  if (std::ranges::find(subject_types, form->text("subject_token_type")) == subject_types.end())
    return reply(
        oauth_error("invalid_request", "subject_token_type is " + std::string(subject_types.front())));
  const std::expected<json, HttpAnswer> wanted = ticket_wish(*form);
  if (!wanted) return reply(wanted.error());
  trade({form->text("subject_token")}, *wanted, request.peer, reply);
}

// The first of them that is good. Who gets none is told of the first alone.
void Control::trade(std::vector<std::string> tokens, const json& wanted, const std::string& peer,
                    const HttpDoor::Reply& reply) {
  const std::string token = tokens.front();
  tokens.erase(tokens.begin());
  const identity::Now now{wall_ns(), steady_ns()};
  const int64_t deadline_ns = now.steady_ns + int64_t{limits::http_request_timeout_ms} * 1'000'000;
  issuers_->check(
      token, deadline_ns, now,
      [this, wanted, reply, peer,
       tokens = std::move(tokens)](std::expected<identity::Identity, identity::RefusedToken> found) mutable {
        if (!found && !tokens.empty()) return trade(std::move(tokens), wanted, peer, reply);
        if (!found) {
          refused_proof(peer, "", refusal_detail(found.error()));
          return reply(oauth_error("invalid_grant", "the token was refused; the gateway's log says why"));
        }
        auto identity = std::make_shared<const identity::Identity>(std::move(*found));
        grant(std::move(identity), peer, wanted, [this, reply](const json& made) {
          if (!made.value("ok", false))
            return reply(oauth_error("invalid_request", text_of(made, "error"), made.value("status", 400U)));
          reply({.body = http_text(exchanged(made, targets_for(made), wall_ns())),
                 .headers = {{"Pragma", "no-cache"}}});
        });
      });
}

// What the bearer may open, without what only operators know of it.
json Control::targets_for(const json& ticket) const {
  json all = json::array();
  const auto groups = ticket["groups"].get<std::vector<std::string>>();
  const auto bound = ticket["targets"].get<std::vector<std::string>>();
  const json all_access = access_for(groups, ticket["identity"], ticket["actor"], bound);
  for (const TargetState& state : snapshot_->targets) {
    const config::Target& target = *state.target;
    const auto is_same = [&target](const json& one) { return one["name"] == target.name; };
    const auto access = std::ranges::find_if(all_access, is_same);
    if (access == all_access.end()) continue;
    json logins = json::array();
    for (const config::Login& login : target.logins) logins.push_back(login.name);
    all.push_back({{"name", target.name},
                   {"protocol", target.protocol},
                   {"database", target.database},
                   {"logins", logins}});
    for (const char* key : {"access", "until_ns"}) {
      if (access->contains(key)) all.back()[key] = (*access)[key];
    }
  }
  return all;
}

json Control::login_help() const {
  const config::Config& config = snapshot_->policy->config();
  json issuers = json::array(), listeners = json::array();
  for (const config::Oidc& issuer : config.issuers) {
    issuers.push_back({{"name", issuer.name},
                       {"issuer", issuer.issuer},
                       {"client_id", issuer.client_id},
                       {"scopes", issuer.scopes}});
  }
  for (size_t i = 0; i < config.listeners.size() && i < addresses_.size(); ++i) {
    const config::Listener& listener = config.listeners[i];
    if (listener.is_opaque()) continue;
    const std::string& address = addresses_[i];
    json one = {{"protocol", listener.protocol},
                {"port", std::atoi(address.c_str() + address.rfind(':') + 1)},
                {"tls", listener.tls.has_value()}};
    if (!listener.target.empty()) one["target"] = listener.target;
    listeners.push_back(std::move(one));
  }
  return {{"ok", true},
          {"issuers", issuers},
          {"listeners", listeners},
          {"ticket_life_s", config.admin.ticket_life_ms / 1000}};
}

}  // namespace sallyport
