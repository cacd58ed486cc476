"""`sallyport search`: who touched what, when, under which mask, over the log of a real gateway and of an older one."""

import json
import subprocess

import audit_case
import gateway
import process
import tap


class Search(audit_case.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gate.stop()
        cls.gate.start()  # so that there are sessions of an older instance and of this one
        cls.made = False

    def setUp(self):
        super().setUp()
        if Search.made:
            return
        self.session("SELECT email FROM customers ORDER BY id LIMIT 3;\nSELECT label FROM items;\n")
        self.session("INSERT INTO effects(what) VALUES ('searched');\n", user="robot")
        self.psql("DELETE FROM effects WHERE id = 1")
        self.session("SELECT email FROM customers ORDER BY id LIMIT 5;\n", target="raw", user="erin")
        self.session("SELECT '4111 1111 1111 1111' AS note, name FROM customers LIMIT 1;\n")
        process.until(lambda: len(self.found()) >= 6, "all of it on the record")
        Search.made = True

    def found(self, *filters):
        done = subprocess.run([gateway.BIN, "--config", self.gate.config, "--json", "search", *filters], capture_output=True,
                              text=True, timeout=180)
        self.assertEqual(0, done.returncode, done.stderr)
        return [json.loads(line) for line in done.stdout.split("\n") if line]

    def texts(self, *filters):
        return [one["text"] for one in self.found(*filters)]

    def test_who_and_where(self):
        """by identity, by target, by both, and several of one kind"""
        self.assertEqual({"robot"}, {one["identity"] for one in self.found("--identity", "robot")})
        self.assertEqual({"agent", "robot"},
                         {one["identity"] for one in self.found("--identity", "robot", "--identity", "ag*")})
        self.assertEqual({("erin", "raw")}, {(one["identity"], one["target"]) for one in self.found("--target", "raw")})
        self.assertEqual([], self.found("--target", "raw", "--identity", "robot"))

    def test_what(self):
        """by object, by verb, by fact; a name without a schema stands for any"""
        self.assertTrue(all("customers" in text for text in self.texts("--object", "customers")))
        self.assertEqual(3, len(self.found("--object", "customers")))
        self.assertEqual([("deny", "no-effects-delete")],
                         [(one["verdict"], one["rule"]) for one in self.found("--verb", "delete", "--object", "effects")])
        self.assertEqual(1, len(self.found("--verb", "INSERT")))
        self.assertEqual(3, len(self.found("--field", "relation=*customers")))
        self.assertEqual([], self.found("--object", "no_such_table"))

    def test_under_which_mask(self):
        """by masked field, by what was found, by mask; what was not masked is not found by them"""
        masked = self.found("--field", "customers.email")
        self.assertEqual([("agent", "shop", 3)], [(one["identity"], one["target"], one["rows"]) for one in masked])
        self.assertEqual("pii", masked[0]["hits"][0]["mask"])
        self.assertEqual(["SELECT"], [one["verbs"][0] for one in self.found("--entity", "credit-card")])
        self.assertEqual(len(self.found("--mask", "pii")), len([one for one in self.found() if one["hits"]]))
        self.assertEqual([], self.found("--entity", "iban"))

    def test_when(self):
        """since and until cut, the limit takes the newest, wrong times are told"""
        everything = self.found("--limit", "0")
        self.assertEqual(everything, self.found("--since", "2h"))
        self.assertEqual([], self.found("--until", "2h"))
        self.assertEqual(everything[-2:], self.found("--limit", "2"))
        done = self.gate.run("search", "--since", "yesterday", ok=False)
        self.assertEqual((2, True), (done.returncode, "--since" in done.stdout + done.stderr))

    def test_table(self):
        """people get a table, and are told what it leaves out"""
        done = subprocess.run([gateway.BIN, "--config", self.gate.config, "search", "--limit", "1", "--object", "customers"],
                              capture_output=True, text=True, timeout=180)
        self.assertRegex(done.stdout, r"^WHEN +SID +WHO +TARGET +DID +OBJECTS +VERDICT +ROWS +MASKED\n")
        self.assertIn("2 earlier ones are not shown", done.stdout)
        self.assertIn("credit-card", done.stdout)
        none = subprocess.run([gateway.BIN, "--config", self.gate.config, "search", "--object", "none"], capture_output=True,
                              text=True, timeout=180)
        self.assertEqual("nothing in the log fits\n", none.stdout)


if __name__ == "__main__":
    tap.main()
