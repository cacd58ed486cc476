"""HTTP through the gateway, with curl before and nginx behind it: identity, routing, judging, holding, masking."""

import base64
import gzip
import json
import socket
import subprocess
import threading
import zlib

import process
import tap
from cluster import PASSWORD
from gateway import SECRETS
from http_case import CARD, MAIL, Case


class Plain(Case):
    """Requests that nothing stands in the way of."""

    def test_get(self):
        """a file comes as nginx sends it; the target's credential goes to it, the caller's token does not"""
        self.nginx.put("note.json", '{"a": [1, 2.5, "x"]}\n')
        before = len(self.nginx.asked())
        status, head, body = self.curl("/files/note.json", "-H", "X-Forwarded-For: 10.1.2.3", target="open")
        self.assertEqual((200, '{"a": [1, 2.5, "x"]}\n'), (status, body))
        self.assertIn("Content-Type: application/json", head)
        line = self.nginx.asked()[before]
        self.assertIn(f'GET /files/note.json key="{PASSWORD}" auth="-" host="127.0.0.1:{self.nginx.port}" fwd="-"', line)

    def test_kept_alive(self):
        """requests of one connection are judged one by one, over one connection to the target"""
        self.nginx.put("k.txt", "hello\n")
        url = f"{self.url}/t/open/files/k.txt"
        done = subprocess.run(["curl", "-sSv", "--http1.1", "--cacert", self.gate.folder + "/tls/ca.crt", "-H", "Authorization: Bearer " + self.gate.token(),
                               url, url, f"{self.url}/t/open/admin", url], capture_output=True, text=True, timeout=60)
        self.assertEqual(3, done.stdout.count("hello\n"), done.stderr)
        self.assertEqual(3, done.stderr.count("Re-using existing connection"), done.stderr)
        self.assertIn("HTTP/1.1 403", done.stderr)
        self.assertIn("no-admin", done.stdout)

    def test_large(self):
        """a large file passes whole, either way"""
        text = bytes(range(256)) * 8192 * 4
        self.nginx.put("large.bin", text)
        self.assertEqual(text, self.curl("/files/large.bin", target="open", text=False)[2])
        with open(self.nginx.folder + "/sent", "wb") as file:
            file.write(text)
        for more in ((), ("-H", "Transfer-Encoding: chunked"), ("-H", "Expect: 100-continue")):
            status, _, body = self.curl("/up/large", "-T", self.nginx.folder + "/sent", *more, target="open")
            self.assertIn(status, (201, 204), body)
            with open(self.nginx.folder + "/files/up/large", "rb") as file:
                self.assertEqual(text, file.read())

    def test_head_range_condition(self):
        """HEAD, ranges and conditions, where nothing is masked"""
        self.nginx.put("part.txt", "0123456789")
        status, head, body = self.curl("/files/part.txt", "-I", target="open")
        self.assertEqual((200, head.split()), (status, body.split()), "curl -I writes the head twice, and there is nothing else")
        self.assertIn("Content-Length: 10", head)
        status, _, body = self.curl("/files/part.txt", "-r", "2-4", target="open")
        self.assertEqual((206, "234"), (status, body))
        etag = next(line for line in head.splitlines() if line.startswith("ETag")).split(" ", 1)[1]
        self.assertEqual(304, self.curl("/files/part.txt", "-H", "If-None-Match: " + etag, target="open")[0])

    def test_location(self):
        """a redirection leads back through the gateway"""
        self.nginx.put("note.json", "{}")
        _, head, _ = self.curl("/away", target="open")
        self.assertIn("Location: /t/open/files/note.json", head)

    def test_wrk(self):
        """wrk finds no error"""
        self.nginx.put("w.json", json.dumps({"n": list(range(200))}))
        for target in ("open", "api"):
            done = subprocess.run(["wrk", "-t1", "-c8", "-d2", "-H", "Authorization: Bearer " + self.gate.token(), f"{self.url}/t/{target}/files/w.json"],
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual(0, done.returncode, done.stderr)
            self.assertNotIn("errors", done.stdout)
            self.assertNotIn("Non-2xx", done.stdout)


class Callers(Case):
    def test_proofs(self):
        """a token, a ticket's and a user's name by Basic; without one a challenge; a wrong one is refused the same way"""
        status, head, body = self.curl("/files/", token="", target="open")
        self.assertEqual(401, status)
        self.assertIn("WWW-Authenticate: Bearer", head)
        self.assertIn("login-refused", body)
        wrong = self.curl("/files/", token="eyJhbGciOiJub25lIn0.e30.", target="open")
        self.assertEqual(401, wrong[0])
        self.nginx.put("k.txt", "hello\n")
        good = base64.b64encode(f"agent:{SECRETS['agent']}".encode()).decode()
        self.assertEqual((200, "hello\n"), self.curl("/files/k.txt", "-H", "Authorization: Basic " + good, token="", target="open")[::2])
        named = base64.b64encode(f"agent,open:{SECRETS['agent']}".encode()).decode()
        self.assertEqual((200, "hello\n"), self.curl("/files/k.txt", "-H", "Authorization: Basic " + named, token="", target="")[::2])
        bad = base64.b64encode(b"agent:nothing").decode()
        self.assertEqual(401, self.curl("/files/k.txt", "-H", "Authorization: Basic " + bad, token="", target="open")[0])
        self.assertEqual(401, self.curl("/files/k.txt", target="nowhere")[0])

    def test_host(self):
        """the target by the first label of Host"""
        self.nginx.put("k.txt", "hello\n")
        self.assertEqual((200, "hello\n"), self.curl("/files/k.txt", "-H", "Host: open.gate.example", target="")[::2])

    def test_another_on_the_connection(self):
        """one connection is one caller's at one target"""
        self.nginx.put("k.txt", "hello\n")
        def asked(path, token):
            return f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
        mine, other = self.gate.token(), self.gate.token("robot-8")
        for second, status in ((asked("/t/open/files/k.txt", other), b"401"), (asked("/t/api/files/k.txt", mine), b"421"),
                               ("GET /t/open/files/k.txt HTTP/1.1\r\nHost: x\r\n\r\n", b"401")):
            with self.connected() as sock:
                sock.sendall(asked("/t/open/files/k.txt", mine).encode())
                self.until(sock, b"hello\n")
                sock.sendall(second.encode())
                self.assertIn(b"HTTP/1.1 " + status, self.rest(sock))

    def connected(self):
        import ssl  # pylint: disable=import-outside-toplevel
        context = ssl.create_default_context(cafile=self.gate.folder + "/tls/ca.crt")
        return context.wrap_socket(socket.create_connection(("127.0.0.1", self.gate.port), 30), server_hostname="localhost")

    @staticmethod
    def until(sock, part):
        got = b""
        while part not in got:
            more = sock.recv(65536)
            assert more, got
            got += more
        return got

    @staticmethod
    def rest(sock):
        got = b""
        while more := sock.recv(65536):
            got += more
        return got

    def test_plaintext(self):
        """a secret in plain text, where there is TLS, is refused and goes nowhere"""
        with socket.create_connection(("127.0.0.1", self.gate.port), 30) as sock:
            sock.sendall(b"GET /t/open/files/k.txt HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n\r\n")
            self.assertIn(b"HTTP/1.1 400", self.rest(sock))

    def test_pipelined(self):
        """requests that come at once are answered in their order"""
        for name in ("p1", "p2", "p3"):
            self.nginx.put(name + ".txt", name + " here\n")
        token = self.gate.token()
        with self.connected() as sock:
            sock.sendall("".join(f"GET /t/open/files/{name}.txt HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n" for name in ("p1", "p2", "p3")).encode())
            got = self.until(sock, b"p3 here\n")
        self.assertEqual(sorted(got.index(one) for one in (b"p1 here", b"p2 here", b"p3 here")),
                         [got.index(one) for one in (b"p1 here", b"p2 here", b"p3 here")])

    def test_trickled(self):
        """heads and bodies that come in pieces, and chunks of a byte each by the hundred thousand"""
        self.nginx.put("k.txt", "hello\n")
        token = self.gate.token()
        with self.connected() as sock:
            for part in (b"GET /t/open/files/k.txt HT", b"TP/1.1\r\nHost: x\r", b"\nAuthorization: Bearer " + token[:20].encode(), token[20:].encode() + b"\r\n", b"\r", b"\n"):
                sock.sendall(part)
                threading.Event().wait(0.1)
            self.until(sock, b"hello\n")
            sock.sendall(f"PUT /t/open/up/t HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nTransfer-Encoding: chunked\r\n\r\n1".encode())
            threading.Event().wait(0.2)
            sock.sendall(b"\r\nx\r\n" + b"1\r\nx\r\n" * 800000 + b"0\r")
            threading.Event().wait(0.2)
            sock.sendall(b"\n\r\n")
            self.until(sock, b"HTTP/1.1 201")
        with open(self.nginx.folder + "/files/up/t", "rb") as file:
            self.assertEqual(b"x" * 800001, file.read())

    def test_refused(self):
        """what two readers might take differently reaches nobody"""
        token = self.gate.token()
        head = f"Host: x\r\nAuthorization: Bearer {token}\r\n"
        basic = base64.b64encode(f"agent:{SECRETS['agent']}".encode()).decode()
        before = len(self.nginx.asked())
        for bad in (f"POST /t/open/post HTTP/1.1\r\n{head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                    f"POST /t/open/post HTTP/1.1\r\n{head}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
                    f"GET /t/open/a/%2e%2e/%2e%2e/%2e%2e/x HTTP/1.1\r\n{head}\r\n", f"GET /t/open//x HTTP/1.1\r\n{head}\r\n",
                    f"GET /t/open/x HTTP/1.1\n{head}\n", f"GET /t/open/x HTTP/1.1\r\n{head}X : y\r\n\r\n", f"GET /t/open/x HTTP/1.1\r\n{head}Host: y\r\n\r\n",
                    f"GET /t/open/x HTTP/1.1\r\n{head}Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
                    f"POST /t/open/post HTTP/1.1\r\n{head}Content-Type: application/json\r\nContent-Length: 15\r\n\r\n{{\"a\":1,\"a\":\"2\"}}",
                    f"delete /t/open/x HTTP/1.1\r\n{head}\r\n", f"POST /t/open/post HTTP/1.1\r\n{head}Content-Encoding: gzip\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}",
                    f"GET /t/open/x HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: cross-site\r\nAuthorization: Basic {basic}\r\n\r\n",
                    f"CONNECT example.com:443 HTTP/1.1\r\n{head}\r\n"):
            with self.connected() as sock:
                sock.sendall(bad.encode())
                sock.settimeout(20)
                self.assertRegex(self.rest(sock) if "json" not in bad else self.until(sock, b"}\n"), rb"HTTP/1.1 (4|5)\d\d", bad)
        self.assertEqual(before, len(self.nginx.asked()))


class Judged(Case):
    def test_denied(self):
        """a denied path does not reach the target; the error names the rule"""
        before = len(self.nginx.asked())
        status, head, body = self.curl("/admin/x?y=1", target="open")
        self.assertEqual(403, status)
        self.assertIn("application/problem+json", head)
        self.assertEqual(("denied", "no-admin"), (json.loads(body)["code"], json.loads(body)["rule"]))
        self.assertEqual(before, len(self.nginx.asked()))
        for path in ("/%61dmin/", "/x/../admin", "/x/./../admin/"):
            self.assertEqual(403, self.curl(path, "--path-as-is", target="open")[0], path)

    def test_held(self):
        """DELETE waits for a person; approved it runs once"""
        self.nginx.put("up/gone", "x")
        got = []
        thread = threading.Thread(target=lambda: got.append(self.curl("/up/gone", "-X", "DELETE")))
        thread.start()
        one = self.gate.wait_approval("DELETE /up/gone")
        self.assertIn("/up/gone", " ".join(one["objects"]))
        self.assertEqual("x", open(self.nginx.folder + "/files/up/gone").read())
        self.gate.run("approve", one["id"], as_user="dana")
        thread.join(60)
        self.assertEqual(204, got[0][0], got)

    def test_held_and_denied(self):
        """a JSON value decides; who says no is named"""
        got = []
        order = json.dumps({"order": {"size": "large", "to": MAIL}})
        thread = threading.Thread(target=lambda: got.append(self.curl("/post", "-H", "Content-Type: application/json", "-d", order)))
        thread.start()
        one = self.gate.wait_approval("POST /post")
        self.assertNotIn(MAIL, json.dumps(one), "personal data before an approver's eyes")
        self.gate.run("deny", one["id"], as_user="dana")
        thread.join(60)
        self.assertEqual(403, got[0][0])
        self.assertIn("big-orders", got[0][2])
        self.assertEqual(200, self.curl("/post", "-H", "Content-Type: application/json", "-d", '{"order": {"size": "small"}}')[0])

    def test_explain(self):
        """explain knows the facts"""
        done = self.gate.run("explain", "--group", "agents", "--target", "api", "DELETE /up/x")
        self.assertIn("destructive", json.dumps(done))
        done = self.gate.run("explain", "--group", "agents", "--target", "api", 'POST /post\ncontent-type: application/json\n\n{"order":{"size":"large"}}')
        self.assertIn("big-orders", json.dumps(done))

    def test_record(self):
        """the record tells the request and its reply, masked, and replays"""
        self.nginx.put("rec.json", json.dumps({"mail": MAIL}))
        self.curl("/files/rec.json?a=1")
        def told():
            texts = [json.dumps(self.gate.run("show", s["sid"])) for s in self.gate.run("sessions") if s["target"] == "api" and s["closed"]]
            return next((text for text in texts if "GET /files/rec.json?a=1" in text), None)
        text = process.until(told, "the session on the record")
        self.assertNotIn(MAIL, text)
        self.assertTrue(self.gate.verify()["whole"])


class Hold(Case):
    HOLD = "3s"
    SERVER = 'login_timeout = "2s"\n'

    def test_pending(self):
        """after the hold, longer than a login may take, the caller is told what to do, and the same request again finds the approval"""
        self.nginx.put("up/later", "x")
        status, _, body = self.curl("/up/later", "-X", "DELETE")
        told = json.loads(body)
        self.assertEqual((403, "pending"), (status, told["state"]), body)
        self.assertIn("again", told["do"])
        self.gate.run("approve", told["approval"], as_user="dana")
        self.assertEqual(204, self.curl("/up/later", "-X", "DELETE")[0])
        self.assertEqual(403, self.curl("/up/later", "-X", "DELETE")[0], "an approval is good once")


class Masked(Case):
    def test_json(self):
        """values in JSON are masked by content, by name, decoded; what is clean comes byte by byte"""
        clean = '{ "a" : [1,2 , {"b":null}],\n"c":"\\u00e4\\n" , "d":-0.5e3}\n'
        self.nginx.put("clean.json", clean)
        self.assertEqual((200, clean), self.curl("/files/clean.json")[::2])
        self.nginx.put("dirty.json", '{"mail":"%s","list":["x","call %s now"],"esc":"ann.planted\\u0040example.com","customer":{"note":"plain words","id":7}}' % (MAIL, CARD))
        status, _, body = self.curl("/files/dirty.json")
        got = json.loads(body)
        self.assertEqual(200, status)
        for planted in (MAIL, CARD, "plain words", "ann.planted"):
            self.assertNotIn(planted, body)
        self.assertEqual(("x", 7), (got["list"][0], got["customer"]["id"]))

    def test_large_json(self):
        """JSON of many segments: each planted value masked, all else as it was"""
        rows = [{"id": i, "name": f"row {i}", "deep": {"list": [i, {"mail": MAIL if i % 97 == 0 else "none"}]}, "text": "lorem ipsum " * (i % 7)} for i in range(20000)]
        self.nginx.put("rows.json", json.dumps({"rows": rows}))
        status, _, body = self.curl("/files/rows.json")
        self.assertEqual(200, status)
        self.assertNotIn(MAIL, body)
        got = json.loads(body)["rows"]
        for row in rows:
            if row["id"] % 97 == 0:
                row["deep"]["list"][1]["mail"] = got[row["id"]]["deep"]["list"][1]["mail"]
        self.assertEqual(rows, got)

    def test_others(self):
        """text, NDJSON and fields of the head; what cannot be looked into is blocked"""
        self.nginx.put("t.txt", f"write to {MAIL}\n")
        self.nginx.put("n.ndjson", '{"a":"%s"}\n{"b":1}\n\n[2]\n' % MAIL)
        self.assertNotIn(MAIL, self.curl("/files/t.txt")[2])
        body = self.curl("/files/n.ndjson")[2]
        self.assertNotIn(MAIL, body)
        self.assertTrue(body.endswith('{"b":1}\n\n[2]\n'), body)
        _, head, _ = self.curl("/head")
        self.assertRegex(head, r"Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")
        self.assertNotIn(MAIL, head)
        self.assertNotIn("nobody at all", head)
        self.nginx.put("i.png", b"\x89PNG\r\n\0\0")
        self.nginx.put("broken.json", '{"a": tru')
        self.assertEqual((502, 502), (self.curl("/files/i.png")[0], self.curl("/files/broken.json")[0]))
        self.assertEqual(200, self.curl("/files/t.txt", "-r", "0-3")[0], "a range would cut what is looked for")
        self.assertIn('enc="identity"', self.nginx.asked()[-1])


    def test_coded(self):
        """a coding that comes unasked is undone and sent plain; one that is unknown, broken or a bomb is blocked"""
        text = '{"mail": "%s", "n": [1, 2]}' % MAIL
        for name, body in (("gzip", gzip.compress(text.encode())), ("deflate", zlib.compress(text.encode()))):
            self.nginx.put("coded.json", body)
            status, head, got = self.curl(f"/coded/coded.json?c={name}")
            self.assertEqual((200, [1, 2]), (status, json.loads(got)["n"]), name)
            self.assertNotIn(MAIL, got)
            self.assertNotIn("Content-Encoding", head)
        for name, body in (("gzip", b"nothing like it"), ("compress", b"x"), ("br", b"\xff\xff\xff"), ("gzip", gzip.compress(text.encode())[:-9])):
            self.nginx.put("coded.json", body)
            self.assertEqual(502, self.curl(f"/coded/coded.json?c={name}")[0], name)
        self.nginx.put("coded.txt", gzip.compress(bytes(64 << 20)))
        self.assertEqual(502, self.curl("/coded/coded.txt?c=gzip")[0])
        self.nginx.put("coded.json", gzip.compress(text.encode()))
        self.assertEqual(gzip.compress(text.encode())[10:], self.curl("/coded/coded.json?c=gzip", target="open", text=False)[2][10:], "unmasked it passes as it is")


class Listener(Case):
    """A listener with one target needs no name, and has no prefix."""

    LISTENER = 'target = "open"\n'

    def test_get(self):
        """paths are the target's own"""
        self.nginx.put("k.txt", "hello\n")
        self.assertEqual((200, "hello\n"), self.curl("/files/k.txt", target="")[::2])
        self.assertEqual(404, self.curl("/t/open/files/k.txt", target="")[0])


del Case  # its cases are the others'

if __name__ == "__main__":
    tap.main()
