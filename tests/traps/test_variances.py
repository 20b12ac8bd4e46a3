"""Trap 21, variances: digit for digit those of PostgreSQL."""
# ruff: noqa: E501 - a query reads better on one line

import pytest

from tests.maintained import Connection, Story, follow

CALLS = ("variance", "var_pop", "var_samp", "stddev", "stddev_pop", "stddev_samp")
TABLE = """
CREATE TABLE t (id int PRIMARY KEY, g int, s smallint, i int, l bigint, n numeric(20,3), f float8, u numeric);
SELECT setseed(0.25);
INSERT INTO t SELECT k, sqrt(k)::int, (random() * 60000 - 30000)::smallint, (random() * 4e9 - 2e9)::int, (random() * 1.8e19 - 9e18)::bigint,
  CASE k % 7 WHEN 0 THEN NULL ELSE round((random() * 10 ^ (k % 15))::numeric, k % 4) END, k, k FROM generate_series(1, 900) k
"""
MOVES = (
    "DELETE FROM t WHERE id % 3 = 0",
    "UPDATE t SET n = NULL, i = i / 2, l = -l, s = 3 WHERE id % 5 = 0",
    (
        "UPDATE t SET n = 'NaN' WHERE id = 7",
        "DELETE FROM t WHERE g > 20 AND id % 4 > 0",
        "UPDATE t SET i = 7, l = 7, n = 0.007",
    ),
    "UPDATE t SET i = 2147483647 - id, l = 9223372036854775807 - id, n = 1, s = -32768",
    ("UPDATE t SET n = 0", "DELETE FROM t WHERE id > 3"),
    "DELETE FROM t",
)


@pytest.mark.parametrize("column", ["s", "i", "l", "n", "i % 3", "n * 2"])
def test_variances(conn: Connection, column: str) -> None:
    calls = ", ".join(f"{name}({column}) AS {name}" for name in CALLS)
    query = f"SELECT g, {calls}, var_samp({column}) FILTER (WHERE id % 2 = 0) AS even FROM t GROUP BY g"
    follow(conn, Story(f"21: variances of {column}", TABLE, query, MOVES))


def test_variances_of_all_and_of_different_values(conn: Connection) -> None:
    query = "SELECT stddev(n) AS d, var_pop(DISTINCT i) AS v, stddev(u) AS u, variance(f) AS f FROM t"
    follow(conn, Story("21: variances without groups", TABLE, query, MOVES))


def test_pairs(conn: Connection) -> None:
    query = "SELECT g, regr_count(n, i) AS n, regr_count(id, i) FILTER (WHERE n > 1) AS m, count(DISTINCT i) AS d FROM t GROUP BY g"
    follow(conn, Story("21: pairs", TABLE, query, MOVES))
