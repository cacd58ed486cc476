// An identity provider as a client program sees it: where its endpoints are, and what its token endpoint
// says. Sources: OpenID Connect Discovery 1.0; RFC 6749 sections 4.4, 5, 6; RFC 8628; RFC 7636; RFC 9207.
// Blocks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/web.h"

namespace sallyport::cli {

struct Provider {
  std::string issuer, ca;
  std::string authorization_endpoint, token_endpoint, device_endpoint;
  std::vector<std::string> scopes, auth_methods;
  bool names_itself = false;  // in each answer to a browser (RFC 9207)
};

// Who asks the provider, and for what.
struct Client {
  std::string id, secret;           // no secret: a public client
  std::vector<std::string> scopes;  // empty: as the provider has it
  std::string resource;             // RFC 8707; empty: as the provider has it

  [[nodiscard]] Fields wishes() const;  // scope and resource, as far as there are any
};

// Secrets: of whoever holds them.
struct Tokens {
  std::string access_token, id_token, refresh_token;

  // Those that a gateway can check, the likelier first.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> candidates() const;  // RFC 8693 type, token
};

// What a token endpoint says no with (RFC 6749, section 5.2); `text` is for people.
struct TokenRefusal {
  std::string code;  // empty: nobody can be reached, or it is out of order
  Error error;
};

// The document of `issuer`, which must be the very one, and whose addresses must be as safe as its own.
[[nodiscard]] Result<Provider> discover_provider(const std::string& issuer, const std::string& ca);

// One request to its token endpoint.
[[nodiscard]] std::expected<Tokens, TokenRefusal> request_tokens(const Provider& provider,
                                                                 const Client& client, Fields fields);

// "the provider refuses: access_denied (…)", with what to do where that is known.
[[nodiscard]] std::string refusal_text(const std::string& code, const std::string& description);

}  // namespace sallyport::cli
