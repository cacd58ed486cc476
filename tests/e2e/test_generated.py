"""Generated attacks on a real server: what a rule holds or denies is never executed, and what does no harm is let through.

Statements come from a seed (printed; SALLYPORT_SEED=n runs it again) and reach the targets as a superuser, so that whatever
passes takes effect. What it did is told by the server alone: see generated/witness.py."""

import os
import random
import re
import subprocess
import time

import tap
import world
from gateway import target
from generated import benign, construct, protocol, seeds, sender, witness
from generated.sender import Scenario
from wireclient import SYNC, WireClient, query, run

SEED = int(os.environ.get("SALLYPORT_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)
BATCH = 500
WHOLE = 10  # batches from one look through all catalogues to the next
POLICY = """
[[rule]]
name = "reading"
targets = ["strict", "paused"]
use = "sql/read-only"
action = "allow"

[[rule]]
name = "the-rest-waits"
targets = ["paused"]
match = { verb = ["*", "UNPARSED"] }
action = "approve"
approvers = ["dba"]
hold = "0s"
timeout = "1s"

[[rule]]
name = "no-destruction"
targets = ["guard"]
use = "sql/destructive"
action = "deny"

[[rule]]
name = "no-escape"
targets = ["guard"]
use = "sql/escape"
action = "deny"

[[rule]]
name = "anything"
targets = ["open"]
match = { verb = ["*", "UNPARSED"] }
action = "allow"
"""
DEFAULTS = {"strict": "deny", "paused": "deny", "guard": "allow", "open": "allow"}
# What no statement that the guard lets through may change.
GUARDED = ("pg_proc", "pg_aggregate", "pg_trigger", "pg_cast", "pg_operator", "pg_language", "pg_event_trigger", "pg_extension", "pg_foreign_server",
           "pg_foreign_data_wrapper", "pg_publication", "pg_subscription", "pg_db_role_setting", "pg_largeobject", "pg_largeobject_metadata", "files",
           "postgresql.auto.conf", "pg_hba.conf", "postgresql.conf")
CODE = ("FUNCTION", "PROCEDURE", "ROUTINE", "AGGREGATE", "OPERATOR", "CAST", "LANGUAGE", "RULE", "TRIGGER", "EXTENSION", "SERVER", "WRAPPER", "PUBLICATION")
SPARED = ("SELECT (SELECT count(*) || md5(string_agg(s::text, '' ORDER BY id)) FROM stock s WHERE id < 0),"
          "(SELECT count(*) || md5(string_agg(s::text, '' ORDER BY id)) FROM journal s WHERE id < 0),"
          "(SELECT count(*) || md5(string_agg(s::text, '' ORDER BY id)) FROM parts s WHERE id < 0)")


def _error(said):
    return b" | ".join(re.findall(rb"\0C(\w{5}\0M[^\0]*)", said)).decode(errors="replace").replace("\0M", " ")[:200]


class Generated(world.Case):
    settings = {"policy": POLICY}

    @classmethod
    def setUpClass(cls):
        print(f"# seed {SEED}", flush=True)
        cluster = world.cluster()
        for setting in ("autovacuum = off", "max_prepared_transactions = 8", "wal_level = logical"):
            cluster.sql("ALTER SYSTEM SET " + setting)
        cluster.stop()
        cluster.start()
        cluster.sql("CREATE ROLE keeper SUPERUSER LOGIN PASSWORD 'target''s own word'; CREATE ROLE bystander; CREATE DATABASE unused;"
                    "ALTER ROLE keeper SET statement_timeout = '20s'; ALTER ROLE keeper SET lock_timeout = '5s'")
        cls.witness = witness.Witness(cluster)
        cls.addClassCleanup(cls.witness.close)
        cls.witness.prepare("model")
        cluster.sql(benign.SCHEMA, database="model")
        link = None
        if cluster.sql("SELECT 1 FROM pg_available_extensions WHERE name = 'dblink'"):
            cluster.sql("CREATE EXTENSION dblink", database="model")
            link = f"host={cluster.folder} port={cluster.port} user=postgres dbname=model"
        for name in DEFAULTS:
            cluster.sql(f"CREATE DATABASE {name} TEMPLATE model")
        cls.seeds = seeds.seeds(cls.witness.files, link)
        made = "".join(target(name, cluster.port, user="keeper", extra="").replace('default = "allow"', f'default = "{default}"').replace(
            'database = "shop"', f'database = "{name}"') for name, default in DEFAULTS.items())
        cls.settings = cls.settings | {"targets": made}
        super().setUpClass()

    def attack(self, rng, choice, number):
        one = construct.attack(rng, rng.choice(choice))
        mark = f"g{number}g"
        text = one.text + f"\n/*{mark}*/" if rng.random() < 0.5 else f"/*{mark}*/" + one.text
        return Scenario(construct.wire(rng, text, one.sure), text, one.sure, mark)

    def send(self, place, scenarios):
        type(self).lost += sender.send(lambda: WireClient(self.gate.port, target=place, database=place), scenarios)

    def examine(self, place, scenarios, whole=True):
        """What happened that must not, in words; nothing if all is well. `whole`: looks through the catalogues too."""
        self.witness.entries()
        self.send(place, scenarios)
        entries = self.witness.entries()
        began = "\n".join(witness.texts(entries))
        found = []
        for one in scenarios:
            refused = one.said is not None and b"C42501\0" in one.said
            if one.mark and one.mark in began and (one.sure or refused):
                found.append(f"{'refused, and still ' if refused else ''}run: {one.text[:2000]!r}")
        told = witness.seen(entries)
        if place == "guard":
            told = [one for one in told if one.startswith(("sql_drop", "TRUNCATE")) or (one.startswith("ddl_command_end") and one.endswith(CODE))]
        found += ["the server tells: " + one for one in told[:5]]
        last, now = type(self).last, self.look(place, whole or found)
        if place != "guard" and now[0] != last[0]:
            found.append("a transaction wrote something")
        if now[1] != last[1]:
            found.append("rows that no statement may touch are gone or changed")
        if now[2]:
            changed = [name for name in last[2].keys() | now[2].keys() if last[2].get(name) != now[2].get(name) and (place != "guard" or name in GUARDED)]
            found += ["changed: " + ", ".join(sorted(changed))] if changed else []
        return found

    def look(self, place, whole=True):
        """How things stand; kept to compare with the next time."""
        cls = type(self)
        now = (self.witness.transactions(), self.witness.ask(SPARED, place), self.witness.state(place) if whole else None)
        cls.last = (*now[:2], now[2] or cls.last[2])
        return now

    def run_all(self, place, make, count):
        """Makes `count` scenarios by `make(rng, number)`, sends them to `place`, and finds the one that did harm."""
        self.look(place)
        type(self).lost = 0
        started, refused, pending, sure, batch = time.monotonic(), 0, 0, 0, 0
        since = []
        for start in range(0, count, BATCH):
            scenarios = [make(random.Random(f"{SEED}/{place}/{number}"), number) for number in range(start, min(start + BATCH, count))]
            since += scenarios
            batch += 1
            whole = batch % WHOLE == 0 or start + BATCH >= count
            if found := self.examine(place, scenarios, whole):
                print("\n".join("# " + one for one in found[:20]), flush=True)
                self.fail("\n".join([f"seed {SEED}, {place}, {start}:"] + found[:20] + self.culprits(place, since if whole else scenarios)))
            if whole:
                since = []
            refused += sum(1 for one in scenarios if one.said and b"C42501\0" in one.said)
            pending += sum(1 for one in scenarios if one.said and b"still pending" in one.said)
            sure += sum(one.sure for one in scenarios)
            if tap.FULL and batch % 40 == 0:
                print(f"# {place}: {start} of {count}, {time.monotonic() - started:.0f} s", flush=True)
        print(f"# figure: {place}: {count} generated, {sure} of them sure to be dangerous, {refused} refused, {pending} of these held, {self.lost} sessions lost, none executed, "
              f"{time.monotonic() - started:.0f} s", flush=True)
        self.assertLess(self.lost, count / 100)
        return refused, pending

    def culprits(self, place, scenarios):
        """The shortest row of them found, by halves, that does it again."""
        found = self.examine(place, scenarios)
        if not found:
            return ["  not again, when sent anew"]
        while len(scenarios) > 1:
            halves = scenarios[:len(scenarios) // 2], scenarios[len(scenarios) // 2:]
            for half in halves:
                if again := self.examine(place, half):
                    scenarios, found = half, again
                    break
            else:
                break
        return [f"  {found} by"] + [f"  {one.text[:1500]!r} on the wire {one.data[:1500]!r} told {one.said and one.said[:600]!r}" for one in scenarios[:5]]

    def test_bites(self):
        """where everything is allowed, the same statements do harm, and it is seen"""
        rng = random.Random(f"{SEED}/open")
        choice = [one for one in self.seeds if one.shows]
        choice = choice if tap.FULL else rng.sample(choice, 24)
        type(self).lost, duds = 0, []
        self.look("open")
        for one in choice:
            if not any(self.bites(construct.attack(rng, one, 0).text, one.block) for _ in range(8)):
                duds.append(one.text)
        print("".join(f"# no harm: {one}\n" for one in duds), end="")
        print(f"# figure: {len(choice) - len(duds)} of {len(choice)} kinds of dangerous statements do harm where nothing stops them", flush=True)
        self.assertLess(len(duds), len(choice) / 10 + 1, duds)

    def bites(self, text, block):
        """Whether it does harm; undone, where it can run in a transaction that is rolled back."""
        if block and "commit" in text.lower():
            return False
        shape = ("SELECT md5(string_agg(t, ',' ORDER BY t)) FROM (SELECT relname || relfilenode FROM pg_class UNION ALL SELECT proname FROM pg_proc"
                 " UNION ALL SELECT rolname FROM pg_roles) AS x(t)")
        before = self.witness.ask(shape, "open")
        found = self.examine("open", [Scenario((query("BEGIN") if block else b"") + query(text), text)], whole=not block)
        if self.witness.ask(shape, "open") != before:
            self.renew("open")
            self.look("open")
        return bool(found)

    def renew(self, place):
        """The database as it was before the first attack."""
        self.witness.close()
        self.cluster.sql(f"DROP DATABASE IF EXISTS {place} WITH (FORCE)")
        self.cluster.sql(f"CREATE DATABASE {place} TEMPLATE model STRATEGY file_copy")
        self.cluster.sql("DO $$BEGIN CREATE ROLE bystander; EXCEPTION WHEN duplicate_object THEN NULL; END$$")

    def test_benign(self):
        """what applications and tools say all day is let through"""
        rng = random.Random(f"{SEED}/benign")
        corpus = benign.statements(rng, 20_000 if tap.FULL else 1_500)
        tools = self.said_by_tools()
        self.assertGreater(len(tools), 200)
        sent, held, failed = 0, [], []
        for place, texts in (("strict", [text for group, text in corpus if group == "read"] + [text for text in tools if not text.startswith("LOCK ")]),
                             ("guard", [text for _, text in corpus] + tools)):
            type(self).lost = 0
            scenarios = [Scenario(query(text) if rng.random() < 0.5 or ";" in text else run(text) + SYNC, text) for text in texts]
            self.send(place, scenarios)
            self.assertEqual(0, self.lost)
            sent += len(scenarios)
            held += [f"{place}: {one.text[:300]!r} {_error(one.said)}" for one in scenarios if re.search(b"C(42501|0A000|54000)\0", one.said)]
            failed += [f"{place}: {one.text[:300]!r} {_error(one.said)}" for one in scenarios if b"SERROR" in one.said]
        share = 100 * len(held) / sent
        print("".join(f"# held: {one}\n" for one in held[:40]), end="")
        print(f"# figure: benign: {sent} statements, {len(tools)} of them said by psql and pg_dump, {len(held)} held: {share:.2f} %", flush=True)
        self.assertLessEqual(share, 0.5)
        # A corpus that the server does not understand shows nothing.
        self.assertLess(len(failed) - len(held), sent / 50, failed[:10])

    def said_by_tools(self):
        """What psql's commands about the catalogue and pg_dump send, as the server's log has it."""
        self.witness.entries()
        where = ["-h", self.cluster.folder, "-p", str(self.cluster.port), "-U", "postgres"]
        subprocess.run(["psql", "-Xq", *where, "-d", "model", "-o", "/dev/null"], input="\n".join(benign.META), text=True, check=True, capture_output=True)
        for how in ([], ["--schema-only", "--no-owner"], ["--data-only", "--inserts"]):
            subprocess.run([self.cluster.bin + "/pg_dump", *where, *how, "-f", "/dev/null", "model"], check=True, capture_output=True)
        said = [one.split(": ", 2)[2].replace("\n\t", "\n") for one in witness.texts(self.witness.entries())]
        # A FETCH means nothing without what stood before it.
        return [one for one in dict.fromkeys(said) if not one.startswith("FETCH ")]

    def test_strict(self):
        """where only reading is allowed, nothing is ever written, defined or called"""
        count = 600_000 if tap.FULL else 11_000
        refused, _ = self.run_all("strict", lambda rng, number: self.attack(rng, self.seeds, number), count)
        self.assertGreater(refused, count * 0.8)

    def test_guard(self):
        """where destruction and escapes are denied, nothing is dropped, emptied or defined as code"""
        choice = [one for one in self.seeds if one.group in ("destroy", "escape")]
        count = 300_000 if tap.FULL else 6_000
        refused, _ = self.run_all("guard", lambda rng, number: self.attack(rng, choice, number), count)
        self.assertGreater(refused, count * 0.8)

    def test_paused(self):
        """what waits for an approval that nobody gives is never run"""
        count = 60_000 if tap.FULL else 2_000
        _, pending = self.run_all("paused", lambda rng, number: self.attack(rng, self.seeds, number), count)
        self.assertGreater(pending, count * 0.2)

    def test_walks(self):
        """no walk through names, portals, cursors and errors runs what waits for an approval"""
        count = 40_000 if tap.FULL else 2_000
        _, pending = self.run_all("paused", lambda rng, _: Scenario(protocol.walk(rng), "a walk"), count)
        self.assertGreater(pending, count * 0.2)


if __name__ == "__main__":
    tap.main()
