// Functions that show texts which no column of a table holds, and those of them that a proof may look past.
//
// What the catalogue holds is no stored value of a user's table, but for samples: names, comments,
// definitions and their literals were written by who defines, and every column of a catalogue has an origin
// of its own, so that it is shown (to detectors) whoever asks. A function that says the same in other words
// shows nothing more, whatever arguments it is given: what comes from a masked field is disproved by the
// relation that it is read from. A definition can be made of a value by code that runs text alone (DO, a
// function), and what that could put into a comment it could put into any table.
#include <algorithm>
#include <array>

#include "plugins/postgresql/sql/functions.h"
#include "plugins/postgresql/sql/words.h"

namespace sallyport::postgresql::sql {
namespace {

// Begin with pg_, and return what no statement can have put there: the server's own state.
constexpr char own_state_names[] =
    "pg_backend_pid pg_char_to_encoding pg_client_encoding pg_column_size pg_conf_load_time "
    "pg_encoding_max_length pg_encoding_to_char pg_is_in_recovery pg_is_wal_replay_paused pg_jit_available "
    "pg_lsn pg_postmaster_start_time pg_size_bytes pg_size_pretty pg_timezone_abbrevs pg_timezone_names "
    "pg_trigger_depth pg_typeof";
constexpr auto own_state = split<count_words(own_state_names)>(own_state_names);

// Texts of the catalogue: pg_get_expr and its like write out trees that were stored by DDL; their only type,
// pg_node_tree, has no input, so that no value can pass for one. Their constants are literals of definitions
// (defaults, bounds of partitions, predicates of indexes), which pg_node_tree spells byte by byte anyway.
constexpr char definition_names[] =
    "col_description enum_first enum_last enum_range obj_description pg_available_extension_versions "
    "pg_available_extensions pg_collation_actual_version pg_collation_for "
    "pg_database_collation_actual_version pg_describe_object pg_extension_update_paths pg_get_constraintdef "
    "pg_get_expr pg_get_function_arg_default pg_get_function_arguments pg_get_function_identity_arguments "
    "pg_get_function_result pg_get_function_sqlbody pg_get_functiondef pg_get_indexdef pg_get_keywords "
    "pg_get_object_address pg_get_partition_constraintdef pg_get_partkeydef pg_get_publication_tables "
    "pg_get_replica_identity_index pg_get_ruledef pg_get_serial_sequence pg_get_statisticsobjdef "
    "pg_get_statisticsobjdef_columns pg_get_statisticsobjdef_expressions pg_get_triggerdef pg_get_userbyid "
    "pg_get_viewdef pg_identify_object pg_identify_object_as_address pg_options_to_table "
    "pg_partition_ancestors pg_partition_root pg_partition_tree pg_relation_filenode pg_relation_filepath "
    "pg_sequence_parameters pg_settings_get_flags pg_tablespace_databases pg_tablespace_location "
    "shobj_description to_regclass to_regcollation to_regnamespace to_regoper to_regoperator to_regproc "
    "to_regprocedure to_regrole to_regtype";
constexpr auto definition = split<count_words(definition_names)>(definition_names);

// Truth values and sizes. A size counts pages, as count(*) counts rows: a few bits a statement, which is what
// the limit on state that a statement leaves behind says.
constexpr char property_names[] =
    "pg_blocking_pids pg_collation_is_visible pg_column_compression pg_column_is_updatable "
    "pg_conversion_is_visible pg_database_size pg_function_is_visible pg_has_role "
    "pg_index_column_has_property "
    "pg_index_has_property pg_indexam_has_property pg_indexam_progress_phasename pg_indexes_size "
    "pg_is_other_temp_schema pg_my_temp_schema pg_opclass_is_visible pg_operator_is_visible "
    "pg_opfamily_is_visible pg_relation_is_publishable pg_relation_is_updatable pg_relation_size "
    "pg_safe_snapshot_blocking_pids pg_statistics_obj_is_visible pg_table_is_visible pg_table_size "
    "pg_tablespace_size pg_total_relation_size pg_ts_config_is_visible pg_ts_dict_is_visible "
    "pg_ts_parser_is_visible pg_ts_template_is_visible pg_type_is_visible";
constexpr auto property = split<count_words(property_names)>(property_names);

// Counters and times of what tables and databases have seen. Not among them: what returns what sessions run
// (pg_stat_get_activity, pg_stat_get_backend_activity), whence they come, or how replication connects.
constexpr char counter_names[] =
    "pg_stat_get_analyze_count pg_stat_get_autoanalyze_count pg_stat_get_autovacuum_count "
    "pg_stat_get_blocks_fetched pg_stat_get_blocks_hit pg_stat_get_db_numbackends "
    "pg_stat_get_db_tuples_deleted pg_stat_get_db_tuples_fetched pg_stat_get_db_tuples_inserted "
    "pg_stat_get_db_tuples_returned pg_stat_get_db_tuples_updated pg_stat_get_db_xact_commit "
    "pg_stat_get_db_xact_rollback pg_stat_get_dead_tuples pg_stat_get_ins_since_vacuum "
    "pg_stat_get_last_analyze_time pg_stat_get_last_autoanalyze_time pg_stat_get_last_autovacuum_time "
    "pg_stat_get_last_vacuum_time pg_stat_get_live_tuples pg_stat_get_mod_since_analyze pg_stat_get_numscans "
    "pg_stat_get_tuples_deleted pg_stat_get_tuples_fetched pg_stat_get_tuples_hot_updated "
    "pg_stat_get_tuples_inserted pg_stat_get_tuples_returned pg_stat_get_tuples_updated "
    "pg_stat_get_vacuum_count";
constexpr auto counter = split<count_words(counter_names)>(counter_names);

// The standard's views are made of these, and drivers call one (pgJDBC's getPrimaryKeys). They compute from
// their arguments, or read the catalogue.
constexpr char standard_names[] =
    "_pg_char_max_length _pg_char_octet_length _pg_datetime_precision _pg_expandarray _pg_index_position "
    "_pg_interval_type _pg_numeric_precision _pg_numeric_precision_radix _pg_numeric_scale _pg_truetypid "
    "_pg_truetypmod";
constexpr auto standard = split<count_words(standard_names)>(standard_names);

}  // namespace

// What stays: pg_show_all_settings (any text of anybody's), pg_cursor, pg_prepared_statement,
// pg_prepared_xact, pg_listening_channels (code at the target names them), pg_mcv_list_items (samples of
// columns), pg_stat_get_activity and its like (literals of other sessions), and what a later version brings.
bool shows_stored_text(std::string_view function) {
  const bool named = function.starts_with("pg_") || function.starts_with("enum_") ||
                     function.starts_with("to_reg") || function.ends_with("_description");
  return named && !holds(own_state, function) && !holds(definition, function) && !holds(property, function) &&
         !holds(counter, function);
}

bool is_standard_function(std::string_view name) { return holds(standard, name); }

}  // namespace sallyport::postgresql::sql
