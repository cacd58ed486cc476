"""Masks that name fields and look at no content: what the host is asked first must not hide them."""

import json

import gateway
import tap
import world

NAMED = """
[[mask]]
name = "named"
targets = ["shop"]
fields = ["customers.email"]
action = "redact"
computed = "content"
"""


class FieldsOnly(world.Case):
    settings = {"policy": NAMED}

    def test_named_field(self):
        """a mask by field names alone, with computed = "content", masks that field and nothing else"""
        out = self.good_psql("SELECT email, name FROM customers ORDER BY id LIMIT 2")
        self.assertEqual("[masked]|name 1\n[masked]|name 2", out)


class Reloaded(world.Case):
    settings = {"policy": NAMED.replace('computed = "content"', 'computed = "content"\nexcept = ["dba"]')}

    def change(self, *pairs):
        """Replaces text of the config, and reloads it."""
        with open(self.gate.config) as file:
            text = file.read()
        for old, new in pairs:
            self.assertIn(old, text)
            text = text.replace(old, new, 1)
        with open(self.gate.config, "w") as file:
            file.write(text)
        self.gate.run("reload")

    def setUp(self):
        self.gate.write()
        self.gate.run("reload")

    def test_targets_move(self):
        """a reload that puts another target before its own leaves an open session under its own target's masks"""
        conn = self.connect(user="agent")
        sql = "SELECT email FROM customers WHERE id = 1"
        self.assertEqual(("[masked]",), conn.execute(sql).fetchone())
        self.change(("[[target]]", gateway.target("aaa", self.cluster.port) + "[[target]]"))
        self.assertEqual(("[masked]",), conn.execute(sql).fetchone())
        self.assertEqual(("[masked]",), self.connect(user="agent").execute(sql).fetchone())

    def test_groups_change(self):
        """who is taken out of a group that saw the truth sees masked values from the next request on"""
        conn = self.connect(user="dana")
        sql = "SELECT email FROM customers WHERE id = 1"
        self.assertIn("@", conn.execute(sql).fetchone()[0])
        self.change((f"groups = {json.dumps(gateway.GROUPS['dana'])}", 'groups = ["agents"]'))
        self.assertEqual(("[masked]",), conn.execute(sql).fetchone())


if __name__ == "__main__":
    tap.main()
