#include "plugins/postgresql/rows/catalogue_question.h"

namespace sallyport::pg {

namespace {

std::string list_of(std::span<const uint32_t> oids) {
  std::string list;
  for (const uint32_t oid : oids) list += (list.empty() ? "" : ",") + std::to_string(oid);
  return "(ARRAY[" + list + "]::pg_catalog.oid[])";
}

std::string kind_is(std::string_view kind) {
  return "t.typtype OPERATOR(pg_catalog.=) '" + std::string(kind) + "'::pg_catalog.\"char\"";
}

}  // namespace

std::string columns_question(std::span<const uint32_t> oids) {
  return "SELECT c.oid, a.attnum, n.nspname, r.relname, a.attname, "
         "c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['v','m','t']::pg_catalog.\"char\"[]) "
         // pg_statistic, pg_largeobject, pg_statistic_ext_data hold what belongs to others too.
         "OR c.oid OPERATOR(pg_catalog.=) ANY (ARRAY[2619,2613,3429]::pg_catalog.oid[]) "
         "OR c.relkind OPERATOR(pg_catalog.=) 'r'::pg_catalog.\"char\" AND NOT c.relispartition AND EXISTS "
         "(SELECT FROM pg_catalog.pg_inherits i WHERE c.oid OPERATOR(pg_catalog.=) ANY "
         "(ARRAY[i.inhrelid, i.inhparent]::pg_catalog.oid[])) "
         ", a.attgenerated OPERATOR(pg_catalog.<>) ''::pg_catalog.\"char\" "
         "FROM pg_catalog.pg_class c "
         // A partition's columns are also those of all that it is a part of: a mask may name any of them.
         "JOIN pg_catalog.pg_class r ON r.oid OPERATOR(pg_catalog.=) ANY (CASE WHEN c.relispartition "
         "THEN ARRAY(SELECT p.relid::pg_catalog.oid FROM pg_catalog.pg_partition_ancestors(c.oid) AS "
         "p(relid)) "
         "ELSE ARRAY[c.oid] END) "
         "JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) r.relnamespace "
         "JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) c.oid "
         "WHERE c.oid OPERATOR(pg_catalog.=) ANY " +
         list_of(oids) + " AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped";
}

std::string types_question(std::span<const uint32_t> oids) {
  return std::string("SELECT t.oid, t.typtype, t.typname, CASE WHEN ") + kind_is("d") +
         " THEN t.typbasetype "
         "WHEN " +
         kind_is("r") +
         " THEN (SELECT r.rngsubtype FROM pg_catalog.pg_range r "
         "WHERE r.rngtypid OPERATOR(pg_catalog.=) t.oid) "
         "WHEN " +
         kind_is("m") +
         " THEN (SELECT r.rngtypid FROM pg_catalog.pg_range r "
         "WHERE r.rngmultitypid OPERATOR(pg_catalog.=) t.oid) "
         "ELSE CASE WHEN t.typcategory OPERATOR(pg_catalog.=) 'A'::pg_catalog.\"char\" THEN t.typelem "
         "ELSE 0::pg_catalog.oid END END, "
         "pg_catalog.array_to_string(ARRAY(SELECT a.atttypid FROM pg_catalog.pg_attribute a "
         "WHERE a.attrelid OPERATOR(pg_catalog.=) t.typrelid AND a.attnum OPERATOR(pg_catalog.>) 0 "
         "AND NOT a.attisdropped ORDER BY a.attnum), ',') "
         "FROM pg_catalog.pg_type t WHERE t.oid OPERATOR(pg_catalog.=) ANY " +
         list_of(oids);
}

}  // namespace sallyport::pg
