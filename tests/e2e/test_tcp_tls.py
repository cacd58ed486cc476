"""Opaque targets behind TLS on both sides: who the caller's certificate names, and who it does not let in."""

import contextlib
import socket
import ssl
import tempfile

import pki
import process
import tap
import tunnels
import world
from tunnel_case import MEMORY_MAX, SIZE, Case, echo, ways


def read_exactly(connection, size):
    """Blocks of `size` bytes together."""
    while size:
        block = connection.recv(min(size, tunnels.BLOCK))
        if not block:
            raise ConnectionError(f"the stream ended {size} bytes early")
        size -= len(block)
        yield block


def exchange_in_turn(connection, server):
    """Reads SIZE bytes, then sends as many: Python's ssl cannot do both at once."""
    server.results.append(tunnels.digest(read_exactly(connection, SIZE)))
    for block in tunnels.pattern(SIZE, "down"):
        connection.sendall(block)


class Certificates(Case):
    """TLS on both sides, and who the caller's certificate names."""

    SERVERS = {"echo": echo}

    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="sallyport-e2e-pki-")
        cls.addClassCleanup(world.shutil.rmtree, folder, True)
        for ca in ("people", "others", "servers"):
            pki.make_ca(folder, ca)
        pki.make_certificate(folder, "servers", "upstream")
        make = lambda *args, **more: tunnels.client_certificate(folder, *args, **more)
        cls.known = {"ann": make("people", "ann", "email:ann@example.com,DNS:ann.example"),
                     "cn": make("people", "carl"),
                     "spiffe": make("people", "job", "URI:spiffe://example.com/job")}
        cls.strange = {"other-ca": make("others", "ann2", "email:ann@example.com"),
                       "unknown": make("people", "mallory", "email:mallory@example.com"),
                       "several": make("people", "both", "email:ann@example.com,email:mallory@example.com"),
                       "hidden": make("people", "nul", subject="/CN=ann@example.com"),
                       "no-group": make("people", "olga", "email:olga@example.com")}
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder + "/upstream.crt", folder + "/upstream.key")
        cls.secure = tunnels.Server(exchange_in_turn, tls=context)
        cls.secure_echo = tunnels.Server(echo, tls=context)
        cls.wrong = tunnels.Server(echo, tls=context)
        for server in (cls.secure, cls.secure_echo, cls.wrong):
            cls.addClassCleanup(server.close)
        cls.folder = folder
        super().setUpClass()

    @classmethod
    def more(cls):
        tls = ('tls = { certificate = "file:tls/server.crt", key = "file:tls/server.key", client_ca = "file:%s/people.crt" }'
               % cls.folder)
        cls.ports |= {name: process.free_port() for name in ("secure", "secure-echo", "anybody", "liar")}
        users = "".join(f'[[user]]\nname = "{name}"\ngroups = ["{group}"]\ncertificate = "{certificate}"\n'
                        for name, group, certificate in (("ann", "tunnellers", "ann@example.com"),
                                                         ("carl", "tunnellers", "carl"),
                                                         ("job", "tunnellers", "spiffe://example.com/job"),
                                                         ("olga", "nobodies", "olga@example.com")))
        verified = f'tls_ca = "file:{cls.folder}/servers.crt"\ntls_name = "localhost"\n'
        return (users
                + tunnels.target("secure", cls.secure.port, cls.ports["secure"], sources="", listener_tls=tls,
                                 tls="verify-full", extra=verified)
                + tunnels.target("secure-echo", cls.secure_echo.port, cls.ports["secure-echo"], sources="",
                                 listener_tls=tls, tls="require")
                + tunnels.target("anybody", cls.servers["echo"].port, cls.ports["anybody"],
                                 sources='groups = ["tunnellers"]', listener_tls=tls)
                + tunnels.target("liar", cls.wrong.port, cls.ports["liar"], sources="", listener_tls=tls,
                                 tls="verify-full", extra=verified.replace("localhost", "other.example")))

    def wrap(self, name, certificate):
        context = ssl.create_default_context(cafile=self.gate.folder + "/tls/ca.crt")
        if certificate:
            context.load_cert_chain(*certificate)
        return context.wrap_socket(self.connect(name), server_hostname="localhost")

    def test_bulk(self):
        """TLS on both sides: bytes pass whole, are counted as they were before encryption, in bounded memory"""
        before = tunnels.anonymous_memory(self.gate.process.pid)
        connection = self.wrap("secure", self.known["ann"])
        for block in tunnels.pattern(SIZE, "up"):
            connection.sendall(block)
        self.assertEqual(tunnels.digest(tunnels.pattern(SIZE, "down")), tunnels.digest(read_exactly(connection, SIZE)))
        grown = tunnels.anonymous_memory(self.gate.process.pid) - before
        connection.close()
        self.assertEqual([tunnels.digest(tunnels.pattern(SIZE, "up"))], self.secure.results)
        session = self.session("secure")
        self.assertEqual(("ann", SIZE, SIZE), (session["identity"], session["bytes_in"], session["bytes_out"]))
        self.assertEqual(["copy"], ways(self.shown(session)))
        print(f"# {SIZE >> 20} MiB each way, memory grew by {grown >> 10} KiB")
        self.assertLess(grown, MEMORY_MAX)

    def test_names(self):
        """the certificate's e-mail address, else URI, else DNS name, else common name is who calls"""
        for known, identity in (("ann", "ann"), ("cn", "carl"), ("spiffe", "job")):
            connection = self.wrap("secure-echo", self.known[known])
            connection.sendall(b"hello")
            self.assertEqual(b"hello", connection.recv(16))
            connection.close()
            session = self.session("secure-echo", identity=identity)
            login = next(one["facts"] for one in self.shown(session) if one["kind"] == "login")
            self.assertEqual(("certificate", "accepted"), (login["proof"], login["outcome"]))

    def test_refused(self):
        """no certificate, another CA's, an unknown name, several names, no group: nothing reaches the target"""
        seen = self.secure_echo.seen
        for how, certificate, reason in (("none", None, "client-tls"), ("other CA", self.strange["other-ca"], "client-tls"),
                                         ("unknown", self.strange["unknown"], "unknown-certificate"),
                                         ("several names", self.strange["several"], "certificate-without-name"),
                                         ("no group", self.strange["no-group"], "target-not-allowed")):
            with self.subTest(how):
                known = {one["sid"] for one in self.gate.run("sessions", "--limit", "0")}
                try:
                    connection = self.wrap("secure-echo", certificate)
                    connection.sendall(b"hello")
                    self.assertEqual(b"", connection.recv(16))
                except (ssl.SSLError, ConnectionError):
                    pass
                process.until(lambda: any(one["reason"] == reason for one in self.gate.run("sessions", "--limit", "0")
                                          if one["sid"] not in known), "the refusal's record: " + reason)
        self.assertEqual(seen, self.secure_echo.seen)

    def kept_out(self, reason):
        """ann, who may come in else, is refused for `reason` before anything reaches the target; who is in stays."""
        seen = self.secure_echo.seen
        connection = self.wrap("secure-echo", self.known["ann"])
        connection.sendall(b"hello")
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            self.assertEqual(b"", connection.recv(16))
        connection.close()
        self.session("secure-echo", reason=reason)
        self.assertEqual(seen, self.secure_echo.seen)

    def test_kill_and_lockdown(self):
        """a killed identity's tunnels end and it gets no other; a lockdown lets nobody new in, and those inside stay"""
        inside, other = (self.wrap("secure-echo", self.known[name]) for name in ("ann", "cn"))
        for one in (inside, other):
            one.sendall(b"hello")
            self.assertEqual(b"hello", one.recv(16))
        self.gate.run("kill", "--identity", "ann")
        try:
            with contextlib.suppress(ssl.SSLError, ConnectionError):
                self.assertEqual(b"", inside.recv(16))
            self.kept_out("identity-blocked")
        finally:
            self.gate.run("allow", "ann")
        self.gate.run("lockdown", "--reason", "a drill")
        try:
            self.kept_out("gateway-locked-down")
        finally:
            self.gate.run("lockdown", "--lift")
        other.sendall(b"still")
        self.assertEqual(b"still", other.recv(16))
        inside.close()
        other.close()

    def test_common_name(self):
        """a common name counts as the other names do, where there is none of them: the CA has signed it"""
        connection = self.wrap("secure-echo", self.strange["hidden"])
        connection.sendall(b"hello")
        self.assertEqual(b"hello", connection.recv(16))
        connection.close()

    def test_anybody_of_the_ca(self):
        """a listener's own groups let in whom its CA knows, under the certificate's name"""
        connection = self.wrap("anybody", self.strange["unknown"])
        connection.sendall(b"hello")
        self.assertEqual(b"hello", connection.recv(16))
        connection.close()
        self.session("anybody", identity="certificate:mallory@example.com")

    def test_target_certificate(self):
        """a target whose certificate bears another name gets nothing"""
        connection = self.wrap("liar", self.known["ann"])
        try:
            connection.sendall(b"hello")
            self.assertEqual(b"", connection.recv(16))
        except (ssl.SSLError, ConnectionError):
            pass
        session = self.session("liar")
        self.assertEqual(("target-unreachable", 0), (session["reason"], session["bytes_in"]))

    def test_plaintext(self):
        """who speaks no TLS at a listener that wants it is refused"""
        connection = self.connect("secure-echo")
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        self.ended(connection)
        process.until(lambda: any(one["reason"] == "client-tls" for one in self.gate.run("sessions", "--limit", "0")),
                      "the refusal's record")


if __name__ == "__main__":
    tap.main()
