"""Trap 18, and 21 as far as DISTINCT goes: DISTINCT inside aggregates."""
# ruff: noqa: E501 - a query reads better on one line

import pytest

from tests.maintained import Connection, Story, follow

TABLES = """
CREATE TABLE t (id int PRIMARY KEY, g int, x int, y int, s text, n numeric, p numeric(8,2), f float8, k int NOT NULL);
INSERT INTO t VALUES (1, 1, 5, 1, 'a', 1.0, 1.5, 0.5, 1), (2, 1, 5, 2, 'a', 1.00, 1.5, 0.5, 1), (3, 1, 7, NULL, NULL, 2, 2, -0.0, 2),
  (4, 2, NULL, 3, 'b', NULL, NULL, 0.0, 2), (5, NULL, 5, 3, 'c', 'NaN', 0, 'NaN', 3), (6, 2, NULL, 3, 'b', NULL, NULL, NULL, 3);
CREATE TABLE d (id int PRIMARY KEY, name text); INSERT INTO d VALUES (1, 'one'), (2, 'two'), (3, NULL)
"""
MOVES = (
    "DELETE FROM t WHERE id = 1",
    ("INSERT INTO t SELECT id + 10, g, x, y, s, n, p, f, k FROM t", "DELETE FROM t WHERE id < 4"),
    (
        "UPDATE t SET x = 7, s = 'a' WHERE x IS NULL",
        "UPDATE d SET id = 4 WHERE id = 3",
        "UPDATE t SET g = 1 WHERE id = 12",
    ),
    "UPDATE t SET y = y + 1, n = n + 1.00, p = p + 1, f = -f",
    (
        "INSERT INTO t VALUES (30, 9, 9, 9, 'z', 9, 9, 9, 9)",
        "DELETE FROM t WHERE id = 30",
        "UPDATE t SET g = NULL, k = 1 WHERE g = 2",
    ),
    "UPDATE t SET x = NULL, s = NULL, n = NULL",
    ("DELETE FROM t", "UPDATE d SET name = 'x'"),
    (
        "INSERT INTO t VALUES (40, 1, 2, 3, 'q', 4.50, 5, 6, 1), (41, 1, 2, 4, 'q', 4.5, 5, 6, 2)",
        "DELETE FROM d WHERE id = 1",
    ),
)
FOLDED = (
    "SELECT g, count(DISTINCT x) AS d FROM t GROUP BY g",
    "SELECT count(DISTINCT x) AS d, sum(DISTINCT x) AS s, avg(DISTINCT x) AS a FROM t",
    "SELECT g, count(DISTINCT n) AS n, count(DISTINCT f) AS f, count(DISTINCT s) AS s FROM t GROUP BY g",
    "SELECT g, count(DISTINCT x) AS d, count(*) AS n, sum(y) AS s, max(y) AS m, avg(p) AS a FROM t GROUP BY g",
    "SELECT g, count(DISTINCT x) AS d, sum(DISTINCT x) FILTER (WHERE y > 1) AS s, sum(x) AS t FROM t GROUP BY g",
    "SELECT g, sum(DISTINCT x) FILTER (WHERE y > 1) AS s FROM t GROUP BY g",
    "SELECT g, sum(DISTINCT p) AS s, avg(DISTINCT p) AS a, min(p) AS low, max(DISTINCT p) AS high FROM t GROUP BY g",
    "SELECT g, count(DISTINCT (x, s)) AS d, count(DISTINCT (x, s)) FILTER (WHERE y > 2) AS e, count(DISTINCT x) AS f FROM t GROUP BY g",
    "SELECT count(DISTINCT (g, x)) AS d, count(DISTINCT ROW(s)) AS e FROM t",
    "SELECT g, count(DISTINCT NULL::int) AS d, count(DISTINCT 1) AS e FROM t GROUP BY g",
    "SELECT g, count(DISTINCT nullif('a', 'a')) AS d, count(DISTINCT 1) AS e, sum(x) AS s FROM t GROUP BY g",
    "SELECT g, count(DISTINCT x + y) AS d, count(DISTINCT lower(s)) AS e, bool_and(y IS NULL) AS b, sum(1) AS n FROM t GROUP BY g",
    "SELECT g, count(DISTINCT 10 / x) FILTER (WHERE x <> 0) AS d, sum(10 / x) FILTER (WHERE x <> 0) AS s FROM t GROUP BY g",
    "SELECT g, count(DISTINCT g) AS d, count(DISTINCT k) AS e, count(*) FILTER (WHERE x IS NULL) AS n FROM t GROUP BY g",
    "SELECT x, count(DISTINCT y) AS n FROM t GROUP BY x HAVING count(DISTINCT s) > 0 AND count(*) > 1",
    "SELECT name, count(DISTINCT x) AS d, sum(y) AS s, count(DISTINCT g) AS e FROM t JOIN d ON d.id = t.k GROUP BY name",
    "SELECT d, count(*) AS n FROM (SELECT g, count(DISTINCT x) AS d, min(y) AS m FROM t GROUP BY g) q GROUP BY d",
    "SELECT g, count(DISTINCT c) AS d, sum(c) AS s FROM (SELECT g, k, count(*) AS c FROM t GROUP BY g, k) q GROUP BY g",
    "SELECT g, string_agg(DISTINCT s, ',') AS l, count(DISTINCT s) AS n FROM t GROUP BY g",
    "SELECT g, array_agg(DISTINCT x) AS a FROM t GROUP BY g",
    "SELECT g, array_agg(DISTINCT x ORDER BY x DESC NULLS LAST) AS a FROM t GROUP BY g",
    "SELECT array_agg(DISTINCT x) FILTER (WHERE y > 1) AS a, array_agg(DISTINCT s ORDER BY s DESC) AS b FROM t",
    "SELECT g, string_agg(DISTINCT s, s ORDER BY s DESC) AS l, jsonb_object_agg(DISTINCT k, y) AS j FROM t GROUP BY g",
    "SELECT g, array_agg(DISTINCT x) AS a, count(*) AS n FROM t GROUP BY g",
    "SELECT g, corr(DISTINCT x, y) AS c, regr_count(DISTINCT x, y) AS r FROM t GROUP BY g",
    "SELECT count(DISTINCT 1) AS one, sum(DISTINCT 2) AS two, count(*) AS n FROM t",
    "SELECT g, count(DISTINCT 1) AS one FROM t GROUP BY g",
)  # fmt: skip


@pytest.mark.parametrize("query", FOLDED)
def test_distinct(conn: Connection, query: str) -> None:
    follow(conn, Story(f"18: {query}", TABLES, query, MOVES))
