"""What the tests of the audit share: sessions that are worth looking at, and the commands as an auditor has them."""

import json
import os
import shutil
import subprocess
import tempfile

import world
from gateway import BIN


class Case(world.Case):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="sallyport-e2e-audit-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def session(self, sql, **where):
        """Runs `sql` in a session of its own; its name, when its end is on the record."""
        # By number: the short name passes from an older instance's session to a newer one's.
        listed = lambda: {(one["instance"], one["session"]): one for one in self.gate.run("sessions", "--limit", "0")}
        before = listed()
        self.good_psql(sql, **where)

        def ended():
            return [one["sid"] for key, one in listed().items() if key not in before and one["closed"] and one["identity"]]

        return world.process.until(ended, "the session's end on the record")[0]

    def alone(self, *args, ok=True):
        """`sallyport ARGS` without a configuration, as an auditor has it elsewhere."""
        done = subprocess.run([BIN, "--config", "/nonexistent/sallyport.toml", *args], capture_output=True, text=True,
                              timeout=180, env=os.environ | {"NO_COLOR": "1"})
        assert not ok or done.returncode == 0, f"{args}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def alone_json(self, *args):
        return json.loads(self.alone("--json", *args, ok=False).stdout)
