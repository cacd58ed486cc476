"""node-postgres through the gateway; the driver is installed from npm into a folder of the test's own."""

import os
import shutil
import subprocess
import tempfile
import unittest

import tap
from twins import Twins

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
# What these print must be the same at the server itself. `c` is a connected client.
TWINS = {
    "types": ("values of the common types, by text, and in binary where the driver can read that", """
      for (const binary of [false, true]) {
        const b = new Client({...here, binary}); await b.connect();
        for (const v of ["true", "7::int2", "7::int4", "7000000000::int8", "1.5::float4", "1e300::float8", "123.4500::numeric", "'häß'::text",
            "'v'::varchar", "'c'::char(3)", "decode('00ff', 'hex')::bytea", "'2024-02-29'::date", "'2024-02-29 12:00+03'::timestamptz", "'1 day 02:03'::interval",
            "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", "'[1, null]'::jsonb", "'{1,NULL,3}'::int[]", "'{a,b c,NULL}'::text[]", "'(1,2)'::point",
            "NULL::text", "'10.0.0.1'::inet", "16384::oid"])
          if (!binary || /^true|int[24]|float8|varchar|timestamptz|NULL/.test(v)) say(v, binary, (await b.query({text: 'SELECT ' + v + ' AS v, $1::text AS w', values: ['x'], rowMode: 'array'})).rows);
        await b.end();
      }"""),
    "parameters": ("parameters of the driver's kinds", """
      for (const v of [1, 2.5, 'häß', null, true, new Date(1709200000000), Buffer.from([0, 255]), [1, null, 3], ['a', null, 'b,"'], {a: [1]}])
        say((await c.query(Buffer.isBuffer(v) ? 'SELECT $1::bytea AS v' : 'SELECT $1 AS v', [v])).rows);
      say((await c.query({name: 'n', text: 'SELECT $1::jsonb AS v, $2::bytea AS w', values: [{a: 1}, Buffer.alloc(1000, 7)]})).rows);"""),
    "several": ("several results of one text, commands and counts, errors with every field, notices", """
      say((await c.query("SELECT 1 AS a; CREATE TEMP TABLE t(a int UNIQUE); INSERT INTO t VALUES (1), (2); TABLE t")).map(r => [r.command, r.rowCount, r.rows]));
      c.on('notice', n => say('notice', n.severity, n.code, n.message, n.hint));
      await c.query("DO $$ BEGIN RAISE WARNING 'one' USING HINT = 'h', ERRCODE = 'XX123'; END $$");
      for (const q of ['SELECT nothing', 'INSERT INTO t VALUES (1)', 'SELECT 1/0', "SELECT 'x'::int"])
        for (const values of [undefined, []])
          await c.query(q, values).catch(e => say(e.code, e.message, e.severity, e.detail, e.hint, e.position, e.table, e.constraint));
      await c.query('BEGIN'); await c.query('SELECT 1/0').catch(e => say(e.code)); await c.query('SELECT 1').catch(e => say(e.code));
      say((await c.query('COMMIT')).command);"""),
    "notify": ("LISTEN and NOTIFY", """
      const heard = new Promise(done => c.on('notification', n => done([n.channel, n.payload])));
      await c.query('LISTEN twins'); await c.query("NOTIFY twins, 'ä'"); say(await heard);"""),
    "cursor": ("pg-cursor: portals read in pieces, closed early, two at once in a block", """
      const Cursor = require('pg-cursor');
      await c.query('BEGIN');
      const one = c.query(new Cursor('SELECT id, email FROM customers WHERE id > $1 ORDER BY id', [3]));
      say(await one.read(5)); say((await one.read(1000)).length); say(await one.read(5)); await one.close();
      const two = c.query(new Cursor('SELECT generate_series(1, 100000) i', [])); say(await two.read(2)); await two.close();
      await c.query('COMMIT');"""),
    "copy": ("pg-copy-streams: both ways, and an error in the data", """
      const {from, to} = require('pg-copy-streams'), {pipeline} = require('stream/promises'), {Readable} = require('stream');
      await c.query('CREATE TEMP TABLE t(a int, b text)');
      await pipeline(Readable.from(Array.from({length: 20000}, (_, i) => i + '\\tword ' + i + '\\n')), c.query(from('COPY t FROM STDIN')));
      const hash = require('crypto').createHash('sha256'); let size = 0;
      for await (const block of c.query(to('COPY t TO STDOUT (FORMAT csv)'))) { hash.update(block); size += block.length; }
      say(size, hash.digest('hex'));
      await pipeline(Readable.from(['x\\ty\\n']), c.query(from('COPY t FROM STDIN'))).catch(e => say(e.code, e.where));
      say((await c.query('SELECT count(*) FROM t')).rows);"""),
}
FRAME = """
const {Client, Pool, Query} = require('pg'), assert = require('assert'), fs = require('fs');
const eq = assert.deepStrictEqual;
const at = target => ({host: 'localhost', port: +process.env.PGPORT, user: 'agent,' + target, database: 'shop',
  password: process.env.PGPASSWORD, ssl: process.argv[2] === 'tls' && {ca: fs.readFileSync(process.env.PGSSLROOTCERT)}});
const here = {...at('raw'), user: process.env.PGUSER};
const say = (...what) => console.log(JSON.stringify(what));
(async () => {%s})().then(() => process.exit(0), e => { console.error(e); process.exit(1); });
"""


class Node(Twins):
    @classmethod
    def setUpClass(cls):
        if not shutil.which("node") or not shutil.which("npm"):
            raise unittest.SkipTest("node or npm is not installed")
        cls.folder = tempfile.mkdtemp(prefix="sallyport-e2e-node-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        try:
            done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", cls.folder,
                                   "pg@8", "pg-cursor@2", "pg-copy-streams@6"],
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


    def twin(self, name):
        """TWINS[name] as a program of a way."""
        def run(way):
            with open(self.folder + "/twin.js", "w") as file:
                file.write(FRAME % ("const c = new Client(here); await c.connect();" + TWINS[name][1] +
                                    "eq((await c.query('SELECT 6 AS a')).rows[0].a, 6); await c.end();"))
            env = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
            env |= {"PGPORT": str(way.port), "PGUSER": way.user, "PGPASSWORD": way.password, "PGSSLROOTCERT": way.ca or ""}
            done = subprocess.run(["node", "twin.js", "tls" if way.ca else "plain"], cwd=self.folder, env=env, capture_output=True,
                                  text=True, timeout=400)
            self.assertEqual(0, done.returncode, f"at {way.name}: {done.stderr}")
            return done.stdout.splitlines()

        return run


def _twin(name, about):
    def test(self):
        self.assertTrue(self.same(self.twin(name)))

    test.__doc__ = about + ", as at the server itself"
    return test


def _case(name, about):
    def test(self):
        self.run_program(name)

    test.__doc__ = about + ", with TLS and without"
    return test


for _name, (_about, _) in PROGRAMS.items():
    setattr(Node, "test_" + _name, _case(_name, _about))
for _name, (_about, _) in TWINS.items():
    setattr(Node, "test_twin_" + _name, _twin(_name, _about))

if __name__ == "__main__":
    tap.main()
