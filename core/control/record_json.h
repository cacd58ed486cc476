// Records of the log as JSON: the admin API's and the command line's. What callers wrote stands in it as it
// is.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "ringlog/record.h"

namespace sallyport {

using Facts = nlohmann::ordered_json;  // facts in the order of importance

// "request", "login", ...
[[nodiscard]] const char* kind_text(ringlog::Kind kind);
[[nodiscard]] const char* verdict_text(ringlog::Verdict verdict);
// What the record's header says.
[[nodiscard]] Facts facts_json(const ringlog::RecordView& record);
// All of the record; the payload as "payload" where it is text, else as "payload_hex".
[[nodiscard]] nlohmann::json record_json(const ringlog::RecordView& record);
// A request's policy: the first 16 digits of that policy's digest; empty: none judged it, or an older log.
[[nodiscard]] std::string policy_text(uint64_t policy);
[[nodiscard]] std::string_view payload_text(const ringlog::RecordView& record);

// JSON as it is printed: bytes that are no UTF-8 become U+FFFD. `indent` -1: one line.
[[nodiscard]] std::string json_text(const nlohmann::json& value, int indent = 2);

}  // namespace sallyport
