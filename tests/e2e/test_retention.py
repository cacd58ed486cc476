"""[log] payload_retention: the running gateway erases by itself what has grown old; the log verifies throughout."""

import os
import signal

import audit_case
import gateway
import process
import tap

AGE = "3s"


class Retention(audit_case.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gate.log = (f'[log]\nring_dir = "{cls.gate.rings}/rings"\nring_size = "16 MiB"\n'
                        f'payload_retention = "{AGE}"\n')
        cls.gate.write()
        cls.gate.stop()
        cls.gate.start()

    def stands(self, text):
        """Whether the log's files hold it, in whatever state an erasure is under way."""
        for name in os.listdir(self.gate.log_dir):
            try:
                with open(f"{self.gate.log_dir}/{name}", "rb") as file:
                    if text in file.read():
                        return True
            except FileNotFoundError:  # it was replaced meanwhile
                pass
        return False

    def whole(self):
        told = self.gate.run("log", "verify", ok=False)
        self.assertEqual(0, told.returncode, told.stdout + told.stderr)

    def test_erased(self):
        """texts and replies go, of the segment that is written too; facts, proofs and the gateway's own records stay"""
        self.good_psql("SELECT 'words that grow old';\nSELECT repeat('reply that grows old ', 3);\n")
        self.assertTrue(self.stands(b"words that grow old"))
        process.until(lambda: not self.stands(b"words that grow old") and not self.stands(b"reply that grows old"), "the erasure")
        self.whole()
        kept = lambda: self.gate.run("status")["log"]["retention"]
        process.until(lambda: kept()["erased"] > 2, "the count of it")
        self.assertFalse(kept()["failing"])
        erased = lambda: [one for one in self.gate.records("Admin") if one["act"] == "erase" and one["who"] == "gateway"]
        process.until(erased, "a record of the erasure")
        self.assertRegex(erased()[0]["detail"], r"\A\d+ payloads, \d+ bytes in \d+ segments, from before \d{4}-")
        self.assertTrue(any(one["kind"] == "Request" for one in self.gate.records()))
        self.assertTrue(any(one["kind"] == "Policy" and "no-effects-delete" in one["payload"] for one in self.gate.records()))
        self.assertIn("gone on", self.good_psql("SELECT 'gone ' || 'on'", "-tA"))

    def test_killed(self):
        """killed at any point of it, the log verifies, and the next start goes on"""
        for round_ in range(20 if os.environ.get("SALLYPORT_FULL") else 5):
            text = f"words of round {round_}"
            self.good_psql(f"SELECT '{text}';\n" * 20)
            process.until(lambda: not self.stands(text.encode()) or self.gate.run("status")["log"]["retention"]["waiting"] > 0,
                          "an erasure under way")
            self.gate.stop(signal.SIGKILL)
            self.whole()
            self.gate.start()
            process.until(lambda: not self.stands(text.encode()), "the erasure")
            self.whole()


if __name__ == "__main__":
    tap.main()
