"""Some four hundred tokens that no issuer would make: each is refused with the one public error and with its reason on the
record; and those that a gateway must take."""

import json
import threading

import hostile_tokens
import process
import tap
from oidc_case import Case, Server, issuer, plain, raw_login


class Hostile(Case):
    """Tokens that no issuer would make. One worker and one psql at a time: the record's order is that of the cases."""

    SERVER_KEYS = "workers = 1\nfailed_logins = 0"

    @classmethod
    def issuers(cls):
        cls.world = hostile_tokens.World()
        cls.lure = Server({"/jwks.json": {"keys": [cls.world.attacker.jwk(), cls.world.attacker_ec.jwk()]}})
        cls.addClassCleanup(cls.lure.close)
        own = {"identity": ["sub"], "email": None}
        tables = ""
        for name, keys in (("corp", cls.world.jwks()), ("other", cls.world.other.jwks()), ("parties", cls.world.parties.jwks()),
                           ("entra", cls.world.entra.jwks())):
            with open(f"{cls.folder}/{name}.json", "w") as file:
                json.dump(keys, file)
            more = {"parties": {"parties": ["agent-7", "robot-8"]}, "entra": {"preset": "entra"},
                    "other": {"audience": ["sallyport", "https://gateway.test"]}}.get(name, {})
            tables += issuer(name, getattr(cls.world, name).issuer, keys=f"file:{cls.folder}/{name}.json", **own, **more)
        return tables

    def attempt(self, case, before):
        """What is wrong with the answer to a hostile token, or None; and how many logins the record has then."""
        done = self.log_in(case.token)
        if done.returncode == 0:
            return "was let in", before + 1
        wrong = None if plain(done.stderr) == self.public_error else f"said {plain(done.stderr)!r}"
        try:
            more = process.until(lambda: self.logins()[before:], "the record", timeout=10)
        except AssertionError as none:
            return f"{wrong}; {none}", before
        reason = more[0]["reason"]
        if len(more) != 1 or more[0]["outcome"] != 0 or reason not in case.reasons:
            wrong = f"{len(more)} records, outcome {more[0]['outcome']}, reason {reason}, not {case.reasons}"
        self.reasons[reason] = self.reasons.get(reason, 0) + 1
        return wrong, before + len(more)

    def test_hostile(self):
        """each is refused with the one public error, and with its own reason on the record; no key is fetched for any"""
        self.reasons, wrong, count = {}, [], 0
        self.assertTrue(self.public_error)
        before = len(self.logins())
        for case in hostile_tokens.hostile(self.world, self.lure.address):
            count += 1
            trouble, before = self.attempt(case, before)
            if trouble:
                wrong.append(f"{case.name}: {trouble}")
        print(f"# figure: {count} hostile tokens refused; reasons: " + ", ".join(f"{key} {self.reasons[key]}" for key in sorted(self.reasons)))
        self.assertEqual([], self.lure.asked)
        self.assertEqual("", "\n".join(wrong))
        self.assertGreaterEqual(count, 60)
        self.assertEqual("in", self.taken(self.world.corp.token()))

    def test_wire(self):
        """bytes that psql would never send end the same way"""
        self.assertTrue(self.public_error)
        for name, token, reasons in hostile_tokens.on_the_wire(self.world):
            with self.subTest(name):
                before = len(self.logins())
                error = raw_login(self.gate, token)
                self.assertIsNotNone(error, "the connection ended without a word")
                if reasons:
                    self.assertEqual("28P01", error["C"])
                    self.assertIn(error["M"], self.public_error)
                    self.reason_behind(before, reasons)
        self.assertEqual("in", self.taken(self.world.corp.token()))

    def test_accepted(self):
        """and what is good is taken: every algorithm, forms that the standards leave open, clocks that differ a little"""
        wrong, count = [], 0
        for name, token in hostile_tokens.accepted(self.world):
            count += 1
            done = self.log_in(token)
            if done.returncode != 0 or done.stdout != "in\n":
                wrong.append(f"{name}: {plain(done.stderr)}; record: {self.logins()[-1]['reason']}")
        print(f"# figure: {count} good tokens accepted")
        self.assertEqual("", "\n".join(wrong))

    def test_crowd(self):
        """wrong tokens by the hundred at once: a good one gets in among them, and the gateway's memory is what it was"""
        before, bad = self.peak_mib(), [case.token for case in hostile_tokens.hostile(self.world, self.lure.address)
                                       if len(case.token) > 12_000 or case.name.startswith("texts: depth")]
        good = self.world.corp.token()
        crowd = [threading.Thread(target=lambda token=token: raw_login(self.gate, token if isinstance(token, bytes) else token.encode()))
                 for token in bad * 20]
        for one in crowd[:200]:
            one.start()
        self.assertEqual("in", self.taken(good))
        for one in crowd[:200]:
            one.join()
        self.assertLess(self.peak_mib() - before, 64)


if __name__ == "__main__":
    tap.main()
