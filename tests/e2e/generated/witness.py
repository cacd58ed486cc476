"""What the server did, as the server itself tells: by its log, its transaction counter and its catalogue.

No reply is trusted. Triggers and functions say `witness ...` in the server's log, which a rollback does not take back; a
transaction number is taken by whatever writes anything, rolled back or not; the difference of all catalogues and tables
shows what the triggers cannot (roles, databases, settings)."""

import os
import re
import subprocess

import process

SCHEMA = r"""
CREATE TABLE stock(id int PRIMARY KEY, label text, amount int);
INSERT INTO stock SELECT i, 'label ' || i, i * 10 FROM generate_series(-5, 20) i;
CREATE TABLE journal(id int, note text);
INSERT INTO journal SELECT i, 'note ' || i FROM generate_series(-5, 5) i;
CREATE TABLE parts(id int, kind text) PARTITION BY LIST (kind);
CREATE TABLE parts_a PARTITION OF parts FOR VALUES IN ('a');
INSERT INTO parts VALUES (-1, 'a'), (1, 'a');
CREATE TABLE spare(id int, note text, CONSTRAINT spare_id CHECK (id IS NOT NULL));
CREATE INDEX spare_index ON spare(id);
CREATE VIEW stock_view AS SELECT id, label, amount FROM stock;
CREATE MATERIALIZED VIEW stock_sum AS SELECT sum(amount) AS total FROM stock;
CREATE SEQUENCE ticks;
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TYPE pair AS (a int, b int);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE SCHEMA empty_one;
CREATE SCHEMA shadow;

CREATE FUNCTION witness_statement() RETURNS trigger LANGUAGE plpgsql AS
  $$BEGIN RAISE LOG 'witness % %', TG_OP, TG_TABLE_NAME; RETURN NULL; END$$;
CREATE TRIGGER seen BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON stock EXECUTE FUNCTION witness_statement();
CREATE TRIGGER seen BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON journal EXECUTE FUNCTION witness_statement();
CREATE TRIGGER seen BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON parts EXECUTE FUNCTION witness_statement();
CREATE TRIGGER seen BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON spare EXECUTE FUNCTION witness_statement();

CREATE FUNCTION touch() RETURNS int LANGUAGE plpgsql AS $$BEGIN RAISE LOG 'witness code touch'; RETURN 1; END$$;
CREATE FUNCTION touch_fixed(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
  $$BEGIN RAISE LOG 'witness code touch_fixed'; RETURN $1; END$$;
CREATE FUNCTION touch_definer(int) RETURNS int LANGUAGE plpgsql SECURITY DEFINER STABLE AS
  $$BEGIN RAISE LOG 'witness code touch_definer'; RETURN $1; END$$;
CREATE FUNCTION touch_rows() RETURNS SETOF int LANGUAGE plpgsql AS
  $$BEGIN RAISE LOG 'witness code touch_rows'; RETURN NEXT 1; END$$;
CREATE PROCEDURE touch_all(int) LANGUAGE plpgsql AS $$BEGIN RAISE LOG 'witness code touch_all'; END$$;
CREATE AGGREGATE touch_sum(int) (SFUNC = int4pl, STYPE = int, FINALFUNC = touch_fixed);
CREATE OPERATOR @#@ (LEFTARG = int, RIGHTARG = int, FUNCTION = int4pl);
CREATE FUNCTION touch_left(int, int) RETURNS int LANGUAGE plpgsql AS
  $$BEGIN RAISE LOG 'witness code touch_left'; RETURN 1; END$$;
CREATE OPERATOR <@#> (LEFTARG = int, RIGHTARG = int, FUNCTION = touch_left);
CREATE FUNCTION shadow.lower(text) RETURNS text LANGUAGE plpgsql AS
  $$BEGIN RAISE LOG 'witness code shadow.lower'; RETURN $1; END$$;
CREATE FUNCTION shadow.abs(int) RETURNS int LANGUAGE plpgsql AS
  $$BEGIN RAISE LOG 'witness code shadow.abs'; RETURN $1; END$$;
CREATE FUNCTION shadow.plus(int, int) RETURNS int LANGUAGE plpgsql AS
  $$BEGIN RAISE LOG 'witness code shadow.plus'; RETURN 1; END$$;
CREATE OPERATOR shadow.+ (LEFTARG = int, RIGHTARG = int, FUNCTION = shadow.plus);

-- A digest of every table, catalogue and sequence. Statistics and what is temporary are not state.
CREATE FUNCTION witness_state() RETURNS SETOF text LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE one record; digest text;
BEGIN
  FOR one IN SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
      WHERE relkind IN ('r', 'S', 'm') AND relpersistence <> 't' AND nspname NOT LIKE 'pg_toast%'
      AND relname NOT IN ('pg_statistic', 'pg_statistic_ext_data') ORDER BY 1 LOOP
    EXECUTE format('SELECT md5(coalesce(string_agg(x::text, E''\n'' ORDER BY x::text COLLATE "C"), '''')) FROM (SELECT * FROM %s) x', one.name)
      INTO digest;
    RETURN NEXT one.name || ' ' || digest;
  END LOOP;
END$$;

CREATE FUNCTION witness_command() RETURNS event_trigger LANGUAGE plpgsql AS
  $$BEGIN RAISE LOG 'witness % %', TG_EVENT, TG_TAG; END$$;
CREATE FUNCTION witness_drop() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE one record;
BEGIN
  FOR one IN SELECT * FROM pg_event_trigger_dropped_objects() LOOP
    RAISE LOG 'witness % % %', TG_EVENT, one.object_type, one.object_identity;
  END LOOP;
END$$;
CREATE EVENT TRIGGER seen_start ON ddl_command_start EXECUTE FUNCTION witness_command();
CREATE EVENT TRIGGER seen_end ON ddl_command_end EXECUTE FUNCTION witness_command();
CREATE EVENT TRIGGER seen_rewrite ON table_rewrite EXECUTE FUNCTION witness_command();
CREATE EVENT TRIGGER seen_drop ON sql_drop EXECUTE FUNCTION witness_drop();
"""


class Witness:
    """Watches one cluster, from the log's present end on."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.files = cluster.folder + "/made"
        os.makedirs(self.files, exist_ok=True)
        cluster._own(self.files)

        self.asked = {}

    def close(self):
        for child in self.asked.values():
            child.stdin.close()
            child.wait()
            child.stdout.close()
        self.asked = {}

    def ask(self, sql, database="postgres"):
        """The rows of `sql` as lines, past the gateway; one session a database serves all."""
        if database not in self.asked:
            self.asked[database] = process.start(
                ["psql", "-XqtA", "-h", self.cluster.folder, "-p", str(self.cluster.port), "-U", "postgres", "-d", database], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, text=True)
        child = self.asked[database]
        child.stdin.write(sql + ";\n\\echo -- done\n")
        child.stdin.flush()
        lines = []
        while (line := child.stdout.readline()) != "-- done\n":
            assert line, f"no answer to {sql}"
            lines.append(line.rstrip("\n"))
        return lines

    def prepare(self, database):
        self.cluster.sql(f"CREATE DATABASE {database}")
        self.cluster.sql(SCHEMA, database=database)

    def transactions(self):
        """The next transaction's number: it grows by one with each that writes."""
        return int(self.ask("SELECT pg_snapshot_xmax(pg_current_snapshot())")[0])

    def state(self, database):
        """{what: digest} of everything that a statement can change for good."""
        made = {}
        for row in self.ask("SELECT witness_state()", database):
            name, _, digest = row.rpartition(" ")
            made[name] = digest
        for name in ("postgresql.auto.conf", "postgresql.conf", "pg_hba.conf"):
            with open(f"{self.cluster.data}/{name}", "rb") as file:
                made[name] = hash(file.read())
        made["files"] = tuple(sorted(os.listdir(self.files))) if os.path.isdir(self.files) else ()
        return made

    def entries(self):
        """The log since the last call, as entries without their prefix; the log is emptied."""
        with open(self.cluster.log, "rb") as file:
            text = file.read()
        os.truncate(self.cluster.log, 0)
        return [re.sub(r"^\d+ [^:\n]*: ", "", one, count=1) for one in re.split(r"\n(?!\t)", text.decode(errors="replace"))]


def seen(entries):
    """What triggers and functions told."""
    return [one.split("witness ", 1)[1] for one in entries if one.startswith("LOG:  witness ")]


def texts(entries):
    """The statements that the server began to run."""
    return [one for one in entries if re.match(r"LOG:  (statement|execute [^:]*|fastpath function call): ", one)]
