"""The carrier matrix: a value is planted in every cell (carrier x type x format x cutting of the target's bytes), under
masks by content and by field with each action. It is nowhere in what the client gets, in none of its encodings; the
client's decoder and the server's own input functions take what stands in its place. docs/CARRIERS.md holds what is
printed here:

    SALLYPORT_CARRIERS=write tests/e2e/test_carriers.py      # writes it anew
"""

import collections
import hashlib
import os
import re
import unittest

import carrier_values as values
import carrier_wire as carriers
import cutter
import tap
import wireclient as wire
import world
from carrier_values import PLANTS, TYPES

DOCUMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "CARRIERS.md")
CUTS = {"single": (1,), "odd": cutter.ODD, "whole": ()}
ACTIONS = ["keep-shape", "partial", "token", "redact"]
KINDS = {"content": 'detect = ["@pii"]', "field": 'fields = ["planted.*", "words.mail"]'}
MASKS = [(kind, action) for kind in KINDS for action in ACTIONS]
TEXT_LIMITS = {"column name": "columns' names in the catalogue are no values"}
TYPE_OF = {one.name: one for one in TYPES}

MASK = """
[[mask]]
name = "{name}"
targets = [{targets}]
{what}
action = "{action}"
{key}
"""


def target_name(mask, cut):
    return "-".join((*mask, cut))


def policy():
    out = ""
    for mask in MASKS:
        key = 'token_key = { id = "k1", secret = "file:secrets/token" }' if mask[1] == "token" else ""
        targets = ", ".join(f'"{target_name(mask, cut)}"' for cut in CUTS)
        out += MASK.format(name="-".join(mask), targets=targets, what=KINDS[mask[0]], action=mask[1], key=key)
    return out


class Word:
    """An e-mail address that a report, a name or a payload holds."""

    def __init__(self, name, index):
        local = f"spoken{index:02}x"
        self.mail = f"{local}@carrier.example.com"
        self.needles = values.spelt(local)

    def found(self, data):
        return values.found(self.needles, data)


ALL_WORDS = carriers.REPORT_WORDS + carriers.OTHER_WORDS
WORDS = {name: Word(name, index) for index, name in enumerate(ALL_WORDS)}


class Decoders:
    """psycopg's loaders and the server's input functions, on a connection past the gateway."""

    def __init__(self, cluster):
        import psycopg
        from psycopg.types import composite, hstore, multirange, range as ranges
        self.formats = psycopg.pq.Format
        self.good = psycopg.pq.ExecStatus.TUPLES_OK
        self.conn = psycopg.connect(host=cluster.folder, port=cluster.port, user="postgres", dbname="shop", autocommit=True)
        composite.register_composite(composite.CompositeInfo.fetch(self.conn, "person"), self.conn)
        hstore.register_hstore(psycopg.types.TypeInfo.fetch(self.conn, "hstore"), self.conn)
        ranges.register_range(ranges.RangeInfo.fetch(self.conn, "textrange"), self.conn)
        multirange.register_multirange(multirange.MultirangeInfo.fetch(self.conn, "textmultirange"), self.conn)
        self.transformer = lambda: psycopg.adapt.Transformer(self.conn)
        self.known = {}

    def complaint(self, oid, form, raw, anonymous):
        """What either says against a value; None where both take it."""
        key = (oid, form, raw)
        if key not in self.known:
            self.known[key] = self._complaint(oid, form, raw, anonymous)
        return self.known[key]

    def _complaint(self, oid, form, raw, anonymous):
        try:
            self.transformer().get_loader(oid, self.formats(form)).load(raw)
        except Exception as error:  # whatever a loader may raise, the client could not decode the value
            return f"psycopg: {error!r}"
        if anonymous:  # the server reads none
            return None
        result = self.conn.pgconn.exec_params(b"SELECT $1", [raw], [oid], [form], 0)
        return None if result.status == self.good else "server: " + result.error_message.decode()


class Matrix(world.Case):
    @classmethod
    def setUpClass(cls):
        try:
            import psycopg  # noqa: F401
        except ImportError:
            raise unittest.SkipTest("python3-psycopg is not installed")
        cluster = world.cluster()
        cluster.sql(values.SCHEMA + values.table() + carriers.FUNCTIONS, database="shop")
        words = ", ".join(f"('{name}', '{word.mail}')" for name, word in WORDS.items())
        cluster.sql(f"INSERT INTO words VALUES {words}; CREATE VIEW odd_names AS SELECT 1 AS "
                    f'"{WORDS["column name"].mail}"; GRANT SELECT ON odd_names TO app;', database="shop")
        cls.cutters = {cut: cutter.Cutter(cluster.port, sizes) for cut, sizes in CUTS.items()}
        for one in cls.cutters.values():
            cls.addClassCleanup(one.close)
        targets = "".join(world.gateways.target(target_name(mask, cut), cls.cutters[cut].port)
                          for mask in MASKS for cut in CUTS)
        made = world.gateways.Gateway(cluster, policy=policy(), targets=targets)
        cls.gate = made
        cls.addClassCleanup(made.remove)
        made.secret("token", "sixteen bytes and some more of them")
        made.start()
        cls.cluster = cluster
        cls.decoders = Decoders(cluster)
        cls.addClassCleanup(cls.decoders.conn.close)

    def test_matrix(self):
        """a value planted in every cell of the matrix is masked in it, and the page says the same"""
        self.cells = collections.defaultdict(dict)
        self.troubles = []
        self.pieces = {}
        self.read_types()
        for cut in CUTS:
            for mask in MASKS:
                client = carriers.Client(self.gate.port, target=target_name(mask, cut))
                self.addCleanup(client.close)
                for carrier in carriers.VALUE_CARRIERS:
                    self.look_at_values(client, mask, cut, *carrier)
                for carrier in carriers.TEXT_CARRIERS:
                    self.look_at_texts(client, mask, cut, *carrier)
                self.look_at_tag(client, mask, cut)
                self.look_at_all(client, mask, cut)
                client.close()
            print(f"# {cut}: {self.cutters[cut].pieces} pieces")
        print_counted(self.troubles)
        page = self.page()
        print("".join("# " + line + "\n" for line in page.splitlines()), flush=True)
        self.assertFalse(self.troubles)
        self.held_to_the_document(page)

    def read_types(self):
        """What each type's OID is, and its values as they are."""
        client = carriers.Client(self.gate.port, target="raw")
        self.addCleanup(client.close)
        described = client.said(wire.parse(carriers.SELECT), wire.describe("S"), wire.SYNC)
        self.oids = dict(zip(carriers.NAMES, carriers.types_of(described)))
        self.plain = {}
        for form in (0, 1):
            for name, raw in zip(carriers.NAMES, carriers.extended(client, form)[0]):
                self.plain[name, form] = raw
                plant = PLANTS[name]
                if plant.needles and not plant.found(raw):
                    self.troubles.append(f"{name} {form}: what is looked for is not in {raw!r}")
                told = self.decoders.complaint(self.oids[name], form, raw, name.startswith("record"))
                if told:
                    self.troubles.append(f"{name} {form}, unmasked: {told}")
        for carrier, ask, names in carriers.TEXT_CARRIERS:
            for name in names:
                if not any(WORDS[name].found(body) for body in ask(client, name)):
                    self.troubles.append(f"{carrier}: what is looked for is not in its {name}")
        client.close()

    def note(self, carrier, name, form, cut, mask, letter):
        self.cells[carrier, name, form][cut, mask] = letter

    def look_at_values(self, client, mask, cut, carrier, forms, ask, names):
        for form in forms:
            where = f"{carrier} {'text' if form == 0 else 'binary'} {'-'.join(mask)} {cut}"
            try:
                rows = ask(client, form)
            except carriers.Refused as refusal:
                self.troubles.append(f"{where}: refused: {refusal}")
                continue
            if len(rows) != 2 or any(len(row) != len(names) for row in rows):
                self.troubles.append(f"{where}: {len(rows)} rows of {[len(row) for row in rows]} values")
                continue
            for row in rows:
                for name, raw in zip(names, row):
                    self.note(carrier, name, form, cut, mask, self.letter(where, name, form, mask, raw))

    def letter(self, where, name, form, mask, raw):
        """M: masked. N: NULL in its place. L: a limit lets it through."""
        if raw is None:
            return "N"
        plant = PLANTS[name]
        shown = plant.found(raw) if plant.needles else raw == self.plain[name, form]
        limited = mask[0] == "content" and TYPE_OF[name].limit
        if shown != bool(limited):
            self.troubles.append(f"{where} {name}: {'shown' if shown else 'no limit any more'}: {raw!r}")
        told = self.decoders.complaint(self.oids[name], form, raw, name.startswith("record"))
        if told:
            self.troubles.append(f"{where} {name}: {raw!r}: {told}")
        return "L" if shown else "M"

    def look_at_texts(self, client, mask, cut, carrier, ask, names):
        for name in names:
            bodies = ask(client, name)
            where = f"{carrier} {name} {'-'.join(mask)} {cut}"
            if not bodies and carrier != "ParameterStatus":
                self.troubles.append(f"{where}: it did not come")
                continue
            shown = any(WORDS[name].found(body) for body in bodies)
            limited = name in TEXT_LIMITS
            if shown and not limited:
                self.troubles.append(f"{where}: shown: {bodies!r}")
            if carrier in ("ErrorResponse", "NoticeResponse"):
                for body in bodies:
                    fields = carriers.fields_of(body)
                    if not {"S", "C", "M"} <= set(fields):
                        self.troubles.append(f"{where}: {fields}")
            self.note(carrier, name, 0, cut, mask, "L" if shown else "M" if bodies else "W")

    def look_at_tag(self, client, mask, cut):
        """How many rows there were is told; no value is."""
        messages = client.said(wire.query(f"UPDATE planted SET {values.INT4} = {values.INT4}"))
        tags = [body for kind, body in messages if kind == "C"]
        if tags != [b"UPDATE 2\0"]:
            self.troubles.append(f"CommandComplete {mask} {cut}: {messages}")
        self.note("CommandComplete", "count of rows", 0, cut, mask, "L")

    def look_at_all(self, client, mask, cut):
        """Whatever message it is: nothing that was planted stands in it, but for the limits."""
        seen = b"\n".join(client.seen)
        for one in TYPES:
            if (mask[0] != "content" or not one.limit) and PLANTS[one.name].found(seen):
                self.troubles.append(f"{one.name} is somewhere in what {mask} {cut} sent")
        for name, word in WORDS.items():
            if name not in TEXT_LIMITS and word.found(seen):
                self.troubles.append(f"the word of {name} is somewhere in what {mask} {cut} sent")

    # ---- The page.

    def cell(self, carrier, name, form, cut):
        """The outcomes of the masks by content, then of those by field; an empty one is a trouble."""
        found = self.cells[carrier, name, form]
        parts = []
        for kind in KINDS:
            letters = "".join(found.get((cut, (kind, action)), "") for action in ACTIONS)
            if len(letters) != len(ACTIONS):
                self.troubles.append(f"an empty cell: {carrier}, {name}, {form}, {cut}, {kind}")
            parts.append(letters[:1] if len(set(letters)) == 1 else letters)
        return "/".join(parts)

    def line(self, carrier, name, forms):
        cells = [self.cell(carrier, name, form, cut) if form in forms else "-" for form in (0, 1) for cut in CUTS]
        limit = TEXT_LIMITS.get(name) or (TYPE_OF[name].limit if name in TYPE_OF else "")
        if carrier == "CommandComplete":
            limit = "how many rows a statement met is told"
        return f"| {name} | " + " | ".join(cells) + f" | {'limit: ' + limit if limit else ''} |\n"

    def page(self):
        head = ("| {} | text single | text odd | text whole | binary single | binary odd | binary whole | |\n"
                "|---|---|---|---|---|---|---|---|\n")
        out = ""
        for carrier, forms, _, names in carriers.VALUE_CARRIERS:
            out += f"\n## {carrier}\n\n" + head.format("type") + "".join(self.line(carrier, name, forms) for name in names)
        texts = collections.defaultdict(list)
        for carrier, _, names in carriers.TEXT_CARRIERS:
            texts[carrier] += names
        texts["CommandComplete"] = ["count of rows"]
        for carrier, names in texts.items():
            out += f"\n## {carrier}\n\n" + head.format("what") + "".join(self.line(carrier, name, (0,)) for name in names)
        return out

    def held_to_the_document(self, page):
        with open(DOCUMENT) as file:
            text = file.read()
        begin = text.index("\n## DataRow, simple query")
        if os.environ.get("SALLYPORT_CARRIERS") == "write":
            with open(DOCUMENT, "w") as file:
                file.write(text[:begin] + page)
            return
        self.assertEqual(text[begin:], page, "docs/CARRIERS.md says something else; SALLYPORT_CARRIERS=write writes it anew")

    def test_clean_results(self):
        """large results that hold nothing to mask come out byte by byte as they are, in both formats and by COPY"""
        rows = 4_000_000 if tap.FULL else 400_000
        # Words of letters: of random digits and bytes some few are a card's or an address's by chance.
        word = "translate(md5((i + {})::text), '0123456789', 'ghijklmnop')"
        made = (f"SELECT i, {word.format(0)} AS t, i * 7919 AS n, (i % 1000)::numeric / 7 AS d, ARRAY[i % 10, NULL] AS a, "
                f"jsonb_build_object('k', {word.format(1)}) AS j, ROW(i % 100, 'x') AS r, int4range(i % 10, 20) AS g, "
                f"convert_to({word.format(2)}, 'UTF8') AS b FROM generate_series(1, {rows // 2}) i")
        sums = {}
        for target in ("raw", target_name(("content", "redact"), "whole")):
            for form, parts in {"text": [wire.query(made)], "binary": [wire.parse(made), wire.bind(result_format=1),
                                wire.describe("P"), wire.execute(), wire.SYNC],
                                "copy": [wire.query(f"COPY ({made}) TO STDOUT")]}.items():
                sums[form, target] = digest(self.gate.port, target, parts)
        for form in ("text", "binary", "copy"):
            direct, masked = (sums[form, target] for target in ("raw", target_name(("content", "redact"), "whole")))
            self.assertEqual(direct, masked, form)
        print(f"# figure: {sum(size for _, size in sums.values()) / 2e6:.0f} MB of clean results came out as they were")


def digest(port, target, parts):
    """SHA-256 and size of what answers, up to ReadyForQuery."""
    client = wire.WireClient(port, target=target)
    total, size = hashlib.sha256(), 0
    try:
        client.send(*parts)
        while True:
            kind, body = client.next()
            total.update(kind.encode() + body)
            size += len(body) + 5
            if kind == "E":
                raise AssertionError(body)
            if kind == "Z":
                return total.hexdigest(), size
    finally:
        client.close()


def print_counted(troubles):
    """Each once, whatever the cutting was."""
    told = dict.fromkeys(re.sub(r" (single|odd|whole)\b", "", one) for one in troubles)
    for trouble in list(told)[:100]:
        print("# " + trouble[:400])
    print(f"# {len(troubles)} troubles, {len(told)} kinds", flush=True)


if __name__ == "__main__":
    tap.main()
