"""`sallyport login` against a certified provider (npm's oidc-provider): every flow ends in a psql with the line that it
printed. What it writes, renews and never shows; tickets, whoami; and the same without our software, by curl."""

import json
import os
import pty
import re
import signal
import stat
import subprocess

import oidc_provider
import process
import tap
from login_case import SECRET, TICKET, TICKET_ID, Case
from oidc_provider import Person

DOCUMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "OPERATIONS.md")


class Flows(Case):
    """Each way to a ticket."""

    def opened(self, identity):
        """The newest session's login, which must be `identity`'s, by ticket."""
        session, login = self.login_facts()
        self.assertEqual((identity, "ticket", "accepted"), (session["identity"], login["proof"], login["outcome"]))
        return login

    def test_machine(self):
        """client credentials: the secret from a file or the environment, proven in either way of RFC 6749"""
        basic = oidc_provider.MACHINE | {"token_endpoint_auth_method": "client_secret_basic", "client_secret": "50% + a:word&"}
        self.provider.set(clients={"robot-8": basic | {"claims": {"groups": ["agents"]}}})
        path = self.write("secret", SECRET + "\n")
        said = self.machine("--client-secret-file", path, env={}).stdout
        self.assertEqual("in", self.run_line(said))
        self.opened("corp:agent-7@example.com")
        said = self.login("--client-id", "robot-8", env={"SALLYPORT_CLIENT_SECRET": "50% + a:word&"}).stdout
        self.assertIn("Logged in as corp:robot-8 until", said)
        self.assertEqual("in", self.run_line(said))
        self.opened("corp:robot-8")

    def test_secret_file(self):
        """a secret that others may read is not taken"""
        path = self.write("secret", SECRET)
        os.chmod(path, 0o644)
        self.assertIn("chmod 0600", self.machine("--client-secret-file", path, env={}, code=1).stderr)
        self.assertIn("needs the client's secret", self.machine(env={}, code=1).stderr)

    def test_device(self):
        """device code: waits while it is pending, asks less often when told to slow down"""
        self.provider.devices(interval=1)
        child = self.begin(wait=r"or +http\S+")  # no display here: the device flow is what fits
        process.until(lambda: self.provider.counts()["token"] >= 1, "a first question")
        self.provider.fault("token", "refuse", error="slow_down", times=1)
        process.until(lambda: self.provider.counts()["token"] >= 2, "a second question")
        Person(self.provider, "ann").enter(re.search(r"or +(http\S+)", self.said())[1])
        said = self.ends(child)
        self.assertRegex(said, r"(?s)Open +http\S+/device\n +Enter +\S{4}-\S{4}\n.*Logged in as corp:ann@example.com")
        self.assertEqual("in", self.run_line(said))
        self.assertEqual("ann", self.opened("corp:ann@example.com")["subject"])

    def test_browser(self):
        """authorization code and PKCE: the browser comes back to this machine"""
        child = self.begin("--flow", "browser", "--no-browser", wait=r"Open +http\S+")
        url = re.search(r"Open +(http\S+)", self.said())[1]
        self.assertRegex(url, r"code_challenge=[\w-]{43}&code_challenge_method=S256")
        person = Person(self.provider, "ann")
        page = person.step(person.visit(url))[1]
        self.assertIn("You can close this window", page)
        said = self.ends(child)
        self.assertEqual("in", self.run_line(said))
        self.opened("corp:ann@example.com")

    def test_opened_browser(self):
        """with a display the browser is opened, and nothing that matters stands in its argv"""
        os.mkdir(self.home + "/bin")
        self.write("bin/xdg-open", f'#!/bin/sh\necho "$@" > {self.home}/opened.new\nmv {self.home}/opened.new {self.home}/opened\n', 0o700)
        child = self.begin(wait="Your browser opens", env={"DISPLAY": ":7", "PATH": self.home + "/bin:" + os.environ["PATH"]})
        process.until(lambda: os.path.exists(self.home + "/opened"), "xdg-open")
        with open(self.home + "/opened") as file:
            url = file.read().strip()
        self.assertRegex(url, r"^http://127\.0\.0\.1:\d+/start/[\w-]{43}$")
        person = Person(self.provider, "ann")
        onward, _ = person.step(url)
        self.assertTrue(onward.startswith(self.provider.issuer + "/auth?"), onward)
        person.step(person.visit(onward))
        self.assertEqual("in", self.run_line(self.ends(child)))

    def test_token(self):
        """a CI job's token on standard input, or in a file"""
        token = self.provider.token()
        self.assertEqual("in", self.run_line(self.login("--flow", "token", text=token + "\n").stdout))
        self.opened("corp:agent-7@example.com")
        path = self.write("token", token, 0o644)
        self.assertEqual("in", self.run_line(self.login("--token-file", path).stdout))
        for text, why in (("", "holds no token"), ("not a token", "the gateway gives no ticket: invalid_grant"),
                          (self.provider.token(aud="billing"), "the gateway gives no ticket: invalid_grant"),
                          ("a" * 20000, "16 KiB")):
            said = self.login("--flow", "token", text=text, code=1).stderr
            self.assertIn(why, said)
            if len(text) > 20:
                self.assertNotIn(text[:40], said)

    def test_on_behalf(self):
        """an agent says for whom it asks, where the config lets it; that person stands on the record"""
        self.assertEqual("in", self.run_line(self.machine("--on-behalf-of", "corp:bob").stdout))
        self.assertEqual("corp:bob", self.gate.newest_login()["on_behalf_of"])
        self.assertIn("corp:eve", self.machine("--on-behalf-of", "corp:eve", code=1).stderr)

    def test_wishes(self):
        """a ticket for one target and for a time; a target that is none of the caller's"""
        said = json.loads(self.machine("--target", "raw", "--for", "90s", "--json").stdout)
        self.assertEqual([("raw", self.raw_port)], [(one["name"], one["port"]) for one in said["targets"]], "its own listener")
        env = {"PGPASSWORD": said["ticket"]}
        self.assertEqual("in", self.shell(f"psql '{said['targets'][0]['url']}' -XtAc \"SELECT 'in'\"", **env))
        other = said["targets"][0]["url"].replace(f",raw@127.0.0.1:{self.raw_port}", f",shop@127.0.0.1:{self.gate.port}").partition("&passfile")[0]
        done = subprocess.run(["psql", "-Xw", other], env=self.home_environment(**env), capture_output=True, text=True, timeout=60)
        self.assertEqual(2, done.returncode)
        ticket = next(one for one in self.ask("tickets", "--json") if one["id"] == said["id"])
        self.assertAlmostEqual(90e9, ticket["expires_ns"] - ticket["created_ns"], delta=1e9)
        self.assertIn("nowhere", self.machine("--target", "nowhere", code=1).stderr)


class Files(Case):
    """What it writes, and shows."""

    def test_state(self):
        """what is kept is for its owner alone, in a folder of its own; a folder that others may write to is not used"""
        self.machine()
        self.assertEqual(0o700, stat.S_IMODE(os.stat(self.state).st_mode))
        for name in ("logins.json", "pgpass"):
            self.assertRegex(self.private(f"{self.state}/{name}"), TICKET)
        self.machine(env={"SALLYPORT_CLIENT_SECRET": SECRET, "XDG_STATE_HOME": self.home + "/elsewhere"})
        self.private("elsewhere/sallyport/logins.json")
        os.chmod(self.state, 0o777)
        self.assertIn("chmod 0700", self.machine(code=1).stderr)

    def test_pgpass(self):
        """~/.pgpass: other lines stay, the older ticket's line is replaced where it stands, links lead on"""
        os.mkdir(self.home + "/dotfiles")
        kept = ["# mine", "db:5432:*:me:word", ""]
        self.write("dotfiles/pgpass", "\n".join(kept), 0o644)
        os.symlink("dotfiles/pgpass", self.home + "/.pgpass")
        said = self.machine("--write", "pgpass").stdout
        self.assertNotIn("passfile", said)
        self.assertEqual("in", self.run_line(said))
        first = self.private("dotfiles/pgpass")
        self.write("dotfiles/pgpass", first + "after:5432:*:me:word\n")
        self.machine("--write", "pgpass")
        second = self.private("dotfiles/pgpass").split("\n")
        self.assertTrue(os.path.islink(self.home + "/.pgpass"))
        ours = re.compile(rf"127\.0\.0\.1:({self.gate.port}:\*:{TICKET_ID},shop|{self.raw_port}:\*:{TICKET_ID},raw):{TICKET}")
        self.assertEqual(["# mine", "db:5432:*:me:word", "ours", "ours", "after:5432:*:me:word", ""],
                         ["ours" if ours.fullmatch(line) else line for line in second])
        self.assertNotEqual(first.split("\n")[2:4], second[2:4])

    def test_service(self):
        """~/.pg_service.conf: one name to connect by, whatever the ticket; a section of somebody else's stays"""
        self.write(".pg_service.conf", "[mine]\nhost=elsewhere\n")
        for _ in range(2):
            said = self.machine("--write", "service").stdout
            self.assertEqual("in", self.run_line(said))
        text = self.private(".pg_service.conf")
        self.assertTrue(text.startswith("[mine]\nhost=elsewhere\n\n[shop]\n"), text)
        self.assertEqual(["[mine]", "[shop]", "[raw]"], re.findall(r"^\[.*", text, re.M))
        self.assertEqual(2, len(re.findall("^password=", text, re.M)))
        self.write(".pg_service.conf", "[shop]\nhost=elsewhere\n")
        self.assertIn("--service-prefix", self.machine("--write", "service", code=1).stderr)
        self.assertEqual("[shop]\nhost=elsewhere\n", self.private(".pg_service.conf"))
        said = self.machine("--write", "service", "--service-prefix", "gate-").stdout
        self.assertIn("service=gate-shop", said)
        self.assertEqual("in", self.run_line(said))

    def test_env(self):
        """--env: a shell that takes its lines is ready, for our own commands too"""
        path = self.write("secret", SECRET)
        login = " ".join(self.words("--flow", "client-credentials", "--client-id", "agent-7", "--client-secret-file", path, "--target", "raw", "--env"))
        self.assertEqual("in", self.shell(f'eval "$({login})" && psql -XtAc "SELECT \'in\'"'))
        self.assertIn("corp:agent-7@example.com", self.shell(f'eval "$({login})" && rm -r {self.state} && sallyport whoami --ca {self.ca}'))
        self.assertIn("--target NAME, one of shop, raw", self.machine("--env", code=1).stderr)

    def test_json(self):
        """--json has all of it"""
        said = json.loads(self.machine("--json", "--write", "pgpass").stdout)
        self.assertRegex(said["ticket"], f"^{TICKET}$")
        self.assertEqual(said["id"], said["ticket"][:14])
        self.assertEqual([self.home + "/.pgpass"], said["written"])
        shop = next(one for one in said["targets"] if one["name"] == "shop")
        wanted = {"login": "app", "protocol": "postgresql", "host": "127.0.0.1", "port": self.gate.port, "user": said["id"] + ",shop",
                  "database": "shop", "sslmode": "verify-full", "sslrootcert": self.ca}
        self.assertEqual(wanted, {key: shop[key] for key in wanted})

    def terminal(self, *args):
        """The command at a terminal; its status and what stood there."""
        here, there = pty.openpty()
        child = process.start(self.words("--flow", "client-credentials", "--client-id", "agent-7", *args), stdin=there, stdout=there,
                              stderr=there, env=self.home_environment(SALLYPORT_CLIENT_SECRET=SECRET))
        os.close(there)
        out = b""
        try:
            while chunk := os.read(here, 4096):
                out += chunk
        except OSError:  # Linux: EIO when the other end is closed
            pass
        os.close(here)
        return child.wait(60), out.decode()

    def test_terminal(self):
        """on a terminal no ticket is shown but by --show"""
        for args, code, shown in (((), 0, False), (("--json",), 0, False), (("--env", "--target", "shop"), 1, False),
                                  (("--show",), 0, True), (("--json", "--show"), 0, True), (("--env", "--target", "shop", "--show"), 0, True)):
            done, said = self.terminal(*args)
            self.assertEqual(code, done, said)
            (self.assertRegex if shown else self.assertNotRegex)(said, TICKET)
        said = self.machine("--show").stdout.replace("passfile", "none")
        os.remove(self.state + "/pgpass")
        self.assertEqual("in", self.run_line(said))

    def aborted(self, command, ready):
        """Whether a program that is told to abort leaves a core."""
        with open(self.home + "/said", "w") as out:
            child = process.start(["sh", "-c", "ulimit -c unlimited && exec " + command], cwd=self.home, stdin=subprocess.DEVNULL,
                                  stdout=out, stderr=out, env=self.home_environment())
        self.addCleanup(process.stop, child, 9)
        process.until(lambda: re.search(ready, self.said()), ready)
        os.kill(child.pid, signal.SIGABRT)
        _, status = os.waitpid(child.pid, 0)
        child.returncode = -signal.SIGABRT
        return os.WCOREDUMP(status)

    def test_dump(self):
        """it leaves no core, where others would"""
        if not self.aborted("sh -c 'echo here; while :; do read x < /dev/zero; done'", "here"):
            self.skipTest("nothing leaves a core on this machine")
        self.assertFalse(self.aborted(" ".join(self.words("--flow", "browser", "--no-browser")), r"Open +http\S+"))


class Keep(Case):
    """--keep renews the ticket in place."""

    def ticket(self):
        found = re.search(TICKET, self.private(".pg_service.conf")) if os.path.exists(self.home + "/.pg_service.conf") else None
        return found and found[0]

    def renewed(self, child, old):
        return process.until(lambda: (child.poll() is not None and self.fail(self.said())) or (self.ticket() not in (None, old) and self.ticket()),
                             "a renewal")

    def keeps(self, *args, wait="renewing it", **more):
        return self.begin("--write", "service", "--keep", "--for", "6s", *args, wait=wait, **more)

    def machine_keeps(self, client="agent-7"):
        return self.keeps("--flow", "client-credentials", "--client-id", client, env={"SALLYPORT_CLIENT_SECRET": SECRET})

    def test_machine(self):
        """a machine's: new tickets under the same service, until stopped"""
        child = self.machine_keeps()
        first = self.ticket()
        second = self.renewed(child, first)
        self.renewed(child, second)
        self.assertEqual("in", self.shell("psql service=shop -XtAc \"SELECT 'in'\""))
        self.assertNotIn(first, self.private(self.state + "/pgpass"))
        child.send_signal(signal.SIGTERM)
        self.ends(child)

    def test_person(self):
        """a person's, by the refresh token that is asked for: by device code and by browser"""
        self.provider.devices(interval=1)
        for flow in ("device", "browser"):
            with self.subTest(flow):
                child = self.keeps("--flow", flow, "--no-browser", wait=r"waiting for")
                person = Person(self.provider, "ann")
                if flow == "device":
                    person.enter(re.search(r"or +(http\S+)", self.said())[1])
                else:
                    person.step(person.visit(re.search(r"Open +(http\S+)", self.said())[1]))
                process.until(lambda: "renewing it" in self.said() or child.poll() is not None, "the first ticket")
                self.renewed(child, self.ticket())
                self.assertEqual("in", self.shell("psql service=shop -XtAc \"SELECT 'in'\""))
                child.send_signal(signal.SIGINT)
                self.assertNotIn("refresh", self.ends(child))

    def test_token_file(self):
        """a token that somebody else renews in its file; one on standard input can be had only once"""
        path = self.write("token", self.provider.token())
        child = self.keeps("--token-file", path)
        self.renewed(child, self.ticket())
        self.assertIn("--token-file", self.login("--flow", "token", "--keep", code=1).stderr)

    def test_outage(self):
        """a provider that is away is asked again while the ticket lives, and afterwards it ends with an error"""
        child = self.machine_keeps()
        first = self.ticket()
        self.provider.fault("token", "drop")
        process.until(lambda: "trying again" in self.said(), "a failed renewal")
        self.provider.fault("token")
        self.renewed(child, first)
        self.provider.fault("token", "status", status=503)
        self.assertIn("cannot be asked", self.ends(child, 3))

    def test_revoked_client(self):
        """a client that the provider knows no more ends at once"""
        child = self.machine_keeps("robot-8")
        self.provider.set(clients={"robot-8": None})
        self.assertIn("invalid_client", self.ends(child, 1))
        self.assertNotIn("trying again", self.said())


class Tickets(Case):
    """What a bearer may ask of the gateway."""

    def test_tickets(self):
        """listed to their bearer, not to others; revoked ones open nothing and end what they opened"""
        said = json.loads(self.machine("--json").stdout)
        mine = [one["id"] for one in self.ask("tickets", "--json")]
        self.assertIn(said["id"], mine)
        self.assertIn("corp:agent-7@example.com", self.ask("whoami"))
        self.assertIn("agents", self.ask("whoami", "--json")["groups"])
        self.assertRegex(self.ask("tickets"), rf"(?m)^{said['id']} +corp:agent-7@example.com +all of its .* in \d+ h")
        other = json.loads(self.machine("--json", client="robot-8").stdout)
        self.assertEqual([other["id"]], [one["id"] for one in self.ask("tickets", "--json") if one["id"] in (said["id"], other["id"])])
        self.assertIn("refuses", self.ask("tickets", "revoke", said["id"], code=1))
        url = next(one for one in other["targets"] if one["name"] == "shop")["url"]
        sleeper = process.start(["psql", "-Xw", url, "-c", "SELECT pg_sleep(600)"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                text=True, env=self.home_environment())
        self.addCleanup(process.stop, sleeper, 9)
        process.until(lambda: [one for one in self.gate.run("sessions", "--live") if one["identity"] == "corp:robot-8"], "the session")
        self.assertIn("is revoked", self.ask("tickets", "revoke", other["id"]))
        self.assertNotEqual(0, sleeper.wait(60))
        sleeper.stderr.close()
        self.assertNotIn(other["ticket"], self.private(self.state + "/pgpass") + self.private(self.state + "/logins.json"))
        done = subprocess.run(["psql", "-Xw", url], capture_output=True, text=True, timeout=60,
                              env=self.home_environment(PGPASSWORD=other["ticket"]))
        self.assertEqual(2, done.returncode)
        self.assertIn("no ticket", self.ask("whoami", "--gateway", self.url, code=1))
        self.assertIn("refuses the ticket", self.ask("whoami", "--gateway", self.url, "--ca", self.ca, code=1, SALLYPORT_TICKET=other["ticket"]))
        self.assertIn("corp:agent-7", self.ask("whoami", "--gateway", self.url, "--ca", self.ca, SALLYPORT_TICKET=said["ticket"]))

    def test_wrong_use(self):
        """no gateway named, no ticket, no id, a gateway that is not there, an authority that did not sign"""
        self.assertIn("which gateway", self.ask("tickets", code=1))
        self.assertIn("--gateway is required", self.ask("login", code=2))
        self.assertIn("no ticket's id", self.ask("tickets", "revoke", "seven", code=2))
        self.assertIn("begin with spt_", self.ask("whoami", "--gateway", self.url, code=1, SALLYPORT_TICKET="word"))
        self.assertIn("https://", self.ask("login", "--gateway", "http://gate.example.com", code=1))
        gone = f"https://127.0.0.1:{process.free_port()}"
        self.assertIn("the gateway cannot be asked", self.ask("login", "--gateway", gone, code=3))
        self.assertIn("certificate", self.ask("login", "--gateway", self.url, code=3))


class Documented(Case):
    def test_curl(self):
        """docs/OPERATIONS.md: the exchange by curl alone, as it stands there"""
        with open(DOCUMENT, encoding="utf-8") as file:
            section = file.read().partition("## Logging in with tickets\n")[2].partition("\n## ")[0]
        block = next(one for one in re.findall(r"```sh\n(.*?)```", section, re.S) if "curl" in one)
        self.write("token", self.provider.token())
        block = block.replace("https://gate:8420", self.url).replace("ca.crt", self.ca).replace("gate:5432", f"127.0.0.1:{self.gate.port}")
        out = self.shell(f"cd {self.home}\nset -e\n{block}")
        self.assertIn("corp:agent-7@example.com", out)
        self.assertRegex(out, r"(?m)^ *1$")
        self.assertNotRegex(out, TICKET)


if __name__ == "__main__":
    tap.main()
