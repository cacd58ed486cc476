"""SIGKILL at any point of asking, approving, revoking, of tickets given and taken back: after the restart nothing runs by a yes
that was used or was never given, and no ticket is good that was taken back or is over. SALLYPORT_FULL=1: 200 kills."""

import http.client
import json
import os
import random
import signal
import threading
import time
import urllib.parse

import oidc_case
import process
import tap
import tokens
from approval_case import psycopg

KILLS = 200 if tap.FULL else 15
LIFE_S = 8
POLICY = """
[[rule]]
name = "asked"
targets = ["shop"]
match = { verb = ["UPDATE"], object = ["*kill_rows"] }
action = "approve"
approvers = ["dba"]
hold = "60s"
timeout = "10m"
"""
ADMIN = """
[admin]
address = "127.0.0.1:0"
roles = { admin = ["admins"] }
"""
JWT = "urn:ietf:params:oauth:token-type:jwt"


class Kills(oidc_case.Case):
    POLICY, SERVER_KEYS = POLICY, "failed_logins = 0\n" + ADMIN

    @classmethod
    def issuers(cls):
        cls.maker = tokens.Issuer("https://idp.test", [tokens.Key.ec("k")])
        with open(cls.folder + "/keys.json", "w") as file:
            json.dump(cls.maker.jwks(), file)
        return oidc_case.issuer("corp", cls.maker.issuer, keys=f"file:{cls.folder}/keys.json")

    def ask(self, method, path, form=None, bearer=None):
        """(status, body), or nothing where the gateway has died."""
        conn = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        if bearer:
            headers["Authorization"] = "Bearer " + bearer
        try:
            conn.request(method, path, urllib.parse.urlencode(form) if form else None, headers)
            answer = conn.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            return None
        finally:
            conn.close()

    def find_port(self):
        self.port = int(self.gate.said().rpartition("admin API at http://127.0.0.1:")[2].split()[0])

    # ---- What goes on when the kill comes; each until the gateway is gone.
    def caller(self, row):
        try:
            with self.connect(tls=False, autocommit=True) as conn:
                conn.execute(f"UPDATE kill_rows SET runs = runs + 1 WHERE id = {row}")
        except psycopg.Error:
            pass

    def approver(self, seed):
        dice = random.Random(seed)
        while not self.over.is_set():
            done = self.gate.run("approvals", "--json", ok=False)
            ones = json.loads(done.stdout) if done.returncode == 0 else []
            if not ones:
                self.over.wait(0.02)
                continue
            one, act = dice.choice(ones), dice.choice(["approve", "approve", "deny", "revoke"])
            if act == "approve":
                self.tried.add(one["text"])
            self.gate.run(act, one["id"], as_user="dana", ok=False)

    def tickets(self, seed):
        """Gets tickets and takes some back; what is certain of each is kept."""
        dice = random.Random(seed)
        while not self.over.is_set():
            given = self.ask("POST", "/oauth/token", {
                "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token_type": JWT, "expires_in": LIFE_S,
                "subject_token": self.maker.token({"sub": "ann", "groups": ["agents"], "email": "ann@example.com"})})
            if given is None or given[0] != 200:
                continue
            one = {"id": given[1]["ticket"], "text": given[1]["access_token"], "given": time.monotonic(), "back": False}
            self.given.append(one)
            if dice.random() < 0.5:
                answer = self.ask("DELETE", "/v1/tickets/" + one["id"], bearer=one["text"])
                one["back"] = answer is not None and answer[0] == 200

    def lets_in(self, ticket):
        env = self.environment() | {"PGUSER": f"{ticket['id']},shop", "PGPASSWORD": ticket["text"]}
        return self.psql("SELECT 1", env=env).returncode == 0

    def runs(self):
        return {int(row): int(runs) for row, runs in
                (line.split("|") for line in self.cluster.sql("SELECT id, runs FROM kill_rows", database="shop").split())}

    def round(self, number, dice):
        self.over, self.tried, self.given = threading.Event(), set(), []
        rows = [number * 10 + i for i in range(5)]
        threads = [threading.Thread(target=self.caller, args=(row,)) for row in rows]
        threads += [threading.Thread(target=self.approver, args=(number * 7 + i,)) for i in range(2)]
        threads += [threading.Thread(target=self.tickets, args=(number,))]
        for thread in threads:
            thread.start()
        threading.Event().wait(dice.choice([0.3, 1.0, 2.0]) * dice.random())
        self.gate.stop(signal.SIGKILL)
        self.over.set()
        for thread in threads:
            thread.join(120)
        return rows

    def after(self, rows, dice):
        """The gateway is back: no yes from before counts, no ticket that was taken back, and those that were given do."""
        before = self.runs()
        for row in rows:
            text = f"UPDATE kill_rows SET runs = runs + 1 WHERE id = {row}"
            self.assertIn(before[row], (0, 1), f"row {row} ran more than once")
            self.assertTrue(before[row] == 0 or text in self.tried, f"row {row} ran without a yes")
        self.assertEqual([], self.gate.run("approvals"), "what waited is forgotten")
        again = dice.choice(rows)
        thread = threading.Thread(target=self.caller, args=(again,))
        thread.start()
        one = self.gate.wait_approval(f"WHERE id = {again}")
        self.gate.run("deny", one["id"], as_user="dana")
        thread.join(60)
        self.assertEqual(before, self.runs(), "it ran by a yes from before the kill")
        for ticket in [one for one in self.given if one["back"]][-2:]:
            self.assertFalse(self.lets_in(ticket), "a ticket that was taken back")
        kept = [one for one in self.given if not one["back"]][:1]
        if kept and time.monotonic() - kept[0]["given"] < LIFE_S / 2:
            self.kept += self.lets_in(kept[0])

    def test_kills(self):
        """approvals are used once or never, tickets do not outlive their cap or their revocation"""
        seed = int(os.environ.get("SALLYPORT_SEED", "1"))
        dice = random.Random(seed)
        self.cluster = oidc_case.world.cluster()
        self.cluster.sql("DROP TABLE IF EXISTS kill_rows; CREATE TABLE kill_rows(id int PRIMARY KEY, runs int NOT NULL DEFAULT 0);"
                         f"INSERT INTO kill_rows SELECT generate_series(0, {KILLS * 10 + 9}); ALTER TABLE kill_rows OWNER TO app", database="shop")
        given, back, self.kept = [], 0, 0
        self.find_port()
        for number in range(KILLS):
            rows = self.round(number, dice)
            self.gate.start()
            self.find_port()
            self.after(rows, dice)
            given += self.given
            back += sum(one["back"] for one in self.given)
        ran = sum(self.runs().values())
        print(f"# SALLYPORT_SEED={seed}, {KILLS} kills: {ran} of {KILLS * 5} ran, {len(given)} tickets, {back} taken back, "
              f"{self.kept} still good after the kill", flush=True)
        self.assertGreater(min(ran, len(given), back, self.kept), 0, "no kill came at a time that mattered")
        # The last ones end by themselves.
        process.until(lambda: time.monotonic() - given[-1]["given"] > LIFE_S + 1, "the last ticket's end", timeout=60)
        for ticket in given[-3:]:
            self.assertFalse(self.lets_in(ticket), "a ticket outlives its cap")
        answer = self.ask("GET", "/v1/tickets", bearer=self.maker.token({"sub": "audrey", "groups": ["admins"]}))
        self.assertEqual(200, answer[0])
        # An expired one is remembered a while, so that its bearer is told.
        self.assertEqual([], [one["id"] for one in answer[1]["tickets"] if one["expires_ns"] > time.time_ns()])
        self.assertTrue(self.gate.verify()["whole"])


class Ends(oidc_case.world.Case):
    def test_drain(self):
        """a gateway that waits for its sessions' ends leaves the machine alone"""
        gate = oidc_case.world.gateways.Gateway(oidc_case.world.cluster())
        self.addCleanup(gate.remove)
        gate.start()
        self.gate = gate
        child = self.spawn("SELECT pg_sleep(6)")
        self.addCleanup(process.stop, child, 9)
        process.until(lambda: gate.run("sessions"), "a session")
        process.until(lambda: oidc_case.world.cluster().sql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(6)%' AND state = 'active'") == "2", "the query")
        gate.process.send_signal(signal.SIGTERM)
        threading.Event().wait(0.5)
        before = spent(gate.process.pid)
        threading.Event().wait(3)
        self.assertIsNone(gate.process.poll(), "it did not wait")
        self.assertLess(spent(gate.process.pid) - before, 1.0, "seconds of CPU in 3 s of waiting")


def spent(pid):
    """Seconds of CPU."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    tap.main()
