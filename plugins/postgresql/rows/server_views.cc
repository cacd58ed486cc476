#include "plugins/postgresql/rows/server_views.h"

#include <algorithm>
#include <array>

namespace sallyport::pg {

namespace {

// OIDs from here on are given to what users make.
constexpr uint32_t first_user_oid = 16384;

// Left out, because they are texts of others' choice: pg_stat_activity's query (literals of any session),
// application_name and client_hostname; pg_settings' setting and reset_val (any text: application_name,
// search_path, names with a dot). Of a custom setting pg_settings shows nothing before its extension is
// loaded.
constexpr auto known = std::to_array<std::string_view>({
    "pg_catalog.pg_settings.boot_val",
    "pg_catalog.pg_settings.category",
    "pg_catalog.pg_settings.context",
    "pg_catalog.pg_settings.enumvals",
    "pg_catalog.pg_settings.extra_desc",
    "pg_catalog.pg_settings.max_val",
    "pg_catalog.pg_settings.min_val",
    "pg_catalog.pg_settings.name",
    "pg_catalog.pg_settings.pending_restart",
    "pg_catalog.pg_settings.short_desc",
    "pg_catalog.pg_settings.source",
    "pg_catalog.pg_settings.sourceline",
    "pg_catalog.pg_settings.unit",
    "pg_catalog.pg_settings.vartype",
    "pg_catalog.pg_stat_activity.backend_start",
    "pg_catalog.pg_stat_activity.backend_type",
    "pg_catalog.pg_stat_activity.backend_xid",
    "pg_catalog.pg_stat_activity.backend_xmin",
    "pg_catalog.pg_stat_activity.client_addr",
    "pg_catalog.pg_stat_activity.client_port",
    "pg_catalog.pg_stat_activity.datid",
    "pg_catalog.pg_stat_activity.datname",
    "pg_catalog.pg_stat_activity.leader_pid",
    "pg_catalog.pg_stat_activity.pid",
    "pg_catalog.pg_stat_activity.query_id",
    "pg_catalog.pg_stat_activity.query_start",
    "pg_catalog.pg_stat_activity.state",
    "pg_catalog.pg_stat_activity.state_change",
    "pg_catalog.pg_stat_activity.usename",
    "pg_catalog.pg_stat_activity.usesysid",
    "pg_catalog.pg_stat_activity.wait_event",
    "pg_catalog.pg_stat_activity.wait_event_type",
    "pg_catalog.pg_stat_activity.xact_start",
});
static_assert(std::ranges::is_sorted(known));

}  // namespace

bool shows_server_state(uint32_t table_oid, std::string_view path) {
  return table_oid != 0 && table_oid < first_user_oid && std::ranges::binary_search(known, path);
}

}  // namespace sallyport::pg
