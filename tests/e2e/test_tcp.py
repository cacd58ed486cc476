"""Opaque targets: bytes that nobody reads pass whole, both ways, bounded and half-closed as directly; who may not pass
does not; each connection is on the record."""

import json
import os
import re
import socket
import struct
import subprocess
import tempfile
import threading
import time

import cluster as clusters
import gateway as gateways
import pki
import process
import tap
import tunnels
import world
from tunnel_case import MEMORY_MAX, SIZE, Case, echo, ways


def exchange(connection, server):
    """Reads to the end while it sends SIZE bytes, then tells what it read."""
    sender = threading.Thread(target=lambda: [connection.sendall(block) for block in tunnels.pattern(SIZE, "down")])
    sender.start()
    total, kept = tunnels.digest(tunnels.received(connection))
    sender.join()
    server.results.append((total, kept))


def flood(connection, server):
    """Sends without an end and counts."""
    block = bytes(65536)
    while True:
        connection.sendall(block)
        server.sent += len(block)


def greet_and_listen(connection, server):
    """Says its last word first, then listens to the end."""
    connection.sendall(b"greetings")
    connection.shutdown(socket.SHUT_WR)
    server.results.append(b"".join(tunnels.received(connection)))


def answer_at_end(connection, server):
    """Answers only when the caller has said its last."""
    connection.sendall(b"you said " + b"".join(tunnels.received(connection)))


def tell_end(connection, server):
    """Reads, and tells whether the stream ended or was cut."""
    try:
        b"".join(tunnels.received(connection))
        server.results.append("end")
    except ConnectionResetError:
        server.results.append("reset")


def cut(connection):
    """Closes with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class Plain(Case):
    SERVERS = {"exchange": exchange, "echo": echo, "flood": flood, "greeting": greet_and_listen, "answer": answer_at_end, "end": tell_end}

    @classmethod
    def more(cls):
        cls.ports |= {name: process.free_port() for name in ("db", "down", "stranger", "second-home")}
        everybody = 'sources = ["127.0.0.0/8"]\ngroups = ["tunnellers"]'
        return (tunnels.target("db", world.cluster().port, cls.ports["db"], extra='record = { durability = "sync" }')
                + tunnels.target("down", process.free_port(), cls.ports["down"], sources=everybody)
                + tunnels.target("stranger", cls.servers["echo"].port, cls.ports["stranger"],
                                 sources='sources = ["192.0.2.0/24", "2001:db8::/32"]\ngroups = ["tunnellers"]')
                + tunnels.target("second-home", cls.servers["echo"].port, cls.ports["second-home"],
                                 sources='sources = ["127.0.0.2", "192.0.2.0/24"]\ngroups = ["tunnellers"]'))

    def test_psql(self):
        """psql talks to its server as directly, with the server's own password, and durably recorded first"""
        env = self.environment(tls=False, port=self.ports["db"]) | {"PGUSER": "app", "PGPASSWORD": clusters.PASSWORD}
        self.assertEqual("5050", self.good_psql("SELECT sum(id) FROM customers", env=env))
        rows = self.good_psql("COPY (SELECT repeat('x', 1000) FROM generate_series(1, 20000)) TO STDOUT", env=env)
        self.assertEqual((20000, 1001 * 20000 - 1), (rows.count("\n") + 1, len(rows)))
        self.assertIn("password authentication failed",
                      self.psql("SELECT 1", env=env | {"PGPASSWORD": "wrong"}).stderr)

    def test_bulk(self):
        """bytes pass whole in both directions at once, in bounded memory, and are counted"""
        before = tunnels.anonymous_memory(self.gate.process.pid)
        connection = self.connect("exchange")
        sender = threading.Thread(target=lambda: ([connection.sendall(block) for block in tunnels.pattern(SIZE, "up")],
                                                  connection.shutdown(socket.SHUT_WR)))
        sender.start()
        got = tunnels.digest(tunnels.received(connection))
        sender.join()
        grown = tunnels.anonymous_memory(self.gate.process.pid) - before
        self.assertEqual(tunnels.digest(tunnels.pattern(SIZE, "down")), got)
        process.until(lambda: self.servers["exchange"].results, "what the server has read")
        self.assertEqual([tunnels.digest(tunnels.pattern(SIZE, "up"))], self.servers["exchange"].results)
        session = self.session("exchange")
        self.assertEqual(("finished", SIZE, SIZE), (session["reason"], session["bytes_in"], session["bytes_out"]))
        self.assertEqual(["splice"], ways(self.shown(session)))
        forwarded = sum(one["facts"]["count"] for one in self.shown(session) if one["kind"] == "forward")
        self.assertEqual(SIZE, forwarded)
        print(f"# {SIZE >> 20} MiB each way, memory grew by {grown >> 10} KiB")
        self.assertLess(grown, MEMORY_MAX)

    def test_slow_reader(self):
        """who does not read stops its own sender, and nobody else"""
        before = tunnels.anonymous_memory(self.gate.process.pid)
        slow = self.connect("flood")
        stopped = tunnels.settled(lambda: self.servers["flood"].sent, "the sender to stop")
        self.assertLess(0, stopped)
        self.assertLess(tunnels.anonymous_memory(self.gate.process.pid) - before, MEMORY_MAX)
        quick = self.connect("echo")
        quick.sendall(b"hello")
        self.assertEqual(b"hello", quick.recv(16))
        wanted = stopped + (8 << 20)
        while wanted > 0:
            wanted -= len(slow.recv(65536))
        self.assertLess(stopped, self.servers["flood"].sent)

    def test_half_close(self):
        """the end of one direction is passed on alone, from either side"""
        asking = self.connect("answer")
        asking.sendall(b"good day")
        asking.shutdown(socket.SHUT_WR)
        self.assertEqual(b"you said good day", self.ended(asking))
        listening = self.connect("greeting")
        self.assertEqual(b"greetings", self.ended(listening))
        listening.sendall(b"still there?")
        listening.close()
        process.until(lambda: self.servers["greeting"].results, "what came after the server's last word")
        self.assertEqual([b"still there?"], self.servers["greeting"].results)
        self.assertEqual("finished", self.session("greeting")["reason"])

    def test_cut(self):
        """a stream that was cut does not look whole to the other side; one that ended does"""
        server = self.servers["end"]
        for how, reason, end in ((cut, "client-lost", "reset"), (socket.socket.close, "finished", "end")):
            connection = self.connect("end")
            connection.sendall(b"half a ")
            process.until(lambda: any(one["target"] == "end" for one in self.gate.run("sessions", "--live")), "the session")
            source = "%s:%d" % connection.getsockname()
            how(connection)
            self.assertEqual(reason, self.session("end", peer=source)["reason"])
            process.until(lambda: server.results, "what the server has seen")
            self.assertEqual(end, server.results.pop())

    def test_record(self):
        """who, from where, to what, and the bytes of each way: in sessions, show and tail"""
        connection = self.connect("echo")
        source = "%s:%d" % connection.getsockname()
        connection.sendall(b"0123456789")
        self.assertEqual(b"0123456789", connection.recv(16))
        live = next(one for one in self.gate.run("sessions", "--live") if one["peer"] == source)
        self.assertEqual(("tcp:127.0.0.1", "echo", "tcp"), (live["identity"], live["target"], live["protocol"]))
        connection.close()
        session = self.session("echo", peer=source)
        self.assertEqual(("tcp:127.0.0.1", "tcp", 10, 10, "finished"), tuple(
            session[key] for key in ("identity", "protocol", "bytes_in", "bytes_out", "reason")))
        records = self.shown(session)
        self.assertEqual(["opened", "login", "note", "forward", "closed"], [one["kind"] for one in records])
        self.assertEqual(("accepted", "source", ["tunnellers"]), tuple(
            records[1]["facts"][key] for key in ("outcome", "proof", "groups")))
        address = f"127.0.0.1:{self.servers['echo'].port}"
        self.assertIn({"name": "address", "value": address}, records[2]["facts"]["fields"])
        told = subprocess.run([gateways.BIN, "--config", self.gate.config, "show", session["sid"]], capture_output=True,
                              text=True)
        for words in (source, "identity=tcp:127.0.0.1", "target=echo", "address=" + address, "bytes_in=10", "bytes_out=10"):
            self.assertIn(words, told.stdout)
        listed = subprocess.run([gateways.BIN, "--config", self.gate.config, "sessions"], capture_output=True, text=True)
        self.assertRegex(listed.stdout, r"tcp:127\.0\.0\.1 +echo .* 10 B +10 B +finished")

    def test_source(self):
        """whom the sources do not hold reaches nothing; the address alone decides"""
        for name, source, passes in (("stranger", "127.0.0.1", False), ("second-home", "127.0.0.1", False),
                                     ("second-home", "127.0.0.2", True)):
            seen = self.servers["echo"].seen
            connection = self.connect(name, source)
            if passes:
                connection.sendall(b"hello")
                self.assertEqual(b"hello", connection.recv(16))
                connection.close()
                self.assertEqual("finished", self.session(name, identity="tcp:127.0.0.2")["reason"])
            else:
                self.assertEqual(b"", self.ended(connection))
                self.assertEqual("source-not-listed", self.session(name, identity="tcp:" + source)["reason"])
                self.assertEqual(seen, self.servers["echo"].seen)

    def test_target_down(self):
        """a target that is down: the caller's connection ends, and the record says why"""
        self.assertEqual(b"", self.ended(self.connect("down")))
        session = self.session("down")
        self.assertEqual("target-unreachable", session["reason"])
        self.assertTrue(any("refused" in one["facts"]["detail"] for one in self.shown(session) if one["kind"] == "fault"))

    def test_many(self):
        """beyond the pool's pipes bytes are copied; at the end nothing is left open"""
        self.session_count_is(0)
        open_before = tunnels.descriptors(self.gate.process.pid)
        connections = [self.connect("echo") for _ in range(250)]
        for number, connection in enumerate(connections):
            connection.sendall(b"I am number %d" % number)
        for number, connection in enumerate(connections):
            self.assertEqual(b"I am number %d" % number, connection.recv(64))
        process.until(lambda: {"splice", "copy"} == set(ways(self.tailed())), "sessions of both ways")
        for connection in connections:
            connection.close()
        self.session_count_is(0)
        process.until(lambda: tunnels.descriptors(self.gate.process.pid) <= open_before, "the descriptors' return")

    def tailed(self):
        told = self.gate.run("tail", "--all", "-n", "5000", ok=False)
        return [json.loads(line) for line in told.stdout.splitlines()]

    def session_count_is(self, count):
        process.until(lambda: len(self.gate.run("sessions", "--live")) == count, f"{count} live sessions")

    def test_kill(self):
        """an operator ends a session in its middle"""
        connection = self.connect("echo")
        connection.sendall(b"hello")
        self.assertEqual(b"hello", connection.recv(16))
        source = "%s:%d" % connection.getsockname()
        sid = next(one["sid"] for one in self.gate.run("sessions", "--live") if one["peer"] == source)
        self.gate.run("kill", sid)
        self.assertEqual(b"", self.ended(connection))
        self.assertEqual("killed", self.session("echo", peer=source)["reason"])


class Ends(Case):
    """How a tunnel ends that nobody closes."""

    SERVERS = {"echo": echo}
    SERVER_KEYS = 'drain_timeout = "10s"'

    def open(self):
        connection = self.connect("echo")
        connection.sendall(b"hello")
        self.assertEqual(b"hello", connection.recv(16))
        return connection

    def test_a_reload(self):
        """a reload that takes the right away ends the session; one that does not leaves it"""
        connection = self.open()
        self.gate.run("reload")
        connection.sendall(b"again")
        self.assertEqual(b"again", connection.recv(16))
        targets = self.gate.targets
        self.gate.targets = targets.replace('sources = ["127.0.0.0/8"]', 'sources = ["192.0.2.1"]')
        self.gate.write()
        self.gate.run("reload")
        self.assertEqual(b"", self.ended(connection))
        self.assertEqual("policy", self.session("echo")["reason"])
        self.gate.targets = targets
        self.gate.write()
        self.gate.run("reload")

    def test_b_idle(self):
        """no byte either way for idle_timeout ends the session"""
        self.gate.server = self.SERVER_KEYS + '\nidle_timeout = "1s"'
        self.gate.write()
        self.gate.run("reload")
        self.assertEqual(b"", self.ended(self.open()))
        self.assertEqual("idle-timeout", self.session("echo", reason="idle-timeout")["reason"])
        self.gate.server = self.SERVER_KEYS
        self.gate.write()
        self.gate.run("reload")

    def test_c_drain(self):
        """SIGTERM: a tunnel goes on to its own end or to drain_timeout, then the gateway ends; the log is whole"""
        going, staying = self.open(), self.open()
        peers = ["%s:%d" % one.getsockname() for one in (going, staying)]
        self.gate.process.send_signal(15)
        process.until(lambda: "draining" in self.gate.said(), "the drain's beginning")
        going.sendall(b"last words")
        self.assertEqual(b"last words", going.recv(16))
        going.close()
        self.assertEqual(b"", self.ended(staying))
        self.assertEqual(0, self.gate.stop())
        self.assertTrue(self.gate.verify()["whole"])
        self.gate.start()
        ends = {one["peer"]: one["reason"] for one in self.gate.run("sessions", "--limit", "0")}
        self.assertEqual(["finished", "killed"], [ends[peer] for peer in peers])


def listen(connection, server):
    """Counts what comes."""
    while block := connection.recv(65536):
        server.sent += len(block)


class FullLog(Case):
    SERVERS = {"listen": listen}

    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise world.unittest.SkipTest("mounting a small tmpfs needs root")
        cls.mount = tempfile.mkdtemp(prefix="sallyport-e2e-disk-")
        cls.addClassCleanup(os.rmdir, cls.mount)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=700", "tmpfs", cls.mount], capture_output=True)
        if done.returncode:
            raise world.unittest.SkipTest("no mount allowed here")
        cls.addClassCleanup(subprocess.run, ["umount", "-l", cls.mount])
        rings = tempfile.mkdtemp(prefix="sallyport-e2e-", dir="/dev/shm")
        cls.addClassCleanup(world.shutil.rmtree, rings, True)
        cls.LOG = (f'[log]\ndirectory = "{cls.mount}/log"\nring_dir = "{rings}/rings"\nring_size = "16 MiB"\n'
                   'segment_size = "1 MiB"\n')
        super().setUpClass()

    def test_full(self):
        """where the log takes no record no byte passes, on no open connection and on no new one; room lets them go on"""
        server, connection = self.servers["listen"], self.connect("listen")
        connection.sendall(b"before")
        process.until(lambda: server.sent == 6, "what passes while there is room")
        with open(self.mount + "/ballast", "wb") as ballast:
            try:
                while True:
                    ballast.write(b"x" * 65536)
                    ballast.flush()
            except OSError:
                pass
        # Its own checkpoints fill the last segment; a busy second session helps.
        filler = self.connect("listen")
        filler.setblocking(False)

        def failing():
            try:
                filler.send(b"x" * 4096)
            except BlockingIOError:
                pass
            return "the log fails, traffic stops" in self.gate.said()

        process.until(failing, "the log's failure", timeout=240, pause=0.001)
        passed = tunnels.settled(lambda: server.sent, "traffic to stop")
        connection.sendall(b"while it fails")
        late = self.connect("listen")
        late.sendall(b"a new one")
        seen = server.seen
        time.sleep(2)  # whatever it does in this time, nothing may reach the target
        self.assertEqual((passed, seen), (server.sent, server.seen))
        os.unlink(self.mount + "/ballast")
        process.until(lambda: "the log is whole again, traffic goes on" in self.gate.said(), "the log's repair")
        process.until(lambda: server.sent >= passed + len(b"while it fails"), "what had waited")
        for one in (connection, late, filler):
            one.close()


class Check(world.unittest.TestCase):
    def test_check(self):
        """what cannot hold for bytes that nobody reads is refused at check, all at once, with its line"""
        gate = gateways.Gateway(world.cluster())
        self.addCleanup(gate.remove)
        gate.targets = tunnels.target("tunnel", 1, 2, extra='database = "x"') + tunnels.target("alone", 1, 3, allow="dba")
        gate.policy = '[[mask]]\nname = "all"\ndetect = ["@pii"]\naction = "redact"\n'
        gate.write()
        done = gate.run("check", ok=False)
        self.assertEqual(1, done.returncode, done.stdout)
        for words in ("database: a target with protocol", "mask \\\"all\\\" covers target \\\"tunnel\\\"",
                      "mask \\\"all\\\" covers target \\\"alone\\\"", "nobody could ever pass"):
            self.assertIn(words, done.stdout + done.stderr)

    def test_document(self):
        """the sample of OPERATIONS.md is good as it stands"""
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/OPERATIONS.md")) as file:
            sample = next(block for block in re.findall(r"```toml\n(.*?)```", file.read(), re.S) if '"tcp"' in block)
        gate = gateways.Gateway(world.cluster())
        self.addCleanup(gate.remove)
        pki.make_ca(gate.folder + "/tls", "people")
        gate.targets = sample
        gate.write()
        self.assertEqual(0, gate.run("check", ok=False).returncode, gate.run("check", ok=False).stdout)


if __name__ == "__main__":
    tap.main()
