"""What the tests of TPC-H change: the same for the same seed; every subquery flips both ways."""

from typing import Any, TypeAlias

import psycopg
import pytest

from benchmarks import tpch
from benchmarks.everywhere import everywhere
from benchmarks.flips import BOXES, BRASS, CODES, FOREST, IDLE, LATE, REVENUE, SUMMER, of, suppliers

Connection: TypeAlias = psycopg.Connection[Any]

ROWS = 200
OF_ORDER = "FROM lineitem WHERE l_orderkey = o_orderkey"
OTHERS = "FROM lineitem AS l WHERE l.l_orderkey = l1.l_orderkey AND l.l_suppkey <> l1.l_suppkey"
SAUDI = f"lineitem AS l1 WHERE l_suppkey IN {suppliers('SAUDI ARABIA')} AND {LATE}"
SOLD = """FROM lineitem WHERE (l_partkey, l_suppkey) = (ps_partkey, ps_suppkey)
          AND l_shipdate BETWEEN '1994-01-01' AND '1994-12-31'"""
STOCK = f"partsupp WHERE ps_suppkey IN {suppliers('GERMANY')}"
VALUE = "sum(ps_supplycost * ps_availqty)"
PAIRS = f"SELECT ps_partkey, ps_suppkey FROM partsupp WHERE ps_partkey IN {FOREST}"

ANSWERS = {
    "2, an offer is the cheapest": f"""
        SELECT ps_partkey, ps_suppkey FROM partsupp JOIN part ON p_partkey = ps_partkey AND {BRASS}
        WHERE ps_supplycost = (SELECT min(ps_supplycost) FROM partsupp WHERE ps_partkey = p_partkey)""",
    "4, an order has a late line": f"""
        SELECT o_orderkey FROM orders WHERE {SUMMER} AND EXISTS (SELECT {OF_ORDER} AND {LATE})""",
    "11, a part is above the share": f"""
        SELECT ps_partkey FROM {STOCK} GROUP BY ps_partkey
        HAVING {VALUE} > (SELECT {VALUE} * 0.0001 FROM {STOCK})""",
    "13 and 22, a customer has no order": f"SELECT c_custkey FROM customer WHERE {CODES} AND {IDLE}",
    "15, a supplier is the best": f"""
        SELECT l_suppkey FROM ({REVENUE}) AS r WHERE revenue = (SELECT max(revenue) FROM ({REVENUE}) AS s)""",
    "16, there is a complaint": "SELECT s_suppkey FROM supplier WHERE s_comment LIKE '%Customer%Complaints%'",
    "17, a line is below the average": f"""
        SELECT l_orderkey, l_linenumber FROM lineitem AS l JOIN part ON p_partkey = l_partkey AND {BOXES}
        WHERE l_quantity < (SELECT 0.2 * avg(l_quantity) FROM lineitem WHERE l_partkey = p_partkey)""",
    "18, an order is large": """
        SELECT l_orderkey FROM lineitem GROUP BY l_orderkey HAVING sum(l_quantity) > 300""",
    "20, something was sold": f"{PAIRS} AND EXISTS (SELECT {SOLD})",
    "20, there is more than was sold": f"{PAIRS} AND ps_availqty > (SELECT 0.5 * sum(l_quantity) {SOLD})",
    "20, a supplier is Canadian": f"SELECT s_suppkey FROM supplier WHERE {of('CANADA')}",
    "21, another supplier": f"SELECT l_orderkey, l_linenumber FROM {SAUDI} AND EXISTS (SELECT {OTHERS})",
    "21, another is late": f"""
        SELECT l_orderkey, l_linenumber FROM {SAUDI} AND EXISTS (SELECT {OTHERS} AND {LATE})""",
    "22, a balance is above the average": f"""
        SELECT c_custkey FROM customer WHERE {CODES}
        AND c_acctbal > (SELECT avg(c_acctbal) FROM customer WHERE c_acctbal > 0 AND {CODES})""",
}
"""For each subquery, the keys for which it answers yes."""

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.newest]


def test_the_same_seed_is_the_same_change(conn: Connection) -> None:
    def after(seed: int) -> list[str]:
        with conn.transaction(force_rollback=True):
            everywhere(conn, ROWS, seed)
            return [_content(conn, table) for table in tpch.TABLES]

    one, again, other = after(1), after(1), after(2)
    assert one == again
    assert not set(one) & set(other)


def test_every_subquery_flips_both_ways_in_every_round(conn: Connection) -> None:
    everywhere(conn, ROWS, 1)  # from the second round on there are complaints to settle
    before = {answer: _keys(conn, query) for answer, query in ANSWERS.items()}
    for seed in (2, 3):
        everywhere(conn, ROWS, seed)
        after = {answer: _keys(conn, query) for answer, query in ANSWERS.items()}
        one_way = [key for key, was in before.items() if was <= after[key] or after[key] <= was]
        assert not one_way, f"round {seed}"
        before = after


def _keys(conn: Connection, query: str) -> set[tuple[int, ...]]:
    return set(conn.execute(query.encode()).fetchall())


def _content(conn: Connection, table: str) -> str:
    text = f"SELECT md5(string_agg(r::text, ',' ORDER BY r::text)) FROM {table} AS r"
    row = conn.execute(text.encode()).fetchone()
    assert row is not None
    return str(row[0])
