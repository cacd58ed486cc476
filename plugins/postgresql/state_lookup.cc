#include "plugins/postgresql/state_lookup.h"

namespace sallyport::pg {

namespace {

constexpr std::string_view name = "sallyport_state";
// Every name is qualified: the search path that it asks for must not change what it asks. Temporary schemas
// stand in current_schemas() as soon as there are some.
constexpr std::string_view question =
    "SELECT pg_catalog.current_setting('search_path'), pg_catalog.current_schemas(true), current_user, "
    "session_user, pg_catalog.current_setting('role'), pg_catalog.current_setting('row_security')";

}  // namespace

void write_state_lookup(Writer& out, bool sync) {
  out.begin(front::parse).text(name).text(question).u16(0).end();
  out.begin(front::bind).text(name).text(name).u16(0).u16(0).u16(0).end();
  out.begin(front::execute).text(name).i32(0).end();
  out.begin(front::close).u8('P').text(name).end();
  out.begin(front::close).u8('S').text(name).end();
  out.begin(sync ? front::sync : front::flush).end();
}

}  // namespace sallyport::pg
