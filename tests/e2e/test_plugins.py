"""Strangers' plugins: Redis and a multiplexed echo protocol, built out of tree from plugin.h alone, go through the kit
and serve real clients behind a gateway that knows nothing of them."""

import atexit
import glob
import hashlib
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import unittest

import gateway as gateways
import process
import tap
import tokens
from gateway import BIN
from oidc_case import issuer

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
SOURCES = ROOT + "/tests/plugins/"
COMPILER = next((one for one in ("cc", "gcc", "clang") if shutil.which(one)), None)
_shared = {}


def folder():
    if "folder" not in _shared:
        _shared["folder"] = tempfile.mkdtemp(prefix="sallyport-e2e-plugins-")
        atexit.register(shutil.rmtree, _shared["folder"], True)
        os.makedirs(_shared["folder"] + "/include")
        os.makedirs(_shared["folder"] + "/plugins")
        shutil.copy(ROOT + "/plugins/plugin.h", _shared["folder"] + "/include/")
    return _shared["folder"]


def built(name):
    """The plugin's path; made by one line of a plain compiler, in a folder that holds its sources and no more."""
    if name not in _shared:
        if not COMPILER:
            raise unittest.SkipTest("no C compiler")
        place, out = f"{folder()}/{name}", f"{folder()}/plugins/{name}.so"
        shutil.copytree(SOURCES + name, place)
        subprocess.run([COMPILER, "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-fvisibility=hidden", "-I",
                        folder() + "/include", "-o", out, *sorted(glob.glob(place + "/*.c"))], check=True)
        _shared[name] = out
    return _shared[name]


def documented(start):
    """The command of plugin.md's worked example that begins so, without its comment."""
    with open(ROOT + "/plugins/plugin.md") as file:
        section = file.read().split("## Redis, a worked example")[1]
    return next(line.split("  #")[0].strip() for line in section.split("\n") if line.startswith("    " + start))


class Kit(unittest.TestCase):
    """What anybody can do who has the header and the command line."""

    def check(self, name):
        done = subprocess.run([BIN, "plugin", "check", built(name), "--transcripts", f"{SOURCES}{name}/transcripts"],
                              capture_output=True, text=True, timeout=600)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"\d transcripts, [\d,]+ runs, seed \d+: passed")

    def test_redis(self):
        """The Redis plugin goes through the kit: any cut of its transcripts, the same output."""
        self.check("redis")

    @unittest.skipUnless(os.path.isdir(SOURCES + "echo"), "no echo plugin in this tree")
    def test_echo(self):
        """The echo plugin goes through the kit."""
        self.check("echo")

    def test_documented(self):
        """plugin.md's own lines build the Redis plugin and play its transcripts."""
        place = tempfile.mkdtemp(prefix="stranger-", dir=folder())
        for name in ("include", "plugins"):
            os.makedirs(f"{place}/{name}")
        shutil.copy(ROOT + "/plugins/plugin.h", place + "/include/")
        shutil.copytree(SOURCES + "redis", place + "/redis")
        os.remove(place + "/redis/transcripts/resp2.transcript")  # the long one: test_redis plays it
        for start in ("cc -std=c11", "sallyport plugin check"):
            line = documented(start).replace("sallyport", BIN, 1)
            done = subprocess.run(["sh", "-c", line], cwd=place, capture_output=True, text=True, timeout=600)
            self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertIn("4 transcripts", done.stdout)

    def test_hostile_bytes(self):
        """Redis bytes that nobody sends: a reply ends the session, a command is refused with nothing at the target."""
        place = tempfile.mkdtemp(prefix="hostile-", dir=folder())
        ready = ('set client_tls off\nclient < "*3\\r\\n$4\\r\\nAUTH\\r\\n$5\\r\\ncache\\r\\n$8\\r\\npassword\\r\\n"\nopened 1\n'
                 'expect leg 1 > "*3\\r\\n$4\\r\\nAUTH\\r\\n$3\\r\\napp\\r\\n$15\\r\\ntarget-password\\r\\n"\n'
                 'leg 1 < "+OK\\r\\n"\nexpect client > "+OK\\r\\n"\n')
        asked = 'client < "*2\\r\\n$3\\r\\nGET\\r\\n$1\\r\\na\\r\\n"\nexpect leg 1 > "*2\\r\\n$3\\r\\nGET\\r\\n$1\\r\\na\\r\\n"\n'
        end = "\\r\\n"
        replies = ["$-2", "$05" + end + "hello", "$5" + end + "helloXX", "*99999999999", ":1x", "_", "%1", ">1", "?", "+a\\nb", "$+5" + end + "hello",
                   "$99999999999999999999", "*-2", ":-", "$", ":", "$ 5" + end + "hello", "#t", "|1", "$?", "*?"]
        requests = ["*0", "*-1", "*1" + end + "$-1", "*01" + end + "$4" + end + "PING", "*1" + end + "+PING", "*1" + end + "$4" + end + "PINGX", "*99999",
                    "*2" + end + "$3" + end + "GET" + end + "$999999999", "GET a", "\\n", "*1\\n$4" + end + "PING", "*1" + end + "$ 4" + end + "PING", "*", "*x",
                    "*1" + end + "$4" + end + "PING\\n\\r", "*2" + end + "*1" + end + "$4" + end + "PING", "POST / HTTP/1.1"]
        large, other = "the gateway judges commands whole, of at most 256 KiB and 16384 words", "the gateway takes commands as arrays of bulk strings"
        files = [f'{asked}leg 1 < "{one}{end}"\nexpect client nothing\nexpect ended "fault"\n' for one in replies]
        files.append(f'{asked}leg 1 < "*1{end}"*33\nexpect client > "*1{end}"*32\nexpect ended "fault"\n')
        files += [f'client < "{one}{end}"\nexpect leg 1 nothing\nexpect client > "-ERR Protocol error: {large if "99999" in one else other}{end}"\nexpect ended "broke the protocol"\nexpect held client {{}}\n' for one in requests]
        for number, text in enumerate(files):
            whole = (requests[number - len(replies) - 1] + end).encode().decode("unicode_escape") if "{}" in text else ""
            with open(f"{place}/{number}.transcript", "w") as file:
                file.write("# Bytes that nobody sends.\n" + ready + text.replace("{}", str(len(whole))))
        done = subprocess.run([BIN, "plugin", "check", built("redis"), "--transcripts", place], capture_output=True, text=True, timeout=600)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def test_only_the_header(self):
        """The sources include plugin.h, their own files and the C library; nothing of the gateway's."""
        for path in glob.glob(SOURCES + "*/*.[ch]"):
            with open(path) as file:
                for name in re.findall(r'#include "([^"]+)"', file.read()):
                    self.assertTrue(name == "plugin.h" or os.path.exists(os.path.join(os.path.dirname(path), name)), (path, name))
                    self.assertNotIn("/", name)


class Gateway(gateways.Gateway):
    """With strangers' plugins and one listener for each; callers prove themselves by a token."""

    def __init__(self, protocols, policy, tls=False, hold="60s"):
        self.protocols, self.tls = protocols, tls  # name: the target's port
        self.ports = {name: process.free_port() for name in protocols}
        self.issuer = tokens.Issuer("https://idp.example.com", [tokens.Key.ec("k1")])
        super().__init__(None, policy=policy, hold=hold)
        self.port = next(iter(self.ports.values()))

    def write(self, extra=""):
        with open(self.folder + "/keys.json", "w") as file:
            json.dump(self.issuer.jwks(), file)
        users = "".join(f'[[user]]\nname = "{name}"\ngroups = {json.dumps(gateways.GROUPS[name])}\nsecret = "{gateways._verifiers[name]}"\n'
                        for name in gateways.SECRETS)
        tls = 'tls = { certificate = "file:tls/server.crt", key = "file:tls/server.key" }\n' if self.tls else ""
        listeners = "".join(f'[[listener]]\nprotocol = "{name}"\naddress = "127.0.0.1:{self.ports[name]}"\n{tls}' for name in self.protocols)
        targets = "".join(f"""
[[target]]
name = "{name}-1"
protocol = "{name}"
address = "127.0.0.1:{port}"
tls = "off"
allow = ["agents"]
default = "allow"
logins = {{ app = {{ credential = {{ user = "app", password = "file:secrets/app" }} }} }}
""" for name, port in self.protocols.items())
        with open(self.config, "w") as file:
            file.write(f'[server]\nstate_dir = "state"\nplugin_dir = "{folder()}/plugins"\nplugins = {json.dumps(list(self.protocols))}\n'
                       f'[log]\nring_dir = "{self.rings}/rings"\nring_size = "16 MiB"\n' + listeners + users + targets
                       + issuer("corp", self.issuer.issuer, keys=f"file:{self.folder}/keys.json", identity=["sub"], email=None)
                       + self.policy + extra)

    def token(self, name="robot-9"):
        return self.issuer.token({"sub": name})

    def records_of(self, sid):
        return self.run("show", sid)


POLICY = """
[[mask]]
name = "pii"
targets = ["redis-1"]
detect = ["@pii"]
fields = ["user:*.phone", "session:*"]
action = "redact"
computed = "content"

[[rule]]
name = "no-flush"
targets = ["redis-1"]
use = "redis/dangerous"
action = "deny"
reason = "that is the operators' own"

[[rule]]
name = "ask-before-delete"
targets = ["redis-1"]
use = "redis/destructive"
action = "approve"
approvers = ["dba"]
hold = "%(hold)s"
timeout = "10m"
"""


def redis_server():
    """The port of the program's redis-server, with one user and planted values."""
    if "server" not in _shared:
        if not shutil.which("redis-server") or not shutil.which("redis-cli"):
            raise unittest.SkipTest("no redis-server or redis-cli")
        port, place = process.free_port(), folder() + "/redis-data"
        os.makedirs(place)
        with open(place + "/redis.conf", "w") as file:
            file.write(f'bind 127.0.0.1\nport {port}\nsave ""\nappendonly no\ndir {place}\nuser default off\n'
                       f"user app on #{hashlib.sha256(gateways.PASSWORD.encode()).hexdigest()} ~* &* +@all\n")
        with open(place + "/redis.out", "w") as out:
            child = process.start(["redis-server", place + "/redis.conf"], stdout=out, stderr=out)
        atexit.register(process.stop, child, 9)

        def ready():
            with open(place + "/redis.out") as said:
                assert child.poll() is None, "redis-server ended:\n" + said.read()
            return process.answers(port)

        process.until(ready, "redis-server's start")
        _shared["server"] = port
    return _shared["server"]


def direct(*words):
    """redis-cli at the server itself."""
    done = subprocess.run(["redis-cli", "-p", str(redis_server()), "--user", "app", "--no-auth-warning", *words], capture_output=True,
                          text=True, timeout=60, env=os.environ | {"REDISCLI_AUTH": gateways.PASSWORD})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.rstrip("\n")


MAIL = "ann.planted@example.com"


class Redis(unittest.TestCase):
    HOLD = "60s"
    TLS = False

    @classmethod
    def setUpClass(cls):
        built("redis")
        cls.gate = Gateway({"redis": redis_server()}, POLICY, cls.TLS, cls.HOLD)
        cls.addClassCleanup(cls.gate.remove)
        cls.gate.start()

    def setUp(self):
        direct("FLUSHALL")
        direct("SET", "note", f"write to {MAIL} today")
        direct("HSET", "user:1", "phone", "no number at all", "city", "Oslo", "mail", MAIL)
        direct("RPUSH", "inbox", "first", MAIL, "last")
        direct("SET", "session:9", "opaque words")

    def tearDown(self):
        self.assertIsNone(self.gate.process.poll(), "the gateway has ended:\n" + self.gate.said())

    def command(self, *words, name="robot-9", more=()):
        tls = ["--tls", "--cacert", self.gate.folder + "/tls/ca.crt"] if self.TLS else []
        host = "localhost" if self.TLS else "127.0.0.1"
        return ["redis-cli", "-h", host, "-p", str(self.gate.port), *tls, "--user", "token,redis-1", "--no-auth-warning", *more, *words], \
            os.environ | {"REDISCLI_AUTH": self.gate.token(name)}

    def redis(self, *words, more=(), stdin=None, name="robot-9"):
        """What redis-cli prints through the gateway."""
        args, env = self.command(*words, more=more, name=name)
        done = subprocess.run(args, capture_output=True, text=True, timeout=120, env=env, **({"input": stdin} if stdin else {"stdin": subprocess.DEVNULL}))
        return (done.stdout + done.stderr).rstrip("\n")

    def spawn(self, *words):
        args, env = self.command(*words)
        child = process.start(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env)
        self.addCleanup(process.stop, child, 9)
        return child


class Commands(Redis):
    def test_values(self):
        """Strings, numbers, lists, and what redis-cli asks by itself, in both versions of the protocol."""
        for more in ((), ("-3",)):
            self.assertEqual("OK", self.redis("SET", "a", "some value", more=more))
            self.assertEqual("some value", self.redis("GET", "a", more=more))
            self.assertEqual("1", self.redis("INCR", f"n{len(more)}", more=more))
            self.assertEqual("first\n[email]\nlast", self.redis("LRANGE", "inbox", "0", "-1", more=more))
            self.assertEqual("PONG", self.redis("PING", more=more))

    def test_large(self):
        """A value of 100 KB each way, and one of 3 MB, that nobody looks into and is withheld on a masked target."""
        self.assertEqual("OK", self.redis("-x", "SET", "big", stdin="x" * 100_000))
        self.assertEqual(100_000, len(self.redis("GET", "big")))
        direct("SETRANGE", "huge", "3000000", "x")
        self.assertEqual("", self.redis("GET", "huge"))
        self.assertEqual("PONG", self.redis("PING"))

    def test_wrong_token(self):
        """A wrong token: the public refusal, and nothing of the target."""
        args, env = self.command("GET", "note")
        done = subprocess.run(args, capture_output=True, text=True, timeout=60, env=env | {"REDISCLI_AUTH": "wrong"})
        self.assertIn("login refused", done.stdout + done.stderr)
        self.assertNotIn("today", done.stdout)

    def test_deny(self):
        """A denied command is told with its rule and reason, and does not reach the target."""
        said = self.redis("FLUSHALL")
        self.assertIn('NOPERM denied by rule "no-flush": that is the operators', said)
        self.assertIn("NOPERM", self.redis("CONFIG", "SET", "dir", "/tmp"))
        self.assertEqual("1", direct("EXISTS", "note"))

    def test_never_carried(self):
        """MONITOR, scripts, other databases, what is unknown: refused or unparsed; the session lives on."""
        said = self.redis(stdin="MONITOR\nEVAL 'return 1' 0\nSELECT 3\nNO.SUCH x\nCLIENT REPLY OFF\nPING\n")
        self.assertIn("does not carry", said)
        self.assertIn("scripts need a login", said)
        self.assertIn("another database needs", said)
        self.assertIn("the gateway could not read it", said)
        self.assertTrue(said.rstrip().endswith("PONG"), said)

    def test_masks(self):
        """The planted mail in strings, hashes, lists and errors; fields by name; nothing is left in the record."""
        for more in ((), ("-3",)):
            for words in (["GET", "note"], ["HGETALL", "user:1"], ["HGET", "user:1", "mail"], ["LRANGE", "inbox", "0", "-1"],
                          ["MGET", "note", "a"], ["HVALS", "user:1"], ["NO.SUCH", MAIL], ["ECHO", MAIL], ["GETRANGE", "note", "9", "31"], ["DUMP", "note"]):
                self.assertNotIn(MAIL, self.redis(*words, more=more), words)
            self.assertIn("write to ", self.redis("GET", "note", more=more))
            self.assertIn("Oslo", self.redis("HGETALL", "user:1", more=more))
            for words in (["HGETALL", "user:1"], ["HGET", "user:1", "phone"], ["HMGET", "user:1", "city", "phone"], ["GET", "session:9"]):
                said = self.redis(*words, more=more)
                self.assertNotIn("no number", said)
                self.assertNotIn("opaque", said)
        self.assertEqual(MAIL, direct("HGET", "user:1", "mail"))

    def test_transaction(self):
        """MULTI and EXEC: values within it are masked by the places that they come from."""
        said = self.redis(stdin="MULTI\nSET a 1\nHGET user:1 phone\nGET note\nEXEC\nGET a\n")
        self.assertEqual(3, said.count("QUEUED"), said)
        self.assertNotIn("no number", said)
        self.assertNotIn(MAIL, said)
        self.assertTrue(said.endswith("\n1"), said)

    def test_pipeline(self):
        """Ten thousand commands of redis-cli --pipe: every answer comes, in order."""
        def encode(*words):
            return f"*{len(words)}\r\n" + "".join(f"${len(one)}\r\n{one}\r\n" for one in words)
        said = self.redis("--pipe", stdin="".join(encode("RPUSH", "many", str(i)) for i in range(10_000)))
        self.assertIn("errors: 0, replies: 10000", said)
        self.assertEqual([str(i) for i in range(10_000)], direct("LRANGE", "many", "0", "-1").split("\n"))

    def test_blocking(self):
        """BLPOP waits at the target, and nobody else."""
        child = self.spawn("BLPOP", "queue", "0")
        process.until(lambda: "cmd=blpop" in direct("CLIENT", "LIST"), "BLPOP at the target")
        self.assertEqual("1", self.redis("RPUSH", "queue", MAIL))
        out = child.communicate(timeout=60)[0]
        self.assertIn("queue", out)
        self.assertNotIn(MAIL, out)

    def test_subscribe(self):
        """A message to a channel is pushed, masked."""
        child = self.spawn("SUBSCRIBE", "news")
        process.until(lambda: direct("PUBSUB", "NUMSUB", "news").endswith("\n1"), "the subscription")
        self.assertEqual("1", self.redis("PUBLISH", "news", f"from {MAIL} himself"))
        text = ""
        while "himself" not in text:
            line = child.stdout.readline()
            self.assertTrue(line, text)
            text += line
        self.assertNotIn(MAIL, text)


class Approvals(Redis):
    def test_paused(self):
        """A destructive command waits; approved it runs, and its answer comes on the same connection."""
        child = self.spawn("DEL", "note")
        pending = self.gate.wait_approval("DEL note")
        self.assertEqual("1", direct("EXISTS", "note"))
        self.gate.run("approve", pending["id"], as_user="dana")
        self.assertEqual("1", child.communicate(timeout=60)[0].strip())
        self.assertEqual("0", direct("EXISTS", "note"))

    def test_denied(self):
        """Denied by a person: the caller reads by whom and why."""
        child = self.spawn("DEL", "note")
        pending = self.gate.wait_approval("DEL note")
        self.gate.run("deny", pending["id"], "--reason", "keep it", as_user="dana")
        out = child.communicate(timeout=60)[0]
        self.assertIn("denied by dana", out)
        self.assertEqual("1", direct("EXISTS", "note"))

    def test_transaction(self):
        """A transaction waits at EXEC as a whole."""
        args, env = self.command()
        child = process.start(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env)
        self.addCleanup(process.stop, child, 9)
        child.stdin.write("MULTI\nSET done yes\nDEL note\nEXEC\n")
        child.stdin.close()
        pending = self.gate.wait_approval("DEL note")
        self.assertIn("SET done yes", pending["text"])
        self.assertEqual("0", direct("EXISTS", "done"))
        self.gate.run("approve", pending["id"], as_user="dana")
        self.assertEqual(0, child.wait(60))
        self.assertEqual("yes", direct("GET", "done"))
        self.assertEqual("0", direct("EXISTS", "note"))

    def test_documented(self):
        """plugin.md's lines for users, with this gateway's names."""
        line = documented("redis-cli").replace("-p 6379", f"-p {self.gate.port}").replace("token,cache", "token,redis-1")
        done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60, env=os.environ | {"REDISCLI_AUTH": self.gate.token()})
        self.assertIn("write to [email] today", done.stdout, done.stderr)
        line = documented("sallyport explain").replace("sallyport", f"{BIN} --config {self.gate.config}", 1).replace("cache", "redis-1")
        done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60)
        self.assertIn("ask-before-delete", done.stdout, done.stderr)

    def test_show(self):
        """explain, show and replay speak of commands; the record holds no planted mail."""
        self.redis("GET", "note")
        said = json.dumps(self.gate.run("explain", "--group", "agents", "--target", "redis-1", "DEL note"))
        self.assertIn("ask-before-delete", said)
        sid = self.gate.run("sessions", "--limit", "0")[-1]["sid"]
        for act in ("show", "replay"):
            done = subprocess.run([BIN, "--config", self.gate.config, act, sid], capture_output=True, text=True, timeout=60)
            self.assertEqual(0, done.returncode, done.stderr)
            self.assertIn("GET note", done.stdout)
            self.assertIn("write to", done.stdout)
            self.assertNotIn(MAIL, done.stdout)
        self.gate.verify()


class Resubmission(Redis):
    HOLD = "1s"

    def test_come_back(self):
        """After `hold` the caller is told how to come back; the same command, in any case of its verb, then runs once."""
        said = self.redis("DEL", "note")
        found = re.search(r"approval=(\S+) state=pending do=run exactly the same again", said)
        self.assertTrue(found, said)
        self.gate.run("approve", found[1], as_user="dana")
        self.assertIn("NOPERM", self.redis("DEL", "other"))
        self.assertEqual("1", self.redis("del", "note"))
        self.assertIn("NOPERM", self.redis("DEL", "note"))


class OverTls(Redis):
    TLS = True

    def test_local_user(self):
        """A user of the config logs in by the name and the secret that stand there; a wrong secret is refused."""
        args, env = self.command("GET", "note")
        args[args.index("token,redis-1")] = "robot,redis-1"
        for secret, said in ((gateways.SECRETS["robot"], "write to "), ("wrong", "login refused")):
            done = subprocess.run(args, capture_output=True, text=True, timeout=60, env=env | {"REDISCLI_AUTH": secret})
            self.assertIn(said, done.stdout + done.stderr)

    def test_tls(self):
        """TLS from the first byte; plaintext is told so."""
        self.assertIn("write to ", self.redis("GET", "note"))
        done = subprocess.run(["redis-cli", "-p", str(self.gate.port), "PING"], capture_output=True, text=True, timeout=60)
        self.assertIn("takes TLS alone", done.stdout + done.stderr)


def frame(stream, text):
    return struct.pack(">II", stream, len(text)) + text.encode()


def read_frame(peer):
    """(stream, text); None at the end."""
    head = peer.read(8)
    if len(head) < 8:
        return None
    stream, size = struct.unpack(">II", head)
    return stream, peer.read(size).decode()


class EchoServer:
    """Answers each frame with its text in capitals, on as many connections as come; `heard` has them."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.heard, self.connections = [], 0
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.answer, args=(peer,), daemon=True).start()

    def answer(self, peer):
        with peer, peer.makefile("rb") as stream:
            while (got := read_frame(stream)) is not None:
                if got[0] == 0:
                    good = got[1] == f"LOGIN app {gateways.PASSWORD}"
                    peer.sendall(frame(0, "OK" if good else "ERR"))
                    continue
                self.heard.append(got)
                if got[1]:
                    peer.sendall(frame(got[0], got[1].upper()))


ECHO_POLICY = """
[[mask]]
name = "pii"
targets = ["echo-1"]
detect = ["@pii"]
action = "redact"

[[rule]]
name = "no-curses"
targets = ["echo-1"]
match = { verb = ["CURSE"] }
action = "deny"

[[rule]]
name = "ask-before-shouting"
targets = ["echo-1"]
match = { verb = ["SHOUT"] }
action = "approve"
approvers = ["dba"]
hold = "%(hold)s"
timeout = "10m"
"""


@unittest.skipUnless(os.path.isdir(SOURCES + "echo"), "no echo plugin in this tree")
class Echo(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        built("echo")
        cls.server = EchoServer()
        cls.addClassCleanup(cls.server.listener.close)
        cls.gate = Gateway({"echo": cls.server.port}, ECHO_POLICY)
        cls.addClassCleanup(cls.gate.remove)
        cls.gate.start()

    def client(self):
        peer = socket.create_connection(("127.0.0.1", self.gate.port), 60)
        stream = peer.makefile("rb")
        self.addCleanup(peer.close)
        self.addCleanup(stream.close)
        peer.sendall(frame(0, "LOGIN token,echo-1 " + self.gate.token()))
        self.assertEqual((0, "OK"), read_frame(stream))
        return peer, stream

    def test_streams(self):
        """Forty streams over two target legs; one is denied, one masked; each answer comes to its own stream."""
        before = self.server.connections
        peer, stream = self.client()
        peer.sendall(b"".join(frame(i, f"SAY number {i}") for i in range(1, 41)) + frame(41, "CURSE all") + frame(42, "SAY " + MAIL))
        answers = dict(read_frame(stream) for _ in range(42))
        self.assertEqual({i: f"SAY NUMBER {i}" for i in range(1, 41)}, {i: answers[i] for i in range(1, 41)})
        self.assertTrue(answers[41].startswith('ERR denied by rule "no-curses"'), answers[41])
        self.assertNotIn(MAIL.upper(), answers[42].upper())
        self.assertEqual(2, self.server.connections - before)
        self.assertNotIn((41, "CURSE all"), self.server.heard)

    def test_held(self):
        """Two requests wait, each under its ticket, while other streams flow; the second is approved first."""
        peer, stream = self.client()
        peer.sendall(frame(1, "SHOUT first") + frame(2, "SHOUT second") + frame(3, "SAY between"))
        got = [read_frame(stream) for _ in range(3)]
        self.assertEqual([(1, "WAIT"), (2, "WAIT")], [(one, text[:4]) for one, text in got if one != 3])
        self.assertIn((3, "SAY BETWEEN"), got)
        second = self.gate.wait_approval("SHOUT second")
        self.gate.run("approve", second["id"], as_user="dana")
        self.assertEqual((2, "SHOUT SECOND"), read_frame(stream))
        self.assertNotIn((1, "SHOUT first"), self.server.heard)
        first = self.gate.wait_approval("SHOUT first")
        self.gate.run("deny", first["id"], as_user="dana")
        one, text = read_frame(stream)
        self.assertEqual((1, "ERR denied by dana"), (one, text[:18]))
        self.assertNotIn((1, "SHOUT first"), self.server.heard)

    def test_idle(self):
        """A stream on which nothing happens is told, by the plugin's timer."""
        peer, stream = self.client()
        peer.sendall(frame(5, "SAY hello"))
        self.assertEqual((5, "SAY HELLO"), read_frame(stream))
        self.assertEqual((5, "IDLE"), read_frame(stream))

    def test_gone(self):
        """Nothing runs for who has gone: his pending request is not carried out when it is approved."""
        peer, _ = self.client()
        peer.sendall(frame(1, "SHOUT nobody"))
        pending = self.gate.wait_approval("SHOUT nobody")
        peer.shutdown(socket.SHUT_RDWR)
        process.until(lambda: self.gate.run("sessions", "--limit", "0")[-1]["reason"], "the session's end")
        self.gate.run("approve", pending["id"], as_user="dana")
        self.assertNotIn((1, "SHOUT nobody"), self.server.heard)


if __name__ == "__main__":
    tap.main()
