// sallyport plugin record: a real conversation through a plugin becomes a transcript.
#pragma once

#include "cli/commands.h"

namespace sallyport::cli {

// Adds the command to `group`, which is `sallyport plugin`.
void add_plugin_record(CLI::App& group, Context& context);

}  // namespace sallyport::cli
