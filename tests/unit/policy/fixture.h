// A made-up protocol for policy tests, and a Policy of a config's text.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/guard/policy.h"
#include "core/guard/policy_match.h"
#include "tests/unit/config/folder.h"

namespace sallyport::guard {

inline constexpr sp_text operator""_sp(const char* data, size_t size) { return {data, size}; }

// Verbs READ, WRITE, DROP; facts verb, object, field.rows, field.mode; sets t/read, t/danger, t/any;
// permissions peek (on targets without masks) and poke.
const sp_manifest& test_manifest();
// Cannot mask, hold or do TLS.
const sp_manifest& plain_manifest();

// A command with the storage that its sp_command points into.
class Command {
 public:
  Command(std::string verb, std::vector<std::string> objects = {},
          std::vector<std::pair<std::string, std::string>> fields = {});
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  [[nodiscard]] const sp_command& get() const { return command_; }

 private:
  std::string verb_;
  std::vector<std::string> objects_;
  std::vector<std::pair<std::string, std::string>> fields_;
  std::vector<sp_text> object_views_;
  std::vector<sp_pair> field_views_;
  sp_command command_{};
};

// Users ann (staff), bob (dba), pia (staff, pii-readers); target db, open to all three groups, default deny;
// `more` follows. `target_keys` stand in the target's table.
[[nodiscard]] std::string test_config(const std::string& more, const std::string& target_keys = "");

using Compiled = std::expected<std::shared_ptr<const Policy>, std::vector<config::Problem>>;
// Problems of load count as failures of the test.
[[nodiscard]] Compiled compile_text(const std::string& text);
// Of a right config.
[[nodiscard]] std::shared_ptr<const Policy> policy_of(const std::string& text);

[[nodiscard]] std::string list(const std::vector<config::Problem>& problems);

}  // namespace sallyport::guard
