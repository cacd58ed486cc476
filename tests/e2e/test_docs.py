"""The documents tell the truth: every command that one shows is run here, or by what ELSEWHERE names; every option is
in a program's help; every command of ours is in OPERATIONS.md; links and paths lead somewhere.

A command is a line of a fenced `sh` block, a `$ ` line of another, a line of an indented block or a piece of inline code
that begins with one of PROGRAMS. It is known by its text with single spaces and without comments."""

import collections
import functools
import glob
import json
import os
import pty
import re
import shlex
import signal
import subprocess
import tempfile
import unittest

import cluster as clusters
import process
import tap
import world

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BIN = os.path.abspath(os.environ.get("SALLYPORT_BIN", "sallyport"))
BUILD = os.path.dirname(os.path.dirname(BIN))
PROGRAMS = (r"(sallyport |\./check\b|\./quickstart\b|(tools|bench)/\w+/?\S* |meson |ninja |psql |pgbench |cc |cd |sysctl |"
            r"ulimit |\w+_bench$)")

Step = collections.namedtuple("Step", "command shows code how", defaults=(0, "run"))

# In this order, in one folder, before one cluster. `how` names a method of Documented.
STEPS = [
    Step("sysctl kernel.io_uring_disabled", r"io_uring_disabled = [01]\b|No such file", None),
    Step("ulimit -l", r"^\d+|unlimited"),
    Step("ulimit -n", r"^\d+|unlimited"),
    Step("sallyport init --help", r"--target-address TEXT"),
    Step("sallyport init --dir /etc/sallyport", r"fingerprint \(SHA-256\) is\s+(\w\w:){31}\w\w\s", how="answer"),
    Step("sallyport --config /etc/sallyport/sallyport.toml check", r"sallyport\.toml is good"),
    Step("sallyport --config /etc/sallyport/sallyport.toml serve", r"listening at 127\.0\.0\.1:\d+", how="serve"),
    Step("sallyport status", r"log +good"),
    Step("sallyport targets", r"shop +postgresql"),
    Step("sallyport targets --test shop --as agent", r"(?s)✓ login.*✓ mask.*host +shop +app .*reject"),
    Step('psql "postgresql://agent,shop@gate:5432/?sslmode=verify-full&sslrootcert=ca.crt"', "paused by rule", how="pause"),
    Step("sallyport approvals", r"pending +agent +shop +destructive-sql .* drop table orders"),
    Step("sallyport approvals ID", r"(?s)pending.*runs +drop table orders"),
    Step('sallyport approve 3CMV9 --as dana --reason "agreed in the change meeting"', r"\w{5}  approved"),
    Step("sallyport approve ID --as NAME", r"\w{5}  approved", how="decide"),
    Step("sallyport deny ID --as NAME", r"\w{5}  denied", how="decide"),
    Step("sallyport sessions", r"agent +shop +main +\d+ +0 +1 "),
    Step("sallyport show 0.17", r"(?s)login +accepted.*drop table orders.*DROP TABLE", how="finish"),
    Step("sallyport replay 0.17", r"(?s)> select name, email.*a\*+@e\*+\.com.*> drop table orders"),
    Step("sallyport tail -f", r"request +allow rule=reading", -signal.SIGINT, how="follow"),
    Step("sallyport sessions --live", r"agent +shop +main +shop +127\.0\.0\.1:", how="live"),
    Step("sallyport kill 0.17", r"session \d+\.\d+ is ended"),
    Step("sallyport explain --as agent --target shop 'DROP TABLE t'", r'approve, by rule "destructive-sql"'),
    Step("sallyport check --cases cases.toml", r"^3 cases, all as expected"),
    Step("sallyport user hash", r"^SCRAM-SHA-256\$4096:"),
    Step("sallyport plugin list", r"(?s)^postgresql .*sha256  [0-9a-f]{64}.*sql/destructive"),
    Step("sallyport reload", r"policy version \d+ is in force"),
    Step("sallyport log verify", r"^whole "),
    Step("sallyport log key", r"^[0-9a-f]{64}$"),
    Step("sallyport log head", r"^splog-head 1 ", how="keep"),
    Step("sallyport log verify --head FILE", r"^whole "),
    Step("sallyport plugin new NAME", r"toy holds a plugin that works"),
    Step("cc -std=c11 -O2 -fPIC -shared -fvisibility=hidden -I NAME -o NAME.so NAME/*.c", r"^$"),
    Step("sallyport plugin check ./NAME.so --transcripts NAME/transcripts", r"5 transcripts, .*: passed"),
]

# What runs elsewhere: the command, the file that runs it, and what must stand there. Beside that, all -D, --suite and
# --native-file options of the command must stand in that file.
ELSEWHERE = [
    (r"\./check( --full)?", ".ci/run", ["./check"]),
    (r"\./check --full", "check", ["--full) full=1"]),
    (r"\./quickstart( --once)?", "tests/e2e/test_docs.py", ['"./quickstart", "--once"']),
    (r"sallyport demo( --once)?", "tests/e2e/test_demo.py", ['"demo", "--once"']),
    (r"tools/install test", "check", ["tools/install build demo test"]),
    (r"meson setup build\S*( .*)?", "check", ['meson setup "$folder"', "build build-clang "]),
    (r"meson setup build && ninja -C build", "check", ["meson setup ", 'ninja -C "$1"']),
    (r"meson test -C build\S*( --suite \w+)?", "check", ["meson test -C "]),
    (r"build-fuzz/tests/fuzz/\w+_fuzz found/ tests/fuzz/corpus/\w+", "tests/fuzz/meson.build", ["'found' / name, corpus]"]),
    (r"build-fuzz/tests/fuzz/\w+_replay tests/fuzz/corpus/\w+", "tests/fuzz/meson.build", ["args: corpus, suite: 'unit'"]),
    (r"sallyport check --detectors", "tests/e2e/test_masks.py", ['run("check", "--detectors")']),
    (r"sallyport log (export --session \S+|verify) --proof .*", "tests/e2e/test_proof.py", ['"export", "--session"', '"--proof"', '"--key"']),
    (r"sallyport log export --session \S+ --(jsonl|asciicast|ocsf).*", "tests/e2e/test_export.py",
     ['"--jsonl"', '"--asciicast"', '"--ocsf"', '"--output"']),
    (r"sallyport search --.*", "tests/e2e/test_search.py", ['"--object"', '"--entity"', '"--field"', '"--since"', '"--verb"']),
    (r"sallyport log key --rotate", "tests/e2e/test_log_key.py", ['"--rotate"']),
    (r"sallyport log erase --before .*", "tests/e2e/test_erase.py", ['"erase", "--before"', '"--dry-run"']),
    (r"sallyport log (accept --reason TEXT|verify --witness( FILE)?)", "tests/e2e/test_witness.py", ['"accept", "--reason"', '"verify", "--witness"']),
    (r"sallyport log seal-key( --out \S+)?", "tests/e2e/test_seal.py", ['"seal-key", "--out"']),
    (r"sallyport login --on-behalf-of( NAME)?", "tests/e2e/test_login.py", ['"--on-behalf-of"']),
    (r'psql "user=orders-db sslcert=.*', "tests/e2e/test_certificates.py", ["sslcert"]),
    (r"sallyport explain --json", "tests/e2e/test_approval.py", ['"explain"']),
    (r"sallyport report masks( --since \w+)?", "tests/e2e/test_masks.py", ['"report", "masks"', '"--since"']),
    (r"sallyport canary( \[?--target NAME\]?| --unlock \w+)?", "tests/e2e/test_canary.py", ['"--target"', '"--unlock"']),
    (r"(cc .* -o plugins/redis\.so .*|sallyport plugin check plugins/redis\.so .*)", "tests/e2e/test_plugins.py", ['"cc -std=c11", "sallyport plugin check"']),
    (r"(redis-cli -p 6379 .*|sallyport explain --group agents --target cache .*)", "tests/e2e/test_plugins.py",
     ['documented("redis-cli")', 'documented("sallyport explain")']),
    (r"sallyport plugin (check|record)\b.*", "tests/e2e/test_record.py", ['"plugin"', '"record"', '"--transcripts"']),
    (r"sallyport login( --gateway https://gate:8420 --ca ca.crt)?", "tests/e2e/login_case.py", ['"login", "--gateway", self.url, "--ca", self.ca']),
    (r"sallyport (kill (SID|--identity( NAME --reason TEXT)?)|allow NAME|lockdown (--reason TEXT|--lift))", "tests/e2e/test_tickets.py",
     ['"kill", "--identity"', '"allow"', '"lockdown", "--reason"', '"lockdown", "--lift"']),
    (r"sallyport (revoke ID|approvals (ID --reveal|--mine --json)|plan( FILE --target \w+)?)( --as NAME)?", "tests/e2e/test_approval_terms.py",
     ['"revoke"', '"--reveal"', '"--mine"', '"plan"']),
    (r"sallyport status --json", "tests/e2e/test_approval_terms.py", ['"status"']),
    (r"sallyport targets --test", "tests/e2e/test_docs.py", ['Step("sallyport targets --test shop']),
    (r"sallyport (request orders-db .*|grants( revoke \S+)?)", "tests/e2e/test_grants.py", ['"request", target, "--for"', '"grants", "revoke"']),
    (r"sallyport (approvals|(approve|deny) ID) --gateway URL", "tests/e2e/test_grants.py", ['run("approve", one', 'run("approvals", one)', '"SALLYPORT_GATEWAY"']),
    (r"sallyport explain", "tests/e2e/test_http.py", ['"explain", "--group"']),
    (r"sallyport demo --oidc", "tests/e2e/test_demo.py", ['"--oidc"']),
    (r"sallyport kill --identity NAME", "tests/e2e/test_grants.py", ['"kill", "--identity"']),
    (r"psql service=shop", "tests/e2e/test_login.py", ["psql service=shop"]),
    (r"sallyport (whoami|tickets( revoke ID)?)", "tests/e2e/test_login.py", ['"whoami"', '"tickets", "revoke"']),
    (r'(curl|export PGUSER=|printf .* curl|psql "postgresql://gate:5432/) ?.*', "tests/e2e/test_login.py", ['"## Logging in with tickets', "self.shell(f"]),
    # Figures are taken by hand, on a quiet machine; what they are taken with is there.
    (r"(build-release/bench/micro/)?\w+_bench( --benchmark_.*)?", "bench/micro/meson.build", []),
    (r"ninja -C build-release bench/micro/NAME", "bench/micro/meson.build", []),
    (r"bench/load/load\.py .*", "bench/load/load.py", ['"--binary"', '"--plugins"', '"--mask"']),
    (r"bench/load/tunnel\.py .*", "bench/load/tunnel.py", ['"--binary"']),
    (r"bench/load/web\.py .*", "bench/load/web.py", ['"--binary"', '"--plugins"', '"--rounds"']),
    (r"bench/load/login\.py .*", "bench/load/login.py", ['"--binary"', '"--plugins"', '"--rounds"']),
]

# An installation of ours has other names than the documents' examples.
def substitutes(at):
    return [("/etc/sallyport", at.gate), ("agent,shop@gate:5432", f"agent,shop@localhost:{at.port}"),
            ("sslrootcert=ca.crt", f"sslrootcert={at.gate}/tls/ca.crt"), (r"\b0\.17\b", at.sid),
            (r"\b(ID|3CMV9)\b", at.approval), (r"--as (NAME|dana)\b", "--as approver"), (r"\bFILE\b", "head"),
            (r"\bNAME\b", "toy")]


def documents():
    names = glob.glob("**/*.md", root_dir=ROOT, recursive=True)
    return [name for name in sorted(names) if not re.match(r"build|node_modules", name)]


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def lines(text):
    """(line number, kind, line) with continued lines joined; kind: sh, other (fenced), indented, text."""
    kind, held, start = "text", "", 0
    for number, line in enumerate(text.split("\n"), 1):
        if not held and (fence := re.match(r"```(\w*)", line)):
            kind = "text" if kind != "text" else "sh" if fence[1] in ("sh", "bash", "console") else "other"
            continue
        start, held = (start, held + " " + line.strip()) if held else (number, line)
        if held.endswith("\\"):
            held = held[:-1]
            continue
        if kind == "text" and held.count("`") % 2 and line:
            continue  # inline code that goes on in the next line
        yield start, "indented" if kind == "text" and re.match(r"    ", held) else kind, held
        held = ""


def normal(command):
    """Single spaces, without prompt, comment and what is left of a wrapped line."""
    return " ".join(re.sub(r"(^|\s)# .*", "", command.strip().removeprefix("$ ")).split())


def commands():
    """(document, line number, command) of all documents."""
    for name in documents():
        for number, kind, line in lines(read(name)):
            found = []
            if kind == "sh" or kind == "other" and line.startswith("$ "):
                found = [line]
            elif kind == "indented" and re.match(PROGRAMS, line.strip()):
                found = [line]
            elif kind == "text":
                found = [code for code in re.findall(r"`([^`]+)`", line) if re.match(PROGRAMS, code)]
            yield from ((name, number, normal(one)) for one in found if normal(one))


@functools.cache
def helps():
    """The help of each command, by its words."""
    def walk(*words):
        text = subprocess.run([BIN, *words, "--help"], capture_output=True, text=True, check=True).stdout
        yield words, text
        for name in re.findall(r"^  ([a-z][a-z-]*) ", text.partition("Subcommands:")[2], re.M):
            yield from walk(*words, name)

    return dict(walk())


class Documented(unittest.TestCase):
    """One installation, made and used as the documents say."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = world.cluster()
        folder = tempfile.TemporaryDirectory(prefix="sallyport-e2e-docs-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder, cls.gate, cls.port = folder.name, folder.name + "/gate", process.free_port()
        cls.sid = cls.approval = "none"
        cls.cluster.sql("CREATE TABLE orders(id int); ALTER TABLE orders OWNER TO app; DELETE FROM customers;"
                        "INSERT INTO customers VALUES (1, 'Ann', 'ann.smith@example.com', 10)", database="shop")
        cls.block = re.search(r"```\n(\$ psql.*?)```", read("README.md"), re.S)[1]
        with open(cls.folder + "/cases.toml", "w") as file:
            file.write(re.search(r"```toml\n(\[\[case\]\].*?)```", read("config/config.md"), re.S)[1])
        with open(cls.folder + "/serve.out", "w"):
            pass

    @classmethod
    def secret(cls, who):
        with open(f"{cls.gate}/secrets/{who}.txt") as file:
            return file.read().strip()

    def environment(self, command):
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "SALLYPORT_"))}
        kept |= {"PATH": os.path.dirname(BIN) + ":" + kept.get("PATH", "") + ":/usr/sbin:/sbin", "LC_ALL": "C.UTF-8",
                 "SALLYPORT_CONFIG": self.gate + "/sallyport.toml", "PSQLRC": "/dev/null", "PAGER": "cat"}
        if os.path.exists(self.gate + "/secrets"):
            kept |= {"SALLYPORT_SECRET": self.secret("agent" if "--as agent" in command else "approver"),
                     "PGPASSWORD": self.secret("agent")}
        return kept

    def start(self, command, **streams):
        """The documented command, here, as a process; words of the shell are the shell's."""
        for old, new in substitutes(self):
            command = re.sub(old, lambda _: new, command)
        prefix = "" if command.startswith("ulimit") else "exec "
        child = process.start(["sh", "-c", prefix + command], cwd=self.folder, env=self.environment(command), text=True,
                              **streams)
        self.addCleanup(lambda: process.stop(child, signal.SIGKILL))
        return child

    def holds(self, step, code, out):
        if step.code is not None:
            self.assertEqual(step.code, code, f"{step.command}\n{out}")
        self.assertRegex(out.strip(), re.compile(step.shows, re.M), step.command)

    def run_step(self, step):
        child = self.start(step.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        out = child.communicate("a secret\n", timeout=180)[0]
        self.holds(step, child.returncode, out)
        return out

    def answer(self, step):
        """Answers its three questions at a terminal, and uses a line that it prints."""
        answers = [f"postgresql://app@127.0.0.1:{self.cluster.port}/shop", clusters.PASSWORD, f"127.0.0.1:{self.port}"]
        here, there = pty.openpty()
        child = self.start(step.command, stdin=there, stdout=there, stderr=there)
        os.close(there)
        out = ""
        try:
            while chunk := os.read(here, 4096).decode():
                out += chunk
                if answers and out.rstrip(" ").endswith(("DATABASE:", "there:", "]", "]:")):
                    os.write(here, (answers.pop(0) + "\n").encode())
        except OSError:  # Linux: EIO when the other end is closed
            pass
        os.close(here)
        child.wait()
        self.assertEqual([], answers, out)
        self.assertNotIn(clusters.PASSWORD, out)
        self.holds(step, child.returncode, out.replace("\r", ""))

    def serve(self, step):
        self.assertIn("is the gateway running", self.unreachable().stderr)
        self.assertEqual(3, self.unreachable().returncode)
        with open(self.folder + "/serve.out", "a") as out:
            gate = self.start(step.command, stdout=out, stderr=out)
        process.until(lambda: process.answers(self.port) and os.path.exists(self.gate + "/state/admin.sock") or
                      gate.poll() is not None, "the gateway")
        with open(self.folder + "/serve.out") as said:
            self.assertRegex(said.read(), step.shows)
        self.gateway = gate
        with open(f"/proc/{gate.pid}/maps") as maps:  # the default ring folder outlives the gateway
            for folder in set(re.findall(r"(/dev/shm/sallyport-[\w-]+)/", maps.read())):
                self.addClassCleanup(world.shutil.rmtree, folder, True)

    def unreachable(self):
        return subprocess.run([BIN, "status"], capture_output=True, text=True, env=self.environment(""))

    def statement(self, sql):
        """psql as README shows it, with `sql` typed in; it goes on alone."""
        child = self.start(next(step.command for step in STEPS if step.how == "pause"), stdin=subprocess.PIPE,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        child.stdin.write(sql)
        child.stdin.flush()
        return child

    def ask(self, *words):
        done = subprocess.run([BIN, *words, "--json"], capture_output=True, text=True, timeout=180,
                              stdin=subprocess.DEVNULL, env=self.environment(" ".join(words)))
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()] if words[0] in ("show", "replay", "tail") and \
            not done.stdout.startswith("[") else json.loads(done.stdout)

    def pause(self, step):
        self.paused = self.statement("\n".join(re.findall(r"^shop=> (.*)", self.block, re.M)) + "\n")
        self.approval = process.until(lambda: self.ask("approvals"), step.shows)[0]["id"]

    def decide(self, step):
        asks = self.statement("drop table effects;\n")
        self.approval = process.until(lambda: self.ask("approvals"), step.command)[0]["id"]
        self.run_step(step)
        said = asks.communicate(timeout=180)[0]
        self.assertIn("denied" if "deny" in step.command else "DROP TABLE", said)
        if "approve" in step.command:
            self.cluster.sql("CREATE TABLE effects(id int); ALTER TABLE effects OWNER TO app", database="shop")

    def finish(self, step):
        """The paused session ends, and has said what README shows."""
        said = self.paused.communicate(timeout=180)[0]
        for line in re.sub(r"^(\$|shop=>).*", "", self.block, flags=re.M).split("\n"):
            self.assertIn(line.replace("3CMV9", re.search(r"approval=(\w+)|$", said)[1] or ""), said)
        mine = [one for one in self.ask("sessions") if one.get("denied") == 0 and one.get("requests", 0) >= 2 and
                one["paused"]]
        self.assertTrue(mine, self.ask("sessions"))
        self.sid = mine[0]["sid"]
        self.run_step(step)

    def follow(self, step):
        with open(self.folder + "/tail", "w+") as out:
            child = self.start(step.command, stdout=out, stderr=out)
            self.statement("select 1;\n").communicate(timeout=180)
            process.until(lambda: re.search(step.shows, read(out.name)) or child.poll() is not None, step.command)
            self.holds(step, process.stop(child, signal.SIGINT), read(out.name))

    def live(self, step):
        self.statement("select 1;\n")
        self.sid = process.until(lambda: self.ask("sessions", "--live"), "a live session")[0]["sid"]
        self.run_step(step)

    def keep(self, step):
        with open(self.folder + "/head", "w") as file:
            file.write(self.run_step(step))

    def test_commands(self):
        """every command of the documents does what they say, in their order"""
        for step in STEPS:
            getattr(self, "run_step" if step.how == "run" else step.how)(step)
        for words in ("status", "sessions", "sessions --live", "approvals --all", "explain --as agent --target shop SELECT",
                      "check", "targets", "plugin list", "log verify", "log head", "log key", "reload", "tail"):
            self.assertIsNotNone(self.ask(*words.split()), words)
        for code, words, said in ((1, "show 7.7777", "no session 7.7777"), (1, "kill 7.7777", "no live session"),
                                  (2, "nonsense", 'no command "nonsense"'), (2, "show", "SID is required"),
                                  (2, "show seven", '"seven" is no session'), (2, "status --nonsense", "--nonsense")):
            done = subprocess.run([BIN, *words.split()], capture_output=True, text=True, env=self.environment(""))
            self.assertEqual(code, done.returncode, f"{words}: {done.stdout}{done.stderr}")
            self.assertIn(said, done.stderr, words)
        self.assertEqual(0, process.stop(self.gateway, signal.SIGTERM))


class Quickstart(unittest.TestCase):
    def test_once(self):
        """./quickstart --once proves each step, in the build folder that is there"""
        if not os.path.exists(BUILD + "/build.ninja"):
            self.skipTest("the program stands in no build folder")
        world.cluster()  # or there is nothing to demonstrate with
        done = subprocess.run(["./quickstart", "--once"], cwd=ROOT, env=os.environ | {"BUILD_DIR": BUILD}, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900)
        self.assertEqual(0, done.returncode, done.stdout)
        self.assertIn("steps proven", done.stdout)


class Documents(unittest.TestCase):
    def each(self, problems):
        problems = sorted(set(problems))
        self.assertEqual([], problems, "\n" + "\n".join(problems))

    def test_covered(self):
        """each command of the documents is run by something, and nothing else is listed"""
        run, shown = {step.command for step in STEPS}, {command for _, _, command in commands()}
        elsewhere = lambda command: any(re.fullmatch(pattern, command) for pattern, _, _ in ELSEWHERE)
        self.each([f"{name}:{number}: nothing runs: {command}" for name, number, command in commands()
                   if command not in run and not elsewhere(command)])
        self.each([f"no document shows: {command}" for command in run - shown])
        self.each([f"no document shows: {pattern}" for pattern, _, _ in ELSEWHERE
                   if not any(re.fullmatch(pattern, command) for command in shown)])

    def test_elsewhere(self):
        """what is said to run elsewhere stands there, with its options"""
        problems = []
        for pattern, place, needed in ELSEWHERE:
            text = read(place)
            for name, number, command in commands():
                if not re.fullmatch(pattern, command):
                    continue
                wanted = needed + re.findall(r"(?:-D|--native-file |--suite )\S+", command)
                wanted += [f"executable('{one}'" for one in re.findall(r"\w+_bench", command)]
                wanted += re.findall(r" (--[a-z-]+)", command) if " record " in command else []
                problems += [f"{name}:{number}: {place} does not hold {one}: {command}" for one in wanted if one not in text]
        self.each(problems)

    def test_options(self):
        """each option of ours that a document names is in that program's help"""
        own = "".join(helps().values()) + read("check") + read("quickstart") + read("bench/load/load.py")
        problems = []
        for name, number, command in commands():
            if command.startswith("sallyport "):
                words = [word for word in re.sub(r"--config \S+", "", command).split()[1:]]
                known = max((path for path in helps() if tuple(words[:len(path)]) == path), key=len)
                text = helps()[known] + helps()[()]
                problems += [f"{name}:{number}: no {one} in its help: {command}" for one in shlex.split(command)
                             if one.startswith("-") and not re.search(rf"(^|[\s,]){one}\b", text)]
        for name in documents():
            for number, kind, line in lines(read(name)):
                for one in re.findall(r"`(--[a-z-]+)", line) if kind == "text" else ():
                    if one not in own and one != "--native-file":
                        problems.append(f"{name}:{number}: no program of ours knows {one}")
                for one in re.findall(r"`(-D\w+=[^`]+)`", line):
                    if one not in read("check"):
                        problems.append(f"{name}:{number}: ./check builds nothing with {one}")
        self.each(problems)

    def test_operations(self):
        """OPERATIONS.md names each command of `sallyport --help`"""
        text = read("docs/OPERATIONS.md")
        groups = {words[:-1] for words in helps()}  # `log` alone does nothing; `log verify` does
        wanted = {" ".join(words) for words in helps() if words not in groups}
        wanted -= {"plugin new", "plugin check", "plugin record"}  # for authors: plugins/plugin.md
        self.each([f"docs/OPERATIONS.md does not name sallyport {words}" for words in wanted
                   if not re.search(rf"^[^\n]*sallyport (--config \S+ )?{words}\b", text, re.M)])

    def test_links(self):
        """links and paths in the documents lead somewhere"""
        tops = "|".join(one for one in os.listdir(ROOT) if os.path.isdir(os.path.join(ROOT, one)) and one.isalpha() and
                        not one.startswith("build"))
        problems = []
        for name in documents():
            text, folder = read(name), os.path.dirname(name)
            for link in re.findall(r"\]\(([^)#\s]+)", text):
                if "://" not in link and not os.path.exists(os.path.join(ROOT, folder, link)):
                    problems.append(f"{name}: dead link {link}")
            for path in re.findall(rf"`((?:{tops})/[\w./*-]+)`", text):
                if not re.search(r"\bNAME\b", path) and not glob.glob(os.path.join(ROOT, path)):
                    problems.append(f"{name}: no {path}")
        self.each(problems)


if __name__ == "__main__":
    tap.main()
