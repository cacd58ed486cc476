"""The ways on which a value reaches a client, each as messages of the protocol: what of it arrives."""

import csv
import io
import struct

import wireclient as wire
from carrier_values import COLUMNS, INT4, SELECTED, TYPES

NAMES = [one.name for one in TYPES]
TEXT, BINARY = 0, 1
REPORT_FIELDS = ["message", "detail", "hint", "context", "internal query", "schema", "table", "column", "data type",
                 "constraint"]
REPORT_WORDS = REPORT_FIELDS + ["unique key", "failing row", "input syntax"]
OTHER_WORDS = ["payload", "status", "column alias", "column name"]

# Reports, names and payloads that hold a word of the table `words`, which the client's own text does not.
FUNCTIONS = """
CREATE TABLE words(name text, mail text UNIQUE, check_false bool CHECK (check_false IS NULL));
CREATE FUNCTION report(what text, level text) RETURNS void LANGUAGE plpgsql AS $f$
DECLARE w text;
BEGIN
  SELECT mail INTO w FROM words WHERE name = what;
  CASE WHEN what = 'message' AND level = 'error' THEN RAISE EXCEPTION '%', w;
       WHEN what = 'message' THEN RAISE NOTICE '%', w;
       WHEN what = 'context' AND level = 'error' THEN EXECUTE format('SELECT 1/0 /* %s */', w);
       WHEN what = 'context' THEN EXECUTE format('DO $x$BEGIN RAISE NOTICE ''odd''; END$x$ /* %s */', w);
       WHEN what = 'internal query' AND level = 'error' THEN EXECUTE format('SELEC /* %s */', w);
       WHEN what = 'internal query' THEN EXECUTE format('CREATE TEMP TABLE IF NOT EXISTS pg_temp.t(i int) /* %s */', w);
         EXECUTE format('CREATE TEMP TABLE IF NOT EXISTS pg_temp.t(i int) /* %s */', w);
       ELSE EXECUTE format('DO $x$BEGIN RAISE %s ''odd'' USING %s = %L; END$x$',
                           CASE level WHEN 'error' THEN 'EXCEPTION' ELSE 'NOTICE' END,
                           CASE what WHEN 'data type' THEN 'DATATYPE' ELSE upper(what) END, w);
  END CASE;
END $f$;
CREATE FUNCTION notify_planted() RETURNS void LANGUAGE sql AS
  $f$ SELECT pg_notify('planted', mail) FROM words WHERE name = 'payload' $f$;
CREATE FUNCTION name_planted(c refcursor) RETURNS refcursor LANGUAGE plpgsql AS $f$
BEGIN
  OPEN c FOR EXECUTE format('SELECT 1 AS %I', (SELECT mail FROM words WHERE name = 'column alias'));
  RETURN c;
END $f$;
GRANT ALL ON words TO app;
"""


class Refused(Exception):
    """The gateway's or server's error in the place of a value."""


class Client(wire.WireClient):
    """Remembers all that it was sent."""

    def __init__(self, *args, **more):
        self.seen = []
        super().__init__(*args, **more)

    def next(self):
        kind, body = super().next()
        self.seen.append(kind.encode() + body)
        return kind, body

    def said(self, *parts, kind="Z"):
        """The messages that answer, up to one of `kind`."""
        self.send(*parts)
        return self.until(kind)


def rows_of(messages, fail=True):
    """The values of all DataRows, as bytes."""
    out = []
    for kind, body in messages:
        if kind == "E" and fail:
            raise Refused(body)
        if kind == "D":
            out.append(_fields(body, 2, struct.unpack("!H", body[:2])[0]))
    return out


def _fields(body, at, count):
    values = []
    for _ in range(count):
        size = struct.unpack("!i", body[at:at + 4])[0]
        at += 4
        values.append(None if size < 0 else body[at:at + size])
        at += max(size, 0)
    assert at == len(body), "a row is longer than its values"
    return values


def types_of(messages):
    """OIDs of a RowDescription's columns."""
    body = next(body for kind, body in messages if kind == "T")
    out, at = [], 2
    for _ in range(struct.unpack("!H", body[:2])[0]):
        at = body.index(b"\0", at) + 1
        out.append(struct.unpack("!I", body[at + 6:at + 10])[0])
        at += 18
    return out


def names_of(messages):
    return [body[2:body.index(b"\0", 2)] for kind, body in messages if kind == "T"]


def fields_of(body):
    """An ErrorResponse's or NoticeResponse's fields; fails where it is none."""
    assert body.endswith(b"\0\0"), body
    return {one[:1].decode(): one[1:].decode() for one in body[:-2].split(b"\0")}


SELECT = f"SELECT {SELECTED} FROM planted"


def simple(client, _):
    return rows_of(client.said(wire.query(SELECT)))


def extended(client, form):
    return rows_of(client.said(wire.parse(SELECT), wire.bind(result_format=form), wire.describe("P"), wire.execute(),
                               wire.SYNC))


def suspended(client, form):
    messages = client.said(wire.parse(SELECT), wire.bind(result_format=form), wire.describe("P"), wire.execute(rows=1),
                           wire.execute(rows=1), wire.SYNC)
    return rows_of(messages)


def cursor(client, form):
    client.said(wire.query("BEGIN"))
    kind = "BINARY CURSOR" if form == BINARY else "CURSOR"
    try:
        rows_of(client.said(wire.query(f"DECLARE c {kind} FOR {SELECT}")))
        return rows_of(client.said(wire.query("FETCH ALL FROM c")))
    finally:
        client.said(wire.query("ROLLBACK"))


def executed(client, form):
    client.said(wire.query(f"PREPARE p AS {SELECT}"))
    try:
        if form == TEXT:
            return rows_of(client.said(wire.query("EXECUTE p")))
        return rows_of(client.said(wire.bind(name="p", result_format=form), wire.describe("P"), wire.execute(), wire.SYNC))
    finally:
        client.said(wire.query("DEALLOCATE p"))


def returning(client, form):
    client.said(wire.query("BEGIN"))
    try:
        return rows_of(client.said(wire.parse(f"UPDATE planted SET {INT4} = {INT4} RETURNING {SELECTED}"),
                                   wire.bind(result_format=form), wire.describe("P"), wire.execute(), wire.SYNC))
    finally:
        client.said(wire.query("ROLLBACK"))


def _copied(client, what, options):
    messages = client.said(wire.query(f"COPY {what} TO STDOUT ({options})"))
    for kind, body in messages:
        if kind == "E":
            raise Refused(body)
    return b"".join(body for kind, body in messages if kind == "d")


QUERY = f"({SELECT})"
RELATION = "planted(" + ", ".join(one.column for one in COLUMNS) + ")"
ESCAPES = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


def _unescaped(field):
    out, at = b"", 0
    while at < len(field):
        if field[at:at + 1] == b"\\":
            at += 1
            out += ESCAPES.get(field[at:at + 1], field[at:at + 1])
        else:
            out += field[at:at + 1]
        at += 1
    return out


def copy_text(what):
    def carrier(client, _):
        lines = _copied(client, what, "FORMAT text").split(b"\n")[:-1]
        return [[None if one == b"\\N" else _unescaped(one) for one in line.split(b"\t")] for line in lines]
    return carrier


def copy_csv(what):
    def carrier(client, _):
        text = _copied(client, what, "FORMAT csv, NULL 'nothing', FORCE_QUOTE *").decode()
        rows = csv.reader(io.StringIO(text, newline=""), strict=True)
        return [[None if one == "nothing" else one.encode() for one in row] for row in rows]
    return carrier


def copy_binary(what):
    def carrier(client, _):
        data = _copied(client, what, "FORMAT binary")
        assert data.startswith(b"PGCOPY\n\xff\r\n\0" + bytes(8)) and data.endswith(b"\xff\xff"), data[:32]
        out, at = [], 19
        while (count := struct.unpack("!h", data[at:at + 2])[0]) >= 0:
            values, at = [], at + 2
            for _ in range(count):
                size = struct.unpack("!i", data[at:at + 4])[0]
                values.append(None if size < 0 else data[at + 4:at + 4 + size])
                at += 4 + max(size, 0)
            out.append(values)
        assert at + 2 == len(data)
        return out
    return carrier


# Carrier, formats, how it is asked, the types that it shows.
COLUMN_NAMES = [one.name for one in COLUMNS]
VALUE_CARRIERS = [
    ("DataRow, simple query", (TEXT,), simple, NAMES),
    ("DataRow, extended query", (TEXT, BINARY), extended, NAMES),
    ("DataRow, suspended portal", (TEXT, BINARY), suspended, NAMES),
    ("DataRow, cursor", (TEXT, BINARY), cursor, NAMES),
    ("DataRow, EXECUTE", (TEXT, BINARY), executed, NAMES),
    ("DataRow, RETURNING", (TEXT, BINARY), returning, NAMES),
    ("COPY table, text", (TEXT,), copy_text(RELATION), COLUMN_NAMES),
    ("COPY table, csv", (TEXT,), copy_csv(RELATION), COLUMN_NAMES),
    ("COPY table, binary", (BINARY,), copy_binary(RELATION), COLUMN_NAMES),
    ("COPY query, text", (TEXT,), copy_text(QUERY), NAMES),
    ("COPY query, csv", (TEXT,), copy_csv(QUERY), NAMES),
    ("COPY query, binary", (BINARY,), copy_binary(QUERY), NAMES),
]


def reported(kind, level):
    """Bodies of ErrorResponse ("E") or NoticeResponse ("N") for a word of the table."""
    ways = {"unique key": "INSERT INTO words SELECT name, mail FROM words WHERE name = 'unique key'",
            "failing row": "INSERT INTO words SELECT name, mail || ' ', true FROM words WHERE name = 'failing row'",
            "input syntax": "SELECT mail::int FROM words WHERE name = 'input syntax'"}

    def carrier(client, word):
        sql = ways.get(word, f"SELECT report('{word}', '{level}')")
        return [body for one, body in client.said(wire.query(sql)) if one == kind]
    return carrier


def notified(client, _):
    messages = client.said(wire.query("LISTEN planted")) + client.said(wire.query("SELECT notify_planted()"))
    if not any(kind == "A" for kind, _ in messages):
        messages += client.until("A")
    return [body for kind, body in messages if kind == "A"]


def status(client, _):
    messages = client.said(wire.query("SELECT set_config('application_name', mail, false) FROM words WHERE name = 'status'"))
    return [body for kind, body in messages if kind in "SE"]


def aliased(client, _):
    client.said(wire.query("BEGIN"))
    messages = client.said(wire.query("SELECT name_planted('c')")) + client.said(wire.query("FETCH ALL FROM c"))
    client.said(wire.query("ROLLBACK"))
    return names_of(messages)[-1:] or [body for kind, body in messages if kind == "E"]


def named(client, _):
    return names_of(client.said(wire.query("SELECT * FROM odd_names")))


TEXT_CARRIERS = [
    ("ErrorResponse", reported("E", "error"), REPORT_WORDS),
    ("NoticeResponse", reported("N", "notice"), REPORT_FIELDS),
    ("NotificationResponse", notified, ["payload"]),
    ("ParameterStatus", status, ["status"]),
    ("RowDescription", aliased, ["column alias"]),
    ("RowDescription", named, ["column name"]),
]
