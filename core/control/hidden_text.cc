#include <string.h>

#include "core/control/messages.h"

namespace sallyport {

HiddenText::~HiddenText() {
  const auto wipe = [](std::string& secret) { explicit_bzero(secret.data(), secret.size()); };
  wipe(text);
  for (auto& [name, value] : values) wipe(value);
}

}  // namespace sallyport
