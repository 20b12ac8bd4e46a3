"""Laws 27 and 28: nothing is lost and nothing counted twice, whoever commits when."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest

from ivmc.plan import Visible
from ivmc.runtime import install, refresh, verify
from tests.conftest import Connect
from tests.runtime.conftest import Shop, block, until_blocked
from tests.runtime.handmade import BIGINT


def test_a_writer_that_commits_after_a_later_one(shop: Shop, connect: Connect) -> None:
    plan = shop.install()
    early, late = connect(), connect()
    early.execute("BEGIN; INSERT INTO t VALUES (501, 1, 1)")
    late.execute("INSERT INTO t VALUES (502, 1, 2)")
    shop.refresh()
    assert shop.differences(plan) == []
    early.execute("INSERT INTO t VALUES (503, 2, 3)")
    shop.refresh()
    assert shop.differences(plan) == []
    early.execute("COMMIT")
    assert shop.differences(plan) != []
    shop.refresh()
    assert shop.differences(plan) == []
    assert shop.strategy(plan)[1] == "differential"


def test_savepoints_and_rollbacks(shop: Shop, connect: Connect) -> None:
    plan = shop.install()
    writer = connect()
    writer.execute(
        "BEGIN; INSERT INTO t VALUES (501, 1, 1); SAVEPOINT a; DELETE FROM t WHERE g = 2; SAVEPOINT b"
    )
    writer.execute("UPDATE t SET g = 3; ROLLBACK TO a; INSERT INTO t VALUES (502, 1, 1); RELEASE a")
    shop.refresh()
    writer.execute("COMMIT")
    shop.refresh()
    assert shop.differences(plan) == []
    writer.execute("BEGIN; DELETE FROM t")
    writer.execute("ROLLBACK")
    shop.refresh()
    assert shop.differences(plan) == []


def test_a_prepared_transaction(shop: Shop, connect: Connect) -> None:
    plan = shop.install()
    name = f"p_{shop.schema}"
    writer = connect()
    writer.execute(
        "BEGIN; INSERT INTO t VALUES (501, 1, 1); UPDATE t SET x = 0 WHERE g = 4;"
        f"PREPARE TRANSACTION '{name}'"
    )
    shop.conn.execute("DELETE FROM t WHERE g = 5")
    shop.refresh()
    assert shop.differences(plan) == []
    shop.conn.execute(f"COMMIT PREPARED '{name}'")
    shop.refresh()
    assert shop.differences(plan) == []


def test_a_serializable_writer(shop: Shop, connect: Connect) -> None:
    plan = shop.install()
    writer = connect()
    writer.execute("BEGIN ISOLATION LEVEL SERIALIZABLE; UPDATE t SET x = 0 WHERE g = 4")
    shop.refresh()
    writer.execute("COMMIT")
    shop.refresh()
    assert shop.differences(plan) == []


def test_the_same_row_again_and_again(shop: Shop) -> None:
    plan = shop.install()
    shop.conn.execute(
        "INSERT INTO t VALUES (900, 70, 1); UPDATE t SET g = 71 WHERE id = 900; DELETE FROM t WHERE id = 900"
    )
    shop.conn.execute("BEGIN; INSERT INTO t VALUES (901, 70, 1); UPDATE t SET g = 71 WHERE id = 901; COMMIT")
    shop.conn.execute(
        "UPDATE t SET id = CASE id WHEN 3 THEN -4 ELSE -3 END WHERE id IN (3, 4);"
        "UPDATE t SET id = -id WHERE id < 0"
    )
    shop.refresh()
    assert shop.differences(plan) == []


def test_racing_refreshers(shop: Shop, connect: Connect, aside: ThreadPoolExecutor) -> None:
    """Law 28: whoever waited for the lock has a stale snapshot, and must not apply the changes again."""
    plan = shop.install()
    first, others = connect(), [connect() for _ in range(3)]
    shop.conn.execute("INSERT INTO t VALUES (501, 1, 1)")
    first.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    first.execute(f"SELECT ivmc.refresh_here('{plan.id}')")
    waiting = [aside.submit(c.execute, f"CALL ivmc.refresh('{plan.id}')") for c in others]
    for conn, future in zip(others, waiting, strict=True):
        until_blocked(shop.conn, conn.info.backend_pid, future)
    shop.conn.execute("INSERT INTO t VALUES (502, 1, 1)")
    first.execute("COMMIT")
    for future in waiting:
        future.result(timeout=20)
    assert shop.differences(plan) == []
    assert shop.strategy(plan)[0] == 2


def test_a_race_inside_transactions_is_a_serialization_failure(shop: Shop, connect: Connect) -> None:
    plan = shop.install()
    slow = connect()
    slow.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    slow.execute("SELECT 1 FROM t")
    shop.conn.execute("INSERT INTO t VALUES (501, 1, 1)")
    shop.refresh()
    slow.execute(f"SELECT ivmc.refresh_here('{plan.id}')")  # has nothing to do: its snapshot saw no change
    slow.execute("ROLLBACK; BEGIN ISOLATION LEVEL REPEATABLE READ")
    shop.conn.execute("INSERT INTO t VALUES (502, 1, 1)")
    slow.execute("SELECT 1 FROM t")
    shop.refresh()
    with pytest.raises(psycopg.errors.SerializationFailure):
        slow.execute(f"SELECT ivmc.refresh_here('{plan.id}')")
    slow.execute("ROLLBACK")
    assert shop.differences(plan) == []


def test_writers_and_refreshers_all_at_once(shop: Shop, connect: Connect) -> None:
    plan = shop.install()
    over = threading.Event()

    def write(conn: "psycopg.Connection[object]", seed: int) -> None:
        chance = random.Random(seed)
        for i in range(60):
            conn.execute("BEGIN")
            conn.execute("INSERT INTO t VALUES (%s, %s, %s)", (seed * 1000 + i, chance.randrange(12), i))
            conn.execute("DELETE FROM t WHERE id = %s", (seed * 1000 + chance.randrange(i + 1),))
            conn.execute("SAVEPOINT s")
            conn.execute("UPDATE t SET g = g + 1 WHERE id = %s", (seed * 1000 + chance.randrange(i + 1),))
            conn.execute(chance.choice(("RELEASE s", "ROLLBACK TO s")))
            conn.execute(chance.choice(("COMMIT", "COMMIT", "ROLLBACK")))

    def keep_refreshing(conn: "psycopg.Connection[object]") -> None:
        while not over.is_set():
            conn.execute(f"CALL ivmc.refresh('{plan.id}')")

    with ThreadPoolExecutor(5) as pool:
        refreshers = [pool.submit(keep_refreshing, connect()) for _ in range(2)]
        writers = [pool.submit(write, connect(), seed) for seed in (1, 2, 3)]
        for writer in writers:
            writer.result(timeout=120)
        over.set()
        for refresher in refreshers:
            refresher.result(timeout=60)
    shop.refresh()
    assert shop.differences(plan) == []
    assert {s for (s,) in shop.conn.execute("SELECT strategy FROM ivmc.history").fetchall()} == {
        "differential"
    }


def test_a_killed_refresher_leaves_what_was_committed(
    shop: Shop, connect: Connect, aside: ThreadPoolExecutor
) -> None:
    plan = shop.install()
    victim = connect()
    shop.conn.execute("INSERT INTO t VALUES (501, 1, 1); CREATE TABLE held (a int)")
    shop.conn.execute(
        f"CREATE FUNCTION ivmc.wait() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN PERFORM FROM {shop.schema}.held; RETURN NEW; END $$;"
        f"CREATE TRIGGER wait BEFORE UPDATE ON ivmc.{plan.root} FOR EACH ROW EXECUTE FUNCTION ivmc.wait()"
    )
    shop.conn.execute("BEGIN; LOCK TABLE held")
    future = aside.submit(victim.execute, f"CALL ivmc.refresh('{plan.id}')")
    until_blocked(shop.conn, victim.info.backend_pid, future)
    shop.conn.execute("SELECT pg_terminate_backend(%s)", (victim.info.backend_pid,))
    with pytest.raises(psycopg.OperationalError):
        future.result(timeout=20)
    shop.conn.execute("COMMIT")
    assert shop.strategy(plan)[0] == 0
    shop.refresh()
    assert shop.differences(plan) == []
    shop.conn.execute("DROP FUNCTION ivmc.wait() CASCADE")


def test_a_refresh_inside_the_users_own_transaction_that_goes_on_writing(shop: Shop) -> None:
    plan = shop.install()
    with block(shop.conn, "REPEATABLE READ"):
        shop.conn.execute("INSERT INTO t VALUES (501, 1, 1)")
        shop.refresh()
        assert shop.differences(plan) == []
        shop.conn.execute("UPDATE t SET x = 5 WHERE g = 2")
        shop.refresh()
        assert shop.differences(plan) == []
        shop.conn.execute("DELETE FROM t WHERE g = 3")
    assert shop.differences(plan) != []
    shop.refresh()
    assert shop.differences(plan) == []
    shop.refresh()
    assert shop.differences(plan) == []
    assert shop.strategy(plan)[1] == "differential"


def chain(shop: Shop) -> None:
    """v over t, w over v, u over w."""
    shop.install()
    shop.install("w", read=shop.source("v", "n", "total", kind="view", type=BIGINT), group="n", value="total")
    shop.install("u", read=shop.source("w", "g", "n", kind="view", type=BIGINT), group="g", value="n")


def test_a_chain_in_one_transaction_then_again(shop: Shop) -> None:
    """Law 27: without its own xid, the second refresh would apply the first one's changes again."""
    chain(shop)
    for change in (
        "INSERT INTO t VALUES (501, 1, 1)",
        "DELETE FROM t WHERE g = 4",
        "UPDATE t SET g = 2 WHERE id < 30",
    ):
        shop.conn.execute(change)
        with block(shop.conn, "REPEATABLE READ"):
            for _ in range(2):
                for view in "vwu":
                    shop.conn.execute("SELECT ivmc.refresh_here(%s)", (f"{shop.schema}.{view}",))
        assert all(v.same for v in verify(shop.conn))
    assert [r.strategy for r in refresh(shop.conn)] == ["none"] * 3


def test_a_chain_refreshed_by_name_and_as_a_whole(shop: Shop) -> None:
    chain(shop)
    shop.conn.execute("DELETE FROM t WHERE g = 4; UPDATE t SET g = 2 WHERE id < 30")
    shop.refresh("w")  # reads v, which has not changed
    assert [r.view.split("__")[-1] for r in refresh(shop.conn, ["u", "w", "v"])] == ["v", "w", "u"]
    assert all(v.same for v in verify(shop.conn))
    shop.conn.execute("TRUNCATE t")
    assert {r.rows_in > 0 for r in refresh(shop.conn)} == {False, True}
    assert all(v.same and v.rows == 0 for v in verify(shop.conn))


def test_a_view_that_hides_rows_of_its_storage(shop: Shop) -> None:
    """An UPDATE of the storage may show a row that was hidden, or hide one."""
    plan = shop.totals()
    condition = "total > 500"
    below = replace(
        plan,
        query=f"SELECT * FROM ({plan.query}) AS q WHERE {condition}",
        view=f"{plan.view} WHERE {condition}",
        visible=Visible((("g", "g::bigint + 1"), ("n", "n"), ("total", "-total")), condition),
    )
    below = replace(below, view=below.view.replace("g, n, total", "g::bigint + 1 AS g, n, -total AS total"))
    below = replace(below, query=below.query.replace("*", "g::bigint + 1 AS g, n, -total AS total", 1))
    install(shop.conn, below)
    above = shop.install("w", read=shop.source("v", "g", "n", kind="view", type=BIGINT), value="n")
    for change in (
        "UPDATE t SET x = 0 WHERE g = 4",
        "UPDATE t SET x = 100 WHERE g = 4",
        "UPDATE t SET x = x + 1",
        "UPDATE t SET g = 12 WHERE g = 3",
        "UPDATE t SET g = (g + 5) % 10",
        "DELETE FROM t WHERE g > 5",
    ):
        shop.conn.execute(change)
        refresh(shop.conn)
        assert shop.differences(below) == []
        assert shop.differences(above) == []
    assert shop.strategy(above)[1] == "differential"


@pytest.mark.parametrize(
    "change",
    [
        "TRUNCATE t",
        "ALTER TABLE t ALTER id TYPE bigint",
        "BEGIN; TRUNCATE t; INSERT INTO t VALUES (1, 1, 1); COMMIT",
    ],
)
def test_truncate_between_the_snapshot_and_the_read(
    shop: Shop, connect: Connect, aside: ThreadPoolExecutor, change: str
) -> None:
    """Law 26: the snapshot sees an empty table and no change; only the files tell."""
    plan = shop.install()
    shop.conn.execute("INSERT INTO t VALUES (501, 1, 1)")
    slow = connect()
    slow.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    slow.execute("SELECT 1")
    shop.conn.execute(change)
    with pytest.raises(psycopg.errors.SerializationFailure):
        slow.execute(f"SELECT ivmc.refresh_here('{plan.id}')")
    slow.execute("ROLLBACK")

    locker = connect()
    locker.execute("BEGIN; LOCK TABLE t")
    future = aside.submit(
        slow.execute, f"CALL ivmc.refresh('{plan.id}')"
    )  # its snapshot is taken, then it waits
    until_blocked(shop.conn, slow.info.backend_pid, future)
    locker.execute("TRUNCATE t")
    locker.execute("COMMIT")
    future.result(timeout=20)
    assert shop.differences(plan) == []
    assert shop.strategy(plan)[1] == "full"


def test_restored_into_another_cluster(shop: Shop) -> None:
    """Transaction ids of another cluster mean nothing: old rows of the buffer must not count again."""
    plans = shop.install(), shop.install("w")
    shop.conn.execute("DELETE FROM t WHERE g = 1")
    shop.refresh()
    shop.conn.execute(
        "UPDATE ivmc.frontier SET system_identifier = 42, snapshot = '900000000000:900000000000:';"
        f"UPDATE ivmc.{plans[0].sources[0].buffer} SET __ivmc_xid = '800000000000'"
    )
    shop.conn.execute("DELETE FROM t WHERE g = 2")
    shop.refresh()
    assert shop.differences(plans[0]) == []
    assert shop.strategy(plans[0])[1:] == ("full", "restored into another cluster")
    shop.conn.execute("DELETE FROM t WHERE g = 3")
    for _ in range(2):
        for plan in plans:
            shop.refresh(plan.name)
            assert shop.differences(plan) == []
        shop.conn.execute("UPDATE t SET x = x + 1")
    assert shop.strategy(plans[1])[1:] == ("differential", None)


def test_a_snapshot_that_went_backwards(shop: Shop) -> None:
    plan = shop.install()
    shop.conn.execute(
        "UPDATE ivmc.frontier SET snapshot = '900000000000:900000000000:'; DELETE FROM t WHERE g = 2"
    )
    shop.refresh()
    assert shop.differences(plan) == []
    assert shop.strategy(plan)[1] == "full"
