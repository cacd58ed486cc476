"""Random walks through one session: few names, dangerous and harmless texts, SQL and wire spellings of the same thing.

What a name stands for is what a rule is asked about. Whoever loses count of prepared statements, portals, cursors, errors or
transactions lets one of the dangerous ones run under a harmless one's name."""

from wireclient import FLUSH, SYNC, bind, close, describe, execute, parse, query

NAMES = ["", "a", "b", "A", "c"]
HARMLESS = ["SELECT 1", "SELECT id FROM stock ORDER BY id", "SHOW work_mem", "VALUES (1), (2), (3)", ""]
DANGEROUS = ["INSERT INTO journal VALUES (9)", "DELETE FROM stock RETURNING id", "SELECT touch()", "SELECT nextval('ticks')", "DROP TABLE spare",
             "SELECT touch_definer(1)", "WITH d AS (UPDATE stock SET amount = 0 RETURNING 1) SELECT * FROM d", "SELECT touch_rows()", "CALL touch_all(1)",
             "SELECT * FROM stock FOR UPDATE", "SELECT touch_fixed(1)", "SELECT id FROM stock WHERE id = touch_fixed(1)"]
FAILING = ["SELECT 1/0", "SELECT nosuch", "SELEC", "FETCH nosuch", "CLOSE nosuch", "EXECUTE nosuch", "ROLLBACK TO nosuch"]


def walk(rng):
    """The bytes of one."""
    name = lambda: rng.choice(NAMES)
    text = lambda: rng.choice(DANGEROUS if rng.random() < 0.4 else FAILING if rng.random() < 0.15 else HARMLESS)
    word = lambda: rng.choice(["a", "b", '"A"', "A", "c", 'U&"\\0061"'])
    sql = lambda: rng.choice([
        f"PREPARE {word()} AS {text() or 'SELECT 2'}", f"EXECUTE {word()}", f"EXECUTE {word()}", f"DEALLOCATE {word()}", "DEALLOCATE ALL",
        f"DECLARE {word()} CURSOR FOR SELECT id FROM stock", f"DECLARE {word()} CURSOR WITH HOLD FOR SELECT 1", f"FETCH ALL FROM {word()}",
        f"MOVE 1 IN {word()}", f"CLOSE {word()}", "CLOSE ALL", "BEGIN", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT s", "ROLLBACK TO s", "RELEASE s",
        "DISCARD ALL", "DISCARD PLANS", "COMMIT AND CHAIN", f"EXPLAIN ANALYZE EXECUTE {word()}", f"EXPLAIN EXECUTE {word()}", text(), text(),
        f"{text()}; {text()}", f"BEGIN; EXECUTE {word()}; COMMIT", f"DEALLOCATE {word()}; {text()}", "RESET ALL"])
    steps = [
        (6, lambda: parse(text(), name())), (3, lambda: parse(sql(), name())), (8, lambda: bind(name(), name())),
        (8, lambda: execute(name(), rng.choice([0, 0, 1]))), (2, lambda: describe(rng.choice("SP"), name())), (3, lambda: close(rng.choice("SP"), name())),
        (5, lambda: SYNC), (1, lambda: FLUSH), (5, lambda: query(sql())), (2, lambda: parse(text()) + bind() + execute())]
    weights = [weight for weight, _ in steps]
    made = [rng.choices(steps, weights)[0][1]() for _ in range(rng.randrange(4, 14))]
    return b"".join(made + [SYNC, query("ROLLBACK"), query("DEALLOCATE ALL"), query("CLOSE ALL")])
