"""Traps 12-21, 23, 57 and 58: aggregates."""
# ruff: noqa: E501 - a query reads better on one line

import pytest

from tests.maintained import Connection, Story, follow

PAY = """
CREATE TABLE pay (id int PRIMARY KEY, g text, h int, x int, y int);
INSERT INTO pay VALUES (1, 'a', 1, 5, 50), (2, 'a', NULL, 15, 10), (3, NULL, 1, NULL, 7), (4, 'b', 2, 5, NULL), (5, 'b', 2, 5, 1)
"""
NUMBERS = """
CREATE TABLE t (id int PRIMARY KEY, g int, n numeric, f float8, l bigint, v interval, m money);
INSERT INTO t VALUES (1, 1, 1.0, 0.5, 9000000000000000000, '1 mon', 1), (2, 1, 1.00, 0.25, 9000000000000000000, '30 days', 2),
  (3, 2, 2.5, 1e100, 1, NULL, NULL), (4, 2, NULL, -1e100, NULL, '1 day', 3)
"""
WORDS = """
CREATE TABLE t (id int PRIMARY KEY, g int, s text, d text, x int);
INSERT INTO t VALUES (1, 1, 'b', ',', 3), (2, 1, 'a', ';', 3), (3, 1, NULL, '-', 1), (4, 2, 'c', NULL, 2), (5, NULL, 'a', '+', NULL)
"""
OWN = """
CREATE FUNCTION append(text, text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT concat($1, $2) $$;
CREATE AGGREGATE joined(text) (SFUNC = append, STYPE = text, INITCOND = '');
"""
CHANGES = (
    ("UPDATE t SET x = 1, g = 1 WHERE id = 5", "DELETE FROM t WHERE id = 1"),
    ("INSERT INTO t VALUES (6, 2, 'a', '/', 3), (7, 2, 'a', '/', 3)", "UPDATE t SET s = 'zz' WHERE id = 4"),
    ("DELETE FROM t WHERE g = 2", "UPDATE t SET g = 2 WHERE g = 1"),
    ("DELETE FROM t",),
    ("INSERT INTO t VALUES (8, NULL, NULL, NULL, NULL)",),
)

STORIES = [
    Story(
        "12: the last value that is not NULL leaves",
        PAY,
        "SELECT g, sum(x) AS s, avg(x) AS a, count(x) AS n, sum(y) FILTER (WHERE x > 5) AS f FROM pay GROUP BY g",
        ("UPDATE pay SET x = NULL WHERE g = 'a'", "UPDATE pay SET x = 3 WHERE id = 1", "UPDATE pay SET y = NULL"),
    ),
    Story(
        "12: nothing counted without GROUP BY is one row",
        PAY,
        "SELECT count(*) AS n, sum(x) AS s, min(y) AS m, string_agg(g, ',' ORDER BY id) AS l, bool_and(x > 0) AS b FROM pay",
        ("DELETE FROM pay", "INSERT INTO pay VALUES (9, 'z', 1, 1, 1)", ("DELETE FROM pay", "INSERT INTO pay VALUES (9, 'y', 1, 2, 1)"), "DELETE FROM pay"),
    ),
    Story(
        "12: nothing counted on a table that was empty",
        "CREATE TABLE e (x int)",
        "SELECT count(*) AS n, sum(x) AS s, max(x) AS m FROM e WHERE x > 1",
        ("INSERT INTO e VALUES (1)", "INSERT INTO e VALUES (2), (3)", "DELETE FROM e"),
    ),
    Story(
        "13: a group emptied and revived, in one refresh and across two",
        PAY,
        "SELECT g, count(*) AS n, sum(x) AS s, max(y) AS m FROM pay GROUP BY g",
        (
            ("DELETE FROM pay WHERE g = 'b'", "INSERT INTO pay VALUES (6, 'b', 1, 1, 1)"),
            "DELETE FROM pay WHERE g = 'b'",
            "INSERT INTO pay VALUES (7, 'b', 1, 2, 2)",
            ("UPDATE pay SET g = 'c' WHERE g = 'b'", "UPDATE pay SET g = 'b' WHERE g = 'c'"),
        ),
    ),
    Story(
        "14: group key and measure move together",
        PAY,
        "SELECT g, sum(x) AS s, count(*) AS n FROM pay GROUP BY g",
        ("UPDATE pay SET g = 'b', x = x + 100 WHERE id = 1", "UPDATE pay SET g = CASE g WHEN 'a' THEN 'b' ELSE 'a' END, x = - x"),
    ),
    Story(
        "14: a row moves between two groups, each crossing its HAVING",
        PAY,
        "SELECT g, sum(x) AS s FROM pay GROUP BY g HAVING sum(x) >= 15",
        ("UPDATE pay SET g = 'b' WHERE id = 2", "UPDATE pay SET g = 'a' WHERE id = 2", "UPDATE pay SET x = 20 WHERE g IS NULL"),
    ),
    Story(
        "15: sum(CASE …) as its condition crosses, also inside a cast and a function",
        PAY,
        """SELECT g, sum(CASE WHEN x > 10 THEN y ELSE 0 END) AS a, sum((CASE WHEN x > 10 THEN y END)::numeric) AS b,
                  sum(coalesce(CASE WHEN x > 10 THEN y END, -1)) AS c, round(avg(CASE WHEN x > 10 THEN y ELSE 0 END), 3) AS d
           FROM pay GROUP BY g""",
        ("UPDATE pay SET x = x + 7", "UPDATE pay SET x = 0, y = y + 1 WHERE id = 2", "UPDATE pay SET x = NULL"),
    ),
    Story(
        "16: one nullable group column",
        PAY,
        "SELECT h, count(*) AS n, min(x) AS m FROM pay GROUP BY h",
        ("UPDATE pay SET h = 1 WHERE h IS NULL", "UPDATE pay SET h = NULL WHERE id IN (1, 4)", "DELETE FROM pay WHERE h IS NULL"),
    ),
    Story(
        "16: two nullable group columns",
        PAY,
        "SELECT g, h, count(*) AS n, max(x) AS m, string_agg(y::text, '+' ORDER BY y) AS l FROM pay GROUP BY g, h",
        ("UPDATE pay SET g = NULL, h = NULL", "UPDATE pay SET h = id % 2, y = y + 1", "UPDATE pay SET g = 'a', h = NULL WHERE id < 3", "DELETE FROM pay WHERE h IS NULL"),
    ),
    Story(
        "17: the extremum leaves: with ties, without, with NULLs, the group",
        PAY,
        "SELECT g, min(x) AS low, max(x) AS high, min(y) AS y, max(g || x) AS t FROM pay GROUP BY g",
        ("DELETE FROM pay WHERE id = 4", "DELETE FROM pay WHERE id = 5", "UPDATE pay SET x = NULL WHERE id = 1", "UPDATE pay SET x = 1 WHERE id = 3", "DELETE FROM pay WHERE g = 'a'"),
    ),
    Story(
        "18: another copy of a distinct value remains",
        PAY,
        "SELECT g, count(DISTINCT x) AS d, sum(DISTINCT x) FILTER (WHERE y > 5) AS s, count(*) AS n FROM pay GROUP BY g",
        ("DELETE FROM pay WHERE id = 4", "UPDATE pay SET x = 15, y = 6", "DELETE FROM pay WHERE id = 5", "UPDATE pay SET x = NULL"),
    ),
    Story(
        "19: NaN enters and leaves groups that are grouped again",
        "CREATE TABLE t (id int PRIMARY KEY, g numeric, n numeric(8, 2)); INSERT INTO t VALUES (1, 1.0, 1), (2, 1.00, NULL), (3, NULL, 2), (4, 2, 3)",
        "SELECT g.s, g.a, count(*) AS n, min(round(g.g, 1)) AS g FROM (SELECT g, sum(n) AS s, avg(n) AS a, count(*) AS n FROM t GROUP BY g) g WHERE g.n > 0 GROUP BY g.s, g.a",
        (
            "UPDATE t SET n = 'NaN' WHERE id IN (1, 3)",
            ("UPDATE t SET n = 1 WHERE id = 1", "DELETE FROM t WHERE id = 4"),
            ("DELETE FROM t WHERE id = 3", "INSERT INTO t VALUES (5, 1.000, 4), (6, NULL, 'NaN'), (7, 2.0, 3)"),
            ("UPDATE t SET g = 2.00 WHERE id = 1", "DELETE FROM t WHERE id = 6"),
            ("UPDATE t SET n = n + 1", "UPDATE t SET n = n - 1"),
            "DELETE FROM t",
        ),
    ),
    Story(
        "19: NaN and infinity enter and leave",
        NUMBERS,
        "SELECT g, sum(n) AS s, avg(n) AS a, max(n) AS m, sum(f) AS f, avg(f) AS g2 FROM t GROUP BY g",
        (
            "UPDATE t SET n = 'NaN', f = 'Infinity' WHERE id = 1",
            "UPDATE t SET n = 'Infinity', f = '-Infinity' WHERE id = 3",
            "UPDATE t SET n = 1, f = 1 WHERE id = 1",
            ("UPDATE t SET n = '-Infinity' WHERE id = 4", "UPDATE t SET n = 7.125 WHERE id = 3"),
            "UPDATE t SET n = 1, f = 0.1",
            ("INSERT INTO t VALUES (9, 1, 'NaN', 'NaN')", "DELETE FROM t WHERE id = 9"),
        ),
    ),
    Story(
        "19: sums of floats, bigints, intervals and money",
        NUMBERS,
        "SELECT g, sum(f) AS f, sum(l) AS l, sum(v) AS v, avg(v) AS a, sum(m) AS m FROM t GROUP BY g",
        ("UPDATE t SET f = 0.1 WHERE g = 2", "INSERT INTO t SELECT id + 10, g, n, f, 9000000000000000000, v, m FROM t", "UPDATE t SET v = '24:00', m = m * 2", "DELETE FROM t WHERE id > 10", "UPDATE t SET l = -9223372036854775808"),
    ),
    Story(
        "20: a join of an aggregate and an outer join of another one",
        PAY,
        "SELECT p.g, p.s, q.n, q.top FROM (SELECT g, sum(x) AS s FROM pay GROUP BY g) p LEFT JOIN (SELECT h, g, count(*) AS n, max(y) AS top FROM pay WHERE x > 1 GROUP BY h, g) q ON q.g = p.g AND q.n < p.s",
        ("UPDATE pay SET g = 'b' WHERE id = 1", "INSERT INTO pay VALUES (6, 'c', 5, 9, 1), (7, 'c', NULL, 9, 1)", ("UPDATE pay SET h = NULL", "UPDATE pay SET x = -1 WHERE g = 'c'"), "DELETE FROM pay WHERE g <> 'b'"),
    ),
    Story(
        "19: 1.0 and 1.00 are equal and print differently",
        NUMBERS,
        "SELECT g, sum(n) AS s, sum(n * 2) AS d, avg(n) AS a, sum(n)::text AS t FROM t GROUP BY g",
        ("UPDATE t SET n = 1.0 WHERE id = 2", "UPDATE t SET n = 1.000 WHERE id = 1", "DELETE FROM t WHERE id = 1", "UPDATE t SET n = 3"),
    ),
    Story(
        "20: an aggregate over an aggregate, with a new group",
        PAY,
        "SELECT n, count(*) AS groups, sum(s) AS total, max(s) AS top FROM (SELECT g, h, count(*) AS n, sum(x) AS s FROM pay GROUP BY g, h) q GROUP BY n",
        ("INSERT INTO pay VALUES (6, 'c', 5, 1, 1)", "UPDATE pay SET h = 2", ("DELETE FROM pay WHERE g = 'a'", "UPDATE pay SET x = 4"), "DELETE FROM pay"),
    ),
    Story(
        "20: a join of two aggregates",
        PAY,
        "SELECT p.g, p.n, q.top FROM (SELECT g, count(*) AS n FROM pay GROUP BY g) p JOIN (SELECT g, max(x) AS top FROM pay WHERE y > 1 GROUP BY g) q ON p.g IS NOT DISTINCT FROM q.g",
        ("UPDATE pay SET y = 9", "UPDATE pay SET g = 'b'", "UPDATE pay SET g = NULL, x = x + 1 WHERE id < 3", "DELETE FROM pay WHERE g = 'b'"),
    ),
    Story(
        "20: a share of the total",
        PAY,
        "SELECT p.g, p.s, t.total, round(100.0 * p.s / t.total, 1) AS percent FROM (SELECT g, sum(x) AS s FROM pay GROUP BY g) p CROSS JOIN (SELECT sum(x) AS total FROM pay) t",
        ("UPDATE pay SET x = x + 1", "DELETE FROM pay WHERE g = 'a'", ("DELETE FROM pay", "INSERT INTO pay VALUES (1, 'q', 1, 4, 4)")),
    ),
    Story("21: array_agg with ORDER BY", WORDS, "SELECT g, array_agg(s ORDER BY x DESC, s) AS a, array_agg(DISTINCT x) AS d FROM t GROUP BY g", CHANGES),
    Story("21: string_agg with a delimiter per row", WORDS, "SELECT g, string_agg(s, d ORDER BY id) AS l FROM t GROUP BY g", CHANGES),
    Story("21: jsonb_object_agg with duplicate keys", WORDS, "SELECT g, jsonb_object_agg(coalesce(s, '?'), x ORDER BY id) AS j FROM t GROUP BY g", CHANGES),
    Story("21: mode and percentiles", WORDS, "SELECT g, mode() WITHIN GROUP (ORDER BY s) AS m, percentile_cont(0.5) WITHIN GROUP (ORDER BY x) AS p FROM t GROUP BY g", CHANGES),
    Story("21: an aggregate of the user's own", WORDS + ";" + OWN, "SELECT g, joined(s ORDER BY id) AS l FROM t GROUP BY g", CHANGES),
    Story("21: FILTER, DISTINCT and ORDER BY at once", WORDS, "SELECT string_agg(DISTINCT s, ',' ORDER BY s DESC) FILTER (WHERE x IS NOT NULL) AS l, count(*) AS n FROM t", CHANGES),
    Story("21: bool_and, bool_or, every", WORDS, "SELECT g, bool_and(x > 1) AS a, bool_or(s = 'a') AS o, every(s IS NULL OR x = 3) AS e FROM t GROUP BY g", CHANGES),
    Story("21: deviations of exact numbers", WORDS, "SELECT g, stddev(x) AS s, var_pop(x) AS v, variance(x * 0.5) AS w FROM t GROUP BY g", CHANGES),
    Story("23: HAVING without GROUP BY", WORDS, "SELECT sum(x) AS s FROM t HAVING count(*) > 2", CHANGES),
    Story("23: a constant under HAVING", WORDS, "SELECT 1 AS one FROM t HAVING sum(x) > 5", CHANGES),
    Story("23: GROUP BY ordinal, alias and expression", WORDS, "SELECT upper(s) AS u, x % 2 AS odd, count(*) AS n FROM t GROUP BY 1, odd HAVING x % 2 IS NOT NULL", CHANGES),
    Story("23: GROUP BY the primary key", WORDS, "SELECT a.id, a.s, a.x + count(*) AS n, sum(b.x) AS t FROM t a JOIN t b ON a.g = b.g GROUP BY a.id", CHANGES),
    Story(
        "57: an insert below the minimum and its delete in one refresh",
        PAY,
        "SELECT g, min(x) AS low, max(y) AS high FROM pay GROUP BY g",
        (
            ("INSERT INTO pay VALUES (6, 'a', 1, -1, 99)", "DELETE FROM pay WHERE id = 6"),
            ("INSERT INTO pay VALUES (6, 'a', 1, -1, 99)", "DELETE FROM pay WHERE id = 6", "DELETE FROM pay WHERE id = 1"),
            ("INSERT INTO pay VALUES (6, 'n', 1, 4, 4)", "UPDATE pay SET x = 3 WHERE id = 6", "UPDATE pay SET x = 8 WHERE id = 6"),
        ),
    ),
    Story(
        "58: a dimension is renamed, nothing else changes",
        """CREATE TABLE d (id int PRIMARY KEY, name text); CREATE TABLE f (d int, x int);
        INSERT INTO d VALUES (1, 'one'), (2, 'two'); INSERT INTO f VALUES (1, 5), (1, 6), (2, 7)""",
        "SELECT d.id, d.name, sum(f.x) AS s, count(*) AS n FROM f JOIN d ON f.d = d.id GROUP BY d.id, d.name",
        ("UPDATE d SET name = 'uno' WHERE id = 1", "UPDATE d SET name = NULL", ("UPDATE d SET name = 'x'", "INSERT INTO f VALUES (2, 1)")),
    ),
    Story(
        "58: the same beside an outer join, in groups of another column",
        """CREATE TABLE d (id int PRIMARY KEY, name text, kind int); CREATE TABLE f (d int, x int);
        INSERT INTO d VALUES (1, 'one', 1), (2, 'two', 1), (3, NULL, NULL); INSERT INTO f VALUES (1, 5), (1, 5), (2, 7), (NULL, 1), (9, 1)""",
        "SELECT d.id, d.name, d.kind, count(f.x) AS n, min(f.x) AS low FROM d LEFT JOIN f ON f.d = d.id GROUP BY d.id",
        ("UPDATE d SET name = coalesce(name, '') || '!'", ("UPDATE d SET kind = 2 WHERE id = 1", "UPDATE f SET d = 3 WHERE d = 1"), ("UPDATE d SET id = 9 WHERE id = 2", "DELETE FROM f WHERE d = 3")),
    ),
    Story(
        "57: the same over a join of bags, with ties",
        """CREATE TABLE d (g int, k int); CREATE TABLE f (k int, x int);
        INSERT INTO d VALUES (1, 1), (1, 1), (2, 2), (NULL, 1), (2, NULL); INSERT INTO f VALUES (1, 5), (1, 5), (2, 3), (2, NULL), (NULL, 0)""",
        "SELECT d.g, min(f.x) AS low, max(f.x) AS high, count(*) AS n FROM d JOIN f ON f.k = d.k GROUP BY d.g",
        (
            ("INSERT INTO f VALUES (1, -1), (2, 9)", "DELETE FROM f WHERE x IN (-1, 9)"),
            ("INSERT INTO f VALUES (1, 1)", "DELETE FROM f WHERE ctid = (SELECT min(ctid) FROM f WHERE x = 5)", "UPDATE d SET g = 2 WHERE g IS NULL"),
            ("DELETE FROM f WHERE x = 1", "INSERT INTO d VALUES (1, 2)", "DELETE FROM d WHERE ctid = (SELECT min(ctid) FROM d WHERE g = 1)"),
            ("UPDATE f SET k = 3 - k", "UPDATE d SET k = 1 WHERE k IS NULL"),
        ),
    ),
    Story(
        "58: a group born and dead in one batch",
        PAY,
        "SELECT g, count(*) AS n, sum(x) AS s, min(y) AS m FROM pay GROUP BY g",
        (("INSERT INTO pay VALUES (6, 'new', 1, 1, 1), (7, 'new', 1, 1, NULL)", "DELETE FROM pay WHERE g = 'new'"), ("UPDATE pay SET g = 'new'", "UPDATE pay SET g = 'old'")),
    ),
    Story(
        "58: minus one times the smallest integers",
        """CREATE TABLE t (g int, s smallint, i int, l bigint);
        INSERT INTO t VALUES (1, -32768, -2147483648, -9223372036854775808), (1, 1, 1, 1)""",
        "SELECT g, sum(s) AS s, sum(i) AS i, sum(l) AS l, avg(i) AS a FROM t GROUP BY g",
        ("INSERT INTO t SELECT * FROM t", "DELETE FROM t WHERE s < 0", "UPDATE t SET i = -2147483648, l = -9223372036854775808"),
    ),
]  # fmt: skip


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_aggregate(conn: Connection, story: Story) -> None:
    follow(conn, story)
