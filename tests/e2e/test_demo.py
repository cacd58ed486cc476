"""The demo proves its steps, and fails where what it proves is taken away: its mask, its rule."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

import tap

BIN = os.environ["SALLYPORT_BIN"]


def demo(folder=None, *more):
    command = [BIN, "demo", "--once", *more] + (["--dir", folder] if folder else [])
    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
    return run.returncode, run.stdout + run.stderr


class Demo(unittest.TestCase):
    def setUp(self):
        # User postgres, whose cluster lives there, must be able to pass through.
        self.folder = tempfile.mkdtemp(prefix="sallyport-e2e-demo-")
        os.chmod(self.folder, 0o755)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def without(self, table, name):
        """Runs the demo once whole, then again with one table cut from its config."""
        code, text = demo(self.folder)
        self.assertEqual(0, code, text)
        path = os.path.join(self.folder, "sallyport.toml")
        before = open(path, encoding="utf-8").read()
        after = re.sub(r"\[\[%s\]\]\nname += \"%s\"\n(?:[^\[\n].*\n|\n(?!\[))*" % (table, name), "", before)
        self.assertNotEqual(before, after, before)
        with open(path, "w", encoding="utf-8") as file:
            file.write(after)
        return demo(self.folder)

    def test_once(self):
        """every step of `sallyport demo --once` is proven"""
        code, text = demo()
        self.assertEqual(0, code, text)
        self.assertIn("steps proven", text)
        # What it shows may be pasted: no shell puts its process's number in.
        self.assertIn("'DO $$ BEGIN DELETE FROM customers; END $$'", text)

    def test_without_mask(self):
        """without its mask the demo fails"""
        code, text = self.without("mask", "[^\"]*")
        self.assertNotEqual(0, code, text)
        self.assertIn("NOT PROVEN", text)

    def test_without_rule(self):
        """without its destructive rule the demo fails"""
        code, text = self.without("rule", "destructive[^\"]*")
        self.assertNotEqual(0, code, text)
        self.assertIn("NOT PROVEN", text)


    def test_oidc(self):
        """every step of `sallyport demo --oidc --once` is proven, from a job's token to the role's end"""
        code, text = demo(None, "--oidc")
        self.assertEqual(0, code, text)
        self.assertIn("all 8 steps proven", text)
        for word in ("ci:repo:acme/shop:ref:refs/heads/main", "people:dora@example.com", "people:paula@example.com", "destructive-sql"):
            self.assertIn(word, text)

    def test_oidc_without_delegation(self):
        """a job that may not speak for a person does not get in, and the demo says so"""
        code, text = demo(self.folder, "--oidc")
        self.assertEqual(0, code, text)
        path = os.path.join(self.folder, "sallyport.toml")
        before = open(path, encoding="utf-8").read()
        after = before.replace('for        = ["people:*@example.com"]', 'for        = ["people:*@example.org"]')
        self.assertNotEqual(before, after)
        with open(path, "w", encoding="utf-8") as file:
            file.write(after)
        code, text = demo(self.folder, "--oidc")
        self.assertNotEqual(0, code, text)
        self.assertIn("NOT PROVEN", text)


class Init(unittest.TestCase):
    def test_plugin_dir(self):
        """init takes the plugins' folder, and says what is wrong with it"""
        folder = tempfile.mkdtemp(prefix="sallyport-init-")
        self.addCleanup(shutil.rmtree, folder)
        init = [BIN, "init", "--dir", folder + "/gate", "--target-address", "127.0.0.1:5432", "--target-database", "shop",
                "--target-user", "app", "--plugin-dir"]
        env = os.environ | {"SALLYPORT_TARGET_PASSWORD": "word"}
        done = subprocess.run(init + [folder], capture_output=True, text=True, env=env)
        self.assertIn(f"no postgresql.so in {folder}", done.stderr)
        self.assertEqual(1, done.returncode)
        plugins = os.path.realpath(os.environ["SALLYPORT_PLUGINS"])
        done = subprocess.run(init + [plugins], capture_output=True, text=True, env=env)
        self.assertEqual(0, done.returncode, done.stderr)
        with open(folder + "/gate/sallyport.toml", encoding="utf-8") as file:
            self.assertIn(f'plugin_dir = "{plugins}"', file.read())


if __name__ == "__main__":
    tap.main()
