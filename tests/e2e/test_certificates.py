"""Client certificates as the proof at listeners whose protocol is judged: psql's sslcert and sslkey, whom they name, and
what no certificate does."""

import re
import shutil
import tempfile
import unittest

import process
import tap
import world
from gateway import SECRETS

try:
    import certificates
    from certificates import DAY, SERVER, Issuer, alternatives, email, raw_uri, uri
except ImportError:
    certificates = None

SPIFFE = "spiffe://example.org/agents/seven"
LISTENER = """
[[listener]]
protocol = "postgresql"
address = "127.0.0.1:%d"
%s
tls = { certificate = "file:tls/server.crt", key = "file:tls/server.key", client_ca = "file:%s/people.pem", %s }
"""
USERS = """
[[user]]
name = "ann"
groups = ["agents"]
certificate = "ann@example.com"
[[user]]
name = "nul"
groups = ["agents"]
certificate = "spiffe://example.org/a"
"""
GROUPS = 'client_groups = { "spiffe://example.org/agents/*" = ["agents"], "*@dba.example.com" = ["dba"] }'


@unittest.skipUnless(certificates, "python3-cryptography is not installed")
class Case(world.Case):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="sallyport-e2e-certificates-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.people, cls.others = Issuer("people"), Issuer("people")  # the same name, another key
        cls.crl = cls.people.revoke(cls.folder + "/people.crl", [4711])
        with open(cls.folder + "/people.pem", "wb") as file:
            file.write(cls.people.pem())
        cls.ports = {name: process.free_port() for name in ("required", "optional", "uri", "revoking", "fixed")}
        more = LISTENER % (cls.ports["required"], "", cls.folder, GROUPS)
        more += LISTENER % (cls.ports["optional"], "", cls.folder, 'client_certificates = "optional"')
        more += LISTENER % (cls.ports["uri"], "", cls.folder, 'client_names = ["uri"], ' + GROUPS)
        more += LISTENER % (cls.ports["revoking"], 'groups = ["agents"]', cls.folder,
                            f'client_crl = "file:{cls.crl}", client_session_max = "1h"')
        more += LISTENER % (cls.ports["fixed"], 'target = "raw"', cls.folder, GROUPS)
        cls.settings = {"targets": USERS + more, "server": "failed_logins = 0"}
        super().setUpClass()

    def issue(self, file, san=None, by=None, **more):
        """A client's certificate and key; by the trusted CA if nobody else."""
        return (by or self.people).issue(self.folder, file, san, **more)

    def with_certificate(self, paths, user="shop", port="required", password=None):
        env = self.environment(port=self.ports[port]) | {"PGUSER": user}
        env.pop("PGPASSWORD")
        if password:
            env["PGPASSWORD"] = password
        # libpq takes ~/.postgresql/postgresql.crt where none is named.
        return env | {"HOME": self.folder, "PGSSLCERT": paths[0] if paths else self.folder + "/none.crt",
                      "PGSSLKEY": paths[1] if paths else self.folder + "/none.key"}

    def log_in(self, paths, sql="SELECT 'in'", **where):
        return self.psql(sql, "-wtA", "-v", "ON_ERROR_STOP=1", env=self.with_certificate(paths, **where))

    def taken(self, paths, **where):
        """Is let in; the facts of the login's record."""
        before = len(self.logins())
        done = self.log_in(paths, **where)
        self.assertEqual("in", done.stdout.strip(), f"{done.stderr}\nrecord: {self.logins()[before:]}")
        return self.login_after(before)

    def refused(self, paths, reason, **where):
        """Is refused with the one public error and that reason on the record; the facts."""
        wrong = self.psql("SELECT 1", "-w", env=self.environment() | {"PGPASSWORD": "wrong"})
        before = len(self.logins())
        done = self.log_in(paths, **where)
        self.assertNotEqual(0, done.returncode, "it was let in")
        plain = lambda text: re.sub(r"port \d+", "port N", text).strip()
        self.assertEqual(plain(wrong.stderr), plain(done.stderr), self.logins()[before:])
        facts = self.login_after(before)
        self.assertEqual((reason, "refused"), (facts["reason"], facts["outcome"]))
        return facts

    def logins(self):
        return self.gate.records("Login")

    def login_after(self, before):
        """The newest login's facts, as `sallyport show` has them, once its record is there."""
        process.until(lambda: self.logins()[before:], "the login's record")
        session = self.gate.run("sessions", "--limit", "0")[-1]
        return next(one["facts"] for one in self.gate.run("show", session["sid"]) if one["kind"] == "login")


class Callers(Case):
    def test_user(self):
        """a certificate's e-mail address is a [[user]]: in without a password; the record says by which certificate"""
        paths = self.issue("ann", alternatives(email("ann@example.com")), serial=0x1234)
        facts = self.taken(paths)
        self.assertEqual(("ann", "certificate", "ann@example.com", "CN=people"),
                         (facts["identity"], facts["proof"], facts["subject"], facts["issuer"]))
        self.assertIn("1234", str(facts["job"]))
        self.assertLess(0, facts["until_ns"])

    def test_spiffe(self):
        """a SPIFFE ID that no user has: groups by its path, under its own name"""
        paths = self.issue("agent", alternatives(uri(SPIFFE)))
        facts = self.taken(paths)
        self.assertEqual(("certificate:" + SPIFFE, ["agents"]), (facts["identity"], facts["groups"]))

    def test_names_the_caller_may_say(self):
        """user=TARGET, or the certificate's own name before it; nobody else's, whoever that is"""
        ann = self.issue("ann2", alternatives(email("ann@example.com")))
        for user in ("shop", "ann,shop", "app~shop", "ann,app~shop"):
            self.taken(ann, user=user)
        for user in ("agent,shop", "nobody,shop", "token,shop", "certificate:ann@example.com,shop", "spt_0000000000,shop"):
            facts = self.refused(ann, "certificate-of-another", user=user, password=SECRETS["agent"])
            self.assertEqual("ann@example.com", facts["subject"])
        agent = self.issue("agent2", alternatives(uri(SPIFFE)))
        self.taken(agent, user=f"certificate:{SPIFFE},shop")
        self.refused(agent, "certificate-of-another", user="ann,shop")
        # A canary's name opens nothing either.
        self.refused(agent, "wrong-proof", user="sallyport-canary,shop", password="x")

    def test_fixed_target(self):
        """where the listener decides the target the user name is who calls, and must be the certificate's"""
        ann = self.issue("ann5", alternatives(email("ann@example.com")))
        self.assertEqual("raw", self.taken(ann, user="ann", port="fixed")["target"])
        self.refused(ann, "certificate-of-another", user="agent", port="fixed")

    def test_rights(self):
        """the groups decide as with any proof: no group of the target's, no way in"""
        self.refused(self.issue("olga", alternatives(email("olga@example.com"))), "unknown-certificate")
        self.taken(self.issue("dana", alternatives(email("dana@dba.example.com"))))
        done = self.log_in(self.issue("ann3", alternatives(email("ann@example.com"))), sql="DELETE FROM effects")
        self.assertIn("no-effects-delete", done.stderr)

    def test_none(self):
        """without a certificate: refused where one is required, the password is asked for where it is optional"""
        self.refused(None, "certificate-missing", user="agent,shop", password=SECRETS["agent"])
        facts = self.taken(None, user="agent,shop", password=SECRETS["agent"], port="optional")
        self.assertEqual(("agent", "scram-sha-256"), (facts["identity"], facts["proof"]))

    def test_plaintext(self):
        """no TLS, no certificate: a listener that asks for one takes nobody without"""
        env = self.environment(tls=False, port=self.ports["required"])
        done = self.psql("SELECT 1", "-w", env=env)
        self.assertNotEqual(0, done.returncode)
        self.assertIn("TLS only", done.stderr)

    def test_optional(self):
        """where it is optional it proves its own bearer, and stands for nobody whose name is given beside it"""
        ann = self.issue("ann4", alternatives(email("ann@example.com")))
        self.assertEqual("certificate", self.taken(ann, port="optional")["proof"])
        facts = self.taken(ann, user="agent,shop", password=SECRETS["agent"], port="optional")
        self.assertEqual(("agent", "scram-sha-256"), (facts["identity"], facts["proof"]))
        self.refused(ann, "wrong-proof", user="agent,shop", password="wrong", port="optional")
        self.refused(self.issue("olga2", alternatives(email("olga@example.com"))), "unknown-certificate", port="optional")
        # A bad one is refused whatever comes with it.
        late = self.issue("late-optional", alternatives(email("ann@example.com")), begins=-2 * DAY, ends=-DAY)
        self.refused(late, "certificate-expired", user="agent,shop", password=SECRETS["agent"], port="optional")

    def test_kinds(self):
        """only the kinds of names that the listener counts"""
        both = self.issue("both", alternatives(email("ann@example.com"), uri(SPIFFE)))
        self.assertEqual("ann", self.taken(both)["identity"])
        self.assertEqual("certificate:" + SPIFFE, self.taken(both, port="uri")["identity"])
        self.refused(self.issue("mail", alternatives(email("ann@example.com"))), "certificate-without-name", port="uri")

    def test_end(self):
        """a session ends with its certificate, in the protocol's words, at an idle point"""
        paths = self.issue("short", alternatives(email("ann@example.com")), ends=6)
        child = process.start(["psql", "-XqtAw"], stdin=-1, stdout=-1, stderr=-1, text=True, env=self.with_certificate(paths))
        self.addCleanup(process.stop, child, 9)
        for stream in (child.stdin, child.stdout, child.stderr):
            self.addCleanup(stream.close)
        child.stdin.write("SELECT 'in';\n")
        child.stdin.flush()
        self.assertEqual("in\n", child.stdout.readline(), "it was not let in")
        process.until(lambda: any("time of this login is over" in str(one) or one["kind"] == "SessionClosed" for one in self.gate.records()[-3:]),
                      "the session's end")
        out, said = child.communicate("SELECT 'again';\n", timeout=60)
        self.assertNotIn("again", out)
        self.assertIn("the time of this login is over", said)


class Hostile(Case):
    def test_hostile(self):
        """what proves nothing is refused with the one public error, and its reason on the record"""
        ann = alternatives(email("ann@example.com"))
        leaf_signer = Issuer("leaf", by=self.people, is_ca=False)
        late_signer = Issuer("late", by=self.people, begins=-2 * DAY, ends=-DAY)
        signers = [self.people]
        for depth in range(9):
            signers.append(Issuer(f"deep {depth}", by=signers[-1]))
        alone = Issuer("ann@example.com")
        cases = {
            "self-signed": (certificates.write(self.folder, "self", [alone.pem()], alone.key), "certificate-untrusted"),
            "another CA of the same name": (self.issue("other", ann, by=self.others), "certificate-untrusted"),
            "and its CA beside it": (self.issue("other2", ann, by=self.others, chain=[self.others]), "certificate-untrusted"),
            "expired": (self.issue("expired", ann, begins=-2 * DAY, ends=-DAY), "certificate-expired"),
            "not yet valid": (self.issue("early", ann, begins=DAY, ends=2 * DAY), "certificate-not-yet-valid"),
            "for servers": (self.issue("server", ann, usage=(SERVER,)), "certificate-not-for-clients"),
            "signed by a leaf": (self.issue("leaf", ann, by=leaf_signer, chain=[leaf_signer]), "certificate-untrusted"),
            "signed by an expired CA": (self.issue("by-late", ann, by=late_signer, chain=[late_signer]), "certificate-expired"),
            "a CA that is not sent": (self.issue("gap", ann, by=signers[2]), "certificate-untrusted"),
            "a chain too long": (self.issue("deep", ann, by=signers[-1], chain=signers[:0:-1]), None),
            "nobody's name": (self.issue("unknown", alternatives(email("mallory@example.com"))), "unknown-certificate"),
            "no name at all": (self.issue("nameless", subject=""), "certificate-without-name"),
            "NUL in the name": (self.issue("nul", raw_uri(b"spiffe://example.org/a\0.evil")), "certificate-without-name"),
            "NUL behind the name": (self.issue("nul2", raw_uri(b"spiffe://example.org/a\0")), "certificate-without-name"),
            "a line break": (self.issue("line", raw_uri(b"spiffe://example.org/agents/x\ny")), "certificate-without-name"),
            "bytes that are no ASCII": (self.issue("bytes", raw_uri(b"spiffe://example.org/agents/\xff")), "certificate-without-name"),
            "an empty name": (self.issue("empty", raw_uri(b"")), "certificate-without-name"),
            "a long name": (self.issue("long", alternatives(uri("spiffe://example.org/agents/" + "x" * 300))), "certificate-without-name"),
            "two addresses": (self.issue("two", alternatives(email("ann@example.com"), email("bob@example.com"))), "certificate-without-name"),
            "the same one twice": (self.issue("twice", alternatives(email("ann@example.com"), email("ann@example.com"))), "certificate-without-name"),
            "ann in the common name, mallory in the alternatives":
                (self.issue("subject", alternatives(email("mallory@example.com")), subject="ann@example.com"), "unknown-certificate"),
            "a pattern's star": (self.issue("star", alternatives(uri("spiffe://example.org/agents"))), "unknown-certificate"),
        }
        for name, (paths, reason) in cases.items():
            with self.subTest(name):
                if reason:
                    self.refused(paths, reason)
                else:
                    self.assertIn(self.not_in(paths), ("certificate-chain-too-long", "certificate-untrusted"))
        print(f"# {len(cases)} certificates that prove nothing")
        self.taken(self.issue("good", ann))

    def not_in(self, paths):
        before = len(self.logins())
        self.assertNotEqual(0, self.log_in(paths).returncode, "it was let in")
        return self.login_after(before)["reason"]

    def test_huge(self):
        """more bytes of certificates than anybody needs end in the handshake, and the gateway serves on"""
        paths = self.issue("huge", alternatives(email("ann@example.com")), pad=200_000)
        done = self.log_in(paths)
        self.assertNotEqual(0, done.returncode)
        self.taken(self.issue("good2", alternatives(email("ann@example.com"))))

    def test_intermediate(self):
        """a chain that is in order is taken, one CA deep"""
        between = Issuer("between", by=self.people)
        self.assertEqual("ann", self.taken(self.issue("by-between", alternatives(email("ann@example.com")), by=between, chain=[between]))["identity"])

    def test_revoked(self):
        """a serial of the list is refused; a list that is too old lets nobody in; a newer one ends what is open"""
        ann = alternatives(email("ann@example.com"))
        self.refused(self.issue("revoked", ann, serial=4711), "certificate-revoked", port="revoking")
        good = self.issue("later", ann, serial=4712)
        facts = self.taken(good, port="revoking")
        self.assertEqual("ann", facts["identity"])
        child = process.start(["psql", "-XqtAw"], stdin=-1, stdout=-1, stderr=-1, text=True, env=self.with_certificate(good, port="revoking"))
        self.addCleanup(process.stop, child, 9)
        for stream in (child.stdin, child.stdout, child.stderr):
            self.addCleanup(stream.close)
        child.stdin.write("SELECT 'in';\n")
        child.stdin.flush()
        self.assertEqual("in\n", child.stdout.readline())
        self.people.revoke(self.crl, [4711, 4712])
        self.gate.run("reload")
        _, said = child.communicate("SELECT 'again';\n", timeout=60)
        self.assertIn("certificate-withdrawn", said)
        self.refused(good, "certificate-revoked", port="revoking")
        self.people.revoke(self.crl, [], ends=-60)
        self.gate.run("reload")
        self.refused(good, "certificate-crl-of-no-use", port="revoking")
        self.people.revoke(self.crl, [4711])
        self.gate.run("reload")
        self.taken(good, port="revoking")


if __name__ == "__main__":
    tap.main()
