// A policy's own tests: `sallyport check --cases FILE`. Each case says what a statement must come to:
//
//   [[case]]
//   user      = "ann"                # or groups = ["analysts"]
//   target    = "orders-db"
//   statement = "drop table orders"
//   expect    = "approve"            # allow | deny | approve
//   rule      = "destructive-sql"    # optional; "" for the target's default
//
// Who may not open the target is denied, by no rule. Control plane only.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/guard/policy.h"

namespace sallyport::guard {

struct Case {
  std::string user;                 // empty where `groups` stand
  std::vector<std::string> groups;  // of the user, or as written
  const config::Target* target = nullptr;
  std::string statement;
  config::Action expected = config::Action::deny;
  std::optional<std::string> rule;
  config::Place place;
};

struct CasesReport {
  size_t count = 0;
  std::vector<config::Problem> differences;  // in the order of the file; empty: all as expected
};

// Every problem of the file at once, or what came of its cases. `plugins` are those of the policy.
[[nodiscard]] std::expected<CasesReport, std::vector<config::Problem>> run_cases(
    const Policy& policy, const std::filesystem::path& file, std::span<const sp_plugin* const> plugins);

}  // namespace sallyport::guard
