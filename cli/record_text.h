// Records of the log as text and as JSON. Everything that callers wrote passes visible().
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "ringlog/record.h"

namespace sallyport::cli {

// "request", "login", ...
[[nodiscard]] const char* kind_text(ringlog::Kind kind);
// One line of facts: what happened, without the payload.
[[nodiscard]] std::string facts_text(const ringlog::RecordView& record);
// All of the record; the payload as "payload" where it is text, else as "payload_hex".
[[nodiscard]] nlohmann::json record_json(const ringlog::RecordView& record);
[[nodiscard]] std::string_view payload_text(const ringlog::RecordView& record);

// JSON as it is printed: bytes that are no UTF-8 become U+FFFD. `indent` -1: one line.
[[nodiscard]] std::string json_text(const nlohmann::json& value, int indent = 2);

}  // namespace sallyport::cli
