"""The admin API's description (openapi.json): a linter takes it, and the gateway answers as it says."""

import http.client
import json
import os
import subprocess
import urllib.parse

import npm
import process
import tap
from gateway import SECRETS
from test_tickets import Api

HERE = os.path.dirname(os.path.abspath(__file__))
METHODS = ("get", "put", "post", "delete")
# Bodies without which a path has nothing to do; the rest are asked for bare.
BODIES = {"lockDown": {"reason": "a test"}, "exchangeToken": None, "beginDevice": None}
SPARED = {"runCanary"}  # plants values at targets: e2e.canary has it


def fits(schema, value, where, document):
    """What `schema` says of `value`: OpenAPI 3.0's objects, arrays, plain types, $ref and enum."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return fits(document["components"]["schemas"][name], value, where, document)
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
    kind = schema.get("type")
    if kind and not isinstance(value, kinds[kind]):
        return [f"{where}: {value!r} is no {kind}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{where}: {value!r} is none of {schema['enum']}"]
    if kind == "array":
        return [fault for i, one in enumerate(value) for fault in fits(schema.get("items", {}), one, f"{where}[{i}]", document)]
    if kind == "object":
        faults = [f"{where}: lacks {key}" for key in schema.get("required", []) if key not in value]
        for key, inner in schema.get("properties", {}).items():
            if key in value:
                faults += fits(inner, value[key], f"{where}.{key}", document)
        return faults
    return []


class Description(Api):
    def setUp(self):
        super().setUp()
        self.document = self.ask("GET", "/v1/openapi.json")[1]

    def test_lint(self):
        """spectral's rules for OpenAPI find nothing"""
        modules = npm.installed(HERE + "/openapi")
        path = self.folder + "/openapi.json"
        with open(path, "w") as file:
            json.dump(self.document, file)
        done = subprocess.run([npm.node(18), modules + "/@stoplight/spectral-cli/dist/index.js", "lint", path, "-r",
                               HERE + "/openapi/ruleset.yaml", "--fail-severity=hint"], capture_output=True, text=True, timeout=120)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def operations(self):
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield path, method.upper(), item[method]

    def test_answers(self):
        """each operation, asked by an admin, answers with a status and a body that the document has"""
        admin = self.ticket({"sub": "root", "groups": ["admins"]})["access_token"]
        for path, method, operation in self.operations():
            name = operation["operationId"]
            if name in SPARED or name == "metrics":
                continue
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "path":
                    path = path.replace("{%s}" % parameter["name"], "77" if parameter["schema"]["type"] == "integer" else "nobody")
            body = BODIES.get(name, {} if method in ("POST", "PUT") else None)
            status, got, _ = self.ask(method, path, body, admin)
            self.assertIn(str(status), operation["responses"], (name, got))
            answer = operation["responses"][str(status)]
            if "$ref" in answer:
                answer = self.document["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
            schema = answer["content"]["application/json"]["schema"]
            self.assertEqual([], fits(schema, got, name, self.document))
        self.ask("DELETE", "/v1/lockdown", proof=admin)
        self.ask("DELETE", "/v1/identities/nobody/block", proof=admin)

    def test_proofs(self):
        """what the document says needs a proof is refused without one, and nothing else is"""
        for path, method, operation in self.operations():
            status = self.ask(method, path.replace("{", "").replace("}", ""), {} if method in ("POST", "PUT") else None)[0]
            is_open = operation.get("security") == []
            self.assertEqual(is_open, status != 401, (path, method, status))

    def test_metrics(self):
        """Prometheus' text form: each figure has its type, and counts what it says"""
        viewer = self.ticket({"sub": "v", "groups": ["viewers"]})["access_token"]
        conn = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        self.addCleanup(conn.close)
        conn.request("GET", "/metrics", headers={"Authorization": "Bearer " + viewer})
        answer = conn.getresponse()
        text = answer.read().decode()
        self.assertEqual((200, "text/plain; version=0.0.4; charset=utf-8"), (answer.status, answer.headers["Content-Type"]))
        figures = {}
        for line in text.splitlines():
            if not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                figures[name] = int(value)
                self.assertIn(f"# TYPE {name.split('{')[0]} ", text)
        self.assertEqual((0, 0), (figures["sallyport_sessions"], figures["sallyport_log_failing"]))
        self.assertGreaterEqual(figures["sallyport_tickets"], 1)
        self.assertIn('sallyport_issuer_keys_age_seconds{issuer="corp"}', figures)
        for secret in SECRETS.values():
            self.assertNotIn(secret, text)


class Log(Api):
    """The log over the API: sessions that are over, their records, the head, proofs, readiness, explain."""

    def as_(self, group):
        return self.ticket({"sub": group, "groups": [group]})["access_token"]

    def past(self, proof, **query):
        status, got, _ = self.ask("GET", "/v1/log/sessions?" + urllib.parse.urlencode(query), proof=proof)
        self.assertEqual(200, status, got)
        return got

    def test_sessions(self):
        """past sessions by filters, page by page, newest first, each once; a viewer sees no text"""
        viewer = self.as_("viewers")
        for i in range(5):
            self.enters(self.ticket({"sub": f"past-{i}"}))
        all_ended = lambda: len([one for one in self.past(viewer, identity="corp:past-*")["sessions"] if one["closed"]]) == 5
        process.until(all_ended, "five sessions that are over")
        found, before = [], ""
        while True:
            page = self.past(viewer, identity="corp:past-*", limit=2, **({"before": before} if before else {}))
            self.assertLessEqual(len(page["sessions"]), 2)
            found += page["sessions"]
            before = page["next"]
            if not before:
                break
        self.assertEqual([f"corp:past-{i}" for i in (4, 3, 2, 1, 0)], [one["identity"] for one in found])
        self.assertEqual(5, len({one["sid"] for one in found}))
        self.assertNotIn("SELECT", json.dumps(found))
        self.assertEqual([], self.past(viewer, identity="corp:past-*", target="raw")["sessions"])
        middle = found[2]["started_ns"]
        self.assertEqual(2, len(self.past(viewer, identity="corp:past-*", until=middle)["sessions"]))
        self.assertEqual(3, len(self.past(viewer, identity="corp:past-*", since=found[2]["last_ns"])["sessions"]))
        self.assertEqual(400, self.ask("GET", "/v1/log/sessions?before=x", proof=viewer)[0])

    def test_records(self):
        """a session's records with texts, page by page, for an auditor; the look is on the record; a viewer is refused"""
        auditor, viewer = self.as_("auditors"), self.as_("viewers")
        self.enters(self.ticket({"sub": "read-me"}))
        listed = lambda: [one for one in self.past(viewer, identity="corp:read-me")["sessions"] if one["closed"]]
        process.until(listed, "a session that is over")
        sid = listed()[0]["sid"]
        path = "/v1/log/sessions/" + urllib.parse.quote(sid, safe="") + "/records"
        self.assertEqual(403, self.ask("GET", path, proof=viewer)[0])
        status, got, _ = self.ask("GET", path, proof=auditor)
        self.assertEqual((200, 0, sid), (status, got["next"], got["session"]))
        self.assertTrue(any("SELECT 'in'" in one.get("payload", "") for one in got["records"]), got)
        pages, after = [], 0
        while True:
            page = self.ask("GET", f"{path}?limit=3&after={after}", proof=auditor)[1]
            pages += page["records"]
            after = page["next"]
            if not after:
                break
        self.assertEqual(got["records"], pages)
        looks = lambda: [one for one in self.gate.records("Admin") if one["act"] == "records" and sid in one["detail"]]
        process.until(looks, "the look on the record")
        self.assertEqual(404, self.ask("GET", "/v1/log/sessions/0.987654/records", proof=auditor)[0])

    def test_head(self):
        """the head, and a verification in the background"""
        auditor, viewer = self.as_("auditors"), self.as_("viewers")
        self.assertEqual(403, self.ask("POST", "/v1/log/verify", {}, viewer)[0])
        self.assertEqual(200, self.ask("POST", "/v1/log/verify", {}, auditor)[0])
        last = lambda: self.ask("GET", "/v1/log/head", proof=viewer)[1]
        process.until(lambda: "last" in last()["verification"], "a verification's end")
        got = last()
        self.assertTrue(got["head"].startswith("splog-head 1 "))
        self.assertTrue(got["verification"]["last"]["ok"], got)
        self.assertGreater(got["verification"]["last"]["records"], 0)

    def test_explain(self):
        """what would happen to a statement"""
        viewer = self.as_("viewers")
        asked = {"target": "shop", "statement": "DROP TABLE customers", "groups": ["agents"]}
        status, got, _ = self.ask("POST", "/v1/explain", asked, viewer)
        self.assertEqual((200, True, "approve", "destructive-sql"), (status, got["may_open"], got["action"], got["rule"]))
        self.assertEqual(404, self.ask("POST", "/v1/explain", asked | {"target": "none"}, viewer)[0])

    def test_ready(self):
        """ready for anybody who asks, and not while nobody is let in"""
        self.assertEqual((200, {"ok": True}), self.ask("GET", "/readyz")[:2])
        admin = self.as_("admins")
        self.ask("PUT", "/v1/lockdown", {"reason": "a test"}, admin)
        self.assertEqual((503, {"ok": False}), self.ask("GET", "/readyz")[:2])
        self.ask("DELETE", "/v1/lockdown", proof=admin)
        self.assertEqual(200, self.ask("GET", "/readyz")[0])


del Api  # its cases are test_tickets'

if __name__ == "__main__":
    tap.main()
