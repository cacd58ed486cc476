// Getting an issuer's keys: from a file, or over HTTP. Blocks; on a worker, never on the control thread.
// Sources: OpenID Connect Discovery 1.0, sections 4.1 to 4.3 (what is fetched, and that its `issuer` must be
// the very one that was asked for); RFC 7517.
#pragma once

#include <atomic>

#include "config/config.h"
#include "core/identity/key_set.h"

namespace sallyport {

// Within limits::issuer_fetch_timeout_ms for both documents together. No redirect is followed, and nothing
// larger than limits::key_set_size_max is read. `stopping`: the gateway ends, give up.
[[nodiscard]] Result<identity::KeySet> fetch_keys(const config::Oidc& issuer,
                                                  const std::atomic<bool>& stopping);

}  // namespace sallyport
