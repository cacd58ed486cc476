// The device flow at the gateway itself (RFC 8628): begun and polled with an issuer on the caller's behalf,
// and the token that comes of it traded for a ticket at once.
#include <openssl/rand.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/check.h"
#include "config/clock.h"
#include "config/quantity.h"
#include "core/control/answers.h"
#include "core/control/control.h"
#include "core/control/issuer_web.h"
#include "core/control/oauth.h"
#include "core/identity/base64url.h"
#include "core/identity/plain.h"
#include "core/identity/strict_json.h"

namespace sallyport {

namespace {

using nlohmann::json;

constexpr int64_t s = 1'000'000'000;
constexpr std::string_view code_prefix = "spd_";
constexpr size_t code_random_size = 32;

std::string make_code() {
  std::array<unsigned char, code_random_size> bytes{};
  CHECK(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
  return std::string(code_prefix) +
         identity::base64url_encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::string host_of(const std::string& peer) { return peer.substr(0, peer.rfind(':')); }

// The only one that has a client for people, or the one that is named.
const config::Oidc* issuer_for(const std::vector<config::Oidc>& issuers, const std::string& name) {
  const config::Oidc* found = nullptr;
  for (const config::Oidc& one : issuers) {
    if (one.client_id.empty() || (!name.empty() && one.name != name)) continue;
    if (found != nullptr) return nullptr;
    found = &one;
  }
  return found;
}

int64_t number_of(const json& object, const char* key, int64_t otherwise) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<int64_t>() : otherwise;
}

// What the issuer has begun. `told`: for the caller, but for the code, which is ours.
struct Begun {
  std::string token_endpoint, device_code;
  int64_t interval_s = 0, life_s = 0;
  json told;
};

Result<Begun> read_begun(const json& body, const std::string& endpoint) {
  Begun begun{.token_endpoint = "", .device_code = member_of(body, "device_code"), .told = json::object()};
  for (const char* key : {"user_code", "verification_uri", "verification_uri_complete"}) {
    std::string text = member_of(body, key);
    const bool is_url = key != std::string_view("user_code");
    const bool is_good = !text.empty() && text.size() <= limits::device_text_size_max &&
                         identity::is_plain_text(text) && (!is_url || config::is_trusted_url(text));
    if (is_good) begun.told[key] = std::move(text);
  }
  const bool is_large = begun.device_code.size() > limits::device_text_size_max;
  if (begun.device_code.empty() || is_large || !begun.told.contains("user_code") ||
      !begun.told.contains("verification_uri"))
    return fail(endpoint + " gives no code, or no https address to enter it at");
  const int64_t life_max_s = limits::device_flow_life_max_ms / 1000;
  begun.interval_s = std::clamp<int64_t>(number_of(body, "interval", limits::device_interval_s), 1,
                                         limits::device_interval_max_s);
  begun.life_s = std::clamp<int64_t>(number_of(body, "expires_in", life_max_s), 1, life_max_s);
  begun.told["interval"] = begun.interval_s;
  begun.told["expires_in"] = begun.life_s;
  return begun;
}

Result<Begun> begin_with(const config::Oidc& issuer, const std::atomic<bool>& stopping) {
  const int64_t deadline_ns = steady_ns() + int64_t{limits::issuer_fetch_timeout_ms} * 1'000'000;
  const Result<json> document = discover_issuer(issuer, deadline_ns, stopping);
  if (!document) return std::unexpected(document.error());
  const std::string endpoint = member_of(*document, "device_authorization_endpoint");
  const std::string token_endpoint = member_of(*document, "token_endpoint");
  const bool is_https = issuer.issuer.starts_with("https://");
  for (const std::string* one : {&endpoint, &token_endpoint}) {
    if (!config::is_trusted_url(*one) || (is_https && !one->starts_with("https://")))
      return fail("the document of " + issuer.issuer + " names no https address for device codes");
  }
  std::string scope;
  for (const std::string& one : issuer.scopes) scope += (scope.empty() ? "" : " ") + one;
  const Result<IssuerAnswer> answer = ask_issuer(
      issuer, endpoint, {{"client_id", issuer.client_id}, {"scope", scope}}, deadline_ns, stopping);
  if (!answer) return std::unexpected(answer.error());
  const auto body = identity::parse_strict_object(answer->body);
  if (answer->status != 200 || !body)
    return fail(endpoint + ": HTTP status " + std::to_string(answer->status));
  Result<Begun> begun = read_begun(*body, endpoint);
  if (begun) begun->token_endpoint = token_endpoint;
  return begun;
}

// What the issuer says to a poll: tokens, or one of RFC 8628's words (section 3.5); else an error.
struct Polled {
  std::vector<std::string> tokens;
  std::string word;
};

bool looks_like_a_jwt(const std::string& token) {
  return token.starts_with("ey") && std::ranges::count(token, '.') == 2;
}

Result<Polled> poll_with(const config::Oidc& issuer, const std::string& endpoint, const std::string& code,
                         const std::atomic<bool>& stopping) {
  const int64_t deadline_ns = steady_ns() + int64_t{limits::issuer_fetch_timeout_ms} * 1'000'000;
  const Result<IssuerAnswer> answer = ask_issuer(
      issuer, endpoint,
      {{"grant_type", std::string(device_grant)}, {"device_code", code}, {"client_id", issuer.client_id}},
      deadline_ns, stopping);
  if (!answer) return std::unexpected(answer.error());
  if (answer->status >= 500) return fail(endpoint + ": HTTP status " + std::to_string(answer->status));
  const auto body = identity::parse_strict_object(answer->body);
  if (!body) return fail(endpoint + " answers with no JSON object");
  Polled polled;
  if (answer->status != 200) {
    polled.word = member_of(*body, "error");
    return polled;
  }
  // An opaque access token says nothing to a gateway, but that there is no better one.
  const std::string access = member_of(*body, "access_token"), id = member_of(*body, "id_token");
  if (looks_like_a_jwt(access)) polled.tokens.push_back(access);
  if (!id.empty()) polled.tokens.push_back(id);
  if (polled.tokens.empty()) polled.tokens.push_back(access);
  return polled;
}

HttpAnswer only_post() {
  return {.status = 405, .body = http_text(refuse("POST", 405)), .headers = {{"Allow", "POST"}}};
}

HttpAnswer unavailable() {
  return oauth_error("temporarily_unavailable",
                     "the identity provider does not answer as it should; the gateway's own output says more",
                     503);
}

}  // namespace

void Control::begin_device(const HttpRequest& request, const HttpDoor::Reply& reply) {
  if (request.method != "POST") return reply(only_post());
  const std::optional<Form> form = parse_form(request);
  if (!form)
    return reply(oauth_error("invalid_request", "send application/x-www-form-urlencoded, each key once"));
  const std::expected<json, HttpAnswer> wanted = ticket_wish(*form);
  if (!wanted) return reply(wanted.error());
  const config::Oidc* issuer = issuer_for(snapshot_->policy->config().issuers, form->text("issuer"));
  if (issuer == nullptr)
    return reply(oauth_error("invalid_request",
                             "which identity provider? issuer=NAME, one that GET /v1/login lists with a "
                             "client_id"));
  const std::string source = host_of(request.peer);
  if (const Result<void> room = device_flows_.has_room(source, steady_ns()); !room)
    return reply(oauth_error("slow_down", room.error().text, 429));
  const std::string code = make_code();
  DeviceFlow flow{.issuer = issuer->name,
                  .issuer_meaning = issuer->meaning,
                  .client_id = issuer->client_id,
                  .wanted = *wanted,
                  .source = source,
                  .expires_ns = steady_ns() + int64_t{limits::http_answer_timeout_ms} * 1'000'000};
  const DeviceKey key = device_flows_.begin(code, std::move(flow));
  const bool taken = device_workers_->submit(
      [this, issuer = *issuer, key, code, reply, peer = request.peer]() -> Workers::Done {
        auto begun = std::make_shared<Result<Begun>>(begin_with(issuer, stopping_));
        return [this, name = issuer.name, key, code, reply, peer, begun] {
          DeviceFlow* started = device_flows_.find(key);
          if (!*begun || started == nullptr) {
            if (!*begun) options_.say("oidc " + name + ": " + begun->error().text);
            device_flows_.forget(key);
            return reply(unavailable());
          }
          Begun& with = **begun;
          started->token_endpoint = with.token_endpoint;
          started->device_code = SecretBytes(with.device_code);
          started->interval_ns = with.interval_s * s;
          started->next_ns = steady_ns() + started->interval_ns;
          started->expires_ns = steady_ns() + with.life_s * s;
          started->is_started = true;
          record_admin(peer, "device-login", name);
          with.told["device_code"] = code;
          reply({.body = http_text(with.told), .headers = {{"Cache-Control", "no-store"}}});
        };
      });
  if (taken) return;
  device_flows_.forget(key);
  reply(oauth_error("temporarily_unavailable", "the gateway is too busy; try again", 503));
}

void Control::poll_device(const std::string& code, const std::string& peer, const HttpDoor::Reply& reply) {
  DeviceKey key{};
  switch (device_flows_.poll(code, steady_ns(), key)) {
    case DeviceFlows::Turn::ask: break;
    case DeviceFlows::Turn::slow_down:
      return reply(oauth_error("slow_down", "wait five seconds longer between two polls"));
    case DeviceFlows::Turn::expired:
      return reply(oauth_error("expired_token", "nobody has said yes in time: begin again"));
    case DeviceFlows::Turn::unknown:
      return reply(oauth_error("invalid_grant", "no login of this device_code is under way: begin again"));
  }
  const DeviceFlow& flow = *device_flows_.find(key);
  const auto& issuers = snapshot_->policy->config().issuers;
  const auto issuer = std::ranges::find(issuers, flow.issuer_meaning, &config::Oidc::meaning);
  if (issuer == issuers.end() || issuer->client_id != flow.client_id) {
    device_flows_.forget(key);
    return reply(oauth_error("expired_token", "the gateway asks another identity provider now: begin again"));
  }
  const bool taken =
      device_workers_->submit([this, issuer = *issuer, key, peer, reply, endpoint = flow.token_endpoint,
                               secret = std::string(flow.device_code.text())]() -> Workers::Done {
        auto polled = std::make_shared<Result<Polled>>(poll_with(issuer, endpoint, secret, stopping_));
        return [this, name = issuer.name, key, peer, reply, polled] {
          const DeviceFlow* asked = device_flows_.find(key);
          const std::string word = *polled ? (*polled)->word : "";
          if (!*polled || asked == nullptr) {
            if (!*polled) options_.say("oidc " + name + ": " + polled->error().text);
            device_flows_.answered(key, true, steady_ns());
            return reply(unavailable());
          }
          if (word == "authorization_pending" || word == "slow_down") {
            device_flows_.answered(key, word == "slow_down", steady_ns());
            return reply(oauth_error(word, "nobody has said yes yet"));
          }
          // Over, whichever way: once.
          const json wanted = asked->wanted;
          device_flows_.forget(key);
          if (word.empty()) return trade(std::move((*polled)->tokens), wanted, peer, reply);
          record_admin(peer, "login-refused",
                       word == "access_denied" ? "access_denied" : "device code refused");
          if (word == "access_denied") return reply(oauth_error(word, "the login was refused"));
          if (word == "expired_token")
            return reply(oauth_error(word, "nobody has said yes in time: begin again"));
          reply(oauth_error("invalid_grant", "the identity provider refuses this login: begin again"));
        };
      });
  if (taken) return;
  device_flows_.answered(key, false, steady_ns());
  reply(oauth_error("temporarily_unavailable", "the gateway is too busy; try again", 503));
}

}  // namespace sallyport
