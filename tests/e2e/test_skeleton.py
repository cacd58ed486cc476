"""The skeleton's protocol through a gateway: local users' passwords, sent whole, are checked off the core's thread."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import unittest

import pki
import process
import tap
from gateway import BIN

PLUGIN = os.environ.get("SALLYPORT_SKELETON", "skeleton.so")
WORDS = {"ann": "ann's-word", "bob": "bob's-word"}
REFUSED = "ERR login refused"

CONFIG = """
[server]
workers = 1
state_dir = "state"
plugin_dir = "plugins"
plugins = ["lines"]
failed_logins = 5
[log]
ring_dir = "{rings}/rings"
ring_size = "16 MiB"
[[listener]]
protocol = "lines"
address = "127.0.0.1:{port}"
[[target]]
name = "store"
protocol = "lines"
address = "127.0.0.1:{target}"
tls = "off"
allow = ["staff"]
default = "allow"
logins = {{ app = {{ credential = {{ user = "app", password = "file:word" }} }} }}
[[mask]]
name = "pii"
targets = ["store"]
detect = ["@pii"]
action = "redact"
"""


class Store:
    """A target that says yes to every line."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.heard = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=[peer], daemon=True).start()

    def answer(self, peer):
        with peer, peer.makefile("rwb") as stream:
            for line in stream:
                self.heard.append(line.decode())
                stream.write(b"OK\n")
                stream.flush()


class Passwords(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="sallyport-e2e-lines-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        rings = tempfile.mkdtemp(prefix="sallyport-e2e-", dir="/dev/shm")
        self.addCleanup(shutil.rmtree, rings, ignore_errors=True)
        os.mkdir(self.folder + "/plugins")
        shutil.copy(PLUGIN, self.folder + "/plugins/lines.so")
        self.store = Store()
        self.addCleanup(self.store.listener.close)
        self.port = process.free_port()
        users = "".join(f'[[user]]\nname = "{name}"\ngroups = ["{"staff" if name == "ann" else "guests"}"]\n'
                        f'secret = "{pki.scram_secret(word)}"\n' for name, word in WORDS.items())
        self.write("sallyport.toml", CONFIG.format(rings=rings, port=self.port, target=self.store.port) + users)
        self.write("word", "target's-word")
        self.out = open(self.folder + "/serve.out", "w")
        self.addCleanup(self.out.close)
        self.gate = process.start([BIN, "--config", self.folder + "/sallyport.toml", "serve"], stdout=self.out, stderr=self.out)
        self.addCleanup(lambda: process.stop(self.gate))
        process.until(lambda: process.answers(self.port), "the gateway's start")

    def write(self, name, text):
        with open(os.open(f"{self.folder}/{name}", os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(text)

    def say(self, who, *lines):
        """What the gateway answers to a login and what follows it."""
        with socket.create_connection(("127.0.0.1", self.port), 60) as peer, peer.makefile("rwb", buffering=0) as stream:
            stream.write(f"{who}\n".encode())
            said = [stream.readline().decode().strip()]
            for line in lines:
                stream.write(f"{line}\n".encode())
                said.append(stream.readline().decode().strip())
            return said

    def records(self, kind):
        """What stands on the record of that kind, of all sessions."""
        done = subprocess.run([BIN, "--config", self.folder + "/sallyport.toml", "--json", "sessions", "--limit", "0"],
                              capture_output=True, text=True, timeout=60, check=True)
        found = []
        for session in json.loads(done.stdout):
            shown = subprocess.run([BIN, "--config", self.folder + "/sallyport.toml", "--json", "show", session["sid"]],
                                   capture_output=True, text=True, timeout=60, check=True)
            found += [one for one in json.loads(shown.stdout) if one["kind"] == kind]
        return found

    def reasons(self):
        return [one["facts"]["reason"] for one in self.records("login")]

    def test_right(self):
        """a local user's own word opens the target, time and again; the target hears its own alone"""
        for _ in range(5):
            self.assertEqual(["OK ready", "OK"], self.say(f"ann,store {WORDS['ann']}", "GET key"))
        self.assertEqual({"app target's-word\n", "GET key\n"}, set(self.store.heard))

    def test_names_are_data(self):
        """where a key is the number of a card, the record has none; who came with a password is said to have"""
        self.assertEqual(["OK ready", "OK"], self.say(f"ann,store {WORDS['ann']}", "GET 4111111111111111"))
        process.until(lambda: self.records("request"), "the record")
        self.assertIn("GET 4111111111111111\n", self.store.heard)
        self.assertEqual(["GET"], self.records("request")[0]["facts"]["verbs"])
        self.assertNotIn("4111111111111111", json.dumps(self.records("request")))
        self.assertEqual(["password"], [one["facts"]["proof"] for one in self.records("login")])

    def test_wrong(self):
        """a wrong word, another's word, an unknown name, a word without a name: one public error, and why on the record"""
        said = [self.say(who)[0] for who in ("ann,store nearly", f"ann,store {WORDS['bob']}", f"eve,store {WORDS['ann']}",
                                             f"bob,store {WORDS['bob']}")]
        self.assertEqual(1, len(set(said)), said)
        self.assertTrue(said[0].startswith(REFUSED), said)
        process.until(lambda: len(self.reasons()) == 4, "the records")
        self.assertEqual(["target-not-allowed", "unknown-user", "wrong-proof", "wrong-proof"], sorted(self.reasons()))
        self.assertEqual([], self.store.heard)
        # One that was right once is no key for what is nearly it.
        self.assertEqual("OK ready", self.say(f"ann,store {WORDS['ann']}")[0])
        self.assertTrue(self.say(f"ann,store {WORDS['ann']}x")[0].startswith(REFUSED))
        self.assertTrue(self.say("ann,store")[0].startswith(REFUSED))

    def test_slowed(self):
        """who guesses too often is refused unseen, whatever he says"""
        for count in range(5):
            self.say(f"ann,store guess-{count}")
        self.assertTrue(self.say(f"ann,store {WORDS['ann']}")[0].startswith(REFUSED))
        self.assertIn("too-many-failures", self.reasons())


if __name__ == "__main__":
    tap.main()
