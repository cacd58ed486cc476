"""Targets that prove and are proven in every way, certificates that rotate, and targets that are wrong."""

import shutil
import signal
import socket
import ssl

import pki
import process
import tap
import world
from cluster import PASSWORD
from gateway import target


class Targets(world.Case):
    @classmethod
    def setUpClass(cls):
        port = world.cluster().port
        world.cluster()
        # login_timeout stays at its 30 s: what ends a handshake here is handshake_timeout.
        cls.settings = {"server": 'handshake_timeout = "2s"', "targets": "".join([
            target("scram-tls", port, tls="verify-full", extra='tls_ca = "file:tls/target-ca.crt"'),
            target("require", port, tls="require"),
            target("md5", port, user="md5er"),
            target("clear-tls", port, user="plain", tls="verify-full", extra='tls_ca = "file:tls/target-ca.crt"'),
            target("clear-off", port, user="plain"),
            target("wrong-ca", port, tls="verify-full", extra='tls_ca = "file:tls/ca.crt"'),
            target("wrong-name", port, tls="verify-full", extra='tls_ca = "file:tls/target-ca.crt"\ntls_name = "db.example"'),
            target("wrong-password", port, password_file="secrets/wrong"),
            target("down", process.free_port()),
        ])}
        made = world.gateways.Gateway(world.cluster(), **cls.settings)
        cls.addClassCleanup(made.remove)
        shutil.copy(world.cluster().folder + "/target-ca.crt", made.folder + "/tls/target-ca.crt")
        made.secret("wrong", "no such word")
        cls.gate, cls.cluster = made.start(), world.cluster()

    def reaches(self, name):
        return self.good_psql("SELECT current_user || ' ' || (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid())",
                              target=name)

    def refusal(self, name):
        done = self.psql("SELECT 1", target=name)
        self.assertEqual(2, done.returncode, done.stdout)
        self.assertIn("FATAL", done.stderr)
        for secret in (PASSWORD, "no such word", "agent's word"):
            self.assertNotIn(secret, done.stderr)
        return done.stderr

    def test_scram(self):
        """SCRAM, plain and over TLS with verify-full and require"""
        self.assertEqual("app false", self.reaches("raw"))
        self.assertEqual("app true", self.reaches("scram-tls"))
        self.assertEqual("app true", self.reaches("require"))

    def test_md5(self):
        """md5 where the target insists"""
        self.assertEqual("md5er false", self.reaches("md5"))

    def test_cleartext(self):
        """cleartext over verified TLS, never without"""
        self.assertEqual("plain true", self.reaches("clear-tls"))
        self.assertIn("cleartext", self.refusal("clear-off"))

    def test_wrong_ca(self):
        """a certificate of another authority is refused before any login"""
        self.assertRegex(self.refusal("wrong-ca"), "(?i)certificate|verif")

    def test_wrong_name(self):
        """a certificate of another name is refused"""
        self.assertRegex(self.refusal("wrong-name"), "(?i)certificate|verif|name")

    def test_wrong_password(self):
        """a password that the target refuses is the operator's fault, said without it"""
        said = self.refusal("wrong-password")
        self.assertRegex(said, "(?i)target")

    def test_down(self):
        """a target that is down is said to be so"""
        self.assertRegex(self.refusal("down"), "(?i)target|connect|reach")

    def test_secrets_nowhere(self):
        """no secret stands in the log, the output or the admin's answers"""
        for name in ("raw", "md5", "clear-tls"):
            self.reaches(name)
        text = str(self.gate.records()) + self.gate.said() + str(self.gate.run("status"))
        for secret in (PASSWORD, "no such word", "agent's word"):
            self.assertNotIn(secret, text)

    def test_rotation(self):
        """SIGHUP puts a new certificate in force; the old connections live on"""
        address = ("127.0.0.1", self.gate.port)
        before = self.served()
        pki.make_certificate(self.gate.folder + "/tls", "ca", "server", serial=77)
        self.assertEqual(before, self.served())
        self.gate.process.send_signal(signal.SIGHUP)
        process.until(lambda: self.served() == "4D", f"the new certificate at {address}", pause=0.5)
        self.assertEqual("1", self.good_psql("SELECT 1"))

    def test_silent_handshake(self):
        """a caller who asks for TLS and then says nothing is closed after handshake_timeout"""
        with socket.create_connection(("127.0.0.1", self.gate.port), 30) as plain:
            plain.sendall(bytes([0, 0, 0, 8, 4, 210, 22, 47]))
            self.assertEqual(b"S", plain.recv(1))
            self.assertEqual(b"", plain.recv(1))
        process.until(lambda: "handshake-timeout" in str(self.gate.records()), "the fault on the record", pause=0.2)

    def served(self):
        """The serial number of the certificate that the listener shows, after an SSLRequest."""
        with socket.create_connection(("127.0.0.1", self.gate.port), 30) as plain:
            plain.sendall(bytes([0, 0, 0, 8, 4, 210, 22, 47]))
            self.assertEqual(b"S", plain.recv(1))
            context = ssl.create_default_context(cafile=self.gate.folder + "/tls/ca.crt")
            with context.wrap_socket(plain, server_hostname="localhost") as tls:
                return tls.getpeercert()["serialNumber"].lstrip("0")


if __name__ == "__main__":
    tap.main()
