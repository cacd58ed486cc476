"""Masks that name fields and look at no content: what the host is asked first must not hide them."""

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


if __name__ == "__main__":
    tap.main()
