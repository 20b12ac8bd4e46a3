"""A session that goes on refreshing while its views are replaced, chained and recomputed."""

import re
from typing import Any

import psycopg
import pytest

from ivmc import runtime
from tests.conftest import Connect

Connection = psycopg.Connection[Any]

ORDERS = "SELECT customer, count(*) AS orders, sum(amount) AS amount FROM orders GROUP BY customer"
DAILY = "SELECT placed, max(amount) AS largest, avg(amount) AS average FROM orders GROUP BY placed"


@pytest.fixture
def orders(conn: Connection) -> Connection:
    conn.execute("CREATE TABLE orders (id int PRIMARY KEY, customer int, placed date, amount numeric(10,2))")
    conn.execute(
        "INSERT INTO orders SELECT i, i % 7, date '2024-01-01' + i % 5, i FROM generate_series(1, 100) i"
    )
    return conn


def same(conn: Connection, name: str) -> bool:
    (verified,) = runtime.verify(conn, [name])
    return verified.same


@pytest.mark.testcontainers
def test_a_view_that_another_session_replaced(orders: Connection, connect: Connect) -> None:
    """The first session's temporary tables have the columns of the old program."""
    other = connect()
    runtime.create(orders, "v", ORDERS)
    for conn in (orders, other):
        conn.execute("INSERT INTO orders SELECT max(id) + 1, 3, '2024-01-02', 9 FROM orders")
        conn.execute("CALL ivmc.refresh('v')")
    runtime.create(other, "v", DAILY, or_replace=True)
    orders.execute("DELETE FROM orders WHERE id % 3 = 0")
    orders.execute("CALL ivmc.refresh('v')")
    assert same(orders, "v")
    assert orders.execute("SELECT count(*) FROM v").fetchone() == (5,)


@pytest.mark.testcontainers
def test_a_chain_refreshed_in_one_transaction_and_again(orders: Connection) -> None:
    """Law 27: what the transaction's own refresh of the first view changed is new to the second, once."""
    runtime.create(orders, "v", ORDERS)
    runtime.create(
        orders, "w", "SELECT orders, count(*) AS customers, sum(amount) AS amount FROM v GROUP BY orders"
    )
    for _ in range(2):
        with orders.transaction():
            orders.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            orders.execute("UPDATE orders SET customer = customer + 1, amount = amount * 2 WHERE id % 4 = 1")
            for name in ("v", "w", "v", "w"):
                orders.execute("SELECT ivmc.refresh_here(%s)", (name,))
            orders.execute("DELETE FROM orders WHERE id % 10 = 2")
        runtime.refresh(orders)
        assert same(orders, "v")
        assert same(orders, "w")
    steps = orders.execute("SELECT DISTINCT strategy FROM ivmc.history").fetchall()
    assert steps == [("differential",)]


def test_temporary_tables_do_not_grow(orders: Connection) -> None:
    """Planner rule 8: a page of deleted rows is not written to again, but read at each refresh."""
    runtime.create(
        orders, "v", f"SELECT placed, min(largest) FROM ({DAILY}) AS d GROUP BY placed", mode="differential"
    )
    for first in range(1000, 31000, 500):
        ids = f"generate_series({first}, {first} + 499) i"
        orders.execute(f"INSERT INTO orders SELECT i, i, date '2024-01-01' + i, i FROM {ids}".encode())
        orders.execute("CALL ivmc.refresh('v')")
    row = orders.execute(
        "SELECT max(pg_relation_size(oid)) FROM pg_class WHERE relpersistence = 't'"
    ).fetchone()
    assert row is not None
    assert 0 < row[0] < 1_000_000


def test_large_changes_recompute_only_where_that_was_left_open(orders: Connection) -> None:
    runtime.create(orders, "chosen", DAILY)
    runtime.create(orders, "forced", DAILY, mode="differential")
    orders.execute("UPDATE ivmc.frontier SET ms_full = 0.001")
    orders.execute("INSERT INTO orders SELECT i, i, '2024-01-03', i FROM generate_series(1000, 8000) i")
    runtime.refresh(orders)
    taken = dict(
        orders.execute("SELECT substring(view FROM '[a-z]+$'), strategy FROM ivmc.history").fetchall()
    )
    assert taken == {"chosen": "full", "forced": "differential"}
    reason = orders.execute("SELECT reason FROM ivmc.history WHERE view LIKE '%chosen'").fetchone()
    assert reason is not None
    assert "for 7001 changes, and 0 ms for all rows" in reason[0]
    assert same(orders, "chosen")
    assert same(orders, "forced")


def test_a_recomputation_in_the_users_own_transaction_gives_settings_back(orders: Connection) -> None:
    """Planner rule 1: what it has the planner do is for its own statements."""
    runtime.create(orders, "v", DAILY)
    orders.execute("TRUNCATE orders")
    with orders.transaction():
        orders.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        orders.execute("SET LOCAL random_page_cost = 3")
        orders.execute("SELECT ivmc.refresh_here('v')")
        assert orders.execute("SELECT max(strategy) FROM ivmc.history").fetchone() == ("full",)
        assert orders.execute("SHOW random_page_cost").fetchone() == ("3",)


def test_pinned_settings_are_compared_in_the_order_in_which_they_are_kept(orders: Connection) -> None:
    """In another order each refresh would set all of them."""
    runtime.create(orders, "v", DAILY)
    row = orders.execute("SELECT setting_names FROM ivmc.view").fetchone()
    assert row is not None
    path, *others = row[0]
    body = orders.execute("SELECT prosrc FROM pg_proc WHERE oid = 'ivmc.attempt'::regproc").fetchone()
    assert body is not None
    listed = body[0].partition("v.setting_values[2:] = ARRAY[")[2].partition("]")[0]
    assert path == "search_path"
    assert re.findall(r"current_setting\('(\w+)'\)", listed) == others


@pytest.mark.parametrize(
    ("rows_most", "strategy"),
    [pytest.param(7000, "full", id="as many"), pytest.param(1000, "differential", id="many more")],
)
def test_many_changes_cost_less_each_than_the_few_that_were_tried(
    orders: Connection, rows_most: int, strategy: str
) -> None:
    runtime.create(orders, "v", DAILY)
    orders.execute("UPDATE ivmc.frontier SET ms_full = 12, ms_per_row = 0.002, rows_most = %s", (rows_most,))
    orders.execute("INSERT INTO orders SELECT i, i, '2024-01-03', i FROM generate_series(1000, 8000) i")
    runtime.refresh(orders)
    assert orders.execute("SELECT strategy FROM ivmc.history").fetchone() == (strategy,)


def test_what_many_changes_took_is_not_taken_back_by_few(orders: Connection) -> None:
    runtime.create(orders, "v", DAILY, mode="differential")
    orders.execute("UPDATE ivmc.frontier SET ms_per_row = 0.000001, rows_most = 100000")
    orders.execute("INSERT INTO orders SELECT i, i, '2024-01-03', i FROM generate_series(1000, 8000) i")
    runtime.refresh(orders)
    assert orders.execute("SELECT ms_per_row FROM ivmc.frontier").fetchone() == (0.000001,)


def test_what_a_session_does_first_is_not_the_rate(orders: Connection) -> None:
    """The first refresh has everything to plan; a rate that few changes taught can only fall."""
    runtime.create(orders, "v", DAILY, mode="differential")
    rates = [1.0]
    orders.execute("UPDATE ivmc.frontier SET ms_per_row = 1, rows_most = 7001")
    for first in ("1000", "10000"):
        ids = f"generate_series({first}, {first} + 7000) i"
        orders.execute(f"INSERT INTO orders SELECT i, i, '2024-01-03', i FROM {ids}".encode())
        runtime.refresh(orders)
        rate = orders.execute("SELECT ms_per_row FROM ivmc.frontier").fetchone()
        assert rate is not None
        rates.append(rate[0])
    assert rates == sorted(rates, reverse=True)
    took = orders.execute("SELECT min(ms / rows_in) FROM ivmc.history").fetchone()
    assert took is not None
    assert rates[-1] < took[0]
