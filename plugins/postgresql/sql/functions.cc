#include "plugins/postgresql/sql/functions.h"

#include <algorithm>
#include <array>
#include <string>

#include "plugins/postgresql/sql/words.h"

namespace sallyport::postgresql::sql {
namespace {

// Of PostgreSQL 15: immutable and stable functions that a query calls by name, and the volatile ones that
// only look.
constexpr char harmless_names[] =
    "abbrev abs acldefault aclexplode acos acosd acosh age area array_agg array_append array_cat "
    "array_dims array_fill array_length array_lower array_ndims array_position array_positions "
    "array_prepend array_remove array_replace array_to_json array_to_string array_to_tsvector array_upper "
    "arraycontained arraycontains arrayoverlap ascii asin asind asinh atan atan2 atan2d atand atanh avg "
    "bit bit_and bit_count bit_length bit_or bit_xor bool bool_and bool_or box bpchar broadcast btrim "
    "bttextcmp cardinality cbrt ceil ceiling center char char_length character_length chr cidr circle "
    "clock_timestamp col_description concat concat_ws convert convert_from convert_to corr cos cosd cosh "
    "cot cotd count covar_pop covar_samp cume_dist current_database current_query current_schema "
    "current_schemas current_setting current_user currval date date_bin date_mi date_part date_trunc "
    "datemultirange daterange decode degrees dense_rank diagonal diameter div encode enum_first enum_last "
    "enum_range every exp extract factorial family first_value float4 float8 floor format format_type gcd "
    "gen_random_uuid generate_series generate_subscripts get_bit get_byte get_current_ts_config "
    "getdatabaseencoding getpgusername has_any_column_privilege has_column_privilege "
    "has_database_privilege has_foreign_data_wrapper_privilege has_function_privilege "
    "has_language_privilege has_parameter_privilege has_schema_privilege has_sequence_privilege "
    "has_server_privilege has_table_privilege has_tablespace_privilege has_type_privilege hashint4 "
    "hashint8 hashtext height host hostmask inet_client_addr inet_client_port inet_server_addr "
    "inet_server_port inetmi initcap int2 int4 int4multirange int4range int8 int8multirange int8range "
    "interval is_normalized isclosed isempty isfinite ishorizontal isopen isparallel isperp isvertical "
    "json_agg json_array_element json_array_element_text json_array_elements json_array_elements_text "
    "json_array_length json_build_array json_build_object json_each json_each_text json_extract_path "
    "json_extract_path_text json_object json_object_agg json_object_field json_object_field_text "
    "json_object_keys json_populate_record json_populate_recordset json_strip_nulls json_to_record "
    "json_to_recordset json_to_tsvector json_typeof jsonb_agg jsonb_array_element "
    "jsonb_array_element_text jsonb_array_elements jsonb_array_elements_text jsonb_array_length "
    "jsonb_build_array jsonb_build_object jsonb_concat jsonb_contains jsonb_delete jsonb_each "
    "jsonb_each_text jsonb_exists jsonb_exists_all jsonb_exists_any jsonb_extract_path "
    "jsonb_extract_path_text jsonb_insert jsonb_object jsonb_object_agg jsonb_object_field "
    "jsonb_object_field_text jsonb_object_keys jsonb_path_exists jsonb_path_exists_tz jsonb_path_match "
    "jsonb_path_match_tz jsonb_path_query jsonb_path_query_array jsonb_path_query_array_tz "
    "jsonb_path_query_first jsonb_path_query_first_tz jsonb_path_query_tz jsonb_populate_record "
    "jsonb_populate_recordset jsonb_pretty jsonb_set jsonb_set_lax jsonb_strip_nulls jsonb_to_record "
    "jsonb_to_recordset jsonb_to_tsvector jsonb_typeof justify_days justify_hours justify_interval lag "
    "last_value lastval lcm lead left length like like_escape line ln log log10 lower lower_inc lower_inf "
    "lpad lseg ltrim macaddr macaddr8 make_date make_interval make_time make_timestamp make_timestamptz "
    "masklen max md5 min min_scale mod mode money multirange mxid_age name netmask network normalize "
    "notlike now npoints nth_value ntile num_nonnulls num_nulls numeric nummultirange numnode numrange "
    "obj_description octet_length oid oidvectortypes overlaps overlay parse_ident path percent_rank "
    "percentile_cont percentile_disc pg_available_extension_versions pg_available_extensions "
    "pg_backend_pid pg_blocking_pids pg_char_to_encoding pg_client_encoding pg_collation_actual_version "
    "pg_collation_for pg_collation_is_visible pg_column_compression pg_column_is_updatable pg_column_size "
    "pg_conf_load_time pg_conversion_is_visible pg_current_snapshot pg_current_wal_flush_lsn "
    "pg_current_wal_insert_lsn pg_current_wal_lsn pg_current_xact_id pg_current_xact_id_if_assigned "
    "pg_cursor pg_database_collation_actual_version pg_database_size pg_describe_object "
    "pg_encoding_max_length pg_encoding_to_char pg_extension_update_paths pg_filenode_relation "
    "pg_function_is_visible pg_get_constraintdef pg_get_expr pg_get_function_arg_default "
    "pg_get_function_arguments pg_get_function_identity_arguments pg_get_function_result "
    "pg_get_function_sqlbody pg_get_functiondef pg_get_indexdef pg_get_keywords pg_get_object_address "
    "pg_get_partition_constraintdef pg_get_partkeydef pg_get_publication_tables "
    "pg_get_replica_identity_index pg_get_replication_slots pg_get_ruledef pg_get_serial_sequence "
    "pg_get_statisticsobjdef pg_get_statisticsobjdef_columns pg_get_statisticsobjdef_expressions "
    "pg_get_triggerdef pg_get_userbyid pg_get_viewdef pg_get_wal_replay_pause_state pg_has_role "
    "pg_identify_object pg_identify_object_as_address pg_index_column_has_property pg_index_has_property "
    "pg_indexam_has_property pg_indexam_progress_phasename pg_indexes_size pg_is_in_recovery "
    "pg_is_other_temp_schema pg_is_wal_replay_paused pg_jit_available pg_last_committed_xact "
    "pg_last_wal_receive_lsn pg_last_wal_replay_lsn pg_last_xact_replay_timestamp pg_listening_channels "
    "pg_lock_status pg_lsn pg_mcv_list_items pg_my_temp_schema pg_notification_queue_usage "
    "pg_opclass_is_visible pg_operator_is_visible pg_opfamily_is_visible pg_options_to_table "
    "pg_partition_ancestors pg_partition_root pg_partition_tree pg_postmaster_start_time "
    "pg_prepared_statement pg_prepared_xact pg_relation_filenode pg_relation_filepath "
    "pg_relation_is_publishable pg_relation_is_updatable pg_relation_size pg_safe_snapshot_blocking_pids "
    "pg_sequence_last_value pg_sequence_parameters pg_settings_get_flags pg_show_all_settings "
    "pg_size_bytes pg_size_pretty pg_snapshot_xip pg_snapshot_xmax pg_snapshot_xmin "
    "pg_statistics_obj_is_visible pg_table_is_visible pg_table_size pg_tablespace_databases "
    "pg_tablespace_location pg_tablespace_size pg_timezone_abbrevs pg_timezone_names "
    "pg_total_relation_size pg_trigger_depth pg_ts_config_is_visible pg_ts_dict_is_visible "
    "pg_ts_parser_is_visible pg_ts_template_is_visible pg_type_is_visible pg_typeof "
    "pg_visible_in_snapshot pg_wal_lsn_diff pg_walfile_name pg_walfile_name_offset "
    "pg_xact_commit_timestamp pg_xact_status phraseto_tsquery pi plainto_tsquery point polygon position "
    "pow power quote_ident quote_literal quote_nullable radians radius random range_adjacent range_agg "
    "range_intersect_agg range_merge rank regclass regexp_count regexp_instr regexp_like regexp_match "
    "regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr regr_avgx "
    "regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy repeat replace "
    "reverse right round row_number row_security_active row_to_json rpad rtrim scale session_user set_bit "
    "set_byte set_masklen setseed setweight sha224 sha256 sha384 sha512 shobj_description sign "
    "similar_to_escape sin sind sinh slope split_part sqrt starts_with statement_timestamp stddev "
    "stddev_pop stddev_samp string_agg string_to_array string_to_table strip strpos substr substring sum "
    "tan tand tanh text texteq time timeofday timestamp timestamptz timetz timezone to_ascii to_char "
    "to_date to_hex to_json to_jsonb to_number to_regclass to_regcollation to_regnamespace to_regoper "
    "to_regoperator to_regproc to_regprocedure to_regrole to_regtype to_timestamp to_tsquery to_tsvector "
    "transaction_timestamp translate trim_array trim_scale trunc ts_debug ts_delete ts_filter ts_headline "
    "ts_lexize ts_match_vq ts_parse ts_rank ts_rank_cd ts_token_type tsmultirange tsquery_and tsquery_not "
    "tsquery_or tsrange tstzmultirange tstzrange tsvector_concat tsvector_to_array txid_current "
    "txid_current_if_assigned txid_current_snapshot txid_snapshot_xip txid_snapshot_xmax "
    "txid_snapshot_xmin txid_status txid_visible_in_snapshot unistr unnest upper upper_inc upper_inf "
    "var_pop var_samp varbit varchar variance version websearch_to_tsquery width width_bucket xid xml "
    "xml_is_well_formed xml_is_well_formed_content xml_is_well_formed_document xmlagg xmlcomment "
    "xmlconcat2 xmlexists xmlvalidate xpath xpath_exists";
constexpr auto harmless = split<count_words(harmless_names)>(harmless_names);

// pg_stat_get_*: the statistics views' own.
constexpr std::string_view statistics_prefix = "pg_stat_get_";

// Advisory locks.
constexpr char session_names[] =
    "pg_advisory_lock pg_advisory_lock_shared pg_advisory_unlock pg_advisory_unlock_all "
    "pg_advisory_unlock_shared pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_try_advisory_lock "
    "pg_try_advisory_lock_shared pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared";
constexpr auto session = split<count_words(session_names)>(session_names);

// Sequences and notifications.
constexpr char writing_names[] = "nextval pg_notify setval";
constexpr auto writing = split<count_words(writing_names)>(writing_names);

// In any schema: extensions install theirs where they are told to.
constexpr char escaping_names[] =
    "autoprewarm_dump_now autoprewarm_start_worker connectby gin_clean_pending_list http http_get "
    "http_post loread lowrite pg_cancel_backend pg_current_logfile pg_export_snapshot "
    "pg_extension_config_dump pg_get_backend_memory_contexts pg_hba_file_rules pg_ident_file_mappings "
    "pg_import_system_collations pg_log_backend_memory_contexts pg_nextoid pg_prewarm pg_promote "
    "pg_reload_conf pg_rotate_logfile pg_rotate_logfile_old pg_show_all_file_settings pg_stat_file "
    "pg_stat_force_next_flush pg_stop_making_pinned_objects pg_switch_wal pg_switch_xlog "
    "pg_terminate_backend pg_truncate_visibility_map set_config ts_rewrite ts_stat xpath_table";
constexpr auto escaping = split<count_words(escaping_names)>(escaping_names);

constexpr char escaping_prefixes_names[] =
    "binary_upgrade_ brin_desummarize_ brin_summarize_ crosstab cursor_to_xml database_to_xml dblink lo_ "
    "pg_backup_ pg_copy_ pg_create_ pg_drop_ pg_execute_ pg_file_ pg_logfile_ pg_logical_ pg_ls_ pg_read_ "
    "pg_replication_ pg_restore_ pg_rotate_ pg_sleep pg_start_ pg_stat_reset pg_stop_ pg_wal_replay_ "
    "pg_xlog_ plperl plpgsql_ plpython pltcl postgres_fdw_ query_to_xml schema_to_xml table_to_xml";
constexpr auto escaping_prefixes = split<count_words(escaping_prefixes_names)>(escaping_prefixes_names);

// pg_catalog, pg_trgm, hstore, pgvector; BETWEEN is how the grammar names its own.
constexpr char operators_names[] =
    "!! !~ !~* !~~ !~~* # ## #- #> #>> % %> %>> & && &< &<| &> * *< *<= *<> *= *> *>= + - -> ->> -|- / < "
    "<#> <% <+> <-> <->> <->>> << <<% <<-> <<<-> <<= <<| <= <=> <> <@ <^ = > >= >> >>= >^ ? ?# ?& ?- ?-| "
    "?| ?|| @ @-@ @> @? @@ @@@ BETWEEN ^ ^@ | |&> |/ |>> || ||/ ~ ~* ~<=~ ~<~ ~= ~>=~ ~>~ ~~ ~~*";
constexpr auto operators = split<count_words(operators_names)>(operators_names);

constexpr char escaping_settings_names[] =
    "allow_in_place_tablespaces allow_system_table_mods archive_command backslash_quote client_encoding "
    "data_directory dynamic_library_path ignore_checksum_failure "
    "ignore_system_indexes jit_provider lo_compat_privileges local_preload_libraries role "
    "session_authorization session_preload_libraries session_replication_role shared_preload_libraries "
    "standard_conforming_strings zero_damaged_pages";
constexpr auto escaping_settings = split<count_words(escaping_settings_names)>(escaping_settings_names);

}  // namespace

FunctionClass function_class(std::string_view name) {
  if (holds(escaping, name)) return FunctionClass::escape;
  if (holds(harmless, name)) return FunctionClass::harmless;
  if (holds(session, name)) return FunctionClass::session;
  if (holds(writing, name)) return FunctionClass::write;
  if (name.starts_with(statistics_prefix)) return FunctionClass::harmless;
  for (const std::string_view prefix : escaping_prefixes) {
    if (name.starts_with(prefix)) return FunctionClass::escape;
  }
  return FunctionClass::unknown;
}

bool is_known_operator(std::string_view name) {
  return holds(operators, name) || name.ends_with("BETWEEN") || name.ends_with("BETWEEN SYMMETRIC");
}

bool is_free_setting(std::string_view name) {
  return name.find('.') != std::string_view::npos || name == "all" || name == "application_name" ||
         name == "search_path" || name == "timezone";
}

bool only_counts(std::string_view name) {
  static constexpr std::array names = std::to_array<std::string_view>({"avg",
                                                                       "bool_and",
                                                                       "bool_or",
                                                                       "clock_timestamp",
                                                                       "count",
                                                                       "cume_dist",
                                                                       "current_database",
                                                                       "current_date",
                                                                       "current_timestamp",
                                                                       "dense_rank",
                                                                       "every",
                                                                       "exists",
                                                                       "like_escape",
                                                                       "lower",
                                                                       "max",
                                                                       "min",
                                                                       "now",
                                                                       "ntile",
                                                                       "percent_rank",
                                                                       "rank",
                                                                       "row_number",
                                                                       "sum",
                                                                       "upper"});
  static_assert(std::ranges::is_sorted(names));
  return holds(names, name);
}

bool is_escaping_setting(std::string_view name, std::string_view value) {
  if (!holds(escaping_settings, name)) return false;
  std::string folded(value);
  for (char& c : folded) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  // What everything here assumes anyway, and what pg_dump and drivers set.
  if (name == "standard_conforming_strings") return folded != "on" && folded != "true" && folded != "1";
  if (name == "client_encoding") return folded != "utf8" && folded != "utf-8" && folded != "unicode";
  return true;
}

}  // namespace sallyport::postgresql::sql
