"""`sallyport login` where somebody is out of order or means ill: providers, gateways, browsers, other programs of this
machine. Each a clear error, a status that is not 0, and nothing sent to whom nobody named."""

import http.server
import json
import os
import re
import socket
import ssl
import threading
import urllib.parse

import oidc_case
import process
import tap
import tokens
from login_case import SECRET, Case
from oidc_provider import Person, Refused


class Server:
    """A web server on loopback: `answer(method, path, body)` gives (status, headers, text) or None for silence."""

    def __init__(self, answer, folder=None):
        asked = self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
                asked.append((self.command, self.path, body))
                got = answer(self.command, self.path, body)
                if got is None:
                    self.rfile.read(1)  # until the client has gone
                    return
                status, headers, text = got
                self.send_response(status)
                for key, value in headers.items():
                    self.send_header(key, value)
                self.send_header("content-length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            do_POST = do_DELETE = do_GET

            def log_message(self, *_):
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        if folder:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(folder + "/server.crt", folder + "/server.key")
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.url = f"https://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Provider(Case):
    """A certified provider that refuses, or is out of order."""

    def test_access_denied(self):
        """somebody says no: by device code and by browser"""
        self.provider.devices(interval=1)
        child = self.begin("--flow", "device", wait=r"or +http\S+")
        try:
            Person(self.provider, "ann", refuses=True).visit(re.search(r"or +(http\S+)", self.said())[1])
        except Refused:
            pass  # the page that says so has a status of its own
        self.assertIn("access_denied", self.ends(child, 1))
        child = self.begin("--flow", "browser", "--no-browser", wait=r"Open +http\S+")
        person = Person(self.provider, "ann", refuses=True)
        page = person.step(person.visit(re.search(r"Open +(http\S+)", self.said())[1]))[1]
        self.assertIn("Not logged in", page)
        self.assertIn("access_denied", self.ends(child, 1))

    def test_expired_code(self):
        """nobody enters the device's code in time, by the provider's clock or by ours"""
        self.provider.devices(interval=1)
        self.provider.fault("token", "refuse", error="expired_token")
        self.assertIn("expired_token", self.login("--flow", "device", code=1).stderr)
        self.provider.fault("token")
        self.provider.devices(life=3, interval=1)
        self.assertIn("expired_token", self.login("--flow", "device", code=1).stderr)

    def test_wrong_secret(self):
        """a wrong secret, an unknown client, one that is revoked, one that may not use this flow"""
        for client, secret, why in (("agent-7", "wrong", "invalid_client"), ("nobody", SECRET, "invalid_client"), ("cli", "any", "invalid_client|unauthorized_client")):
            said = self.machine(client=client, env={"SALLYPORT_CLIENT_SECRET": secret}, code=1).stderr
            self.assertRegex(said, "the identity provider refuses: (" + why + ")")
        self.provider.set(clients={"robot-8": None})
        self.assertIn("invalid_client", self.machine(client="robot-8", code=1).stderr)
        self.assertIn("refuses", self.login("--flow", "device", "--client-id", "agent-7", code=1).stderr)

    def test_out_of_order(self):
        """each place of a provider that drops, fails, gives no JSON, too much of it, nothing, or sends on"""
        elsewhere = Server(lambda *_: (200, {}, "{}"))
        self.addCleanup(elsewhere.close)
        flows = {"discovery": lambda **more: self.machine(**more), "token": lambda **more: self.machine(**more),
                 "device": lambda **more: self.login("--flow", "device", **more)}
        for on, flow in flows.items():
            for fault, why in (({"kind": "drop"}, "cannot be asked"), ({"kind": "status", "status": 500}, "HTTP status 500"),
                               ({"kind": "status", "status": 403}, "HTTP status 403"), ({"kind": "text", "text": "<html>"}, "no JSON"),
                               ({"kind": "text", "text": "[]"}, "no JSON"), ({"kind": "text", "text": "{}"}, "no |\"\""),
                               ({"kind": "text", "text": '{"a":1,"a":2}'}, "no JSON"),
                               ({"kind": "text", "text": '{"x":"' + "a" * 300000 + '"}'}, "larger than 256 KiB"),
                               ({"kind": "redirect", "to": elsewhere.url + "/token?x=1"}, "sends on to " + elsewhere.url + ","),
                               ({"kind": "redirect", "to": elsewhere.url, "status": 307}, "sends on")):
                with self.subTest(on=on, fault=str(fault)[:60]):
                    self.provider.fault(on, **fault)
                    said = flow(code=3).stderr
                    self.assertRegex(said, why)
                    self.assertEqual(1, said.strip().count("sallyport:"), said)
            self.provider.fault(on)
        self.assertEqual([], elsewhere.asked)
        self.assertFalse(os.path.exists(self.state + "/logins.json"))

    def test_hang(self):
        """a provider that never answers, or never ends"""
        for kind in ("hang", "slow"):
            self.provider.fault("discovery", kind)
            self.assertIn("no answer in time", self.machine(code=3).stderr)

    def test_down(self):
        """a provider that is not there"""
        self.provider.stop()
        self.addCleanup(self.provider.start)
        self.assertIn("the identity provider cannot be asked", self.machine(code=3).stderr)

    def test_discovery(self):
        """a document of somebody else, or one that leads to where secrets can be read"""
        for wrong, why in (({"issuer": "https://evil.test"}, 'says that it is "https://evil.test"'), ({"issuer": self.provider.issuer + "/"}, "says that it is"),
                           ({"issuer": None}, "says that it is"), ({"token_endpoint": "http://evil.test/token"}, "unsafe address: token_endpoint"),
                           ({"token_endpoint": None}, "names no token endpoint"), ({"token_endpoint": "file:///etc/passwd"}, "unsafe address"),
                           ({"token_endpoint": "https://a@evil.test/"}, "unsafe address"),
                           ({"authorization_endpoint": "javascript:alert(1)"}, "unsafe address: authorization_endpoint"),
                           ({"device_authorization_endpoint": "http://127.0.0.1.evil.test/"}, "unsafe address: device")):
            with self.subTest(why):
                self.provider.fault("discovery", "merge", **{"with": wrong})
                before = self.provider.counts()["token"]
                self.assertIn(why, self.machine(code=3).stderr)
                self.assertEqual(before, self.provider.counts()["token"])
        self.provider.fault("discovery", "merge", **{"with": {"device_authorization_endpoint": None}})
        self.assertIn("try --flow browser", self.login("--flow", "device", code=1).stderr)
        self.provider.fault("discovery", "merge", **{"with": {"authorization_endpoint": None}})
        self.assertIn("try --flow device", self.login("--flow", "browser", code=1).stderr)

    def test_terminal_text(self):
        """what a provider says cannot drive the terminal"""
        self.provider.fault("token", "text", text=json.dumps({"error": "x\u001b]0;y\u0007\nsallyport: all is well"}))
        self.provider.fault("token", "refuse", error="x\u001b[2J\nall is well")
        said = self.machine(code=1).stderr
        self.assertNotIn("\u001b", said)
        self.assertEqual(1, len(said.strip().split("\n")), said)
        child = self.begin("--flow", "browser", "--no-browser", wait=r"Open +http\S+")
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(re.search(r"Open +(http\S+)", self.said())[1]).query)
        back = {"state": query["state"][0], "iss": self.provider.issuer, "error": "no\u001b[31m", "error_description": "\u202eevil"}
        Person(self.provider, "ann").step(query["redirect_uri"][0] + "?" + urllib.parse.urlencode(back))
        said = self.ends(child, 1)
        self.assertNotIn("\u001b", said)
        self.assertNotIn("\u202e", said)


class Browser(Case):
    """What comes to the port where a browser should come back."""

    def begins(self):
        """(process, its address for the browser, the redirect's address, the state)"""
        child = self.begin("--flow", "browser", "--no-browser", wait=r"Open +http\S+")
        url = re.search(r"Open +(http\S+)", self.said())[1]
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
        return child, url, query["redirect_uri"], query["state"]

    def visit(self, redirect, **fields):
        person = Person(self.provider, "ann")
        try:
            return person.step(redirect + "?" + urllib.parse.urlencode(fields))[1]
        except Refused as refused:
            return str(refused)

    def test_state(self):
        """an answer with another login's state, or none, or two: it is not taken, and no code is traded"""
        for fields in ({"state": "wrong"}, {}, {"state": ["STATE", "STATE"]}, {"state": "STATE", "code": ["a", "b"]}, {"state": "STATE%"}):
            child, _, redirect, state = self.begins()
            text = urllib.parse.urlencode({"code": "c0de", "iss": self.provider.issuer} | fields, doseq=True).replace("STATE%25", state + "%zz").replace("STATE", state)
            with self.subTest(str(fields)):
                with self.assertRaises(Refused):
                    Person(self.provider, "ann").step(redirect + "?" + text)
                self.assertIn("wrong state", self.ends(child, 1))
        self.assertEqual(0, self.provider.counts()["token"])

    def test_issuer(self):
        """an answer of another provider (RFC 9207): its code is not traded"""
        for more in ({"iss": "https://evil.test"}, {}):
            child, _, redirect, state = self.begins()
            self.visit(redirect, code="c0de", state=state, **more)
            self.assertIn("another identity provider", self.ends(child, 1))
        self.assertEqual(0, self.provider.counts()["token"])

    def test_proof_key(self):
        """a code that was got for another proof key is refused by the provider"""
        child, url, _, _ = self.begins()
        person = Person(self.provider, "ann")
        person.step(person.visit(re.sub(r"code_challenge=[\w-]{43}", "code_challenge=" + "A" * 43, url)))
        self.assertIn("invalid_grant", self.ends(child, 1))

    def test_second_start(self):
        """a link for the browser that somebody else has opened before: the login ends"""
        os.mkdir(self.home + "/bin")
        self.write("bin/xdg-open", f'#!/bin/sh\necho "$@" > {self.home}/new\nmv {self.home}/new {self.home}/opened\n', 0o700)
        child = self.begin(wait="Your browser opens", env={"DISPLAY": ":7", "PATH": self.home + "/bin:" + os.environ["PATH"]})
        process.until(lambda: os.path.exists(self.home + "/opened"), "xdg-open")
        with open(self.home + "/opened") as file:
            url = file.read().strip()
        person = Person(self.provider, "ann")
        person.step(url)
        with self.assertRaises(Refused):
            person.step(url)
        self.assertIn("opened twice", self.ends(child, 1))

    def test_noise(self):
        """what else knocks at the port: it is answered or dropped, and the login goes on"""
        child, url, redirect, _ = self.begins()
        port = urllib.parse.urlsplit(redirect).port
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
        for noise in (b"GET /favicon.ico HTTP/1.1\r\n\r\n", b"POST /callback?state=x HTTP/1.1\r\n\r\n", b"\0" * 70000, b"GET \r\n\r\n", b"\r\n\r\n",
                      b"GET /start/x HTTP/1.1\r\n\r\n", b"GET /callbackx?state=1 HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 10000):
            with socket.create_connection(("127.0.0.1", port), 30) as knocking:
                try:
                    knocking.sendall(noise)
                    self.assertNotIn(b"HTTP/1.1 200", knocking.recv(100))
                except OSError:
                    pass  # reset
        person = Person(self.provider, "ann")
        person.step(person.visit(url))
        self.assertIn("Logged in as corp:ann", self.ends(child))
        for one in silent:
            one.close()

    def test_timeout(self):
        """nobody comes back"""
        self.assertIn("in time", self.login("--flow", "browser", "--no-browser", "--timeout", "1", code=1).stderr)


class Gateways(Case):
    """What is at the gateway's address, and is none."""

    def at(self, answer, *args, code=3, folder=None):
        server = Server(answer, folder)
        self.addCleanup(server.close)
        said = self.ask("login", "--gateway", server.url, *args, code=code, SALLYPORT_CLIENT_SECRET=SECRET)
        self.assertNotIn(SECRET, said)
        self.assertNotIn(SECRET, json.dumps(server.asked))
        return said

    def opening(self, **more):
        return json.dumps({"issuers": [{"name": "corp", "issuer": self.provider.issuer, "client_id": "agent-7", "scopes": []}],
                           "listeners": [{"protocol": "postgresql", "port": 5432, "tls": False}]} | more)

    def test_strangers(self):
        """no JSON, an error, a redirect, silence in place of a gateway; issuers that are none"""
        for answer, why in (((200, {}, "hello"), "no JSON"), ((404, {}, "{}"), "not as a gateway does"), ((302, {"location": "https://evil.test/"}, ""), "sends on to https://evil.test,"),
                            (None, "no answer in time"), ((200, {}, "{}"), "trusts no identity provider"), ((200, {}, '{"issuers":7}'), "trusts no identity provider"),
                            ((200, {}, '{"issuers":[7,{"name":"\\u001b[2J"}]}'), "trusts no identity provider"),
                            ((200, {}, '{"issuers":[7,{"name":"corp","issuer":"http://evil.test"}]}'), "no https address")):
            code = 1 if "trusts" in why or "no https" in why else 3
            self.assertIn(why, self.at(lambda *_: answer, code=code))

    def test_no_ticket(self):
        """a gateway that gives none, or what is none; names that would be written into files"""
        real = json.loads(self.machine("--json").stdout)
        good = {"access_token": real["ticket"], "ticket": real["id"], "identity": "x", "expires_in": 60}
        target = {"name": "shop", "protocol": "postgresql", "database": "shop", "logins": ["app"]}
        for answer, code, why in (({"error": "invalid_grant"}, 1, "invalid_grant"), ({"error": "\u001b[2J"}, 1, "gives no ticket"), ({}, 1, "HTTP status 400"), (good | {"access_token": "x"}, 3, "gives no ticket"),
                                  (good | {"ticket": "spt_aaaaaaaaaa"}, 3, "gives no ticket"), (good | {"access_token": real["ticket"][:-1] + "\n"}, 3, "gives no ticket")):
            status = 200 if "access_token" in answer else 400
            said = self.at(lambda method, path, _: (200, {}, self.opening()) if method == "GET" else (status, {}, json.dumps(answer)), code=code)
            self.assertIn(why, said)
            self.assertNotIn("\u001b", said)
        evil = [target, target | {"name": "a]\nhost=evil"}, target | {"database": "x\nhost=evil"}, target | {"logins": ["app", "x\ny"]}, 7]
        self.at(lambda method, *_: (200, {}, self.opening() if method == "GET" else json.dumps(good | {"targets": evil})), "--write", "service", "--write", "pgpass", code=0)
        for name in (".pg_service.conf", ".pgpass", self.state + "/pgpass"):
            self.assertNotIn("evil", self.private(name))
        self.assertEqual(["[shop]"], re.findall(r"^\[.*", self.private(".pg_service.conf"), re.M))

    def test_issuers(self):
        """several identity providers: one must be named"""
        more = tokens.Issuer("https://idp.test", [tokens.Key.ec("k")])
        self.fresh(self.tables() + oidc_case.issuer("other", more.issuer, keys=self.keys(more)))
        self.assertIn("--issuer, one of corp, other", self.machine(code=1).stderr)
        self.assertIn("trusts no third", self.machine("--issuer", "third", code=1).stderr)
        self.assertEqual("in", self.run_line(self.machine("--issuer", "corp").stdout))

    @classmethod
    def issuers(cls):
        cls.provider = oidc_case.provider()
        return None

    def setUp(self):
        self.gate = self.gate or self.made(self.tables())
        self.addCleanup(self.end_fresh)
        super().setUp()

    def tables(self):
        return oidc_case.issuer("corp", self.provider.issuer, client_id="cli", scopes=["openid"], parties=["agent-7", "robot-8", "cli"])

    def keys(self, maker):
        return oidc_case.Case.file(self, "keys.json", maker.jwks())


if __name__ == "__main__":
    tap.main()
