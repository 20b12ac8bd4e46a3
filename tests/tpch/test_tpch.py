"""TPC-H maintained: every query differential, exact after every change to all the tables it reads."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import psycopg
import pytest

import ivmc
from benchmarks import tpch, views
from benchmarks.everywhere import everywhere
from benchmarks.views import View
from ivmc import runtime

Connection: TypeAlias = psycopg.Connection[Any]
Contents: TypeAlias = Mapping[View, Counter[str]]


ROUNDS = 10
ROWS = 200  # of orders and lineitem, beside what `everywhere` changes in each table

pytestmark = pytest.mark.usefixtures("database")


@pytest.mark.parametrize("numbers", [tpch.QUERIES[::2], tpch.QUERIES[1::2]], ids=str)
def test_maintained_differentially_while_all_tables_change(
    conn: Connection, numbers: tuple[int, ...]
) -> None:
    chosen = [view.twin for view in views.views(numbers)]
    _assert_differential(conn, chosen)
    for view in chosen:
        views.maintain(conn, view)
    before = _contents(conn, chosen)
    for seed in range(1, ROUNDS + 1):
        everywhere(conn, ROWS, seed)
        runtime.refresh(conn, [view.name for view in chosen])
        after = _contents(conn, chosen)
        assert _wrong(conn, after) == {}
        same = [view.name for view in chosen if before[view] == after[view]]
        assert not same, f"round {seed} left them as they were"
        before = after
    assert _strategies(conn) == {"differential"}


def test_all_queries_at_once_some_less_often(conn: Connection) -> None:
    every = views.views()
    for view in every:
        views.maintain(conn, view)
    for seed in range(1, 4):
        everywhere(conn, ROWS, seed)
        chosen = every if seed % 2 else every[::2]
        for view in chosen:
            views.refresh(conn, view)
        assert _wrong(conn, _contents(conn, chosen)) == {}
        conn.execute("CALL ivmc.trim()")


def _assert_differential(conn: Connection, chosen: Iterable[View]) -> None:
    catalog = ivmc.Catalog.from_database(conn)
    plans = {view: ivmc.compile(view.text, catalog, name=view.name) for view in chosen}
    assert {view.name: plan.reason for view, plan in plans.items() if plan.strategy != "differential"} == {}


def _contents(conn: Connection, chosen: Iterable[View]) -> Contents:
    return {view: _bag(conn, f"TABLE {view.name}") for view in chosen}


def _wrong(conn: Connection, contents: Contents) -> dict[str, tuple[list[str], list[str]]]:
    """Compare with the original queries: the rows too many and the rows too few, by view."""
    originals = {view: _bag(conn, view.text) for view in contents}
    return {
        view.name: (list((mine - originals[view]).elements()), list((originals[view] - mine).elements()))
        for view, mine in contents.items()
        if mine != originals[view]
    }


def _bag(conn: Connection, query: str) -> Counter[str]:
    """Return the rows of a query as they are printed: 1.0 is not 1.00."""
    return Counter(row for (row,) in conn.execute(f"SELECT r::text FROM ({query}) AS r".encode()))


def _strategies(conn: Connection) -> set[str]:
    return {strategy for (strategy,) in conn.execute("SELECT DISTINCT strategy FROM ivmc.history")}
