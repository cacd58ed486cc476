"""The log's root key and its rotation: whoever holds the old key or the new one verifies the log of a real gateway."""

import os
import shutil

import audit_case
import gateway
import tap


class Key(audit_case.Case):
    def held(self, name):
        return shutil.copy(self.gate.folder + "/state/log.pub", f"{self.folder}/{name}")

    def test_rotate(self):
        """the old key signs the new one: both verify all of it, before and after; a third verifies nothing"""
        sid = self.session("SELECT 'before the rotation'")
        old = self.held("old.pub")
        before = self.gate.run("log", "key")
        self.assertEqual([], before["past"])
        self.assertRegex(before["fingerprint"], r"^([0-9a-f]{2}:){31}[0-9a-f]{2}$")
        done = self.gate.run("log", "key", "--rotate", ok=False)
        self.assertEqual((1, True), (done.returncode, "a gateway runs" in done.stdout + done.stderr))
        self.gate.stop()
        now = self.gate.run("log", "key", "--rotate")
        self.assertEqual([before["key"]], [one["key"] for one in now["past"]])
        self.assertNotEqual(before["key"], now["key"])
        new = self.held("new.pub")
        self.gate.start()
        self.session("SELECT 'after the rotation'")
        self.gate.stop()
        for key in (old, new):
            told = self.alone_json("log", "verify", self.gate.log_dir, "--key", key)
            self.assertEqual((True, 1), (told["ok"], told["rotations"]), told)
        self.gate.start()
        name = next(one["sid"] for one in self.gate.run("sessions") if one["sid"].endswith(sid.split("/")[-1]))
        file = self.gate.run("log", "export", "--session", name, "--proof", self.folder)["file"]
        for key in (old, new):
            self.assertTrue(self.alone_json("log", "verify", "--proof", file, "--key", key)["ok"])
        self.changed(old, new)

    def changed(self, *keys):
        """A rotation with a byte changed, or taken away, is a fault."""
        copy = shutil.copytree(self.gate.log_dir, self.folder + "/copy")
        with open(copy + "/rotations", "r+b") as file:
            line = bytearray(file.read())
            line[200] = ord("0") if line[200] != ord("0") else ord("1")
            file.seek(0)
            file.write(line)
        for key in keys:
            self.assertEqual("bad-key", self.alone_json("log", "verify", copy, "--key", key)["fault"]["kind"])
        os.unlink(copy + "/rotations")
        for key in keys:
            self.assertEqual("bad-key", self.alone_json("log", "verify", copy, "--key", key)["fault"]["kind"])


if __name__ == "__main__":
    tap.main()
