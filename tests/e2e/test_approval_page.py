"""The page that links in messages lead to: looks decide nothing, it shows what will run to who proves himself, and decides
as the API does; in a real browser."""

import base64
import json
import threading
import http.server

import oidc_case
import oidc_provider
import process
import tap
from browser import Browser
from gateway import SECRETS
from webhook_case import Case

PREVIEWS = ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "Mozilla/5.0", "facebookexternalhit/1.1", "curl/8")


class Looks(Case):
    def test_looks(self):
        """fetching the link, as previews of chats do, decides nothing and tells nothing"""
        one = self.pending(self.conn, f"DROP TABLE {self.make('looked_at')}")
        link = self.told(one)["json"]["link"]
        path = link.removeprefix(f"http://127.0.0.1:{self.port}")
        other = self.ask("GET", "/approve/22222")[1]
        for agent in PREVIEWS:
            for method in ("GET", "HEAD"):
                for query in ("", "?decision=approve", "?approve=1&reason=x"):
                    status, text, headers = self.ask(method, path + query, User_Agent=agent, Sec_Fetch_Site="none" if method == "HEAD" else "cross-site", Sec_Fetch_Mode="navigate")
                    self.assertEqual(200, status)
                    self.assertEqual("text/html; charset=utf-8", headers["Content-Type"])
        self.assertEqual(other, self.ask("GET", path)[1], "the page is the same for every approval, there or not")
        self.assertNotIn("looked_at", other)
        for method in ("POST", "PUT", "DELETE"):
            self.assertIn(self.ask(method, path, "{}", Content_Type="application/json")[0], (404, 405))
        for bad in ("/approve/", "/approve/x", "/approve/22222/", "/approve/%3Cscript%3E", "/approve/" + "2" * 17, "/page/", "/page/x.js"):
            self.assertEqual(404, self.ask("GET", bad)[0], bad)
        self.assertEqual("pending", self.state(one))

    def test_headers(self):
        """one script of its own, no inline code, no other origin, no frame, nothing kept or sent on"""
        for path in ("/approve/22222", "/page/approve.js", "/page/approve.css"):
            status, text, headers = self.ask("GET", path)
            policy = headers["Content-Security-Policy"]
            self.assertEqual((200, ["no-store"], "no-referrer", "DENY", "nosniff"),
                             (status, headers.get_all("Cache-Control"), headers["Referrer-Policy"], headers["X-Frame-Options"], headers["X-Content-Type-Options"]))
            self.assertEqual(1, len(headers.get_all("Content-Security-Policy")))
            for part in ("default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"):
                self.assertIn(part, policy)
            self.assertNotIn("unsafe", policy)
            self.assertNotIn("innerHTML", text)
        page = self.ask("GET", "/approve/22222")[1]
        self.assertNotIn("http", page.replace("<!doctype html>", ""))
        self.assertRegex(page, r'<script src="/page/approve\.js" defer></script>')


class Page(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def open(self, statement):
        one = self.pending(self.conn, statement)
        self.browser.errors.clear()
        self.browser.phone()
        self.browser.go(self.told(one)["json"]["link"])
        return one

    def prove(self, name, secret=None):
        self.browser.type("#name", name)
        self.browser.type("#proof", SECRETS[name] if secret is None else secret)
        self.browser.click("#login button")

    def said(self):
        return self.browser.until("document.getElementById('message').innerText")

    def test_approve(self):
        """on a phone: a proof, the statement, a reason, yes; it runs once; the secret is kept nowhere"""
        table = self.make("page_yes")
        one = self.open(f"DROP TABLE {table}")
        self.assertFalse(self.browser.is_shown("#approval"))
        self.assertNotIn(table, self.browser.run("document.documentElement.outerHTML"))
        self.prove("dana")
        self.browser.until("document.getElementById('approval').checkVisibility()")
        self.assertEqual(f"DROP TABLE {table}", self.browser.text("#text"))
        for word in ("agent", "shop", "destructive", "1 of dba"):
            self.assertIn(word, self.browser.text("#facts"))
        self.assertLessEqual(self.browser.run("document.documentElement.scrollWidth"), 360)
        self.browser.type("#reason", "seen on the way home")
        self.browser.click("#approve")
        self.assertEqual("Approved.", self.said())
        self.assertEqual(("approved", "dana", "seen on the way home"), tuple(self.approval(one)[key] for key in ("state", "decided_by", "reason")))
        self.conn.execute(f"DROP TABLE {table}")
        self.assertEqual("", self.browser.run("document.getElementById('proof').value"))
        self.assertEqual([0, 0, ""], self.browser.run("[localStorage.length, sessionStorage.length, document.cookie]"))
        origin = f"http://127.0.0.1:{self.port}/"
        self.assertEqual([], [url for url in self.browser.requested if not url.startswith((origin, "about:"))])
        self.assertEqual([], [e for e in self.browser.errors if "favicon" not in e and "404" not in e])

    def test_deny(self):
        """no is as near as yes"""
        one = self.open(f"DROP TABLE {self.make('page_no')}")
        self.prove("dana")
        self.browser.until("document.getElementById('approval').checkVisibility()")
        self.browser.click("#deny")
        self.assertEqual("Denied.", self.said())
        self.assertEqual("denied", self.state(one))
        self.assertFalse(self.browser.is_shown("#decision"))

    def test_refused(self):
        """a wrong secret shows nothing; who may not decide sees nothing; who asked may look and not say yes"""
        table = self.make("page_refused")
        one = self.open(f"DROP TABLE {table}")
        self.prove("dana", "wrong")
        self.assertIn("refused", self.said())
        self.assertFalse(self.browser.is_shown("#approval"))
        self.browser.go(f"http://127.0.0.1:{self.port}/approve/{one}?again")
        self.prove("eve")
        self.assertIn("not yours to decide", self.said())
        self.assertNotIn(table, self.browser.run("document.documentElement.outerHTML"))
        self.browser.go(f"http://127.0.0.1:{self.port}/approve/{one}")
        self.prove("agent")
        self.browser.until("document.getElementById('approval').checkVisibility()")
        self.browser.click("#approve")
        self.assertIn("asked for it", self.said())
        self.assertEqual("pending", self.state(one))

    def test_hostile_text(self):
        """what callers write is text: no markup, nothing unseen"""
        table = self.make("page_text")
        one = self.open(f"DROP TABLE {table} -- <img src=x onerror=alert(1)><script>alert(2)</script> \u202etxet \u200b \x1b[2J")
        self.prove("dana")
        self.browser.until("document.getElementById('approval').checkVisibility()")
        text = self.browser.text("#text")
        self.assertIn("<img src=x onerror=alert(1)><script>alert(2)</script> \\u{202E}txet \\u{200B} \u241b[2J", text)
        self.assertEqual(0, self.browser.run("document.querySelectorAll('#approval img, #approval script').length"))
        self.assertEqual("pending", self.state(one))

    def test_forgotten(self):
        """leaving the page forgets who it was"""
        one = self.open(f"DROP TABLE {self.make('page_left')}")
        self.prove("dana")
        self.browser.until("document.getElementById('approval').checkVisibility()")
        link = f"http://127.0.0.1:{self.port}/approve/{one}"
        self.browser.go(f"http://127.0.0.1:{self.port}/healthz")
        self.browser.run("history.back()")
        self.browser.until(f"location.href === {json.dumps(link)} && document.readyState === 'complete'")
        self.assertTrue(self.browser.is_shown("#login"))
        self.assertFalse(self.browser.is_shown("#approval"))

    def test_other_sites(self):
        """a page of another site can neither frame it, nor post to the API in the approver's browser"""
        one = self.open(f"DROP TABLE {self.make('page_framed')}")
        origin = f"http://127.0.0.1:{self.port}"
        evil = (f"<iframe src='{origin}/approve/{one}'></iframe><form id='f' method='post' action='{origin}/v1/approvals/{one}/approve' target='t'>"
                f"<input name='reason' value='x'></form><iframe name='t'></iframe><script>document.getElementById('f').submit();"
                f"window.done = fetch('{origin}/v1/approvals/{one}/approve', {{method: 'POST', headers: {{'Content-Type': 'application/json', Authorization: 'Bearer x'}},"
                f"body: '{{}}'}}).then(() => 'read', () => 'refused')</script>")

        class Evil(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(evil.encode())

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Evil)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.browser.go(f"http://localhost:{server.server_address[1]}/")
        self.assertEqual("refused", self.browser.run("window.done"))
        process.until(lambda: any("frame" in e.lower() for e in self.browser.errors) or self.browser.run("1") is None, "the frame's refusal", timeout=30)
        self.assertEqual("pending", self.state(one))


class Provider(Case):
    """The approver's identity provider, from the page itself."""

    @classmethod
    def setUpClass(cls):
        cls.people = oidc_provider.Provider()
        cls.addClassCleanup(cls.people.remove)
        cls.people.set(accounts={"paula": {"claims": {"email": "paula@example.com", "email_verified": True, "groups": ["dba"]}}})
        super().setUpClass()
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    @classmethod
    def webhooks(cls):
        return super().webhooks() + oidc_case.issuer("people", cls.people.issuer, client_id="cli", scopes=["openid"])

    def holders(self):
        """Who has a ticket."""
        proof = base64.b64encode(f"sam:{SECRETS['sam']}".encode()).decode()
        status, text, _ = self.ask("GET", "/v1/tickets", Authorization="Basic " + proof)
        self.assertEqual(200, status, text)
        return [one["identity"] for one in json.loads(text)["tickets"]]

    def begin(self, table):
        """The page of a new approval, after the button."""
        self.people.devices(interval=1)
        one = self.pending(self.conn, f"DROP TABLE {self.make(table)}")
        self.browser.phone()
        self.browser.go(self.told(one)["json"]["link"])
        self.browser.until("document.getElementById('providers').checkVisibility()")
        self.assertEqual("Log in with people", self.browser.text("#providers button"))
        self.browser.click("#providers button")
        self.browser.until("document.getElementById('device').checkVisibility()")
        return one, self.browser.run("document.getElementById('device-link').href")

    def shown(self):
        self.browser.until("document.getElementById('approval').checkVisibility()")

    def test_login(self):
        """a login at the provider shows the approval and says yes as that person; the ticket ends with the page"""
        one, link = self.begin("page_provider")
        self.assertRegex(self.browser.text("#device-code"), r"^\S{4}-\S{4}$")
        self.assertFalse(self.browser.is_shown("#approval"))
        oidc_provider.Person(self.people, "paula").enter(link)
        self.shown()
        self.assertEqual("DROP TABLE page_provider", self.browser.text("#text"))
        self.assertEqual(["people:paula@example.com"], self.holders())
        self.browser.click("#approve")
        self.assertEqual("Approved.", self.browser.until("document.getElementById('message').innerText"))
        self.assertEqual(("approved", "people:paula@example.com"), tuple(self.approval(one)[key] for key in ("state", "decided_by")))
        self.assertEqual([0, 0, ""], self.browser.run("[localStorage.length, sessionStorage.length, document.cookie]"))
        self.browser.go(f"http://127.0.0.1:{self.port}/healthz")
        process.until(lambda: not self.holders(), "the ticket's end")

    def test_refused(self):
        """who says no at the provider sees nothing, and is told so"""
        one, link = self.begin("page_provider_no")
        oidc_provider.Person(self.people, "paula", refuses=True).enter(link)
        self.assertIn("login failed", self.browser.until("document.getElementById('message').innerText"))
        self.assertFalse(self.browser.is_shown("#approval"))
        self.assertFalse(self.browser.is_shown("#device"))
        self.assertEqual("pending", self.state(one))

    def test_another_proof(self):
        """who gives another proof meanwhile is that one; the login that comes too late changes nothing"""
        one, link = self.begin("page_provider_late")
        self.browser.type("#name", "eve")
        self.browser.type("#proof", SECRETS["eve"])
        self.browser.click("#login button")
        self.assertIn("not yours to decide", self.browser.until("document.getElementById('message').innerText"))
        oidc_provider.Person(self.people, "paula").enter(link)
        self.browser.run("new Promise((done) => setTimeout(done, 3000))")
        self.assertFalse(self.browser.is_shown("#approval"))
        self.assertEqual("pending", self.state(one))


del Case  # its cases are the others'

if __name__ == "__main__":
    tap.main()
