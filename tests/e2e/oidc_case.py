"""What tests of logins by token share: the provider, gateways that know it, psql with a token for a password, and what
the record says of it."""

import atexit
import contextlib
import http.server
import json
import re
import shutil
import socket
import ssl
import struct
import subprocess
import tempfile
import threading

import oidc_provider
import process
import world
from wireclient import message, text

LOGIN_SECONDS_MAX = 40  # the gateway gives a login 30 s, this machine the rest
_shared = {}


def provider():
    """The program's provider, in order; made when first asked for."""
    if "provider" not in _shared:
        _shared["provider"] = oidc_provider.Provider()
        atexit.register(_shared["provider"].remove)
    made = _shared["provider"]
    if not made.process:
        made.start()
    made.reset()
    return made


def issuer(name, address, **more):
    """An [[oidc]] table; None leaves a key out."""
    keys = {"name": name, "issuer": address, "audience": "sallyport", "identity": ["email", "sub"], "groups": "groups", "email": "email"}
    def value(one):
        if isinstance(one, dict):
            return "{ " + ", ".join(f"{json.dumps(key)} = {value(inner)}" for key, inner in one.items()) + " }"
        return json.dumps(one)

    return "\n[[oidc]]\n" + "".join(f"{key} = {value(one)}\n" for key, one in (keys | more).items() if one is not None)


class Server:
    """A little web server on loopback: `pages` by path, and the paths asked for in `asked`."""

    def __init__(self, pages=None, certificate=None, key=None):
        self.pages, self.asked = pages or {}, []
        asked, served = self.asked, self.pages

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # pylint: disable=invalid-name
                asked.append(self.path)
                page = served.get(self.path)
                body = json.dumps(page).encode()
                self.send_response(200 if page is not None else 404)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.address = f"https://localhost:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Case(world.Case):
    """`self.gate` is the class's gateway, with ISSUERS; or, where that is None, what a case starts by `fresh`."""

    POLICY = None
    SERVER_KEYS = ""

    @classmethod
    def issuers(cls):
        """The class's [[oidc]] tables; None: each case has a gateway of its own."""
        return None

    @classmethod
    def setUpClass(cls):
        cls.cluster = world.cluster()
        cls.folder = tempfile.mkdtemp(prefix="sallyport-e2e-oidc-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        tables = cls.issuers()
        cls.gate = None
        if tables is not None:
            cls.gate = cls.made(tables)
            cls.addClassCleanup(cls.gate.remove)

    def tearDown(self):
        if self.gate:
            super().tearDown()

    @classmethod
    def made(cls, tables):
        return world.gateway(targets=tables, policy=cls.POLICY, server=cls.SERVER_KEYS)

    def fresh(self, tables):
        """Starts a gateway that nothing has logged in to; it is self.gate until the case ends or asks for another."""
        self.end_fresh()
        self.gate = self.made(tables)
        self.addCleanup(self.end_fresh)
        return self.gate

    def end_fresh(self):
        gate, self.gate = self.gate, None
        if gate:
            alive, said = gate.process.poll() is None, gate.said()
            gate.remove()
            self.assertTrue(alive, "the gateway has ended:\n" + said)

    def file(self, name, what):
        """A file of the class's folder, as a config names it."""
        path = f"{self.folder}/{name}"
        with open(path, "w") as file:
            file.write(what if isinstance(what, str) else json.dumps(what))
        return "file:" + path

    # Logins.
    def with_token(self, token, target="shop", **where):
        """The environment of a psql that comes with a token."""
        return self.environment(target=target, **where) | {"PGUSER": target, "PGPASSWORD": token}

    def log_in(self, token, sql="SELECT 'in'", target="shop", **where):
        return self.psql(sql, "-wtA", "-v", "ON_ERROR_STOP=1", env=self.with_token(token, target, **where))

    def taken(self, token, sql="SELECT 'in'", target="shop", **where):
        """What a login that must be let in gets for `sql`."""
        done = self.log_in(token, sql, target, **where)
        self.assertEqual(0, done.returncode, f"{done.stderr}\nrecord: {self.logins()[-1:]}")
        return done.stdout.rstrip("\n")

    def starts(self, token, sql="SELECT 'in'", target="shop"):
        """A login that may take its time: the process."""
        child = process.start(["psql", "-XqtAw", "-c", sql], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=self.with_token(token, target))
        self.addCleanup(process.stop, child, 9)
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.stderr.close)
        return child

    @property
    def public_error(self):
        """What psql says after a wrong password of a local user: nobody may hear more."""
        if not hasattr(self.gate, "public_error"):
            done = self.psql("SELECT 1", "-w", env=self.environment() | {"PGPASSWORD": "wrong"})
            self.assertEqual(2, done.returncode, done.stderr)
            self.gate.public_error = plain(done.stderr)
            process.until(lambda: [one for one in self.logins() if one["reason"] == "wrong-proof"], "the record of a wrong password")
        return self.gate.public_error

    def refused(self, token, *reasons, target="shop"):
        """A login that must be refused: with the public error, and one of `reasons` on the record. Returns the reason."""
        self.assertTrue(self.public_error)
        before = len(self.logins())
        done = self.log_in(token, target=target)
        self.assertNotEqual(0, done.returncode, "it was let in")
        self.assertEqual(self.public_error, plain(done.stderr))
        return self.reason_behind(before, reasons)

    def reason_behind(self, before, reasons):
        more = process.until(lambda: self.logins()[before:], "the login's record")
        self.assertEqual([0], [one["outcome"] for one in more], more)
        if reasons:
            self.assertIn(more[0]["reason"], reasons)
        return more[0]["reason"]

    # The record.
    def logins(self):
        return self.gate.records("Login")

    def login_facts(self, newest=-1):
        """The facts of a session's login as `sallyport show` has them."""
        sessions = self.gate.run("sessions", "--limit", "0")
        records = self.gate.run("show", sessions[newest]["sid"])
        return sessions[newest], next(one["facts"] for one in records if one["kind"] == "login")


def plain(stderr):
    return re.sub(r"port \d+", "port N", stderr).strip()


def raw_login(gate, token, target="shop", timeout=60):
    """Logs in with bytes that psql could not be given; the fields of the error, or None where the end came without one."""
    with socket.create_connection(("127.0.0.1", gate.port), timeout) as plain_socket:
        plain_socket.sendall(struct.pack("!II", 8, 80877103))  # SSLRequest
        assert plain_socket.recv(1) == b"S"
        context = ssl.create_default_context(cafile=gate.folder + "/tls/ca.crt")
        with context.wrap_socket(plain_socket, server_hostname="localhost") as stream:
            body = struct.pack("!I", 196608) + text("user") + text(target) + text("database") + text("shop") + b"\0"
            stream.sendall(struct.pack("!I", len(body) + 4) + body)
            while True:
                kind, body = _message(stream)
                if kind == b"E":
                    return {one[:1].decode(): one[1:].decode() for one in body.split(b"\0") if one}
                if kind is None:
                    return None
                assert kind == b"R", kind
                assert body != struct.pack("!I", 0), "it was let in"
                with contextlib.suppress(OSError):  # an answer may come before the last byte is sent
                    stream.sendall(message("p", token + b"\0"))


def _message(stream):
    def read(size):
        out = b""
        while len(out) < size:
            more = stream.recv(size - len(out))
            if not more:
                raise EOFError
            out += more
        return out

    try:
        head = read(5)
        return head[:1], read(struct.unpack("!I", head[1:])[0] - 4)
    except (OSError, EOFError):
        return None, b""
