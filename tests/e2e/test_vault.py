"""Credentials from a vault: read, made, renewed and revoked through its API, and clear words when it fails."""

import os
import signal
import subprocess
import time

import cluster as clusters
import credential_case
import gateway as gateways
import pki
import process
import tap
import world
from vault_standin import Vault


def target(name, port, credential):
    return f"""
[[target]]
name = "{name}"
protocol = "postgresql"
address = "127.0.0.1:{port}"
tls = "off"
database = "shop"
allow = ["agents", "dba"]
default = "allow"
logins = {{ app = {{ credential = {{ kind = "vault", {credential} }} }} }}
"""


class Case(credential_case.Case):
    @classmethod
    def more_targets(cls):
        cluster = world.cluster()
        cls.vault = Vault(cluster)
        cls.addClassCleanup(cls.vault.close)
        port = cluster.port
        cls.vault.kv = {"secret/data/orders": {"username": "app", "password": clusters.PASSWORD},
                        "secret/data/odd": {"login": "app", "word": clusters.PASSWORD, "number": 5}}
        cls.vault.roles = {"database/creds/writer": {"ttl": 3600}, "database/creds/brief": {"ttl": 2},
                           "database/creds/capped": {"ttl": 2, "max_ttl": 5}}
        cls.vault.approle = {"role-1": "secret id word"}
        return (f'[[vault]]\nname = "main"\nurl = "{cls.vault.url}"\ntoken = "file:secrets/vault-token"\n'
                f'[[vault]]\nname = "by-role"\nurl = "{cls.vault.url}"\nrole_id = "role-1"\nsecret_id = "file:secrets/secret-id"\n'
                + target("orders", port, 'vault = "main", path = "secret/data/orders", lease = "1s"')
                + target("odd", port, 'vault = "by-role", path = "secret/data/odd", field = "word", user_field = "login"')
                + target("named", port, 'vault = "main", path = "secret/data/odd", field = "word", user = "app"')
                + target("numbered", port, 'vault = "main", path = "secret/data/odd", field = "number", user = "app"')
                + target("absent", port, 'vault = "main", path = "secret/data/absent"')
                + target("dynamic", port, 'vault = "by-role", path = "database/creds/writer"')
                + target("brief", port, 'vault = "main", path = "database/creds/brief", lease = "2s"')
                + target("capped", port, 'vault = "main", path = "database/creds/capped", lease = "2s"'))

    @classmethod
    def prepare(cls):
        cls.gate.secret("vault-token", "s.root\n")
        cls.gate.secret("secret-id", "secret id word")

    def tearDown(self):
        self.vault.fault = None
        super().tearDown()

    def session_users(self, target, count=1):
        return {self.session_user(target=target) for _ in range(count)}

    def refused(self, target, **where):
        done = self.psql("SELECT 1", target=target, **where)
        self.assertNotEqual(0, done.returncode)
        return done.stderr


class KeyValue(Case):
    def test_read(self):
        """a secret of KV v2 opens the target; its name and version stand on the record"""
        for name in ("orders", "odd", "named"):
            self.assertEqual({"app"}, self.session_users(name))
        login = [one for one in self.gate.records("Login") if one["target"] == "orders"][-1]
        self.assertEqual(("vault", "secret/data/orders#3"), (login["credential"], login["lease"]))

    def test_rotated(self):
        """a secret that changes in the vault is used once its lease is over"""
        self.session_user(target="orders")
        self.vault.kv["secret/data/orders"] = {"username": "md5er", "password": clusters.PASSWORD}
        process.until(lambda: self.session_user(target="orders") == "md5er", "the new secret's use")
        self.vault.kv["secret/data/orders"] = {"username": "app", "password": clusters.PASSWORD}
        process.until(lambda: self.session_user(target="orders") == "app", "the old secret's use")

    def test_what_is_not_there(self):
        """a path or a field that is not there, or no text, is said"""
        self.assertIn('vault "main" refuses (HTTP status 404)', self.refused("absent"))
        self.assertIn("without a password", self.refused("numbered"))

    def test_token_file_changes(self):
        """the vault's own token is read for each question"""
        self.gate.secret("vault-token", "s.none")
        self.assertIn("HTTP status 403", self.refused("absent"))
        self.gate.secret("vault-token", "s.root")
        self.assertIn("HTTP status 404", self.refused("absent"))

    def test_faults(self):
        """a vault that is away, hangs, or answers with what is none: the caller is told, and nothing falls back"""
        for fault, said in ((500, "HTTP status 500"), (503, "HTTP status 503"), (301, "HTTP status 301"), ("garbage", "gives an answer that is none"),
                            ("array", "gives an answer that is none"), ("large", "cannot be reached"), ("hang", "cannot be reached")):
            self.vault.fault = fault
            self.assertIn(said, self.refused("absent"), fault)
        self.assertNotIn("s.root", self.gate.said())
        self.assertNotIn("pw-", self.gate.said())


class Dynamic(Case):
    def test_made_and_reused(self):
        """dynamic credentials are made once for an identity and reused; AppRole logs in once"""
        mine = self.session_users("dynamic", 4)
        self.assertEqual(1, len(mine))
        self.assertRegex(next(iter(mine)), "^v-role-")
        self.assertNotEqual(mine, {self.session_user(target="dynamic", user="robot")})
        self.assertEqual(1, sum(path == "auth/approle/login" for _, path in self.vault.asked))
        login = [one for one in self.gate.records("Login") if one["target"] == "dynamic"][-1]
        self.assertIn(login["lease"], self.vault.leases)

    def test_renewed_while_used_and_revoked_after(self):
        """a lease that is used outlives its first time, and is revoked once nobody uses it"""
        child = process.start(["psql", "-XqtA"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=self.environment(target="brief"))
        self.addCleanup(process.stop, child, 9)
        child.stdin.write("SELECT session_user;\n")
        child.stdin.flush()
        user = child.stdout.readline().strip()
        end = time.monotonic() + 5  # more than twice the lease's first life
        process.until(lambda: time.monotonic() > end, "the lease's first life and more")
        child.stdin.write("SELECT session_user;\n")
        child.stdin.flush()
        self.assertEqual(user, child.stdout.readline().strip())
        child.stdin.close()
        child.wait(60)
        process.until(lambda: not self.roles(user), "the role's end")
        self.assertIn(("PUT", "sys/leases/renew"), self.vault.asked)

    def test_the_vaults_own_cap(self):
        """where the vault renews no further, the session is ended in the protocol's words before its role goes"""
        child = process.start(["psql", "-XqtA"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=self.environment(target="capped"))
        self.addCleanup(process.stop, child, 9)
        child.stdin.write("SELECT session_user;\n")
        child.stdin.flush()
        user = child.stdout.readline().strip()
        process.until(lambda: not self.roles(user), "the role's end")
        child.stdin.write("SELECT 1;\n")
        child.stdin.close()
        child.stderr.read()
        self.assertNotEqual(0, child.wait(60))

    def test_token_that_has_ended(self):
        """an AppRole token that the vault takes no more is got anew"""
        self.session_user(target="dynamic", user="dana")
        for token in [one for one in self.vault.tokens if one != "s.root"]:
            del self.vault.tokens[token]
        self.assertRegex(self.session_user(target="dynamic", user="erin"), "^v-role-")

    def test_wrong_secret_id(self):
        """an AppRole that the vault does not know is said"""
        self.vault.approle["role-1"] = "another word"
        for token in [one for one in self.vault.tokens if one != "s.root"]:
            del self.vault.tokens[token]
        try:
            self.assertIn("refuses the gateway's login", self.refused("odd", user="erin"))
        finally:
            self.vault.approle["role-1"] = "secret id word"

    def test_secrets_are_nowhere(self):
        """neither the vault's tokens nor what it gave out is in anything that the gateway writes"""
        self.session_user(target="dynamic")
        self.assertTrue(self.vault.passwords)
        written = self.gate.said().encode() + str(self.gate.run("status")).encode()
        for folder in (self.gate.folder + "/state", self.gate.rings):
            for path, _, names in os.walk(folder):
                for name in names:
                    if os.path.isfile(os.path.join(path, name)):
                        with open(os.path.join(path, name), "rb") as file:
                            written += file.read()
        for secret in [*self.vault.passwords, *self.vault.tokens, "secret id word"]:
            self.assertNotIn(secret.encode(), written)


class Secure(credential_case.Case):
    def make(self, ca):
        gate = gateways.Gateway(self.cluster)
        self.addCleanup(gate.remove)
        pki.make_ca(gate.folder + "/tls", "vault-ca")
        pki.make_certificate(gate.folder + "/tls", "vault-ca", "vault")
        vault = Vault(self.cluster, certificate=gate.folder + "/tls/vault")
        self.addCleanup(vault.close)
        vault.namespace = "team"
        vault.kv = {"secret/data/orders": {"username": "app", "password": clusters.PASSWORD}}
        gate.targets = (f'[[vault]]\nname = "main"\nurl = "{vault.url}"\nca = "file:tls/{ca}.crt"\nnamespace = "team"\ntoken = "file:secrets/vault-token"\n'
                        + target("orders", self.cluster.port, 'vault = "main", path = "secret/data/orders"'))
        gate.secret("vault-token", "s.root")
        gate.write()
        gate.start()
        env = self.environment(target="orders", port=gate.port) | {"PGSSLROOTCERT": gate.folder + "/tls/ca.crt"}
        done = self.psql("SELECT session_user", "-tA", env=env)
        gate.stop(signal.SIGTERM)
        return done, vault

    def test_trusted(self):
        """a vault whose certificate the CA signed is asked, in its namespace"""
        done, _ = self.make("vault-ca")
        self.assertEqual("app\n", done.stdout, done.stderr)

    def test_untrusted(self):
        """one whose certificate another CA signed is told nothing"""
        done, vault = self.make("ca")
        self.assertIn("cannot be reached", done.stderr)
        self.assertEqual([], vault.asked)


if __name__ == "__main__":
    tap.main()
