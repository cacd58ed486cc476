"""The promise of the record: SIGKILL at any moment loses no statement that the target saw, and a full disk stops
traffic until there is room again."""

import os
import re
import subprocess
import tempfile
import time

import process
import tap
import world

CYCLES = 50 if tap.FULL else 3


class Kill(world.Case):
    def test_kill(self):
        """SIGKILL under pgbench: what the target saw is on the record, and the log verifies after each restart"""
        script = self.gate.folder + "/script.sql"
        with open(script, "w") as file:
            # One number a statement, unique over all clients and cycles.
            file.write("\\set n random(1, 1000000000000)\n\\set m random(1, 1000000000000)\n"
                       "SELECT :n AS sallyport_mark;\nINSERT INTO effects(what) VALUES ('sallyport_mark ' || :m);\n")
        for cycle in range(CYCLES):
            mode = ("simple", "extended", "prepared")[cycle % 3]
            bench = process.start([self.pgbench_program(), "-n", "-c", "8", "-T", "60", "-M", mode, "-f", script],
                                  env=self.environment(target="raw"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.addCleanup(process.stop, bench, 9)
            size = os.path.getsize(self.cluster.log)
            process.until(lambda: bench.poll() is not None or os.path.getsize(self.cluster.log) > size + 20_000,
                          "statements at the target")
            self.assertIsNone(bench.poll(), "pgbench has ended by itself")
            time.sleep(0.01 * (cycle % 7))  # another moment each cycle
            self.gate.process.kill()
            self.gate.process.wait()
            process.stop(bench, 9)
            self.gate.start()
            self.assertIn("records brought into the log", self.gate.said())
            self.assertTrue(self.gate.verify()["whole"])
        gone = "SELECT count(*) = 0 FROM pg_stat_activity WHERE usename = 'app'"
        process.until(lambda: self.cluster.sql(gone) == "t", "the end of what was under way at the target")
        self.compare()

    def pgbench_program(self):
        return world.shutil.which("pgbench") or world.clusters.programs() + "/pgbench"

    def compare(self):
        """Every statement of the cluster's log, parameters included, is on the record as often or more."""
        seen = re.findall(r"(?:statement|execute [^:]*): (.*sallyport_mark.*)\n(?:.*DETAIL:  parameters: (.*)\n)?",
                          self.cluster.logged())
        self.assertGreater(len(seen), 100)
        recorded = {}
        for one in self.gate.records("Request"):
            if one["stage"] == 1 and "sallyport_mark" in one["payload"]:
                for number in re.findall(r"\d+", one["payload"]):
                    recorded[number] = recorded.get(number, 0) + 1
        missing = []
        for statement, parameters in seen:
            numbers = [number for number in re.findall(r"\d+", re.sub(r"\$\d+", "", statement + " " + parameters))]
            self.assertTrue(numbers, statement)
            if not any(number in recorded for number in numbers):
                missing.append(statement + parameters)
        print(f"# {len(seen)} statements at the target, {len(recorded)} numbers on the record, {CYCLES} cycles")
        self.assertEqual([], missing)


class FullDisk(world.Case):
    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise world.unittest.SkipTest("mounting a small tmpfs needs root")
        cls.mount = tempfile.mkdtemp(prefix="sallyport-e2e-disk-")
        cls.addClassCleanup(os.rmdir, cls.mount)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=700", "tmpfs", cls.mount], capture_output=True)
        if done.returncode:
            raise world.unittest.SkipTest("no mount allowed here")
        cls.addClassCleanup(subprocess.run, ["umount", "-l", cls.mount])
        rings = tempfile.mkdtemp(prefix="sallyport-e2e-", dir="/dev/shm")
        cls.addClassCleanup(world.shutil.rmtree, rings, True)
        cls.settings = {"log": f'[log]\ndirectory = "{cls.mount}/log"\nring_dir = "{rings}/rings"\nring_size = "16 MiB"\n'
                               'segment_size = "1 MiB"\n'}
        super().setUpClass()
        cls.gate.log_dir = cls.mount + "/log"

    def test_full(self):
        """a full disk stops traffic before the target; room lets it resume by itself; the log verifies"""
        with open(self.mount + "/ballast", "wb") as ballast:
            try:
                while True:
                    ballast.write(b"x" * 65536)
                    ballast.flush()
            except OSError:
                pass
        script = self.gate.folder + "/fill.sql"
        with open(script, "w") as file:
            file.write("SELECT length('" + "sallyport " * 6000 + "');\n")
        bench = process.start([world.shutil.which("pgbench") or world.clusters.programs() + "/pgbench", "-n", "-c", "4", "-T",
                               "600", "-f", script], env=self.environment(target="raw"), stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
        self.addCleanup(process.stop, bench, 9)
        process.until(lambda: "the log fails, traffic stops" in self.gate.said(), "the log's failure")
        self.assertIn('"failing": true', self.gate.run("status", ok=False).stdout)
        self.stands_still()
        hung = self.spawn("INSERT INTO effects(what) VALUES ('after the disk was full')", target="raw")
        time.sleep(2)  # whatever it does in this time, nothing may reach the target
        self.assertNotIn("after the disk was full", self.cluster.logged())
        os.unlink(self.mount + "/ballast")
        process.until(lambda: "the log is whole again, traffic goes on" in self.gate.said(), "the log's repair")
        hung.communicate(timeout=180)
        process.stop(bench, 9)
        self.assertEqual("1", self.good_psql("SELECT 1", target="raw"))
        self.assertFalse(self.gate.run("status")["log"]["failing"])
        self.gate.stop()
        self.assertTrue(self.gate.verify()["whole"])
        self.gate.start()

    def stands_still(self):
        """Waits until the cluster's log has not grown for a second: the rings are full, or sessions wait."""
        def still():
            size = os.path.getsize(self.cluster.log)
            time.sleep(1)
            return os.path.getsize(self.cluster.log) == size

        process.until(still, "traffic to stop")


if __name__ == "__main__":
    tap.main()
