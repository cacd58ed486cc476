"""A private PostgreSQL cluster on loopback."""

import glob
import os
import shutil
import signal
import subprocess
import tempfile

import pki
import process

PASSWORD = "target's own word"  # of the roles app, md5er and plain; callers never see it
SCHEMA = """
CREATE TABLE customers(id int PRIMARY KEY, name text, email text UNIQUE, balance int);
INSERT INTO customers SELECT i, 'name ' || i, 'person' || i || '@example.com', i * 10 FROM generate_series(1, 100) i;
CREATE TABLE items(id serial PRIMARY KEY, label text, amount int);
CREATE TABLE effects(id serial PRIMARY KEY, what text);
ALTER TABLE customers OWNER TO app; ALTER TABLE items OWNER TO app; ALTER TABLE effects OWNER TO app;
GRANT ALL ON SCHEMA public TO app, md5er, plain;
GRANT ALL ON ALL TABLES IN SCHEMA public TO md5er, plain;
"""


def programs():
    """The folder of PostgreSQL's server programs, or None."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))
    return found[-1] if found else None


class Cluster:
    def __init__(self):
        self.bin = programs()
        self.folder = tempfile.mkdtemp(prefix="sallyport-e2e-pg-")
        self.port = process.free_port()
        self.data = self.folder + "/data"
        self.log = self.folder + "/log"
        self.server = None
        self._own(self.folder)
        self._initialise()
        self.start()
        self.sql("CREATE ROLE app LOGIN PASSWORD %s; SET password_encryption = 'md5';"
                 "CREATE ROLE md5er LOGIN PASSWORD %s; CREATE ROLE plain LOGIN PASSWORD %s;" % ((_quoted(PASSWORD),) * 3))
        self.sql("CREATE DATABASE shop OWNER app")
        self.sql(SCHEMA, database="shop")

    def _own(self, path):
        if os.geteuid() == 0:
            shutil.chown(path, "postgres", "postgres")

    def _initialise(self):
        made = process.start([self.bin + "/initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "--no-sync", "-E",
                              "UTF8", "--locale=C.UTF-8"], user="postgres", cwd=self.folder, stdout=subprocess.DEVNULL)
        assert made.wait() == 0
        pki.make_ca(self.folder, "target-ca")
        pki.make_certificate(self.folder, "target-ca", "server")
        for name in ("server.crt", "server.key"):
            self._own(f"{self.folder}/{name}")
        with open(self.data + "/postgresql.conf", "a") as file:
            file.write(f"port = {self.port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{self.folder}'\n"
                       "fsync = off\nmax_connections = 300\nlog_statement = all\nlog_line_prefix = '%p %a: '\n"
                       f"ssl = on\nssl_cert_file = '{self.folder}/server.crt'\nssl_key_file = '{self.folder}/server.key'\n")
        with open(self.data + "/pg_hba.conf", "w") as file:
            file.write("local all postgres trust\nhost all md5er 127.0.0.1/32 md5\nhost all plain 127.0.0.1/32 password\n"
                       "host all all 127.0.0.1/32 scram-sha-256\n")

    def start(self):
        with open(self.log, "a") as log:
            self.server = process.start([self.bin + "/postgres", "-D", self.data], user="postgres", cwd=self.folder,
                                        stdout=log, stderr=log)
        ready = [self.bin + "/pg_isready", "-q", "-h", self.folder, "-p", str(self.port)]
        process.until(lambda: subprocess.run(ready, check=False).returncode == 0, "the cluster's start")

    def stop(self, how=signal.SIGINT):
        process.stop(self.server, how)

    def sql(self, text, database="postgres"):
        """Runs `text` as superuser, past the gateway; returns the last result's rows as lines."""
        done = subprocess.run(["psql", "-XqtA", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-p", str(self.port), "-U",
                               "postgres", "-d", database, "-f", "-"], input=text, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.rstrip("\n")

    def logged(self):
        with open(self.log, errors="replace") as file:
            return file.read()

    def remove(self):
        try:
            if self.server:
                self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def _quoted(text):
    return "'" + text.replace("'", "''") + "'"
