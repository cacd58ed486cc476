"""sallyport canary: masks that hold, a gateway that leaks, lockdown, and what is not proven."""

import copy
import os
import socket
import threading
import unittest

import gateway as gateways
import process
import tap
import world
from gateway import target

LEAKY = os.environ.get("SALLYPORT_LEAKY", "")
MASKS = """
[[detector]]
name = "employee"
pattern = "EMP-[0-9]{6}"
example = "EMP-730419"

[[mask]]
name = "pii"
targets = ["shop"]
detect = ["@pii", "@secrets", "employee"]
fields = ["customers.email", "*.ssn"]
action = "%s"

[[mask]]
name = "no-secrets-in"
targets = ["shop"]
direction = "request"
detect = ["@pii", "@secrets", "employee"]
"""


def canary(gate, *args):
    """Exit code and report of `sallyport canary`."""
    done = gate.run("canary", *args, ok=False)
    return done.returncode, gateways.json.loads(done.stdout)


def rows(report):
    return {(one["target"], row["mask"], row["what"]): row for one in report["targets"] for row in one["rows"]}


class Masked(world.Case):
    settings = {"policy": MASKS % "partial"}

    def test_holds(self):
        """every detector, a column by its name and computed values are masked, though requests may hold none of them"""
        code, report = canary(self.gate)
        seen = rows(report)
        self.assertEqual(["shop"], [one["target"] for one in report["targets"]])  # raw has no mask
        self.assertEqual({("shop", "pii", "customers.email")}, {key for key in seen if seen[key]["outcome"] != "masked"}, report)
        self.assertIn("names a table, and a values list has none: SELECT it as a caller", seen["shop", "pii", "customers.email"]["why"])
        for what in ("email", "iban", "jwt", "private-key", "employee", "*.ssn", "computed"):
            for where in ("text rows", "extended text rows", "binary rows", "COPY"):
                self.assertIn(where, seen["shop", "pii", what]["why"], what)
        self.assertIn("errors", seen["shop", "pii", "email"]["why"])
        self.assertGreater(report["masked"], 75)
        self.assertEqual((2, 0, 1), (code, report["leaked"], report["unproven"]))

    def test_record(self):
        """its session is on the record by its name, without the values; the run is, too"""
        canary(self.gate, "--target", "shop")
        ran = lambda: [one for one in self.gate.records("Admin") if one["act"] == "canary" and "0 leaked" in one["detail"]]
        process.until(ran, "the run on the record")
        logins = [one for one in self.gate.records("Login") if one["identity"] == "sallyport-canary" and one["outcome"] == 1]
        self.assertEqual({"shop"}, {one["target"] for one in logins})
        self.assertFalse([one for one in self.gate.records("Fault") if one["reason"] == "masked-value-leaked"])
        for one in self.gate.records():
            self.assertNotIn("canary.person@example.com", gateways.json.dumps(one))
        status = self.gate.run("status")["canary"]
        self.assertEqual(("unproven", 0, []), (status["last"], status["leaks"], status["locked"]))
        self.assertGreaterEqual(status["runs"], 1)

    def test_report(self):
        """its own fakes are no hits of callers in `report masks`"""
        self.good_psql("SELECT 'jo.caller@' || 'example.com'")
        hits = lambda: {(one["mask"], one["detector"]): one["hits"] for one in self.gate.run("report", "masks")}
        before = process.until(hits, "the caller's own hit")
        ended = lambda: [one for one in self.gate.records("Admin") if one["act"] == "canary" and "0 leaked" in one["detail"]]
        count = len(ended())
        canary(self.gate, "--target", "shop")
        process.until(lambda: len(ended()) > count, "the record of the canary's run")
        self.assertEqual(before, hits())

    def test_nobody_else(self):
        """the canary's name opens nothing without its secret, and no user may have it"""
        done = self.psql("SELECT 1", user="sallyport-canary")
        self.assertIn("login refused", done.stderr)
        process.until(lambda: "wrong-proof" in [one["reason"] for one in self.gate.records("Login")], "the refusal on the record")

    def test_unknown_target(self):
        """a target that is none is told, one without masks has nothing to prove"""
        done = self.gate.run("canary", "--target", "shup", ok=False)
        self.assertNotEqual(0, done.returncode)
        self.assertIn("no target", done.stdout + done.stderr)
        code, report = canary(self.gate, "--target", "raw")
        self.assertEqual((2, []), (code, report["targets"]))


class Rules(world.Case):
    """What policy or the target keeps from being tried is not proven, and nobody is asked to approve it."""
    @classmethod
    def setUpClass(cls):
        cls.settings = {"policy": """
[canary]
groups = ["agents"]

[[mask]]
name = "mail"
targets = ["shop", "down", "readers"]
detect = ["email"]
action = "redact"
except = ["dba"]

[[mask]]
name = "mail-of-others"
targets = ["shop"]
detect = ["email"]
action = "redact"
except = ["agents"]

[[rule]]
name = "asked"
targets = ["readers"]
groups = ["agents"]
match = { verb = ["SELECT"] }
action = "approve"
approvers = ["dba"]

[[rule]]
name = "no-copy"
targets = ["shop"]
match = { verb = ["COPY"] }
action = "deny"
""", "targets": target("down", process.free_port()) + target("readers", world.cluster().port)}
        super().setUpClass()

    def test_not_proven(self):
        """a target that is down, a rule that wants an approval, a mask that excepts the canary's groups"""
        code, report = canary(self.gate)
        seen = rows(report)
        self.assertEqual(2, code)
        self.assertEqual("masked", seen["shop", "mail", "email"]["outcome"])
        self.assertIn("no-copy denies it", seen["shop", "mail", "email"]["why"])
        self.assertIn("excepted", seen["shop", "mail-of-others", "all"]["why"])
        self.assertIn("login", seen["down", "mail", "email"]["why"])
        self.assertIn("rule asked wants an approval", seen["readers", "mail", "email"]["why"])
        self.assertEqual([], self.gate.run("approvals", "--all"))


class Proven(world.Case):
    settings = {"policy": '[[mask]]\nname = "mail"\ntargets = ["shop"]\ndetect = ["email"]\naction = "redact"\n'}

    def test_all_masked(self):
        """exit 0 only where everything was tried and masked"""
        code, report = canary(self.gate)
        self.assertEqual((0, 1, 0, 0), (code, report["masked"], report["leaked"], report["unproven"]), report)


class Hanging(world.Case):
    """A target that accepts and never says a word."""
    @classmethod
    def setUpClass(cls):
        deaf = socket.create_server(("127.0.0.1", 0))
        cls.addClassCleanup(deaf.close)
        cls.settings = {"policy": '[[mask]]\nname = "mail"\ntargets = ["deaf"]\ndetect = ["email"]\naction = "redact"\n',
                        "targets": target("deaf", deaf.getsockname()[1])}
        super().setUpClass()

    def test_hanging(self):
        """a run that hangs keeps neither callers, nor the operator, nor the gateway's end waiting"""
        command = [gateways.BIN, "--config", self.gate.config, "--json", "canary"]
        child = process.start(command, stdout=gateways.subprocess.PIPE, stderr=gateways.subprocess.PIPE)
        self.addCleanup(process.stop, child, 9)
        process.until(lambda: self.gate.run("status")["canary"]["running"], "the run's begin")
        process.until(lambda: any(one["target"] == "deaf" for one in self.gate.run("sessions", "--live")), "the canary's login")
        self.assertEqual("1", self.good_psql("SELECT 1", target="raw"))
        self.assertTrue(self.gate.run("status")["canary"]["running"])
        self.assertEqual(0, self.gate.stop())
        self.assertNotEqual(0, child.wait(60))
        self.gate.start()


class NoMasks(world.Case):
    settings = {"policy": ""}

    def test_none(self):
        """a gateway without masks says so"""
        done = gateways.subprocess.run([gateways.BIN, "--config", self.gate.config, "canary"], capture_output=True, text=True)
        self.assertEqual(2, done.returncode)
        self.assertIn("no target has a mask", done.stdout)


@unittest.skipUnless(LEAKY, "SALLYPORT_LEAKY names no folder with the leaky plugin")
class Leaking(world.Case):
    @classmethod
    def setUpClass(cls):
        cls.plugins, gateways.PLUGINS = gateways.PLUGINS, LEAKY
        try:
            super().setUpClass()
        finally:
            gateways.PLUGINS = cls.plugins

    settings = {"policy": "[canary]\nlockdown = true\n" + MASKS % "redact"}

    def alarms(self):
        return [one for one in self.gate.records("Fault") if one["reason"] == "masked-value-leaked"]

    def test_leak(self):
        """what comes out is an alarm on the record, on stderr and in status, and closes the target until it is unlocked"""
        live = self.spawn("SELECT pg_sleep(300)")
        process.until(lambda: any(one["target"] == "shop" for one in self.gate.run("sessions", "--live")), "a live session")
        other = self.spawn("SELECT pg_sleep(1) UNION ALL SELECT pg_sleep(1)", target="raw")
        code, report = canary(self.gate)
        seen = rows(report)
        self.assertEqual(1, code)
        self.assertEqual("leaked", seen["shop", "pii", "email"]["outcome"])
        self.assertIn("binary rows", seen["shop", "pii", "email"]["why"])
        self.assertEqual("leaked", seen["shop", "pii", "computed"]["outcome"])
        process.until(self.alarms, "the alarm on the record")
        self.assertIn("mask pii: email came out in", self.alarms()[0]["detail"])
        self.assertNotIn("canary.person", self.alarms()[0]["detail"])
        self.assertIn("ALARM: the canary's fake values came out unmasked: target shop", self.gate.said())
        # Who was there is out, the other target is not.
        self.assertNotEqual(0, live.wait(60))
        self.assertEqual(0, other.wait(60))
        done = self.gate.run("status", ok=False)
        self.assertEqual(1, done.returncode)
        status = gateways.json.loads(done.stdout)["canary"]
        self.assertEqual(("leaked", ["shop"]), (status["last"], [one["target"] for one in status["locked"]]))
        self.assertGreater(status["leaks"], 70)
        # Nobody gets in, and whoever may is told why.
        refused = self.psql("SELECT 1")
        self.assertIn("target shop is locked down", refused.stderr)
        self.assertIn("sallyport canary --unlock shop", refused.stderr)
        self.assertEqual("1", self.good_psql("SELECT 1", target="raw"))
        wrong = self.psql("SELECT 1", env=self.environment() | {"PGPASSWORD": "wrong"})
        self.assertNotIn("locked", wrong.stderr)
        # A restart opens nothing.
        self.gate.stop()
        self.gate.start()
        self.assertIn("target shop is locked down", self.psql("SELECT 1").stderr)
        # The canary still sees whether it leaks.
        self.assertEqual(1, canary(self.gate)[0])
        self.gate.run("canary", "--unlock", "shop")
        self.assertEqual("1", self.good_psql("SELECT 1"))
        self.assertNotEqual(0, self.gate.run("canary", "--unlock", "shop", ok=False).returncode)
        acts = lambda: {"lockdown", "unlock"} <= {one["act"] for one in self.gate.records("Admin")}
        process.until(acts, "lockdown and unlock on the record")


class Interval(world.Case):
    settings = {"policy": '[canary]\ninterval = "1s"\n' + MASKS % "partial"}

    def runs(self):
        return self.gate.run("status")["canary"]["runs"]

    def test_interval(self):
        """it runs by itself, again and again, also while the config is reloaded with and without masks"""
        process.until(lambda: self.runs() >= 2, "two runs by the interval")
        reloads = []

        def reload():
            fresh = copy.copy(self.gate)  # whoever reads the config meanwhile finds a whole one
            fresh.config += ".fresh"
            for i in range(12):
                fresh.policy = '[canary]\ninterval = "1s"\n' + (MASKS % "redact" if i % 2 else "")
                fresh.write()
                os.replace(fresh.config, self.gate.config)
                reloads.append(self.gate.run("reload")["version"])

        thread = threading.Thread(target=reload)
        thread.start()
        while thread.is_alive():
            self.assertEqual(0, canary(self.gate)[1]["leaked"])
        thread.join()
        self.assertEqual(12, len(reloads))
        code, report = canary(self.gate)
        self.assertEqual((2, 0, 1), (code, report["leaked"], report["unproven"]))
        self.assertFalse([one for one in self.gate.records("Fault") if one["reason"] == "masked-value-leaked"])
        process.until(lambda: [one for one in self.gate.records("Admin") if (one["who"], one["act"]) == ("interval", "canary")],
                      "runs on the record")


if __name__ == "__main__":
    tap.main()
