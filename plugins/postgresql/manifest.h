// What the plugin tells the host of itself: facts that rules may match, ready sets of rules, capabilities.
#pragma once

#include "plugins/plugin.h"

namespace sallyport::pg {

extern const sp_manifest manifest;

}  // namespace sallyport::pg
