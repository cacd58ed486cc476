#include "cli/ticket.h"

#include <algorithm>
#include <cerrno>

#include "cli/table.h"
#include "config/clock.h"
#include "config/limits.h"
#include "config/quantity.h"
#include "core/identity/ticket.h"

namespace sallyport::cli {

namespace {

using nlohmann::json;

constexpr size_t shown_size_max = 300;
constexpr int64_t life_max_s = 366 * 86'400;  // what is longer is a mistake

// Names go into files, URLs and commands: what is none is left out.
bool is_name(const std::string& text) { return config::check_name(text).has_value(); }
// Of a database nearly everything is one; but no line of a file ends in it.
bool is_database(const std::string& text) {
  return text.size() <= limits::pattern_size_max && visible(text) == text && text.find('\n') == text.npos;
}

std::unexpected<Error> strange(const Gateway& gateway, const std::string& what) {
  return fail(gateway.url + " answers, but not as a gateway does: " + what, EPROTO);
}

std::vector<OpenTarget> read_targets(const json& body) {
  std::vector<OpenTarget> targets;
  for (const json& one : list_in(body, "targets")) {
    OpenTarget target{.name = text_in(one, "name"),
                      .protocol = text_in(one, "protocol"),
                      .database = text_in(one, "database"),
                      .logins = texts_in(one, "logins")};
    std::erase_if(target.logins, [](const std::string& login) { return !is_name(login); });
    if (is_name(target.name) && is_name(target.protocol) && is_database(target.database))
      targets.push_back(std::move(target));
  }
  return targets;
}

std::expected<Granted, TokenRefusal> trade_one(const Gateway& gateway, const std::string& type,
                                               const std::string& token, const Wish& wish) {
  const auto failed = [](Error error, std::string code = "") {
    return std::unexpected(TokenRefusal{std::move(code), std::move(error)});
  };
  WebRequest request{.method = "POST", .url = gateway.url + "/oauth/token", .ca = gateway.ca};
  request.form = {{"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"},
                  {"subject_token", token},
                  {"subject_token_type", type}};
  std::string scope;
  for (const std::string& target : wish.targets) scope += (scope.empty() ? "target:" : " target:") + target;
  if (!scope.empty()) request.form.emplace_back("scope", scope);
  if (!wish.on_behalf_of.empty()) request.form.emplace_back("on_behalf_of", wish.on_behalf_of);
  if (wish.life_s > 0) request.form.emplace_back("expires_in", std::to_string(wish.life_s));
  const Result<WebAnswer> answer = ask_web(request);
  if (!answer) return failed(Error(answer.error()).in("the gateway cannot be asked"));
  const json& body = answer->body;
  if (answer->status != 200) {
    const std::string code = one_line(text_in(body, "error"), 60);
    const std::string why = one_line(text_in(body, "error_description"), shown_size_max);
    return failed({"the gateway gives no ticket: " +
                   (code.empty() ? "HTTP status " + std::to_string(answer->status) : code) +
                   (why.empty() ? "" : " (" + why + ")")},
                  code.empty() ? "refused" : code);
  }
  Granted granted{.text = text_in(body, "access_token"),
                  .id = text_in(body, "ticket"),
                  .identity = text_in(body, "identity"),
                  .targets = read_targets(body)};
  if (identity::ticket_id_of(granted.text) != granted.id || !identity::is_ticket_id(granted.id))
    return failed(strange(gateway, "it gives no ticket").error());
  const int64_t life_s = std::clamp<int64_t>(number_in(body, "expires_in", 0), 0, life_max_s);
  granted.expires_ns = wall_ns() + life_s * 1'000'000'000;
  return granted;
}

}  // namespace

Result<Opening> ask_opening(const Gateway& gateway) {
  const Result<WebAnswer> answer = ask_web({.url = gateway.url + "/v1/login", .ca = gateway.ca});
  if (!answer) return std::unexpected(Error(answer.error()).in("the gateway cannot be asked"));
  if (answer->status != 200) return strange(gateway, "HTTP status " + std::to_string(answer->status));
  Opening opening;
  for (const json& one : list_in(answer->body, "issuers")) {
    if (!is_name(text_in(one, "name"))) continue;
    opening.issuers.push_back({.name = text_in(one, "name"),
                               .issuer = text_in(one, "issuer"),
                               .client_id = text_in(one, "client_id"),
                               .scopes = texts_in(one, "scopes")});
  }
  for (const json& one : list_in(answer->body, "listeners")) {
    const int64_t port = number_in(one, "port", 0);
    const auto tls = one.is_object() ? one.find("tls") : one.end();
    const bool has_tls = one.is_object() && tls != one.end() && tls->is_boolean() && tls->get<bool>();
    if (port <= 0 || port > UINT16_MAX) continue;
    opening.listeners.push_back({.protocol = text_in(one, "protocol"),
                                 .target = text_in(one, "target"),
                                 .port = static_cast<uint16_t>(port),
                                 .tls = has_tls});
  }
  return opening;
}

std::expected<Granted, TokenRefusal> trade(const Gateway& gateway, const Tokens& tokens, const Wish& wish) {
  std::expected<Granted, TokenRefusal> first;
  bool is_first = true;
  for (const auto& [type, token] : tokens.candidates()) {
    auto granted = trade_one(gateway, type, token, wish);
    if (granted) return granted;
    const bool was_refused = granted.error().code == "invalid_grant";
    if (is_first) first = std::move(granted);
    is_first = false;
    // Only of a token that was refused is there a better one.
    if (!was_refused) break;
  }
  return first;
}

Result<json> ask_api(const Gateway& gateway, const std::string& ticket, const char* method,
                     const std::string& path, const std::string& body) {
  const Result<WebAnswer> answer = ask_web(
      {.method = method, .url = gateway.url + path, .ca = gateway.ca, .bearer = ticket, .json = body});
  if (!answer) return std::unexpected(Error(answer.error()).in("the gateway cannot be asked"));
  if (answer->status == 401) {
    return fail(
        gateway.url +
        " refuses the ticket: it has expired, was revoked, or is another gateway's; `sallyport login` gets "
        "a new one");
  }
  if (answer->status >= 300) {
    const std::string why = one_line(text_in(answer->body, "error"), shown_size_max);
    return fail(gateway.url +
                " refuses: " + (why.empty() ? "HTTP status " + std::to_string(answer->status) : why));
  }
  return answer->body;
}

}  // namespace sallyport::cli
