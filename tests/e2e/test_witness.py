"""The log's witness: heads go to a file, a webhook and syslog; a log that was rolled back is not started from."""

import http.server
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading

import audit_case
import gateway
import process
import tap


class Webhook:
    """Takes heads, and says what it is told to say."""

    def __init__(self):
        self.taken, self.status = [], 200
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.taken.append((self.headers.get("Authorization"), json.loads(body)))
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/heads"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Witness(audit_case.Case):
    def gate_with(self, ways):
        """A gateway of its own whose witness is `ways`."""
        gate = gateway.Gateway(self.cluster)
        self.addCleanup(gate.remove)
        gate.secret("witness", "the witness's word")
        gate.log = (f'[log]\nring_dir = "{gate.rings}/rings"\nring_size = "16 MiB"\n'
                    f'witness = {{ interval = "1s", {ways} }}\n')
        gate.write()
        return gate

    def heads(self, path):
        if not os.path.exists(path):
            return []
        with open(path) as file:
            return [line for line in file.read().split("\n") if line]

    def verify(self, gate, witness, ok=True):
        got = gate.run("log", "verify", "--witness", witness, ok=False)
        self.assertEqual(0 if ok else 1, got.returncode, got.stdout + got.stderr)
        return json.loads(got.stdout)

    def refused(self, gate):
        done = subprocess.run([gateway.BIN, "--config", gate.config, "serve"], capture_output=True, text=True, timeout=60)
        self.assertNotEqual(0, done.returncode)
        return done.stderr

    def test_file(self):
        """heads come at their interval, the last one ends the log, and all of them are in it"""
        path = self.folder + "/heads"
        gate = self.gate_with(f'file = "{path}"').start()
        process.until(lambda: len(self.heads(path)) > 1, "two heads")
        witness = gate.run("log", "verify", "--witness", path)
        self.assertTrue(witness["ok"])
        gate.stop()
        last = self.heads(path)[-1]
        head = gate.run("log", "head")
        self.assertEqual(head["text"], last)
        self.assertGreater(self.verify(gate, path)["heads"], 0)
        with open(path, "a") as file:  # what a crash leaves
            file.write(last[:50])
        gate.start()
        process.until(lambda: len(self.heads(path)) > 3, "more heads")
        gate.stop()
        with open(path) as file:
            text = file.read()
        self.assertIn(last[:50] + "\n", text)

    def test_rolled_back(self):
        """a log from before is no log to go on from, whoever put it there; an operator's yes is on the record"""
        path = self.folder + "/heads"
        gate = self.gate_with(f'file = "{path}"').start()
        gate.stop()
        state = gate.folder + "/state"
        old = shutil.copytree(state, self.folder + "/old")
        gate.start()
        process.until(lambda: len(self.heads(path)) > 2, "heads of the second run")
        gate.stop()
        shutil.rmtree(gate.log_dir)
        shutil.copytree(old + "/log", gate.log_dir)
        said = self.refused(gate)
        self.assertIn("rolled back", said)
        self.assertIn("log accept", said)
        self.assertEqual("wrong-head", self.verify(gate, path, ok=False)["fault"]["kind"])
        # Also where the witness's own file is gone: the gateway remembers what it sent.
        os.rename(path, path + ".kept")
        self.assertIn("rolled back", self.refused(gate))
        os.rename(path + ".kept", path)
        # A whole machine that was put back remembers nothing, but the witness does.
        shutil.rmtree(state)
        shutil.copytree(old, state)
        self.assertTrue(gate.run("log", "verify")["ok"])
        self.assertIn("rolled back", self.refused(gate))
        self.assertEqual(2, gate.run("log", "accept", ok=False).returncode, "a reason is needed")
        self.assertIn("rolled back", self.refused(gate))
        done = gate.run("log", "accept", "--reason", "restored from Sunday")
        self.assertEqual(1, len(done["accepted"]), done)
        gate.start()
        gate.stop()
        acts = [one for one in gate.records("Admin") if one["act"] == "log-loss-accepted"]
        self.assertEqual(1, len(acts))
        self.assertIn("restored from Sunday", acts[0]["detail"])
        self.assertIn("uid ", acts[0]["who"])
        gate.start()  # once was enough
        gate.stop()
        self.assertTrue(gate.run("log", "verify")["ok"])
        self.verify(gate, path, ok=False)  # the witness goes on to show it

    def test_webhook(self):
        """a webhook gets heads with its token; its refusals are counted, an alarm on the record, and no traffic waits"""
        hook = Webhook()
        self.addCleanup(hook.close)
        gate = self.gate_with(f'url = "{hook.url}", token = "file:secrets/witness"').start()
        process.until(lambda: len(hook.taken) > 1, "two heads")
        proof, body = hook.taken[0]
        self.assertEqual("Bearer the witness's word", proof)
        self.assertTrue(body["head"].startswith("splog-head 1 "))
        hook.status = 500
        way = lambda: gate.run("status")["log"]["witness"]["ways"][0]
        process.until(lambda: way()["failures"] > 0, "a failure that is counted")
        self.assertIn("500", way()["error"])
        process.until(lambda: any(one["reason"] == "witness-failed" for one in gate.records("Fault")), "an alarm on the record")
        hook.status = 204
        process.until(lambda: way()["error"] == "", "a push that is taken again")
        gate.stop()
        lines = self.folder + "/lines"
        with open(lines, "w") as file:
            file.writelines(json.dumps(body) + "\n" for _, body in hook.taken)
        self.assertTrue(self.verify(gate, lines)["ok"])
        self.assertNotIn("the witness's word", gate.said())

    def test_syslog(self):
        """UDP and TCP as the RFCs have it, and the local socket"""
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        udp.settimeout(60)
        self.addCleanup(udp.close)
        gate = self.gate_with(f'syslog = "udp:127.0.0.1:{udp.getsockname()[1]}"').start()
        self.assertRegex(udp.recv(4096).decode(), self.MESSAGE + r"\Z")
        gate.stop()
        tcp = socket.create_server(("127.0.0.1", 0))
        tcp.settimeout(60)
        self.addCleanup(tcp.close)
        gate = self.gate_with(f'syslog = "tcp:127.0.0.1:{tcp.getsockname()[1]}"').start()
        peer, _ = tcp.accept()
        got = b""
        while part := peer.recv(4096):
            got += part
        peer.close()
        size, message = got.decode().split(" ", 1)
        self.assertEqual(int(size), len(message))
        self.assertRegex(message, self.MESSAGE + r"\Z")
        gate.stop()
        folder = tempfile.mkdtemp(prefix="sp-")
        self.addCleanup(shutil.rmtree, folder)
        local = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        local.bind(folder + "/log")
        local.settimeout(60)
        self.addCleanup(local.close)
        gate = self.gate_with(f'syslog = "{folder}/log"').start()
        self.assertRegex(local.recv(4096).decode(), self.MESSAGE)
        gate.stop()

    MESSAGE = r"\A<110>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z \S+ sallyport \d+ head - splog-head 1 [0-9a-f]{16} \d+ \d+ \d+ \d+ [0-9a-f]{64}"


if __name__ == "__main__":
    tap.main()
