// One line of a transcript, read from the front. Each function takes what it reads off `rest`; the first
// thing that does not fit is kept in `error`, and what is read after it does not count.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "plugins/plugin.h"

namespace sallyport {

struct KitLine {
  std::string_view rest;
  std::string error;

  // True at the end or before a comment.
  [[nodiscard]] bool at_end();
  void complain(std::string text);
  [[nodiscard]] std::string_view peek();  // the next word
  std::string word(const char* what);
  [[nodiscard]] bool accept(std::string_view wanted);
  uint64_t number(const char* what);
  std::string value(const char* what);  // one quoted string, or a word
  std::string bytes();  // quoted strings to the end, each perhaps with *COUNT behind it, joined
  uint32_t leg();       // `client` or `leg N`
  sp_verdict verdict();

  template <typename T, size_t N>
  T choice(const std::array<std::pair<const char*, T>, N>& choices, const char* what) {
    const std::string text = word(what);
    for (const auto& [name, value] : choices) {
      if (text == name) return value;
    }
    complain("expected " + std::string(what) + ", not `" + text + "`");
    return choices[0].second;
  }

 private:
  void skip();
};

}  // namespace sallyport
