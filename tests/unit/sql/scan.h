// libpg_query's own scanner, as an oracle for ours, and helpers that tests of random texts share.
#pragma once

#include <cstddef>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::postgresql::sql {

struct Piece {
  size_t start = 0;
  size_t end = 0;
  [[nodiscard]] bool operator==(const Piece&) const = default;
};

struct Scan {
  std::vector<Piece> tokens;
  std::vector<Piece> comments;
};

// Nothing where the scanner reports an error.
[[nodiscard]] std::optional<Scan> scan(const std::string& text);

// Nesting of brackets in JSON.
[[nodiscard]] size_t json_depth(std::string_view json);

// Random rounds: SALLYPORT_ROUNDS in the environment, else `usual`.
[[nodiscard]] size_t round_count(size_t usual);

// A text from fragments that steer a scanner: quotes, comments, dollars, operators, newlines.
[[nodiscard]] std::string random_text(std::mt19937_64& random);

// One or more edits of the kinds: change, insert, delete, double a byte; splice in a piece of another text.
[[nodiscard]] std::string mutate(std::string text, const std::string& other, std::mt19937_64& random);

}  // namespace sallyport::postgresql::sql
