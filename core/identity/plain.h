// Texts of tokens that go on records, pages and terminals. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace sallyport::identity {

// Valid UTF-8 is assumed. False: some of it is shown as nothing, moves what stands beside it or could pass
// for another line: control characters (C0, DEL, C1), line and paragraph separators, marks that turn the
// direction of writing, and what has no width.
[[nodiscard]] bool is_plain_text(std::string_view text);

// With a question mark for each byte of what is not plain.
[[nodiscard]] std::string plain_text_of(std::string_view text);

}  // namespace sallyport::identity
