// What the config's patterns mean: names with *, and the values of a rule's `match`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/error.h"

namespace sallyport::config {

// * stands for any run of characters, the empty one too; everything else for itself. With `ignore_case` the
// letters A-Z equal a-z. Time is at most |pattern| x |text|; allocates nothing.
[[nodiscard]] bool glob_match(std::string_view pattern, std::string_view text, bool ignore_case = false);

[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);

// One value of a condition: "public.*", "!public.*", or a comparison of numbers: "> 1000", ">=", "<", "<=".
struct Pattern {
  enum class Kind : uint8_t { glob, less, less_equal, greater, greater_equal };
  Kind kind = Kind::glob;
  bool negated = false;
  std::string text;   // of a glob, without the !
  double number = 0;  // of a comparison

  [[nodiscard]] bool compares() const { return kind != Kind::glob; }
  [[nodiscard]] bool compare(double value) const;  // only of a comparison
};

[[nodiscard]] Result<Pattern> parse_pattern(std::string_view text);

// The whole text as a finite decimal number.
[[nodiscard]] bool parse_number(std::string_view text, double& out);

}  // namespace sallyport::config
