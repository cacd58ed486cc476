"""Puts a dangerous statement or expression inside others, and says them on the wire in different ways."""

from dataclasses import dataclass

from generated import lexical
from wireclient import FLUSH, SYNC, bind, close, describe, execute, parse, query

# Where an expression may stand. {x} is replaced by the seed's template; an int is wanted where a sign stands beside it.
EXPRESSIONS = """SELECT {x}
SELECT {x} , {x}
SELECT ALL {x} AS {a}
SELECT 1 WHERE {x} IS NOT NULL
SELECT 1 ORDER BY {x}
SELECT 1 AS {a} GROUP BY {x}
SELECT 1 HAVING {x} IS NOT NULL
SELECT 1 LIMIT (({x}) IS NULL) :: int
VALUES ({x})
VALUES (1, NULL), (2, {x} IS NULL)
SELECT * FROM (SELECT {x}) AS {d}
SELECT * FROM {stock}, LATERAL (SELECT {x}) AS {d}
SELECT * FROM {stock} JOIN {journal} ON {x} IS NOT NULL
SELECT * FROM {stock} LEFT JOIN LATERAL (VALUES ({x})) AS {d} ({v}) ON TRUE
WITH {c} AS MATERIALIZED (SELECT {x}) SELECT * FROM {c}
WITH RECURSIVE {c} ({n}) AS (SELECT 1 UNION ALL SELECT {n} + 1 FROM {c} WHERE {n} < 2 AND {x} IS NOT NULL) SELECT * FROM {c}
SELECT EXISTS (SELECT 1 WHERE {x} IS NOT NULL)
SELECT ARRAY (SELECT {x})
SELECT ARRAY[{x}]
SELECT NOT ({x} IS NULL)
SELECT CASE WHEN {x} IS NULL THEN 1 ELSE 2 END
SELECT CASE 1 WHEN 1 THEN {x} END
SELECT COALESCE ({x})
SELECT NULLIF ({x}, NULL)
SELECT (ROW ({x})) . *
SELECT ROW (1, {x}) IS NULL
SELECT CAST ({x} AS text)
SELECT ({x}) :: text
SELECT ({x}) :: text COLLATE {ucs_basic}
SELECT ({x}) :: text || {s:a}
SELECT ({x}) :: text LIKE {s:a}
SELECT ({x}) :: text SIMILAR TO {s:a}
SELECT ({x}) :: text IN ({s:a}, {s:b})
SELECT ({x}) :: text BETWEEN SYMMETRIC {s:a} AND {s:b}
SELECT ({x}) IS DISTINCT FROM NULL
SELECT ({x}) :: text OPERATOR ({pg_catalog} . =) {s:a}
SELECT {f:count} (*) FILTER (WHERE {x} IS NOT NULL)
SELECT {f:sum} (1) OVER (PARTITION BY {x})
SELECT {f:string_agg} ({s:a}, {s:b} ORDER BY {x})
SELECT {f:sum} (1) OVER {w} FROM {stock} WINDOW {w} AS (ORDER BY {x})
SELECT DISTINCT ON ({x}) 1
SELECT 1 GROUP BY ROLLUP ({x})
SELECT XMLELEMENT (NAME {a}, {x})
SELECT {f:concat} (VARIADIC ARRAY [({x}) :: text])
SELECT {f:length} (({x}) :: text)
SELECT {f:repeat} ({s:a}, {f:length} (({x}) :: text))
SELECT 1 UNION ALL SELECT 2 WHERE {x} IS NULL
(SELECT 1) EXCEPT (SELECT 2 WHERE {x} IS NOT NULL)
SELECT {x} INTERSECT SELECT {x}
SELECT {amount} + 1 FROM {stock} WHERE {id} = 1 AND {x} IS NOT NULL
SELECT * FROM {stock} AS {t} WHERE {t} . {id} IN (SELECT 1 WHERE {x} IS NOT NULL)
TABLE {stock} UNION ALL SELECT 1, ({x}) :: text, 2
SELECT COLLATION FOR (({x}) :: text)
SELECT (({x}) :: text) AT TIME ZONE {s:UTC}
SELECT * FROM XMLTABLE ({s:/a} PASSING {s:<a/>} COLUMNS {b} text PATH {s:.} DEFAULT ({x}) :: text)""".splitlines()
# A query or a statement with RETURNING, inside another.
QUERIES = """WITH {c} AS (SELECT 1) {y}
EXPLAIN ANALYZE {y}
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {y}
EXPLAIN (FORMAT JSON, ANALYZE ON) {y}
EXPLAIN (ANALYZE FALSE, ANALYZE TRUE, VERBOSE) {y}
EXPLAIN (ANALYZE 1, BUFFERS) {y}
EXPLAIN ({analyze} {s:on}) {y}
EXPLAIN ANALYSE VERBOSE {y}
PREPARE {p} AS {y} ; EXECUTE {p}
PREPARE {p} (int) AS {y} ; EXECUTE {p} (1)
PREPARE {p} AS {y} ; EXPLAIN ANALYZE EXECUTE {p}
PREPARE {p} AS {y} ; CREATE TABLE {made} AS EXECUTE {p}
BEGIN ; {y} ; COMMIT
BEGIN ; SAVEPOINT {a} ; {y} ; ROLLBACK TO {a} ; COMMIT
SELECT 1 ; {y} ; SELECT 2
START TRANSACTION ISOLATION LEVEL SERIALIZABLE ; {y} ; ROLLBACK""".splitlines()
SELECTS = """DECLARE {c} CURSOR WITH HOLD FOR {y} ; FETCH ALL FROM {c}
BEGIN ; DECLARE {c} NO SCROLL CURSOR FOR {y} ; MOVE FORWARD ALL IN {c} ; COMMIT
COPY ({y}) TO STDOUT
COPY ({y}) TO STDOUT WITH (FORMAT csv, HEADER)
SELECT * INTO {made} FROM ({y}) AS {d} ({v})
CREATE TEMP TABLE {made} AS {y}
CREATE MATERIALIZED VIEW {made} AS {y}
INSERT INTO {journal} ({note}) SELECT {d} :: text FROM ({y}) AS {d}
({y})
SELECT * FROM ({y}) AS {d} OFFSET 0
UPDATE {journal} SET {note} = (SELECT {d} :: text FROM ({y}) AS {d} LIMIT 1) WHERE {id} = 1
DELETE FROM {journal} WHERE {id} = 99 OR EXISTS ({y})""".splitlines()
CHANGES = """WITH {c} AS ({y} RETURNING 1) SELECT 1
WITH {c} AS ({y} RETURNING *) SELECT {f:count} (*) FROM {c}
WITH RECURSIVE {c} AS NOT MATERIALIZED ({y} RETURNING 1 AS {v}), {d} AS (SELECT 1) TABLE {d}
WITH {c} AS (SELECT 1), {d} AS ({y} RETURNING 1) INSERT INTO {journal} SELECT 1 FROM {d}
EXPLAIN ANALYZE WITH {c} AS ({y} RETURNING 1) SELECT 1
WITH {c} AS ({y} RETURNING 1) (SELECT 1 UNION SELECT 2) ORDER BY 1
COPY ({y} RETURNING 1) TO STDOUT
PREPARE {p} AS WITH {c} AS ({y} RETURNING 1) VALUES (1) ; EXECUTE {p}
{y} RETURNING *""".splitlines()
# Any statement. {z} is its text inside a literal.
ANY = """{y} ; SELECT 1
SELECT 1 ; {y}
; {y} ;
SELECT {s:;} ; {y}
BEGIN ; {y} ; COMMIT
BEGIN READ WRITE ; {y} ; COMMIT WORK
BEGIN ; SAVEPOINT {a} ; {y} ; RELEASE {a} ; ROLLBACK
COMMIT ; {y}
SET {work_mem} = {s:1MB} ; {y} ; RESET {work_mem}
DO {z:BEGIN %s; END}
DO {z:BEGIN EXECUTE $x$%s$x$; END}
DO {z:BEGIN BEGIN %s; EXCEPTION WHEN OTHERS THEN NULL; END; END}
CREATE FUNCTION {made} () RETURNS void LANGUAGE {plpgsql} AS {z:BEGIN %s; END} ; SELECT {made} ()
CREATE PROCEDURE {made} () LANGUAGE {plpgsql} AS {z:BEGIN %s; END} ; CALL {made} ()
CREATE FUNCTION {made} () RETURNS void LANGUAGE {sql} AS {z:%s}""".splitlines()


@dataclass
class Attack:
    """One statement's disguise. `sure`: it means what its seed means."""

    text: str
    seed: object
    sure: bool


def text_of(rng, seed):
    """The seed spelled, alone or inside others, which never changes what it is."""
    made, kind = seed.text, seed.kind
    if kind == "expression":
        made, kind = rng.choice(EXPRESSIONS).replace("{x}", made), "select"
    for _ in range(rng.choice([0, 0, 1, 1, 1, 2])):
        if kind == "dml" and rng.random() < 0.5:
            made, kind = rng.choice(CHANGES).replace("{y}", made), "done"
        elif kind in ("dml", "select") and rng.random() < 0.6:
            made, kind = rng.choice(QUERIES + (SELECTS if kind == "select" else [])).replace("{y}", made), "done"
        elif seed.block:
            outer = rng.choice(ANY)
            if "{z" in outer:
                return _quoted(rng, outer, made, kind)
            made, kind = outer.replace("{y}", made), "done"
    return lexical.spell(rng, made)


def _quoted(rng, outer, made, kind):
    """The statement as a text in a literal, spelled there already."""
    inner = lexical.spell(rng, made, depth=1)
    head, rest = outer.split("{z:", 1)
    body, tail = rest.split("}", 1)
    if kind == "select" and body.startswith("BEGIN") and "EXECUTE" not in body:
        inner = "EXECUTE " + lexical.literal(rng, inner)  # a SELECT without INTO is no statement of PL/pgSQL
    return " ".join((lexical.spell(rng, head), lexical.literal(rng, body.replace("%s", inner)), lexical.spell(rng, tail)))


def attack(rng, seed, spoiled=0.2):
    """`spoiled`: the share of those that may mean anything."""
    text = lexical.around(rng, text_of(rng, seed))
    if rng.random() < spoiled:
        return Attack(lexical.spoil(rng, text), seed, False)
    return Attack(text, seed, True)


def wire(rng, text, sure=True):
    """The bytes that say `text`. Not `sure`: nothing beside it."""
    ok = rng.choice(["SELECT 1", "SELECT id FROM stock WHERE id = 1", "", ";", "SHOW work_mem"])
    bad = rng.choice(["SELECT 1/0", "SELECT nosuch", "SELEC", "FETCH nosuch", "SELECT 'x'::int"])
    name = rng.choice(["", "a", "b", "A", "x" * 63])
    free = close("S", name)
    portal = rng.choice(["", "", "a", "p"])
    ways = [
        lambda: [query(text)], lambda: [query(text)], lambda: [query(text)], lambda: [query(text)],
        lambda: [parse(text), bind(), execute(), SYNC],
        lambda: [parse(text), bind(), describe("P"), execute(rows=1), execute(), SYNC],
        lambda: [free, parse(text, name), SYNC, bind(portal, name, result_format=1), execute(portal), SYNC],
        lambda: [free, parse(text, name), describe("S", name), FLUSH, bind(portal, name), execute(portal), SYNC],
        lambda: [parse(ok), bind(), execute(), parse(text), bind(), execute(), SYNC],
        lambda: [parse(bad), bind(), execute(), SYNC, parse(text), bind(), execute(), SYNC],
        lambda: [free, parse(bad), bind(), execute(), parse(text, name), bind("", name), execute(), SYNC, bind("", name), execute(), SYNC],
        lambda: [parse(ok), bind(), parse(text), execute(), bind(), execute(), SYNC],
        lambda: [free, parse(ok, name), parse(text, name), bind("", name), execute(), SYNC],
        lambda: [query(ok), query(text), query(ok)],
        lambda: [query("BEGIN"), parse(text), bind(), execute(), SYNC, query("COMMIT")],
        lambda: [query("BEGIN"), query(text), query("COMMIT")],
        lambda: [query("BEGIN"), query(bad), query(text), query("ROLLBACK"), query(text)],
        lambda: [parse(text), SYNC, parse("SELECT 2"), SYNC, bind(), execute(), SYNC],
    ]
    return b"".join(rng.choice(ways if sure else ways[:5])())
