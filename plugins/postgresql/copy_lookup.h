// What a COPY ... TO STDOUT will show, asked of the server on the session itself: its rows come without names
// and types, so a statement that selects the same is described before it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "plugins/postgresql/facts.h"
#include "plugins/postgresql/messages.h"
#include "plugins/postgresql/refusal.h"
#include "plugins/postgresql/rows/rows.h"

namespace sallyport::pg {

// Nothing where `facts`, of `text`, are of more than the one COPY, or its rows cannot be read here.
[[nodiscard]] std::string copy_lookup_text(const Facts& facts, std::string_view text);

// Why not, for the client.
[[nodiscard]] Refusal copy_refusal(const Facts& facts);

// What is known of its rows before the answer.
[[nodiscard]] std::shared_ptr<CopyShape> copy_shape(const Facts& facts);

// Parse, Describe and Close of that text, and a Sync if `alone`.
void write_copy_lookup(Writer& out, std::string_view lookup_text, bool alone);

}  // namespace sallyport::pg
