"""Law 31: consumed changes go, and what anybody may still need stays."""

import psycopg
import pytest
from psycopg import sql

from ivmc.plan import Plan
from ivmc.runtime import status
from tests.conftest import Connect
from tests.runtime.conftest import Shop, block


def test_trimming(shop: Shop, connect: Connect) -> None:
    """Law 31: what any view may still need stays; a view that is being filled needs everything."""
    plan = shop.install()
    other = shop.install("w")
    assert plan.sources[0].buffer == other.sources[0].buffer
    shop.conn.execute("UPDATE t SET x = x + 1")
    shop.refresh("v")
    shop.conn.execute("CALL ivmc.trim()")
    assert shop.waiting(plan) == 200
    shop.refresh("w")
    shop.conn.execute("CALL ivmc.trim()")
    assert shop.waiting(plan) == 0
    idle = connect()
    idle.execute("BEGIN; INSERT INTO t VALUES (501, 1, 1)")
    shop.conn.execute("UPDATE t SET x = x + 1 WHERE id < 500")
    for view in "vw":
        shop.refresh(view)
    shop.conn.execute("CALL ivmc.trim()")
    idle.execute("COMMIT")
    for view in "vw":
        shop.refresh(view)
    assert shop.differences(plan) == []
    assert shop.differences(other) == []
    shop.conn.execute("CALL ivmc.trim()")
    assert shop.waiting(plan) == 0


def backlog(shop: Shop) -> dict[str, int | None]:
    return {view.name: view.waiting for view in status(shop.conn)}


def test_what_waits_for_a_view_that_nobody_refreshes(shop: Shop) -> None:
    """The changes that it holds are told, by and large where they are many."""
    shop.install()
    shop.install("w")
    assert backlog(shop) == {"v": 0, "w": 0}
    shop.conn.execute("UPDATE t SET x = x + 1")
    shop.refresh("v")
    assert backlog(shop) == {"v": 0, "w": 200}
    with block(shop.conn, "REPEATABLE READ"):
        shop.conn.execute("INSERT INTO t VALUES (501, 1, 1)")
        shop.conn.execute("SELECT ivmc.refresh_here(%s)", (f"{shop.schema}.w",))
        shop.conn.execute("DELETE FROM t WHERE id = 501")
    assert backlog(shop) == {"v": 2, "w": 1}
    shop.conn.execute(HUGE)
    shop.refresh("v")
    many = backlog(shop)
    assert many["v"] == 0
    assert 240_000 < (many["w"] or 0) < 360_000


def test_what_waits_is_not_told_who_may_not_read_it(shop: Shop) -> None:
    shop.install()
    role = sql.Identifier(f"guest_{shop.schema}")
    shop.conn.execute(sql.SQL("CREATE ROLE {}").format(role))
    try:
        shop.conn.execute(sql.SQL("GRANT USAGE ON SCHEMA ivmc TO {}").format(role))
        shop.conn.execute(sql.SQL("GRANT SELECT ON ivmc.status TO {}").format(role))
        shop.conn.execute(sql.SQL("SET ROLE {}").format(role))
        assert backlog(shop) == {"v": None}
    finally:
        shop.conn.execute("RESET ROLE")
        shop.conn.execute(sql.SQL("DROP OWNED BY {}").format(role))
        shop.conn.execute(sql.SQL("DROP ROLE {}").format(role))


def test_large_changes_are_trimmed_by_the_refresh(shop: Shop) -> None:
    plan = shop.install()
    shop.refresh()
    shop.conn.execute("INSERT INTO t SELECT i, i % 5, i FROM generate_series(1000, 4000) i")
    shop.refresh()
    assert shop.waiting(plan) == 0


def test_only_the_view_for_which_changes_waited_trims(shop: Shop) -> None:
    shop.install()
    shop.install("w")
    shop.conn.execute("INSERT INTO t SELECT i, i % 5, i FROM generate_series(1000, 4000) i")
    assert [would_trim(shop, view) for view in "wv"] == [False, True]
    shop.conn.execute("INSERT INTO t SELECT i, i % 5, i FROM generate_series(5000, 8000) i")
    assert [would_trim(shop, view) for view in "vw"] == [False, True]


def would_trim(shop: Shop, view: str) -> bool:
    """Whether a refresh finds that it should trim; it commits and leaves that undone."""
    with shop.conn.transaction():
        shop.conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        query = "SELECT trims FROM ivmc.attempt(%s)"
        [(found,)] = shop.conn.execute(query, (f"{shop.schema}.{view}",)).fetchall()
    return bool(found)


def buffer_pages(shop: Shop, plan: Plan) -> int:
    [(pages,)] = shop.conn.execute(
        "SELECT pg_relation_size(%s::regclass) / 8192", (f"ivmc.{plan.sources[0].buffer}",)
    ).fetchall()
    return int(pages)


HUGE = "INSERT INTO t SELECT i, i % 5, i FROM generate_series(1000, 300999) i"  # 18 MB of changes


def test_what_a_huge_change_leaves_is_emptied(shop: Shop) -> None:
    """Law 31: where nobody needs them, the rows go with their pages."""
    plan = shop.install()
    other = shop.install("w")
    shop.conn.execute(HUGE)
    shop.refresh("v")
    assert shop.waiting(plan) == 300_000
    shop.refresh("w")
    assert buffer_pages(shop, plan) == 0
    shop.conn.execute("DELETE FROM t WHERE id > 2000")
    for view in (plan, other):
        shop.refresh(view.name)
        assert shop.differences(view) == []


def test_what_an_older_snapshot_needs_is_not_emptied(shop: Shop, connect: Connect) -> None:
    """Law 31: a transaction that has locked nothing so far may refresh under the snapshot that it has."""
    plan = shop.install()
    shop.conn.execute(HUGE)
    older = connect()
    older.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1")
    shop.refresh()
    assert shop.waiting(plan) == 0
    assert buffer_pages(shop, plan) > 0
    with pytest.raises(psycopg.errors.SerializationFailure):
        older.execute("SELECT ivmc.refresh_here(%s)", (f"{shop.schema}.v",))


def test_what_a_writer_adds_to_is_not_emptied(shop: Shop, connect: Connect) -> None:
    """Law 31: the lock is not waited for, and rows of a transaction in flight stay."""
    plan = shop.install()
    shop.conn.execute(HUGE)
    writer = connect()
    writer.execute("BEGIN; INSERT INTO t VALUES (501, 1, 1)")
    shop.refresh()
    writer.execute("COMMIT")
    assert shop.waiting(plan) == 1
    shop.refresh()
    assert shop.differences(plan) == []


def test_what_a_view_has_yet_to_read_is_not_emptied(shop: Shop, connect: Connect) -> None:
    """Law 31: one row that came since the refresh keeps all its buffer's pages."""
    plan = shop.install()
    shop.conn.execute(HUGE)
    shop.conn.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1")
    connect().execute("INSERT INTO t VALUES (501, 1, 1)")
    shop.conn.execute("SELECT ivmc.refresh_here(%s)", (f"{shop.schema}.v",))
    shop.conn.execute("COMMIT")
    shop.conn.execute("SELECT ivmc.trim_sources(%s, true)", (plan.id,))
    assert shop.waiting(plan) == 1
    shop.refresh()
    assert shop.differences(plan) == []


def test_many_small_changes_are_trimmed_in_the_end(shop: Shop) -> None:
    plan = shop.install()
    for i in range(40):
        shop.conn.execute("UPDATE t SET x = %s WHERE id = 3", (i,))
        shop.refresh()
    assert shop.waiting(plan) < 40
    assert shop.differences(plan) == []


def test_a_backlog_moves_the_frontier_of_a_view_with_nothing_to_do(shop: Shop, connect: Connect) -> None:
    plan = shop.install()
    idle = connect()
    idle.execute("BEGIN; SELECT pg_current_xact_id()")
    shop.conn.execute("INSERT INTO t SELECT i, i % 5, i FROM generate_series(1000, 12000) i")
    shop.refresh()
    assert shop.waiting(plan) == 11001
    idle.execute("COMMIT")
    shop.refresh()
    assert shop.waiting(plan) == 0
    assert shop.strategy(plan)[0] == 1
