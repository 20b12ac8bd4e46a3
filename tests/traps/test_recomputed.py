"""Traps 19, 20, 32, 33, 36 and 57 where the query is recomputed: it is right all the same, and says why.

An error of the query is PostgreSQL's own, and leaves the view as it was.
"""
# ruff: noqa: E501 - a query reads better on one line

import psycopg
import pytest

from ivmc import runtime
from ivmc.plan import Plan
from tests.maintained import Connection, differences, maintained, recompute, refresh, strategies, take

TABLES = """
CREATE TABLE t (id int PRIMARY KEY, g int, x int); CREATE TABLE r (g int, n int);
INSERT INTO t VALUES (1, 1, 5), (2, 1, 5), (3, 2, NULL), (4, NULL, 7), (5, 2, 1);
INSERT INTO r VALUES (1, 1), (1, 2), (2, NULL), (NULL, 3)
"""
CHANGES = (
    ("INSERT INTO t VALUES (6, 2, 9), (7, 3, NULL)", "INSERT INTO r VALUES (3, 5), (3, 5)"),
    ("UPDATE t SET g = coalesce(g, 0) + 1", "UPDATE r SET n = NULL WHERE g = 1", "DELETE FROM t WHERE id = 2"),
    ("DELETE FROM r WHERE g = 3", "INSERT INTO t VALUES (8, NULL, NULL)", "DELETE FROM t WHERE id = 8"),
    ("DELETE FROM t", "UPDATE r SET g = 1"),
    ("INSERT INTO t VALUES (1, 1, 4), (2, 1, 4)", "DELETE FROM r WHERE n IS NULL"),
)  # fmt: skip
QUERIES = {
    "20: an aggregate over a window": "SELECT g, max(nr) AS n, sum(s) AS s FROM (SELECT g, row_number() OVER (PARTITION BY g ORDER BY id) AS nr, sum(x) OVER (ORDER BY id) AS s FROM t) q GROUP BY g",
    "20: a window over an aggregate": "SELECT g, sum(x) AS s, rank() OVER (ORDER BY sum(x) DESC NULLS LAST, g) AS place FROM t GROUP BY g",
    "32: a query in LIMIT": "SELECT id, x FROM t ORDER BY id LIMIT (SELECT max(n) FROM r)",
    "32: LIMIT in a query in an expression": "SELECT id, (SELECT n FROM r WHERE r.g = t.g ORDER BY n NULLS LAST LIMIT 1) AS n FROM t",
    "33: LATERAL with LIMIT": "SELECT t.id, l.n FROM t, LATERAL (SELECT n FROM r WHERE r.g = t.g ORDER BY n NULLS FIRST LIMIT 1) l",
    "33: LEFT JOIN LATERAL with LIMIT": "SELECT t.id, l.n FROM t LEFT JOIN LATERAL (SELECT n FROM r WHERE r.g = t.g ORDER BY n DESC NULLS LAST LIMIT 2) l ON l.n > 1",
    "36: LIMIT with OFFSET": "SELECT id, x FROM t ORDER BY x NULLS FIRST, id LIMIT 2 OFFSET 1",
    "57: the first of all": "SELECT id, x FROM t ORDER BY x, id LIMIT 1",
}  # fmt: skip


@pytest.mark.parametrize("title", QUERIES)
def test_recomputed(conn: Connection, title: str) -> None:
    query = QUERIES[title]
    conn.execute(TABLES)
    plan = runtime.create(conn, "v", query)
    assert plan.strategy == "full"
    assert plan.reason
    assert differences(conn, query) == ([], [])
    for step in CHANGES:
        take(conn, step)
        refresh(conn, plan)
        assert differences(conn, query) == ([], []), step
    assert strategies(conn, plan) == {"full"}


def shown(conn: Connection, plan: Plan) -> list[tuple[object, ...]]:
    """What the view shows after a refresh."""
    refresh(conn, plan)
    return conn.execute("TABLE v").fetchall()


def test_an_overflow_is_postgres_own(conn: Connection) -> None:
    """19: a sum that no longer fits its cast, as long as it does not."""
    conn.execute("CREATE TABLE t (g int, l bigint, i int); INSERT INTO t VALUES (1, 9000000000000000000, 1)")
    query = "SELECT g, sum(l)::bigint AS s, (sum(i) * 1000000000000)::bigint AS i FROM t GROUP BY g"
    plan = maintained(conn, query)
    take(conn, ("INSERT INTO t VALUES (1, 9000000000000000000, 1)", "UPDATE t SET l = 1"))
    refresh(conn, plan)
    assert differences(conn, query) == ([], [])
    take(conn, "INSERT INTO t VALUES (1, 9223372036854775807, 2147483647)")
    with pytest.raises(psycopg.errors.NumericValueOutOfRange, match="bigint out of range"):
        shown(conn, plan)
    take(conn, "UPDATE t SET l = 0, i = 0 WHERE i = 2147483647")
    refresh(conn, plan)
    assert differences(conn, query) == ([], [])


WRITES_LITTLE = {
    "by key": "SELECT id, x::numeric AS x FROM t",
    "by group": "SELECT g, count(*) AS n, sum(x) AS s FROM t GROUP BY g",
    "by image": "SELECT x::numeric AS x FROM t",
}


@pytest.mark.parametrize("title", WRITES_LITTLE)
def test_what_a_recomputation_finds_as_it_was_is_not_written(conn: Connection, title: str) -> None:
    """Planner rule 16: of two rows that changed, one came and one went; all others stay where they are."""
    query = WRITES_LITTLE[title]
    conn.execute("CREATE TABLE t (id int PRIMARY KEY, g int, x int)")
    conn.execute("INSERT INTO t SELECT i, i, i FROM generate_series(1, 50) i")
    plan = maintained(conn, query)
    places = f"SELECT ctid FROM ivmc.{plan.root}"
    before = set(conn.execute(places).fetchall())
    take(conn, ("DELETE FROM t WHERE id = 7", "INSERT INTO t VALUES (51, 51, 51)"))
    recompute(conn, plan)
    assert differences(conn, query) == ([], [])
    assert len(before & set(conn.execute(places).fetchall())) == 49
    [(changed,)] = conn.execute("SELECT rows_changed FROM ivmc.status WHERE id = %s", (plan.id,)).fetchall()
    assert changed == 2


def test_a_recomputed_image_replaces_its_equal(conn: Connection) -> None:
    """50: 1.0 and 1.00 are one group, which shows what its rows show now."""
    query = "SELECT n, count(*) AS rows FROM t GROUP BY n"
    conn.execute("CREATE TABLE t (id int PRIMARY KEY, n numeric); INSERT INTO t VALUES (1, 1.0), (2, 2)")
    plan = maintained(conn, query)
    take(conn, "UPDATE t SET n = 1.00 WHERE id = 1")
    recompute(conn, plan)
    assert differences(conn, query) == ([], [])


def test_nothing_is_recomputed_to_nothing(conn: Connection) -> None:
    """25: a bag of rows without columns that has become empty."""
    query = "SELECT FROM t"
    conn.execute("CREATE TABLE t (id int); INSERT INTO t VALUES (1), (2)")
    plan = maintained(conn, query)
    take(conn, "DELETE FROM t")
    recompute(conn, plan)
    assert conn.execute("SELECT count(*) FROM v").fetchall() == [(0,)]
