"""node-postgres through the gateway; the driver is installed from npm into a folder of the test's own."""

import shutil
import subprocess
import tempfile
import unittest

import tap
import world

PROGRAMS = {
    "queries": ("text and parameter queries, types, errors with their SQLSTATE", """
      const c = new Client(at('raw')); await c.connect();
      eq((await c.query('SELECT 1 AS a, $1::text AS b', ['häß'])).rows, [{a: 1, b: 'häß'}]);
      eq((await c.query({name: 'p', text: 'SELECT $1::int * 2 AS d', values: [21]})).rows[0].d, 42);
      eq((await c.query({name: 'p', text: 'SELECT $1::int * 2 AS d', values: [4]})).rows[0].d, 8);
      eq(await c.query('SELECT nothing').catch(e => e.code), '42703');
      eq((await c.query('SELECT 2 AS a')).rows[0].a, 2);
      await c.end();"""),
    "masked": ("a masked target: text is masked, a denied statement gives 42501", """
      const c = new Client(at('shop')); await c.connect();
      const mail = (await c.query('SELECT email FROM customers WHERE id = $1', [7])).rows[0].email;
      if (mail.includes('person7') || !mail.includes('@')) throw new Error(mail);
      const e = await c.query('DELETE FROM effects WHERE id = $1', [1]).catch(e => e);
      eq(e.code, '42501'); if (!e.message.includes('no-effects-delete')) throw e;
      eq((await c.query('SELECT 3 AS a')).rows[0].a, 3);
      await c.end();"""),
    "pool": ("a pool of 20 with 400 statements", """
      const pool = new Pool({...at('raw'), max: 20});
      const all = await Promise.all(Array.from({length: 400}, (_, i) => pool.query('SELECT $1::int AS i', [i])));
      eq(all.map(r => r.rows[0].i), Array.from({length: 400}, (_, i) => i));
      await pool.end();"""),
    "cancel": ("cancel in mid-query", """
      const c = new Client(at('raw')), k = new Client(at('raw')); await c.connect();
      const q = new Query('SELECT pg_sleep(60)');
      const ended = new Promise(done => q.on('error', e => done(e.code)));
      c.query(q); await new Promise(done => setTimeout(done, 500)); k.cancel(c, q);
      eq(await ended, '57014');
      eq((await c.query('SELECT 4 AS a')).rows[0].a, 4);
      await c.end();"""),
}
FRAME = """
const {Client, Pool, Query} = require('pg'), assert = require('assert'), fs = require('fs');
const eq = assert.deepStrictEqual;
const at = target => ({host: 'localhost', port: +process.env.PGPORT, user: 'agent,' + target, database: 'shop',
  password: process.env.PGPASSWORD, ssl: process.argv[2] === 'tls' && {ca: fs.readFileSync(process.env.PGSSLROOTCERT)}});
(async () => {%s})().then(() => process.exit(0), e => { console.error(e); process.exit(1); });
"""


class Node(world.Case):
    @classmethod
    def setUpClass(cls):
        if not shutil.which("node") or not shutil.which("npm"):
            raise unittest.SkipTest("node or npm is not installed")
        cls.folder = tempfile.mkdtemp(prefix="sallyport-e2e-node-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        try:
            done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", cls.folder, "pg@8"],
                                  capture_output=True, text=True, timeout=180)
        except subprocess.TimeoutExpired:
            raise unittest.SkipTest("npm could not install pg within 180 s") from None
        if done.returncode:
            raise unittest.SkipTest("npm could not install pg: no network?")
        super().setUpClass()

    def run_program(self, name):
        for tls in (True, False):
            with open(self.folder + "/test.js", "w") as file:
                file.write(FRAME % PROGRAMS[name][1])
            env = {key: value for key, value in self.environment().items() if key not in ("PGSSLMODE", "PGHOSTADDR")}
            done = subprocess.run(["node", "test.js", "tls" if tls else "plain"], cwd=self.folder, env=env,
                                  capture_output=True, text=True, timeout=400)
            self.assertEqual(0, done.returncode, done.stderr)


def _case(name, about):
    def test(self):
        self.run_program(name)

    test.__doc__ = about + ", with TLS and without"
    return test


for _name, (_about, _) in PROGRAMS.items():
    setattr(Node, "test_" + _name, _case(_name, _about))

if __name__ == "__main__":
    tap.main()
