"""What tests of HTTP share: an nginx of their own with JSON files, a gateway in front of it, and curl."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest

import cluster
import gateway as gateways
import process
import tokens
from oidc_case import issuer

MAIL, CARD = "ann.planted@example.com", "4111 1111 1111 1111"
PLUGIN = os.path.join(os.path.dirname(os.environ.get("SALLYPORT_PLUGINS", "/")), "http", "http.so")
SECRET = "the target's own word Qz7"  # what nginx wants in X-Api-Key

POLICY = """
[[mask]]
name = "pii"
targets = ["api"]
detect = ["@pii"]
fields = ["body.customer.note", "header.x-owner"]
action = "redact"

[[rule]]
name = "no-admin"
targets = ["api", "open"]
match = { object = ["/admin*"] }
action = "deny"
reason = "the admin pages are the operators' own"

[[rule]]
name = "big-orders"
targets = ["api"]
match = { verb = ["POST"], "field.json" = ["order.size=large"] }
action = "approve"
approvers = ["dba"]
hold = "%(hold)s"

[[rule]]
name = "destructive"
targets = ["api"]
use = "http/destructive"
action = "approve"
approvers = ["dba"]
hold = "%(hold)s"
"""


class Nginx:
    """Debian's nginx in a folder of its own: files under /files, an echo of what it was asked under /echo."""

    def __init__(self, extra=""):
        program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if not program:
            raise unittest.SkipTest("nginx is not installed")
        self.folder = tempfile.mkdtemp(prefix="sallyport-e2e-nginx-")
        self.port = process.free_port()
        os.chmod(self.folder, 0o755)
        os.makedirs(self.folder + "/files/up", exist_ok=True)
        os.chmod(self.folder + "/files/up", 0o777)
        with open(self.folder + "/nginx.conf", "w") as file:
            file.write(f"""
daemon off; pid {self.folder}/pid; error_log {self.folder}/error.log; worker_processes 1;
events {{ worker_connections 512; }}
http {{
  access_log {self.folder}/access.log; client_body_temp_path {self.folder}/t1; proxy_temp_path {self.folder}/t2;
  fastcgi_temp_path {self.folder}/t3; uwsgi_temp_path {self.folder}/t4; scgi_temp_path {self.folder}/t5;
  types {{ application/json json; text/plain txt; text/html html; image/png png; application/x-ndjson ndjson; }}
  log_format whole '$request_method $request_uri key="$http_x_api_key" auth="$http_authorization" host="$http_host" fwd="$http_x_forwarded_for" enc="$http_accept_encoding"';
  server {{
    listen 127.0.0.1:{self.port}; access_log {self.folder}/whole.log whole; client_max_body_size 64m;
    location /files/ {{ root {self.folder}; }}
    location /coded/ {{ alias {self.folder}/files/; add_header Content-Encoding $arg_c; }}
    location /admin {{ return 200 "secret\\n"; }}
    location /up/ {{ alias {self.folder}/files/up/; dav_methods PUT DELETE; create_full_put_path on; }}
    location /post {{ return 200 '{{"done": true}}\\n'; default_type application/json; }}
    location /away {{ return 302 http://$http_host/files/note.json; }}
    location /head {{ add_header X-Owner "nobody at all"; add_header X-Mail "{MAIL}"; return 200 "x\\n"; default_type text/plain; }}
    {extra}
  }}
}}
""")
        self._out = open(self.folder + "/out", "w")
        self.process = process.start([program, "-p", self.folder, "-e", self.folder + "/error.log", "-c", self.folder + "/nginx.conf"], stdout=self._out, stderr=self._out)
        process.until(lambda: process.answers(self.port), "nginx's start")

    def put(self, name, text):
        path = f"{self.folder}/files/{name}"
        with open(path, "wb" if isinstance(text, bytes) else "w") as file:
            file.write(text)

    def asked(self):
        """What reached it, a line each."""
        with open(self.folder + "/whole.log") as file:
            return file.read().splitlines()

    def remove(self):
        process.stop(self.process, 15)
        self._out.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Gateway(gateways.Gateway):
    """With the HTTP plugin: `api` is judged and masked, `open` only judged; both are the same server."""

    def __init__(self, port, tls=True, policy=POLICY, hold="60s", listener="", options="", server=""):
        self.target, self.tls, self.listener, self.options, self.keys = port, tls, listener, options, server
        self.issuer = tokens.Issuer("https://idp.example.com", [tokens.Key.ec("k1")])
        self.plugins = tempfile.mkdtemp(prefix="sallyport-e2e-plugins-")
        shutil.copy(PLUGIN, self.plugins + "/http.so")
        os.chmod(self.plugins + "/http.so", 0o755)
        os.chmod(self.plugins, 0o755)
        super().__init__(None, policy=policy, hold=hold)

    def remove(self):
        super().remove()
        shutil.rmtree(self.plugins, ignore_errors=True)

    def write(self, extra=""):
        with open(self.folder + "/keys.json", "w") as file:
            json.dump(self.issuer.jwks(), file)
        users = "".join(f'[[user]]\nname = "{name}"\ngroups = {json.dumps(gateways.GROUPS[name])}\nsecret = "{gateways._verifiers[name]}"\n'
                        for name in gateways.SECRETS)
        tls = 'tls = { certificate = "file:tls/server.crt", key = "file:tls/server.key" }\n' if self.tls else ""
        targets = "".join(f"""
[[target]]
name = "{name}"
protocol = "http"
address = "127.0.0.1:{self.target}"
tls = "off"
allow = ["agents"]
default = "allow"
logins = {{ app = {{ credential = {{ user = "app", password = "file:secrets/app" }} }} }}
options = {{ credential = "header", credential_name = "X-Api-Key"{self.options} }}
""" for name in ("api", "open"))
        with open(self.config, "w") as file:
            file.write(f'[server]\nstate_dir = "state"\nplugin_dir = "{self.plugins}"\nplugins = ["http"]\nfailed_logins = 0\n{self.keys}'
                       f'[log]\nring_dir = "{self.rings}/rings"\nring_size = "16 MiB"\n'
                       f'[[listener]]\nprotocol = "http"\naddress = "127.0.0.1:{self.port}"\n{self.listener}{tls}' + users + targets
                       + issuer("corp", self.issuer.issuer, keys=f"file:{self.folder}/keys.json", identity=["sub"], email=None)
                       + self.policy + extra)

    def token(self, name="robot-9", groups=("agents",)):
        return self.issuer.token({"sub": name, "groups": list(groups)})


class Case(unittest.TestCase):
    TLS, HOLD, LISTENER, OPTIONS, NGINX, SERVER = True, "60s", "", "", "", ""

    @classmethod
    def setUpClass(cls):
        cls.nginx = Nginx(cls.NGINX)
        cls.addClassCleanup(cls.nginx.remove)
        cls.gate = Gateway(cls.nginx.port, cls.TLS, hold=cls.HOLD, listener=cls.LISTENER, options=cls.OPTIONS, server=cls.SERVER)
        cls.addClassCleanup(cls.gate.remove)
        cls.gate.secret("app", cluster.PASSWORD)
        cls.gate.start()
        cls.url = f"{'https://localhost' if cls.TLS else 'http://127.0.0.1'}:{cls.gate.port}"

    def tearDown(self):
        self.assertIsNone(self.gate.process.poll(), "the gateway has ended:\n" + self.gate.said())

    def curl(self, path, *more, target="api", token=None, text=True):
        """(status, head, body) of one request by curl, with a token."""
        with tempfile.TemporaryDirectory(prefix="sallyport-e2e-curl-") as place:
            args = ["curl", "-sS", "--max-time", "60", "--http1.1", "-D", place + "/head", "-o", place + "/body", "-w", "%{http_code}"]
            if self.TLS:
                args += ["--cacert", self.gate.folder + "/tls/ca.crt"]
            if token != "":
                args += ["-H", "Authorization: Bearer " + (token or self.gate.token())]
            prefix = f"/t/{target}" if target else ""
            done = subprocess.run(args + [*more, self.url + prefix + path], capture_output=True, text=True, timeout=120)
            self.assertEqual(0, done.returncode, done.stderr)
            with open(place + "/head", encoding="utf-8") as head:
                said = head.read()
            body = b""
            if os.path.exists(place + "/body"):
                with open(place + "/body", "rb") as file:
                    body = file.read()
            return int(done.stdout), said, body.decode() if text else body
