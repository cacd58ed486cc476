// What tokens of machines say of the work they were issued for. Sources: GitHub, "OpenID Connect reference"
// (claims of a workflow run); GitLab, "OpenID Connect (OIDC) authentication using ID tokens"; Kubernetes,
// "Managing Service Accounts" (bound tokens). Pure; any thread.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"

namespace sallyport::identity {

// "run", "url", "workflow", ... as far as the issuer's kind has them.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> job_of(const config::Oidc& issuer,
                                                                      const nlohmann::json& claims);

// As Kubernetes itself groups its service accounts: system:serviceaccounts and
// system:serviceaccounts:NAMESPACE.
[[nodiscard]] std::vector<std::string> service_account_groups(const nlohmann::json& claims);

}  // namespace sallyport::identity
