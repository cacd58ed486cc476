#include "core/identity/token_fault.h"

namespace sallyport::identity {

std::string_view token_fault_text(TokenFault fault) {
  switch (fault) {
    case TokenFault::malformed: return "token-malformed";
    case TokenFault::too_large: return "token-too-large";
    case TokenFault::algorithm: return "token-algorithm";
    case TokenFault::key_unknown: return "token-key-unknown";
    case TokenFault::signature: return "token-signature";
    case TokenFault::issuer_unknown: return "token-issuer-unknown";
    case TokenFault::audience: return "token-audience";
    case TokenFault::party: return "token-party";
    case TokenFault::expired: return "token-expired";
    case TokenFault::not_yet_valid: return "token-not-yet-valid";
    case TokenFault::issued_in_future: return "token-issued-in-future";
    case TokenFault::claims: return "token-claims";
    case TokenFault::groups_overage: return "token-groups-overage";
    case TokenFault::unreachable: return "issuer-unreachable";
  }
  return "token-malformed";
}

}  // namespace sallyport::identity
