// Records of the log as text. Everything that callers wrote passes visible().
#pragma once

#include <string>

#include "core/control/record_json.h"

namespace sallyport::cli {

// One line of facts: what happened, without the payload.
[[nodiscard]] std::string facts_text(const ringlog::RecordView& record);

}  // namespace sallyport::cli
