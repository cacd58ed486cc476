"""Webhooks: approvals are told to programs and chats, signed, again where it failed; and the answers that come back."""

import json
import re
import time

import pki
import process
import tap
from gateway import SECRETS
from webhook_case import CHAT, SECRET, SLACK_SECRET, Case, Receiver, is_signed, slack_value

CARD = "4111 1111 1111 1111"


class Out(Case):
    """What is told."""

    EXTRA = """
[[webhook]]
name = "quiet"
url = "%(base)s/quiet"
secret = "file:%(secrets)s/hook"
text = "none"
groups = ["security"]
senders = { bot-sam = "sam" }
"""

    def test_opened(self):
        """a paused statement is told at once, signed, with all that an approver needs and a link"""
        table = self.make("told_t")
        one = self.pending(self.conn, f"DROP TABLE {table}")
        got = self.told(one)
        self.assertTrue(is_signed(SECRET, got["headers"]["Sallyport-Signature"], got["body"]))
        self.assertFalse(is_signed(SECRET + "x", got["headers"]["Sallyport-Signature"], got["body"]))
        self.assertFalse(is_signed(SECRET, got["headers"]["Sallyport-Signature"], got["body"] + b" "))
        self.assertEqual(("approval.opened", got["json"]["delivery"]), (got["headers"]["Sallyport-Event"], got["headers"]["Sallyport-Delivery"]))
        self.assertEqual(f"http://127.0.0.1:{self.port}/approve/{one}", got["json"]["link"])
        told = got["json"]["approval"]
        self.assertEqual(("agent", "shop", "destructive", f"DROP TABLE {table}", True),
                         (told["identity"], told["target"], told["rule"], told["text"], told["whole"]))
        text = json.dumps(self.chat(one)["json"])
        self.assertIn(f"DROP TABLE {table}", text)
        self.assertIn(got["json"]["link"], text)

    def test_documented(self):
        """the page's lines for a stranger verify a real message, and refuse a changed one"""
        one = self.pending(self.conn, f"DROP TABLE {self.make('stranger_t')}")
        got = self.told(one)
        page = open(__file__.rsplit("/tests/", 1)[0] + "/core/control/webhook.md").read()
        lines = re.search(r"```python\n(.*?)```", page, re.S)[1]
        names = {}
        exec(lines, names)  # pylint: disable=exec-used
        self.assertTrue(names["is_genuine"](SECRET, got["headers"]["Sallyport-Signature"], got["body"]))
        self.assertFalse(names["is_genuine"](SECRET, got["headers"]["Sallyport-Signature"], got["body"][:-1] + b" "))

    def test_course(self):
        """votes, decisions, escalations and ends are told in turn"""
        pair = self.pending(self.conn, f"DROP TABLE {self.make('pair_course')}")
        self.yes(pair, "dana", "--reason", "seen")
        self.assertIn("dana said yes", self.told(pair, "approval.voted")["json"]["what"])
        self.yes(pair, "lea")
        self.assertEqual("approved", self.told(pair, "approval.decided")["json"]["approval"]["state"])
        no = self.pending(self.conn, f"DROP TABLE {self.make('no_course')}")
        self.gate.run("deny", no, "--reason", "not today", as_user="dana")
        self.assertEqual("denied by dana: not today", self.told(no, "approval.decided")["json"]["what"])
        self.chat(no, "denied by dana")
        late = self.pending(self.conn, f"TRUNCATE {self.make('late_course')}")
        self.assertIn("lead", self.told(late, "approval.escalated")["json"]["approval"]["approvers"])
        brief = self.pending(self.conn, f"TRUNCATE {self.make('brief_course')}")
        self.assertEqual("expired", self.told(brief, "approval.expired")["json"]["approval"]["state"])

    def test_alarm(self):
        """a lockdown is an alarm"""
        self.gate.run("lockdown", "--reason", "drill 7")
        self.gate.run("lockdown", "--lift")
        got = self.delivery(lambda one: one["path"] == "/hook" and one["json"].get("event") == "alarm", "the alarm")
        self.assertIn("drill 7", got["json"]["what"])
        self.assertTrue(is_signed(SECRET, got["headers"]["Sallyport-Signature"], got["body"]))

    def test_masked(self):
        """what detectors find in a statement or in a bound value is sent nowhere; the message says that it is hidden"""
        table = self.make("hidden_t")
        one = self.pending(self.conn, f"DROP TABLE {table} /* {CARD} */")
        self.told(one)
        message = self.chat(one)
        self.assertIn("Detectors hide", json.dumps(message["json"]))
        often = self.make("often_hidden")
        two = self.pending(self.conn, f"UPDATE {often} SET id = 1 WHERE %s <> ''", (CARD,))
        self.told(two)
        self.chat(two)
        for got in self.receiver.got:
            self.assertNotIn(CARD.encode(), got["body"])
            self.assertNotIn(CARD.replace(" ", "").encode(), got["body"])

    def test_quiet(self):
        """by option no word of the statement is sent; only what concerns the groups is; a yes wants the page"""
        table = self.make("two_quiet")
        one = self.pending(self.conn, f"DROP TABLE {table} /* some words */")
        got = self.told(one, path="/quiet")
        self.assertNotIn(b"two_quiet", got["body"])
        self.assertNotIn(b"some words", got["body"])
        self.assertFalse(got["json"]["approval"]["whole"])
        other = self.pending(self.conn, f"DROP TABLE {self.make('loud_t')}")
        self.told(other)
        self.assertEqual([], [g for g in self.receiver.at("/quiet") if other.encode() in g["body"]])
        status, text, _ = self.answer(one, "bot-sam", hook="quiet")
        self.assertEqual(403, status, text)
        self.assertIn(f"/approve/{one}", text)
        self.assertEqual("pending", self.state(one))
        self.assertEqual(200, self.answer(one, "bot-sam", "deny", hook="quiet")[0])
        self.assertEqual("denied", self.state(one))

    def test_mrkdwn(self):
        """what a caller writes cannot act in the chat: no mention, link, format, turned or hidden text"""
        table = self.make("inject_t")
        evil = f"DROP TABLE {table} -- ``` <!channel> <https://evil.test|approve this> &amp; *bold* \u202etxet\u202c \u200b\u2066 \x07\x1b[2J"
        one = self.pending(self.conn, evil)
        message = self.chat(one)["json"]
        code = next(b["text"]["text"] for b in message["blocks"] if b["type"] == "section" and "DROP TABLE" in json.dumps(b.get("text", {})))
        self.assertEqual(2, code.count("```"), code)
        self.assertTrue(code.startswith("```\n") and code.endswith("\n```"), code)
        for bad in ("<!channel>", "<https", "\u202e", "\u200b", "\u2066", "\x07", "\x1b"):
            self.assertNotIn(bad, json.dumps(message, ensure_ascii=False))
        for shown in ("&lt;!channel&gt;", "&amp;amp;", "\\u{202E}", "\\u{200B}", "\u2407", "\u241b[2J"):
            self.assertIn(shown, code)
        self.assertEqual(evil, self.told(one)["json"]["approval"]["text"])

    def test_limits(self):
        """a long statement is cut to what Slack takes, says so, and cannot be approved from there; the generic form has it all"""
        table = self.make("long_t")
        one = self.pending(self.conn, f"DROP TABLE {table} -- " + "<&>\u00e4" * 2000)
        message = self.chat(one)["json"]
        for block in message["blocks"]:
            self.assertLessEqual(len(block.get("text", {}).get("text", "")), 3000)
            self.assertLessEqual(len(block.get("fields", [])), 10)
            for field in block.get("fields", []):
                self.assertLessEqual(len(field["text"]), 2000)
        self.assertIn("This is not all of it", json.dumps(message))
        self.assertIsNone(slack_value(message, "approve"))
        value = slack_value(message, "deny")
        self.assertEqual(200, self.slack(self.press(value))[0])
        self.assertEqual("pending", self.state(one), "a yes to what was not shown")
        self.assertTrue(self.told(one)["json"]["approval"]["whole"])
        self.assertEqual(200, self.slack(self.press(value, action="deny"))[0])
        self.assertEqual("denied", self.state(one))


class Faults(Case):
    """Receivers that fail."""

    EXTRA = """
[[webhook]]
name = "slow"
url = "%(base)s/slow"
secret = "file:%(secrets)s/hook"
events = ["opened"]
timeout = "1s"
backoff = "100ms"
retries = 1

[[webhook]]
name = "nobody"
url = "http://127.0.0.1:%(closed)s/"
secret = "file:%(secrets)s/hook"
events = ["opened"]
backoff = "100ms"
retries = 2

[[webhook]]
name = "secure"
url = "https://localhost:%(secure)s/secure"
ca = "file:%(secrets)s/good.crt"
secret = "file:%(secrets)s/hook"
events = ["opened"]
retries = 0

[[webhook]]
name = "impostor"
url = "https://localhost:%(impostor)s/impostor"
ca = "file:%(secrets)s/good.crt"
secret = "file:%(secrets)s/hook"
events = ["opened"]
backoff = "100ms"
retries = 1
"""

    @classmethod
    def webhooks(cls):
        for name in ("good", "bad"):
            pki.make_ca(cls.secrets, name)
            pki.make_certificate(cls.secrets, name, name + "-server")
        cls.secure, cls.impostor = (Receiver(f"{cls.secrets}/{name}-server") for name in ("good", "bad"))
        for one in (cls.secure, cls.impostor):
            cls.addClassCleanup(one.close)
        text = super().webhooks()
        for key, port in (("closed", process.free_port()), ("secure", cls.secure.port), ("impostor", cls.impostor.port)):
            text = text.replace(f"%({key})s", str(port))
        return text

    def webhook(self, name):
        return next(one for one in self.gate.run("status")["webhooks"] if one["name"] == name)

    def ask_one(self, name):
        return self.pending(self.conn, f"DROP TABLE {self.make(name)}")

    def test_again(self):
        """after a 500, a cut connection and a hang the same delivery comes again, signed anew"""
        self.receiver.faults["/hook"] = [500, "cut", "hang"]
        one = self.ask_one("again_t")
        of = lambda: [g for g in self.receiver.at("/hook") if one.encode() in g["body"]]
        process.until(lambda: len(of()) == 4 and self.webhook("program")["waiting"] == 0, "the fourth try", timeout=60)
        tries = of()
        self.assertEqual(1, len({g["headers"]["Sallyport-Delivery"] for g in tries}))
        self.assertEqual(1, len({g["body"] for g in tries}))
        for got in tries:
            self.assertTrue(is_signed(SECRET, got["headers"]["Sallyport-Signature"], got["body"]))
        self.assertGreater(len({g["headers"]["Sallyport-Signature"] for g in tries}), 1)
        self.assertGreaterEqual(self.webhook("program")["retries"], 3)

    def test_given_up(self):
        """after the last try it is given up: on the record, in status and metrics; the next one is tried again"""
        before = self.webhook("program")["given_up"]
        self.receiver.faults["/hook"] = [503] * 4
        one = self.ask_one("given_t")
        process.until(lambda: self.webhook("program")["given_up"] > before, "the end of it", timeout=60)
        delivery = next(g for g in self.receiver.at("/hook") if one.encode() in g["body"])["headers"]["Sallyport-Delivery"]
        self.assertEqual(4, len([g for g in self.receiver.at("/hook") if g["headers"]["Sallyport-Delivery"] == delivery]))
        record = process.until(lambda: self.acts("webhook-lost", delivery), "the record")[0]
        self.assertIn("4 tries: HTTP status 503", record["detail"])
        self.gate.run("deny", one, as_user="dana")
        self.told(one, "approval.decided")

    def test_refused(self):
        """a receiver that says no is not asked again; a redirect is not followed"""
        for status in (404, 410, 302, 307):
            before = self.webhook("program")["given_up"]
            self.receiver.headers["Location"] = f"http://127.0.0.1:{self.receiver.port}/elsewhere"
            self.receiver.faults["/hook"] = [status]
            one = self.ask_one(f"no_{status}")
            process.until(lambda: self.webhook("program")["given_up"] > before, "the end of it", timeout=60)
            self.assertEqual(1, len([g for g in self.receiver.at("/hook") if one.encode() in g["body"]]), status)
            self.receiver.headers.clear()
        self.assertEqual([], self.receiver.at("/elsewhere"))

    def test_nobody(self):
        """where nobody listens it is tried, given up, and told without its address"""
        self.ask_one("nobody_t")
        record = process.until(lambda: self.acts("webhook-lost", "after 3 tries"), "the record", timeout=60)[0]
        self.assertEqual("webhook nobody", record["who"])

    def test_slow(self):
        """a receiver that hangs holds up neither sessions, nor decisions, nor other receivers"""
        self.receiver.faults["/slow"] = ["hang"] * 50
        first = [self.ask_one(f"slow_{i}") for i in range(3)]
        process.until(lambda: self.receiver.at("/slow"), "a delivery that hangs")
        self.assertEqual("1", self.good_psql("SELECT 1"))
        for one in first:
            self.told(one)
            self.yes(one)
            self.told(one, "approval.decided")
        process.until(lambda: self.webhook("slow")["given_up"] >= 3, "their end", timeout=60)

    def test_tls(self):
        """TLS is verified: an impostor hears nothing"""
        one = self.ask_one("tls_t")
        process.until(lambda: any(one.encode() in g["body"] for g in self.secure.got), "the delivery over TLS", timeout=60)
        process.until(lambda: self.webhook("impostor")["given_up"], "the impostor's end", timeout=60)
        self.assertEqual([], self.impostor.got)

    def test_rotated(self):
        """a changed secret signs the next delivery, without a reload"""
        self.keep("hook", "another secret that is long enough")
        try:
            got = self.told(self.ask_one("rotated_t"))
            self.assertTrue(is_signed("another secret that is long enough", got["headers"]["Sallyport-Signature"], got["body"]))
        finally:
            self.keep("hook", SECRET)

    def test_reload(self):
        """a webhook that a reload adds is told, one that it removes is not; a broken one is refused with its line"""
        text = open(self.gate.config).read()
        more = text + (f'\n[[webhook]]\nname = "more"\nurl = "http://127.0.0.1:{self.receiver.port}/more"\nevents = ["opened"]\n'
                       f'secret = "file:{self.secrets}/hook"\n')
        try:
            with open(self.gate.config, "w") as file:
                file.write(more)
            self.gate.run("reload")
            one = self.ask_one("more_t")
            self.told(one, path="/more")
            with open(self.gate.config, "w") as file:
                file.write(more.replace(f"{self.secrets}/hook\"\n", f"{self.secrets}/absent\"\n"))
            done = self.gate.run("reload", ok=False)
            self.assertRegex(done.stdout + done.stderr, r"sallyport\.toml:\d+: webhook .*absent")
        finally:
            with open(self.gate.config, "w") as file:
                file.write(text)
            self.gate.run("reload")
        two = self.ask_one("fewer_t")
        self.told(two)
        self.assertEqual([], [g for g in self.receiver.at("/more") if two.encode() in g["body"]])

    def test_metrics(self):
        """/metrics counts what status counts"""
        self.told(self.ask_one("metrics_t"))
        import base64
        proof = "Basic " + base64.b64encode(f"lea:{SECRETS['lea']}".encode()).decode()
        status, text, _ = self.ask("GET", "/metrics", Authorization=proof)
        self.assertEqual(200, status)
        self.assertRegex(text, r'sallyport_webhook_deliveries_total\{webhook="program",outcome="delivered"\} [1-9]')
        self.assertIn('sallyport_webhook_answers_total{webhook="chat",outcome="refused"}', text)
        self.assertNotIn(SECRET, text)


class In(Case):
    """Answers that come back."""

    EXTRA = """
[[webhook]]
name = "leads"
url = "%(base)s/leads"
secret = "file:%(secrets)s/hook"
groups = ["lead"]
senders = { bot-dana = "dana" }
"""

    def ask_one(self, name):
        one = self.pending(self.conn, f"DROP TABLE {self.make(name)}")
        return one, f"DROP TABLE {name}"

    def stays(self, one, status, got, why):
        self.assertEqual(status, got[0], got[1])
        self.assertIn(why, got[1])
        self.assertEqual("pending", self.state(one))

    def test_program(self):
        """a program's yes counts once, and the record says whose it was and which way it came"""
        one, sql = self.ask_one("program_t")
        status, text, _ = self.answer(one, "bot-dana", reason="looked at it")
        self.assertEqual((200, {"ok": True, "approval": one, "state": "approved"}), (status, json.loads(text)))
        self.conn.execute(sql)
        self.assertEqual(("used", "dana", "looked at it"), tuple(self.approval(one)[key] for key in ("state", "decided_by", "reason")))
        record = process.until(lambda: self.acts("webhook-approve", one), "the record")[0]
        self.assertEqual(("dana", f"approval {one} by webhook program, sender bot-dana"), (record["who"], record["detail"]))

    def test_deny(self):
        """a no too"""
        one, _ = self.ask_one("program_no")
        self.assertEqual(200, self.answer(one, "bot-dana", "deny")[0])
        self.assertEqual("denied", self.state(one))

    def test_not_told(self):
        """a webhook that is not told of an approval, for whose approvers it is not, says neither yes nor no to it"""
        one, _ = self.ask_one("untold_t")
        self.told(one)
        self.assertEqual([], [got for got in self.receiver.at("/leads") if one.encode() in got["body"]])
        for decision in ("approve", "deny"):
            self.stays(one, 403, self.answer(one, "bot-dana", decision, hook="leads"), "not told")
        pair, _ = self.ask_one("pair_told")
        self.told(pair, path="/leads")
        self.assertEqual(200, self.answer(pair, "bot-dana", hook="leads")[0])

    def test_chat(self):
        """a button in the chat decides, as the user whom the config takes its sender for"""
        one, sql = self.ask_one("chat_t")
        self.assertEqual((200, ""), self.slack(self.press(slack_value(self.chat(one)["json"], "approve")))[:2])
        self.assertEqual(("approved", "dana"), (self.state(one), self.approval(one)["decided_by"]))
        self.conn.execute(sql)
        self.assertTrue(process.until(lambda: self.acts("webhook-approve", f"{one} by webhook chat, sender U1 of T1"), "the record"))
        two, _ = self.ask_one("chat_no")
        self.assertEqual(200, self.slack(self.press(slack_value(self.chat(two)["json"], "deny"), user="U2", action="deny"))[0])
        self.assertEqual(("denied", "dick"), (self.state(two), self.approval(two)["decided_by"]))

    def test_open_button(self):
        """the button that opens the page is no decision"""
        one, _ = self.ask_one("open_t")
        value = slack_value(self.chat(one)["json"], "approve")
        self.assertEqual(200, self.slack(self.press(value, action="open"))[0])
        self.assertEqual(200, self.slack(self.press("", action="open", user="U9"))[0])
        self.assertEqual("pending", self.state(one))

    def test_forged(self):
        """another secret, another path, no signature, a changed body: refused, and nothing is decided"""
        one, _ = self.ask_one("forged_t")
        self.stays(one, 401, self.answer(one, "bot-dana", secret="another secret"), "signature is wrong")
        self.stays(one, 401, self.answer(one, "bot-dana", path="/hooks/other"), "signature is wrong")
        body = json.dumps({"approval": one, "decision": "approve", "sender": "bot-dana"})
        for signature in ("", "t=,v1=", "v1=" + "0" * 64, "t=1,v1=" + "0" * 64, f"t={int(time.time())},v1=" + "0" * 64, "t=-1,v1=" + "0" * 64):
            got = self.ask("POST", "/hooks/program", body, Content_Type="application/json", Sallyport_Signature=signature)
            self.stays(one, 401, got, "")
        self.stays(one, 401, self.ask("POST", "/hooks/program", body, Content_Type="application/json"), "not signed")
        press = self.press(slack_value(self.chat(one)["json"], "approve"))
        self.stays(one, 401, self.slack(press, secret="wrong"), "signature is wrong")
        self.stays(one, 401, self.slack(press, X_Slack_Signature="v0=" + "0" * 64), "signature is wrong")
        self.stays(one, 401, self.slack(press, X_Slack_Signature="v1=" + "0" * 64), "not signed")
        self.stays(one, 401, self.slack(press, X_Slack_Request_Timestamp=""), "not signed")
        self.stays(one, 401, self.slack(press, secret=SECRET, hook="program"), "not signed")
        self.assertTrue(process.until(lambda: self.acts("webhook-refused", "signature is wrong"), "the record"))

    def test_own_message(self):
        """a message of the gateway's own, caught on its way, is no answer"""
        one, _ = self.ask_one("mirror_t")
        got = self.told(one)
        again = self.ask("POST", "/hooks/program", got["body"], Content_Type="application/json",
                         Sallyport_Signature=got["headers"]["Sallyport-Signature"])
        self.stays(one, 401, again, "signature is wrong")

    def test_old(self):
        """what was signed six minutes ago, or will be, is refused"""
        one, _ = self.ask_one("old_t")
        value = slack_value(self.chat(one)["json"], "approve")
        for seconds in (time.time() - 360, time.time() + 360):
            self.stays(one, 401, self.answer(one, "bot-dana", seconds=int(seconds)), "too long ago")
            self.stays(one, 401, self.slack(self.press(value), seconds=int(seconds)), "too long ago")

    def test_replayed(self):
        """the very same answer counts once"""
        one, _ = self.ask_one("replayed_t")
        body = json.dumps({"approval": one, "decision": "approve", "sender": "bot-eve"})
        seconds = int(time.time())
        self.stays(one, 400, self.send_answer("program", body, seconds=seconds), "none of the groups")
        self.stays(one, 409, self.send_answer("program", body, seconds=seconds), "counts once")
        press = self.press(slack_value(self.chat(one)["json"], "approve"), user="U4")
        self.assertEqual(200, self.slack(press, seconds=seconds)[0])
        self.stays(one, 409, self.slack(press, seconds=seconds), "counts once")

    def test_senders(self):
        """who is nobody here decides nothing, and that is a record; neither does who may not approve"""
        one, _ = self.ask_one("senders_t")
        self.stays(one, 403, self.answer(one, "bot-mallory"), "nobody here")
        self.stays(one, 403, self.answer(one, "dana"), "nobody here")
        self.stays(one, 400, self.answer(one, ""), "no sender")
        self.stays(one, 400, self.answer(one, "bot-eve"), "none of the groups")
        self.assertTrue(process.until(lambda: self.acts("webhook-refused", "sender bot-mallory: nobody"), "the record"))
        value = slack_value(self.chat(one)["json"], "approve")
        for user, team in (("U9", "T1"), ("U2", "T2"), ("U4", "T1"), ("", "T1")):
            self.slack(self.press(value, user=user, team=team))
            self.assertEqual("pending", self.state(one), (user, team))

    def test_reply(self):
        """who pressed a button in vain is told why, by himself; words go nowhere but to the chat's own origin"""
        one, _ = self.ask_one("reply_t")
        value = slack_value(self.chat(one)["json"], "approve")
        self.slack(self.press(value, user="U4", response_url=f"http://127.0.0.1:{self.receiver.port}/reply"))
        got = self.delivery(lambda g: g["path"] == "/reply", "the reply")["json"]
        self.assertEqual("ephemeral", got["response_type"])
        self.assertIn("none of the groups", got["text"])
        lost = len(self.acts("webhook-lost", "another origin"))
        self.slack(self.press(value, user="U4", response_url=f"http://127.0.0.1:{self.port}/reply"))
        process.until(lambda: len(self.acts("webhook-lost", "another origin")) > lost, "the record")

    def test_oneself(self):
        """who asked cannot say yes by any name; four eyes are two persons; who was kept out stays out"""
        one, _ = self.ask_one("self_t")
        self.stays(one, 400, self.answer(one, "bot-agent"), "asked for it")
        self.stays(one, 400, self.answer(one, "bot-other"), "asked for it")
        self.slack(self.press(slack_value(self.chat(one)["json"], "approve"), user="U3"))
        self.assertEqual("pending", self.state(one))
        self.gate.run("kill", "--identity", "dick")
        try:
            self.stays(one, 403, self.answer(one, "bot-dick"), "kept out")
            self.assertIn("kept out", self.refused("approve", one, who="dick"))
            self.assertEqual("pending", self.state(one))
        finally:
            self.gate.run("allow", "dick")
        pair, _ = self.ask_one("pair_self")
        self.assertEqual(200, self.answer(pair, "bot-dana")[0])
        self.stays(pair, 400, self.answer(pair, "bot-dana2"), "already")
        self.assertEqual(200, self.answer(pair, "bot-dick")[0])
        self.assertEqual("approved", self.state(pair))

    def test_buttons(self):
        """a button of another approval, or one that somebody made up, decides nothing"""
        one, _ = self.ask_one("button_one")
        two, _ = self.ask_one("button_two")
        value = slack_value(self.chat(one)["json"], "approve")
        proof = value.partition(".")[2]
        for made in (f"{two}.{proof}", two, f"{two}.", f"{two}.{'0' * 32}", f"{one}.{proof[:-1]}", "", ".", "x" * 3000):
            self.assertEqual(200, self.slack(self.press(made))[0])
        self.assertEqual(["pending", "pending"], [self.state(one), self.state(two)])

    def test_shapes(self):
        """bodies that are no answer are refused"""
        one, _ = self.ask_one("shape_t")
        for body in ("", "{", "[]", "null", '{"approval": 1}', json.dumps({"approval": one, "decision": "yes", "sender": "bot-dana"}),
                     json.dumps({"approval": one, "sender": "bot-dana"}), json.dumps({"decision": "approve", "sender": "bot-dana"}),
                     '{"approval": "%s", "decision": "deny", "decision": "approve", "sender": "bot-dana"}' % one,
                     "[" * 60000):
            status, text, _ = self.send_answer("program", body)
            self.assertIn(status, (400, 403), (body[:80], text))
        for body in ("", "payload=", "payload={}", "payload=[1]", "a=b", "payload=1&payload=2", self.press("x", type="view_submission"),
                     self.press("x", actions=[]), self.press("x", actions={"a": 1}), self.press("x", user="U1"), "payload=%7B%22a%22:" + "[" * 50000):
            self.assertIn(self.slack(body)[0], (200, 400), body[:80])
        self.assertEqual("pending", self.state(one))
        for hook in ("absent", "", "program/x", "..%2fprogram"):
            self.assertEqual(404, self.send_answer(hook, "{}")[0], hook)
        for method in ("GET", "PUT", "DELETE", "HEAD"):
            self.assertEqual(405, self.ask(method, "/hooks/program")[0], method)
        self.assertEqual(403, self.slack("", Origin="https://evil.test")[0])
        self.assertEqual(403, self.slack("", Sec_Fetch_Site="cross-site")[0])

    def test_flood(self):
        """forged answers fill neither the log nor anything else; a good one counts among them"""
        one, _ = self.ask_one("flood_t")
        before = len(self.acts("webhook-refused", "webhook program"))
        for _ in range(100):
            self.assertEqual(401, self.answer(one, "bot-dana", secret="x")[0])
        self.assertLessEqual(len(self.acts("webhook-refused", "webhook program")) - before, 21)
        self.assertEqual(200, self.answer(one, "bot-dana")[0])
        self.assertGreaterEqual(next(w for w in self.gate.run("status")["webhooks"] if w["name"] == "program")["answers_refused"], 100)

    def test_planted(self):
        """no secret of a webhook stands in the log, in what the gateway says, or in its status"""
        one, _ = self.ask_one("planted_t")
        self.told(one)
        said = self.gate.said() + json.dumps(self.gate.run("status")) + json.dumps(self.gate.records())
        for secret in (SECRET, SLACK_SECRET, CHAT):
            self.assertFalse(secret in said, secret)


if __name__ == "__main__":
    tap.main()
