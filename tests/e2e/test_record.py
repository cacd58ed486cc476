"""`sallyport plugin record`: a real conversation becomes a transcript that `plugin check` accepts."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

import cluster as clusters
import process
import tap
import world
from gateway import BIN, PLUGINS

try:
    import psycopg
except ImportError:
    psycopg = None

POSTGRESQL = PLUGINS + "/postgresql.so"
SKELETON = os.environ.get("SALLYPORT_SKELETON", "skeleton.so")


class Recording:
    """A running `plugin record`; `port` is where the client comes."""

    def __init__(self, folder, plugin, target, name="t.transcript", more=()):
        self.output = f"{folder}/{name}"
        self.child = process.start([BIN, "plugin", "record", plugin, "--listen", "127.0.0.1:0", "--target",
                                    f"127.0.0.1:{target}", "--output", self.output, *more], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.said = self.child.stderr.readline()
        self.port = int(self.said.split("127.0.0.1:")[1].split(",")[0]) if "waiting" in self.said else None

    def end(self):
        """Its exit code, and all that it has said."""
        out, err = self.child.communicate(timeout=120)
        return self.child.returncode, self.said + err + out

    def text(self):
        with open(self.output) as file:
            return file.read()


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="sallyport-e2e-record-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def record(self, *args, **more):
        made = Recording(self.folder, *args, **more)
        self.addCleanup(process.stop, made.child, signal.SIGKILL)
        for pipe in (made.child.stdin, made.child.stdout, made.child.stderr):
            self.addCleanup(pipe.close)
        self.assertIsNotNone(made.port, made.said)
        return made

    def file(self, name, text):
        with open(f"{self.folder}/{name}", "w") as file:
            file.write(text)
        return f"{self.folder}/{name}"

    def check(self, plugin):
        done = subprocess.run([BIN, "plugin", "check", plugin, "--transcripts", self.folder], capture_output=True,
                              text=True, timeout=600)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertIn("1 transcripts", done.stdout)

    def refused(self, *args):
        """What a `plugin record` says that cannot begin."""
        done = subprocess.run([BIN, "plugin", "record", *args], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=120)
        self.assertEqual(1, done.returncode, done.stderr)
        return done.stderr


class Lines(Case):
    """The skeleton's protocol, with a target of ten lines."""

    def target(self, replies):
        """The port of a server that answers each line with the next of `replies`."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def serve():
            peer, _ = listener.accept()
            with peer, peer.makefile("rwb") as stream:
                for reply in replies:
                    self.heard.append(stream.readline())
                    stream.write(reply)
                    stream.flush()
                stream.readline()

        self.heard = []
        threading.Thread(target=serve, daemon=True).start()
        return listener.getsockname()[1]

    def client(self, port):
        self.peer = socket.create_connection(("127.0.0.1", port), 60)
        stream = self.peer.makefile("rwb", buffering=0)
        self.addCleanup(self.peer.close)
        self.addCleanup(stream.close)
        return stream

    def test_session(self):
        """a session with a decision typed meanwhile; the target's password is not in the file"""
        script = self.file("script", "answer DEL wait rule=ask-first\nmask mail * with \"<mail>\"\n")
        word = self.file("word", "the target's own\n")
        target = self.target([b"OK\n", b"VALUE mail ann@example.com\nOK\n", b"OK gone\n"])
        recording = self.record(SKELETON, target, more=["--script", script, "--target-password-file", word, "--title",
                                                        "A deletion that a person allows."])
        stream = self.client(recording.port)
        stream.write(b"store password\n")
        self.assertEqual(b"OK ready\n", stream.readline())
        stream.write(b"GET mail\n")
        self.assertEqual(b"VALUE mail <mail>\n", stream.readline())
        self.assertEqual(b"OK\n", stream.readline())
        stream.write(b"DEL mail\n")
        self.assertIn(b"WAIT approval needed", stream.readline())
        recording.child.stdin.write("decide allow\n")
        recording.child.stdin.flush()
        self.assertEqual(b"OK gone\n", stream.readline())
        stream.write(b"QUIT\n")
        self.assertEqual(b"OK bye\n", stream.readline())
        code, said = recording.end()
        self.assertEqual(0, code, said)
        self.assertEqual(b"app the target's own\n", self.heard[0])
        text = recording.text()
        self.assertNotIn("target's own", text)
        for part in ("# A deletion that a person allows.\n", "\ndecide allow\n", "\nexpect ended \"finish: quit\"\n",
                     "\nexpect leg 1 > \"app target-password\\n\"\n", "rule=\"ask-first\""):
            self.assertIn(part, text)
        os.remove(script)
        self.check(SKELETON)

    def test_client_gone(self):
        """a client that closes in the middle of a command"""
        recording = self.record(SKELETON, self.target([b"OK\n"]))
        stream = self.client(recording.port)
        stream.write(b"store password\n")
        self.assertEqual(b"OK ready\n", stream.readline())
        stream.write(b"GET ha")
        self.peer.close()
        stream.close()
        code, said = recording.end()
        self.assertEqual(0, code, said)
        self.assertIn("\nend client\n", recording.text())
        self.check(SKELETON)

    def test_interrupted(self):
        """SIGINT ends a recording: what came until then is written; before a client comes, nothing is"""
        recording = self.record(SKELETON, self.target([b"OK\n"]))
        stream = self.client(recording.port)
        stream.write(b"store password\n")
        self.assertEqual(b"OK ready\n", stream.readline())
        recording.child.send_signal(signal.SIGINT)
        code, said = recording.end()
        self.assertEqual(0, code, said)
        self.check(SKELETON)
        early = self.record(SKELETON, 1, name="early.transcript")
        early.child.send_signal(signal.SIGINT)
        code, said = early.end()
        self.assertEqual(1, code)
        self.assertIn("before a client came", said)
        self.assertEqual(["t.transcript"], os.listdir(self.folder))

    def test_errors(self):
        """a port in use, a target that refuses, outputs that cannot be: each says so, and leaves no file"""
        output = self.folder + "/t.transcript"
        closed = str(process.free_port())
        with socket.create_server(("127.0.0.1", 0)) as taken:
            said = self.refused(SKELETON, "--listen", f"127.0.0.1:{taken.getsockname()[1]}", "--target",
                                "127.0.0.1:1", "--output", output)
            self.assertIn("Address already in use", said)
        said = self.refused(SKELETON, "--listen", "0.0.0.0:0", "--target", "127.0.0.1:1", "--output", output)
        self.assertIn("loopback", said)
        said = self.refused(SKELETON, "--listen", "127.0.0.1:0", "--target", "nonsense", "--output", output)
        self.assertIn("HOST:PORT", said)
        missing = self.folder + "/missing/t.transcript"
        said = self.refused(SKELETON, "--listen", "127.0.0.1:0", "--target", "127.0.0.1:1", "--output", missing)
        self.assertIn("No such file or directory", said)
        script = self.file("script", "answer * allow\nclient < \"x\"\n")
        said = self.refused(SKELETON, "--listen", "127.0.0.1:0", "--target", "127.0.0.1:1", "--output", output,
                            "--script", script)
        self.assertIn("script:2", said)
        recording = self.record(SKELETON, closed)
        self.client(recording.port).write(b"store password\n")
        code, said = recording.end()
        self.assertEqual(1, code)
        self.assertIn(f"connect to the target 127.0.0.1:{closed}: Connection refused", said)
        self.assertEqual(["script"], os.listdir(self.folder))
        there = self.file("there.transcript", "kept")
        said = self.refused(SKELETON, "--listen", "127.0.0.1:0", "--target", "127.0.0.1:1", "--output", there)
        self.assertIn("exists already", said)
        with open(there) as file:
            self.assertEqual("kept", file.read())


class Postgresql(Case):
    """The real plugin, a real server, stock clients; both logins are SCRAM."""

    def record_login(self, name="app", lines=""):
        script = self.file("script", f"set target_user {name}\n{lines}")
        word = self.file("word", clusters.PASSWORD + "\n")
        recording = self.record(POSTGRESQL, world.cluster().port,
                                more=["--script", script, "--target-password-file", word])
        self.at(recording)
        return recording

    def at(self, recording):
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        self.env = kept | {"PGHOST": "127.0.0.1", "PGPORT": str(recording.port), "PGUSER": "tester,shop", "PGPASSWORD":
                           "password", "PGDATABASE": "shop", "PSQLRC": "/dev/null", "LC_ALL": "C.UTF-8"}

    def kept(self, recording):
        """Its text, which must hold no password and pass the kit."""
        code, said = recording.end()
        self.assertEqual(0, code, said)
        text = recording.text()
        self.assertNotIn(clusters.PASSWORD, text)
        self.check(POSTGRESQL)
        return text

    def psql(self, sql):
        return subprocess.run(["psql", "-XqtA"], input=sql, capture_output=True, text=True, timeout=240, env=self.env)

    def test_psql(self):
        """psql: rows, an error, a transaction"""
        recording = self.record_login()
        done = self.psql("SELECT id, email FROM customers WHERE id = 7;\nSELECT nothing;\nBEGIN;\n"
                         "INSERT INTO effects(what) VALUES ('recorded');\nROLLBACK;\n")
        self.assertEqual("7|person7@example.com\n", done.stdout)
        self.assertIn('column "nothing" does not exist', done.stderr)
        text = self.kept(recording)
        for part in ("allow: execute transaction=1 verb=INSERT object=effects", "person7@example.com",
                     "expect ended \"finish: terminated by the client\""):
            self.assertIn(part, text)

    def test_md5(self):
        """a target that asks for md5"""
        recording = self.record_login("md5er")
        self.assertEqual("1\n", self.psql("SELECT 1;").stdout)
        self.kept(recording)

    def test_own_password(self):
        """a target that takes the script's own target_password needs no file"""
        script = self.file("script", f'set target_password "{clusters.PASSWORD}"\n')
        recording = self.record(POSTGRESQL, world.cluster().port, more=["--script", script])
        self.at(recording)
        self.assertEqual("2\n", self.psql("SELECT 1 + 1;").stdout)
        self.assertEqual(0, recording.end()[0])
        self.check(POSTGRESQL)

    def test_extended(self):
        """psycopg 3: prepared statements, parameters, a pipeline"""
        if psycopg is None:
            self.skipTest("python3-psycopg is not installed")
        recording = self.record_login()
        conn = psycopg.connect(host="127.0.0.1", port=recording.port, user="tester,shop", password="password",
                               dbname="shop", sslmode="prefer", autocommit=True)
        with conn:
            for number in (7, 8):
                row = conn.execute("SELECT name, balance FROM customers WHERE id = %s", (number,), prepare=True).fetchone()
                self.assertEqual((f"name {number}", number * 10), row)
            with conn.pipeline():
                cursors = [conn.execute("SELECT %s::int * 2", (number,)) for number in range(3)]
            self.assertEqual([0, 2, 4], [cursor.fetchone()[0] for cursor in cursors])
        self.assertIn("prepare transaction=0 verb=SELECT", self.kept(recording))

    def test_masked(self):
        """masks of the script, with the plugin's own look into the catalogue over a second leg"""
        recording = self.record_login(lines='mask public.customers.email * with "<mail>"\n')
        self.assertEqual("<mail>\n", self.psql("SELECT email FROM customers WHERE id = 7;").stdout)
        text = self.kept(recording)
        self.assertIn("\nopened 2\n", text)
        self.assertNotIn("expect client > \"person7", text)

    def test_too_long(self):
        """beyond 64 MiB the recording ends, says why, and writes nothing"""
        recording = self.record_login()
        self.psql("SELECT repeat('x', 1000) FROM generate_series(1, 80000);")
        code, said = recording.end()
        self.assertEqual(1, code)
        self.assertIn("64 MiB", said)
        self.assertEqual(["script", "word"], sorted(os.listdir(self.folder)))

    def test_wrong_password(self):
        """a wrong password at the target is the plugin's own refusal, recorded as such"""
        script = self.file("script", "set target_password \"not it\"\n")
        recording = self.record(POSTGRESQL, world.cluster().port, more=["--script", script])
        self.at(recording)
        self.assertEqual(2, self.psql("SELECT 1").returncode)
        code, said = recording.end()
        self.assertEqual(0, code, said)
        self.check(POSTGRESQL)


if __name__ == "__main__":
    tap.main()
