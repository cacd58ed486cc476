"""Tokens, masks of requests, and the report of what masks have hit."""

import json
import os

import tap
import world

POLICY = """
[[detector]]
name = "employee"
pattern = "EMP-[0-9]{6}"

[[mask]]
name = "tokens"
targets = ["shop"]
detect = ["email"]
action = "token"
computed = "content"
fields = ["customers.email"]
token_key = { id = "k1", secret = "env:SALLYPORT_TEST_TOKEN" }

[[mask]]
name = "staff"
targets = ["shop"]
detect = ["employee", "credit-card"]
action = "redact"

[[mask]]
name = "no-keys"
direction = "request"
targets = ["shop"]
detect = ["bearer-token"]
"""
BEARER = "Bearer abcdefgh12345678ABCDEFGH"
TOKEN = r"^tok_k1_[0-9a-hjkmnp-tv-z]{26}$"
os.environ["SALLYPORT_TEST_TOKEN"] = "a secret of this test alone"


class Masks(world.Case):
    settings = {"policy": POLICY}

    def report(self, *more):
        """What `sallyport report masks` says, by mask and detector."""
        return {(one["mask"], one["detector"]): one for one in self.gate.run("report", "masks", *more)}

    def test_tokens(self):
        """same value, same token, in a column, a text, and JSON, and never the value"""
        column = self.good_psql("SELECT email FROM customers ORDER BY id LIMIT 1")
        self.assertRegex(column, TOKEN)
        plain = self.cluster.sql("SELECT email FROM customers ORDER BY id LIMIT 1", "shop")
        self.assertEqual(column, self.good_psql(f"SELECT '{plain}'::text"))
        self.assertEqual('{"a": "' + column + '"}', self.good_psql("SELECT '{\"a\": \"" + plain + "\"}'::jsonb"))

    def test_detectors(self):
        """an unknown detector names the near ones and what lists all, which works on a config with that mistake too"""
        before = self.gate.run("check", "--detectors")
        self.assertLess({"@pii", "@secrets", "email", "iban", "employee"}, set(before))
        with open(self.gate.config) as file:
            text = file.read()
        self.addCleanup(self.gate.write)
        with open(self.gate.config, "w") as file:
            file.write(text + '[[mask]]\nname = "odd"\ntargets = ["raw"]\ndetect = ["emial"]\naction = "redact"\n')
        said = json.loads(self.gate.run("check", ok=False).stdout)["problems"]
        said = " ".join(one["text"] for one in said)
        self.assertRegex(said, r'no detector "emial" \(did you mean "email"[^?]*\?\): `sallyport check --detectors` lists the \d+')
        self.assertLess(len(said), 300)
        self.assertEqual(before, self.gate.run("check", "--detectors"))

    def test_request(self):
        """a secret in a request's text is blocked, told by its detector, and on the record without it"""
        done = self.psql(f"SELECT '{BEARER}'")
        self.assertIn('blocked by mask "no-keys": the request holds a secret (bearer-token)', done.stderr)
        self.assertEqual("1", self.good_psql("SELECT 1"))
        records = self.gate.records()
        self.assertTrue([one for one in records if "no-keys" in json.dumps(one)])
        self.assertFalse([one for one in records if BEARER[7:] in json.dumps(one)])

    def test_report(self):
        """the report names what was hit, by mask, detector and field"""
        self.good_psql("SELECT 'see EMP-123456 and EMP-654321' AS note, 'EMP-111111' AS note2")
        self.good_psql("SELECT email FROM customers ORDER BY id LIMIT 3")
        report = self.report("--since", "1h")
        employee = report["staff", "employee"]
        self.assertGreaterEqual(employee["hits"], 3)
        self.assertEqual("note", employee["fields"][0]["field"])
        named = report["tokens", ""]
        self.assertIn("public.customers.email", [one["field"] for one in named["fields"]])
        self.assertEqual({}, self.report("--since", "2100-01-01"))


if __name__ == "__main__":
    tap.main()
