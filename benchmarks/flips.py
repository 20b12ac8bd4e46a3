"""Changes by which the subqueries of TPC-H come to answer otherwise: for some rows in each direction.

An order gets its first late line while another loses its last; a customer's only orders go to one who had
none; an average, a maximum and a threshold move under rows that stay. At scale 0.01, and for every seed once.
"""

from collections.abc import Iterator
from itertools import chain, pairwise

from benchmarks.changes import LINE_REST, draw, some, update

LATE = "l_receiptdate > l_commitdate"
SUMMER = "o_orderdate >= '1993-07-01' AND o_orderdate < '1993-10-01'"
QUARTER = "l_shipdate >= '1996-01-01' AND l_shipdate < '1996-04-01'"
CODES = "left(c_phone, 2) IN ('13', '31', '23', '29', '30', '18', '17')"
IDLE = "NOT EXISTS (SELECT FROM orders WHERE o_custkey = c_custkey)"
BRASS = "p_size = 15 AND p_type LIKE '%BRASS'"
BOXES = "p_brand = 'Brand#23' AND p_container = 'MED BOX'"
FOREST = "(SELECT p_partkey FROM part WHERE p_name LIKE 'forest%')"
REVENUE = f"""
    SELECT l_suppkey, sum(l_extendedprice * (1 - l_discount)) AS revenue FROM lineitem WHERE {QUARTER}
    GROUP BY l_suppkey"""


def flips(seed: int) -> Iterator[str]:
    """Yield the statements, in an order that keeps the foreign keys."""
    subjects = (_nations, _late, _blamed, _idle, _balances, _complaints, _cheapest, _shares)
    return chain.from_iterable(
        subject(-100 * seed) for subject in (*subjects, _top, _boxes, _large, _forests)
    )


def of(nation: str) -> str:
    """Return a condition on a supplier."""
    return f"s_nationkey IN (SELECT n_nationkey FROM nation WHERE n_name = '{nation}')"


def suppliers(nation: str) -> str:
    """Return a subquery for the keys of a nation's suppliers."""
    return f"(SELECT s_suppkey FROM supplier WHERE {of(nation)})"


def _nations(salt: int) -> Iterator[str]:
    """The nations that queries 2, 11, 20 and 21 ask for gain suppliers, and lose one to the next of them."""
    names = ("GERMANY", "CANADA", "SAUDI ARABIA", "ROMANIA")
    for n, (last, name) in enumerate(pairwise((names[-1], *names))):
        key = f"(SELECT min(n_nationkey) FROM nation WHERE n_name = '{name}')"
        yield update("supplier", 1, salt + n, f"s_nationkey = {key}", of(last))
        yield update("supplier", 2, salt + n + 10, f"s_nationkey = {key}")


def _late(salt: int) -> Iterator[str]:
    """Query 4: orders of the summer get their first late line, and lose their last."""
    late = f"EXISTS (SELECT FROM lineitem WHERE l_orderkey = o_orderkey AND {LATE})"
    day = f"floor({draw('o_orderkey', salt)} * 92)::integer"
    first, last = (some("orders", 10, salt, f"{SUMMER} AND {which} {late}") for which in ("NOT", ""))
    yield update("orders", 10, salt + 1, f"o_orderdate = date '1993-07-01' + {day}", f"NOT {late}")
    yield f"""
        UPDATE lineitem SET l_receiptdate = l_commitdate + 1
        WHERE l_orderkey IN {first} AND l_linenumber <= 1 + l_orderkey % 2"""
    yield f"UPDATE lineitem SET l_receiptdate = l_commitdate WHERE l_orderkey IN {last}"


def _blamed(salt: int) -> Iterator[str]:
    """Query 21: a supplier is the only one late with an order, one of several, the only one there."""
    saudi = suppliers("SAUDI ARABIA")
    line = "SELECT FROM lineitem WHERE l_orderkey = o_orderkey"
    waits = f"o_orderstatus = 'F' AND EXISTS ({line} AND l_suppkey IN {saudi})"
    other = f"{line} AND l_suppkey NOT IN {saudi}"
    alone = f"{waits} AND EXISTS ({other}) AND NOT EXISTS ({other} AND {LATE})"
    status = "o_orderstatus = CASE o_orderstatus WHEN 'F' THEN 'O' ELSE 'F' END"
    yield f"""
        UPDATE lineitem SET l_receiptdate = l_commitdate + CASE WHEN l_suppkey IN {saudi} THEN 1 ELSE -1 END
        WHERE l_orderkey IN {some("orders", 15, salt, waits)}"""
    yield f"""
        UPDATE lineitem SET l_receiptdate = l_commitdate + 1
        WHERE l_orderkey IN {some("orders", 5, salt + 1, alone)}"""
    yield f"""
        DELETE FROM lineitem
        WHERE l_suppkey NOT IN {saudi} AND l_orderkey IN {some("orders", 3, salt + 2, alone)}"""
    yield update("orders", 3, salt + 3, status, alone)
    yield update("orders", 30, salt + 4, status, alone.replace("'F'", "'O'"))


def _idle(salt: int) -> Iterator[str]:
    """Queries 13 and 22: all orders of some customers go to one, others get their first; comments change."""
    numbered = "SELECT {0}, row_number() OVER (ORDER BY {0}) AS n FROM {1} WHERE {0} IN {2}"
    heirs = numbered.format("c_custkey", "customer", some("customer", 15, salt, f"{IDLE} AND {CODES}"))
    first = numbered.format("o_orderkey", "orders", some("orders", 15, salt + 1))
    losers = some("customer", 15, salt + 2, f"NOT {IDLE} AND {CODES}")
    special = "o_comment LIKE '%special%requests%'"
    yield f"""
        UPDATE orders AS o SET o_custkey = c_custkey
        FROM ({heirs}) AS heir JOIN ({first}) AS first USING (n) WHERE o.o_orderkey = first.o_orderkey"""
    yield f"""
        UPDATE orders SET o_custkey = (SELECT max(c_custkey) FROM customer WHERE c_custkey <= 10 - {salt})
        WHERE o_custkey IN {losers}"""
    yield update("orders", 20, salt + 3, "o_comment = 'plain'", special)
    yield update("orders", 40, salt + 4, "o_comment = 'special, by request: requests'")


def _balances(salt: int) -> Iterator[str]:
    """Query 22: the average balance rises and falls by turns; codes and signs change."""
    sign = "+" if salt // 100 % 2 else "-"
    code = f"c_phone = CASE WHEN {CODES} THEN '99' ELSE '13' END || substr(c_phone, 3)"
    yield update("customer", 60, salt, f"c_acctbal = c_acctbal {sign} 3000", CODES)
    yield update("customer", 20, salt + 1, "c_acctbal = -c_acctbal", CODES)
    yield update("customer", 30, salt + 2, code)


def _complaints(salt: int) -> Iterator[str]:
    """Query 16: complaints about a supplier are settled, others arise; parts enter and leave its list."""
    about = "s_comment LIKE '%Customer%Complaints%'"
    sizes = "p_size = CASE p_size WHEN 49 THEN 50 ELSE 49 END"
    kinds = "CASE WHEN p_brand = 'Brand#45' THEN 'Brand#44' ELSE 'Brand#45' END"
    types = "CASE WHEN p_type LIKE 'MEDIUM POLISHED%' THEN 'SMALL TIN' ELSE 'MEDIUM POLISHED TIN' END"
    arisen = f"s_comment = 'Customer {salt}: many Complaints'"
    yield update("supplier", 2, salt, arisen, f"NOT {about}")
    yield update("supplier", 1, salt + 1, "s_comment = 'settled'", f"{about} AND NOT {arisen}")
    for n, assignments in enumerate((sizes, f"p_brand = {kinds}", f"p_type = {types}"), salt + 2):
        yield update("part", 20, n, assignments, "p_size IN (49, 14, 23, 45, 19, 3, 36, 9, 50)")


def _cheapest(salt: int) -> Iterator[str]:
    """Query 2: the cheapest offer for a part of brass goes up, another comes down, to the same or below."""
    brass = f"ps_partkey IN (SELECT p_partkey FROM part WHERE {BRASS})"
    least = "(SELECT min(ps_supplycost) FROM partsupp AS p WHERE p.ps_partkey = partsupp.ps_partkey)"
    yield update("part", 5, salt, "p_size = 16", BRASS)
    yield update("part", 8, salt + 1, "p_size = 15, p_type = 'LARGE PLATED BRASS'")
    yield update(
        "partsupp",
        15,
        salt + 2,
        "ps_supplycost = ps_supplycost + 700",
        f"{brass} AND ps_supplycost = {least}",
    )
    yield update("partsupp", 15, salt + 3, f"ps_supplycost = {least} - ps_suppkey % 2", brass)


def _shares(salt: int) -> Iterator[str]:
    """Query 11: what Germany holds of a part crosses its share of all, which rises and falls by turns."""
    german = f"ps_suppkey IN {suppliers('GERMANY')}"
    stock = "ps_availqty = CASE WHEN ps_availqty > 100 THEN 1 + ps_availqty % 50 ELSE 5000 + ps_availqty END"
    yield update("partsupp", 30, salt, stock, german)
    if salt // 100 % 2:
        yield update("partsupp", 3, salt + 1, "ps_availqty = 5000000", german)
    else:
        yield "UPDATE partsupp SET ps_availqty = 5000 WHERE ps_availqty = 5000000"


def _top(salt: int) -> Iterator[str]:
    """Query 15: the best supplier of the quarter loses a line, another gets to the top, or shares it."""
    best = f"(SELECT l_suppkey FROM ({REVENUE}) AS r ORDER BY revenue DESC, l_suppkey LIMIT 1)"
    twin = some("supplier", 1, salt, f"s_suppkey <> {best}")
    yield f"""
        UPDATE lineitem SET l_shipdate = date '1996-04-01'
        WHERE {QUARTER} AND l_suppkey = {best} AND l_orderkey % 2 = 0"""
    yield f"""
        UPDATE lineitem SET l_extendedprice = l_extendedprice + 100000
        WHERE {QUARTER} AND l_suppkey = {some("supplier", 1, salt + 1)}"""
    if salt // 100 % 3 == 0:
        yield f"CREATE TEMPORARY TABLE best ON COMMIT DROP AS SELECT {best} AS one, {twin} AS other"
        yield f"""
            UPDATE lineitem SET l_shipdate = date '1996-04-01'
            FROM best WHERE {QUARTER} AND l_suppkey = other"""
        yield """
            INSERT INTO partsupp SELECT ps_partkey, other, ps_availqty, ps_supplycost, 'twin'
            FROM partsupp JOIN best ON ps_suppkey = one ON CONFLICT DO NOTHING"""
        copy = LINE_REST.replace("l_suppkey, l_linenumber", f"other, {1000 * salt} - row_number() OVER ()")
        yield f"""
            INSERT INTO lineitem (l_orderkey, {LINE_REST}) SELECT l_orderkey, {copy}
            FROM lineitem JOIN best ON l_suppkey = one WHERE {QUARTER}"""


def _boxes(salt: int) -> Iterator[str]:
    """Query 17: parts enter and leave the brand, their lines the low quantities; averages move."""
    box = f"l_partkey IN (SELECT p_partkey FROM part WHERE {BOXES})"
    yield update("part", 3, salt, "p_container = 'LG BAG'", BOXES)
    yield update("part", 6, salt + 1, "p_brand = 'Brand#23', p_container = 'MED BOX'")
    yield update("lineitem", 20, salt + 2, "l_quantity = 50", f"{box} AND l_quantity < 30")
    yield update("lineitem", 20, salt + 3, "l_quantity = 1 + l_linenumber % 5", box)


def _large(salt: int) -> Iterator[str]:
    """Query 18: orders rise above a quantity of 300, and fall below."""
    above = "(SELECT sum(l_quantity) FROM lineitem WHERE l_orderkey = o_orderkey) > 300"
    yield f"""
        UPDATE lineitem SET l_quantity = l_quantity / 2
        WHERE l_linenumber < 4 AND l_orderkey IN {some("orders", 3, salt, above)}"""
    full = some(
        "orders", 5, salt + 1, "o_orderkey IN (SELECT l_orderkey FROM lineitem WHERE l_linenumber = 7)"
    )
    yield f"UPDATE lineitem SET l_quantity = 50 WHERE l_orderkey IN {full}"


def _forests(salt: int) -> Iterator[str]:
    """Query 20: what a Canadian has of the forest's parts is more than half of what it sold, less, unsold."""
    forest = "p_name LIKE 'forest%'"
    yield update("part", 15, salt, "p_name = 'lemon'", forest)
    yield update("part", 20, salt + 1, "p_name = 'forest ' || left(p_name, 40)", f"NOT {forest}")
    less, more, sold = (some("supplier", 2, salt + n, of("CANADA")) for n in (2, 3, 4))
    yield f"UPDATE partsupp SET ps_availqty = 0 WHERE ps_partkey IN {FOREST} AND ps_suppkey IN {less}"
    yield f"UPDATE partsupp SET ps_availqty = 9999 WHERE ps_partkey IN {FOREST} AND ps_suppkey IN {more}"
    yield f"""
        UPDATE lineitem SET l_shipdate = date '1994-12-31' + l_linenumber % 2
        WHERE l_partkey IN {FOREST} AND l_suppkey IN {sold}"""
