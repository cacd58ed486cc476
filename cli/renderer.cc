#include "cli/renderer.h"

#include <sys/stat.h>

#include "cli/table.h"

namespace sallyport::cli {

Renderer::Renderer(const Context& context) {
  struct stat info {};
  if (stat(context.config_file.c_str(), &info) != 0) return;
  const auto config = config::load(context.config_file);
  // What cannot be loaded is shown plainly; `sallyport check` is where problems are told.
  if (config) (void)load_plugins(*config, plugins_);
}

std::string Renderer::render(const std::string& protocol, sp_direction direction,
                             std::string_view bytes) const {
  std::string text;
  const auto plugin = plugins_.find(protocol);
  if (plugin != plugins_.end() && plugin->second.abi->render) {
    const sp_bytes given = {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
    const auto write = [](void* to, const char* data, size_t size) {
      static_cast<std::string*>(to)->append(data, size);
    };
    if (plugin->second.abi->render(direction, given, write, &text) < 0) text = "(cannot be rendered)";
  } else if (direction == SP_REQUEST) {
    text = std::string(bytes);
  } else if (!bytes.empty()) {
    text =
        "(" + std::to_string(bytes.size()) + " bytes; --config with the plugin of the protocol renders them)";
  }
  if (!text.empty() && text.back() != '\n') text += '\n';
  return visible(text);
}

}  // namespace sallyport::cli
