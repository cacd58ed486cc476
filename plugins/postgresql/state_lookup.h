// What a held request's names mean beyond its text: search path, schemas and roles as the server has them
// when it comes to the request. Asked on the session itself, in the request's place, because only there the
// answer is the one that counts; its row is kept as it came, as a part of what an approval is bound to
// (promise 3).
#pragma once

#include <cstddef>

#include "plugins/postgresql/messages.h"

namespace sallyport::pg {

inline constexpr size_t state_size_max = 64 << 10;  // bytes of that row

// Parse, Bind, Execute and Close of the question, then a Sync, or a Flush where the client's own is to come.
void write_state_lookup(Writer& out, bool sync);

}  // namespace sallyport::pg
