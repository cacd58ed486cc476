// Recorded bytes of a session as text for people: requests as they were judged, replies as tables. Whatever
// the bytes are, the text holds no control characters but newlines: a record must not be able to steer the
// terminal of whoever reads it. Any thread.
#pragma once

#include "plugins/plugin.h"
#include "plugins/postgresql/messages.h"

namespace sallyport::pg {

inline constexpr size_t render_row_count_max = 1000;  // of one table; wider ones are printed in pieces

// `bytes` may be cut at any place. Requests are text already (sp_ask's); replies are backend messages.
void render_text(sp_direction direction, Bytes bytes, sp_write write, void* to);

}  // namespace sallyport::pg
