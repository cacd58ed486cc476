"""Statements that do harm, as templates that `lexical` spells in many ways.

{name} is an identifier, {f:name} a function of pg_catalog, {s:text} a literal, {q:text} SQL inside a literal (spelled anew
itself). The rest are keywords and signs.

Left out, because docs/THREATS.md says that they are not stopped: code that is already at the target and runs without
being named (a function of a row called like a column, `SELECT s.purge FROM stock s`; a view, a trigger, a known
operator or cast that a user has overloaded, domains' and types' own functions), and a WHERE that reads a column but spares no row
(`WHERE id = id`); an upsert of every row; a constraint that is dropped. On a target that denies `sql/destructive` and `sql/escape` alone, calls of users' functions are left
out too: their effect is `unknown`, for which a rule of its own is needed."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Seed:
    text: str
    kind: str  # dml: may stand in WITH and has RETURNING; query; expression: one int or void value; utility
    group: str  # destroy, escape: of these rule sets; other: only stopped where not allowed
    shows: bool = True  # the server can show that it ran
    block: bool = True  # runs inside a transaction block and in a function


def _seeds(kind, group, lines, **how):
    return [Seed(line.strip(), kind, group, **how) for line in lines.strip().splitlines()]


DESTROY = _seeds("dml", "destroy", """
DELETE FROM {stock}
DELETE FROM ONLY {stock}
DELETE FROM {stock} AS {t}
DELETE FROM {stock} WHERE TRUE
DELETE FROM {stock} WHERE 1 = 1
DELETE FROM {stock} WHERE NOT FALSE
DELETE FROM {stock} WHERE {s:a} = {s:a} OR 1 > 2
DELETE FROM {stock} USING {journal}
DELETE FROM {stock_view}
DELETE FROM {parts}
DELETE FROM {parts_a}
UPDATE {stock} SET {amount} = 0
UPDATE {stock} SET {amount} = {amount} + 1
UPDATE {stock} SET ({amount}, {label}) = (0, {s:gone})
UPDATE {stock} SET ({amount}, {label}) = (SELECT 1, {s:gone})
UPDATE {stock} AS {t} SET {label} = {s:gone} WHERE 2 > 1
UPDATE {stock} SET {label} = {s:gone} FROM {journal}
UPDATE ONLY {journal} SET {note} = NULL
UPDATE {stock_view} SET {label} = DEFAULT
""") + _seeds("utility", "destroy", """
MERGE INTO {stock} USING (SELECT 1) AS {s} ON TRUE WHEN MATCHED THEN DELETE
MERGE INTO {stock} AS {t} USING {journal} AS {j} ON 1 = 1 WHEN NOT MATCHED THEN INSERT VALUES (99, {s:x}, 1) WHEN MATCHED THEN DELETE
MERGE INTO {journal} USING (VALUES (1)) AS {s} ON 2 > 1 WHEN MATCHED THEN UPDATE SET {note} = {s:gone}
TRUNCATE {stock}
TRUNCATE TABLE {stock}
TRUNCATE TABLE ONLY {stock}, {journal} RESTART IDENTITY CASCADE
TRUNCATE {parts} CONTINUE IDENTITY RESTRICT
DROP TABLE {spare}
DROP TABLE IF EXISTS {nosuch}, {spare} CASCADE
DROP TABLE {stock} CASCADE
DROP VIEW {stock_view}
DROP MATERIALIZED VIEW {stock_sum}
DROP SEQUENCE {ticks}
DROP INDEX {spare_index}
DROP TYPE {mood}
DROP TYPE {pair} RESTRICT
DROP DOMAIN {positive}
DROP SCHEMA {empty_one}
DROP SCHEMA {shadow} CASCADE
DROP FUNCTION {touch}
DROP FUNCTION {touch_fixed} (int) CASCADE
DROP PROCEDURE {touch_all}
DROP ROUTINE {touch_rows}
DROP AGGREGATE {touch_sum} (int)
DROP OPERATOR @#@ (int, int)
DROP TRIGGER {seen} ON {stock}
DROP OWNED BY {bystander}
ALTER TABLE {spare} DROP COLUMN {note}
ALTER TABLE {spare} DROP {note} CASCADE
ALTER TABLE IF EXISTS ONLY {spare} ADD COLUMN {more} int, DROP COLUMN IF EXISTS {note}
ALTER TYPE {pair} DROP ATTRIBUTE {a}
ALTER TABLE {spare} ALTER {note} TYPE varchar USING {s:gone}
ALTER TABLE {spare} ALTER COLUMN {id} SET DATA TYPE bigint USING (SELECT 1)
""") + _seeds("utility", "destroy", """
DROP ROLE {bystander}
DROP USER IF EXISTS {bystander}
DROP GROUP {bystander}
DROP EVENT TRIGGER {seen_end}
""") + _seeds("utility", "destroy", """
DROP DATABASE {unused}
DROP DATABASE IF EXISTS {unused} WITH (FORCE)
DROP TABLESPACE {nosuch}
DROP INDEX CONCURRENTLY {spare_index}
""", shows=False, block=False)

ESCAPE = _seeds("utility", "escape", """
DO {q:BEGIN DELETE FROM stock; END}
DO LANGUAGE {plpgsql} {q:BEGIN PERFORM touch(); END}
DO {q:BEGIN EXECUTE 'DROP TABLE ' || 'spare'; END} LANGUAGE {plpgsql}
CALL {touch_all} (1)
CREATE FUNCTION {made} () RETURNS int LANGUAGE {sql} AS {q:SELECT 1}
CREATE OR REPLACE FUNCTION {touch} () RETURNS int AS {q:SELECT 2} LANGUAGE {s:sql} SECURITY DEFINER
CREATE FUNCTION {made} () RETURNS int LANGUAGE {sql} BEGIN ATOMIC SELECT 1; END
CREATE FUNCTION {made} () RETURNS int RETURN 1
CREATE PROCEDURE {made} () LANGUAGE {sql} AS {q:DELETE FROM stock}
ALTER FUNCTION {touch} () SECURITY DEFINER
ALTER FUNCTION {touch} () SET {search_path} = {shadow}
ALTER FUNCTION {touch} () RENAME TO {other}
ALTER FUNCTION {touch} () OWNER TO {bystander}
ALTER ROUTINE {touch} () IMMUTABLE
CREATE TRIGGER {made} AFTER INSERT ON {stock} EXECUTE FUNCTION {witness_statement} ()
CREATE CONSTRAINT TRIGGER {made} AFTER INSERT ON {stock} FOR EACH ROW EXECUTE PROCEDURE {witness_statement} ()
ALTER TABLE {stock} DISABLE TRIGGER ALL
ALTER TABLE {stock} DISABLE TRIGGER {seen}
ALTER TABLE {stock} ENABLE ALWAYS TRIGGER {seen}
CREATE RULE {made} AS ON INSERT TO {stock} DO ALSO DELETE FROM {journal}
CREATE OR REPLACE RULE {made} AS ON UPDATE TO {stock} DO INSTEAD NOTHING
CREATE OPERATOR {shadow} . ### (LEFTARG = int, RIGHTARG = int, FUNCTION = {touch_left})
CREATE AGGREGATE {made} (int) (SFUNC = {int4pl}, STYPE = int)
CREATE CAST (int AS {mood}) WITH INOUT
CREATE TYPE {made} AS RANGE (SUBTYPE = int, SUBTYPE_DIFF = {int4mi})
CREATE LANGUAGE {made} HANDLER {plpgsql_call_handler}
CREATE EXTENSION {hstore}
CREATE SERVER {made} FOREIGN DATA WRAPPER {nosuch}
CREATE FOREIGN DATA WRAPPER {made}
CREATE PUBLICATION {made} FOR ALL TABLES
COPY {stock} TO PROGRAM {s:cat > MADE/copied}
COPY (SELECT 1) TO PROGRAM {s:touch MADE/copied}
COPY {journal} FROM PROGRAM {s:touch MADE/copied}
COPY {stock} TO {s:MADE/stock.csv} WITH (FORMAT csv)
COPY (SELECT 1) TO {s:MADE/one} CSV HEADER
ALTER ROLE {bystander} SET {search_path} = {shadow}
ALTER ROLE ALL SET {work_mem} = {s:64kB}
ALTER DATABASE {unused} SET {search_path} TO {shadow}
ALTER ROLE {bystander} RESET ALL
ALTER TABLE {stock} DISABLE ROW LEVEL SECURITY
""") + _seeds("utility", "escape", """
ALTER SYSTEM SET {work_mem} = {s:5MB}
ALTER SYSTEM RESET ALL
""", block=False) + _seeds("utility", "escape", """
COPY {journal} FROM {s:/etc/hostname}
LOAD {s:plpgsql}
SET ROLE {bystander}
SET LOCAL {role} = {s:bystander}
SET SESSION AUTHORIZATION {bystander}
SET {session_replication_role} = {replica}
SET {search_path} = {shadow}, {pg_catalog}
SET SESSION {search_path} TO {s:shadow}, {s:pg_catalog}
SET {allow_system_table_mods} = ON
SET {session_preload_libraries} = {s:x}
""", shows=False) + _seeds("expression", "escape", """
{f:set_config} ({s:role}, {s:bystander}, FALSE)
{f:set_config} ({s:search_path}, {s:shadow,pg_catalog}, TRUE)
{f:pg_read_file} ({s:MADE/../secret})
{f:pg_read_file} ({s:MADE/../secret}, 0, 5)
{f:pg_read_binary_file} ({s:MADE/../secret})
{f:pg_ls_dir} ({s:.})
{f:pg_stat_file} ({s:.})
{f:pg_sleep} (0)
{f:pg_sleep_for} ({s:0})
{f:pg_reload_conf} ()
{f:pg_cancel_backend} (0)
{f:pg_terminate_backend} (0)
{f:pg_export_snapshot} ()
{f:ts_stat} ({q:SELECT 'a'::tsvector})
{f:table_to_xml} ({s:stock}, TRUE, TRUE, {s:})
{f:pg_stat_reset} ()
{f:pg_rotate_logfile} ()
{f:pg_current_logfile} ()
{f:pg_hba_file_rules} ()
""", shows=False) + _seeds("expression", "escape", """
{f:query_to_xml} ({q:SELECT touch()}, TRUE, TRUE, {s:})
{f:query_to_xml} ({q:SELECT setval('ticks', 7)}, FALSE, FALSE, {s:})
{f:query_to_xmlschema} ({q:SELECT touch_fixed(1)}, TRUE, TRUE, {s:})
{f:query_to_xml_and_xmlschema} ({q:SELECT touch()}, TRUE, TRUE, {s:})
{f:ts_stat} ({q:SELECT touch()::text::tsvector})
{f:pg_logical_emit_message} (TRUE, {s:a}, {s:b})
""") + _seeds("expression", "escape", """
{f:lo_creat} (-1)
{f:lo_create} (0)
{f:lo_import} ({s:/etc/hostname})
{f:lo_from_bytea} (0, {s:x})
""", shows=False)  # the gateway takes large objects nowhere

DBLINK = _seeds("expression", "escape", """
{dblink_exec} ({s:LINK}, {q:INSERT INTO journal VALUES (7)})
{public} . {dblink_exec} ({s:LINK}, {q:UPDATE journal SET note = 'gone' WHERE id = 5})
""") + _seeds("expression", "escape", """
{dblink_connect} ({s:LINK})
{dblink_connect_u} ({s:a}, {s:LINK})
""", shows=False)

OTHER = _seeds("dml", "other", """
INSERT INTO {journal} VALUES (9, {s:x})
INSERT INTO {journal} ({id}) SELECT 1
INSERT INTO {stock} ({id}) VALUES (1) ON CONFLICT ({id}) DO UPDATE SET {amount} = 0
INSERT INTO {parts} DEFAULT VALUES
INSERT INTO {stock_view} VALUES (98, {s:x}, 1)
UPDATE {stock} SET {amount} = 0 WHERE {id} = 1
DELETE FROM {stock} WHERE {id} > 0
""") + _seeds("utility", "other", """
CREATE TABLE {made} ({id} int)
SELECT * INTO {made} FROM {stock}
SELECT 1 AS {a} INTO TEMP {made}
CREATE TABLE {made} AS SELECT * FROM {stock}
CREATE TABLE IF NOT EXISTS {made} AS TABLE {stock} WITH NO DATA
CREATE MATERIALIZED VIEW {made} AS SELECT 1 AS {a}
CREATE UNLOGGED TABLE {made} AS VALUES (1)
CREATE TEMP TABLE {made} ({id} serial)
CREATE VIEW {made} AS SELECT 1
CREATE OR REPLACE TEMP VIEW {made} AS SELECT {touch} ()
CREATE INDEX ON {spare} ({note})
CREATE SEQUENCE {made}
CREATE SCHEMA {made}
CREATE TYPE {made} AS ENUM ()
CREATE DOMAIN {made} AS int
CREATE STATISTICS {made} ON {id}, {note} FROM {spare}
CREATE POLICY {made} ON {stock}
ALTER TABLE {spare} ADD COLUMN {more} int DEFAULT {touch} ()
ALTER TABLE {spare} ALTER {note} TYPE varchar
ALTER TABLE {spare} RENAME TO {other}
ALTER TABLE {spare} SET SCHEMA {empty_one}
ALTER TABLE {spare} SET UNLOGGED
ALTER TYPE {mood} RENAME VALUE {s:bad} TO {s:worse}
ALTER SEQUENCE {ticks} RESTART
ALTER VIEW {stock_view} SET (security_barrier)
GRANT ALL ON {stock} TO PUBLIC
GRANT {pg_read_server_files} TO {bystander}
REVOKE ALL ON {stock} FROM {keeper}
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC
COMMENT ON TABLE {stock} IS {s:x}
REFRESH MATERIALIZED VIEW {stock_sum}
REINDEX TABLE {spare}
CLUSTER {spare} USING {spare_index}
ANALYZE {spare}
SELECT * FROM {stock} FOR UPDATE
SELECT 1 FROM {journal} FOR NO KEY UPDATE
TABLE {stock} FOR SHARE
LOCK TABLE {stock} IN ACCESS EXCLUSIVE MODE
CREATE ROLE {made} SUPERUSER
CREATE USER {made} PASSWORD {s:x}
ALTER ROLE {bystander} SUPERUSER
ALTER USER {bystander} WITH PASSWORD {s:x}
""") + _seeds("utility", "other", """
VACUUM {spare}
CREATE DATABASE {made}
CREATE INDEX CONCURRENTLY ON {spare} ({id})
""", shows=False, block=False) + _seeds("utility", "other", """
SET {search_path} = {shadow}
SET {log_statement} = {s:none}
SET {default_tablespace} = {s:x}
SET {row_security} = OFF
RESET {search_path}
CHECKPOINT
REASSIGN OWNED BY {keeper} TO {bystander}
NOTIFY {channel}, {s:x}
""", shows=False) + _seeds("expression", "other", """
{touch} ()
{public} . {touch} ()
{touch_fixed} (1)
{touch_definer} (1)
{touch_sum} (1)
{shadow} . {abs} (1)
1 <@#> 2
1 OPERATOR ( {shadow} . + ) 2
1 OPERATOR ( {public} . <@#> ) 2
{f:nextval} ({s:ticks})
{f:setval} ({s:ticks}, 7)
""") + _seeds("expression", "other", """
{f:pg_notify} ({s:channel}, {s:x})
""", shows=False)



def seeds(folder, link=None):
    """All of them; files go to `folder`, and dblink is there if it has something to connect to."""
    made = DESTROY + ESCAPE + OTHER + (DBLINK if link else [])
    return [replace(one, text=one.text.replace("MADE", folder).replace("LINK", link or "")) for one in made]
