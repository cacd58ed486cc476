"""Roles that are made for a caller: born for its session, owning nothing, gone with it."""

import os
import random
import re
import signal
import subprocess
import threading

import cluster as clusters
import credential_case
import gateway as gateways
import process
import tap
import world
from credential_case import MINTER_PASSWORD, minted
from relay import Relay

FULL = tap.FULL


class Roles(credential_case.Case):
    @classmethod
    def more_targets(cls):
        port = world.cluster().port
        cls.relay = Relay(port)
        cls.addClassCleanup(cls.relay.close)
        return (minted("minted", port) + minted("relayed", cls.relay.port)
                + minted("granted", port, 'grants = ["GRANT SELECT ON public.items TO {role}"]').replace('owner = "app"\n', "")
                + minted("left", port, 'grants = ["GRANT USAGE, CREATE ON SCHEMA left_behind TO {role}"]', lease="2s").replace('owner = "app"\n', "")
                + minted("brief", port, lease="2s") + minted("capped", port, lease="2s", lease_max="6s"))

    def test_attributes(self):
        """a session has a role of its own, which shows whose it is, may nothing but log in, and owns nothing"""
        self.cluster.sql("DROP TABLE IF EXISTS made_here", database="shop")
        out = self.good_psql("SELECT session_user, current_user; CREATE TABLE made_here(id int)", target="minted", user="agent")
        role, current = out.split("|")
        self.assertEqual("app", current)
        self.assertRegex(role, r"^sp_[a-z2-9]{8}_[a-z2-9]{6}_agent_[a-z2-9]{8}$")
        self.assertEqual("t|f|f|f|f|f|-1|{role=app}", self.cluster.sql(
            "SELECT rolcanlogin, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls, rolconnlimit, rolconfig "
            f"FROM pg_roles WHERE rolname = '{role}'"))
        left = float(self.cluster.sql(f"SELECT extract(epoch FROM rolvaliduntil - now()) FROM pg_roles WHERE rolname = '{role}'"))
        self.assertTrue(3000 < left <= 3605, left)
        self.assertEqual("app", self.cluster.sql("SELECT string_agg(g.rolname, ',') FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member "
                                                 f"JOIN pg_roles g ON g.oid = m.roleid WHERE r.rolname = '{role}'"))
        self.assertIn("for agent", self.cluster.sql(f"SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = '{role}'"))
        self.assertEqual("app", self.cluster.sql("SELECT tableowner FROM pg_tables WHERE tablename = 'made_here'", database="shop"))
        self.assertEqual("0", self.cluster.sql(f"SELECT count(*) FROM pg_shdepend JOIN pg_roles r ON r.oid = refobjid WHERE rolname = '{role}' AND deptype = 'o'"))
        login = [one for one in self.gate.records("Login") if one.get("lease") == role]
        self.assertTrue(login, "no record names the role")
        self.assertEqual("postgresql-role", login[0]["credential"])
        self.assertTrue([one for one in self.leases()["leases"] if one["name"] == role and one["identity"] == "agent"])

    def test_reused(self):
        """who reconnects within the lease finds the same role; another identity has another"""
        mine = {self.session_user(target="minted", user="agent") for _ in range(5)}
        self.assertEqual(1, len(mine))
        self.assertNotEqual(mine, {self.session_user(target="minted", user="robot")})
        at_once = []
        children = [self.spawn("SELECT session_user", target="minted", user="erin") for _ in range(10)]
        for child in children:
            at_once.append(child.communicate(timeout=120)[0].strip())
        self.assertEqual(1, len(set(at_once)), at_once)

    def test_grants_by_template(self):
        """without an owner the role has what its templates grant, and no more"""
        self.assertEqual("0", self.good_psql("SELECT count(*) FROM items WHERE false", target="granted"))
        done = self.psql("SELECT 1 FROM customers", target="granted")
        self.assertIn("permission denied", done.stderr)

    def leave_behind(self, target, sql):
        """What a caller makes as its own role, which is gone afterwards; that role's name."""
        role = self.good_psql("SET ROLE NONE; SELECT session_user;" + sql, target=target, user="dana")
        process.until(lambda: role not in self.roles(), "the role's end")
        return role

    def test_left_without_an_owner(self):
        """what a role without an owner leaves behind runs with nobody's rights, least of all of who makes roles"""
        self.addCleanup(self.cluster.sql, "DROP SCHEMA left_behind CASCADE; DROP TABLE pay", database="shop")
        self.cluster.sql("CREATE SCHEMA left_behind; GRANT ALL ON SCHEMA left_behind TO minter WITH GRANT OPTION; "
                         "CREATE TABLE pay(x text); GRANT SELECT ON pay TO minter", database="shop")
        role = self.leave_behind("left", "CREATE VIEW left_behind.pay AS SELECT * FROM public.pay; CREATE TABLE left_behind.own(a int);"
                                 "CREATE FUNCTION left_behind.make() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS "
                                 "$$ BEGIN EXECUTE 'CREATE ROLE evil CREATEROLE'; RETURN current_user; END $$;"
                                 "GRANT SELECT ON left_behind.pay TO PUBLIC")
        kept = "kept_" + role.removeprefix("sp_")
        self.assertEqual(kept + " own\n" + kept + " pay", self.cluster.sql(
            "SELECT pg_get_userbyid(relowner) || ' ' || relname FROM pg_class WHERE relnamespace = 'left_behind'::regnamespace ORDER BY 1",
            database="shop"))
        self.assertEqual("f|f|0", self.cluster.sql(
            f"SELECT rolcanlogin, rolcreaterole, (SELECT count(*) FROM pg_auth_members WHERE member = r.oid) FROM pg_roles r WHERE rolname = '{kept}'"))
        for sql in ("SELECT * FROM left_behind.pay", "SELECT left_behind.make()"):
            self.assertIn("permission denied", self.psql(sql, target="left", user="dana").stderr, sql)
        self.assertEqual("0", self.cluster.sql("SELECT count(*) FROM pg_roles WHERE rolname = 'evil'"))
        self.no_roles("the other role's end", role.rpartition("_")[0] + "%")
        self.cluster.sql(f"DROP OWNED BY {kept}", database="shop")
        self.cluster.sql(f"DROP ROLE {kept}")

    def test_left_where_the_owner_has_no_right(self):
        """what stands where the owner may make nothing becomes the owner's all the same"""
        self.addCleanup(self.cluster.sql, "DROP SCHEMA hidden CASCADE", database="shop")
        self.leave_behind("brief", "CREATE FUNCTION public.hidden() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT current_user::text';"
                          "CREATE SCHEMA hidden; ALTER FUNCTION public.hidden() SET SCHEMA hidden")
        self.assertEqual("app app", self.cluster.sql("SELECT pg_get_userbyid(proowner) || ' ' || pg_get_userbyid(nspowner) FROM pg_proc JOIN "
                                                     "pg_namespace n ON n.oid = pronamespace WHERE proname = 'hidden'", database="shop"))

    def test_static_login_beside(self):
        """a login with a static credential says so on the record"""
        self.assertEqual("app", self.session_user(target="raw"))
        self.assertEqual("static", [one for one in self.gate.records("Login") if one["target"] == "raw"][-1]["credential"])

    def test_dropped_after_the_lease(self):
        """an unused role is gone after its lease; a used one is renewed, under the same name"""
        role = self.session_user(target="brief", user="dana")
        process.until(lambda: role not in self.roles(), "the role's end")
        child = process.start(["psql", "-XqtA"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=self.environment(target="brief", user="dana"))
        self.addCleanup(process.stop, child, 9)
        child.stdin.write("SELECT session_user;\n")
        child.stdin.flush()
        used = child.stdout.readline().strip()
        self.assertNotEqual(role, used)
        until = lambda: self.cluster.sql(f"SELECT rolvaliduntil FROM pg_roles WHERE rolname = '{used}'")
        seen = {until()}
        process.until(lambda: seen.add(until()) or len(seen) >= 4, "three renewals")
        self.assertNotIn("", seen)
        self.assertEqual(used, self.session_user(target="brief", user="dana"))
        child.stdin.write("SELECT 'still ' || 'here';\n")
        child.stdin.close()
        self.assertEqual("still here", child.stdout.readline().strip())
        child.wait(60)
        process.until(lambda: used not in self.roles(), "the renewed role's end")

    def test_cap(self):
        """nothing outlives lease_max: the session is ended in the protocol's words, and the role dropped"""
        child = process.start(["psql", "-XqtA"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=self.environment(target="capped", user="erin"))
        self.addCleanup(process.stop, child, 9)
        child.stdin.write("SELECT session_user;\n")
        child.stdin.flush()
        role = child.stdout.readline().strip()
        self.assertIn(role, self.roles())
        process.until(lambda: role not in self.roles(), "the role's end")
        child.stdin.write("SELECT 1;\n")
        child.stdin.close()
        said = child.stderr.read()
        self.assertIn("credential of this session", said)
        self.assertNotEqual(0, child.wait(60))

    def test_what_it_made_as_itself(self):
        """who takes off the owner's role may own things: they are the owner's when the role goes, in each database"""
        self.cluster.sql("DROP TABLE IF EXISTS its_own; GRANT CREATE ON SCHEMA public TO PUBLIC", database="shop")
        self.cluster.sql("DROP TABLE IF EXISTS its_own_too; GRANT CREATE ON SCHEMA public TO PUBLIC", database="postgres")
        roles = []
        for database, table in (("shop", "its_own"), ("postgres", "its_own_too")):
            role, owner = self.good_psql(f"SET ROLE NONE; CREATE TABLE {table}(id int); SELECT session_user, tableowner FROM pg_tables "
                                         f"WHERE tablename = '{table}'", target="brief", user="robot", database=database).split("|")
            self.assertEqual(role, owner)
            roles.append(role)
        for role in roles:
            self.no_roles("the role's end", role)
        for database, table in (("shop", "its_own"), ("postgres", "its_own_too")):
            self.assertEqual("app", self.cluster.sql(f"SELECT tableowner FROM pg_tables WHERE tablename = '{table}'", database=database))
        self.cluster.sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC", database="shop")

    def test_round_trips(self):
        """a role is ready within three round trips on the control connection"""
        self.session_user(target="relayed", user="agent")
        control = [turns for turns in self.relay.connections if turns and b"minter" in turns[0][1]]
        before = [len(turns) for turns in control]
        count = len(self.relay.connections)
        self.session_user(target="relayed", user="robot")
        opened = [turns for turns in self.relay.connections[count:] if turns and b"minter" in turns[0][1]]
        trips = sum(sum(1 for to_target, _ in turns[at:] if to_target) for turns, at in zip(control, before))
        print(f"# round trips for a role: {trips}, new control connections: {len(opened)}", flush=True)
        self.assertEqual([], opened, "the control connection is not kept")
        self.assertTrue(1 <= trips <= 3, trips)

    def test_dead_control_connection(self):
        """a control connection that the server has closed is opened anew, and the caller sees nothing of it"""
        self.session_user(target="minted", user="agent")
        self.cluster.sql("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'minter'")
        self.cluster.sql("CREATE TABLE IF NOT EXISTS nothing()")
        self.assertRegex(self.session_user(target="granted", user="erin"), "_erin_")
        self.assertRegex(self.session_user(target="minted", user="erin"), "_erin_")

    def test_approval(self):
        """holds and approvals work on a minted role, and what was approved runs as the owner"""
        self.cluster.sql("DROP TABLE IF EXISTS held; CREATE TABLE held(id int); ALTER TABLE held OWNER TO app", database="shop")
        self.gate.write(extra='[[rule]]\nname = "held"\ntargets = ["minted"]\nmatch = { verb = ["DROP"] }\naction = "approve"\napprovers = ["dba"]\nhold = "60s"\n'
                              '[[mask]]\nname = "minted-pii"\ntargets = ["minted"]\nfields = ["customers.email"]\naction = "redact"\n')
        self.gate.run("reload")
        try:
            self.assertNotIn("@example.com", self.good_psql("SELECT email FROM customers WHERE id = 1", target="minted"))
            child = self.spawn("DROP TABLE held", target="minted")
            one = self.gate.wait_approval("held")
            self.gate.run("approve", one["id"], as_user="dana")
            out, said = child.communicate(timeout=120)
            self.assertEqual(0, child.returncode, said)
            self.assertEqual("", self.cluster.sql("SELECT to_regclass('public.held')", database="shop"))
        finally:
            self.gate.write()
            self.gate.run("reload")


class Faults(credential_case.Case):
    @classmethod
    def more_targets(cls):
        port = world.cluster().port
        cls.relay = Relay(port)
        cls.addClassCleanup(cls.relay.close)
        closed = process.free_port()
        return (minted("wrong", port, password="wrong") + minted("away", closed) + minted("silent", cls.relay.port) + minted("good", port)
                + minted("ungranted", port, 'grants = ["GRANT SELECT ON public.no_such_table TO {role}"]'))

    @classmethod
    def prepare(cls):
        cls.gate.secret("wrong", credential_case.HOSTILE)

    def refused(self, target):
        done = self.psql("SELECT 1", target=target)
        self.assertNotEqual(0, done.returncode)
        self.assertEqual("", done.stdout)
        return done.stderr

    def test_clear_errors(self):
        """what keeps a role from being made is said to the caller, without a detail of the target; the record has a reason"""
        self.assertIn("refuses the gateway's control connection", self.refused("wrong"))
        self.assertIn("control connection is down", self.refused("away"))
        said = self.refused("ungranted")
        self.assertIn("SQLSTATE 42P01", said)
        self.assertNotIn("no_such_table", said)
        reasons = [one["reason"] for one in self.gate.records("Login") if one["target"] in ("wrong", "away", "ungranted")]
        self.assertEqual(["no-credential"] * 3, reasons)
        made = self.cluster.sql("SELECT count(*) FROM pg_shdescription WHERE description ~ 'target (wrong|away|ungranted),'")
        self.assertEqual("0", made)
        faults = "\n".join(self.leases()["faults"])
        self.assertIn("no_such_table", faults)
        self.assertIn("no_such_table", self.gate.said())

    def test_black_hole(self):
        """a target that does not answer holds up nobody else, and its callers are told in time"""
        self.session_user(target="silent", user="dana")
        self.relay.held.set()
        children = [self.spawn("SELECT 1", target="silent", user=user) for user in ("agent", "robot", "erin")]
        for _ in range(5):
            self.assertRegex(self.session_user(target="good", user="robot"), "_robot_")
        for child in children:
            said = child.communicate(timeout=120)[1]
            self.assertIn("control connection is down", said)
        self.relay.held.clear()
        process.until(lambda: self.psql("SELECT 1", target="silent", user="agent").returncode == 0, "the target's return")


class Ends(credential_case.Case):
    """Each case ends its gateways as it likes."""

    @classmethod
    def more_targets(cls):
        return minted("minted", world.cluster().port, lease="1h")

    def tearDown(self):
        pass

    def running(self, lease="1h", lease_max="24h"):
        """A gateway that was started for this case."""
        if self.gate.process.poll() is None:
            self.gate.stop()
        self.gate.targets = minted("minted", self.cluster.port, lease=lease, lease_max=lease_max)
        self.gate.write()
        self.gate.start()

    def test_stopping_takes_all_back(self):
        """a gateway that is stopped leaves no role behind"""
        self.running()
        self.session_user(target="minted", user="agent")
        self.session_user(target="minted", user="robot")
        self.assertEqual(2, len(self.roles()))
        self.assertEqual(0, self.gate.stop())
        self.assertEqual([], self.roles())

    def test_only_its_own_are_orphans(self):
        """a restart takes back what its own earlier runs made, and nothing of a second gateway that lives"""
        self.running()
        other = gateways.Gateway(self.cluster, targets=minted("minted", self.cluster.port))
        self.addCleanup(other.remove)
        other.secret("minter", MINTER_PASSWORD)
        other.start()
        theirs = self.session_user(env=self.environment(target="minted", user="agent", port=other.port) | {"PGSSLROOTCERT": other.folder + "/tls/ca.crt"})
        ours = self.session_user(target="minted", user="agent")
        self.gate.stop(signal.SIGKILL)
        self.assertIn(ours, self.roles())
        stranger = "sp_mine_and_nobody_elses"
        self.cluster.sql(f"CREATE ROLE {stranger}")
        self.gate.start()
        process.until(lambda: ours not in self.roles(), "the orphan's end")
        self.assertIn(theirs, self.roles())
        self.assertIn(stranger, self.roles())
        # What a gateway that never came back has left is an orphan an hour after its end.
        other.stop(signal.SIGKILL)
        self.cluster.sql(f"ALTER ROLE {theirs} VALID UNTIL '2020-01-01'; DROP ROLE {stranger}")
        self.gate.stop()
        self.gate.start()
        process.until(lambda: theirs not in self.roles(), "the other's orphan's end")

    def test_killed_at_any_point(self):
        """SIGKILL while roles are made, used and dropped: after the restart none of them is left"""
        seed = int(os.environ.get("SALLYPORT_SEED", random.randrange(1 << 32)))
        print(f"# SALLYPORT_SEED={seed}", flush=True)
        rng = random.Random(seed)
        self.running("1s", "3s")
        self.gate.stop()
        orphan_count = 0
        for _ in range(200 if FULL else 20):
            self.gate.start()
            children = [self.spawn("SELECT session_user, pg_sleep(0.2)", target="minted", user=user)
                        for user in rng.choices(["agent", "robot", "dana", "erin"], k=6)]
            # In some rounds roles are sure to be there; where in their life is left to chance.
            if rng.random() < 0.4:
                process.until(self.roles, "a role")
            threading.Event().wait(rng.choice([0.01, 0.03, 0.1, 0.3, 1.0, 2.0]) * rng.random())
            if rng.random() < 0.2:
                self.gate.process.send_signal(signal.SIGTERM)
                threading.Event().wait(rng.random() * 0.1)
            self.gate.stop(signal.SIGKILL)
            for child in children:
                child.communicate(timeout=120)
            orphans = self.roles()
            orphan_count += len(orphans)
            if not orphans:
                continue
            self.gate.start()
            process.until(lambda: not set(orphans) & set(self.roles()), "the orphans' end")
            self.gate.stop(signal.SIGKILL)
        print(f"# {orphan_count} roles were left by a killed gateway", flush=True)
        self.assertGreater(orphan_count, 0, "no kill came at a time that mattered")
        self.gate.start()
        self.gate.stop()
        self.assertEqual([], self.roles())


class Secrets(credential_case.Case):
    @classmethod
    def more_targets(cls):
        return minted("minted", world.cluster().port)

    def everything(self):
        """What the gateway, its callers and the target have written, by name."""
        found = {"the gateway's output": self.gate.said().encode(), "the server's log": self.cluster.logged().encode()}
        for folder in (self.gate.folder + "/state", self.gate.rings):
            for path, _, names in os.walk(folder):
                for name in names:
                    full = os.path.join(path, name)
                    if os.path.isfile(full):
                        with open(full, "rb") as file:
                            found[full] = file.read()
        found["status"] = str(self.gate.run("status")).encode()
        found["argv"] = open(f"/proc/{self.gate.process.pid}/cmdline", "rb").read()
        return found

    def memory(self):
        """The gateway's readable memory: (whether it is kept out of cores, what it is, bytes)."""
        if os.geteuid() != 0:
            self.skipTest("reading the gateway's memory takes root")
        pid = self.gate.process.pid
        with open(f"/proc/{pid}/smaps") as smaps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            region = None
            for line in smaps:
                if match := re.match(r"([0-9a-f]+)-([0-9a-f]+) (r\S+) ", line):
                    region = (int(match[1], 16), int(match[2], 16), line.strip())
                elif line.startswith("VmFlags:") and region:
                    start, end, what = region
                    region = None
                    if "[v" in what:
                        continue
                    try:
                        memory.seek(start)
                        data = memory.read(end - start)
                    except OSError:
                        continue
                    yield " dd" in line, what, data

    def minted_password(self, role):
        """Found where the gateway keeps it, at the start of a page of its own; proven by logging in with it."""
        found = set()
        for is_left_out, _, data in self.memory():
            if is_left_out:
                found |= {data[at:at + 40] for at in range(0, len(data), 4096) if re.match(rb"[a-z2-9]{40}\0", data[at:at + 41])}
        env = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        good = [one for one in found if subprocess.run(
            ["psql", "-XqtA", "-h", "127.0.0.1", "-p", str(self.cluster.port), "-U", role, "-d", "shop", "-c", "SELECT 1"],
            env=env | {"PGPASSWORD": one.decode()}, capture_output=True).returncode == 0]
        self.assertEqual(1, len(good), "the minted password was not found: the test proves nothing")
        return good[0]

    def test_planted_secrets_are_nowhere(self):
        """neither the control connection's secret, nor a static one, nor a minted one is in anything that is written"""
        role = self.session_user(target="minted")
        self.good_psql("SELECT count(*) FROM customers", target="raw")
        made = self.minted_password(role)
        for what, secret in (("minted", made), ("control", MINTER_PASSWORD.encode()), ("static", clusters.PASSWORD.encode())):
            for name, data in self.everything().items():
                if name == "the server's log" and what != "minted":  # the test itself has set those by SQL
                    continue
                self.assertEqual(-1, data.find(secret), f"the {what} secret is in {name}")
        self.assertEqual([], [what for is_left_out, what, data in self.memory() if not is_left_out and made in data])

    def test_no_core_holds_them(self):
        """cores are off, and what is kept of a static secret after login lies in memory that no core would hold"""
        self.good_psql("SELECT 1", target="raw")
        with open(f"/proc/{self.gate.process.pid}/limits") as limits:
            self.assertRegex(limits.read(), r"Max core file size\s+0\s+0")
        secret = clusters.PASSWORD.encode()
        hits = [(is_left_out, what) for is_left_out, what, data in self.memory() if secret in data]
        self.assertTrue(hits, "the gateway's memory holds no secret: the test proves nothing")
        self.assertEqual([], [where for is_left_out, where in hits if not is_left_out])


class Rotation(credential_case.Case):
    def tearDown(self):
        self.cluster.sql("ALTER ROLE app PASSWORD " + clusters._quoted(clusters.PASSWORD))

    def set_password(self, text):
        self.cluster.sql("ALTER ROLE app PASSWORD " + clusters._quoted(text))
        self.gate.secret("fresh", text)
        os.replace(self.gate.folder + "/secrets/fresh", self.gate.folder + "/secrets/app")

    def test_changed_secret_without_a_reload(self):
        """a secret file that has changed is used for the sessions that come after"""
        self.assertEqual("app", self.session_user(target="raw"))
        kept = self.connect(target="raw")
        version = self.gate.run("status")["policy_version"]
        told = self.gate.said().count("a changed secret is in use")
        self.set_password("a new word")
        process.until(lambda: self.gate.said().count("a changed secret is in use") > told, "the secret's reading")
        self.assertEqual("app", self.session_user(target="raw"))
        self.assertEqual(("app",), kept.execute("SELECT session_user").fetchone())
        self.assertEqual(version, self.gate.run("status")["policy_version"])
        # A file that is empty for a moment takes nothing away.
        open(self.gate.folder + "/secrets/app", "w").close()
        process.until(lambda: "cannot be used yet" in self.gate.said(), "the empty file's finding")
        self.assertEqual("app", self.session_user(target="raw"))
        self.gate.secret("app", "a new word")
        process.until(lambda: not self.leases()["secrets_fault"], "the file's return")

    def test_age(self):
        """the age of each static secret is shown, and warned about when it is over max_age"""
        path = self.gate.folder + "/secrets/app"
        secrets = [one for one in self.leases()["secrets"] if one["target"] == "raw"]
        self.assertEqual((0, 90, False), (secrets[0]["age_days"], secrets[0]["max_age_days"], secrets[0]["is_old"]))
        old = os.stat(path).st_mtime - 100 * 86400
        os.utime(path, (old, old))
        process.until(lambda: next(one for one in self.leases()["secrets"] if one["target"] == "raw")["is_old"], "the age's showing")
        done = subprocess.run([gateways.BIN, "--config", self.gate.config, "check"], capture_output=True, text=True)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("warning: the secret of target raw, login app is 100 days old; max_age is 90 days", done.stderr)
        said = subprocess.run([gateways.BIN, "--config", self.gate.config, "status"], capture_output=True, text=True).stdout
        self.assertIn("OLD: max_age is 90 days", said)


class Documents(credential_case.Case):
    def test_document(self):
        """the sample of OPERATIONS.md is good as it stands"""
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/OPERATIONS.md")) as file:
            sample = next(block for block in re.findall(r"```toml\n(.*?)```", file.read(), re.S) if "postgresql-role" in block)
        gate = gateways.Gateway(self.cluster, targets=sample)
        self.addCleanup(gate.remove)
        for name in ("minter", "orders", "vault-token"):
            gate.secret(name, "word")
        done = gate.run("check", ok=False)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)


if __name__ == "__main__":
    tap.main()
