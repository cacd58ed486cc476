"""Retention: the payloads of what is old are erased, headers and proofs stay, the log verifies."""

import json
import os
import shutil
import subprocess
import time

import audit_case
import gateway
import tap


class Erase(audit_case.Case):
    settings = {"log": ""}

    def bytes_of_log(self):
        found = b""
        for name in sorted(os.listdir(self.gate.log_dir)):
            with open(f"{self.gate.log_dir}/{name}", "rb") as file:
                found += file.read()
        return found

    def test_erase(self):
        """texts and replies from before a moment are gone from the files; verify, show, search and proofs say so"""
        sid = self.session("SELECT 'words to be erased';\nSELECT repeat('reply to be erased ', 3);\n")
        key = shutil.copy(self.gate.folder + "/state/log.pub", self.folder + "/log.pub")
        self.gate.stop()
        time.sleep(1.1)  # the command's times are whole seconds
        before = time.strftime("%Y-%m-%d %H:%M:%S")
        self.gate.start()
        self.session("SELECT 'words to be kept'")
        self.assertIn(b"words to be erased", self.bytes_of_log())
        dry = self.gate.run("log", "erase", "--before", before, "--dry-run")
        self.assertIn(b"words to be erased", self.bytes_of_log())
        done = self.gate.run("log", "erase", "--before", before)
        self.assertEqual(dry, done)
        self.assertGreater(done["records"], 3)
        left = self.bytes_of_log()
        self.assertNotIn(b"words to be erased", left)
        self.assertNotIn(b"reply to be erased", left)
        self.assertIn(b"words to be kept", left)
        self.good_psql("SELECT 'the gateway goes on'")
        told = self.alone_json("log", "verify", self.gate.log_dir, "--key", key)
        self.assertEqual((True, done["records"]), (told["ok"], told["erased"]), told)
        name = next(one["sid"] for one in self.gate.run("sessions") if one["sid"].endswith(sid.split("/")[-1]))
        records = self.gate.run("show", name)
        self.assertTrue(any(one.get("erased") for one in records))
        self.assertEqual([], [one for one in records if one.get("erased") and ("payload" in one or "payload_hex" in one)])
        file = self.gate.run("log", "export", "--session", name, "--proof", self.folder)["file"]
        proven = self.alone_json("log", "verify", "--proof", file, "--key", key)
        self.assertEqual((True, True), (proven["ok"], proven["erased"] > 0), proven)
        replayed = subprocess.run([gateway.BIN, "--config", self.gate.config, "replay", name, "--no-wait"],
                                  capture_output=True, text=True, timeout=180)
        self.assertIn("(erased)", replayed.stdout)
        self.gate.stop()
        self.gate.start()
        self.assertTrue(self.gate.verify()["whole"])
        self.restored(key)

    def restored(self, key):
        """A payload that is written again where one was erased is a fault."""
        copy = shutil.copytree(self.gate.log_dir, self.folder + "/copy")
        name = sorted(name for name in os.listdir(copy) if name.endswith(".splog"))[0]
        with open(f"{copy}/{name}", "r+b") as file:
            text = file.read()
            at = text.index(b"\0" * 24, 2000)
            file.seek(at + 8)
            file.write(b"words")
        told = self.alone_json("log", "verify", copy, "--key", key)
        self.assertFalse(told["ok"], told)

    def test_wrong_use(self):
        """no time, a wrong one: said, and nothing erased"""
        for more in ([], ["--before", "some day"]):
            self.assertEqual(2, self.gate.run("log", "erase", *more, ok=False).returncode)


if __name__ == "__main__":
    tap.main()
