#include "cli/provider.h"

#include <algorithm>
#include <cerrno>

#include "cli/table.h"
#include "config/limits.h"
#include "config/quantity.h"

namespace sallyport::cli {

namespace {

using nlohmann::json;

constexpr size_t shown_size_max = 200;  // of a stranger's text

// An endpoint of the document; empty where it has none.
Result<void> read_endpoint(const json& document, const char* key, const Provider& provider,
                           std::string& out) {
  out = text_in(document, key);
  const bool is_downgrade = provider.issuer.starts_with("https://") && !out.starts_with("https://");
  if (out.empty() || (config::is_trusted_url(out) && !is_downgrade)) return {};
  return fail("the identity provider names an unsafe address: " + std::string(key) + " is " +
                  config::in_quotes(one_line(out, shown_size_max)) + ", which is not https",
              EPROTO);
}

bool looks_like_a_jwt(const std::string& token) {
  return token.starts_with("ey") && std::ranges::count(token, '.') == 2;
}

std::expected<Tokens, TokenRefusal> refused(std::string code, Error error) {
  return std::unexpected(TokenRefusal{std::move(code), std::move(error)});
}

std::expected<Tokens, TokenRefusal> read_tokens(const Provider& provider, const WebAnswer& answer) {
  if (answer.status != 200) {
    const std::string code = one_line(text_in(answer.body, "error"), 60);
    if (code.empty()) {
      return refused("", {provider.token_endpoint + ": HTTP status " + std::to_string(answer.status) +
                              " and no word why",
                          EPROTO});
    }
    return refused(code, {refusal_text(code, text_in(answer.body, "error_description"))});
  }
  Tokens tokens{.access_token = text_in(answer.body, "access_token"),
                .id_token = text_in(answer.body, "id_token"),
                .refresh_token = text_in(answer.body, "refresh_token")};
  const bool is_large =
      std::ranges::any_of(std::initializer_list<const std::string*>{&tokens.access_token, &tokens.id_token,
                                                                    &tokens.refresh_token},
                          [](const std::string* token) { return token->size() > limits::token_size_max; });
  if (tokens.access_token.empty() || is_large) {
    return refused(
        "", {provider.token_endpoint + (is_large ? ": a token larger than 16 KiB" : ": no token"), EPROTO});
  }
  return tokens;
}

}  // namespace

Fields Client::wishes() const {
  Fields fields;
  std::string scope;
  for (const std::string& one : scopes) scope += (scope.empty() ? "" : " ") + one;
  if (!scope.empty()) fields.emplace_back("scope", scope);
  if (!resource.empty()) fields.emplace_back("resource", resource);
  return fields;
}

std::vector<std::pair<std::string, std::string>> Tokens::candidates() const {
  constexpr const char* access_type = "urn:ietf:params:oauth:token-type:access_token";
  std::vector<std::pair<std::string, std::string>> found;
  // An opaque access token says nothing to a gateway, but that there is no better one.
  if (looks_like_a_jwt(access_token)) found.emplace_back(access_type, access_token);
  if (!id_token.empty()) found.emplace_back("urn:ietf:params:oauth:token-type:id_token", id_token);
  if (found.empty()) found.emplace_back(access_type, access_token);
  return found;
}

Result<Provider> discover_provider(const std::string& issuer, const std::string& ca) {
  std::string base = issuer;
  if (base.ends_with('/')) base.pop_back();
  const Result<WebAnswer> answer = ask_web({.url = base + "/.well-known/openid-configuration", .ca = ca});
  if (!answer) return std::unexpected(Error(answer.error()).in("the identity provider cannot be asked"));
  const json& document = answer->body;
  if (answer->status != 200) {
    return fail("the identity provider has no discovery document: " + base + " answers with HTTP status " +
                    std::to_string(answer->status),
                EPROTO);
  }
  if (text_in(document, "issuer") != issuer) {
    return fail("the identity provider at " + base + " says that it is " +
                    config::in_quotes(one_line(text_in(document, "issuer"), shown_size_max)) + ", not " +
                    config::in_quotes(issuer) + ": nothing was sent to it",
                EPROTO);
  }
  Provider provider{.issuer = issuer,
                    .ca = ca,
                    .scopes = texts_in(document, "scopes_supported"),
                    .auth_methods = texts_in(document, "token_endpoint_auth_methods_supported")};
  const auto itself = document.find("authorization_response_iss_parameter_supported");
  provider.names_itself = itself != document.end() && itself->is_boolean() && itself->get<bool>();
  Result<void> read = read_endpoint(document, "token_endpoint", provider, provider.token_endpoint);
  if (read)
    read = read_endpoint(document, "authorization_endpoint", provider, provider.authorization_endpoint);
  if (read)
    read = read_endpoint(document, "device_authorization_endpoint", provider, provider.device_endpoint);
  if (!read) return std::unexpected(read.error());
  if (provider.token_endpoint.empty())
    return fail("the identity provider at " + base + " names no token endpoint", EPROTO);
  return provider;
}

std::expected<Tokens, TokenRefusal> request_tokens(const Provider& provider, const Client& client,
                                                   Fields fields) {
  // How a client proves its secret is settled between it and its provider (RFC 6749, section 2.3.1), and no
  // document says which: the standard's way first, the other where that is refused.
  std::vector<std::string> ways = {""};
  if (!client.secret.empty()) {
    const auto knows = [&provider](const char* way) {
      return provider.auth_methods.empty() ||
             std::ranges::find(provider.auth_methods, way) != provider.auth_methods.end();
    };
    ways.clear();
    for (const char* way : {"client_secret_basic", "client_secret_post"}) {
      if (knows(way)) ways.emplace_back(way);
    }
    if (ways.empty()) return refused("", {"the identity provider takes no client secret", EPROTO});
  }
  std::expected<Tokens, TokenRefusal> tokens;
  for (const std::string& way : ways) {
    WebRequest request{.method = "POST", .url = provider.token_endpoint, .ca = provider.ca, .form = fields};
    if (way == "client_secret_basic") {
      request.basic = escape_url(client.id) + ":" + escape_url(client.secret);
    } else {
      request.form.emplace_back("client_id", client.id);
      if (!client.secret.empty()) request.form.emplace_back("client_secret", client.secret);
    }
    const Result<WebAnswer> answer = ask_web(request);
    if (!answer) return refused("", Error(answer.error()).in("the identity provider cannot be asked"));
    tokens = read_tokens(provider, *answer);
    if (tokens || tokens.error().code != "invalid_client") break;
  }
  return tokens;
}

std::string refusal_text(const std::string& code, const std::string& description) {
  std::string text = "the identity provider refuses: " + code;
  if (!description.empty()) text += " (" + one_line(description, shown_size_max) + ")";
  if (code == "access_denied") return text + ": somebody said no, or may not";
  if (code == "expired_token") return text + ": the code was not entered in time; run it again";
  if (code == "invalid_client") return text + ": it does not know this client, or not with this secret";
  if (code == "unauthorized_client") return text + ": this client may not log in in this way; see --flow";
  if (code == "invalid_scope") return text + ": see --scope";
  return text;
}

}  // namespace sallyport::cli
