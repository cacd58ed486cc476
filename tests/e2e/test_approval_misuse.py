"""What an approval must not be good for: each case has a yes and tries to make more of it."""

import subprocess

import approval_case
import gateway
import process
import tap
import world


class Misuse(approval_case.Case):
    def approved(self, conn, statement, params=None, who="dana"):
        one = self.pending(conn, statement, params)
        self.yes(one, who)
        return one

    def is_new(self, one, conn, statement, params=None):
        """It is asked about as if nobody had said yes to anything."""
        two = self.pending(conn, statement, params)
        self.assertNotEqual(one, two)
        return two

    def check_edit(self, table, edited, params=None, wanted=None):
        """A yes to TRUNCATE of `table` does not run `edited`, and is still good for what it was given for."""
        table = self.make(table)
        conn = self.connect()
        first = f"TRUNCATE {table}"
        one = self.approved(conn, first)
        self.is_new(one, conn, edited.format(table))
        self.assertEqual(10, self.count(table))
        conn.execute(first)
        self.assertEqual(0, self.count(table))

    # ---- Another statement.
    def test_edited_space(self):
        """an edited statement: a space more"""
        self.check_edit("m_space", "TRUNCATE  {}")

    def test_edited_comment(self):
        """an edited statement: a comment more"""
        self.check_edit("m_comment", "TRUNCATE {} /* harmless */")

    def test_edited_case(self):
        """an edited statement: letters of another case"""
        self.check_edit("m_case", "truncate {}")

    def test_edited_cascade(self):
        """an edited statement: CASCADE"""
        self.check_edit("m_cascade", "TRUNCATE {} CASCADE")

    def test_edited_other_table(self):
        """an edited statement: another table"""
        self.make("m_victim")
        self.check_edit("m_table", "TRUNCATE m_victim, {}")
        self.assertEqual(10, self.count("m_victim"))

    def test_appended(self):
        """an edited statement: a second one behind it"""
        self.make("m_behind")
        self.check_edit("m_before", "TRUNCATE {}; DROP TABLE m_behind")
        self.assertEqual(10, self.count("m_behind"))

    # ---- Other values.
    def check_values(self, table, good, bad):
        table = self.make(table)
        conn = self.connect()
        statement = f"UPDATE {table} SET id = %s"
        one = self.approved(conn, statement, (good,))
        self.is_new(one, conn, statement, (bad,))
        self.assertEqual(10, int(self.cluster.sql(f"SELECT count(DISTINCT id) FROM {table}", database="shop")))
        conn.execute(statement, (good,))
        self.assertEqual("10", self.cluster.sql(f"SELECT count(*) FROM {table} WHERE id = {good}", database="shop"))

    def test_other_value(self):
        """another bound value"""
        self.check_values("v_value", 5, 6)

    def test_null_value(self):
        """NULL in a bound value's place"""
        self.check_values("v_null", 5, None)

    def test_other_type(self):
        """the same digits as a value of another type"""
        self.check_values("v_type", 5, "5")

    def test_value_in_text(self):
        """the value written into the text"""
        table = self.make("v_text")
        conn = self.connect()
        one = self.approved(conn, f"UPDATE {table} SET id = %s", (5,))
        self.is_new(one, conn, f"UPDATE {table} SET id = 5")

    # ---- Somebody or somewhere else.
    def test_other_identity(self):
        """another identity runs it"""
        table = self.make("w_identity")
        one = self.approved(self.connect(), f"TRUNCATE {table}")
        self.is_new(one, self.connect("robot"), f"TRUNCATE {table}")

    def test_same_person_other_login(self):
        """the same person under another name runs it"""
        table = self.make("w_person")
        one = self.approved(self.connect(), f"TRUNCATE {table}")
        self.is_new(one, self.connect("agent-2"), f"TRUNCATE {table}")

    def test_other_target(self):
        """at another target, though it leads to the same database"""
        table = self.make("w_target")
        one = self.approved(self.connect(), f"TRUNCATE {table}")
        self.is_new(one, self.connect(target="raw"), f"TRUNCATE {table}")

    def test_other_database(self):
        """in another database of the same target"""
        table = self.make("w_database")
        if not self.cluster.sql("SELECT 1 FROM pg_database WHERE datname = 'elsewhere'"):
            self.cluster.sql("CREATE DATABASE elsewhere OWNER app")
        self.cluster.sql(f"CREATE TABLE IF NOT EXISTS {table}(); ALTER TABLE {table} OWNER TO app", database="elsewhere")
        one = self.approved(self.connect(), f"TRUNCATE {table}")
        self.is_new(one, self.connect_to("elsewhere"), f"TRUNCATE {table}")

    def connect_to(self, database):
        env = self.environment(tls=False)
        conn = approval_case.psycopg.connect(host=env["PGHOST"], hostaddr=env["PGHOSTADDR"], port=env["PGPORT"], user=env["PGUSER"],
                                             password=env["PGPASSWORD"], dbname=database, sslmode="disable", autocommit=True)
        self.addCleanup(conn.close)
        return conn

    # ---- The same words with another meaning.
    def test_search_path(self):
        """the same words under another search path"""
        table = self.make("s_path")
        self.make("s_path", "side")
        one = self.approved(self.connect(), f"TRUNCATE {table}")
        conn = self.connect()
        conn.execute("SET search_path = side")
        self.is_new(one, conn, f"TRUNCATE {table}")
        self.assertEqual(10, self.count("side." + table))

    def test_search_path_at_login(self):
        """the same words under a search path given at the login"""
        table = self.make("s_login")
        self.make("s_login", "side")
        one = self.approved(self.connect(), f"TRUNCATE {table}")
        self.is_new(one, self.connect(options="-c search_path=side"), f"TRUNCATE {table}")
        self.assertEqual(10, self.count("side." + table))

    def test_search_path_hidden(self):
        """a search path that a function of the target has set unseen"""
        table = self.make("s_hidden")
        self.make("s_hidden", "side")
        self.cluster.sql("CREATE OR REPLACE FUNCTION go_aside() RETURNS text LANGUAGE sql AS $$SELECT set_config('search_path', 'side', false)$$",
                         database="shop")
        one = self.approved(self.connect(), f"TRUNCATE {table}")
        conn = self.connect()
        conn.execute("SELECT go_aside()")
        self.is_new(one, conn, f"TRUNCATE {table}")
        self.assertEqual(10, self.count("side." + table))

    def test_shadowed(self):
        """a temporary table stands in the way of the one that was meant"""
        table = self.make("s_shadow")
        one = self.approved(self.connect(), f"TRUNCATE {table}")
        conn = self.connect()
        conn.execute(f"CREATE TEMP TABLE {table}(id int)")
        self.is_new(one, conn, f"TRUNCATE {table}")

    def test_role(self):
        """the same words as another role"""
        table = self.make("s_role")
        self.cluster.sql("DO $$BEGIN CREATE ROLE other_role; EXCEPTION WHEN duplicate_object THEN END$$; GRANT other_role TO app", database="shop")
        one = self.approved(self.connect(), f"TRUNCATE {table}")
        conn = self.connect()
        conn.execute("SET ROLE other_role")
        self.is_new(one, conn, f"TRUNCATE {table}")

    def test_prepared_name(self):
        """a prepared name that stands for something else by now"""
        table = self.make("s_name")
        victim = self.make("s_named")
        conn = self.connect()
        for meant in (table, victim):
            prepare = f"PREPARE go AS UPDATE {meant} SET id = 0"
            self.approved(conn, prepare)
            conn.execute(prepare)
            if meant == table:
                one = self.approved(conn, "EXECUTE go")
                conn.execute("DEALLOCATE go")
        self.is_new(one, conn, "EXECUTE go")
        self.assertEqual("0", self.cluster.sql(f"SELECT count(*) FROM {victim} WHERE id = 0", database="shop"))

    # ---- Transactions.
    def test_inside_a_transaction(self):
        """a yes for outside of a transaction, inside one"""
        table = self.make("t_inside")
        conn = self.connect()
        one = self.approved(conn, f"TRUNCATE {table}")
        conn.execute("BEGIN")
        self.assertNotIn(one, self.detail(conn, f"TRUNCATE {table}"))
        conn.execute("ROLLBACK")
        self.assertEqual(10, self.count(table))

    def test_next_transaction(self):
        """a yes for one transaction, in the next"""
        table = self.make("t_next")
        conn = self.connect()
        conn.execute("BEGIN")
        one = approval_case.re.search(r"approval=(\w+)", self.detail(conn, f"TRUNCATE {table}"))[1]
        conn.execute("ROLLBACK")
        self.refused("approve", one, who="dana")
        conn.execute("BEGIN")
        self.assertNotIn(one, self.detail(conn, f"TRUNCATE {table}"))
        conn.execute("ROLLBACK")

    # ---- Time and use.
    def test_second_use(self):
        """a second time"""
        table = self.make("u_second")
        conn = self.connect()
        one = self.approved(conn, f"TRUNCATE {table}")
        conn.execute(f"TRUNCATE {table}")
        self.is_new(one, conn, f"TRUNCATE {table}")

    def test_expired(self):
        """after its time, by the caller or an approver"""
        table = self.make("brief_one")
        conn = self.connect()
        one = self.approved(conn, f"TRUNCATE {table}")
        process.until(lambda: self.approval(one)["state"] == "expired", "the approval's end")
        two = self.is_new(one, conn, f"TRUNCATE {table}")
        process.until(lambda: self.approval(two)["state"] == "expired", "the approval's end")
        self.refused("approve", two, who="dana")
        self.assertEqual(10, self.count(table))

    def test_restart(self):
        """after a restart, approved or pending before it"""
        table = self.make("u_restart")
        pending = self.make("u_restart_2")
        one = self.approved(self.connect(), f"TRUNCATE {table}")
        two = self.pending(self.connect(), f"TRUNCATE {pending}")
        self.gate.stop()
        self.gate.start()
        self.is_new(one, self.connect(), f"TRUNCATE {table}")
        self.refused("approve", two, who="dana")

    def test_killed(self):
        """after a SIGKILL"""
        table = self.make("u_killed")
        one = self.approved(self.connect(), f"TRUNCATE {table}")
        self.gate.stop(9)
        self.gate.start()
        self.is_new(one, self.connect(), f"TRUNCATE {table}")
        self.assertEqual(10, self.count(table))

    def test_gone(self):
        """for a caller who has gone"""
        table = self.make("u_gone")
        conn = self.connect()
        one = self.pending(conn, f"TRUNCATE {table}")
        conn.close()
        self.yes(one)
        self.good_psql("SELECT 1")
        self.assertEqual(10, self.count(table))

    # ---- Those who say yes.
    def check_refused(self, table, who):
        table = self.make(table)
        conn = self.connect()
        one = self.pending(conn, f"TRUNCATE {table}")
        self.refused("approve", one, who=who)
        self.assertEqual(one, self.pending(conn, f"TRUNCATE {table}"))
        self.assertEqual(10, self.count(table))

    def test_self(self):
        """who asked says yes, though one of the approvers"""
        table = self.make("y_self")
        conn = self.connect("erin")
        one = self.pending(conn, f"TRUNCATE {table}")
        self.refused("approve", one, who="erin")
        self.assertEqual(10, self.count(table))

    def test_self_by_another_login(self):
        """who asked says yes through another login"""
        self.check_refused("y_double", "agent-2")

    def test_outsider(self):
        """somebody of no group of approvers says yes"""
        self.check_refused("y_outside", "eve")

    def test_another_caller(self):
        """another agent says yes"""
        self.check_refused("y_robot", "robot")

    def test_operator_alone(self):
        """the operator, who is no person, says yes"""
        self.check_refused("y_operator", None)

    def test_wrong_secret(self):
        """an approver's name without the secret"""
        table = self.make("y_secret")
        one = self.pending(self.connect(), f"TRUNCATE {table}")
        done = subprocess.run([gateway.BIN, "--config", self.gate.config, "approve", one, "--as", "dana"],
                              env=world.os.environ | {"SALLYPORT_SECRET": "guess"}, capture_output=True, text=True)
        self.assertEqual(1, done.returncode)
        self.assertEqual("pending", self.approval(one)["state"])

    def test_one_person_twice(self):
        """one of two says yes twice"""
        table = self.make("pair_twice")
        one = self.pending(self.connect(), f"TRUNCATE {table}")
        self.yes(one, "dana")
        self.refused("approve", one, who="dana")
        self.assertEqual("pending", self.approval(one)["state"])

    def test_one_person_two_names(self):
        """one of two says yes under two names"""
        table = self.make("pair_names")
        one = self.pending(self.connect(), f"TRUNCATE {table}")
        self.yes(one, "dana")
        self.refused("approve", one, who="dana-2")
        self.assertEqual("pending", self.approval(one)["state"])

    def test_two_of_one_group(self):
        """two of one group stand for two groups"""
        table = self.make("two_dbas")
        conn = self.connect()
        one = self.pending(conn, f"TRUNCATE {table}")
        self.yes(one, "dana")
        self.yes(one, "dick")
        self.assertEqual(one, self.pending(conn, f"TRUNCATE {table}"))
        self.assertEqual(10, self.count(table))

    def test_batch_of_two_rules(self):
        """in a batch, the approvers of its easier rule alone"""
        table = self.make("b_easy")
        pair = self.make("two_hard")
        conn = self.connect()
        one = self.pending(conn, f"TRUNCATE {table}; TRUNCATE {pair}")
        self.yes(one, "dana")
        self.assertEqual(one, self.pending(conn, f"TRUNCATE {table}; TRUNCATE {pair}"))
        self.assertEqual(20, self.count(table) + self.count(pair))
        self.yes(one, "sam")
        conn.execute(f"TRUNCATE {table}; TRUNCATE {pair}")

    def test_escalation_too_early(self):
        """those of an escalation, before it"""
        table = self.make("late_early")
        one = self.pending(self.connect(), f"TRUNCATE {table}")
        self.refused("approve", one, who="lea")

    # ---- A no, and taking back.
    def test_yes_after_no(self):
        """a yes after a no"""
        table = self.make("n_no")
        conn = self.connect()
        one = self.pending(conn, f"TRUNCATE {table}")
        self.gate.run("deny", one, as_user="dana")
        self.refused("approve", one, who="dick")
        self.is_new(one, conn, f"TRUNCATE {table}")

    def test_after_revocation(self):
        """after it was revoked, and a yes to what was revoked"""
        table = self.make("n_revoked")
        conn = self.connect()
        one = self.approved(conn, f"TRUNCATE {table}")
        self.gate.run("revoke", one, "--reason", "wrong day", as_user="dana")
        self.refused("approve", one, who="dick")
        self.is_new(one, conn, f"TRUNCATE {table}")
        self.assertEqual(10, self.count(table))

    def test_others_revocation(self):
        """who neither asked nor said yes revokes it"""
        table = self.make("n_others")
        conn = self.connect()
        one = self.approved(conn, f"TRUNCATE {table}")
        for who in ("robot", "dick", "eve"):
            self.refused("revoke", one, who=who)
        conn.execute(f"TRUNCATE {table}")
        self.assertEqual(0, self.count(table))

    # ---- The policy.
    def with_policy(self, extra):
        text = self.config_text.replace("[[rule]]", extra + "\n[[rule]]", 1)
        open(self.gate.config, "w").write(text)
        self.gate.run("reload")
        self.addCleanup(self.restore)

    def restore(self):
        open(self.gate.config, "w").write(self.config_text)
        self.gate.run("reload")

    def test_denied_since(self):
        """a policy that denies it since"""
        table = self.make("p_denied")
        conn = self.connect()
        self.approved(conn, f"TRUNCATE {table}")
        self.with_policy('[[rule]]\nname = "since"\nmatch = { verb = ["TRUNCATE"], object = ["*p_denied*"] }\naction = "deny"\n')
        self.detail(conn, f"TRUNCATE {table}")
        self.assertEqual(10, self.count(table))

    def test_stricter_since(self):
        """a policy that wants more of a yes since"""
        table = self.make("p_stricter")
        conn = self.connect()
        one = self.approved(conn, f"TRUNCATE {table}")
        self.with_policy('[[rule]]\nname = "since"\nmatch = { verb = ["TRUNCATE"], object = ["*p_stricter*"] }\naction = "approve"\n'
                         'approvers = { dba = 1, security = 1 }\nhold = "1s"\n')
        two = self.is_new(one, conn, f"TRUNCATE {table}")
        self.yes(two, "dana")
        self.assertEqual(two, self.pending(conn, f"TRUNCATE {table}"))
        self.assertEqual(10, self.count(table))

    # ---- The same again.
    def again(self, table, who="agent"):
        table = self.make(table)
        conn = self.connect(who)
        statement = f"UPDATE {table} SET id = id + 100"
        one = self.pending(conn, statement)
        self.yes(one, "dana", "--again")
        conn.execute(statement)
        return conn, statement, one

    def test_again_where_not_allowed(self):
        """--again where the rule does not allow it"""
        table = self.make("a_not")
        one = self.pending(self.connect(), f"TRUNCATE {table}")
        self.refused("approve", one, "--again", who="dana")

    def test_again_in_transaction(self):
        """--again for what is bound to a transaction"""
        table = self.make("often_tx")
        conn = self.connect()
        conn.execute("BEGIN")
        one = approval_case.re.search(r"approval=(\w+)", self.detail(conn, f"UPDATE {table} SET id = 1"))[1]
        self.refused("approve", one, "--again", who="dana")

    def test_again_edited(self):
        """the same again, edited"""
        conn, statement, one = self.again("often_edited")
        self.is_new(one, conn, statement.replace("100", "101"))

    def test_again_other_identity(self):
        """the same again, by somebody else"""
        _, statement, one = self.again("often_identity")
        self.is_new(one, self.connect("robot"), statement)

    def test_again_search_path(self):
        """the same again, under another search path"""
        conn, statement, one = self.again("often_path")
        self.make("often_path", "side")
        conn.execute("SET search_path = side")
        self.is_new(one, conn, statement)

    def test_again_revoked(self):
        """the same again, revoked"""
        conn, statement, one = self.again("often_revoked")
        self.gate.run("revoke", one, as_user="dana")
        self.is_new(one, conn, statement)

    def test_again_policy(self):
        """the same again, under a new policy"""
        conn, statement, one = self.again("often_policy")
        self.gate.run("reload")
        self.assertEqual("revoked", self.approval(one)["state"])
        self.is_new(one, conn, statement)

    # ---- What is hidden.
    def test_reveal(self):
        """who asked, or nobody's approver, has a secret revealed"""
        table = self.make("h_hidden")
        one = self.pending(self.connect(), f"TRUNCATE {table} /* person7@example.com */")
        for who in ("agent", "robot"):
            self.assertNotIn("person7@example.com", self.refused("approvals", one, "--reveal", who=who))
        self.assertNotIn("person7@example.com", str(self.gate.run("approvals", "--all")))

    # ---- Plans.
    def plan(self, *requests, who="agent"):
        path = self.gate.folder + "/plan.json"
        with open(path, "w") as file:
            approval_case.json.dump(requests, file)
        one = self.gate.run("plan", path, "--target", "shop", as_user=who)["id"]
        self.yes(one)
        return one

    def tables(self, *all_tables):
        return [f"TRUNCATE {self.make(table)}" for table in all_tables]

    def check_plan(self, one, conn, statement):
        self.is_new(one, conn, statement)
        self.assertEqual("approved", self.approval(one)["state"])

    def test_plan_order(self):
        """a plan's request out of its order"""
        first, second = self.tables("l_1", "l_2")
        one = self.plan(first, second)
        self.check_plan(one, self.connect(), second)

    def test_plan_edited(self):
        """a plan's request, edited"""
        first, second = self.tables("l_3", "l_4")
        self.check_plan(self.plan(first, second), self.connect(), first + " CASCADE")

    def test_plan_twice(self):
        """a plan's request a second time"""
        first, second = self.tables("l_5", "l_6")
        one, conn = self.plan(first, second), self.connect()
        conn.execute(first)
        self.check_plan(one, conn, first)
        conn.execute(second)
        self.is_new(one, conn, second)

    def test_plan_identity(self):
        """a plan run by somebody else"""
        (first,) = self.tables("l_7")
        self.check_plan(self.plan(first), self.connect("robot"), first)

    def test_plan_target(self):
        """a plan run at another target"""
        (first,) = self.tables("l_8")
        self.check_plan(self.plan(first), self.connect(target="raw"), first)

    def test_plan_search_path(self):
        """a plan run under a search path of one's own"""
        (first,) = self.tables("l_9")
        self.make("l_9", "side")
        conn = self.connect()
        conn.execute("SET search_path = side")
        self.check_plan(self.plan(first), conn, first)
        self.check_plan(self.plan(first), self.connect(options="-c search_path=side"), first)
        self.assertEqual(10, self.count("side.l_9"))

    def test_plan_in_transaction(self):
        """a plan run inside a transaction, where more than the plan may happen"""
        (first,) = self.tables("l_10")
        one, conn = self.plan(first), self.connect()
        conn.execute("BEGIN")
        self.detail(conn, first)
        conn.execute("ROLLBACK")
        self.assertEqual("approved", self.approval(one)["state"])
        self.assertEqual(10, self.count("l_10"))

    def test_plan_self(self):
        """who submitted a plan says yes to it"""
        (first,) = self.tables("l_11")
        path = self.gate.folder + "/plan.txt"
        open(path, "w").write(first + "\n")
        one = self.gate.run("plan", path, "--target", "shop", as_user="erin")["id"]
        self.refused("approve", one, who="erin")

    def test_plan_denied(self):
        """a plan with a request that the rules deny"""
        path = self.gate.folder + "/plan.json"
        open(path, "w").write('["TRUNCATE l_12", "DROP TABLE never_this"]')
        self.assertIn("request 2 would be denied by rule", self.refused("plan", path, "--target", "shop", who="agent"))

    def test_plan_revoked(self):
        """a plan that was revoked half way"""
        first, second = self.tables("l_13", "l_14")
        one, conn = self.plan(first, second), self.connect()
        conn.execute(first)
        self.gate.run("revoke", one, as_user="agent")
        self.is_new(one, conn, second)
        self.assertEqual(10, self.count("l_14"))


if __name__ == "__main__":
    tap.main()
