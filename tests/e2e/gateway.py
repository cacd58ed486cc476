"""One gateway: its folder, config, process and command line."""

import json
import os
import shutil
import signal
import subprocess
import tempfile

import pki
import process
from cluster import PASSWORD

BIN = os.environ.get("SALLYPORT_BIN", "sallyport")
PLUGINS = os.environ.get("SALLYPORT_PLUGINS", "")
LOG_DUMP = os.environ.get("SALLYPORT_LOG_DUMP", "log_dump")
SECRETS = {"agent": "agent's word", "robot": "robot's word", "dana": "dana's word", "erin": "erin's word"}
GROUPS = {"agent": ["agents"], "robot": ["agents"], "dana": ["dba"], "erin": ["dba", "agents"]}
_verifiers = {name: pki.scram_secret(word) for name, word in SECRETS.items()}

# `shop` is judged and masked; `raw` is not; both are the same database.
POLICY = """
[[mask]]
name = "pii"
targets = ["shop"]
detect = ["@pii", "@secrets"]
fields = ["customers.email"]
action = "partial"
computed = "content"

[[rule]]
name = "no-effects-delete"
targets = ["shop"]
match = { verb = ["DELETE"], object = ["*effects"] }
action = "deny"
reason = "effects are kept for the auditors"

[[rule]]
name = "destructive-sql"
targets = ["shop"]
use = "sql/destructive"
action = "approve"
approvers = ["dba"]
hold = "%(hold)s"
timeout = "10m"
"""


def target(name, port, user="app", tls="off", extra="", password_file="secrets/app"):
    return f"""
[[target]]
name = "{name}"
protocol = "postgresql"
address = "127.0.0.1:{port}"
tls = "{tls}"
database = "shop"
allow = ["agents", "dba"]
default = "allow"
logins = {{ app = {{ credential = {{ user = "{user}", password = "file:{password_file}" }} }} }}
{extra}
"""


class Gateway:
    def __init__(self, cluster, hold="60s", policy=None, targets="", log="", server=""):
        self.cluster = cluster
        self.folder = tempfile.mkdtemp(prefix="sallyport-e2e-")
        self.rings = tempfile.mkdtemp(prefix="sallyport-e2e-", dir="/dev/shm")
        self.port = process.free_port()
        self.config = self.folder + "/sallyport.toml"
        self.output = self.folder + "/serve.out"
        self.log_dir = self.folder + "/state/log"
        self.process = None
        os.makedirs(self.folder + "/tls")
        os.makedirs(self.folder + "/secrets")
        self.secret("app", PASSWORD)
        pki.make_ca(self.folder + "/tls", "ca")
        pki.make_certificate(self.folder + "/tls", "ca", "server")
        self.policy = (POLICY if policy is None else policy) % {"hold": hold}
        self.targets, self.log, self.server = targets, log, server
        self.write()

    def secret(self, name, text):
        path = f"{self.folder}/secrets/{name}"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)

    def write(self, extra=""):
        """Writes the config; `extra` rules stand before the policy."""
        users = "".join(f'[[user]]\nname = "{name}"\ngroups = {json.dumps(GROUPS[name])}\nsecret = "{_verifiers[name]}"\n'
                        for name in SECRETS)
        log = self.log or f'[log]\nring_dir = "{self.rings}/rings"\nring_size = "16 MiB"\n'
        with open(self.config, "w") as file:
            file.write(f'[server]\nstate_dir = "state"\nplugin_dir = "{PLUGINS}"\nplugins = ["postgresql"]\n{self.server}\n'
                       f'{log}\n[[listener]]\nprotocol = "postgresql"\naddress = "127.0.0.1:{self.port}"\n'
                       'tls = { certificate = "file:tls/server.crt", key = "file:tls/server.key", required = false }\n'
                       + users + target("shop", self.cluster.port) + target("raw", self.cluster.port) + self.targets
                       + extra + self.policy)

    def start(self):
        # A killed gateway's socket may go on listening for a moment, until the kernel has taken its ring down; what
        # the new one says cannot be mistaken.
        lines = self.said().count("listening at") if os.path.exists(self.output) else 0
        with open(self.output, "a") as out:
            self.process = process.start([BIN, "--config", self.config, "serve"], cwd=self.folder, stdout=out, stderr=out)

        def ready():
            assert self.process.poll() is None, "the gateway ended:\n" + self.said()
            return self.said().count("listening at") > lines and process.answers(self.port) and os.path.exists(self.folder + "/state/admin.sock")

        process.until(ready, "the gateway's start")
        return self

    def said(self):
        with open(self.output) as file:
            return file.read()

    def stop(self, how=signal.SIGTERM):
        return process.stop(self.process, how, 180)

    def remove(self):
        try:
            if self.process and self.process.poll() is None:
                process.stop(self.process, signal.SIGKILL)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
            shutil.rmtree(self.rings, ignore_errors=True)

    # The command line.
    def run(self, *args, as_user=None, ok=True):
        """`sallyport ARGS`; its output, parsed where it is JSON. Says what was said where it fails."""
        extra = ["--as", as_user] if as_user else []
        done = subprocess.run([BIN, "--config", self.config, "--json", *args, *extra], capture_output=True, text=True,
                              env=os.environ | {"SALLYPORT_SECRET": SECRETS.get(as_user, "")}, timeout=180)
        assert not ok or done.returncode == 0, f"{args}: {done.returncode}\n{done.stdout}{done.stderr}"
        if not ok:
            return done
        return json.loads(done.stdout) if done.stdout.strip().startswith(("{", "[")) else done.stdout

    def approvals(self, state="pending"):
        return [one for one in self.run("approvals", "--all") if one["state"] == state]

    def wait_approval(self, text):
        """The pending approval whose statement holds `text`."""
        found = lambda: next((one for one in self.approvals() if text in one["text"]), None)
        return process.until(found, "an approval of " + text)

    # The log.
    def records(self, kind=None):
        done = subprocess.run([LOG_DUMP, "records", self.log_dir], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        # A payload may hold what Python takes for the end of a line.
        all_records = [json.loads(line) for line in done.stdout.split("\n") if line]
        return [one for one in all_records if kind in (None, one["kind"])]

    def newest_login(self):
        """The newest login's facts, as `sallyport show` has them."""
        session = self.run("sessions", "--limit", "0")[-1]
        return next(one["facts"] for one in self.run("show", session["sid"]) if one["kind"] == "login")

    def verify(self):
        done = subprocess.run([LOG_DUMP, "verify", self.log_dir, self.folder + "/state/log.pub"], capture_output=True,
                              text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)
