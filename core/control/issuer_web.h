// Asking an issuer of the config over HTTP: its own CAs, TLS 1.2 and up, no redirect followed, nothing larger
// than limits::key_set_size_max read. Blocks; on a worker, never on the control thread. Source: OpenID
// Connect Discovery 1.0, sections 4.1 to 4.3 (what is found must say that it is the very issuer that was
// asked for).
#pragma once

#include <atomic>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"

namespace sallyport {

using IssuerForm = std::vector<std::pair<std::string, std::string>>;

struct IssuerAnswer {
  long status = 0;
  std::string body;
};

// POST of a form, or GET where it is empty. `deadline_ns`: steady clock. `stopping`: the gateway ends, give
// up.
[[nodiscard]] Result<IssuerAnswer> ask_issuer(const config::Oidc& issuer, const std::string& url,
                                              const IssuerForm& form, int64_t deadline_ns,
                                              const std::atomic<bool>& stopping);

// The issuer's own document.
[[nodiscard]] Result<nlohmann::json> discover_issuer(const config::Oidc& issuer, int64_t deadline_ns,
                                                     const std::atomic<bool>& stopping);

// A text of an object; empty where there is none.
[[nodiscard]] std::string member_of(const nlohmann::json& object, const char* key);

}  // namespace sallyport
