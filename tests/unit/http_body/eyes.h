// Eyes that know one secret and two named places.
#pragma once

#include <string>
#include <string_view>

#include "plugins/http/body/looker.h"

namespace sallyport::http {

class Eyes : public Looker {
 public:
  [[nodiscard]] bool names_any() override { return true; }
  [[nodiscard]] bool is_named(std::string_view path) override {
    return path == "body.named" || path == "body.rows.named";
  }
  [[nodiscard]] bool mask(std::string& value, sp_kind kind, std::string_view path) override {
    if (is_named(path)) {
      value = kind == SP_KIND_JSON ? "\"[named]\"" : "[named]";
      return true;
    }
    if (value.find("withheld") != value.npos) return false;
    for (const std::string_view secret : {"secret", "s\\u0065cret"}) {
      for (size_t at = 0; (at = value.find(secret, at)) != value.npos;)
        value.replace(at, secret.size(), "[gone]");
    }
    return true;
  }
};

}  // namespace sallyport::http
