// Lists of names in a text, made into sorted arrays while compiling.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace sallyport::postgresql::sql {

constexpr size_t count_words(std::string_view names) {
  return static_cast<size_t>(std::ranges::count(names, ' ')) + 1;
}

// Names divided by single blanks, in order; a list out of order does not compile.
template <size_t count>
consteval std::array<std::string_view, count> split(std::string_view names) {
  std::array<std::string_view, count> list;
  for (std::string_view& name : list) {
    name = names.substr(0, names.find(' '));
    names.remove_prefix(std::min(names.size(), name.size() + 1));
  }
  if (!std::ranges::is_sorted(list)) throw "not sorted";
  return list;
}

template <size_t count>
bool holds(const std::array<std::string_view, count>& sorted, std::string_view name) {
  return std::binary_search(sorted.begin(), sorted.end(), name);
}

}  // namespace sallyport::postgresql::sql
