"""Races of approvals on a real PostgreSQL: callers ask, cancel, vanish and come back, approvers say yes, no and take
it back, all at once. A statement that ran names an approval on the record, of which there was a yes, and none names
two runs. SALLYPORT_FULL=1: 500 races, 50 at once."""

import concurrent.futures
import os
import random
import socket
import threading

import approval_case
import process
import tap

FULL = os.environ.get("SALLYPORT_FULL") == "1"
RACES, AT_ONCE = (500, 50) if FULL else (40, 10)


class Races(approval_case.Case):
    settings = {**approval_case.Case.settings, "hold": "2s"}

    def approver(self, seed, stop):
        """Decides what it finds, now and then twice or too late."""
        dice = random.Random(seed)
        while not stop.is_set():
            open_ones = self.gate.run("approvals")
            if not open_ones:
                stop.wait(0.05)
                continue
            one = dice.choice(open_ones)["id"]
            act = dice.choice(["approve", "approve", "approve", "deny", "revoke"])
            with self.lock:
                self.tried += 1
            self.gate.run(act, one, as_user=dice.choice(["dana", "dick"]), ok=False)

    def give_up(self, conn):
        if not conn.closed:
            conn.cancel()

    def vanish(self, conn):
        """The connection is cut, under whoever uses it."""
        if not conn.closed:
            with socket.socket(fileno=os.dup(conn.fileno())) as cut:
                cut.shutdown(socket.SHUT_RDWR)

    def race(self, seed):
        """One caller's statement until it ran or was given up; how often the caller saw it run."""
        dice = random.Random(seed)
        statement = f"UPDATE race_often_rows SET runs = runs + 1 WHERE id = {seed}"
        seen = 0
        for _ in range(6):
            try:
                conn = approval_case.Case.connect(self)
                if dice.random() < 0.3:
                    act = self.give_up if dice.random() < 0.5 else self.vanish
                    threading.Timer(dice.random() * 1.5, act, [conn]).start()
                conn.execute(statement)
                seen += 1
                if seen == 2 or dice.random() < 0.7:
                    break
            except approval_case.psycopg.Error:
                pass
            finally:
                try:
                    conn.close()
                except approval_case.psycopg.Error:
                    pass
        return seed, seen

    def test_races(self):
        """each statement ran once with an approval or never"""
        seed = int(os.environ.get("SALLYPORT_SEED", "1"))
        print(f"# SALLYPORT_SEED={seed}, {RACES} races, {AT_ONCE} at once", flush=True)
        self.cluster.sql("DROP TABLE IF EXISTS race_often_rows; CREATE TABLE race_often_rows(id int PRIMARY KEY, runs int NOT NULL DEFAULT 0);"
                         f"INSERT INTO race_often_rows SELECT generate_series({seed}, {seed + RACES}); ALTER TABLE race_often_rows OWNER TO app",
                         database="shop")
        self.lock, self.tried = threading.Lock(), 0
        stop = threading.Event()
        approvers = [threading.Thread(target=self.approver, args=(seed * 1000 + i, stop)) for i in range(3)]
        for thread in approvers:
            thread.start()
        try:
            with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
                seen = dict(pool.map(self.race, range(seed, seed + RACES)))
        finally:
            stop.set()
            for thread in approvers:
                thread.join(60)
        runs = dict(tuple(map(int, line.split("|"))) for line in
                    self.cluster.sql("SELECT id, runs FROM race_often_rows WHERE runs > 0", database="shop").split())
        self.check_record(runs)
        for row, count in seen.items():
            self.assertGreaterEqual(runs.get(row, 0), count, f"row {row}: the caller saw it run")
        print(f"# {sum(runs.values())} runs of {len(runs)} statements, {self.tried} decisions tried", flush=True)
        self.assertGreater(len(runs), RACES // 10)
        self.assertTrue(self.gate.verify()["whole"])

    def check_record(self, runs):
        """Every run at the target is a request on the record with an approval of its own, that somebody gave."""
        process.until(lambda: self.recorded_runs() >= sum(runs.values()), "the record of all runs")
        decisions = self.gate.records("Decision")
        yes = {a["approval"] for a in decisions if a["decision"] == 1}
        used = [a["approval"] for a in decisions if a["decision"] == 5]
        names = [a["approval"] for a in self.requests()]
        self.assertEqual(len(names), len(set(names)), "an approval was used twice")
        self.assertLessEqual(set(names), yes)
        self.assertEqual(sorted(names), sorted(used))
        over = {a["approval"] for a in decisions if a["decision"] in (2, 3, 4, 7)}
        self.assertEqual(set(), over & set(names), "denied, expired or revoked, and yet used")
        # What was let go and then cut off by its caller may not have run; nothing else ran.
        self.assertLessEqual(sum(runs.values()), len(names))

    def requests(self):
        return [a for a in self.gate.records("Request") if a.get("approval") and a["verdict"] == 0]

    def recorded_runs(self):
        return len(self.requests())


if __name__ == "__main__":
    tap.main()
