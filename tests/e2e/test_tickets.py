"""Tickets: a token traded by plain HTTP for what any client logs in with; and the admin API that trades it."""

import base64
import hashlib
import http.client
import json
import os
import re
import select
import socket
import subprocess
import time
import urllib.parse

import credential_case
import oidc_case
import process
import tap
import tokens
from cluster import PASSWORD
from gateway import SECRETS
from oidc_case import Case, issuer
from relay import Relay

JWT = "urn:ietf:params:oauth:token-type:jwt"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
POLICY = """
[[rule]]
name = "destructive-sql"
targets = ["shop"]
use = "sql/destructive"
action = "approve"
approvers = ["dba"]
hold = "60s"
timeout = "10m"
"""
ADMIN = """
[admin]
address = "127.0.0.1:0"
names = ["gateway.test"]
roles = { admin = ["admins"], viewer = ["viewers"], auditor = ["auditors"] }
"""


class Api(Case):
    POLICY = POLICY
    SERVER_KEYS = ADMIN

    @classmethod
    def issuers(cls):
        cls.maker = tokens.Issuer("https://idp.test", [tokens.Key.ec("k")])
        with open(cls.folder + "/keys.json", "w") as file:
            json.dump(cls.maker.jwks(), file)
        return issuer("corp", cls.maker.issuer, keys=f"file:{cls.folder}/keys.json", client_id="cli", scopes=["openid", "email"])

    def setUp(self):
        self.port = int(re.findall(r"admin API at http://127\.0\.0\.1:(\d+)", self.gate.said())[-1])

    def ask(self, method, path, body=None, proof=None, **headers):
        """(status, parsed body, headers) of one request."""
        conn = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            sent = {key.replace("_", "-"): value for key, value in headers.items()}
            if isinstance(body, dict):
                body = json.dumps(body)
                sent.setdefault("Content-Type", "application/json")
            if proof:
                sent["Authorization"] = proof if " " in proof else "Bearer " + proof
            conn.request(method, path, body, sent)
            answer = conn.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None, answer.headers
        finally:
            conn.close()

    def exchange(self, token, **more):
        fields = {"grant_type": EXCHANGE, "subject_token": token, "subject_token_type": JWT} | more
        form = urllib.parse.urlencode(fields)
        return self.ask("POST", "/oauth/token", form, Content_Type="application/x-www-form-urlencoded")

    def ticket(self, claims=None, **more):
        status, got, _ = self.exchange(self.maker.token(claims), **more)
        self.assertEqual(200, status, got)
        return got

    def with_ticket(self, got, sql="SELECT 'in'", target="shop"):
        env = self.environment(target=target) | {"PGUSER": f"{got['ticket']},{target}", "PGPASSWORD": got["access_token"]}
        return self.psql(sql, "-wtAq", "-v", "ON_ERROR_STOP=1", env=env)

    def enters(self, got, target="shop"):
        done = self.with_ticket(got, target=target)
        self.assertEqual("in", done.stdout.strip(), done.stderr)

    def stays_out(self, got, reason, target="shop"):
        before = len(self.logins())
        done = self.with_ticket(got, target=target)
        self.assertNotEqual(0, done.returncode, "it was let in")
        self.assertEqual(reason, self.reason_behind(before, [reason]))
        return done.stderr


class Tickets(Api):
    @classmethod
    def issuers(cls):
        cls.brief = tokens.Issuer("https://brief.test", [tokens.Key.ec("b")])
        with open(cls.folder + "/brief.json", "w") as file:
            json.dump(cls.brief.jwks(), file)
        return super().issuers() + issuer("brief", cls.brief.issuer, keys=f"file:{cls.folder}/brief.json", session_max="token")

    def test_exchange(self):
        """a token becomes a ticket that psql logs in with as its id; the record says so"""
        got = self.ticket()
        self.assertRegex(got["access_token"], r"\Aspt_[0-9a-hjkmnp-tv-z]{43}\Z")
        self.assertEqual(got["access_token"][:14], got["ticket"])
        self.assertEqual(("Bearer", "urn:ietf:params:oauth:token-type:access_token"), (got["token_type"], got["issued_token_type"]))
        self.assertEqual(["shop", "raw"], [one["name"] for one in got["targets"]])
        self.enters(got)
        session, login = self.login_facts()
        self.assertEqual(("corp:agent-7", "ticket", ["agents"]), (session["identity"], login["proof"], login["groups"]))
        self.assertIn(got["ticket"], json.dumps(login))

    def test_in_the_clear(self):
        """where a client can only send passwords, the ticket alone says who it is"""
        got = self.ticket()
        self.assertEqual("in", self.taken(got["access_token"]))
        self.assertEqual("ticket", self.login_facts()[1]["proof"])

    def test_targets(self):
        """a ticket for one target opens no other; a target that nobody offers is refused when it is asked for"""
        got = self.ticket(scope="target:raw")
        self.assertEqual(["raw"], [one["name"] for one in got["targets"]])
        self.enters(got, "raw")
        self.stays_out(got, "target-not-of-this-ticket")
        for scope in ("target:nowhere", "shop", "target:"):
            self.assertEqual(400, self.exchange(self.maker.token(), scope=scope)[0], scope)

    def test_wrong(self):
        """a ticket with one character changed, its id alone, another's secret: refused like a wrong password"""
        one, other = self.ticket(), self.ticket()
        text = one["access_token"]
        wrong = [text[:-1] + ("0" if text[-1] != "0" else "1"), one["ticket"], text.upper()]
        for secret in [*wrong, other["access_token"], text + " "]:
            self.stays_out(one | {"access_token": secret}, "wrong-proof")
        for secret in [*wrong, "", text[:14] + other["access_token"][14:]]:
            self.assertEqual(401, self.ask("GET", "/v1/whoami", proof="Bearer " + secret)[0], secret)
        # One that says itself that nothing was mistyped in it.
        body = one["ticket"] + other["access_token"][14:-6]
        made = body + "".join("0123456789abcdefghjkmnpqrstvwxyz"[byte & 31] for byte in hashlib.sha256(body.encode()).digest()[:6])
        self.assertEqual(text[-6:], "".join("0123456789abcdefghjkmnpqrstvwxyz"[byte & 31] for byte in hashlib.sha256(text[:-6].encode()).digest()[:6]))
        self.stays_out(one | {"access_token": made}, "wrong-proof")
        self.assertEqual(401, self.ask("GET", "/v1/whoami", proof="Bearer " + made)[0])
        self.stays_out(one | {"ticket": "spt_0000000000"}, "unknown-user")
        self.enters(one)

    def test_expired(self):
        """an expired ticket is told so, once its bearer has proven it"""
        got = self.ticket(expires_in="1")
        process.until(lambda: self.ask("GET", "/v1/whoami", proof=got["access_token"])[0] == 401, "the ticket's end")
        self.assertIn("has expired", self.stays_out(got, "ticket-expired"))
        self.assertNotIn("has expired", self.stays_out(got | {"access_token": self.ticket()["access_token"]}, "wrong-proof"))

    def test_tied(self):
        """a ticket lives no longer than the config lets it, whatever is asked for, nor than what its issuer lets a login live"""
        made = self.brief.token({"exp": int(time.time()) + 120})
        self.assertLessEqual(self.exchange(made)[1]["expires_in"], 120)
        self.assertGreater(self.exchange(made, expires_in="60")[1]["expires_in"], 0)
        self.assertLessEqual(self.ticket(expires_in="999999")["expires_in"], 8 * 3600)
        for life in ("-1", "x", "1.5"):
            self.assertEqual(400, self.exchange(self.maker.token(), expires_in=life)[0], life)

    def test_revoked(self):
        """a revoked ticket ends what it opened, at once, and opens nothing more; also after a restart"""
        got = self.ticket()
        child = self.long_session(got)
        stranger = self.ticket({"sub": "stranger"})["access_token"]
        self.assertEqual(404, self.ask("DELETE", "/v1/tickets/" + got["ticket"], proof=stranger)[0], "it is another's")
        self.assertIsNone(child.poll())
        self.assertEqual(200, self.ask("DELETE", "/v1/tickets/" + got["ticket"], proof=got["access_token"])[0])
        self.assertNotEqual(0, child.wait(30))
        self.stays_out(got, "unknown-user")
        self.gate.stop()
        self.gate.start()
        self.setUp()
        self.stays_out(got, "unknown-user")

    def long_session(self, got):
        env = self.environment() | {"PGUSER": got["ticket"] + ",shop", "PGPASSWORD": got["access_token"]}
        before = len(self.gate.run("sessions", "--live"))
        child = process.start(["psql", "-XqtAw", "-c", "SELECT pg_sleep(300)"], stdout=-3, stderr=-3, env=env)
        self.addCleanup(process.stop, child, 9)
        process.until(lambda: len(self.gate.run("sessions", "--live")) > before, "the session")
        return child

    def test_restart(self):
        """tickets outlive the gateway's process"""
        got = self.ticket()
        self.gate.stop(9)
        self.gate.start()
        self.setUp()
        self.enters(got)
        self.assertEqual("corp:agent-7", self.ask("GET", "/v1/whoami", proof=got["access_token"])[1]["name"])

    def test_at_rest(self):
        """what lies on the disk lets nobody in: neither the ticket's text nor its secret stands in any file"""
        got = self.ticket()
        self.enters(got)
        secret = got["access_token"][14:].encode()
        found = []
        for folder, _, files in os.walk(self.gate.folder):
            for name in files:
                if not os.path.isfile(os.path.join(folder, name)):
                    continue  # the admin socket
                with open(os.path.join(folder, name), "rb") as file:
                    if secret in file.read():
                        found.append(name)
        self.assertEqual([], found)
        self.assertEqual(0o600, os.stat(self.gate.folder + "/state/store.sqlite").st_mode & 0o777)

    def test_refused_tokens(self):
        """a bad token gets one public answer, and the record says why"""
        for token in ("x", self.maker.token({"exp": 1}), self.maker.token({"aud": "another"}), self.maker.token() + "x"):
            status, got, _ = self.exchange(token)
            self.assertEqual((400, "invalid_grant", "the token was refused; the gateway's log says why"),
                             (status, got["error"], got["error_description"]))
        for fields in ({"grant_type": "password"}, {"subject_token_type": "urn:x"}):
            self.assertEqual(400, self.exchange(self.maker.token(), **fields)[0])


    def test_actor(self):
        """what is asked for a person by one agent waits for a yes of its own beside another's, and beside the person's"""
        claims = {"sub": "lou"}
        actors = ({}, {"act": {"sub": "bot"}}, {"act": {"sub": "worse-bot"}})
        for actor in actors:
            self.starts(self.maker.token(claims | actor), "DROP TABLE of_an_actor")
        asked = lambda: [one["actor"] for one in self.gate.approvals() if "of_an_actor" in one["text"]]
        process.until(lambda: len(asked()) == len(actors), "an approval of each")
        self.assertEqual(["", "corp:bot", "corp:worse-bot"], sorted(asked()))

    def test_plan_by_a_bound_ticket(self):
        """a ticket for one target plans nothing at another"""
        got = self.ticket(scope="target:raw")["access_token"]
        body = {"target": "shop", "requests": ["DROP TABLE planned"]}
        self.assertEqual(400, self.ask("POST", "/v1/plans", body, got)[0])
        status, got, _ = self.ask("POST", "/v1/plans", body, self.ticket()["access_token"])
        self.assertEqual(200, status, got)
        self.gate.run("revoke", got["approval"]["id"])


class Guesses(Api):
    SERVER_KEYS = "failed_logins = 5\n" + ADMIN

    @staticmethod
    def basic(name, secret):
        return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()

    def refusals(self):
        return [one for one in self.gate.records("Admin") if one["act"] == "login-refused"]

    def test_secrets(self):
        """who guesses a user's secret learns nothing after a while, not even from the right one; a ticket counts still"""
        good = self.basic("dana", SECRETS["dana"])
        self.assertEqual(200, self.ask("GET", "/v1/whoami", proof=good)[0])
        for name in ("dana", "nobody"):
            for i in range(20):
                self.assertIn(self.ask("GET", "/v1/whoami", proof=self.basic(name, f"guess {i}"))[0], (401, 429))
        self.assertEqual(429, self.ask("GET", "/v1/whoami", proof=good)[0])
        self.assertEqual(429, self.ask("GET", "/metrics", proof=good)[0])
        self.assertEqual(200, self.ask("GET", "/v1/whoami", proof=self.ticket()["access_token"])[0])
        self.assertLess(len(self.refusals()), 20)
        # The other door counts by itself.
        self.gate.run("approvals", as_user="dana")
        for i in range(20):
            with socket.socket(socket.AF_UNIX) as door:
                door.connect(self.gate.folder + "/state/admin.sock")
                door.sendall(json.dumps({"act": "approvals", "as": "dana", "secret": f"guess {i}"}).encode() + b"\n")
                door.recv(1000)
        self.assertIn("wait a minute", self.gate.run("approvals", as_user="dana", ok=False).stdout)

    def test_tokens(self):
        """refused tokens and tickets fill no log, and stop no good one"""
        for _ in range(100):
            self.assertEqual(400, self.exchange("ey.x.y")[0])
            self.assertEqual(401, self.ask("GET", "/v1/whoami", proof="spt_" + "0" * 43)[0])
        self.assertLess(len(self.refusals()), 40)
        self.ticket()


class Waiting(Api):
    """Logins that wait for a role to be made, over a relay that can stop carrying."""

    @classmethod
    def issuers(cls):
        credential_case.make_minter(cls.cluster)
        cls.relay = Relay(cls.cluster.port)
        cls.addClassCleanup(cls.relay.close)
        with open(os.open(cls.folder + "/minter", os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(credential_case.MINTER_PASSWORD)
        target = credential_case.minted("minted", cls.relay.port)
        return super().issuers() + target.replace("file:secrets/minter", f"file:{cls.folder}/minter")

    def test_revoked_meanwhile(self):
        """a ticket that is taken back while its login waits for a role lets nobody in, whichever way it came"""
        for sub, by_id in (("early", True), ("clear", False)):
            got = self.ticket({"sub": sub})
            env = self.with_token(got["access_token"], "minted")
            if by_id:
                env["PGUSER"] = f"{got['ticket']},minted"
            before = len(self.logins())
            self.relay.held.set()
            try:
                child = process.start(["psql", "-XqtAwc", "SELECT 'in'"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
                self.addCleanup(process.stop, child, 9)
                process.until(lambda: f"corp:{sub}" in json.dumps(self.gate.run("status")["credentials"]), "a lease that is waited for")
                self.assertEqual(200, self.ask("DELETE", "/v1/tickets/" + got["ticket"], proof=got["access_token"])[0])
            finally:
                self.relay.held.clear()
            said = child.communicate(timeout=60)
            self.assertEqual("", said[0], sub)
            self.assertEqual("ticket-revoked", self.reason_behind(before, ["ticket-revoked"]), said)


class KillSwitches(Api):
    def door(self):
        made = socket.socket(socket.AF_UNIX)
        self.addCleanup(made.close)
        made.connect(self.gate.folder + "/state/admin.sock")
        return made

    def test_before_control_knows(self):
        """who is let in while the control thread is busy is ended by a kill that it does before it hears of the login"""
        for i in range(6):
            self.starts(self.maker.token({"sub": f"long-{i}"}), f"DROP TABLE t_{i} /* {'x' * 50000} */")
        process.until(lambda: len(self.gate.approvals()) == 6, "many bytes to list")
        # Who does not read his answer is waited for: the first one while the others ask, the second one while the caller
        # comes in, whom the control thread hears of behind the kill.
        doors = [self.door() for _ in range(3)]
        self.gate.run("status")
        doors[0].sendall(b'{"act": "approvals"}\n')
        doors[1].sendall(b'{"act": "approvals"}\n')
        doors[2].sendall(b'{"act": "kill", "identity": "robot"}\n')
        left = select.poll()
        left.register(doors[0], select.POLLHUP)
        self.assertTrue(left.poll(60_000))
        child = process.start(["psql", "-XqtA", "-c", "SELECT pg_sleep(600)"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=self.environment(user="robot", target="raw"))
        self.addCleanup(process.stop, child, 9)
        try:
            done = json.loads(doors[2].recv(1000))
            self.assertTrue(done["ok"], done)
            print(f"# the control thread knew of {done['sessions']} sessions")
            self.assertNotEqual(0, child.wait(60))
        finally:
            self.gate.run("allow", "robot")
            for one in self.gate.approvals():
                self.gate.run("revoke", one["id"])

    def test_socket(self):
        """who holds connections to the admin socket keeps nobody from it"""
        for _ in range(200):
            self.door()
        self.gate.run("lockdown", "--reason", "drill")
        self.gate.run("lockdown", "--lift")

    def admin(self):
        return self.ticket({"sub": "root", "groups": ["admins", "agents"]})["access_token"]

    def test_identity(self):
        """kill of an identity ends its sessions and tickets and keeps it out until it is allowed again"""
        claims = {"sub": "rogue"}
        got, admin = self.ticket(claims), self.admin()
        child = Tickets.long_session(self, got)
        status, done, _ = self.ask("PUT", "/v1/identities/corp%3Arogue/block", {"reason": "it ran wild"}, admin)
        self.assertEqual((200, 1, 1), (status, done.get("sessions"), done.get("tickets")), done)
        self.assertNotEqual(0, child.wait(30))
        self.stays_out(got, "unknown-user")
        before = len(self.logins())
        told = self.log_in(self.maker.token(claims)).stderr
        self.assertEqual("identity-blocked", self.reason_behind(before, ["identity-blocked"]))
        self.assertIn("it ran wild", told)
        self.assertNotEqual(200, self.exchange(self.maker.token(claims))[0])
        self.assertEqual(401, self.ask("GET", "/v1/whoami", proof=self.maker.token(claims))[0])
        self.gate.stop()
        self.gate.start()
        self.setUp()
        self.assertNotEqual(0, self.log_in(self.maker.token(claims)).returncode)
        self.assertEqual(200, self.ask("DELETE", "/v1/identities/corp%3Arogue/block", proof=admin)[0])
        self.assertEqual("in", self.taken(self.maker.token(claims)))
        self.assertEqual(404, self.ask("DELETE", "/v1/identities/corp%3Arogue/block", proof=admin)[0])

    def test_commands(self):
        """the same from the command line, and what status says meanwhile"""
        token = self.maker.token({"sub": "agent-9"})
        self.assertEqual("in", self.taken(token))
        self.gate.run("kill", "--identity", "corp:agent-9", "--reason", "a drill")
        self.gate.run("lockdown", "--reason", "drill 7")
        status = self.gate.run("status", ok=False)
        self.assertEqual(1, status.returncode)
        self.assertEqual(("drill 7", "killed by operator: a drill"),
                         (json.loads(status.stdout)["closed"]["all"], json.loads(status.stdout)["closed"]["identities"]["corp:agent-9"]))
        self.assertIn("drill 7", self.log_in(self.maker.token()).stderr)
        self.gate.run("lockdown", "--lift")
        self.assertIn("a drill", self.log_in(token).stderr)
        self.gate.run("allow", "corp:agent-9")
        self.assertEqual("in", self.taken(token))
        self.assertEqual(0, self.gate.run("status", ok=False).returncode)

    def test_lockdown(self):
        """a lockdown lets nobody new in, says why, leaves open sessions alone, outlives a restart, and is lifted"""
        admin = self.admin()
        got = self.ticket()
        self.assertEqual(400, self.ask("PUT", "/v1/lockdown", {}, admin)[0])
        self.assertEqual(200, self.ask("PUT", "/v1/lockdown", {"reason": "incident 12"}, admin)[0])
        self.assertIn("incident 12", self.stays_out(got, "gateway-locked-down"))
        self.gate.stop()
        self.gate.start()
        self.setUp()
        self.assertIn("incident 12", self.stays_out(got, "gateway-locked-down"))
        self.assertNotIn("incident 12", self.stays_out(got | {"access_token": "x"}, "wrong-proof"))
        self.assertEqual(200, self.ask("DELETE", "/v1/lockdown", proof=admin)[0])
        self.enters(got)


class Guessing(Api):
    SERVER_KEYS = "workers = 1\nfailed_logins = 1\n" + ADMIN  # one a minute, of all of them together

    def test_slowed(self):
        """after too many wrong words a source is refused unseen, with the same public error, whatever it comes with then"""
        env = self.environment()
        first = self.psql("SELECT 1", "-w", env=env | {"PGPASSWORD": "wrong"})
        for proof in (lambda: self.psql("SELECT 1", "-w", env=env), lambda: self.log_in(self.maker.token())):
            before = len(self.logins())
            done = proof()
            self.assertEqual((2, oidc_case.plain(first.stderr)), (done.returncode, oidc_case.plain(done.stderr)))
            self.reason_behind(before, ["too-many-failures"])
        self.gate.server = self.SERVER_KEYS.replace("failed_logins = 1", "failed_logins = 0")
        self.gate.write()
        self.gate.run("reload")
        process.until(lambda: self.psql("SELECT 1", "-w", env=env).returncode == 0, "the reload at the core")


class Door(Api):
    def test_roles(self):
        """each path for those whose role it takes"""
        nobody = self.ticket()["access_token"]
        viewer = self.ticket({"sub": "v", "groups": ["viewers"]})["access_token"]
        admin = self.ticket({"sub": "r", "groups": ["admins"]})["access_token"]
        table = [("GET", "/v1/whoami", 200, 200, 200), ("GET", "/v1/status", 403, 200, 200), ("GET", "/v1/sessions", 403, 200, 200),
                 ("GET", "/v1/targets", 403, 200, 200), ("GET", "/v1/policy", 403, 200, 200), ("GET", "/v1/tickets", 200, 200, 200),
                 ("POST", "/v1/policy/reload", 403, 403, 200), ("DELETE", "/v1/sessions/77", 403, 403, 404),
                 ("PUT", "/v1/lockdown", 403, 403, 400), ("DELETE", "/v1/lockdown", 403, 403, 409)]
        for method, path, *wanted in table:
            got = [self.ask(method, path, proof=proof)[0] for proof in (nobody, viewer, admin)]
            self.assertEqual(wanted, got, (method, path))
            self.assertEqual(401, self.ask(method, path)[0], (method, path))
        text = json.dumps([self.ask("GET", path, proof=admin)[1] for path in ("/v1/targets", "/v1/policy", "/v1/status")])
        for secret in [*SECRETS.values(), PASSWORD, "SCRAM-SHA-256$"]:
            self.assertNotIn(secret, text)

    def test_local_user(self):
        """a local user proves itself with name and secret"""
        basic = lambda name, secret: "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()
        self.assertEqual("dana", self.ask("GET", "/v1/whoami", proof=basic("dana", SECRETS["dana"]))[1]["name"])
        self.assertEqual(401, self.ask("GET", "/v1/whoami", proof=basic("dana", "x"))[0])
        self.assertEqual(401, self.ask("GET", "/v1/whoami", proof=basic("nobody", "x"))[0])

    def test_open(self):
        """what needs no proof: health, where tokens come from"""
        self.assertEqual(200, self.ask("GET", "/healthz")[0])
        help_ = self.ask("GET", "/v1/login")[1]
        self.assertEqual([{"name": "corp", "issuer": "https://idp.test", "client_id": "cli", "scopes": ["openid", "email"]}], help_["issuers"])
        self.assertEqual([{"protocol": "postgresql", "port": self.gate.port, "tls": True}], help_["listeners"])
        self.assertEqual(["https://idp.test"], self.ask("GET", "/.well-known/oauth-protected-resource")[1]["authorization_servers"])

    def raw(self, data, shut=False):
        """The first line of the answer to these bytes; empty: the connection was closed without one."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as sock:
            sock.sendall(data)
            if shut:
                sock.shutdown(socket.SHUT_WR)
            got = b""
            while chunk := sock.recv(65536):
                got += chunk
        return got.split(b"\r\n")[0].decode()

    def test_refused(self):
        """other sites' pages, other hosts' names, two lengths, chunks, large and odd requests"""
        host = b"Host: localhost\r\n"
        end = b"Connection: close\r\n\r\n"
        table = {
            b"GET /healthz HTTP/1.1\r\n" + host + end: "200",
            b"GET /healthz HTTP/1.1\r\nHost: gateway.test:8420\r\n" + end: "200",
            b"GET /healthz HTTP/1.1\r\nHost: evil.test\r\n" + end: "421",
            b"GET /healthz HTTP/1.1\r\n" + end: "400",
            b"GET /healthz HTTP/1.1\r\n" + host + host + end: "400",
            b"GET /healthz HTTP/1.0\r\n" + host + end: "505",
            b"GET http://localhost/healthz HTTP/1.1\r\n" + host + end: "400",
            b"BREW /healthz HTTP/1.1\r\n" + host + end: "405",
            b"GET /healthz HTTP/1.1\r\n" + host + b"Origin: https://evil.test\r\n" + end: "403",
            b"GET /healthz HTTP/1.1\r\n" + host + b"Sec-Fetch-Site: cross-site\r\n" + end: "403",
            b"POST /oauth/token HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n" + end: "411",
            b"POST /oauth/token HTTP/1.1\r\n" + host + b"Content-Length: 99999999\r\n" + end: "413",
            b"POST /v1/lockdown HTTP/1.1\r\n" + host + b"Content-Length: 2\r\nContent-Length: 3\r\n" + end: "400",
            b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\n" + host + end: "431",
            b"GET /healthz HTTP/1.1\r\n" + host + b"X: " + b"a" * 70000 + b"\r\n" + end: "431",
            b"GET /nowhere HTTP/1.1\r\n" + host + end: "404",
            b"DELETE /v1/status HTTP/1.1\r\n" + host + end: "405",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n" * 4: "400",
        }
        for sent, wanted in table.items():
            self.assertIn(wanted, self.raw(sent), sent[:90])

    def test_slow(self):
        """peers that send a byte now and then hold up nobody, and are let go"""
        slow = [socket.create_connection(("127.0.0.1", self.port), timeout=60) for _ in range(30)]
        for one in slow:
            self.addCleanup(one.close)
            one.sendall(b"POST /oauth/token HTTP/1.1\r\nHost: localhost\r\nContent-Le")
        self.assertEqual(200, self.ask("GET", "/healthz")[0])
        self.assertEqual(b"", slow[0].recv(100), "closed without a word")

    def test_records(self):
        """what is done by the API stands in the log, with who did it"""
        admin = self.ticket({"sub": "rec", "groups": ["admins"]})["access_token"]
        self.assertEqual(200, self.ask("POST", "/v1/policy/reload", {}, admin)[0])
        process.until(lambda: [one for one in self.gate.records("Admin") if (one["who"], one["act"]) == ("corp:rec", "reload")], "the record")

    def test_approve(self):
        """an approver answers over the API"""
        child = process.start(["psql", "-XqtAw", "-c", "DROP TABLE IF EXISTS effects_of_nobody"], stdout=-3, stderr=-1, text=True,
                              env=self.environment())
        self.addCleanup(process.stop, child, 9)
        self.addCleanup(child.stderr.close)
        dba = self.ticket({"sub": "dora", "groups": ["dba"]})["access_token"]
        open_ = process.until(lambda: self.ask("GET", "/v1/approvals", proof=dba)[1]["approvals"], "the approval")
        path = f"/v1/approvals/{open_[0]['id']}/approve"
        self.assertEqual(405, self.ask("GET", path, proof=dba)[0], "GET never decides")
        self.assertEqual(400, self.ask("POST", path, {}, self.ticket()["access_token"])[0])
        status, got, _ = self.ask("POST", path, {"reason": "fine"}, dba)
        self.assertEqual((200, "corp:dora"), (status, got["approval"]["decided_by"]))
        self.assertEqual(0, child.wait(60))


if __name__ == "__main__":
    tap.main()
