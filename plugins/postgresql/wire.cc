#include "plugins/postgresql/wire.h"

namespace sallyport::pg {

void Wire::end(std::string_view sqlstate, std::string_view message, std::string_view reason) {
  if (ended) return;
  say_fatal(sqlstate, message);
  finish(reason);
}

void Wire::say_fatal(std::string_view sqlstate, std::string_view message) {
  if (ended) return;
  Writer out;
  write_error(out, {.severity = "FATAL", .sqlstate = sqlstate, .message = message});
  host.emit(SP_LEG_CLIENT, out.view());
}

void Wire::finish(std::string_view reason) {
  if (ended) return;
  ended = true;
  host.finish(SP_LEG_TARGET, reason);
  host.finish(SP_LEG_CLIENT, reason);
}

}  // namespace sallyport::pg
