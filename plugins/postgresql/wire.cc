#include "plugins/postgresql/wire.h"

namespace sallyport::pg {

void Wire::end(std::string_view sqlstate, std::string_view message, std::string_view reason) {
  if (ended) return;
  Writer out;
  write_error(out, {.severity = "FATAL", .sqlstate = sqlstate, .message = message});
  host.emit(SP_LEG_CLIENT, out.view());
  finish(reason);
}

void Wire::finish(std::string_view reason) {
  if (ended) return;
  ended = true;
  host.finish(SP_LEG_TARGET, reason);
  host.finish(SP_LEG_CLIENT, reason);
}

}  // namespace sallyport::pg
