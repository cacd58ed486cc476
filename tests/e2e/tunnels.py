"""What stands around an opaque target: a TCP server of the test's own, client certificates, listeners."""

import contextlib
import hashlib
import os
import socket
import ssl
import subprocess
import threading

import process

BLOCK = 256 * 1024


def pattern(size, seed):
    """`size` bytes in blocks, other ones at each offset and seed."""
    base = hashlib.shake_128(seed.encode()).digest(BLOCK)
    for number in range(0, size, BLOCK):
        block = number.to_bytes(8, "big") + base[8:]
        yield block[:min(BLOCK, size - number)]


def digest(blocks):
    total, kept = 0, hashlib.sha256()
    for block in blocks:
        total += len(block)
        kept.update(block)
    return total, kept.hexdigest()


def received(connection):
    """All blocks until the end of the stream."""
    while block := connection.recv(BLOCK):
        yield block


class Server:
    """Accepts on loopback; `serve(connection, server)` runs in a thread for each. `seen` counts the connections."""

    def __init__(self, serve, tls=None):
        self.serve, self.tls = serve, tls
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.seen = 0
        self.sent = 0
        self.results = []
        self.failures = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.seen += 1
            threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection):
        try:
            with connection:
                self.serve(self.tls.wrap_socket(connection, server_side=True) if self.tls else connection, self)
        except OSError as error:
            self.failures.append(repr(error))

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def _openssl(*args):
    subprocess.run(["openssl", *args], check=True, capture_output=True)


def client_certificate(folder, ca, name, alternatives="", subject=None):
    """Makes NAME.crt and NAME.key for a client, signed by `ca`; (certificate, key)."""
    request, extensions = f"{folder}/{name}.csr", f"{folder}/{name}.ext"
    with open(extensions, "w") as file:
        file.write("extendedKeyUsage=clientAuth\n" + (f"subjectAltName={alternatives}\n" if alternatives else ""))
    _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject or f"/CN={name}",
             "-keyout", f"{folder}/{name}.key", "-out", request)
    _openssl("x509", "-req", "-days", "2", "-in", request, "-CA", f"{folder}/{ca}.crt", "-CAkey", f"{folder}/{ca}.key",
             "-set_serial", "7", "-extfile", extensions, "-out", f"{folder}/{name}.crt")
    os.chmod(f"{folder}/{name}.key", 0o600)
    return f"{folder}/{name}.crt", f"{folder}/{name}.key"


def target(name, port, listen, allow="tunnellers", tls="off", sources='sources = ["127.0.0.0/8"]\ngroups = ["tunnellers"]',
           listener_tls="", extra=""):
    """An opaque target at `port` and its listener at `listen`, as text for the config."""
    return f"""
[[listener]]
protocol = "tcp"
address = "127.0.0.1:{listen}"
target = "{name}"
{sources}
{listener_tls}

[[target]]
name = "{name}"
protocol = "tcp"
address = "127.0.0.1:{port}"
tls = "{tls}"
allow = ["{allow}"]
{extra}
"""


def client_context(folder, certificate=None):
    context = ssl.create_default_context(cafile=folder + "/tls/ca.crt")
    if certificate:
        context.load_cert_chain(*certificate)
    return context


def anonymous_memory(pid):
    """Bytes of the process that are no shared memory (the log's rings are)."""
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("RssAnon"))


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def settled(value, what):
    """Waits until `value()` is the same three times in a row; returns it."""
    last = []

    def same():
        last.append(value())
        return len(last) >= 4 and len(set(last[-4:])) == 1

    process.until(same, what, pause=0.25)
    return last[-1]
