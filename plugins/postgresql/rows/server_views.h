// Columns of the server's own views that are known one by one, where the view as a whole shows what others
// wrote.
#pragma once

#include <cstdint>
#include <string_view>

namespace sallyport::pg {

// Whether a column, `path` as the catalogue says ("pg_catalog.pg_stat_activity.state"), holds nothing but the
// server's own words, names of the catalogue, numbers and times. `table_oid`: of the view.
[[nodiscard]] bool shows_server_state(uint32_t table_oid, std::string_view path);

}  // namespace sallyport::pg
