// A gateway as somebody sees it who wants in: whom it trusts, a ticket for a token (RFC 8693), and what a
// ticket's bearer may ask of its admin API. Blocks.
#pragma once

#include <string>
#include <vector>

#include "cli/provider.h"

namespace sallyport::cli {

struct Gateway {
  std::string url;  // base_url() has seen it
  std::string ca;   // an absolute path; empty: the system's authorities
};

struct TrustedIssuer {
  std::string name, issuer, client_id;
  std::vector<std::string> scopes;
};

struct ListenerPort {
  std::string protocol, target;  // target: the only one behind it; empty: callers name theirs
  uint16_t port = 0;
  bool tls = false;
};

struct Opening {
  std::vector<TrustedIssuer> issuers;
  std::vector<ListenerPort> listeners;
};
[[nodiscard]] Result<Opening> ask_opening(const Gateway& gateway);

struct OpenTarget {
  std::string name, protocol, database;
  std::vector<std::string> logins;
};

struct Granted {
  std::string text;  // the secret
  std::string id, identity;
  int64_t expires_ns = 0;  // wall clock
  std::vector<OpenTarget> targets;
};

struct Wish {
  std::vector<std::string> targets;  // none: whatever the identity may open
  int64_t life_s = 0;                // 0: as the gateway has it
  std::string on_behalf_of;          // for whom it asks; empty: for itself
};
// Tries what of the tokens may be meant for a gateway, in turn.
[[nodiscard]] std::expected<Granted, TokenRefusal> trade(const Gateway& gateway, const Tokens& tokens,
                                                         const Wish& wish);

// A path of the admin API with a ticket; `body`: JSON, or empty. What the gateway refuses is an error without
// a code.
[[nodiscard]] Result<nlohmann::json> ask_api(const Gateway& gateway, const std::string& ticket,
                                             const char* method, const std::string& path,
                                             const std::string& body = "");

}  // namespace sallyport::cli
