// Recorded bytes of a session as text, through the protocol's plugin.
#pragma once

#include <string>

#include "cli/commands.h"
#include "core/control/world.h"

namespace sallyport::cli {

class Renderer {
 public:
  // Loads the config's plugins; without them (a log alone, without its config) text is shown as it stands.
  explicit Renderer(const Context& context);

  // `protocol` as the session's first record names it. Ends with a newline unless empty; holds no other
  // control characters.
  [[nodiscard]] std::string render(const std::string& protocol, sp_direction direction,
                                   std::string_view bytes) const;

 private:
  Plugins plugins_;
};

}  // namespace sallyport::cli
