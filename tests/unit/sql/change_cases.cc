// Statements that change rows: targets, sources, and whether a condition spares anything.
#include "tests/unit/sql/cases.h"

namespace sallyport::postgresql::sql {

const std::vector<Case>& change_cases() {
  static const std::vector<Case> cases = {
      {"INSERT INTO t VALUES (1)", "INSERT write w:t"},
      {"INSERT INTO public.t (a, b) SELECT a, f(b) FROM s", "INSERT unknown r:s w:public.t f:f ?f"},
      {"INSERT INTO t DEFAULT VALUES RETURNING id", "INSERT write r:t w:t"},
      {"INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING", "INSERT write w:t"},
      {"INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = excluded.b", "INSERT+UPDATE write w:t"},
      {"INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = (SELECT x FROM secret)",
       "INSERT+UPDATE write r:secret w:t"},
      {"INSERT INTO t VALUES (nextval('s'), now(), gen_random_uuid())",
       "INSERT write w:t f:nextval,now,gen_random_uuid"},
      {"UPDATE t SET a = 1 WHERE id = 1", "UPDATE write w:t"},
      {"UPDATE t SET a = 1", "UPDATE destroy w:t no-where"},
      {"UPDATE t SET a = 1 WHERE true", "UPDATE destroy w:t no-where"},
      {"UPDATE t SET a = 1 WHERE 1 = 1", "UPDATE destroy w:t no-where"},
      {"UPDATE t SET a = s.a FROM s WHERE s.id = t.id", "UPDATE write r:s w:t"},
      {"UPDATE t SET a = 1 WHERE CURRENT OF c", "UPDATE write w:t o:cursor c"},
      {"UPDATE t SET (a, b) = (SELECT c, d FROM s WHERE s.id = t.id) WHERE id = $1 RETURNING *",
       "UPDATE write r:t,s w:t"},
      {"DELETE FROM t", "DELETE destroy w:t no-where"},
      {"DELETE FROM ONLY t", "DELETE destroy w:t no-where"},
      {"DELETE FROM t WHERE id = 1", "DELETE write w:t"},
      {"DELETE FROM t WHERE $1", "DELETE destroy w:t no-where"},
      {"DELETE FROM t WHERE (SELECT true)", "DELETE destroy w:t no-where"},
      {"DELETE FROM t WHERE random() < 0.5", "DELETE destroy w:t f:random no-where"},
      {"DELETE FROM t USING s", "DELETE destroy r:s w:t no-where"},
      {"DELETE FROM t USING s WHERE s.id = t.id RETURNING t.email", "DELETE write r:t,s w:t"},
      {"DELETE FROM a.b AS x WHERE x.y IS NULL", "DELETE write w:a.b"},
      {"MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET a = s.a WHEN NOT MATCHED THEN "
       "INSERT VALUES (s.id)",
       "MERGE+UPDATE+INSERT write r:s w:t"},
      {"MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE", "MERGE+DELETE destroy r:s w:t no-where"},
      {"MERGE INTO t USING (SELECT * FROM s) q ON t.id = q.id WHEN NOT MATCHED THEN DO NOTHING",
       "MERGE write r:s w:t"},
      {"TRUNCATE t", "TRUNCATE destroy w:t"},
      {"TRUNCATE TABLE a, ONLY b.c RESTART IDENTITY CASCADE", "TRUNCATE destroy w:a,b.c"},
      {"COPY t FROM STDIN", "COPY write w:t in"},
      {"COPY public.t (a, b) TO STDOUT WITH (FORMAT csv)", "COPY read r:public.t out"},
      {"COPY t TO '/tmp/x'", "COPY escape r:t !copy-file"},
      {"COPY t FROM '/etc/passwd'", "COPY escape w:t !copy-file"},
      {"COPY t TO PROGRAM 'cat'", "COPY escape r:t !copy-program"},
      {"COPY t FROM PROGRAM 'id' WHERE a > 1", "COPY escape w:t !copy-program"},
      {"COPY (SELECT * FROM t) TO STDOUT", "COPY read r:t out <SELECT read r:t>"},
      {"COPY (SELECT pg_read_file('x')) TO STDOUT",
       "COPY escape f:pg_read_file !function pg_read_file out <SELECT escape f:pg_read_file !function "
       "pg_read_file>"},
      {"COPY (DELETE FROM t WHERE id = 1 RETURNING *) TO STDOUT",
       "COPY+DELETE write r:t w:t out <DELETE write r:t w:t>"},
      {"COPY (DELETE FROM t RETURNING *) TO STDOUT",
       "COPY+DELETE destroy r:t w:t no-where out <DELETE destroy r:t w:t no-where>"},
      {"COPY (INSERT INTO t VALUES (1) RETURNING *) TO STDOUT",
       "COPY+INSERT write r:t w:t out <INSERT write r:t w:t>"},
      {"COPY (WITH d AS (UPDATE t SET a = 1 WHERE b = 2 RETURNING *) SELECT * FROM d) TO STDOUT",
       "COPY+UPDATE write r:t w:t out <SELECT+UPDATE write r:t w:t>"},
      {"LOCK TABLE t IN ACCESS EXCLUSIVE MODE", "LOCK write o:t"},
      {"LOCK a.b, c", "LOCK write o:a.b,c"},
      {"NOTIFY channel, 'payload'", "NOTIFY write o:channel channel"},
      {"REFRESH MATERIALIZED VIEW m", "REFRESH write w:m"},
      {"REFRESH MATERIALIZED VIEW CONCURRENTLY a.m WITH DATA", "REFRESH write w:a.m"},
  };
  return cases;
}

}  // namespace sallyport::postgresql::sql
