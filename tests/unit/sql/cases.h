// Tables of texts and what they mean, one a subject.
#pragma once

#include <vector>

#include "tests/unit/sql/summary.h"

namespace sallyport::postgresql::sql {

[[nodiscard]] const std::vector<Case>& query_cases();
[[nodiscard]] const std::vector<Case>& change_cases();
[[nodiscard]] const std::vector<Case>& define_cases();
[[nodiscard]] const std::vector<Case>& session_cases();
[[nodiscard]] const std::vector<Case>& escape_cases();
[[nodiscard]] const std::vector<Case>& hostile_cases();

[[nodiscard]] std::vector<Case> all_cases();

}  // namespace sallyport::postgresql::sql
