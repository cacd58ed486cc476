"""The values that the carrier matrix plants: one of each type, each with a word of its own to look for."""

import datetime
import re
import struct

SCHEMA = """
CREATE EXTENSION hstore; CREATE EXTENSION citext;
CREATE TYPE secret_word AS ENUM ('plain', 'planted-label');
CREATE DOMAIN mail AS text; CREATE DOMAIN mails AS text[];
CREATE TYPE person AS (name text, mail mail, card int8, photo bytea);
CREATE TYPE textrange AS RANGE (subtype = text);
"""


class Type:
    """`sql` makes the value around what is looked for, which is of the kind `content`. `limit`: why a mask by content
    cannot know that it must not be seen."""

    def __init__(self, name, sql, content="email", limit=""):
        self.name, self.sql, self.content, self.limit = name, sql, content, limit
        self.column = ""  # below


TYPES = [
    Type("text", "'mail {mail} here'::text"),
    Type("text, a card", "'pay {card} now'::text", "card"),
    Type("varchar", "'{mail}'::varchar(80)"),
    Type("bpchar", "'{mail}'::char(70)"),
    Type("name", "'{mail}'::name"),
    Type('"char"', "'q'::\"char\"", "letter", "one byte is no detector's hit"),
    Type("citext", "'{mail}'::citext"),
    Type("json", """'{{"a": ["x", "{mail}"], "n": 1}}'::json"""),
    Type("json, escaped", """'{{"a": "{escaped}"}}'::json"""),
    Type("json, a number", """'{{"card": {card}}}'::json""", "card"),
    Type("jsonb", """'{{"a": {{"b": "{mail}"}}}}'::jsonb"""),
    Type("jsonb, a number", "'[{card}]'::jsonb", "card"),
    Type("xml", "'<a>{mail}</a>'::xml"),
    Type("bytea", "'{mail}'::bytea"),
    Type("bytea, a card", "'{card}'::bytea", "card"),
    Type("uuid", "'{uuid}'::uuid", "uuid", "no detector looks for UUIDs"),
    Type("inet", "'{inet}'::inet", "inet"),
    Type("numeric", "{card}::numeric", "card"),
    Type("numeric, scaled", "{card}.50::numeric(20,2)", "card"),
    Type("int8", "{card}::int8", "card"),
    Type("int4", "{int4}::int4", "int4", "no detector judges nine bare digits without a word"),
    Type("float8", "{card}::float8", "card"),
    Type("text[]", "ARRAY['a', 'b, {mail}', NULL, '\"q\" \\ {{}}']::text[]"),
    Type("text[][]", "ARRAY[['a', '{mail}'], ['b', NULL]]::text[]"),
    Type("varchar[]", "ARRAY['{mail}']::varchar[]"),
    Type("citext[]", "ARRAY['{mail}']::citext[]"),
    Type("json[]", """ARRAY['{{"a": "{escaped}"}}']::json[]"""),
    Type("jsonb[]", """ARRAY['{{"a": "{mail}"}}', '[1]']::jsonb[]"""),
    Type("bytea[]", "ARRAY['{mail}'::bytea, '\\x00']::bytea[]"),
    Type("int8[]", "ARRAY[1, {card}, NULL]::int8[]", "card"),
    Type("numeric[]", "ARRAY[{card}, 0.5]::numeric[]", "card"),
    Type("uuid[]", "ARRAY['{uuid}']::uuid[]", "uuid", "no detector looks for UUIDs"),
    Type("inet[]", "ARRAY['{inet}']::inet[]", "inet"),
    Type("domain", "'{mail}'::mail"),
    Type("domain[]", "ARRAY['{mail}']::mail[]"),
    Type("domain of an array", "ARRAY['x', '{mail}']::mails"),
    Type("enum", "'planted-label'::secret_word", "label", "a label is one of few, and no detector's hit"),
    Type("composite", "ROW('an \"odd\" name', '{mail}', 7, '\\x00')::person"),
    Type("composite, a card", "ROW(NULL, NULL, {card}, NULL)::person", "card"),
    Type("composite, bytea", "ROW(NULL, NULL, 1, '{mail}'::bytea)::person"),
    Type("composite[]", "ARRAY[ROW('(a,b)', '{mail}', 1, NULL)::person, NULL]"),
    Type("record", "ROW(1, {r}_mail, NULL)"),
    Type("record, a card", "ROW({r}_card, 'x'::text)", "card"),
    Type("record, bytea", "ROW({r}_mail::bytea)"),
    Type("record, json", "ROW({r}_json)"),
    Type("record, nested", "ROW(ROW({r}_mail), ARRAY[{r}_mail])"),
    Type("range", "int8range({card}, NULL)", "card"),
    Type("range, both bounds", "numrange({card}, {card}.5)", "card"),
    Type("range of text", "textrange('{mail}', NULL)"),
    Type("range[]", "ARRAY[int8range(1, 2), int8range({card}, NULL)]", "card"),
    Type("multirange", "int8multirange(int8range(1, 3), int8range({card}, NULL))", "card"),
    Type("multirange of text", "textmultirange(textrange('{mail}', NULL))"),
    Type("hstore", "hstore(ARRAY['a', '{mail}', 'b', NULL])"),
    Type("hstore, a key", "hstore('{mail}', 'x')"),
    Type("hstore[]", "ARRAY[hstore('a', '{mail}')]"),
    Type("date", "'1971-03-04'::date", "date", "a bare date is no detector's hit"),
]
for _index, _one in enumerate(TYPES):
    _one.column = f"c{_index:02}_" + "".join(c if c.isalnum() else "_" for c in _one.name).strip("_").lower()
# An anonymous record cannot be a column: the query makes it of three that are.
RECORDS = [one for one in TYPES if one.name.startswith("record")]
COLUMNS = [one for one in TYPES if one not in RECORDS]


def luhn(digits):
    total = 0
    for i, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 if i % 2 else 2)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


class Plant:
    """What is planted for the type at `index`, and every form in which it could come out."""

    def __init__(self, one, index):
        self.type = one
        local = f"planted{index:02}x"
        self.mail = f"{local}@carrier-{index:02}.example.com"
        self.card = f"41111111{index:02}23456"
        self.card += luhn(self.card)
        self.int4 = 719_000_000 + index
        self.inet = f"93.184.216.{index + 20}"
        self.uuid = f"a0eebc99-9c0b-4ef8-bb6d-6bb9bd38{index:04x}"
        escaped = "".join(f"\\u{ord(c):04x}" for c in self.mail)
        self.sql = one.sql.format(mail=self.mail, card=self.card, int4=self.int4, inet=self.inet, uuid=self.uuid,
                                  escaped=escaped, r=one.column)
        self.parts = {"mail": f"'{self.mail}'::text", "card": f"{self.card}::int8",
                      "json": f"""'{{"a": "{escaped}"}}'::json"""}
        self.needles = {
            "email": lambda: [*spelt(local), escaped.encode()[:6 * len(local)]],
            "card": lambda: [*spelt(self.card), struct.pack("!q", int(self.card)), struct.pack("!d", int(self.card)),
                             _base_10000(self.card), f"{int(self.card):.15e}"[:14].encode()],
            "int4": lambda: [*spelt(str(self.int4)), struct.pack("!i", self.int4)],
            "inet": lambda: [*spelt(self.inet), bytes(map(int, self.inet.split(".")))],
            "uuid": lambda: [*spelt(self.uuid), bytes.fromhex(self.uuid.replace("-", "")), self.uuid.replace("-", "").encode()],
            "label": lambda: spelt("planted-label"),
            "date": lambda: [*spelt("1971-03-04"), struct.pack("!i", (datetime.date(1971, 3, 4) - datetime.date(2000, 1, 1)).days)],
            "letter": lambda: [],
        }[one.content]()

    def found(self, data):
        return found(self.needles, data)


def found(needles, data):
    """Whether one of them stands in bytes, quoting of backslashes within quotes left aside."""
    plain = re.sub(rb"\\+", rb"\\", data)
    return any(needle in data or needle in plain for needle in needles)


def spelt(text):
    raw = text.encode()
    return [raw, raw.hex().encode(), raw.hex().upper().encode(), "".join(f"\\u{c:04x}" for c in raw).encode(),
            "".join(f"&#{c};" for c in raw).encode(), text.encode("utf-16-be"), text.encode("utf-16-le")]


def _base_10000(digits):
    digits = "0" * (-len(digits) % 4) + digits
    return b"".join(struct.pack("!H", int(digits[i:i + 4])) for i in range(0, len(digits), 4))


PLANTS = {one.name: Plant(one, index) for index, one in enumerate(TYPES)}


def table():
    """SQL of a table with a column for each, and of a few rows."""
    columns = [(one.column, PLANTS[one.name].sql) for one in COLUMNS]
    columns += [(f"{one.column}_{part}", sql) for one in RECORDS for part, sql in PLANTS[one.name].parts.items()]
    return ("CREATE TABLE planted AS SELECT " + ", ".join(f"{sql} AS {name}" for name, sql in columns) +
            " FROM generate_series(1, 2); ALTER TABLE planted OWNER TO app;")


INT4 = next(one.column for one in TYPES if one.name == "int4")
# What a SELECT lists to see all of them, in the order of TYPES.
SELECTED = ", ".join(one.column if one in COLUMNS else f"{PLANTS[one.name].sql} AS {one.column}" for one in TYPES)
