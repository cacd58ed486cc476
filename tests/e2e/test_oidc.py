"""Logins by token: psql with a token for a password. From a certified provider (npm's oidc-provider), and from issuers
whose tokens this test makes itself: the presets', and such that end soon."""

import json
import os
import re
import subprocess
import time
import unittest

import gateway as gateways
import oidc_case
import oidc_provider
import process
import tap
import tokens
from gateway import BIN
from oidc_case import Case, issuer, plain
from oidc_presets import PRESETS
from tokens import GONE

try:
    import psycopg
except ImportError:
    psycopg = None

POLICY = """
[[mask]]
name = "pii"
targets = ["shop"]
fields = ["customers.email"]
action = "redact"
computed = "content"
except = ["pii-readers"]

[[rule]]
name = "robots-read"
targets = ["shop"]
match = { verb = ["INSERT"] }
groups = ["robots"]
action = "deny"

[[rule]]
name = "destructive-sql"
targets = ["shop"]
use = "sql/destructive"
action = "approve"
approvers = ["dba"]
hold = "60s"
timeout = "10m"
"""


class Flows(Case):
    """A provider in order, and what its tokens open."""

    POLICY = POLICY

    @classmethod
    def issuers(cls):
        cls.provider = oidc_case.provider()
        return issuer("corp", cls.provider.issuer, parties=["agent-7", "robot-8", "cli"], group_names={"2f1c": "dba"})

    def setUp(self):
        self.provider.reset()

    def test_client(self):
        """a machine's token opens a session; listing and record say who, by what, from which issuer"""
        token = self.provider.token(act={"sub": "conductor"})
        self.assertEqual("agent-7", self.taken(token, "SELECT 'agent-' || 7"))
        session, login = self.login_facts()
        self.assertEqual(("corp:agent-7@example.com", "shop", "app"), (session["identity"], session["target"], session["login"]))
        wanted = {"outcome": "accepted", "identity": "corp:agent-7@example.com", "groups": ["agents"], "target": "shop", "database": "shop",
                  "proof": "oidc-token", "issuer": self.provider.issuer, "subject": "agent-7", "actor": "corp:conductor", "reason": ""}
        self.assertEqual(wanted, {key: login.get(key) for key in wanted})
        self.assertEqual(1, len([one for one in self.gate.run("sessions", "--identity", "corp:agent-7@example.com", "--limit", "0")
                                 if one["sid"] == session["sid"]]))

    def test_device(self):
        """a person's token by device code: the browser is anywhere"""
        self.assertEqual("in", self.taken(self.provider.device("ann")["access_token"]))
        session, login = self.login_facts()
        self.assertEqual(("corp:ann@example.com", "ann"), (session["identity"], login["subject"]))
        self.assertEqual({"agents", "pii-readers"}, set(login["groups"]))

    def test_code(self):
        """a person's token by authorization code and PKCE, and the newer one that its refresh token gives"""
        got = self.provider.code("dora", scope="openid email groups offline_access")
        self.assertEqual("in", self.taken(got["access_token"]))
        _, login = self.login_facts()
        self.assertEqual(("corp:dora@example.com", ["dba"]), (login["identity"], login["groups"]))
        newer = self.provider.refresh(got["refresh_token"])["access_token"]
        self.assertNotEqual(got["access_token"], newer)
        self.assertEqual("in", self.taken(newer))

    def test_algorithms(self):
        """every algorithm that the provider signs with; the identity is the same"""
        for alg in ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"):
            with self.subTest(alg):
                self.assertEqual("in", self.taken(self.provider.token(alg=alg)))
                self.assertEqual("corp:agent-7@example.com", self.login_facts()[0]["identity"])

    def test_subject(self):
        """where the first claim is not there, the next one names the caller; so does it where an address is unconfirmed"""
        self.assertEqual("in", self.taken(self.provider.token("robot-8")))
        self.assertEqual("corp:robot-8", self.login_facts()[0]["identity"])
        token = self.provider.token("robot-8", email="dora@example.com", email_verified=False)
        self.assertEqual("in", self.taken(token))
        self.assertEqual("corp:robot-8", self.login_facts()[0]["identity"])

    def test_masks(self):
        """masks and rules follow the token's groups, those with another name in the config too"""
        read, write = "SELECT email FROM customers WHERE id = 7", "INSERT INTO effects(what) VALUES ('by token')"
        email = "person7@example.com"
        self.assertNotIn(email, self.taken(self.provider.token(), read))
        self.assertEqual(email, self.taken(self.provider.token(groups=["agents", "pii-readers"]), read))
        self.taken(self.provider.token(), write)
        done = self.log_in(self.provider.token(groups=["agents", "robots"]), write)
        self.assertIn("robots-read", done.stderr)
        self.refused(self.provider.token(groups=["strangers"]), "target-not-allowed")
        self.assertEqual("in", self.taken(self.provider.token(groups=["2f1c"])))
        self.assertEqual(["dba"], self.login_facts()[1]["groups"])

    def test_approval(self):
        """a held statement names the token's identity; it runs once somebody says yes"""
        self.cluster.sql("CREATE TABLE IF NOT EXISTS doomed(a int); ALTER TABLE doomed OWNER TO app", "shop")
        child = self.starts(self.provider.token(), "DROP TABLE doomed")
        approval = self.gate.wait_approval("DROP TABLE doomed")
        self.assertIn("corp:agent-7@example.com", json.dumps(approval))
        self.gate.run("approve", approval["id"], as_user="dana")
        child.wait(120)
        self.assertEqual("", self.cluster.sql("SELECT 1 FROM pg_class WHERE relname = 'doomed'", "shop"))

    def test_audience(self):
        """tokens for somebody else: another resource, the provider's own, an ID token, none of a JWT's form"""
        self.refused(self.provider.token(aud="billing"), "token-audience")
        self.refused(self.provider.token(aud=self.provider.issuer), "token-audience")
        self.refused(self.provider.token(aud="sallyport.example sally"), "token-audience")
        self.assertEqual("in", self.taken(self.provider.token(aud="billing sallyport")))
        got = self.provider.code("ann", scope="openid email groups offline_access")
        self.refused(got["id_token"], "token-audience")
        self.refused(got["refresh_token"], "token-malformed")

    def test_party(self):
        """a client that is not among the parties, though its token is for this gateway"""
        self.provider.set(clients={"stranger-9": oidc_provider.CLIENTS["agent-7"]})
        self.refused(self.provider.token("stranger-9"), "token-party")

    def test_revoked(self):
        """a client that the provider no longer knows gets no token; an unknown one never did"""
        self.assertEqual("in", self.taken(self.provider.token("robot-8")))
        self.provider.set(clients={"robot-8": None})
        for client in ("robot-8", "nobody"):
            with self.assertRaises(oidc_provider.Refused) as caught:
                self.provider.token(client)
            self.assertEqual((401, "invalid_client"), (caught.exception.status, caught.exception.code))

    def test_names(self):
        """a token behind a user's name is a wrong password; without TLS nobody is asked for one"""
        token = self.provider.token()
        for who in ("agent", "nobody", "agent-7"):
            done = self.psql("SELECT 1", "-w", env=self.with_token(token) | {"PGUSER": f"{who},shop"})
            self.assertEqual(2, done.returncode)
            self.assertEqual(self.public_error, plain(done.stderr))
        done = self.log_in(token, tls=False)
        self.assertEqual(2, done.returncode)
        self.assertIn("TLS", done.stderr)
        self.assertEqual("in", self.good_psql("SELECT 'in'"), "a user of the config")

    def test_targets(self):
        """LOGIN~TARGET with a token, and `token` for a name; a target or login that is not there is refused as any other"""
        token = self.provider.token()
        for target in ("app~raw", "token,shop", "token,app~raw"):
            self.assertEqual("in", self.taken(token, target=target))
        self.refused(token, "unknown-login", target="root~shop")
        self.refused(token, "unknown-target", target="nowhere")

    def test_kept_secret(self):
        """no token stands in the record, in the gateway's output or in what the server heard"""
        good, wrong = self.provider.token(), self.provider.token(aud="billing")
        self.taken(good)
        self.refused(wrong, "token-audience")
        dumped = subprocess.run([gateways.LOG_DUMP, "records", self.gate.log_dir], capture_output=True, text=True, check=True).stdout
        for token in (good, wrong):
            for part in token.split(".")[1:]:
                for where in (dumped, self.gate.said(), self.cluster.logged()):
                    self.assertNotIn(part, where)


class Presets(Case):
    """Tokens as the issuers of the presets make them (their documents), with keys of this test's own."""

    KEY = tokens.Key.rsa("k")

    @classmethod
    def issuers(cls):
        keys = cls.folder + "/jwks.json"
        with open(keys, "w") as file:
            json.dump({"keys": [cls.KEY.jwk()]}, file)
        tables = ""
        for name, preset in PRESETS.items():
            own = {"preset": name, "keys": "file:" + keys, "identity": None, "groups": None, "email": None}
            tables += issuer(name, preset.issuer, **(own | preset.config))
        return tables

    def token(self, name, header=None, **changes):
        preset = PRESETS[name]
        return tokens.Issuer(preset.issuer, [self.KEY], claims=preset.claims).token(header=header, claims=changes)

    def test_tokens(self):
        """identity, groups and job as each preset reads them"""
        for name, preset in PRESETS.items():
            with self.subTest(name):
                self.taken(self.token(name, header={"typ": GONE} if name == "kubernetes" else None))
                _, login = self.login_facts()
                self.assertEqual(f"{name}:{preset.identity}", login["identity"])
                self.assertEqual(preset.issuer, login["issuer"])
                self.assertLessEqual(set(preset.groups), set(login["groups"]))
                found = {one["name"]: one["value"] for one in login["job"]}
                self.assertEqual(preset.job, {key: found.get(key) for key in preset.job})

    def test_google(self):
        """Google's older tokens leave the scheme out of their issuer's name; an address that nobody confirmed names nobody"""
        self.taken(self.token("google", iss="accounts.google.com"))
        for verified in (False, "false", GONE, None, 1):
            self.refused(self.token("google", email_verified=verified), "token-claims")

    def test_near(self):
        """what must not pass for those issuers: other tenants, trust domains and hosts that only begin alike, other projects"""
        for name, changes in (("entra", {"iss": "https://login.microsoftonline.com/00000000-0000-4000-8000-000000000000/v2.0"}),
                              ("entra", {"iss": "https://sts.windows.net/5f4b3a2e-0000-4000-8000-00000000a1b2/"}),
                              ("google", {"iss": "accounts.google.com.evil.test"}), ("google", {"iss": "http://accounts.google.com"}),
                              ("spiffe", {"sub": "spiffe://acme.test.evil/batch/exporter"}), ("spiffe", {"sub": "spiffe://acme.test"}),
                              ("spiffe", {"sub": "spiffe://ACME.test/batch/exporter"}), ("kubernetes", {"iss": "kubernetes/serviceaccount"})):
            self.refused(self.token(name, **changes), "token-issuer-unknown")
        # Another claim's value of the same text is another group.
        for name, changes in (("github-actions", {"repository": "evil/shop"}), ("github-actions", {"repository": "x/y", "ref": "acme/shop"}),
                              ("gitlab-ci", {"project_path": "evil/shop", "namespace_path": "acme/shop"}),
                              ("kubernetes", {"sub": "system:serviceaccount:other:exporter"}), ("google", {"hd": "evil.test"}),
                              ("spiffe", {"sub": "spiffe://acme.test/batch/exporter/"})):
            self.refused(self.token(name, **changes), "target-not-allowed")


@unittest.skipUnless(psycopg, "python3-psycopg is not installed")
class Life(Case):
    """How long a session lives that a token began."""

    def session(self, token):
        env = self.environment()
        conn = psycopg.connect(host="localhost", hostaddr="127.0.0.1", port=env["PGPORT"], user="raw", password=token, dbname="shop",
                               sslmode="verify-full", sslrootcert=env["PGSSLROOTCERT"], autocommit=True)
        self.addCleanup(conn.close)
        conn.told = []
        conn.add_notice_handler(lambda one: conn.told.append(f"{one.severity} {one.sqlstate} {one.message_primary}"))
        return conn

    def ended(self, conn):
        """What the session was told at its end. What comes right behind an answer is a notice to libpq."""
        def look():
            try:
                conn.execute("SELECT 1")
            except psycopg.Error as error:
                return "\n".join([*conn.told, str(error)])
            return None

        return process.until(look, "the session's end", timeout=60, pause=0.5)

    def test_session_max(self):
        """a session ends after session_max, when idle and outside a transaction, and is told so"""
        made = tokens.Issuer("https://idp.test", [tokens.Key.ec("k")])
        self.fresh(issuer("corp", made.issuer, keys=self.file("life.json", made.jwks()), session_max="4s"))
        idle, busy, held = (self.session(made.token()) for _ in range(3))
        held.execute("BEGIN")
        began = time.monotonic()
        self.assertEqual(("7",), busy.execute("SELECT '7', pg_sleep(8)").fetchone()[:1])
        self.assertEqual(1, held.execute("SELECT 1").fetchone()[0], "a transaction goes on")
        self.assertIn("log in again", self.ended(idle))
        held.execute("COMMIT")
        for name, conn in (("busy", busy), ("held", held)):
            self.assertIn("log in again", self.ended(conn), name)
        self.assertGreater(time.monotonic() - began, 4)

    def test_token(self):
        """with session_max = "token" it ends with the token; without, the token's end is nothing to it"""
        made = tokens.Issuer("https://idp.test", [tokens.Key.ec("k")])
        keys = self.file("life.json", made.jwks())
        ending = lambda: made.token(claims={"exp": int(time.time()) + 4})
        self.fresh(issuer("corp", made.issuer, keys=keys, session_max="token"))
        began, conn, lasting = time.monotonic(), self.session(ending()), self.session(made.token())
        self.assertIn("log in again", self.ended(conn))
        self.assertGreater(time.monotonic() - began, 2.5)
        lasting.execute("SELECT 1")
        self.fresh(issuer("corp", made.issuer, keys=keys))
        conn = self.session(ending())
        time.sleep(6)
        conn.execute("SELECT 1")


    def test_reload(self):
        """a reload ends the sessions of an issuer that is gone, or that reads tokens otherwise, and leaves others alone"""
        made, other = (tokens.Issuer(f"https://{name}.test", [tokens.Key.ec("k")]) for name in ("idp", "other"))
        tables = [issuer(name, one.issuer, keys=self.file(name + ".json", one.jwks())) for name, one in (("corp", made), ("other", other))]
        gate = self.fresh("".join(tables))

        def reload(text):
            gate.targets = text
            gate.write()
            gate.run("reload")

        lasting = self.session(other.token())
        for change in ("", tables[0].replace('"sallyport"', '["sallyport", "more"]'), tables[0] + 'group_names = { agents = "robots" }\n'):
            conn = self.session(made.token())
            conn.execute("SELECT 1")
            reload(change + tables[1])
            self.assertTrue(self.ended(conn))
            self.assertEqual(not change or "robots" in change, self.log_in(made.token()).returncode != 0)
            lasting.execute("SELECT 1")
            reload("".join(tables))
        self.assertEqual("in", self.taken(made.token()))


class Config(Case):
    """[[oidc]] tables that `sallyport check` refuses, with the line."""

    def test_mistakes(self):
        """each mistake is told at its line"""
        self.fresh(issuer("corp", "https://idp.test"))
        good = issuer("second", "https://second.test")
        without = lambda key: re.sub(key + " = .*\n", "", good)
        at = lambda address: good.replace("https://second.test", address)
        mistakes = {
            "http, not loopback": at("http://second.test"),
            "http to a name": at("http://localhost"),
            "http past an @": at("http://127.0.0.1:80@second.test"),
            "another scheme": at("ftp://second.test"),
            "no issuer": without("issuer"),
            "no name": without("name"),
            "no audience": without("audience"),
            "an empty audience": good.replace('"sallyport"', "[]"),
            "the same issuer": at("https://idp.test"),
            "the same name": good.replace('"second"', '"corp"'),
            "an unknown key": good + "client_secret = 1\n",
            "an unknown preset": good + 'preset = "acme"\n',
            "a session_max of nothing": good + 'session_max = "0s"\n',
            "a session_max of a year": good + 'session_max = "9000h"\n',
            "no such CA": good + 'ca = "file:nowhere.pem"\n',
            "no such file of keys": good + 'keys = "file:nowhere.json"\n',
            "keys over http": good + 'keys = "http://idp.test/jwks"\n',
            "keys inline": good + 'keys = "{}"\n',
            "all tenants of Entra": at("https://login.microsoftonline.com/common/v2.0") + 'preset = "entra"\n',
            "SPIFFE without keys": at("spiffe://acme.test") + 'preset = "spiffe"\n',
            "a group's new name that is none": good + 'group_names = { "x" = "not a name" }\n',
        }
        with open(self.gate.config) as file:
            text = file.read()
        path = self.gate.folder + "/other.toml"
        for name, table in [("nothing", good), *mistakes.items()]:
            with self.subTest(name):
                with open(path, "w") as file:
                    file.write(text + table)
                done = subprocess.run([BIN, "--config", path, "check"], capture_output=True, text=True)
                said = done.stdout + done.stderr
                self.assertEqual(name == "nothing", done.returncode == 0, f"{name}: {said}")
                if name != "nothing":
                    first = text.count("\n") + 1
                    lines = [int(one) for one in re.findall(r"other\.toml:(\d+)", said)]
                    self.assertTrue([one for one in lines if one > first], said)

    def test_document(self):
        """the sample of OPERATIONS.md is good as it stands"""
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/OPERATIONS.md")) as file:
            sample = next(block for block in re.findall(r"```toml\n(.*?)```", file.read(), re.S) if "[[oidc]]" in block)
        self.fresh(sample)
        self.assertEqual(0, self.gate.run("check", ok=False).returncode, self.gate.run("check", ok=False).stdout)


if __name__ == "__main__":
    tap.main()
