"""One session taken out of the log of a real gateway, proven elsewhere with the public key alone, and what a proof says
when it has been changed."""

import json
import os
import random
import shutil

import audit_case
import process
import tap

SEED = int(os.environ.get("SALLYPORT_SEED", "20261123"))
FLIPS = 2000 if tap.FULL else 150


class Proof(audit_case.Case):
    def setUp(self):
        super().setUp()
        # What stands there when the gateway and its log are gone.
        self.key = shutil.copy(self.gate.folder + "/state/log.pub", self.folder + "/log.pub")

    def prove(self, sid):
        done = self.gate.run("log", "export", "--session", sid, "--proof", self.folder)
        self.assertEqual(self.folder, os.path.dirname(done["file"]))
        return done["file"]

    def test_whole(self):
        """a session among others is exported and proven alone: its own requests, nobody else's, no configuration"""
        others = [self.spawn(f"SELECT pg_sleep(0.01), 'mark_of_another {i}' FROM generate_series(1, 20)") for i in range(4)]
        sid = self.session("SELECT 'mark_of_this' AS a;\nSELECT email FROM customers;\nSELECT repeat('x', 100000);\n")
        for one in others:
            self.assertEqual(0, one.wait(timeout=180))
        file = self.prove(sid)
        said = self.alone("log", "verify", "--proof", file, "--key", self.key).stdout
        self.assertRegex(said, r"^proven  session \w+/\d+\.\d+ of agent at shop, from 127\.0\.0\.1:\d+\n")
        told = self.alone_json("log", "verify", "--proof", file, "--key", self.key)
        self.assertTrue(told["ok"] and told["ended"], told)
        self.assertEqual(("agent", "shop"), (told["identity"], told["target"]))
        lines = self.alone("log", "verify", "--proof", file, "--key", self.key, "--records").stdout.strip().split("\n")
        shown = self.gate.run("show", sid)
        self.assertEqual(shown, [json.loads(line) for line in lines])
        self.assertEqual(told["records"], len(lines))
        with open(file, "rb") as proof:
            bytes_of_proof = proof.read()
        self.assertIn(b"mark_of_this", bytes_of_proof)
        self.assertNotIn(b"mark_of_another", bytes_of_proof)
        self.assertNotIn(b"@example.com", bytes_of_proof)  # replies are recorded as they were masked

    def test_changed(self):
        """a proof with a byte changed, cut off or put in is refused, and the key of another log proves nothing"""
        file = self.prove(self.session("SELECT 'one';\nSELECT 'two';\n"))
        with open(file, "rb") as proof:
            good = proof.read()
        seeded = random.Random(SEED)
        print(f"# SALLYPORT_SEED={SEED}, {FLIPS} changes of {len(good)} bytes")

        def refused(changed, how):
            with open(self.folder + "/changed.proof", "wb") as proof:
                proof.write(changed)
            done = self.alone("log", "verify", "--open", "--proof", self.folder + "/changed.proof", "--key", self.key, ok=False)
            self.assertEqual(1, done.returncode, how)
            self.assertRegex(done.stdout, r"^NOT PROVEN  offset \d+: [a-z-]+: ", how)

        for _ in range(FLIPS):
            at, bit = seeded.randrange(len(good)), seeded.randrange(8)
            refused(good[:at] + bytes([good[at] ^ 1 << bit]) + good[at + 1:], f"bit {bit} of byte {at}")
        for size in (0, 47, len(good) // 2, len(good) - 8, len(good) - 1):
            refused(good[:size], f"cut to {size}")
        refused(good + b"\0" * 8, "zeros behind the end")
        other = audit_case.world.gateway()
        self.addCleanup(other.remove)
        done = self.alone("log", "verify", "--proof", file, "--key", other.folder + "/state/log.pub", ok=False)
        self.assertEqual(1, done.returncode)
        self.assertIn("bad-key", done.stdout)

    def test_open(self):
        """a session whose end is not in the proof is not called whole; --open takes it"""
        child = self.spawn("SELECT pg_sleep(600)")
        found = lambda: [one["sid"] for one in self.gate.run("sessions", "--live")]
        sid = process.until(found, "the session")[0]
        process.until(lambda: any("pg_sleep" in one.get("payload", "") for one in self.gate.run("show", sid)), "its request")
        file = self.prove(sid)
        done = self.alone("log", "verify", "--proof", file, "--key", self.key, ok=False)
        self.assertEqual(1, done.returncode)
        self.assertIn("the session's end is not in it", done.stdout)
        self.assertIn("its end is not in it", self.alone("log", "verify", "--open", "--proof", file, "--key", self.key).stdout)
        process.stop(child, 9)

    def test_wrong_use(self):
        """no such session, no such proof, no key: each is said"""
        done = self.gate.run("log", "export", "--session", "7.7777", "--proof", self.folder, ok=False)
        self.assertEqual((1, True), (done.returncode, "no session 7.7777" in done.stdout + done.stderr))
        done = self.alone("log", "verify", "--proof", self.folder + "/none", "--key", self.key, ok=False)
        self.assertEqual(3, done.returncode)


if __name__ == "__main__":
    tap.main()
