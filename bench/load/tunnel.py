#!/usr/bin/env python3
"""Bytes that nobody reads: an opaque target beside HAProxy, copying and splicing, in one run.

    bench/load/tunnel.py --binary build/cli/sallyport [--rounds 5] [--gib 2] [--streams 4]

Each proxy alone on core 1, the two ends on core 0. Rounds are interleaved (A B C ... A B C). Printed: the proxy's CPU time a
GiB (sum over /proc/PID/task/*/schedstat), throughput, and the median of the ratio to HAProxy copying within a round.
"""
import argparse
import glob
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

BLOCK = bytes(256 * 1024)


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


def wait_port(port, process):
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    sys.exit(f"{process.args} does not listen:\n{open(process.log).read()}")


class Bench:
    def __init__(self, options):
        self.options = options
        self.folder = tempfile.mkdtemp(prefix="sallyport-tunnel-")
        self.processes = []
        self.source = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.source.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection, _ = self.source.accept()
            threading.Thread(target=self.pour, args=(connection,), daemon=True).start()

    def pour(self, connection):
        size = self.options.gib * (1 << 30) // self.options.streams
        with connection:
            try:
                for _ in range(size // len(BLOCK)):
                    connection.sendall(BLOCK)
            except OSError:
                pass

    def spawn(self, command, port):
        path = f"{self.folder}/{os.path.basename(command[0])}-{len(self.processes)}.log"
        with open(path, "w") as log:
            process = subprocess.Popen(["taskset", "-c", "1", *command], stdout=log, stderr=log)
        process.log = path
        self.processes.append(process)
        wait_port(port, process)
        subprocess.run(["taskset", "-a", "-p", "-c", "1", str(process.pid)], check=True, stdout=subprocess.DEVNULL)
        return process, port

    def sallyport(self):
        port, folder = free_port(), self.folder + "/gate"
        os.mkdir(folder)
        open(f"{folder}/sallyport.toml", "w").write(f'''
[server]
workers = 1
state_dir = "{folder}/state"
[[listener]]
protocol = "tcp"
address = "127.0.0.1:{port}"
target = "source"
sources = ["127.0.0.1"]
groups = ["load"]
[[target]]
name = "source"
protocol = "tcp"
address = "127.0.0.1:{self.port}"
tls = "off"
allow = ["load"]
''')
        return self.spawn([self.options.binary, "--config", f"{folder}/sallyport.toml", "serve"], port)

    def haproxy(self, splices):
        port, path = free_port(), f"{self.folder}/haproxy-{splices}.cfg"
        open(path, "w").write(f'''global
  nbthread 1
  maxconn 500
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
{"  option splice-auto" if splices else ""}
listen bench
  bind 127.0.0.1:{port}
  server one 127.0.0.1:{self.port}
''')
        return self.spawn(["haproxy", "-f", path, "-db"], port)

    def pull(self, port):
        """Seconds and bytes of all streams together."""
        counts = []

        def read():
            held, total = bytearray(len(BLOCK)), 0
            with socket.create_connection(("127.0.0.1", port)) as connection:
                while size := connection.recv_into(held):
                    total += size
            counts.append(total)

        began = time.monotonic()
        threads = [threading.Thread(target=read) for _ in range(self.options.streams)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.monotonic() - began, sum(counts)

    def stop(self):
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        for process in self.processes:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--gib", type=int, default=2, help="of each pull, all streams together")
    parser.add_argument("--streams", type=int, default=4)
    options = parser.parse_args()
    os.sched_setaffinity(0, {0})
    bench = Bench(options)
    try:
        proxies = {"haproxy": bench.haproxy(False), "haproxy, splicing": bench.haproxy(True), "sallyport": bench.sallyport()}
        rows = {name: [] for name in proxies}
        for _ in range(options.rounds):
            for name, (process, port) in proxies.items():
                before = cpu_seconds(process.pid)
                seconds, size = bench.pull(port)
                gib = size / (1 << 30)
                if gib != options.gib:
                    sys.exit(f"{name}: {size} bytes came")
                rows[name].append(((cpu_seconds(process.pid) - before) / gib, gib / seconds))
        print(f"  {'':18} {'CPU s/GiB':>10} {'GiB/s':>7} {'CPU / HAProxy':>14}")
        for name, runs in rows.items():
            cpu, rate = (statistics.median(column) for column in zip(*runs))
            ratio = statistics.median(run[0] / other[0] for run, other in zip(runs, rows["haproxy"]))
            print(f"  {name:18} {cpu:10.3f} {rate:7.2f} {ratio:14.2f}", flush=True)
    finally:
        bench.stop()


main()
