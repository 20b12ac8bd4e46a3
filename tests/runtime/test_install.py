"""Law 30: creating over busy sources, half-way failures, replacing, dropping; and scripts without Python."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ivmc.diagnostics import CompileError
from ivmc.emit.capture import buffer_name
from ivmc.emit.function import advance, refresh_function
from ivmc.plan import Plan
from ivmc.runtime import drop, embedded, install, refresh, status, verify
from tests.conftest import Connect
from tests.runtime.conftest import Shop, until_blocked
from tests.runtime.handmade import BIGINT, recomputed
from tests.servers import Server, fresh_database


def codes(error: pytest.ExceptionInfo[CompileError]) -> list[str]:
    return [d.code for d in error.value.diagnostics]


def test_over_a_source_with_a_writer_in_flight(
    shop: Shop, connect: Connect, aside: ThreadPoolExecutor
) -> None:
    writer = connect()
    creator = connect()
    writer.execute("BEGIN; INSERT INTO t VALUES (501, 1, 1)")
    plan = shop.totals()
    future = aside.submit(install, creator, plan)
    until_blocked(shop.conn, creator.info.backend_pid, future)
    writer.execute("UPDATE t SET x = 0 WHERE g = 4")
    writer.execute("COMMIT")
    future.result(timeout=20)
    assert shop.differences(plan) == []
    shop.refresh()
    assert shop.differences(plan) == []


def test_a_second_view_over_a_busy_source(shop: Shop, connect: Connect, aside: ThreadPoolExecutor) -> None:
    """Widening waits for writers whose rows the old function captured without the new column."""
    shop.conn.execute("ALTER TABLE t ADD y int; UPDATE t SET y = id * 3")
    first = shop.install()
    writer, creator = connect(), connect()
    writer.execute("BEGIN; UPDATE t SET y = y + 1, x = 4 WHERE g = 1")
    second = shop.totals("w", read=shop.source("t", "g", "y"), value="y")
    future = aside.submit(install, creator, second)
    until_blocked(shop.conn, creator.info.backend_pid, future)
    writer.execute("UPDATE t SET y = y + 1 WHERE g = 2")
    writer.execute("COMMIT")
    future.result(timeout=20)
    shop.conn.execute("UPDATE t SET y = y + 1 WHERE g = 3; DELETE FROM t WHERE g = 5")
    for plan in (first, second):
        shop.refresh(plan.name)
        assert shop.differences(plan) == []
    captured = shop.conn.execute("SELECT ivmc.captured(%s)", (first.sources[0].buffer,)).fetchall()
    assert captured == [(["g", "x", "y"],)]


def test_changes_while_the_view_is_being_filled(
    shop: Shop, connect: Connect, aside: ThreadPoolExecutor
) -> None:
    """What is committed after the filling snapshot is in the buffer, and trimming leaves it there."""
    other = shop.install("w")
    plan = shop.totals()
    locker, creator = connect(), connect()
    shop.conn.execute("CREATE TABLE held (a int)")
    locker.execute("BEGIN; LOCK TABLE held")
    slow = replace(plan, fill=(f"SELECT count(*) FROM {shop.schema}.held", *plan.fill))
    future = aside.submit(install, creator, slow)
    until_blocked(shop.conn, creator.info.backend_pid, future)
    shop.conn.execute("DELETE FROM t WHERE g = 3; UPDATE t SET x = x + 1")
    shop.refresh("w")
    shop.conn.execute("CALL ivmc.trim()")
    assert shop.waiting(other) > 0
    locker.execute("COMMIT")
    future.result(timeout=20)
    assert shop.differences(plan) != []
    shop.refresh()
    for p in (plan, other):
        assert shop.differences(p) == []


def test_truncate_between_the_filling_snapshot_and_the_read(
    shop: Shop, connect: Connect, aside: ThreadPoolExecutor
) -> None:
    plan = shop.totals()
    locker, creator = connect(), connect()
    shop.install("w")
    locker.execute("BEGIN; LOCK TABLE t IN EXCLUSIVE MODE")  # in the way of capture
    future = aside.submit(install, creator, plan)
    until_blocked(shop.conn, creator.info.backend_pid, future)
    locker.execute("TRUNCATE t")
    locker.execute("COMMIT")
    future.result(timeout=20)
    shop.refresh()
    assert shop.differences(plan) == []


def test_a_failing_fill_leaves_nothing(shop: Shop) -> None:
    plan = shop.totals()
    with pytest.raises(CompileError) as caught:
        install(shop.conn, replace(plan, fill=("SELECT 1 / 0",)))
    assert codes(caught) == ["IVM413"]
    assert traces(shop) == []
    assert status(shop.conn) == []
    install(shop.conn, plan)
    with pytest.raises(CompileError) as caught:
        install(shop.conn, replace(shop.totals("w"), fill=("SELECT 1 / 0",)))
    assert [s.name for s in status(shop.conn)] == ["v"]
    shop.conn.execute("DELETE FROM t WHERE g = 3")
    shop.refresh()
    assert shop.differences(plan) == []


def traces(shop: Shop) -> list[Any]:
    """Whatever a view leaves in the database, the runtime itself apart."""
    query = f"""SELECT relname FROM pg_class
        WHERE relnamespace = to_regnamespace('ivmc') AND relkind = 'r'
            AND relname NOT IN ('view', 'frontier', 'source', 'truncation', 'history')
        UNION ALL SELECT tgname FROM pg_trigger WHERE tgname LIKE '%ivmc%'
        UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = to_regnamespace('ivmc')
            AND (proname LIKE '%changes%' OR proname LIKE '%{shop.schema}%')
        UNION ALL SELECT relname FROM pg_class
            WHERE relnamespace = '{shop.schema}'::regnamespace AND relkind = 'v'
        UNION ALL SELECT view FROM ivmc.frontier UNION ALL SELECT view FROM ivmc.history
        UNION ALL SELECT view FROM ivmc.source UNION ALL SELECT id FROM ivmc.view
        UNION ALL SELECT buffer FROM ivmc.truncation"""
    return shop.conn.execute(query).fetchall()


def test_dropping_leaves_no_trace(shop: Shop) -> None:
    shop.install()
    second = shop.install("w")
    shop.conn.execute("TRUNCATE t; INSERT INTO t VALUES (1, 1, 1)")
    refresh(shop.conn)
    drop(shop.conn, f"{shop.schema}.v")
    shop.conn.execute("INSERT INTO t VALUES (2, 1, 1)")
    refresh(shop.conn)
    assert shop.differences(second) == []
    drop(shop.conn, "w")
    assert traces(shop) == []


def test_dropping_during_a_refresh(shop: Shop, connect: Connect, aside: ThreadPoolExecutor) -> None:
    plan = shop.install()
    shop.conn.execute("DELETE FROM t WHERE g = 3")
    refresher, waiter, dropper = connect(), connect(), connect()
    refresher.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    refresher.execute("SELECT ivmc.refresh_here(%s)", (plan.id,))
    waiting = aside.submit(waiter.execute, f"CALL ivmc.refresh('{plan.id}')")
    until_blocked(shop.conn, waiter.info.backend_pid, waiting)
    dropping = aside.submit(drop, dropper, plan.id)
    until_blocked(shop.conn, dropper.info.backend_pid, dropping)
    refresher.execute("COMMIT")
    dropping.result(timeout=20)
    if error := waiting.exception(timeout=20):  # it had to start over, and came too late
        assert isinstance(error, psycopg.Error)
        assert error.sqlstate == "IV402"
    assert traces(shop) == []


def test_dropping_what_others_read(shop: Shop) -> None:
    shop.install()
    shop.install("w", read=shop.source("v", "n", kind="view", type=BIGINT), group="n", value="n")
    with pytest.raises(CompileError) as caught:
        drop(shop.conn, f"{shop.schema}.v")
    assert codes(caught) == ["IVM411"]
    assert f"{shop.schema}__w" in str(caught.value)
    drop(shop.conn, "w")
    shop.conn.execute("CREATE VIEW mine AS SELECT n FROM v")
    with pytest.raises(CompileError) as caught:
        drop(shop.conn, f"{shop.schema}.v")
    assert codes(caught) == ["IVM411"]
    assert "mine" in str(caught.value)
    shop.conn.execute("DROP VIEW mine")
    drop(shop.conn, "v")
    assert traces(shop) == []


def test_replacing(shop: Shop) -> None:
    shop.install()
    with pytest.raises(CompileError) as caught:
        shop.install()
    assert codes(caught) == ["IVM401"]
    other = shop.totals(value="id", read=shop.source("t", "g", "id"))
    with pytest.raises(CompileError):
        install(shop.conn, replace(other, fill=("SELECT 1 / 0",)), or_replace=True)
    shop.conn.execute("DELETE FROM t WHERE g = 4")
    refresh(shop.conn)
    assert shop.differences(shop.totals()) == []
    install(shop.conn, other, or_replace=True)
    for _ in range(2):
        assert shop.differences(other) == []
        shop.conn.execute("DELETE FROM t WHERE id IN (SELECT id FROM t LIMIT 3)")
        assert [r.view for r in refresh(shop.conn)] == [other.id]
    drop(shop.conn, "v")
    assert traces(shop) == []
    install(shop.conn, other, or_replace=True)
    assert shop.differences(other) == []


def test_names_that_are_taken(shop: Shop) -> None:
    for name in ("t", "v"):
        if name == "v":
            shop.conn.execute("CREATE MATERIALIZED VIEW v AS SELECT 1")
        with pytest.raises(CompileError) as caught:
            install(shop.conn, shop.totals(name), or_replace=True)
        assert codes(caught) == ["IVM401"]
    with pytest.raises(CompileError) as caught:
        install(shop.conn, replace(shop.totals(), schema="nowhere"))
    assert codes(caught) == ["IVM417"]
    assert status(shop.conn) == []


def test_compiled_for_another_definition(shop: Shop) -> None:
    plan = shop.totals()
    shop.conn.execute("ALTER TABLE t ALTER x TYPE text")
    with pytest.raises(CompileError) as caught:
        install(shop.conn, plan)
    assert codes(caught) == ["IVM405"]
    shop.conn.execute("DROP TABLE t")
    with pytest.raises(CompileError) as caught:
        install(shop.conn, plan)
    assert codes(caught) == ["IVM404"]
    assert traces(shop) == []


def test_row_security(shop: Shop, connect: Connect) -> None:
    role = f"owner_{shop.schema}"
    shop.conn.execute("ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (g < 5)")
    plan = shop.install()  # a superuser is not restricted
    drop(shop.conn, plan.id)
    shop.conn.execute(
        f"CREATE ROLE {role}; GRANT ALL ON SCHEMA {shop.schema}, ivmc TO {role}; GRANT ALL ON t TO {role};"
        f"GRANT ALL ON ALL TABLES IN SCHEMA ivmc TO {role};"
        f"GRANT ALL ON ALL SEQUENCES IN SCHEMA ivmc TO {role}"
    )
    try:
        conn = connect()
        conn.execute(f"SET ROLE {role}")
        with pytest.raises(CompileError) as caught:
            install(conn, plan)
        assert codes(caught) == ["IVM407"]
        conn.close()
        install(shop.conn, plan)
        conn = connect()
        conn.execute(f"SET ROLE {role}")
        with pytest.raises(CompileError) as caught:
            refresh(conn, [plan.id])
        assert codes(caught) == ["IVM407"]
        conn.close()
    finally:
        shop.conn.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_inside_a_transaction(shop: Shop, connect: Connect) -> None:
    plan = shop.install()
    shop.conn.execute("DELETE FROM t WHERE g = 1")
    conn = connect(autocommit=False)
    refresh(conn, ["v"])
    assert shop.differences(plan) == []
    shop.conn.execute("DELETE FROM t WHERE g = 2")
    conn.execute("SELECT 1")
    for call in (lambda: refresh(conn, ["v"]), lambda: verify(conn)):
        with pytest.raises(CompileError) as caught:
            call()
        assert codes(caught) == ["IVM408"]
        conn.rollback()
        conn.execute("SELECT 1")
    with pytest.raises(CompileError):
        install(conn, shop.totals("w"))
    conn.rollback()
    conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    conn.execute("SELECT 1")
    refresh(conn)
    assert verify(conn)[0].same
    conn.commit()
    assert shop.differences(plan) == []


def test_the_callers_settings_stay(shop: Shop) -> None:
    settings = (("search_path", shop.schema), ("TimeZone", "Asia/Kathmandu"), ("DateStyle", "SQL, DMY"))
    shop.install(settings=settings)
    shop.conn.execute("DELETE FROM t WHERE g = 1; SET TimeZone = 'UTC'")
    shop.conn.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    before = shop.conn.execute("SELECT name, setting FROM pg_settings ORDER BY 1").fetchall()
    shop.refresh()
    after = shop.conn.execute("SELECT name, setting FROM pg_settings ORDER BY 1").fetchall()
    shop.conn.execute("COMMIT")
    assert [a for a, b in zip(before, after, strict=True) if a != b] == []


def test_unknown_views(shop: Shop) -> None:
    for work in (refresh, verify):
        with pytest.raises(CompileError) as caught:
            work(shop.conn, ["v"])
        assert codes(caught) == ["IVM410"]
    assert refresh(shop.conn) == []
    shop.install("view")
    for call in (lambda: refresh(shop.conn, ["viev"]), lambda: drop(shop.conn, "viev")):
        with pytest.raises(CompileError, match="view") as caught:
            call()
        assert codes(caught) == ["IVM402"]


def test_verify_shows_what_differs(shop: Shop) -> None:
    plan = shop.install()
    shop.conn.execute(
        f"DELETE FROM ivmc.{plan.root} WHERE g = 3; UPDATE ivmc.{plan.root} SET n = 77 WHERE g = 4"
    )
    [result] = verify(shop.conn)
    assert (result.same, result.rows, result.missing, result.surplus) == (False, 9, 2, 1)
    assert result.surplus_rows[0]["n"] == 77
    assert result.diagnostic is not None


def test_columns_without_equality_are_verified(shop: Shop) -> None:
    shop.conn.execute("CREATE TABLE j (g json, x point)")
    shop.conn.execute("""INSERT INTO j VALUES ('{"a": 1}', '(1,2)'), (NULL, NULL)""")
    plan = shop.totals(read=shop.source("j"))
    root = f"ivmc.{plan.root}"
    steps = "\n".join(advance())
    idle = f"BEGIN {steps} rows_in := 0; rows_changed := 0; strategy := 'full'; END"
    plain = replace(
        plan,
        query="SELECT g, x, 1 AS one FROM j; -- all",
        strategy="full",
        program=refresh_function(plan.id, idle),
        storage=(f"CREATE TABLE {root} AS SELECT g, x, 1 AS one FROM j",),
        fill=(),
        view=f"CREATE VIEW v AS SELECT * FROM {root}",
    )
    plain = replace(plain, sources=())
    install(shop.conn, plain)
    assert verify(shop.conn)[0].same
    shop.conn.execute("UPDATE j SET x = '(1,3)' WHERE x IS NOT NULL")
    assert not verify(shop.conn)[0].same


def script(plan: Plan, dsn: str, path: Path) -> subprocess.CompletedProcess[str]:
    path.write_text(plan.script)
    psql = next(embedded.installations()) / "psql"
    return subprocess.run(
        [psql, "-X", "-q", "-d", dsn, "-f", path], text=True, capture_output=True, check=False
    )


def test_a_script_without_python(shop: Shop, dsn: str, tmp_path: Path) -> None:
    plan = shop.totals(settings=(("search_path", f'"$user", {shop.schema}'), ("TimeZone", "UTC")))
    done = script(plan, dsn, tmp_path / "v.sql")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    shop.conn.execute("DELETE FROM t WHERE g = 3")
    shop.refresh()
    assert shop.differences(plan) == []
    again = script(plan, dsn, tmp_path / "v.sql")
    assert again.returncode != 0
    assert "exists already" in again.stderr
    assert shop.differences(plan) == []


def test_a_script_that_fails_half_way_can_be_run_again_or_dropped(
    shop: Shop, dsn: str, tmp_path: Path
) -> None:
    plan = shop.totals()
    broken = replace(plan, fill=("SELECT 1 / 0",))
    assert "division by zero" in script(broken, dsn, tmp_path / "v.sql").stderr
    [row] = status(shop.conn)
    assert row.state == "filling"
    with pytest.raises(CompileError) as caught:
        refresh(shop.conn, ["v"])
    assert codes(caught) == ["IVM415"]
    assert script(plan, dsn, tmp_path / "v.sql").returncode == 0
    shop.conn.execute("DELETE FROM t WHERE g = 3")
    shop.refresh()
    assert shop.differences(plan) == []
    script(replace(shop.totals("w"), fill=("SELECT 1 / 0",)), dsn, tmp_path / "w.sql")
    drop(shop.conn, "w")
    drop(shop.conn, "v")
    assert traces(shop) == []


def test_buffers_have_names_of_their_own() -> None:
    names = [buffer_name(*n) for n in (("a_b", "c"), ("a", "b_c"), ("a", "x" * 63), ("a", "x" * 62 + "y"))]
    assert len(set(names)) == 4
    assert all(len(n.encode()) <= 63 for n in names)


def test_statistics_are_seeded(shop: Shop) -> None:
    plan = shop.install()
    query = "SELECT n_distinct FROM pg_stats WHERE schemaname = 'ivmc' AND tablename = %s AND attname = 'g'"
    assert shop.conn.execute(query, (plan.sources[0].buffer,)).fetchall() == [(10,)]
    assert shop.waiting(plan) == 0


def test_a_full_view_needs_no_capture(shop: Shop) -> None:
    plan = shop.totals()
    install(shop.conn, recomputed(plan))
    assert shop.conn.execute("SELECT tgname FROM pg_trigger WHERE tgrelid = 't'::regclass").fetchall() == []
    shop.conn.execute("DELETE FROM t WHERE g = 3")
    shop.refresh()
    assert shop.differences(plan) == []
    drop(shop.conn, "v")
    assert traces(shop) == []


def test_one_failing_view_does_not_stop_the_others(shop: Shop) -> None:
    shop.conn.execute("CREATE TABLE a (g int NOT NULL, x int)")
    shop.install("va", read=shop.source("a"))
    plan = shop.install("vt")
    shop.install(
        "w", read=shop.source("va", "n", "total", kind="view", type=BIGINT), group="n", value="total"
    )
    shop.conn.execute("DROP TABLE a; DELETE FROM t WHERE g = 3")
    with pytest.raises(CompileError) as caught:
        refresh(shop.conn)
    assert codes(caught) == ["IVM404"]
    assert shop.differences(plan) == []


def test_dump_and_restore(database: str, shop: Shop, server: Server) -> None:
    """Trap 55: the frontier of one database means nothing in another; writing and refreshing go on."""
    shop.install(settings=(("search_path", shop.schema),))
    other = shop.install("w")
    shop.conn.execute("UPDATE t SET x = x + 1; DELETE FROM t WHERE g = 3")
    shop.refresh()
    programs = next(b for b in embedded.installations() if embedded.major(b) == server.version)
    dump = subprocess.run([programs / "pg_dump", "-d", database], text=True, capture_output=True, check=True)
    with fresh_database(server) as copy:
        restore: list[str | Path] = [programs / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", copy]
        subprocess.run(restore, input=dump.stdout, text=True, check=True, stdout=subprocess.DEVNULL)
        with psycopg.connect(copy, autocommit=True, options=f"-c search_path={shop.schema}") as conn:
            there = Shop(conn, shop.schema)
            conn.execute("DELETE FROM t WHERE g = 4; INSERT INTO t VALUES (900, 5, 5)")
            there.refresh()
            assert there.strategy(other)[0] == 0
            for _ in range(2):
                refresh(conn)
                assert all(v.same for v in verify(conn))
                conn.execute("UPDATE t SET x = x + 1 WHERE g = 5")
            assert there.strategy(other)[1] == "differential"
            drop(conn, "w")
            drop(conn, "v")
            assert traces(there) == []


def test_replacing_what_others_read(shop: Shop) -> None:
    plan = shop.install()
    shop.install("w", read=shop.source("v", "n", kind="view", type=BIGINT), group="n", value="n")
    with pytest.raises(CompileError) as caught:
        install(shop.conn, plan, or_replace=True)
    assert codes(caught) == ["IVM411"]
    shop.conn.execute("DELETE FROM t WHERE g = 3")
    refresh(shop.conn)
    assert all(v.same for v in verify(shop.conn))
    assert len(status(shop.conn)) == 2
