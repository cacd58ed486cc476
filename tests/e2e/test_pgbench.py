"""pgbench through the gateway, in its query modes: no transaction fails, and the sums are right."""

import re

import tap
import world

TRANSACTIONS = 500 if tap.FULL else 50


class Pgbench(world.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        one = cls()
        made = one.pgbench("-i", "-q", "-I", "dtGvp", "-s", "1", target="raw")
        assert made.returncode == 0, made.stderr

    def bench(self, *args, count=TRANSACTIONS, **where):
        done = self.pgbench("-n", "-c", "4", "-j", "1", "-t", str(count), *args, target="raw", **where)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn(f"{4 * count}/{4 * count}", done.stdout)
        failed = re.search(r"number of failed transactions: (\d+)", done.stdout)
        self.assertEqual("0", failed[1] if failed else "0")
        # What TPC-B keeps true: every table got every delta.
        sums = self.cluster.sql("SELECT (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(tbalance) FROM "
                                "pgbench_tellers) AND (SELECT sum(bbalance) FROM pgbench_branches) = (SELECT "
                                "coalesce(sum(delta), 0) FROM pgbench_history)", database="shop")
        self.assertEqual("t", sums)

    def test_simple(self):
        """simple query mode over TLS"""
        self.bench("-M", "simple")

    def test_extended(self):
        """extended query mode over TLS"""
        self.bench("-M", "extended")

    def test_prepared(self):
        """prepared query mode, without TLS"""
        self.bench("-M", "prepared", tls=False)

    def test_select_only(self):
        """select-only, prepared"""
        self.bench("-S", "-M", "prepared", count=TRANSACTIONS * 10)

    def test_connect_each(self):
        """-C: a new connection for every transaction"""
        self.bench("-C", count=max(10, TRANSACTIONS // 5))

    def test_log_whole(self):
        """the log of all that verifies"""
        self.assertTrue(self.gate.verify()["whole"])


if __name__ == "__main__":
    tap.main()
