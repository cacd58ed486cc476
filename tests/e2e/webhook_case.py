"""What tests of webhooks share: a receiver that can fail in every way, a gateway that tells it, and answers as a chat and as
a program sign them."""

import contextlib
import hashlib
import hmac
import http.client
import http.server
import json
import os
import re
import shutil
import ssl
import tempfile
import threading
import time
import urllib.parse

import approval_case
import pki
import process

SECRET = "a webhook's secret of good length"
SLACK_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
CHAT = "/services/T1/planted-url-word"  # the path of the chat's URL, which is a secret
ADMIN = """
[admin]
address = "127.0.0.1:0"
roles = { admin = ["security"], viewer = ["lead"] }
"""


class Receiver:
    """A web server on loopback. `got`: all that came, oldest first: {"path", "headers", "body" (bytes)}. `faults`: path -> a
    list of what happens to the next ones: a status, "hang", or "cut"; then 200."""

    def __init__(self, certificate=None):
        self.got, self.faults, self.headers = [], {}, {}
        self._lock = threading.Lock()
        self.released = threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle(self):
                with contextlib.suppress(OSError):  # a gateway that did not wait
                    super().handle()

            def do_GET(self):
                receiver.take(self)

            def do_POST(self):
                receiver.take(self)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate + ".crt", certificate + ".key")
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, request):
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        with self._lock:
            self.got.append({"path": request.path, "headers": dict(request.headers), "body": body, "time": time.time()})
            faults = self.faults.get(request.path, [])
            fault = faults.pop(0) if faults else 200
        if fault == "hang":
            self.released.wait(60)
            request.close_connection = True
            return
        if fault == "cut":
            request.close_connection = True
            return
        request.send_response(fault)
        for name, value in self.headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", "2")
        request.end_headers()
        request.wfile.write(b"ok")

    def at(self, path):
        with self._lock:
            return [one for one in self.got if one["path"] == path]

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


def is_signed(secret, signature, body):
    """As webhook.md tells a stranger to verify a message."""
    time_part, _, proof = signature.partition(",v1=")
    seconds = time_part.removeprefix("t=")
    made = hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(made, proof) and abs(time.time() - int(seconds)) < 300


def slack_value(one, action):
    """The value of a message's button; None where it has none."""
    actions = next(block for block in one["blocks"] if block["type"] == "actions")
    return next((element["value"] for element in actions["elements"] if element["action_id"] == action), None)


class Case(approval_case.Case):
    EXTRA = ""  # more of the config; %(port)s is the receiver's
    POLICY, HOLD = approval_case.RULES, "1s"

    @classmethod
    def setUpClass(cls):
        cls.secrets = tempfile.mkdtemp(prefix="sallyport-e2e-")
        cls.addClassCleanup(shutil.rmtree, cls.secrets, True)
        cls.receiver = Receiver()
        cls.addClassCleanup(cls.receiver.close)
        for name, text in (("hook", SECRET), ("slack", SLACK_SECRET), ("chat-url", f"http://127.0.0.1:{cls.receiver.port}{CHAT}\n")):
            cls.keep(name, text)
        cls.settings = {"hold": cls.HOLD, "policy": cls.POLICY, "server": ADMIN, "targets": cls.webhooks()}
        super().setUpClass()

    @classmethod
    def keep(cls, name, text):
        path = f"{cls.secrets}/{name}"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)

    @classmethod
    def webhooks(cls):
        base = f"http://127.0.0.1:{cls.receiver.port}"
        return f"""
[[webhook]]
name = "program"
url = "{base}/hook"
secret = "file:{cls.secrets}/hook"
events = ["opened", "voted", "escalated", "decided", "expired", "alarm"]
backoff = "100ms"
retries = 3
timeout = "2s"
senders = {{ bot-dana = "dana", bot-dick = "dick", bot-sam = "sam", bot-agent = "agent", bot-other = "agent-2", bot-dana2 = "dana-2", bot-eve = "eve" }}

[[webhook]]
name = "chat"
kind = "slack"
url = "file:{cls.secrets}/chat-url"
secret = "file:{cls.secrets}/slack"
senders = {{ U1 = "dana", "T1/U2" = "dick", U3 = "agent", U4 = "eve" }}
""" + cls.EXTRA.replace("%(base)s", base).replace("%(secrets)s", cls.secrets)

    def setUp(self):
        self.port = int(re.findall(r"admin API at http://127\.0\.0\.1:(\d+)", self.gate.said())[-1])
        self.receiver.faults.clear()
        self.receiver.headers.clear()
        self.conn = self.connect()

    def ask(self, method, path, body=None, **headers):
        """(status, body as text, headers) of one request."""
        conn = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            conn.request(method, path, body, {key.replace("_", "-"): value for key, value in headers.items()})
            answer = conn.getresponse()
            return answer.status, answer.read().decode(), answer.headers
        finally:
            conn.close()

    def told(self, approval, event="approval.opened", path="/hook"):
        """What the generic form said of the approval."""
        return self.delivery(lambda one: one["path"] == path and one["json"].get("event") == event and
                             one["json"].get("approval", {}).get("id") == approval, event)

    def chat(self, approval, what=""):
        """Slack's message of the approval."""
        return self.delivery(lambda one: one["path"] == CHAT and f"Approval {approval}: " in one["json"].get("text", "") and
                             what in one["json"]["text"], "a chat's message")

    def delivery(self, fits, what):
        def found():
            for one in list(self.receiver.got):
                if "json" not in one:
                    one["json"] = json.loads(one["body"] or b"{}")
                if fits(one):
                    return one
            return None

        return process.until(found, what, timeout=60)

    # Answers, as they are signed.
    def answer(self, approval, sender, decision="approve", hook="program", secret=SECRET, seconds=None, path=None, **more):
        body = json.dumps({"approval": approval, "decision": decision, "sender": sender} | more)
        return self.send_answer(hook, body, secret, seconds, path)

    def send_answer(self, hook, body, secret=SECRET, seconds=None, path=None):
        seconds = str(int(time.time()) if seconds is None else seconds)
        path = path or f"/hooks/{hook}"
        proof = hmac.new(secret.encode(), f"{path}.{seconds}.{body}".encode(), hashlib.sha256).hexdigest()
        return self.ask("POST", f"/hooks/{hook}", body, Content_Type="application/json", Sallyport_Signature=f"t={seconds},v1={proof}")

    @staticmethod
    def press(value, user="U1", action="approve", team="T1", **more):
        payload = {"type": "block_actions", "user": {"id": user, "team_id": team}, "team": {"id": team},
                   "actions": [{"type": "button", "action_id": action, "value": value}]} | more
        return urllib.parse.urlencode({"payload": json.dumps(payload)})

    def slack(self, body, secret=SLACK_SECRET, seconds=None, hook="chat", **headers):
        seconds = str(int(time.time()) if seconds is None else seconds)
        proof = hmac.new(secret.encode(), f"v0:{seconds}:{body}".encode(), hashlib.sha256).hexdigest()
        sent = {"Content_Type": "application/x-www-form-urlencoded", "X_Slack_Request_Timestamp": seconds,
                "X_Slack_Signature": "v0=" + proof} | headers
        return self.ask("POST", f"/hooks/{hook}", body, **sent)

    def state(self, approval):
        return self.approval(approval)["state"]

    def acts(self, act, holding):
        """Records of administrative acts whose detail holds `holding`."""
        return [one for one in self.gate.records("Admin") if one.get("act") == act and holding in one.get("detail", "")]
