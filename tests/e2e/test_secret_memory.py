"""Secrets in the gateway's memory: after logins, neither what callers proved themselves with nor what opens targets is there in
clear, in no page of the process, and no core of it can be taken. Needs root, which alone may read another process's memory."""

import json
import os
import re
import resource
import signal
import tempfile
import unittest

import credential_case
import gateway as gateways
import oidc_case
import process
import tap
import tokens
import world
from credential_case import MINTER_PASSWORD, minted

PLANTED = "planted-target-word-7Qm2x"
CHUNK = 16 << 20


def mappings(pid):
    """(begin, end, rights, name, flags) of each; flags as proc(5) has VmFlags."""
    with open(f"/proc/{pid}/smaps") as file:
        for line in file:
            if head := re.match(r"(\w+)-(\w+) (\S+) \S+ \S+ \S+ *(.*)", line):
                begin, end, rights, name = head.groups()
            elif line.startswith("VmFlags:"):
                yield int(begin, 16), int(end, 16), rights, name, line.split()[1:]


def found_in(pid, secrets):
    """What is found of each: (name, "kept" where cores leave the mapping out, else the mapping's name)."""
    found = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for at, end, rights, name, flags in mappings(pid):
            if "r" not in rights or name in ("[vvar]", "[vsyscall]"):
                continue
            held = b""
            while at < end:
                try:
                    memory.seek(at)
                    block = memory.read(min(CHUNK, end - at))
                except OSError:
                    break  # a guard's page
                if not block:
                    break
                for what, value in secrets.items():
                    count = (held + block).count(value.encode())
                    found += [(what, "kept" if "dd" in flags else name or "heap")] * count
                held, at = block[-256:], at + len(block)
    return found


@unittest.skipIf(os.geteuid() != 0, "only root may read another process's memory")
class Memory(credential_case.Case):
    @classmethod
    def more_targets(cls):
        cls.issuer = tokens.Issuer("https://idp.example.com", [tokens.Key.rsa("k1")])
        return minted("minted", world.cluster().port) + oidc_case.issuer("corp", cls.issuer.issuer, keys="file:secrets/jwks", identity=["sub"], email=None)

    @classmethod
    def prepare(cls):
        cls.gate.secret("jwks", json.dumps(cls.issuer.jwks()))
        cls.gate.secret("app", PLANTED)
        world.cluster().sql(f"ALTER ROLE app PASSWORD '{PLANTED}'")
        cls.addClassCleanup(world.cluster().sql, f"ALTER ROLE app PASSWORD $${gateways.PASSWORD}$$")

    def test_memory(self):
        """logins by secret and by token, at a static and a minted credential: nothing of any stays"""
        token = self.issuer.token()
        secrets = {"the target's password": PLANTED, "the minter's password": MINTER_PASSWORD, "a user's secret": gateways.SECRETS["agent"],
                   "a token": token, "a token's signature": token.rpartition(".")[2]}
        for target in ("raw", "minted"):
            for _ in range(3):
                self.assertEqual("1", self.good_psql("SELECT 1", target=target))
                env = self.environment(target=target) | {"PGUSER": target, "PGPASSWORD": token}
                self.assertEqual("1", self.good_psql("SELECT 1", env=env))
        # In the memory that is for secrets, and as libpq's copies of the open control connection (docs/THREATS.md).
        found = found_in(self.gate.process.pid, secrets)
        library = [one for one in found if one == ("the minter's password", "heap")]
        self.assertLessEqual(len(library), 2)
        rest = sorted(set(found) - {("the minter's password", "heap")})
        self.assertEqual([("the minter's password", "kept"), ("the target's password", "kept")], rest)

    def test_instrument(self):
        """the search finds what is there: a name of the config"""
        self.assertTrue(found_in(self.gate.process.pid, {"a name": "postgresql-role"}))

    def core_of(self, child):
        """Whether a child that is aborted, with as much room for a core as there may be, leaves one."""
        hard = resource.prlimit(child.pid, resource.RLIMIT_CORE)[1]
        resource.prlimit(child.pid, resource.RLIMIT_CORE, (hard, hard))
        os.kill(child.pid, signal.SIGABRT)
        status = os.waitpid(child.pid, 0)[1]
        child.returncode = -os.WTERMSIG(status)
        self.assertEqual(signal.SIGABRT, os.WTERMSIG(status))
        return os.WCOREDUMP(status)

    def test_no_core(self):
        """a gateway that crashes leaves no core, whatever its limits say"""
        with tempfile.TemporaryDirectory() as folder:
            if not self.core_of(process.start(["sleep", "60"], cwd=folder)):
                self.skipTest("this machine makes no cores (kernel.core_pattern)")
        gate = world.gateway()
        self.addCleanup(gate.remove)
        self.assertFalse(self.core_of(gate.process))


if __name__ == "__main__":
    tap.main()
