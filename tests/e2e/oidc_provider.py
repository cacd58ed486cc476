"""A certified OpenID provider (npm's oidc-provider) in a process of its own, and people who use it without a browser."""

import base64
import hashlib
import html
import http.cookiejar
import json
import os
import re
import shutil
import ssl
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request

import npm
import process

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "oidc")
NODE_MAJOR = 20
RESOURCE = "https://gateway.test/"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
# agent-7 and robot-8 are machines, with a secret; `cli` is a public program of people's.
MACHINE = {"grant_types": ["client_credentials"], "redirect_uris": [], "response_types": [],
           "token_endpoint_auth_method": "client_secret_post", "client_secret": "word of the client"}
PROGRAM = {"application_type": "native", "token_endpoint_auth_method": "none", "response_types": ["code"],
           "grant_types": ["authorization_code", "refresh_token", DEVICE_CODE], "redirect_uris": ["http://127.0.0.1/callback"]}
CLIENTS = {
    "agent-7": MACHINE | {"claims": {"groups": ["agents"], "email": "agent-7@example.com", "email_verified": True}},
    "robot-8": MACHINE | {"claims": {"groups": ["agents"]}},
    "cli": PROGRAM,
}
ACCOUNTS = {
    "ann": {"claims": {"email": "ann@example.com", "email_verified": True, "groups": ["agents", "pii-readers"], "name": "Ann"}},
    "dora": {"claims": {"email": "dora@example.com", "email_verified": True, "groups": ["2f1c"], "name": "Dora"}},
}


class Refused(Exception):
    """An OAuth error: `code` is its name, `status` that of HTTP."""

    def __init__(self, status, body):
        super().__init__(f"{status}: {body}")
        self.status = status
        self.code = body.get("error") if isinstance(body, dict) else None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Provider:
    """`issuer` and `port` once it runs. `folder` and `ca` with make_certificate's "server" make it an https one."""

    def __init__(self, folder=None, ca=None):
        self.folder = tempfile.mkdtemp(prefix="sallyport-e2e-oidc-")
        self.tls = {"certificate": folder + "/server.crt", "key": folder + "/server.key"} if folder else {}
        self.context = ssl.create_default_context(cafile=ca) if ca else None
        self.port = 0
        self.process = None
        try:
            os.symlink(npm.installed(SOURCE), self.folder + "/node_modules")
            for name in os.listdir(SOURCE):
                if name.endswith((".mjs", ".json")):
                    shutil.copy(f"{SOURCE}/{name}", self.folder)
            self.start()
        except BaseException:
            self.remove()
            raise

    def start(self):
        """Starts it, with new keys; at the same port where it has run before."""
        with open(self.folder + "/said", "a") as said:
            self.process = process.start([npm.node(NODE_MAJOR), "--no-warnings", "provider.mjs", json.dumps(self.tls | {"port": self.port})],
                                         cwd=self.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True)
        line = self.process.stdout.readline()
        assert line, "the provider did not start:\n" + self.said()
        ready = json.loads(line)
        self.issuer, self.port = ready["issuer"], ready["port"]
        self.set(clients=CLIENTS, accounts=ACCOUNTS)
        return self

    def stop(self):
        """Ends it: its port refuses connections."""
        if self.process:
            process.stop(self.process, 9)
            self.process.stdin.close()
            self.process.stdout.close()
            self.process = None

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def said(self):
        with open(self.folder + "/said") as file:
            return file.read()

    # Control (provider.mjs says what each does).
    def control(self, name, **what):
        answer = self._open(urllib.request.Request(self.issuer + "/control/" + name, json.dumps(what).encode()))
        return json.loads(answer.read())

    def set(self, clients=None, accounts=None):
        return self.control("set", clients=clients or {}, accounts=accounts or {})

    def claims(self, client, **changes):
        """Changes what stands in the tokens of a machine's client; None removes."""
        kept = {key: value for key, value in (CLIENTS[client].get("claims", {}) | changes).items() if value is not None}
        self.set(clients={client: CLIENTS[client] | {"claims": kept}})

    def rotate(self, keep=False):
        return self.control("rotate", keep=keep)

    def fault(self, on, kind=None, **more):
        return self.control("fault", on=on, kind=kind, **more)

    def reset(self):
        """In order again: no faults, counts from zero, the clients and accounts of the beginning."""
        self.control("reset")
        return self.set(clients=CLIENTS, accounts=ACCOUNTS)

    def devices(self, life=600, interval=None):
        """Device codes from now on: how long they are good, how often to ask; in seconds."""
        return self.control("device", life=life, interval=interval)

    def counts(self):
        """Requests so far: discovery, jwks, token, device."""
        return self.control("state")["counts"]

    def open(self, place):
        """Requests that are under way there."""
        return self.control("state")["open"].get(place, 0)

    # What a client program does.
    def _open(self, request, opener=None):
        opener = opener or urllib.request.build_opener(urllib.request.HTTPSHandler(context=self.context))
        return opener.open(request, timeout=60)

    def post(self, path, fields):
        """Posts a form as a client; the JSON of the answer. Raises Refused."""
        data = urllib.parse.urlencode(fields, doseq=True).encode()
        try:
            return json.loads(self._open(urllib.request.Request(self.issuer + path, data)).read())
        except urllib.error.HTTPError as error:
            body = error.read()
            raise Refused(error.code, json.loads(body) if body.startswith(b"{") else body[:200]) from None

    def get(self, path):
        return json.loads(self._open(urllib.request.Request(self.issuer + path)).read())

    def jwks(self):
        return self.get("/jwks")["keys"]

    @staticmethod
    def resource(**wanted):
        """The resource of a token: alg, aud, ttl."""
        return RESOURCE + ("?" + urllib.parse.urlencode(wanted) if wanted else "")

    def token(self, client="agent-7", alg="RS256", aud="sallyport", ttl=600, **claims):
        """An access token by client credentials; `claims` stand in it from here on."""
        if claims:
            self.claims(client, **claims)
        return self.post("/token", {"grant_type": "client_credentials", "client_id": client,
                                    "client_secret": MACHINE["client_secret"],
                                    "resource": self.resource(alg=alg, aud=aud, ttl=ttl)})["access_token"]

    def device(self, account, scope="openid", **wanted):
        """The tokens of a device-code login that `account` says yes to."""
        begun = self.post("/device/auth", {"client_id": "cli", "scope": scope, "resource": self.resource(**wanted)})
        ask = {"grant_type": DEVICE_CODE, "client_id": "cli", "device_code": begun["device_code"]}
        try:
            self.post("/token", ask)
            raise AssertionError("a token before anybody said yes")
        except Refused as refused:
            assert refused.code == "authorization_pending", refused
        Person(self, account).enter(begun["verification_uri_complete"])
        return self.post("/token", ask)

    def code(self, account, scope="openid", **wanted):
        """The tokens of an authorization code login with PKCE."""
        verifier = base64.urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        back = "http://127.0.0.1:7777/callback"
        query = {"client_id": "cli", "response_type": "code", "scope": scope, "redirect_uri": back, "state": "s7",
                 "code_challenge": challenge, "code_challenge_method": "S256", "resource": self.resource(**wanted)}
        if "offline_access" in scope.split():
            query["prompt"] = "consent"  # OpenID Connect Core, section 11
        gone = Person(self, account).visit(self.issuer + "/auth?" + urllib.parse.urlencode(query))
        answer = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(gone).query))
        assert gone.startswith(back) and answer["state"] == "s7" and answer["iss"] == self.issuer, gone
        return self.post("/token", {"grant_type": "authorization_code", "client_id": "cli", "code": answer["code"],
                                    "redirect_uri": back, "code_verifier": verifier})

    def refresh(self, refresh_token):
        """Newer tokens, for the resource that was granted."""
        return self.post("/token", {"grant_type": "refresh_token", "client_id": "cli", "refresh_token": refresh_token})

    def revoke(self, token, client="cli"):
        data = urllib.parse.urlencode({"token": token, "client_id": client}).encode()
        self._open(urllib.request.Request(self.issuer + "/token/revocation", data)).read()


class Person:
    """Somebody with a browser of their own: cookies, links, forms. `refuses`: takes each way out that is offered."""

    def __init__(self, provider, account, refuses=False):
        self.provider, self.account, self.refuses = provider, account, refuses
        self.opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar(
                policy=http.cookiejar.DefaultCookiePolicy(rfc2965=False, strict_domain=False))),
            urllib.request.HTTPSHandler(context=provider.context), _NoRedirect)

    def step(self, url, fields=None):
        """One request: where it leads (None: nowhere), and its page."""
        data = urllib.parse.urlencode(fields).encode() if fields is not None else None
        try:
            answer = self.opener.open(urllib.request.Request(url, data), timeout=60)
            return None, answer.read().decode()
        except urllib.error.HTTPError as error:
            page = error.read().decode()
            if error.code in (301, 302, 303, 307, 308):
                return urllib.parse.urljoin(url, error.headers["location"]), page
            raise Refused(error.code, page[:1000]) from None

    def visit(self, url, fields=None):
        """Follows the provider's pages, filling in what they ask, until one leads elsewhere or asks nothing more:
        that address, or None."""
        for _ in range(30):
            onward, page = self.step(url, fields)
            fields = None
            if onward:
                if not onward.startswith(self.provider.issuer + "/"):
                    return onward
                url = onward
                continue
            if self.refuses and (abort := re.search(r'href="([^"]*/abort)"', page)):
                url = urllib.parse.urljoin(url, html.unescape(abort[1]))
                continue
            form = re.search(r"<form[^>]*>.*?</form>", page, re.S)
            if not form:
                return None
            action = re.search(r'<form[^>]*action="([^"]*)"', form[0])
            fields = {}
            for tag in re.findall(r"<input[^>]*>", form[0]):
                name, value = (re.search(rf'\b{key}="([^"]*)"', tag) for key in ("name", "value"))
                if name:
                    fields[html.unescape(name[1])] = html.unescape(value[1]) if value else ""
            if fields.get("prompt") == "login":
                fields |= {"login": self.account, "password": "any"}
            url = urllib.parse.urljoin(url, html.unescape(action[1])) if action else url
            if self.refuses and "xsrf" in fields:  # a device's code
                return self.step(url, fields | {"abort": "yes"})[0]
        raise AssertionError("the provider's pages lead in a circle at " + url)

    def enter(self, url):
        """Says yes to a device at its `verification_uri_complete`."""
        return self.visit(url)
