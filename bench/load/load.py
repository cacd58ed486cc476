#!/usr/bin/env python3
"""pgbench through Sallyport beside pgbouncer and HAProxy, in one run.

    bench/load/load.py --binary build/cli/sallyport --plugins build/plugins/postgresql [--rounds 5] [--seconds 5]

Two layouts, because waking the other core costs more than any proxy here:
  1core  client, proxy and server share core 0: latency and CPU for small requests
  split  the proxy alone on core 1, 16 connections: throughput of a saturated proxy
Rounds are interleaved (A B C ... A B C). First figure: CPU time of the proxy's process a transaction, summed over
/proc/PID/task/*/schedstat. Printed: the median over rounds, and the median of the ratio to HAProxy within a round.
Figures drift with the machine; ratios hold.
"""
import argparse
import glob
import os
import pwd
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

PG = "/usr/lib/postgresql/15/bin"
SECRET = "bench-secret"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(pid):
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        try:
            total += int(open(path).read().split()[0])
        except OSError:
            pass
    return total / 1e9


def wait_port(port, process, what):
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process and process.poll() is not None:
            break
        time.sleep(0.05)
    sys.exit(f"{what} does not listen")


class Bench:
    def __init__(self, options):
        self.options = options
        self.folder = tempfile.mkdtemp(prefix="sallyport-load-")
        os.chmod(self.folder, 0o755)
        self.processes = []
        self.user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name

    def as_user(self, command):
        return ["setpriv", "--reuid", self.user, "--regid", self.user, "--init-groups", *command] \
            if os.geteuid() == 0 else command

    def spawn(self, command, core, name, user=False):
        log = open(f"{self.folder}/{name}.log", "w")
        command = self.as_user(command) if user else command
        process = subprocess.Popen(["taskset", "-c", str(core), *command], stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def postgresql(self):
        data = f"{self.folder}/data"
        os.mkdir(data)
        if os.geteuid() == 0:
            shutil.chown(data, self.user)
        password = f"{self.folder}/password"
        open(password, "w").write(SECRET)
        subprocess.run(self.as_user([f"{PG}/initdb", "-D", data, "-U", "bench", "-A", "scram-sha-256",
                                     "--pwfile", password, "--locale=C.UTF-8", "-E", "UTF8"]),
                       check=True, stdout=subprocess.DEVNULL)
        self.pg_port = free_port()
        server = self.spawn([f"{PG}/postgres", "-D", data, "-p", str(self.pg_port), "-k", data,
                             "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=100"],
                            0, "postgresql", user=True)
        wait_port(self.pg_port, server, "postgresql")
        time.sleep(0.5)
        env = dict(os.environ, PGPASSWORD=SECRET)
        at = ["-h", "127.0.0.1", "-p", str(self.pg_port), "-U", "bench"]
        subprocess.run(["createdb", *at, "bench"], check=True, env=env)
        subprocess.run([f"{PG}/pgbench", "-i", "-q", *at, "bench"], check=True, env=env, stderr=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL)
        subprocess.run(["psql", "-q", *at, "bench", "-c",
                        "create table bulk as select i, md5(i::text) as digest, repeat('row ', 40) as pad "
                        "from generate_series(1, 20000) i"], check=True, env=env)

    def sallyport(self, core):
        folder = f"{self.folder}/gate-{core}"
        os.makedirs(f"{folder}/secrets")
        open(f"{folder}/secrets/target", "w").write(SECRET)
        os.chmod(f"{folder}/secrets/target", 0o600)
        verifier = subprocess.run([self.options.binary, "user", "hash"], input=SECRET + "\n", capture_output=True,
                                  text=True, check=True).stdout.strip()
        port = free_port()
        mask = '[[mask]]\nname = "pii"\ndetect = ["@pii", "@secrets"]\naction = "partial"\ncomputed = "content"\n' \
            if self.options.mask else ""
        open(f"{folder}/sallyport.toml", "w").write(f'''
[server]
workers = 1
state_dir = "{folder}/state"
plugin_dir = "{os.path.abspath(self.options.plugins)}"
plugins = ["postgresql"]
[[listener]]
protocol = "postgresql"
address = "127.0.0.1:{port}"
tls = "off"
[[user]]
name = "load"
groups = ["load"]
secret = "{verifier}"
[[target]]
name = "bench"
protocol = "postgresql"
address = "127.0.0.1:{self.pg_port}"
tls = "off"
database = "bench"
allow = ["load"]
default = "allow"
logins = {{ app = {{ credential = {{ user = "bench", password = "file:secrets/target" }} }} }}
record = {{ responses = "4 KiB" }}
{mask}''')
        process = self.spawn([self.options.binary, "--config", f"{folder}/sallyport.toml", "serve"], core,
                             f"sallyport-{core}")
        wait_port(port, process, "sallyport")
        # A core's thread pins itself; the layout decides here.
        subprocess.run(["taskset", "-a", "-p", "-c", str(core), str(process.pid)], check=True,
                       stdout=subprocess.DEVNULL)
        return process, port, "load,bench"

    def pgbouncer(self, core):
        folder = f"{self.folder}/bouncer-{core}"
        os.mkdir(folder)
        port = free_port()
        open(f"{folder}/users", "w").write(f'"bench" "{SECRET}"\n')
        open(f"{folder}/ini", "w").write(f'''[databases]
bench = host=127.0.0.1 port={self.pg_port} dbname=bench
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
auth_type = scram-sha-256
auth_file = {folder}/users
pool_mode = session
default_pool_size = 64
unix_socket_dir =
ignore_startup_parameters = extra_float_digits
log_connections = 0
log_disconnections = 0
''')
        for name in ("users", "ini"):
            os.chmod(f"{folder}/{name}", 0o644)
        os.chmod(folder, 0o755)
        process = self.spawn(["pgbouncer", f"{folder}/ini"], core, f"pgbouncer-{core}", user=True)
        wait_port(port, process, "pgbouncer")
        return process, port, "bench"

    def haproxy(self, core):
        port = free_port()
        path = f"{self.folder}/haproxy-{core}.cfg"
        open(path, "w").write(f'''global
  nbthread 1
  maxconn 500
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen bench
  bind 127.0.0.1:{port}
  server one 127.0.0.1:{self.pg_port}
''')
        process = self.spawn(["haproxy", "-f", path, "-db"], core, f"haproxy-{core}")
        wait_port(port, process, "haproxy")
        return process, port, "bench"

    def pgbench(self, port, user, clients, mode, script):
        command = ["taskset", "-c", "0", f"{PG}/pgbench", "-n", "-c", str(clients), "-j", "1", "-M", mode, "-T",
                   str(self.options.seconds), "-h", "127.0.0.1", "-p", str(port), "-U", user, *script, "bench"]
        run = subprocess.run(command, capture_output=True, text=True,
                             env=dict(os.environ, PGPASSWORD=SECRET, PGSSLMODE="disable"))
        tps = re.search(r"tps = ([0-9.]+)", run.stdout)
        count = re.search(r"number of transactions actually processed: (\d+)", run.stdout)
        latency = re.search(r"latency average = ([0-9.]+)", run.stdout)
        if run.returncode or not (tps and count and latency):
            sys.exit(f"pgbench failed: {run.stderr[-500:]}")
        return float(tps[1]), int(count[1]), float(latency[1])

    def stop(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        for process in self.processes:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def measure(bench, layout, work):
    core, clients = (0, 1) if layout == "1core" else (1, 16)
    name, mode, script = work
    proxies = {"direct": (None, bench.pg_port, "bench")}
    for proxy in ("haproxy", "pgbouncer", "sallyport"):
        proxies[proxy] = getattr(bench, proxy)(core)
    rows = {proxy: [] for proxy in proxies}
    for _ in range(bench.options.rounds):
        for proxy, (process, port, user) in proxies.items():
            before = cpu_seconds(process.pid) if process else 0
            tps, count, latency = bench.pgbench(port, user, clients, mode, script)
            cpu = (cpu_seconds(process.pid) - before) / count * 1e6 if process else 0
            rows[proxy].append((cpu, tps, latency))
    for process, _, _ in proxies.values():
        if process:
            process.send_signal(signal.SIGINT)
            process.wait(15)
    for folder in glob.glob(f"{bench.folder}/gate-*") + glob.glob(f"{bench.folder}/bouncer-*"):
        shutil.rmtree(folder)
    print(f"\n{layout}, {clients} connection{'s' if clients > 1 else ''}, {name}")
    print(f"  {'':10} {'proxy CPU us/txn':>17} {'tps':>9} {'latency us':>11} {'CPU / HAProxy':>14}")
    for proxy, runs in rows.items():
        cpu, tps, latency = (statistics.median(column) for column in zip(*runs))
        ratio = statistics.median(r[0] / h[0] for r, h in zip(runs, rows["haproxy"])) if proxy != "direct" else 0
        print(f"  {proxy:10} {cpu:17.1f} {tps:9.0f} {latency * 1000:11.0f} " +
              (f"{ratio:14.2f}" if proxy != "direct" else f"{'':>14}"), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--plugins", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--mask", action="store_true", help="with all detectors on")
    parser.add_argument("--only", default="", help="only works whose name holds this")
    options = parser.parse_args()
    bench = Bench(options)
    try:
        bench.postgresql()
        bulk = f"{bench.folder}/bulk.sql"
        open(bulk, "w").write("select * from bulk;\n")
        works = [("select, simple", "simple", ["-S"]), ("select, prepared", "prepared", ["-S"]),
                 ("20,000 rows of 200 bytes", "simple", ["-f", bulk])]
        for layout in ("1core", "split"):
            for work in works:
                if options.only in work[0]:
                    measure(bench, layout, work)
    finally:
        bench.stop()


main()
