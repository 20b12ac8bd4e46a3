"""Trap 22: GROUPING SETS, CUBE and ROLLUP."""
# ruff: noqa: E501 - a query reads better on one line

import pytest

from tests.maintained import Connection, Story, follow

TABLES = """
CREATE TABLE t (id int PRIMARY KEY, a int, b text, c int NOT NULL, x int, y numeric);
INSERT INTO t VALUES (1, 1, 'p', 1, 5, 1.0), (2, 1, 'q', 1, 7, 2.50), (3, 2, 'p', 2, NULL, NULL), (4, NULL, NULL, 2, 5, 1), (5, NULL, 'p', 3, 9, 0);
CREATE TABLE d (id int PRIMARY KEY, name text); INSERT INTO d VALUES (1, 'one'), (2, 'two'), (3, NULL)
"""
MOVES = (
    "DELETE FROM t WHERE id = 2",
    (
        "UPDATE t SET a = 1, b = NULL WHERE a IS NULL",
        "INSERT INTO t VALUES (6, 2, 'p', 3, 1, 7.125), (7, 3, 'r', 1, 5, 5)",
        "UPDATE d SET name = 'x' WHERE id = 3",
    ),
    (
        "INSERT INTO t VALUES (9, 9, 'n', 9, 9, 9)",
        "DELETE FROM t WHERE id = 9",
        "UPDATE t SET x = x + 1, c = c % 2 + 1",
    ),
    "DELETE FROM t",
    ("INSERT INTO t VALUES (1, NULL, NULL, 1, NULL, NULL)", "DELETE FROM d WHERE id = 2"),
    ("DELETE FROM t", "INSERT INTO t VALUES (2, 1, 'p', 2, 2, 2)"),
)
QUERIES = (
    "SELECT a, b, count(*) AS n, sum(x) AS s FROM t GROUP BY ROLLUP (a, b)",
    "SELECT a, b, c, grouping(a, b, c) AS g, count(*) AS n FROM t GROUP BY CUBE (a, b, c)",
    "SELECT a, b, count(*) AS n FROM t GROUP BY GROUPING SETS ((a), (b))",
    "SELECT a, b, avg(y) AS m, min(x) AS low, max(b) AS top FROM t GROUP BY GROUPING SETS ((a, b), (a), (a), ())",
    "SELECT a, sum(a) AS s, count(a) AS n, count(*) FILTER (WHERE a > 1) AS f FROM t GROUP BY ROLLUP (a)",
    "SELECT count(*) AS n, sum(x) AS s, bool_and(x > 1) AS b FROM t GROUP BY ()",
    "SELECT count(*) AS n, max(x) AS m FROM t GROUP BY GROUPING SETS ((), (), ())",
    "SELECT c, count(*) AS n FROM t GROUP BY DISTINCT c, GROUPING SETS ((c), (), (c, c))",
    "SELECT a, b, c, count(*) AS n FROM t GROUP BY a, ROLLUP (b, c)",
    "SELECT a, b, c, count(*) AS n FROM t GROUP BY ROLLUP (a), CUBE (b, c)",
    "SELECT a, b, c, count(*) AS n FROM t GROUP BY GROUPING SETS (ROLLUP ((a, b), c), GROUPING SETS (c, ()), CUBE (a))",
    "SELECT a + 1 AS k, upper(b) AS u, grouping(upper(b)) AS g, sum(x) AS s FROM t GROUP BY CUBE (1, upper(b))",
    "SELECT a, b, sum(x) AS s FROM t GROUP BY CUBE (a, b) HAVING sum(x) > 5 AND (grouping(a) = 0 OR b IS NOT NULL)",
    "SELECT a, count(DISTINCT x) AS d, count(*) AS n, sum(x) FILTER (WHERE b = 'p') AS s FROM t GROUP BY ROLLUP (a)",
    "SELECT a, array_agg(x ORDER BY id) AS l, string_agg(b, ',' ORDER BY id) AS m, count(*) AS n FROM t GROUP BY ROLLUP (a)",
    "SELECT id, b, x FROM t GROUP BY GROUPING SETS ((id), (id, c))",
    "SELECT name, a, count(*) AS n, sum(y) AS s FROM t JOIN d ON d.id = t.c GROUP BY ROLLUP (name, a)",
    "SELECT a, n, count(*) AS m FROM (SELECT a, b, count(*) AS n FROM t GROUP BY ROLLUP (a, b)) q GROUP BY CUBE (a, n)",
    "SELECT a, count(*) AS n FROM t GROUP BY GROUPING SETS ((a))",
    "SELECT a, grouping(a) AS g FROM t GROUP BY a",
    "SELECT coalesce(a, -1) AS a, coalesce(b, '-') || grouping(b) AS b, count(*) + grouping(a) AS n FROM t GROUP BY ROLLUP (a, b)",
    "SELECT c, 1 AS one, count(*) AS n FROM t GROUP BY ROLLUP (c) HAVING c > 0",
    "SELECT c, sum(10 / x) FILTER (WHERE x <> 0) AS s, sum(c) AS t, count(coalesce(x, 0)) AS n FROM t GROUP BY CUBE (c)",
    "SELECT a, (SELECT count(*) FROM d) AS d, count(*) AS n FROM t GROUP BY ROLLUP (a)",
    "SELECT c, a IN (SELECT id FROM d) AS known, count(*) AS n FROM t GROUP BY GROUPING SETS ((c, a), (c))",
    "SELECT c, (SELECT max(name) FROM d WHERE d.id = t.c) AS name, count(*) AS n FROM t GROUP BY GROUPING SETS ((c, a), (c))",
    "SELECT a, (SELECT name FROM d WHERE d.id = t.a) AS name, (SELECT count(*) FROM d WHERE d.id IS DISTINCT FROM t.a) AS n FROM t GROUP BY ROLLUP (a)",
    "SELECT a, b, EXISTS (SELECT FROM d WHERE d.id = t.a OR d.name = t.b) AS e, a NOT IN (SELECT id FROM d WHERE d.id < t.a + 2) AS x FROM t GROUP BY CUBE (a, b)",
    "SELECT a, c, sum(x) AS s FROM t GROUP BY GROUPING SETS ((a), (c), ()) HAVING a IN (SELECT id FROM d) OR NOT EXISTS (SELECT FROM d WHERE d.id = t.a AND d.id < count(t.id))",
)  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
def test_grouping_sets(conn: Connection, query: str) -> None:
    follow(conn, Story(f"22: {query}", TABLES, query, MOVES))


@pytest.mark.parametrize(
    "query",
    [
        "SELECT a, count(*) AS n, sum(x) AS s FROM t GROUP BY ROLLUP (a)",
        "SELECT count(*) AS n, max(b) AS b, count(DISTINCT x) AS d FROM t GROUP BY GROUPING SETS ((), ())",
        "SELECT a, b, grouping(a, b) AS g, string_agg(b, ',' ORDER BY id) AS l FROM t GROUP BY GROUPING SETS ((a), (b), ())",
    ],
)
def test_a_table_that_was_empty(conn: Connection, query: str) -> None:
    tables = f"{TABLES}; DELETE FROM t"
    steps = ("INSERT INTO t VALUES (1, NULL, NULL, 1, NULL, NULL), (2, 1, 'p', 1, 3, 1.0)", *MOVES)
    follow(conn, Story(f"22: on an empty table: {query}", tables, query, steps))
