"""A stand-in for HashiCorp Vault and OpenBao, written from their published HTTP API (v1).

What it does: `auth/approle/login`; KV version 2 read (`MOUNT/data/NAME`); the database engine's dynamic credentials
(`MOUNT/creds/ROLE`) as real roles of a PostgreSQL cluster; `sys/leases/renew` and `sys/leases/revoke`; tokens with an end;
leases that end by themselves and take their role along; namespaces as a header that must match; TLS.

What it does not do, and a real one does: policies (every good token may do everything); sealing; token renewal, accessors,
wrapping, batch tokens; response-wrapped secret_ids, CIDR bounds, number of uses; KV's versions other than the last, its
deletion and metadata beyond `version`; static roles, rotation of the root credential; `revocation_statements` other than
ending the sessions and dropping the role; `max_ttl` of mounts apart from roles; audit devices, rate limits, replication and
standby redirects (307).
"""

import contextlib
import http.server
import json
import secrets
import ssl
import threading
import time


class Vault:
    """`url` once made. `kv`: path -> data; `roles`: path -> {"ttl", "max_ttl", "renewable"}, in seconds."""

    def __init__(self, cluster=None, certificate=None):
        self.cluster = cluster
        self.tokens = {"s.root": None}  # token -> its end, None: never
        self.approle = {}  # role_id -> secret_id
        self.token_ttl = 3600
        self.kv, self.roles, self.leases = {}, {}, {}
        self.namespace = None
        self.fault = None  # status, "hang", "large", "garbage", "array"
        self.asked = []  # (method, path)
        self.passwords = []  # of all roles made
        self._lock = threading.RLock()
        self._stop = threading.Event()
        vault = self

        class Handler(_Handler):
            standin = vault

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate + ".crt", certificate + ".key")
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self.url = ("https://localhost:" if certificate else "http://127.0.0.1:") + str(self.port)
        self._threads = [threading.Thread(target=self._server.serve_forever, daemon=True), threading.Thread(target=self._expire, daemon=True)]
        for thread in self._threads:
            thread.start()

    def close(self):
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()
        for lease in list(self.leases):
            self.revoke(lease)

    def _expire(self):
        while not self._stop.wait(0.1):
            for lease, (_, until, _, _) in list(self.leases.items()):
                if time.monotonic() > until:
                    self.revoke(lease)

    def is_token(self, token):
        end = self.tokens.get(token, 0)
        return end is None or end > time.monotonic()

    def log_in(self, body):
        if self.approle.get(body.get("role_id")) != body.get("secret_id") or not body.get("secret_id"):
            return 400, {"errors": ["invalid role or secret ID"]}
        token = "s." + secrets.token_hex(12)
        self.tokens[token] = time.monotonic() + self.token_ttl
        return 200, {"auth": {"client_token": token, "lease_duration": self.token_ttl, "renewable": True}}

    def make(self, path):
        role = self.roles[path]
        name, password = "v-role-" + secrets.token_hex(6), "pw-" + secrets.token_hex(16)
        self.passwords.append(password)
        self.cluster.sql(f"CREATE ROLE \"{name}\" LOGIN PASSWORD '{password}' IN ROLE app")
        lease = f"{path}/{secrets.token_hex(8)}"
        now = time.monotonic()
        with self._lock:
            self.leases[lease] = (name, now + role["ttl"], now + role.get("max_ttl", 86400), role)
        return 200, {"lease_id": lease, "lease_duration": role["ttl"], "renewable": True, "data": {"username": name, "password": password}}

    def renew(self, body):
        with self._lock:
            lease = body.get("lease_id")
            if lease not in self.leases:
                return 400, {"errors": ["lease not found"]}
            name, _, most, role = self.leases[lease]
            until = min(time.monotonic() + body.get("increment", role["ttl"]), most)
            self.leases[lease] = (name, until, most, role)
            return 200, {"lease_id": lease, "lease_duration": max(int(until - time.monotonic()), 0), "renewable": True}

    def revoke(self, lease):
        with self._lock:
            if lease in self.leases:
                name = self.leases.pop(lease)[0]
                self.cluster.sql(f"ALTER ROLE \"{name}\" NOLOGIN; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{name}';"
                                 f"DROP OWNED BY \"{name}\"; DROP ROLE \"{name}\"")
        return 204, None


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    standin = None

    def log_message(self, *_):
        pass

    def handle(self):
        with contextlib.suppress(ConnectionError):  # a caller who did not wait
            super().handle()

    def do_GET(self):
        self._serve("GET")

    def do_POST(self):
        self._serve("POST")

    def do_PUT(self):
        self._serve("PUT")

    def _serve(self, method):
        vault = self.standin
        path = self.path.removeprefix("/v1/")
        size = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(size)) if size else {}
        vault.asked.append((method, path))
        if vault.fault == "hang":
            vault._stop.wait(60)
            return
        status, answer = self._answer(method, path, body)
        data = b"" if answer is None else json.dumps(answer).encode()
        if isinstance(vault.fault, int):
            status, data = vault.fault, b'{"errors": ["s.root pw-"]}'
        elif vault.fault:
            status, data = 200, {"large": b'{"x": "' + b"y" * 200000 + b'"}', "garbage": b"<html>", "array": b"[1]"}[vault.fault]
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _answer(self, method, path, body):
        vault = self.standin
        if vault.namespace != self.headers.get("X-Vault-Namespace"):
            return 404, {"errors": []}
        if (method, path) == ("POST", "auth/approle/login"):
            return vault.log_in(body)
        if not vault.is_token(self.headers.get("X-Vault-Token")) or self.headers.get("X-Vault-Request") != "true":
            return 403, {"errors": ["permission denied"]}
        if method == "GET" and path in vault.kv:
            return 200, {"lease_id": "", "lease_duration": 0, "data": {"data": vault.kv[path], "metadata": {"version": 3}}}
        if method == "GET" and path in vault.roles:
            return vault.make(path)
        if method == "PUT" and path == "sys/leases/renew":
            return vault.renew(body)
        if method == "PUT" and path == "sys/leases/revoke":
            return vault.revoke(body.get("lease_id"))
        return 404, {"errors": []}
