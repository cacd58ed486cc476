// What the plugin says of itself: facts, ready sets, options.
#pragma once

#include "plugins/plugin.h"

namespace sallyport::http {

extern const sp_manifest manifest;

}  // namespace sallyport::http
