// [canary].
#include "config/limits.h"
#include "config/loader.h"

namespace sallyport::config {

void load_canary(Loader& loader, const Value* table) {
  if (table == nullptr) return;
  Canary& canary = loader.config.canary;
  canary.place = table->place;
  Reader reader(*table, "[canary]", loader.problems);
  if (reader.duration("interval", canary.interval_ms, limits::canary_interval_max_ms) &&
      canary.interval_ms < limits::canary_interval_min_ms) {
    reader.problem("interval",
                   "interval is shorter than a second: write \"15m\", or leave it out to run on demand only");
  }
  reader.names("groups", canary.groups);
  reader.boolean("lockdown", canary.lockdown);
  reader.finish();
}

}  // namespace sallyport::config
