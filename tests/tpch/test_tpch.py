"""TPC-H maintained: every query differential, exact after every change to all the tables it reads."""

from typing import Any, TypeAlias

import psycopg
import pytest

import ivmc
from benchmarks import tpch, views
from benchmarks.everywhere import everywhere
from benchmarks.views import View
from ivmc import runtime

Connection: TypeAlias = psycopg.Connection[Any]

ROUNDS = 5
ROWS = 200  # of orders and lineitem, beside what `everywhere` changes in each table

pytestmark = pytest.mark.usefixtures("database")


@pytest.mark.parametrize("number", tpch.QUERIES)
def test_maintained_differentially_while_all_tables_change(conn: Connection, number: int) -> None:
    (view,) = views.views([number])
    plan = ivmc.compile(view.text, ivmc.Catalog.from_database(conn), name=view.name, mode="differential")
    assert (plan.strategy, plan.reason) == ("differential", None)
    views.maintain(conn, view, "differential")
    seen = {_content(conn, f"TABLE {view.name}")}
    for seed in range(1, ROUNDS + 1):
        everywhere(conn, ROWS, seed)
        runtime.refresh(conn, [view.name])
        _assert_exact(conn, view)
        seen.add(_content(conn, f"TABLE {view.name}"))
    assert len(seen) == ROUNDS + 1, "a round left the view as it was"
    assert _strategies(conn, view) == {"differential"}


def test_all_queries_at_once(conn: Connection) -> None:
    every = views.views()
    for view in every:
        views.maintain(conn, view)
    for seed in range(1, ROUNDS + 1):
        everywhere(conn, ROWS, seed)
        for view in every if seed % 2 else every[::2]:
            views.refresh(conn, view)
            _assert_exact(conn, view)
        conn.execute("CALL ivmc.trim()")


@pytest.mark.newest
def test_the_same_seed_is_the_same_change(conn: Connection) -> None:
    def after(seed: int) -> list[str]:
        with conn.transaction(force_rollback=True):
            everywhere(conn, ROWS, seed)
            return [_content(conn, f"TABLE {table}") for table in tpch.TABLES]

    one, again, other = after(1), after(1), after(2)
    assert one == again
    assert not set(one) & set(other)


def _assert_exact(conn: Connection, view: View) -> None:
    """Compare the view with its original query, as bags of what is printed: 1.0 is not 1.00."""
    mine, original = (f"SELECT r::text FROM ({rows}) AS r" for rows in (f"TABLE {view.name}", view.text))
    surplus = conn.execute(f"{mine} EXCEPT ALL {original}".encode()).fetchall()
    missing = conn.execute(f"{original} EXCEPT ALL {mine}".encode()).fetchall()
    assert (surplus, missing) == ([], [])


def _content(conn: Connection, query: str) -> str:
    row = conn.execute(
        f"SELECT md5(string_agg(r::text, ',' ORDER BY r::text)) FROM ({query}) AS r".encode()
    ).fetchone()
    assert row is not None
    return str(row[0])


def _strategies(conn: Connection, view: View) -> set[str]:
    rows = conn.execute("SELECT DISTINCT strategy FROM ivmc.history WHERE view = %s", (view.name,))
    return {strategy for (strategy,) in rows}
