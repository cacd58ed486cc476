// The fields of a message's head or trailers, in the order in which they came (RFC 9110, 5). Pure.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/http/wire/fault.h"

namespace sallyport::http {

struct Field {
  std::string name;   // as it was sent; two that differ in case alone are the same
  std::string value;  // without the blanks around it
};

class Fields {
 public:
  // The first of that name.
  [[nodiscard]] const std::string* find(std::string_view name) const;
  [[nodiscard]] size_t count(std::string_view name) const;
  // Whether a comma list of that name, in any of its fields, has `word` (in any case).
  [[nodiscard]] bool lists(std::string_view name, std::string_view word) const;
  void add(std::string_view name, std::string_view value);
  void remove(std::string_view name);
  void set(std::string_view name, std::string_view value);

  [[nodiscard]] size_t size() const { return fields_.size(); }
  [[nodiscard]] auto begin() const { return fields_.begin(); }
  [[nodiscard]] auto end() const { return fields_.end(); }
  [[nodiscard]] auto begin() { return fields_.begin(); }
  [[nodiscard]] auto end() { return fields_.end(); }

 private:
  std::vector<Field> fields_;
};

// `text`: whole lines, each ended by CRLF, without the empty one.
[[nodiscard]] std::expected<Fields, Fault> parse_fields(std::string_view text);

}  // namespace sallyport::http
