"""One session in the forms that other programs read: JSON lines, asciicast, OCSF."""

import json
import re
import subprocess

import audit_case
import gateway
import tap

# What schema.ocsf.io/1.3.0 requires: of Datastore Activity (6005) and what it extends, of the objects that stand in it,
# and of the profile security_control. A list in a list: at least one of them.
REQUIRED = {
    "event": ["activity_id", "category_uid", "class_uid", "type_uid", "time", "severity_id", "metadata", "actor", "src_endpoint",
              "action_id", ["database", "databucket", "table"]],
    "metadata": ["product", "version"],
    "product": ["vendor_name"],
    "actor": [["process", "user", "invoked_by", "session", "app_name", "app_uid"]],
    "user": [["account", "name", "uid"]],
    "src_endpoint": [["ip", "uid", "name", "hostname", "svc_name", "instance_uid", "interface_uid", "interface_name", "domain"]],
    "database": ["type_id", ["name", "uid"]],
    "table": [["name", "uid"]],
    "query_info": ["query_string"],
}
# Types, and the values that an enum has.
VALUES = {"activity_id": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 99], "category_uid": [6], "class_uid": [6005],
          "severity_id": [0, 1, 2, 3, 4, 5, 6, 99], "status_id": [0, 1, 2, 99], "action_id": [0, 1, 2, 3, 4, 99],
          "disposition_id": list(range(0, 28)) + [99], "type_id": [0, 1, 2, 3, 99]}


def problems(event):
    """What in an event is not as the schema wants it."""
    found = []

    def needs(where, one):
        for wanted in REQUIRED[where]:
            names = wanted if isinstance(wanted, list) else [wanted]
            if not any(name in one for name in names):
                found.append(f"{where} lacks {' or '.join(names)}")
        for name, value in one.items():
            if isinstance(value, dict) and name in REQUIRED:
                needs(name, value)

    needs("event", event)
    for name, values in VALUES.items():
        if name in event and event[name] not in values:
            found.append(f"{name} is {event[name]}")
    if event["type_uid"] != event["class_uid"] * 100 + event["activity_id"]:
        found.append(f"type_uid is {event['type_uid']}")
    if event["activity_id"] == 99 and not event.get("activity_name"):
        found.append("an activity 99 without a name")
    if not (isinstance(event["time"], int) and 1.5e12 < event["time"] < 5e12):
        found.append(f"time is {event['time']}, no milliseconds since 1970")
    return found


class Export(audit_case.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sid = None

    def setUp(self):
        super().setUp()
        if Export.sid is None:
            done = {}
            before = {one["sid"] for one in self.gate.run("sessions")}
            self.psql("SELECT email FROM customers ORDER BY id LIMIT 3;\nDELETE FROM effects WHERE id = 1;\n"
                      "INSERT INTO effects(what) VALUES ('exported');\nSELECT 'a\x1b[31mred';\n")
            audit_case.world.process.until(lambda: done.update({one["sid"]: 1 for one in self.gate.run("sessions") if
                                                                one["sid"] not in before and one["closed"]}) or done, "the end")
            Export.sid = next(iter(done))

    def lines(self, form, *more):
        done = subprocess.run([gateway.BIN, "--config", self.gate.config, "log", "export", "--session", self.sid, form, *more],
                              capture_output=True, text=True, timeout=180)
        self.assertEqual(0, done.returncode, done.stderr)
        return [json.loads(line) for line in done.stdout.split("\n") if line]

    def test_jsonl(self):
        """each record is a line, as `show --json` has it; --output writes a file"""
        self.assertEqual(self.gate.run("show", self.sid), self.lines("--jsonl"))
        self.assertEqual([], self.lines("--jsonl", "--output", self.folder + "/session.jsonl"))
        with open(self.folder + "/session.jsonl") as file:
            self.assertEqual(self.gate.run("show", self.sid), [json.loads(line) for line in file])

    def test_asciicast(self):
        """the recording is asciicast 2: its times never go back, and it shows what the caller saw, masked"""
        head, *events = self.lines("--asciicast")
        self.assertEqual(2, head["version"])
        self.assertTrue(head["width"] > 0 and head["height"] > 0 and head["timestamp"] > 1.5e9, head)
        self.assertEqual([], [one for one in events if len(one) != 3 or one[1] != "o" or not isinstance(one[2], str)])
        self.assertEqual(sorted(one[0] for one in events), [one[0] for one in events])
        shown = "".join(one[2] for one in events)
        self.assertIn("> SELECT email FROM customers", shown)
        self.assertRegex(shown, r"p\*+@e\*+\.com")
        self.assertNotIn("person1@", shown)
        self.assertIn('denied by rule "no-effects-delete"', shown)
        self.assertNotRegex(re.sub(r"\x1b\[[0-2]m", "", shown), r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # callers' are made visible
        self.assertNotRegex(shown, r"[^\r]\n")

    def test_ocsf(self):
        """each request is an event of OCSF 1.3.0's Datastore Activity with all that the schema requires"""
        events = self.lines("--ocsf")
        self.assertEqual([], [(problem, event) for event in events for problem in problems(event)])
        self.assertEqual({"1.3.0"}, {one["metadata"]["version"] for one in events})
        login, select, delete, insert, _ = events
        self.assertEqual((600503, 1, 1), (login["type_uid"], login["status_id"], login["action_id"]))
        self.assertEqual(("agent", [{"name": "agents"}]), (login["actor"]["user"]["name"], login["actor"]["user"]["groups"]))
        self.assertEqual((600504, 1, 3), (select["type_uid"], select["action_id"], select["unmapped"]["rows"]))
        self.assertEqual("pii", select["unmapped"]["hits"][0]["mask"])
        self.assertEqual((600507, 2, 2, 2), (delete["type_uid"], delete["action_id"], delete["disposition_id"], delete["status_id"]))
        self.assertEqual("no-effects-delete", delete["policy"]["name"])
        self.assertEqual((600505, "INSERT 0 1"), (insert["type_uid"], insert["status_detail"]))
        self.assertIn("exported", insert["query_info"]["query_string"])
        self.assertEqual("127.0.0.1", insert["src_endpoint"]["ip"])
        self.assertTrue(problems({key: value for key, value in insert.items() if key != "actor"}))  # the check can fail

    def test_one_form(self):
        """no form, or two, is wrong use"""
        for forms in ([], ["--jsonl", "--ocsf"]):
            self.assertEqual(2, self.gate.run("log", "export", "--session", self.sid, *forms, ok=False).returncode)


if __name__ == "__main__":
    tap.main()
