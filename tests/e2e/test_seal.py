"""[log] seal_to: texts and replies are the auditor's to read; facts, search and proofs work without the key."""

import json
import os
import shutil
import stat

import audit_case
import tap

TEXT = "SELECT 'words for the auditor' AS words"


class Seal(audit_case.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keys = cls.gate.folder + "/auditor"
        cls.made = cls.gate.run("log", "seal-key", "--out", cls.keys)
        cls.gate.log = (f'[log]\nring_dir = "{cls.gate.rings}/rings"\nring_size = "16 MiB"\n'
                        'seal_to = "file:auditor/auditor.pub"\n')
        cls.gate.write()
        cls.gate.stop()
        # The private half is never the gateway's.
        os.rename(cls.keys + "/auditor.key", cls.gate.folder + "/../" + os.path.basename(cls.gate.folder) + ".key")
        cls.key = cls.gate.folder + ".key"
        cls.addClassCleanup(lambda: os.path.exists(cls.key) and os.remove(cls.key))
        cls.gate.start()

    def stands(self, text):
        for name in os.listdir(self.gate.log_dir):
            with open(f"{self.gate.log_dir}/{name}", "rb") as file:
                if text in file.read():
                    return True
        return False

    def lines(self, *args):
        return [json.loads(line) for line in self.gate.run(*args, ok=False).stdout.split("\n") if line]

    def test_seal(self):
        """what was asked and answered stands nowhere; --key shows it; verify, proofs and search need none"""
        sid = self.session(TEXT)
        self.assertFalse(self.stands(b"words for the auditor"))
        shown = self.gate.run("show", sid)
        sealed = [one for one in shown if one.get("sealed")]
        self.assertGreater(len(sealed), 1)
        self.assertEqual([], [one for one in sealed if "payload" in one or "payload_hex" in one])
        opened = self.gate.run("show", sid, "--key", self.key)
        self.assertEqual([], [one for one in opened if one.get("sealed")])
        self.assertTrue(any(TEXT in one.get("payload", "") for one in opened))
        self.assertTrue(any("words for the auditor".encode().hex() in one.get("payload_hex", "") for one in opened))
        # A session of an earlier instance may have the same short name; it was erased by the test before.
        found = [one for one in self.lines("search", "--verb", "SELECT")
                 if one["sid"].endswith(sid.split("/")[-1]) and not one.get("erased")]
        self.assertTrue(found and all(one.get("sealed") and "text" not in one for one in found), found)
        found = self.lines("search", "--verb", "SELECT", "--key", self.key)
        self.assertTrue(any(TEXT in one.get("text", "") for one in found))
        replayed = self.gate.run("replay", sid, "--no-wait", "--key", self.key, ok=False).stdout
        self.assertIn("words for the auditor", replayed)
        self.assertNotIn("words for the auditor", self.gate.run("replay", sid, "--no-wait", ok=False).stdout)
        for form in ("--jsonl", "--asciicast", "--ocsf"):
            self.assertNotIn("words for the auditor", self.gate.run("log", "export", "--session", sid, form, ok=False).stdout)
        exported = self.gate.run("log", "export", "--session", sid, "--jsonl", "--key", self.key, ok=False).stdout
        self.assertIn("words for the auditor", exported)
        told = self.gate.run("log", "verify")
        self.assertTrue(told["ok"])
        self.assertGreater(told["sealed"], 1)
        pub = shutil.copy(self.gate.folder + "/state/log.pub", self.folder + "/log.pub")
        file = self.gate.run("log", "export", "--session", sid, "--proof", self.folder)["file"]
        self.assertTrue(self.alone_json("log", "verify", "--proof", file, "--key", pub)["ok"])

    def test_wrong_keys(self):
        """another key opens nothing and says so; a pair is never written over; the private key is private"""
        sid = self.session(TEXT)
        other = self.gate.run("log", "seal-key", "--out", self.folder + "/other")["private"]
        self.assertEqual(0o600, stat.S_IMODE(os.stat(other).st_mode))
        done = self.gate.run("show", sid, "--key", other, ok=False)
        self.assertIn("another key", done.stderr)
        self.assertNotIn("words for the auditor", done.stdout)
        self.assertNotEqual(0, self.gate.run("log", "seal-key", "--out", self.folder + "/other", ok=False).returncode)
        self.assertNotEqual(0, self.gate.run("show", sid, "--key", self.gate.folder + "/auditor/auditor.pub", ok=False).returncode)

    def test_erased(self):
        """what is sealed is erased like the rest"""
        self.session(TEXT)
        self.gate.stop()
        done = self.gate.run("log", "erase", "--before", "0s")
        self.assertGreater(done["records"], 1)
        told = self.gate.run("log", "verify")
        self.assertEqual((True, 0), (told["ok"], told["sealed"]), told)
        self.gate.start()


if __name__ == "__main__":
    tap.main()
