// The page that links in messages lead to (core/control/webhook.md): HTML, a script and a style sheet, the
// same for every approval and everybody. It is given to whoever asks, says nothing of any approval, and
// changes nothing; its script asks for a proof and then speaks to the API as anybody would. Pure.
#pragma once

#include <optional>

#include "core/control/http_door.h"

namespace sallyport {

// Nothing: another path, or no look.
[[nodiscard]] std::optional<HttpAnswer> approval_page(const HttpRequest& request);

}  // namespace sallyport
