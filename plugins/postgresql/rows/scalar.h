// Values that are not made of others: from what stands on the wire to the form that the host looks at (plain
// text, digits, JSON, a UUID as people write it), and back from a masked one. Pure functions.
// Source: the types' input, output, receive and send functions in the server.
#pragma once

#include <string>
#include <string_view>

#include "plugins/postgresql/messages.h"
#include "plugins/postgresql/rows/type.h"

namespace sallyport::pg {

// Of forms that are not made of others.
[[nodiscard]] sp_kind kind_of(Form form, bool binary);
// What stands on the wire is what the host looks at.
[[nodiscard]] bool is_direct(Form form, bool binary);

// Appends the host's form. False: no value of this form, or one too long to look at. Not for direct ones.
[[nodiscard]] bool decode(Form form, bool binary, Bytes wire, std::string& out);
// Appends what stands on the wire for a masked value. False: none of the type can stand for it.
[[nodiscard]] bool encode(Form form, bool binary, std::string_view masked, std::string& out);

// Whether these can be the bounds of a range, as they stand on the wire: low <= high where that can be told.
[[nodiscard]] bool may_bound(Form form, bool binary, std::string_view low, std::string_view high);

}  // namespace sallyport::pg
