"""Traps 12 and 19: sums and averages of intervals, part by part."""
# ruff: noqa: E501 - a query reads better on one line

import psycopg
import pytest

from tests.maintained import Connection, Story, differences, follow, maintained, refresh

TABLE = """
CREATE TABLE t (id int PRIMARY KEY, g int, v interval, w interval NOT NULL);
INSERT INTO t VALUES (1, 1, '1 mon', '1 day'), (2, 1, '30 days', '24 hours'), (3, 1, '-1 year 2 mons -3 days 4:05:06.000007', '0'), (4, 1, NULL, '1 us'),
  (5, 2, '2500000000 hours', '-1 us'), (6, 2, '-0.000001 sec', '1 mon -1 us'), (7, NULL, NULL, '1 day 0.9 sec'), (8, 3, '1 us', '170000000 years')
"""
MOVES = (
    "UPDATE t SET v = -v, w = w - interval '1 mon 1 day 1 us' WHERE id <> 8",
    (
        "UPDATE t SET v = '30 days' WHERE id = 1",
        "INSERT INTO t VALUES (9, 1, '1 mon', '59.999999 sec'), (10, 3, NULL, '-170000000 years')",
    ),
    "UPDATE t SET g = 1 WHERE g = 2 OR id = 7",
    ("DELETE FROM t WHERE g = 3", "UPDATE t SET v = '2 hours', w = '-7 days 00:00:00.000001'"),
    "UPDATE t SET v = NULL WHERE id < 3",
    "DELETE FROM t",
    "INSERT INTO t VALUES (1, NULL, '1 sec', '1 sec'), (2, NULL, NULL, '-1 day')",
)
QUERIES = (
    "SELECT g, sum(v) AS s, avg(v) AS a, sum(w) AS t, avg(w) AS b FROM t GROUP BY g",
    "SELECT sum(v) FILTER (WHERE w > '0') AS s, avg(v) AS a, count(DISTINCT v) AS d FROM t",
)


@pytest.mark.parametrize("query", QUERIES)
def test_intervals(conn: Connection, query: str) -> None:
    follow(conn, Story("12: intervals", TABLE, query, MOVES))


@pytest.mark.newest
def test_infinite_intervals(conn: Connection) -> None:
    steps = (
        "UPDATE t SET v = 'infinity' WHERE id IN (1, 2)",
        "UPDATE t SET v = '-infinity' WHERE id = 5",
        ("UPDATE t SET v = '1 day' WHERE id = 1", "UPDATE t SET v = 'infinity' WHERE id = 7"),
        "UPDATE t SET v = '2 mons' WHERE id IN (2, 5)",
    )
    follow(conn, Story("12: infinite intervals", TABLE, QUERIES[0], steps))


@pytest.mark.newest
def test_infinities_of_both_signs_fail_where_the_query_does(conn: Connection) -> None:
    conn.execute(TABLE.encode())
    plan = maintained(conn, QUERIES[0])
    conn.execute("UPDATE t SET v = CASE id WHEN 1 THEN interval 'infinity' ELSE '-infinity' END WHERE id < 3")
    refresh(conn, plan)
    for rows in (QUERIES[0], "TABLE v"):
        with pytest.raises(psycopg.DataError):
            conn.execute(rows.encode())
    conn.execute("UPDATE t SET v = '1 day' WHERE id = 2")
    refresh(conn, plan)
    assert differences(conn, QUERIES[0]) == ([], [])
