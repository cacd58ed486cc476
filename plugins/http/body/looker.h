// The eyes that a body is looked at with: the host's masks, as the body's readers need them. Session's
// thread.
#pragma once

#include <string>
#include <string_view>

#include "plugins/plugin.h"

namespace sallyport::http {

struct Looker {
  virtual ~Looker() = default;
  // Whether a mask names any place at all.
  [[nodiscard]] virtual bool names_any() = 0;
  // Whether a mask names this place ("body.customer.email"), so that it is masked whatever it holds.
  [[nodiscard]] virtual bool is_named(std::string_view path) = 0;
  // Edits the value. False: it may not be shown at all.
  [[nodiscard]] virtual bool mask(std::string& value, sp_kind kind, std::string_view path) = 0;
};

// Every place in a body is named by its dotted path behind this; steps into arrays add nothing.
inline constexpr std::string_view body_path = "body";

}  // namespace sallyport::http
