#!/usr/bin/env python3
"""CPU time of a request through the gateway beside nginx, in one run.

    bench/load/web.py --binary build/cli/sallyport --plugins build/plugins/postgresql [--seconds 4] [--rounds 3]

One origin (nginx) serves the files; wrk asks over kept connections in plain HTTP, the kinds taking turns. Printed, the median of
the rounds: requests a second, and CPU microseconds a request of what stands between (/proc/PID/task/*/schedstat).
  proxy     1 KB of JSON through nginx proxy_pass, connections to the origin kept
  plain     the same through the gateway: token checked, judged, recorded, no mask
  sub       100 KB of JSON through nginx with sub_filter and two literals
  masked    the same through the gateway, the whole catalogue looking
"""
import argparse
import glob
import json
import os
import re
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "tests", "e2e"))

PEER = """
    location /proxy/ {{ proxy_pass http://127.0.0.1:{port}/files/; proxy_http_version 1.1; proxy_set_header Connection ""; }}
    location /sub/ {{ proxy_pass http://127.0.0.1:{port}/files/; proxy_http_version 1.1; proxy_set_header Connection "";
      sub_filter_types application/json; sub_filter_once off; sub_filter "ann@example.com" "[email]"; sub_filter "bob@example.com" "[email]"; }}
"""
POLICY = """
[[mask]]
name = "all"
targets = ["api"]
detect = ["@pii", "@secrets"]
action = "redact"
"""


def cpu_ns(pids):
    return sum(int(open(path).read().split()[0]) for pid in pids for path in glob.glob(f"/proc/{pid}/task/*/schedstat"))


def children(pid):
    done = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [pid] + [int(one) for one in done.stdout.split()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--plugins", required=True)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    os.environ["SALLYPORT_BIN"] = os.path.abspath(options.binary)
    os.environ["SALLYPORT_PLUGINS"] = os.path.abspath(options.plugins)
    # They read where the gateway is when they are loaded.
    import cluster
    import http_case
    origin = http_case.Nginx()
    peer = http_case.Nginx(PEER.format(port=origin.port))
    gate = http_case.Gateway(origin.port, tls=False, policy=POLICY)
    try:
        gate.secret("app", cluster.PASSWORD)
        gate.start()
        origin.put("small.json", json.dumps({"rows": [{"id": i, "name": "row"} for i in range(38)]}))
        origin.put("large.json", json.dumps({"rows": [{"id": i, "name": f"row number {i}", "text": "what is written here is nobody's own"} for i in range(1230)]}))
        token = gate.token()
        kinds = {"proxy": (f"http://127.0.0.1:{peer.port}/proxy/small.json", children(peer.process.pid)),
                 "plain": (f"http://127.0.0.1:{gate.port}/t/open/files/small.json", [gate.process.pid]),
                 "sub": (f"http://127.0.0.1:{peer.port}/sub/large.json", children(peer.process.pid)),
                 "masked": (f"http://127.0.0.1:{gate.port}/t/api/files/large.json", [gate.process.pid])}
        found = {name: [] for name in kinds}
        for _ in range(options.rounds):
            for name, (url, pids) in kinds.items():
                before = cpu_ns(pids)
                done = subprocess.run(["wrk", "-t1", "-c8", f"-d{options.seconds}", "-H", "Authorization: Bearer " + token, url],
                                      capture_output=True, text=True, check=True)
                spent = cpu_ns(pids) - before
                assert "Non-2xx" not in done.stdout and "errors" not in done.stdout, done.stdout
                count = int(re.search(r"(\d+) requests in", done.stdout)[1])
                found[name].append((count / options.seconds, spent / count / 1000))
        middle = {name: [statistics.median(one[i] for one in all_) for i in (0, 1)] for name, all_ in found.items()}
        for name, (rate, spent) in middle.items():
            print(f"{name:8} {rate:9.0f} requests/s {spent:9.1f} us of CPU a request", flush=True)
        print(f"plain / proxy  {middle['plain'][1] / middle['proxy'][1]:.2f}\nmasked / sub   {middle['masked'][1] / middle['sub'][1]:.2f}")
    finally:
        gate.remove()
        peer.remove()
        origin.remove()


if __name__ == "__main__":
    main()
