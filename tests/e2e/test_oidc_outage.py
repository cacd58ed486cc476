"""Issuers' keys: how a gateway gets them, new ones and changed ones, and what it does while their provider is away, hangs
or talks nonsense."""

import json
import os
import socket
import time

import oidc_case
import oidc_provider
import pki
import process
import tap
import tokens
from oidc_case import LOGIN_SECONDS_MAX, Case, Server, issuer, plain

REFETCH_SECONDS = 45  # for a key that nobody knows the gateway asks each 30 s at most


class Rotation(Case):
    """New keys at the provider, each case before a gateway that has asked for them once."""

    def setUp(self):
        self.provider = oidc_case.provider()
        self.fresh(issuer("corp", self.provider.issuer))
        self.old = self.provider.token()
        self.assertEqual("in", self.taken(self.old))
        self.assertEqual({"discovery": 1, "jwks": 1}, self.fetches())

    def fetches(self):
        return {key: count for key, count in self.provider.counts().items() if key in ("discovery", "jwks")}

    def soon_taken(self, token):
        process.until(lambda: self.log_in(token).returncode == 0, "a login with the new key", timeout=REFETCH_SECONDS, pause=1)

    def test_removed(self):
        """a key nobody knows yet is fetched, once; what the removed one signed is refused from then on"""
        self.provider.rotate()
        self.soon_taken(self.provider.token())
        self.assertEqual(2, self.fetches()["jwks"])
        self.refused(self.old, "token-key-unknown")
        for alg in ("ES256", "EdDSA"):
            self.assertEqual("in", self.taken(self.provider.token(alg=alg)))

    def test_kept(self):
        """tokens of both keys while the old one stays published"""
        self.provider.rotate(keep=True)
        self.soon_taken(self.provider.token())
        self.assertEqual("in", self.taken(self.old))
        self.assertEqual(2, self.fetches()["jwks"])

    def test_burst(self):
        """sixty keys that nobody has cost one fetch; who has a good one logs in meanwhile"""
        attacker = tokens.Issuer(self.provider.issuer, [tokens.Key.ec("x")])
        for _ in range(6):
            some = [self.starts(attacker.token(header={"kid": os.urandom(6).hex()})) for _ in range(10)]
            self.assertEqual("in", self.taken(self.old))
            for child in some:
                self.assertEqual(self.public_error, plain(child.communicate(timeout=60)[1]))
        refused = [one["reason"] for one in self.logins() if one["outcome"] == 0 and one["reason"] != "wrong-proof"]
        self.assertEqual(["token-key-unknown"] * 60, refused)
        self.assertLessEqual(self.fetches()["jwks"], 2)
        print(f"# figure: {self.fetches()['jwks'] - 1} fetches for 60 unknown keys")


class Outage(Case):
    """A provider that is away or out of order, each case before a gateway of its own."""

    def setUp(self):
        self.provider = oidc_case.provider()
        self.twin = tokens.Issuer("https://twin.test", [tokens.Key.ec("t")])

    def start(self, **more):
        """A gateway that knows the provider, and an issuer that needs no fetch."""
        twin = issuer("twin", self.twin.issuer, keys=self.file("twin.json", self.twin.jwks()))
        self.fresh(issuer("corp", self.provider.issuer, **more) + twin)

    def others_log_in(self):
        """A local user and the other issuer's are served, and soon."""
        began = time.monotonic()
        self.assertEqual("in", self.good_psql("SELECT 'in'"))
        self.assertEqual("in", self.taken(self.twin.token()))
        self.assertLess(time.monotonic() - began, 8)

    def unreachable(self, token=None):
        """A login that ends with the public error, in time."""
        began = time.monotonic()
        self.refused(token or self.provider.token(), "issuer-unreachable")
        self.assertLess(time.monotonic() - began, LOGIN_SECONDS_MAX)

    def heals(self):
        """In order again, the provider's tokens are good again, without anybody's help."""
        self.provider.reset()
        token = self.provider.token()
        process.until(lambda: self.log_in(token).returncode == 0, "a login after the outage", timeout=REFETCH_SECONDS, pause=1)

    def test_cached(self):
        """keys that are at hand serve while the provider is away, refuses, or answers nonsense"""
        self.start()
        some = [self.provider.token(alg=alg) for alg in ("RS256", "ES256")]
        self.assertEqual("in", self.taken(some[0]))
        for fault in ({"kind": "hang"}, {"kind": "status", "status": 503}, {"kind": "text", "text": '{"keys":[]}'}, {"kind": "drop"}):
            for place in ("discovery", "jwks"):
                self.provider.fault(place, **fault)
            for token in some:
                self.assertEqual("in", self.taken(token))
        self.provider.stop()
        for token in some:
            self.assertEqual("in", self.taken(token))
        self.refused(tokens.Issuer(self.provider.issuer, [tokens.Key.ec("x")]).token(), "token-key-unknown", "issuer-unreachable")
        for token in some:  # a fetch that failed has taken nothing away
            self.assertEqual("in", self.taken(token))

    def test_cold(self):
        """a gateway starts without its provider, says so to nobody but the record, and finds it later"""
        token = self.provider.token()
        self.provider.stop()
        self.start()
        self.unreachable(token)
        self.others_log_in()
        self.provider.start()
        self.heals()

    def test_hang(self):
        """a provider that never answers: others log in meanwhile; who waits for it is refused in time"""
        for place in ("discovery", "jwks"):
            with self.subTest(place):
                self.provider.reset()
                token = self.provider.token()
                self.provider.fault(place, "hang")
                self.start()
                self.assertTrue(self.public_error)
                before, began = len(self.logins()), time.monotonic()
                hung = [self.starts(token) for _ in range(20)]
                process.until(lambda: self.provider.open(place), "the gateway's question")
                self.others_log_in()
                self.assertTrue(all(child.poll() is None for child in hung))
                for child in hung:
                    self.assertEqual(self.public_error, plain(child.communicate(timeout=LOGIN_SECONDS_MAX)[1]))
                self.assertLess(time.monotonic() - began, LOGIN_SECONDS_MAX)
                self.assertLessEqual(self.provider.counts()[place], 4, "one question for all of them")
                found = lambda: [one["reason"] for one in self.logins()[before:] if one["outcome"] == 0]
                process.until(lambda: len(found()) >= 20, "the records")
                self.assertEqual({"issuer-unreachable"}, set(found()))
                self.heals()

    def test_holes(self):
        """many providers that never answer: who has another one, or keys in a file, is served all the same"""
        holes = [socket.create_server(("127.0.0.1", 0)) for _ in range(12)]
        for hole in holes:
            self.addCleanup(hole.close)
        addresses = [f"http://127.0.0.1:{hole.getsockname()[1]}" for hole in holes]
        tables = "".join(issuer(f"hole-{i}", address) for i, address in enumerate(addresses))
        self.fresh(tables + issuer("corp", self.provider.issuer)
                   + issuer("twin", self.twin.issuer, keys=self.file("twin.json", self.twin.jwks())))
        hung = [self.starts(tokens.Issuer(address, self.twin.keys).token()) for address in addresses]
        time.sleep(1)  # their questions are on their way, or wait for their turn
        began = time.monotonic()
        self.others_log_in()
        self.assertEqual("in", self.taken(self.provider.token()))
        self.assertLess(time.monotonic() - began, 8)
        for child in hung:
            child.kill()

    def test_gone(self):
        """callers who leave while the provider hangs leave nothing behind; a reload in the meantime loses nobody"""
        token = self.provider.token()
        self.provider.fault("jwks", "hang")
        self.start()
        hung = [self.starts(token) for _ in range(30)]
        process.until(lambda: self.provider.open("jwks"), "the gateway's question")
        self.gate.run("reload")
        for child in hung[:20]:
            child.kill()
        began = time.monotonic()
        for child in hung[20:]:
            self.assertEqual(2, child.wait(LOGIN_SECONDS_MAX))
        self.assertLess(time.monotonic() - began, LOGIN_SECONDS_MAX)
        self.heals()
        process.until(lambda: self.gate.run("status")["sessions"] == 0, "the end of all sessions")

    def test_withdrawn(self):
        """who waits for an issuer that a reload takes away is refused at once"""
        token = self.provider.token()
        self.provider.fault("discovery", "hang")
        self.start()
        self.assertTrue(self.public_error)
        before, child, began = len(self.logins()), self.starts(token), time.monotonic()
        process.until(lambda: self.provider.open("discovery"), "the gateway's question")
        self.gate.targets = issuer("twin", self.twin.issuer, keys=self.file("twin.json", self.twin.jwks()))
        self.gate.write()
        self.gate.run("reload")
        self.assertEqual(self.public_error, plain(child.communicate(timeout=LOGIN_SECONDS_MAX)[1]))
        self.assertLess(time.monotonic() - began, 8)
        self.reason_behind(before, ("token-issuer-unknown",))

    def test_slow(self):
        """an answer that drips for ever has the same deadline as none"""
        self.start()
        token = self.provider.token()
        self.provider.fault("jwks", "slow", pause_ms=200)
        self.unreachable(token)
        self.heals()

    def test_late(self):
        """an answer that is late, and yet in time"""
        self.start()
        self.provider.fault("jwks", "delay", pause_ms=3000)
        self.assertEqual("in", self.taken(self.provider.token()))

    def test_oversize(self):
        """documents of many MB, and such that never end: refused, and nothing of them is kept"""
        for place in ("discovery", "jwks"):
            for fault in ({"kind": "big", "size": 64 << 20}, {"kind": "endless"}):
                with self.subTest(f"{place} {fault['kind']}"):
                    self.provider.reset()
                    token = self.provider.token()
                    self.start()
                    self.others_log_in()
                    before = self.peak_mib()
                    self.provider.fault(place, **fault)
                    self.unreachable(token)
                    self.assertLess(self.peak_mib() - before, 16)

    def test_nonsense(self):
        """answers that are no key set: errors, pages, broken JSON, doubled names, keys for nothing"""
        deep = '{"keys":' + "[" * 50_000 + "]" * 50_000 + "}"
        key = json.dumps(tokens.Key.ec("k").jwk())
        for fault in ({"kind": "status", "status": 500}, {"kind": "status", "status": 404}, {"kind": "drop"}, {"kind": "text", "text": ""},
                      {"kind": "text", "text": "<html>", "type": "text/html"}, {"kind": "text", "text": '{"keys":'},
                      {"kind": "text", "text": "[]"},
                      {"kind": "text", "text": '{"keys":{}}'}, {"kind": "text", "text": '{"keys":[]}'},
                      {"kind": "text", "text": '{"keys":[7,null,"x",[],{}]}'},
                      {"kind": "text", "text": '{"keys":[{"kty":"RSA","n":"","e":""},{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}'},
                      {"kind": "text", "text": '{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}'}, {"kind": "text", "text": deep},
                      {"kind": "text", "text": f'{{"keys":[],"keys":[{key}]}}'}, {"kind": "status", "status": 204}):
            with self.subTest(json.dumps(fault)[:70]):
                self.provider.reset()
                token = self.provider.token()
                self.provider.fault("jwks", **fault)
                self.start()
                self.unreachable(token)

    def test_discovery(self):
        """a discovery document that is another issuer's, or leads to keys that nobody should read"""
        attacker = tokens.Issuer(self.provider.issuer, [tokens.Key.ec("a")])
        lure = Server({"/jwks.json": attacker.jwks()})
        self.addCleanup(lure.close)
        path = self.file("attacker.json", attacker.jwks())
        own = self.provider.issuer
        for change in ({"issuer": "https://evil.test"}, {"issuer": own + "/"}, {"issuer": own.upper()}, {"issuer": None}, {"issuer": [own]},
                       {"issuer": ""}, {"jwks_uri": None}, {"jwks_uri": 7}, {"jwks_uri": "file://" + path[5:]}, {"jwks_uri": "/jwks"},
                       {"jwks_uri": "ftp://127.0.0.1/jwks"}, {"jwks_uri": "gopher://127.0.0.1:70/_jwks"}, {"jwks_uri": "data:application/json,{}"},
                       {"issuer": lure.address, "jwks_uri": lure.address + "/jwks.json"},
                       # To whom does this lead? What stands before the @ is nobody's address.
                       {"jwks_uri": "http://127.0.0.1:80@" + lure.address[7:].replace("127.0.0.1", "localhost") + "/jwks.json"},
                       {"jwks_uri": lure.address.replace("127.0.0.1", "localhost") + "/jwks.json"}):
            with self.subTest(str(change)):
                self.provider.reset()
                token = self.provider.token()
                self.provider.fault("discovery", "merge", **{"with": change})
                self.start()
                self.unreachable(token)
                self.refused(attacker.token())
                self.assertEqual([], lure.asked)

    def test_redirect(self):
        """redirects are not followed, wherever they lead"""
        attacker = tokens.Issuer(self.provider.issuer, [tokens.Key.ec("a")])
        lure = Server({"/jwks.json": attacker.jwks()})
        self.addCleanup(lure.close)
        lure.pages["/.well-known/openid-configuration"] = {"issuer": self.provider.issuer, "jwks_uri": lure.address + "/jwks.json"}
        for place, path in (("discovery", "/.well-known/openid-configuration"), ("jwks", "/jwks.json")):
            for status in (301, 302, 303, 307, 308):
                with self.subTest(f"{place} {status}"):
                    self.provider.reset()
                    token = self.provider.token()
                    self.provider.fault(place, "redirect", to=lure.address + path, status=status)
                    self.start()
                    self.unreachable(token)
                    self.refused(attacker.token())
                    self.assertEqual([], lure.asked)


class Https(Case):
    """Keys over TLS: from a provider with a private CA, and from a plain web server."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in ("good", "other"):
            os.makedirs(f"{cls.folder}/{name}")
            pki.make_ca(f"{cls.folder}/{name}", "ca")
            pki.make_certificate(f"{cls.folder}/{name}", "ca", "server")
        cls.ca, cls.other_ca = (f"{cls.folder}/{name}/ca.crt" for name in ("good", "other"))

    def test_provider(self):
        """discovery and keys under `ca`; another CA, or the system's alone, does not do"""
        provider = oidc_provider.Provider(folder=self.folder + "/good", ca=self.ca)
        self.addCleanup(provider.remove)
        self.fresh(issuer("corp", provider.issuer, ca="file:" + self.ca))
        self.assertEqual("in", self.taken(provider.token()))
        for more in ({"ca": "file:" + self.other_ca}, {}):
            self.fresh(issuer("corp", provider.issuer, **more))
            self.refused(provider.token(), "issuer-unreachable")

    def test_keys(self):
        """`keys` as an https address: no discovery, any issuer; `keys` as a file; a key set that changes on disk"""
        made = tokens.Issuer("https://idp.test", [tokens.Key.rsa("r"), tokens.Key.ed25519("e")])
        server = Server({"/jwks.json": made.jwks()}, self.folder + "/good/server.crt", self.folder + "/good/server.key")
        self.addCleanup(server.close)
        self.fresh(issuer("corp", made.issuer, keys=server.address + "/jwks.json", ca="file:" + self.ca))
        self.assertEqual("in", self.taken(made.token()))
        self.assertEqual("in", self.taken(made.token(key=made.keys[1])))
        self.assertEqual(["/jwks.json"], server.asked)
        # Some issuers' names have a path, some end with a slash; the document's address is theirs with one slash between.
        plain_server = Server()
        self.addCleanup(plain_server.close)
        for path in ("/realms/acme", "/", "/tenant/"):
            named = tokens.Issuer(plain_server.address + path, made.keys)
            plain_server.pages[path.rstrip("/") + "/.well-known/openid-configuration"] = {"issuer": named.issuer,
                                                                                         "jwks_uri": plain_server.address + "/keys"}
            plain_server.pages["/keys"] = made.jwks()
            self.fresh(issuer("corp", named.issuer))
            self.assertEqual("in", self.taken(named.token()))
        self.fresh(issuer("corp", made.issuer, keys=self.file("keys.json", made.jwks())))
        self.assertEqual("in", self.taken(made.token()))
        newer = tokens.Issuer(made.issuer, [tokens.Key.ec("n")])
        self.file("keys.json", newer.jwks())
        process.until(lambda: self.log_in(newer.token()).returncode == 0, "the changed file", timeout=REFETCH_SECONDS, pause=1)
        self.refused(made.token(), "token-key-unknown")


if __name__ == "__main__":
    tap.main()
