// Who a caller is, as far as it was proven. Immutable; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::identity {

// What a token says of its bearer, after every check.
struct Identity {
  std::string name;                  // on records and to approvers: "corp:ann@example.com"
  std::string issuer;                // the [[oidc]] that vouches, by its name in the config
  std::string issuer_url;            // `iss` of the config
  std::string issuer_meaning;        // config::Oidc::meaning of then: a changed one vouches for nothing
  std::string subject;               // `sub`
  std::vector<std::string> persons;  // one that two identities share makes them one person
  std::string actor;  // `act` (RFC 8693, section 4.1): who acts for the subject; empty: nobody else
  // For whom the bearer says that it asks, as [[delegation]] lets it; empty: for itself. `persons` holds that
  // person's, too.
  std::string on_behalf_of;
  std::vector<std::string> groups;
  std::vector<std::pair<std::string, std::string>> job;  // of CI tokens: run, url, workflow, ...
  int64_t expires_ns = INT64_MAX;  // wall clock: from then on a session ends at its next idle point
};

using IdentityPointer = std::shared_ptr<const Identity>;

}  // namespace sallyport::identity
