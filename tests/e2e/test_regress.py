"""PostgreSQL's own regression tests through the gateway: the same results as directly, but for a committed list.

SALLYPORT_FULL=1 adds the tests of PL/pgSQL and of contrib's modules, and runs all of them directly twice, which shows
what differs without a gateway.
SALLYPORT_REGRESS_FIELDS=1 also runs them through a mask by name that names no field of theirs.
SALLYPORT_REGRESS_WRITE=1 writes the list anew instead of comparing with it."""

import collections
import concurrent.futures
import os
import unittest

import cluster
import gateway
import process
import tap
from regress import differences, side, source

LISTED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "regress", "differences.txt")
SHOWN_MAX = 30
STATEMENTS_MIN = 40_000  # fewer, and it was not the tests that ran
POLICY = """
[[detector]]
name = "never"
pattern = "sallyport-never-[0-9]{16}"

[[mask]]
name = "nothing"
targets = ["regression"]
detect = ["never"]
%s
action = "redact"

[[rule]]
name = "everything"
targets = ["regression"]
match = { verb = ["*", "UNPARSED"] }
action = "allow"
"""
FIELDS = 'fields = ["nosuchtable.nosuchcolumn"]\ncomputed = "mask"'


class Run:
    """All files on one cluster: directly, or through a gateway whose mask has `more` keys."""

    def __init__(self, src, tests, more=None):
        self.outputs, self.gate, self.side = {}, None, side.Side(src)
        try:
            if more is not None:
                self._through(POLICY % more)
            for test in tests:
                self.outputs[test] = self.side.run(test)
                if self.gate and self.gate.process.poll() is not None:
                    raise AssertionError(f"the gateway ended during {test.name}:\n{self.gate.said()}")
            self.statements = self.side.statements()
            self.log = self._stop_gate() if self.gate else None
        finally:
            if self.gate:
                self.gate.remove()
            self.side.remove()

    def _through(self, policy):
        port = self.side.cluster.port
        target = gateway.target("regression", port, user="postgres", extra='record = { responses = "1 MiB" }')
        self.gate = gateway.Gateway(self.side.cluster, policy=policy.replace("%", "%%"), targets=target).start()
        self.side.where = {"PGPORT": str(self.gate.port), "PGUSER": "agent,regression",
                           "PGPASSWORD": gateway.SECRETS["agent"]}

    def _stop_gate(self):
        self.gate.stop()
        return self.gate.verify()


class Regress(unittest.TestCase):
    _control = None

    @classmethod
    def setUpClass(cls):
        programs = cluster.programs()
        if not programs:
            raise unittest.SkipTest("no PostgreSQL server programs under /usr/lib/postgresql")
        try:
            cls.source = source.fetch(programs.split("/")[4])
        except source.Unavailable as reason:
            raise unittest.SkipTest(f"PostgreSQL's regression tests cannot be fetched: {reason}") from None
        cls.tests = cls.source.core() + (cls.source.modules() if tap.FULL else [])
        cls.files = {test.name for test in cls.tests}
        # Two clusters at a time: as many as a small machine has cores.
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            direct, through = pool.submit(Run, cls.source, cls.tests), pool.submit(Run, cls.source, cls.tests, "")
            cls.direct, cls.through = direct.result(), through.result()

    @classmethod
    def control(cls):
        """A second direct run, made when first asked for."""
        cls._control = cls._control or Run(cls.source, cls.tests)
        return cls._control

    def differences(self, first, second):
        return [one for test in self.tests for one in
                differences.compare(test.name, self.source.lines(test), first.outputs[test], second.outputs[test])]

    def judge(self, found, listing):
        """Fails where `found` is not what is listed, but for what two direct runs do not agree on either."""
        listed, seen = listing.count(self.files), collections.Counter(map(differences.entry, found))
        if seen == listed:
            return
        control = self.differences(self.direct, self.control())
        found = [one for one in found if differences.steady(one, [two for two in control if two.file == one.file])]
        seen = collections.Counter(map(differences.entry, found))
        new = [differences.shown(one) for one in found if differences.entry(one) in seen - listed]
        gone = [f"{one.file}: {one.digest} {one.statement}" for one in listed - seen]
        if new or gone:
            self.fail("\n".join([f"{len(new)} differences are not listed:", *new[:SHOWN_MAX],
                                 f"{len(gone)} listed ones occur no more:", *gone[:SHOWN_MAX]]))

    def test_same_results(self):
        """the regression tests say through the gateway what they say directly, but for what is listed"""
        self.assertGreater(min(self.direct.statements, self.through.statements), STATEMENTS_MIN)
        found = self.differences(self.direct, self.through)
        listing = differences.Listing(LISTED)
        if os.environ.get("SALLYPORT_REGRESS_WRITE") == "1":
            listing.rewrite(found, self.files)
            listing = differences.Listing(LISTED)
        self.assertEqual([], listing.unknown(), "entries without a reason, or reasons without an entry")
        self.judge(found, listing)
        reasons = collections.Counter(reason for one, reasons in listing.entries.items() if one.file in self.files
                                      for reason in reasons)
        print(f"# figure: PostgreSQL's regression tests: {len(self.tests)} files, {self.direct.statements:,} statements directly, "
              f"{self.through.statements:,} through the gateway, {len(found)} differences, all listed: "
              + ", ".join(f"{reason} {count}" for reason, count in reasons.most_common()))

    def test_log(self):
        """the log of that run is whole"""
        self.assertGreater(self.through.log["records"], self.through.statements)

    @unittest.skipUnless(tap.FULL, "two direct runs are compared by SALLYPORT_FULL=1")
    def test_direct_twice(self):
        """two direct runs say the same, so nothing needs to be normalised"""
        found = self.differences(self.direct, self.control())
        self.assertEqual([], [differences.shown(one) for one in found])

    @unittest.skipUnless(os.environ.get("SALLYPORT_REGRESS_FIELDS") == "1",
                         "a mask by name takes what has no origin for masked: run by SALLYPORT_REGRESS_FIELDS=1")
    def test_fields(self):
        """a mask that names no field of theirs changes nothing either"""
        found = self.differences(self.direct, Run(self.source, self.tests, FIELDS))
        print(f"# figure: with a mask by name {len(found)} differences")
        self.judge(found, differences.Listing(LISTED))


if __name__ == "__main__":
    tap.main()
