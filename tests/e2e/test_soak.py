"""sqlsmith against a gateway that was built with sanitizers: half of the time past no mask, half under masks and rules."""

import collections
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest

import gateway as gateways
import process
import tap
import world

SECONDS = int(os.environ.get("SALLYPORT_SOAK_SECONDS", "3600"))
SEED = int(os.environ.get("SALLYPORT_SEED", random.randrange(1 << 31)))
CLIENTS = 2
# In resident memory what a build with ASan keeps of freed blocks is not the gateway's.
SANITIZERS = {"ASAN_OPTIONS": "abort_on_error=1:quarantine_size_mb=16:malloc_context_size=8:detect_stack_use_after_return=0",
              "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}
VERDICTS = ["allow", "deny", "wait", "observe"]  # of ringlog/record.h
REPORT = re.compile(r"ERROR: (Address|Leak)Sanitizer|runtime error:|CHECK failed")
GROWTH_MIB = 192  # between the first tenth of a half and its end

# Rules that hit what sqlsmith writes; a held one would stop it, so none is. Computed values by their content: sqlsmith
# reads the catalogue by functions first, and gives up over a NULL there.
POLICY = """
[[mask]]
name = "pii"
targets = ["shop"]
detect = ["@pii", "@secrets"]
fields = ["customers.email", "people.*"]
action = "partial"
computed = "content"

[[mask]]
name = "tokens"
targets = ["shop"]
fields = ["customers.name"]
action = "redact"
computed = "content"

[[rule]]
name = "no-merge"
targets = ["shop"]
match = { verb = ["MERGE", "DELETE"], object = ["*customers"] }
action = "deny"

[[rule]]
name = "no-escape"
targets = ["shop"]
use = "sql/escape"
action = "deny"
"""
# What the gateway says of itself: SQLSTATE and words. All else must be the server's.
OURS = [("42501", r'denied by rule "'), ("42601", r"denied by the target's default; the gateway could not read it"),
        ("42501", r'denied by the target\'s default'), ("42501", r'blocked by mask "'),
        ("0A000", r"is not supported through the gateway"), ("0A000", r"COPY TO STDOUT in this form is not supported where values are masked"),
        ("54000", r"exceeds a limit of the gateway")]
SCHEMA = """
CREATE TABLE people(id int, ssn text, card text, note json, tags text[], born date, born_at timestamptz, id2 uuid, amount numeric,
  raw bytea, inet inet, kind "char", pay int8range);
INSERT INTO people SELECT i, '536-90-43' || lpad((i % 90 + 10)::text, 2, '0'), '4111111111111111', '{"mail": "a@example.com"}',
  ARRAY['b@example.com', 'x'], '1980-01-01', now(), gen_random_uuid(), i * 1.5, 'c@example.com', '10.0.0.1', 'k', '[1,5)'
  FROM generate_series(1, 50) i;
CREATE VIEW mails AS SELECT email, upper(name) AS name FROM customers;
ALTER TABLE people OWNER TO app; ALTER VIEW mails OWNER TO app;
"""
# As sqlsmith's own log.sql has it.
FINDINGS = """
CREATE TABLE instance(id bigserial PRIMARY KEY, rev text, target text, hostname text, version text, seed text);
CREATE TABLE stat(id bigint, generated bigint, level float, nodes float, updated timestamptz, retries float, impedance jsonb);
CREATE TABLE error(id bigint, msg text, query text, target text, sqlstate text, t timestamptz DEFAULT now());
"""


class Soak(world.Case):
    settings = {"policy": POLICY, "log": '[log]\nquota = "8 GiB"\nring_size = "64 MiB"\n'}

    @classmethod
    def setUpClass(cls):
        if not shutil.which("sqlsmith"):
            raise unittest.SkipTest("no sqlsmith (Debian package sqlsmith)")
        os.environ.update(SANITIZERS)
        cluster = world.cluster()
        cluster.sql(SCHEMA, "shop")
        cluster.sql("CREATE DATABASE findings")
        cluster.sql(FINDINGS, "findings")
        # The server's own words, each with its SQLSTATE, and no statements.
        for setting in ("log_statement = 'none'", "log_min_error_statement = 'panic'", "log_error_verbosity = 'terse'",
                        "log_line_prefix = '%e '"):
            cluster.sql("ALTER SYSTEM SET " + setting)
        cluster.sql("SELECT pg_reload_conf()")
        super().setUpClass()

    def rss_mib(self):
        with open(f"/proc/{self.gate.process.pid}/status") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1]) // 1024

    def smith(self, target, seed):
        """A running sqlsmith, which notes what errors it saw."""
        conn = f"host=localhost hostaddr=127.0.0.1 port={self.gate.port} user='agent,{target}' dbname=shop sslmode=disable"
        notes = f"host={self.cluster.folder} port={self.cluster.port} user=postgres dbname=findings"
        env = {key: value for key, value in os.environ.items() if not key.startswith("PG")} | {"PGPASSWORD": gateways.SECRETS["agent"]}
        out = open(f"{self.gate.folder}/smith-{target}-{seed}", "wb")
        child = process.start(["sqlsmith", "--target=" + conn, "--log-to=" + notes, f"--seed={seed}", "--exclude-catalog"],
                              stdout=out, stderr=out, env=env)
        out.close()
        self.addCleanup(process.stop, child, signal.SIGKILL)
        return child

    def moved(self):
        """What changes as long as something goes on: each thousandth statement, and each error."""
        return self.cluster.sql("SELECT sum(generated) FROM stat UNION ALL SELECT count(*) FROM error", "findings")

    def half(self, target, seconds):
        """Runs for so long; memory once it is warm and the most of it."""
        children = [self.smith(target, SEED + i) for i in range(CLIENTS)]
        began = time.monotonic()
        warm, most, stuck_since, seen = 0, 0, began, ""
        while (now := time.monotonic()) < began + seconds:
            time.sleep(1)
            self.assertIsNone(self.gate.process.poll(), self.gate.said()[-5000:])
            rss = self.rss_mib()
            most = max(most, rss)
            if now > began + seconds / 10 and not warm:
                warm = rss
            for i, child in enumerate(children):
                if child.poll() is not None:  # it gives up when its connection cannot be made anew
                    children[i] = self.smith(target, SEED + random.Random(now).randrange(1 << 20))
            if (moved := self.moved()) != seen:
                seen, stuck_since = moved, now
            self.assertLess(now - stuck_since, 300, "nothing has moved")
        for child in children:
            process.stop(child, signal.SIGKILL)
        process.until(lambda: not self.gate.run("sessions", "--live"), "the sessions' end")
        return warm, most

    def check_errors(self):
        """Each error that a client saw is one that the server said, or one of ours by its form."""
        said = collections.defaultdict(set)
        with open(self.cluster.log, errors="replace") as file:
            for line in file:
                if match := re.match(r"(\w{5}) (?:ERROR|FATAL):  (.*?)(?: at character \d+)?$", line):
                    said[match[1]].add(match[2].replace("|", " ").strip())
        ours, foreign = collections.Counter(), []
        rows = self.cluster.sql("SELECT DISTINCT coalesce(sqlstate, ''), replace(split_part(msg, E'\\n', 1), '|', ' ') FROM error",
                                "findings")
        for line in rows.split("\n"):
            state, message = line.split("|", 1)
            message = re.sub(r"^(ERROR|FATAL):\s+", "", message)
            form = next((form for code, form in OURS if code == state and re.search(form, message)), None)
            if form:
                ours[state] += 1
            elif message.strip() not in said[state]:
                # Under masks the server's words may come masked.
                unmasked = re.sub(r"(\\\*)+|\\\[\w+\\\]", ".*", re.escape(message.strip()))
                if not any(re.fullmatch(unmasked, one) for one in said[state]):
                    foreign.append((state, message))
        self.assertEqual([], foreign[:20], f"{len(foreign)} of no known source")
        return dict(ours)

    def recorded(self):
        """Requests of each target by verdict, and what went wrong, as the record has it."""
        counts, target_of = collections.defaultdict(collections.Counter), {}
        dump = process.start([gateways.LOG_DUMP, "records", self.gate.log_dir], stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stop, dump, signal.SIGKILL)
        for line in dump.stdout:
            kind = re.search(r'"kind":"(\w+)"', line)[1]
            if kind == "Login":
                one = json.loads(line)
                target_of[one["session"]] = one["target"]
            elif kind == "Request":
                one = json.loads(line)
                counts[target_of[one["session"]]][VERDICTS[one["verdict"]] if not one["ours"] else "ours"] += 1
            elif kind == "ReplyEnd":
                one = json.loads(line)
                counts[target_of[one["session"]]]["masked values"] += one["masked"]
            elif kind == "Fault":
                counts["faults"][json.loads(line)["reason"]] += 1
        self.assertEqual(0, dump.wait())
        return counts

    def test_soak(self):
        """the gateway lives, no sanitizer speaks, no session hangs, memory stays, errors are known, the log verifies"""
        print(f"# SALLYPORT_SEED={SEED} SALLYPORT_SOAK_SECONDS={SECONDS}", flush=True)
        memory = {}
        for target in ("raw", "shop"):
            memory[target] = self.half(target, SECONDS / 2)
        peak = self.peak_mib()
        self.assertEqual(0, self.gate.stop(), self.gate.said()[-5000:])
        counts = self.recorded()
        for target, (warm, most) in memory.items():
            total = sum(counts[target][one] for one in VERDICTS)
            print(f"# figure: sqlsmith at {target}: {total / (SECONDS / 2):.0f} requests a second, {dict(counts[target])}, "
                  f"{warm} MiB resident when warm, {most} at most", flush=True)
            self.assertGreater(counts[target]["allow"], 0)
        for what in ("deny", "masked values"):
            self.assertGreater(counts["shop"][what], 0, what)
        print(f"# figure: peak {peak} MiB; errors in the gateway's own words, distinct: {self.check_errors()}", flush=True)
        found = REPORT.search(self.gate.said())
        self.assertIsNone(found, found and self.gate.said()[found.start():][:5000])
        self.assertTrue(self.gate.verify()["whole"])
        # A sqlsmith that was ended may have left in mid-answer; nothing else may have gone wrong.
        self.assertFalse(set(counts["faults"]) - {"client-lost"}, counts["faults"])
        for target, (warm, most) in memory.items():
            self.assertLess(most - warm, GROWTH_MIB, target)

    def tearDown(self):
        pass  # the gateway was stopped, and its status looked at


if __name__ == "__main__":
    print(f"# SALLYPORT_SEED={SEED}", file=sys.stderr)
    tap.main()
