"""Trap 24: set operations."""

import pytest

from tests.maintained import Connection, Story, differences, follow, maintained, refresh

PAIR = """
CREATE TABLE l (x int, s text); CREATE TABLE r (x int, s text); CREATE TABLE w (x int, s text);
INSERT INTO l VALUES (1, 'a'), (1, 'a'), (1, 'a'), (2, NULL), (2, NULL), (NULL, NULL), (3, 'c');
INSERT INTO r VALUES (1, 'a'), (2, NULL), (NULL, NULL), (NULL, NULL), (4, 'd');
INSERT INTO w VALUES (1, 'a'), (3, 'c'), (5, 'e'), (5, 'e')
"""
MOVES = (
    ("INSERT INTO l VALUES (4, 'd'), (4, 'd'), (NULL, NULL)", "INSERT INTO r VALUES (1, 'a'), (3, 'c')"),
    ("DELETE FROM l WHERE x = 1", "DELETE FROM r WHERE x = 1", "UPDATE w SET x = 4, s = 'd' WHERE x = 5"),
    ("INSERT INTO l VALUES (9, 'z')", "INSERT INTO r VALUES (9, 'z')", "DELETE FROM l WHERE x = 9"),
    (
        "UPDATE l SET s = coalesce(s, '?')",
        "UPDATE r SET x = 2, s = '?' WHERE x IS NULL",
        "INSERT INTO w SELECT * FROM l",
    ),
    "DELETE FROM r",
    ("DELETE FROM l", "INSERT INTO r SELECT * FROM w"),
    ("DELETE FROM r", "DELETE FROM w", "INSERT INTO l VALUES (7, NULL), (7, NULL)"),
)
QUERIES = (
    "SELECT x, s FROM l INTERSECT SELECT x, s FROM r",
    "SELECT x, s FROM l INTERSECT ALL SELECT x, s FROM r",
    "SELECT x, s FROM l EXCEPT SELECT x, s FROM r",
    "SELECT x, s FROM l EXCEPT ALL SELECT x, s FROM r",
    "(SELECT x, s FROM l UNION ALL SELECT x, s FROM w) EXCEPT SELECT x, s FROM r",
    "(SELECT x FROM l UNION ALL SELECT x FROM w) EXCEPT ALL (SELECT x FROM r INTERSECT ALL SELECT x FROM w)",
    "SELECT x FROM l EXCEPT ALL (SELECT x FROM r EXCEPT ALL SELECT x FROM w)",
    "SELECT x FROM l UNION (SELECT x FROM r INTERSECT SELECT x FROM w)",
    "SELECT x FROM l UNION ALL SELECT x FROM r EXCEPT SELECT x FROM w UNION ALL SELECT 5",
    "SELECT x::bigint, 'k' AS k FROM l INTERSECT ALL SELECT x::numeric, 'k' FROM l",
    "SELECT x % 2 AS odd, count(*) AS n FROM (SELECT x FROM l EXCEPT ALL SELECT x FROM r) q GROUP BY x % 2",
    "SELECT q.x, w.s FROM (SELECT x, s FROM l INTERSECT ALL SELECT x, s FROM r) q JOIN w ON q.x = w.x",
    "SELECT s, count(*) AS n FROM l GROUP BY s EXCEPT SELECT s, count(*) FROM r GROUP BY s",
    "SELECT sum(x) AS t FROM l INTERSECT SELECT sum(x) FROM r",
    "SELECT FROM l EXCEPT ALL SELECT FROM r",
)  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
def test_set_operation(conn: Connection, query: str) -> None:
    follow(conn, Story(f"24: {query}", PAIR, query, MOVES))


def test_constants(conn: Connection) -> None:
    """No table is read: there is nothing to look at before a refresh, and nothing to do in it."""
    conn.execute("SET statement_timeout = '10s'")
    query = "VALUES (NULL::text, 5000000000::bigint), ('a', 1), ('a', 1)"
    plan = maintained(conn, query)
    for _ in range(3):
        refresh(conn, plan)
        assert differences(conn, query) == ([], [])
