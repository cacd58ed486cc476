"""What tests of `sallyport login` share: a gateway with an admin listener, homes of people, the command and what it prints."""

import json
import os
import re
import shlex
import stat
import subprocess
import tempfile

import oidc_case
import oidc_provider
import process
from gateway import BIN

SECRET = oidc_provider.MACHINE["client_secret"]
TICKET = r"spt_[0-9a-z]{43}"
TICKET_ID = r"spt_[0-9a-z]{10}"
POLICY = """
[[rule]]
name = "no-effects-delete"
targets = ["shop"]
match = { verb = ["DELETE"] }
action = "deny"
"""
ADMIN = '[admin]\naddress = "127.0.0.1:0"\ntls = { certificate = "file:tls/server.crt", key = "file:tls/server.key" }\n'
DELEGATION = '[[delegation]]\nidentities = ["corp:agent-7@example.com"]\nfor = ["corp:bob"]\n'
# `raw` can be reached by it too, and nothing else.
OWN_LISTENER = """
[[listener]]
protocol = "postgresql"
address = "127.0.0.1:%d"
target = "raw"
tls = { certificate = "file:tls/server.crt", key = "file:tls/server.key" }
"""


class Case(oidc_case.Case):
    """One gateway a class, whose callers log in by `cls.provider`; a home for each case."""

    POLICY = POLICY
    SERVER_KEYS = ADMIN

    @classmethod
    def issuers(cls):
        cls.provider = oidc_case.provider()
        cls.raw_port = process.free_port()
        return DELEGATION + OWN_LISTENER % cls.raw_port + oidc_case.issuer("corp", cls.provider.issuer, client_id="cli", scopes=["openid"],
                                                              parties=["agent-7", "robot-8", "cli"])

    def setUp(self):
        self.provider.reset()
        folder = tempfile.TemporaryDirectory(prefix="sallyport-e2e-login-")
        self.addCleanup(folder.cleanup)
        self.home = folder.name
        self.state = self.home + "/.local/state/sallyport"

    @property
    def ca(self):
        return self.gate.folder + "/tls/ca.crt"

    @property
    def url(self):
        return re.findall(r"admin API at (https?://\S+)", self.gate.said())[-1]

    def home_environment(self, **more):
        kept = {key: value for key, value in os.environ.items()
                if not key.startswith(("PG", "SALLYPORT_", "XDG_")) and key not in ("DISPLAY", "WAYLAND_DISPLAY")}
        return kept | {"HOME": self.home, "PATH": os.path.dirname(os.path.abspath(BIN)) + ":" + os.environ["PATH"],
                       "PSQLRC": "/dev/null", "LC_ALL": "C.UTF-8", "TERM": "dumb"} | more

    # The command.
    def words(self, *args):
        return [BIN, "login", "--gateway", self.url, "--ca", self.ca, *args]

    def login(self, *args, code=0, text=None, env=None, timeout=120):
        """`sallyport login ARGS` to its end; what it said. No secret of anybody's may be in that but where it was asked for."""
        done = subprocess.run(self.words(*args), capture_output=True, text=True, input=text or "", timeout=timeout,
                              env=self.home_environment(**(env or {})))
        self.assertEqual(code, done.returncode, f"{args}\n{done.stdout}{done.stderr}")
        if not {"--env", "--show", "--json"} & set(args):
            self.assertNotRegex(done.stdout + done.stderr, TICKET)
        self.assertNotIn(SECRET, done.stdout + done.stderr)
        return done

    def machine(self, *args, client="agent-7", **more):
        """A login by client credentials."""
        return self.login("--flow", "client-credentials", "--client-id", client, *args,
                          **{"env": {"SALLYPORT_CLIENT_SECRET": SECRET}} | more)

    def begin(self, *args, wait=None, env=None):
        """The command as a process that waits for a person, and what it has said when `wait` stands there."""
        path = f"{self.home}/said"
        with open(path, "w") as out:
            child = process.start(self.words(*args), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                  env=self.home_environment(**(env or {})))
        self.addCleanup(process.stop, child, 9)
        if wait:
            process.until(lambda: re.search(wait, self.said()) or child.poll() is not None, wait)
        return child

    def said(self):
        with open(f"{self.home}/said") as file:
            return file.read()

    def ends(self, child, code=0):
        self.assertEqual(code, child.wait(120), self.said())
        self.assertNotRegex(self.said(), TICKET)
        return self.said()

    # What it prints and writes.
    def run_line(self, said, number=0, sql="SELECT 'in'"):
        """The printed psql line, run by a shell as it stands there."""
        line = re.findall(r"^ +(psql .*)$", said, re.M)[number]
        return self.shell(f"{line} -XtAc {shlex.quote(sql)}", line)

    def shell(self, command, note="", **env):
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=120,
                              stdin=subprocess.DEVNULL, env=self.home_environment(**env))
        self.assertEqual(0, done.returncode, f"{note or command}\n{done.stderr}\nrecord: {self.logins()[-1:]}")
        return done.stdout.strip()

    def ask(self, *args, code=0, **env):
        """Another command of ours, in this home."""
        done = subprocess.run([BIN, *args], capture_output=True, text=True, timeout=120, env=self.home_environment(**env))
        self.assertEqual(code, done.returncode, f"{args}\n{done.stdout}{done.stderr}")
        return json.loads(done.stdout) if "--json" in args and done.stdout.startswith(("{", "[")) else done.stdout + done.stderr

    def private(self, name):
        """A file of this home that its owner alone may read."""
        path = name if name.startswith("/") else f"{self.home}/{name}"
        self.assertEqual(0o600, stat.S_IMODE(os.stat(path).st_mode), path)
        with open(path) as file:
            return file.read()

    def write(self, name, text, mode=0o600):
        with open(os.open(f"{self.home}/{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
            file.write(text)
        return f"{self.home}/{name}"
