"""MCP through the gateway: the official SDK's client and server over both transports; tools judged by name and arguments, held,
refused in words that an agent can act on, results masked."""

import json
import os
import subprocess
import threading
import unittest

import cluster
import npm
import process
import tap
from http_case import MAIL, Gateway

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mcp")
POLICY = """
[[mask]]
name = "pii"
targets = ["api"]
detect = ["@pii"]
action = "redact"

[[rule]]
name = "not-abroad"
targets = ["api"]
match = { "field.tool" = ["send"], "field.argument" = ["to=*abroad*"] }
action = "deny"
reason = "nothing is sent abroad"

[[rule]]
name = "grave-tools"
targets = ["api"]
use = "mcp/destructive"
action = "approve"
approvers = ["dba"]
hold = "%(hold)s"
"""


class Mcp(unittest.TestCase):
    HOLD = "60s"

    @classmethod
    def setUpClass(cls):
        cls.node = npm.node(18)
        modules = npm.installed(HERE)
        cls.place = os.path.dirname(modules)
        for name in ("server.mjs", "client.mjs"):
            with open(f"{HERE}/{name}", encoding="utf-8") as source, open(f"{cls.place}/{name}.{os.getpid()}.mjs", "w", encoding="utf-8") as out:
                out.write(source.read())
            cls.addClassCleanup(os.remove, f"{cls.place}/{name}.{os.getpid()}.mjs")
        cls.said = f"{cls.place}/server.{os.getpid()}.out"
        cls.addClassCleanup(lambda: os.path.exists(cls.said) and os.remove(cls.said))
        with open(cls.said, "w", encoding="utf-8") as out:
            cls.server = process.start([cls.node, f"{cls.place}/server.mjs.{os.getpid()}.mjs"], stdout=out, stderr=out)
        cls.addClassCleanup(process.stop, cls.server, 9)
        port = int(process.until(lambda: next((line.split()[1] for line in cls.calls("port")), None), "the server's port"))
        cls.gate = Gateway(port, policy=POLICY, hold=cls.HOLD, listener='target = "api"\n')
        cls.addClassCleanup(cls.gate.remove)
        cls.gate.secret("app", cluster.PASSWORD)
        cls.gate.start()

    @classmethod
    def calls(cls, what="call"):
        """What the server says it did."""
        with open(cls.said, encoding="utf-8") as file:
            return [line.strip() for line in file if line.startswith(what)]

    def tearDown(self):
        self.assertIsNone(self.gate.process.poll(), "the gateway has ended:\n" + self.gate.said())

    def client(self, *calls, kind="streamable"):
        url = f"https://localhost:{self.gate.port}/{'sse' if kind == 'sse' else 'mcp'}"
        done = subprocess.run([self.node, f"{self.place}/client.mjs.{os.getpid()}.mjs", kind, url, self.gate.token(), json.dumps(calls)],
                              env=os.environ | {"NODE_EXTRA_CA_CERTS": self.gate.folder + "/tls/ca.crt"}, capture_output=True, text=True, timeout=120)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_both_transports(self):
        """tools are listed and called; personal data in results is masked, in JSON inside text too; the caller's token ends here"""
        for kind in ("streamable", "sse"):
            tools, got = self.client("list", ["lookup", {"id": 7}], kind=kind)
            self.assertEqual(["lookup", "drop_table", "send"], [tool["name"] for tool in tools["tools"]])
            text = got["content"][0]["text"]
            self.assertIn("customer 7", text)
            self.assertNotIn(MAIL, text)
        self.assertEqual([], self.calls("a caller's"))

    def test_denied(self):
        """an argument decides; the refusal is an error of the call's own, and the connection lives on"""
        refused, sent = self.client(["send", {"to": "abroad-office", "text": "x"}], ["send", {"to": "home", "text": "x"}])
        self.assertIn("not-abroad", refused["error"])
        self.assertEqual((-32001, "not-abroad"), (refused["code"], refused["data"]["rule"]))
        self.assertEqual("sent", sent["content"][0]["text"])
        self.assertEqual(["call send home"], self.calls("call send"))

    def test_held(self):
        """a grave tool waits for a person, who sees which, and runs once approved"""
        got = []
        thread = threading.Thread(target=lambda: got.extend(self.client(["drop_table", {"table": "orders"}])))
        thread.start()
        one = self.gate.wait_approval("drop_table")
        self.assertIn("orders", one["text"])
        self.assertNotIn("call drop_table orders", self.calls())
        self.gate.run("approve", one["id"], as_user="dana")
        thread.join(60)
        self.assertEqual("orders is gone", got[0]["content"][0]["text"])
        self.assertEqual(1, self.calls().count("call drop_table orders"))


class Agent(Mcp):
    HOLD = "1s"

    def test_held(self):
        """after the hold the agent is told what to do; the same call again finds its approval, once"""
        told, = self.client(["drop_table", {"table": "later"}])
        self.assertEqual((-32001, "pending"), (told["code"], told["data"]["state"]), told)
        self.assertIn(told["data"]["approval"], told["error"])
        self.gate.run("approve", told["data"]["approval"], as_user="dana")
        other, = self.client(["drop_table", {"table": "another"}])
        self.assertIn("error", other, "a yes to one call was used for another")
        again, = self.client(["drop_table", {"table": "later"}])
        self.assertEqual("later is gone", again["content"][0]["text"])
        self.assertIn("error", self.client(["drop_table", {"table": "later"}])[0])


if __name__ == "__main__":
    tap.main()
