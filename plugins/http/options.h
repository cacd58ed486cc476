// [target.options], as the session needs them. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "plugins/plugin.h"

namespace sallyport::http {

enum class CredentialForm { bearer, basic, header, cookie, none };

struct Options {
  CredentialForm form = CredentialForm::bearer;
  std::string name;  // of the field or the cookie
  std::string host;  // for Host; empty: the target's address
  uint32_t answer_timeout_ms = 0;

  static Options of(std::span<const sp_pair> pairs);
  // The field that carries `secret`, and its value.
  [[nodiscard]] std::string_view field_name() const;
  [[nodiscard]] std::string field_value(std::string_view user, std::string_view secret) const;
};

}  // namespace sallyport::http
