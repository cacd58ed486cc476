"""A PostgreSQL client of single messages: says what stock clients never would."""

import base64
import hashlib
import hmac
import os
import socket
import struct

from gateway import SECRETS


def message(kind, body=b""):
    return kind.encode() + struct.pack("!I", len(body) + 4) + body


def text(value):
    return (value if isinstance(value, bytes) else value.encode()) + b"\0"


def query(sql):
    return message("Q", text(sql))


def parse(sql, name="", types=()):
    return message("P", text(name) + text(sql) + struct.pack("!H", len(types)) + b"".join(struct.pack("!I", t) for t in types))


def bind(portal="", name="", values=(), result_format=None):
    out = text(portal) + text(name) + struct.pack("!HH", 0, len(values))
    for value in values:
        out += struct.pack("!i", -1) if value is None else struct.pack("!I", len(value)) + value
    return message("B", out + (struct.pack("!H", 0) if result_format is None else struct.pack("!Hh", 1, result_format)))


def describe(what, name=""):
    return message("D", what.encode() + text(name))


def execute(portal="", rows=0):
    return message("E", text(portal) + struct.pack("!i", rows))


def close(what, name=""):
    return message("C", what.encode() + text(name))


SYNC, FLUSH = message("S"), message("H")


def run(sql, **how):
    """A statement from Parse to Execute, without a Sync."""
    return parse(sql) + bind(**how) + execute()


class WireClient:
    def __init__(self, port, user="agent", target="shop", database="shop", login=True, settings=()):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.held = b""
        self.user = user
        if login:
            self.log_in(target, database, settings)

    def log_in(self, target, database="shop", settings=()):
        pairs = [("user", f"{self.user},{target}"), ("database", database), *settings]
        body = struct.pack("!I", 196608) + b"".join(text(a) + text(b) for a, b in pairs) + b"\0"
        self.send(struct.pack("!I", len(body) + 4) + body)
        self._scram(SECRETS[self.user])
        self.greeting = self.until("Z")

    def send(self, *parts):
        self.socket.sendall(b"".join(parts))

    def close(self):
        self.socket.close()

    def read(self, size):
        while len(self.held) < size:
            more = self.socket.recv(65536)
            if not more:
                raise EOFError
            self.held += more
        out, self.held = self.held[:size], self.held[size:]
        return out

    def next(self):
        head = self.read(5)
        return head[:1].decode("latin-1"), self.read(struct.unpack("!I", head[1:])[0] - 4)

    def until(self, kind, count=1):
        """All messages up to the `count`th of `kind`, or the end of the connection (kind "end")."""
        out = []
        try:
            while count > 0:
                out.append(self.next())
                count -= out[-1][0] == kind
        except (EOFError, ConnectionResetError):
            out.append(("end", b""))
        return out

    def ask(self, *parts):
        """Sends messages of which the last is answered by ReadyForQuery; all bodies of the answer, joined."""
        self.send(*parts)
        return b"\n".join(k.encode() + body for k, body in self.until("Z"))

    def _scram(self, secret):
        kind, body = self.next()
        if kind == "E":
            raise PermissionError(body)
        assert kind == "R" and body[:4] == b"\0\0\0\x0a", (kind, body)
        nonce = base64.b64encode(os.urandom(18)).decode()
        first = f"n=,r={nonce}"
        begin = ("n,," + first).encode()
        self.send(message("p", text("SCRAM-SHA-256") + struct.pack("!I", len(begin)) + begin))
        kind, body = self.next()
        assert kind == "R", body
        server = body[4:].decode()
        parts = dict(one.split("=", 1) for one in server.split(","))
        salted = hashlib.pbkdf2_hmac("sha256", secret.encode(), base64.b64decode(parts["s"]), int(parts["i"]))
        key = hmac.digest(salted, b"Client Key", "sha256")
        bare = f"c=biws,r={parts['r']}"
        signed = hmac.digest(hashlib.sha256(key).digest(), f"{first},{server},{bare}".encode(), "sha256")
        proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, signed))).decode()
        self.send(message("p", f"{bare},p={proof}".encode()))
        kind, body = self.next()
        if kind == "E":
            raise PermissionError(body)
        assert kind == "R", body
