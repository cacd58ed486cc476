"""docs/PROVIDERS.md: each table that it shows is one that the gateway takes, and no preset is without one."""

import json
import os
import re
import types
import unittest

import gateway
import tap

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "PROVIDERS.md")


def blocks():
    with open(PAGE, encoding="utf-8") as file:
        return re.findall(r"^```toml\n(.*?)^```", file.read(), re.S | re.M)


def value_of(block, key):
    found = re.search(rf'^{key}\s*= "([^"]*)"', block, re.M)
    return found[1] if found else None


class Providers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Nothing is connected to: `check` reads alone.
        cls.gate = gateway.Gateway(types.SimpleNamespace(port=5432))
        cls.addClassCleanup(cls.gate.remove)

    def problems(self, block):
        """What `sallyport check` says of a config with this block."""
        for name in re.findall(r'"file:([\w.-]+)"', block):
            with open(f"{self.gate.folder}/{name}", "w") as file:
                file.write('{"keys":[]}')
        self.gate.write(extra=block)
        done = self.gate.run("check", ok=False)
        self.assertIn(done.returncode, (0, 1), done.stdout + done.stderr)
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode == 0, json.loads(done.stdout)["ok"], said)
        return said if done.returncode else ""

    def test_good(self):
        """each table of the page is taken as it stands, and all of them in one config"""
        for block in blocks():
            with self.subTest(value_of(block, "preset")):
                self.assertEqual(1, block.count("[[oidc]]"))
                self.assertEqual("", self.problems(block))
        self.assertEqual("", self.problems("\n".join(blocks())))

    def test_all(self):
        """the page has one table for each preset that the program says it knows"""
        said = self.problems('[[oidc]]\nname = "x"\naudience = "x"\nissuer = "https://x.test"\npreset = "nonsense"\n')
        known = re.findall(r'\\?"([a-z-]+)\\?"', said.partition("write")[2].partition("\n")[0])
        self.assertGreaterEqual(len(known), 8, said)
        self.assertCountEqual(known, [value_of(block, "preset") for block in blocks()], said)

    def test_misspelt(self):
        """each key of each table, misspelt, is a problem that names it"""
        count = 0
        for block in blocks():
            # All of a table's at once: `check` names every problem.
            said = self.problems(re.sub(r"^(\w+)(?=\s*=)", r"\1_x", block, flags=re.M))
            for key in re.findall(r"^(\w+)\s*=", block, re.M):
                with self.subTest(f"{value_of(block, 'preset')}: {key}"):
                    self.assertIn(f"{key}_x", said)
                count += 1
        self.assertGreater(count, 30)
        print(f"# figure: {count} misspelt keys found")


if __name__ == "__main__":
    tap.main()
