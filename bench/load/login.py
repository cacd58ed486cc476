#!/usr/bin/env python3
"""From a client's connect to its session being ready, by what it proves itself with, in one run.

    bench/load/login.py --binary build/cli/sallyport --plugins build/plugins/postgresql [--rounds 200]

libpq over TLS with the gateway's certificate verified; the target is a private PostgreSQL without TLS. The kinds take turns.
Printed: p50 and p95 of the time a login takes, and the gateway's CPU time a login (/proc/PID/task/*/schedstat, the TLS
handshake and the target's login included); then what minting a role adds in round trips of the target, counted at a relay.
  direct    the same client at PostgreSQL itself, SCRAM, no TLS
  user      a user of the config, SCRAM
  ticket    a ticket, SCRAM
  token     an RS256 token, the issuer's keys at hand
  leased    a token at a target with minted roles; the role is there
  minted    the same by an identity that has none yet
"""
import argparse
import glob
import json
import os
import statistics
import sys
import time
import urllib.parse
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "tests", "e2e"))


def cpu_seconds(pid):
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        total += int(open(path).read().split()[0])
    return total / 1e9


class Bench:
    def __init__(self, options):
        os.environ["SALLYPORT_BIN"] = os.path.abspath(options.binary)
        os.environ["SALLYPORT_PLUGINS"] = os.path.abspath(options.plugins)
        # They read where the gateway is when they are loaded.
        import cluster
        import credential_case
        import gateway
        import oidc_case
        import relay
        import tokens
        self.options = options
        self.cluster = cluster.Cluster()
        try:
            credential_case.make_minter(self.cluster)
            self.relay = relay.Relay(self.cluster.port)
            self.issuer = tokens.Issuer("https://idp.example.com", [tokens.Key.rsa("k1")])
            self.gate = gateway.Gateway(
                self.cluster, policy="", server='failed_logins = 0\n[admin]\naddress = "127.0.0.1:0"\n',
                targets=credential_case.minted("minted", self.cluster.port) + credential_case.minted("relayed", self.relay.port)
                + oidc_case.issuer("corp", self.issuer.issuer, keys="file:secrets/jwks", identity=["sub"], email=None))
        except BaseException:
            self.cluster.remove()
            raise
        self.gate.secret("jwks", json.dumps(self.issuer.jwks()))
        self.gate.secret("minter", credential_case.MINTER_PASSWORD)
        self.secret = gateway.SECRETS["agent"]

    def token(self, subject):
        return self.issuer.token({"sub": subject})

    def ticket(self):
        port = self.gate.said().rsplit("admin API at http://127.0.0.1:", 1)[1].split()[0].strip("/")
        fields = urllib.parse.urlencode({"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token": self.token("ann"),
                                         "subject_token_type": "urn:ietf:params:oauth:token-type:jwt"})
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/oauth/token", fields.encode()) as answer:
            return json.loads(answer.read())["access_token"]

    def connect(self, user, password, port=None):
        import psycopg
        tls = {} if port else {"sslmode": "verify-full", "sslrootcert": self.gate.folder + "/tls/ca.crt"}
        begin = time.perf_counter()
        psycopg.connect(host="localhost", hostaddr="127.0.0.1", port=port or self.gate.port, dbname="shop", user=user, password=password,
                        **tls).close()
        return time.perf_counter() - begin

    def run(self):
        import cluster
        ticket, token, fresh = self.ticket(), self.token("ann"), 0
        times, cpu = {}, {}

        def minted():
            nonlocal fresh
            fresh += 1
            return "minted", self.token(f"job-{fresh}")

        kinds = {"direct": lambda: ("app", cluster.PASSWORD, self.cluster.port), "user": lambda: ("agent,raw", self.secret),
                 "ticket": lambda: (f"{ticket[:14]},raw", ticket), "token": lambda: ("raw", token),
                 "leased": lambda: ("minted", token), "minted": minted}
        for number in range(self.options.rounds + 3):
            for kind, proof in kinds.items():
                of = proof()
                before = cpu_seconds(self.gate.process.pid)
                took = self.connect(*of)
                if number >= 3:
                    times.setdefault(kind, []).append(took)
                    cpu.setdefault(kind, []).append(cpu_seconds(self.gate.process.pid) - before)
        print(f"{'':8}{'p50 ms':>9}{'p95 ms':>9}{'CPU ms':>9}")
        for kind, all_times in times.items():
            spent = "" if kind == "direct" else f"{statistics.median(cpu[kind]) * 1e3:9.2f}"
            print(f"{kind:8}{statistics.median(all_times) * 1e3:9.2f}{statistics.quantiles(all_times, n=20)[18] * 1e3:9.2f}{spent}")

    def round_trips(self):
        """Of a login whose role must be made, beside one whose role is there: turns toward the target, on all connections."""
        def turns(subject):
            before = sum(len([1 for to_target, _ in one if to_target]) for one in self.relay.connections)
            self.connect("relayed", self.token(subject))
            return sum(len([1 for to_target, _ in one if to_target]) for one in self.relay.connections) - before

        turns("first")
        leased = min(turns("first") for _ in range(5))
        minting = [turns(f"other-{i}") - leased for i in range(5)]
        print(f"round trips that minting adds: {statistics.median(minting):.0f} (a login beside: {leased})")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--plugins", required=True)
    parser.add_argument("--rounds", type=int, default=200)
    bench = Bench(parser.parse_args())
    try:
        bench.gate.start()
        bench.run()
        bench.round_trips()
    finally:
        bench.gate.remove()
        bench.relay.close()
        bench.cluster.remove()


if __name__ == "__main__":
    main()
