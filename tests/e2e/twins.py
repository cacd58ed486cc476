"""The same program run at the server itself and through the gateway: what it gets must be the same."""

import ssl
from dataclasses import dataclass

import world
from cluster import PASSWORD
from gateway import SECRETS


@dataclass(frozen=True)
class Way:
    """Where a program connects, and as whom. `ca`: the file that proves the gateway; None means no TLS."""

    name: str
    port: int
    user: str
    password: str
    ca: str | None

    def tls(self):
        """A context that verifies certificate and name, or None."""
        return ssl.create_default_context(cafile=self.ca) if self.ca else None

    def libpq(self):
        """Keywords of a libpq connection."""
        return {"host": "localhost", "hostaddr": "127.0.0.1", "port": self.port, "user": self.user, "dbname": "shop",
                "password": self.password, "connect_timeout": 60} | (
            {"sslmode": "verify-full", "sslrootcert": self.ca} if self.ca else {"sslmode": "disable"})


class Twins(world.Case):
    """Cases that compare. `fresh`: SQL that puts the database back before each run."""

    fresh = ""
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Else autovacuum gives the tables other statistics, and with them other plans, between one run and the next.
        cls.cluster.sql("VACUUM ANALYZE customers; VACUUM ANALYZE items; VACUUM ANALYZE effects", database="shop")

    def way(self, name):
        """`direct`, or a target of the gateway: `raw` is neither judged nor masked, `shop` is both."""
        if name == "direct":
            return Way(name, self.cluster.port, "app", PASSWORD, None)
        ca = None if name == "raw" else self.gate.folder + "/tls/ca.crt"
        return Way(name, self.gate.port, "agent," + name.removesuffix("+tls"), SECRETS["agent"], ca)

    def run_at(self, name, program):
        if self.fresh:
            self.cluster.sql("SET client_min_messages = error;" + self.fresh, database="shop")
        return program(self.way(name))

    def same(self, program, at=("raw", "raw+tls")):
        """`program(way)` gives the same through the gateway, without TLS and with it; what it gave directly."""
        expected = self.run_at("direct", program)
        for name in at:
            self.assertEqual(expected, self.run_at(name, program), f"through {name}")
        return expected

    def masked(self, program):
        """`program(way)` runs at the masked target: each value is the same, of the same kind, or nothing."""
        expected = self.run_at("direct", program)
        got = self.run_at("shop", program)
        self.assertTrue(alike(expected, got), f"directly: {expected}\nmasked: {got}")
        return got


def alike(expected, got):
    """Whether `got` is `expected`, or what a mask may have made of it."""
    if got is None or expected == got:
        return True
    if isinstance(expected, (list, tuple)) and isinstance(got, (list, tuple)):
        return len(expected) == len(got) and all(map(alike, expected, got))
    if isinstance(expected, dict) and isinstance(got, dict):
        return expected.keys() == got.keys() and all(alike(value, got[key]) for key, value in expected.items())
    return type(expected) is type(got)
