"""Changes to all eight tables of TPC-H at once, aimed at what its queries look for.

What `changes` leaves out: dimension rows that are renamed, moved, given another key, born and removed in the
same transaction as the facts that refer to them; keys of facts that move; rows deleted and put back; what
subqueries answer (`flips`). For tests, at scale 0.01: each statement touches a fixed number of rows, and many
of them cross a predicate.
"""

from collections.abc import Iterator
from itertools import chain

from benchmarks.changes import KEY, LINE, LINE_REST, draw, mixed, some, update
from benchmarks.flips import flips
from benchmarks.tpch import Connection

SWAPPED = (  # names that the queries ask for change places with each other or with a neighbour
    ("ASIA", "AMERICA", "FRANCE", "GERMANY"),
    ("ASIA", "EUROPE", "BRAZIL", "CHINA"),
    ("AMERICA", "AFRICA", "GERMANY", "IRAQ"),
)


def everywhere(conn: Connection, rows: int, seed: int) -> None:
    """Change all eight tables in one transaction; `rows` of orders and lineitem as `changes.mixed` does.

    Every seed is good once: the rows it brings have keys of its own, which are negative or large.
    """
    tables = (_regions, _nations, _customers, _suppliers, _parts, _partsupps, _orders, _lines)
    with conn.transaction():
        mixed(conn, rows, seed)
        for statement in chain(*(changes(seed) for changes in tables), flips(seed)):
            conn.execute(statement.encode())


def _swap(table: str, column: str, one: str, other: str) -> str:
    return f"""
        UPDATE {table} SET {column} = CASE {column} WHEN '{one}' THEN '{other}' ELSE '{one}' END
        WHERE {column} IN ('{one}', '{other}')"""


def _rekey(table: str, old: str, new: int, *follow: str, also: str = "") -> Iterator[str]:
    """Give the row `old` the key `new`: its copy is born, the others `follow` to it, the old row dies."""
    key = KEY[table]
    yield f"CREATE TEMPORARY TABLE old_{table} ON COMMIT DROP AS SELECT * FROM {table} WHERE {key} = {old}"
    yield f"CREATE TEMPORARY TABLE new_{table} ON COMMIT DROP AS TABLE old_{table}"
    yield f"UPDATE new_{table} SET {key} = {new}{also}"
    yield f"INSERT INTO {table} TABLE new_{table}"
    yield from follow
    yield f"DELETE FROM {table} USING old_{table} AS old WHERE {table}.{key} = old.{key}"


def _regions(seed: int) -> Iterator[str]:
    """Two names change places, one region gets another key, and a second ASIA is born."""
    one, other, *_ = SWAPPED[seed % len(SWAPPED)]
    follow = f"UPDATE nation SET n_regionkey = {-seed} FROM old_region WHERE n_regionkey = r_regionkey"
    yield _swap("region", "r_name", one, other)
    yield from _rekey("region", some("region", 1, seed), -seed, follow)
    yield f"INSERT INTO region VALUES ({100 + seed}, 'ASIA', 'a second one of this name')"


def _nations(seed: int) -> Iterator[str]:
    """Two names change places, one nation changes region, one is divided, one gets another key."""
    *_, one, other = SWAPPED[seed % len(SWAPPED)]
    new, born, salt = -seed, 100 + seed, seed * 100 + 30
    region = "(SELECT min(r_regionkey) FROM region WHERE r_name IN ('ASIA', 'AMERICA'))"
    yield _swap("nation", "n_name", one, other)
    yield update("nation", 1, salt, f"n_regionkey = {region}")
    yield f"""
        INSERT INTO nation SELECT {born}, n_name, {100 + seed}, 'new' FROM nation
        WHERE n_name IN ('BRAZIL', 'FRANCE') ORDER BY n_nationkey LIMIT 1"""
    yield update("customer", 40, salt + 1, f"c_nationkey = {born}")
    yield update("supplier", 3, salt + 2, f"s_nationkey = {born}")
    yield from _rekey(
        "nation",
        some("nation", 1, salt + 3),
        new,
        f"UPDATE customer SET c_nationkey = {new} FROM old_nation WHERE c_nationkey = n_nationkey",
        f"UPDATE supplier SET s_nationkey = {new} FROM old_nation WHERE s_nationkey = n_nationkey",
        also=", n_comment = 'renumbered'",
    )


def _customers(seed: int) -> Iterator[str]:
    """Some enter or leave the segment, some move, some change what is shown of them, one gets another key."""
    salt = seed * 100 + 40
    segment = "c_mktsegment = CASE c_mktsegment WHEN 'BUILDING' THEN 'MACHINERY' ELSE 'BUILDING' END"
    nation = "(SELECT min(n_nationkey) FROM nation WHERE n_name IN ('GERMANY', 'BRAZIL'))"
    shown = f"c_name = c_name || '*', c_phone = '{seed:02}-' || substr(c_phone, 4), c_comment = 'moved'"
    bought = "o_custkey = c_custkey AND o_orderdate BETWEEN '1993-10-01' AND '1995-03-01'"
    yield update("customer", 60, salt, segment)
    yield update("customer", 30, salt + 1, f"c_nationkey = {nation}")
    yield update("customer", 30, salt + 2, shown)
    yield from _rekey(
        "customer",
        some("customer", 1, salt + 3, f"EXISTS (SELECT FROM orders WHERE {bought})"),
        -seed,
        f"UPDATE orders SET o_custkey = {-seed} FROM old_customer WHERE o_custkey = c_custkey",
        also=", c_acctbal = c_acctbal + 1, c_mktsegment = 'BUILDING'",
    )


def _suppliers(seed: int) -> Iterator[str]:
    """Some move to another nation, one hands everything to a new one and leaves, one is born idle."""
    new, salt = -seed, seed * 100 + 50
    nation = "(SELECT max(n_nationkey) FROM nation WHERE n_name IN ('FRANCE', 'CHINA'))"
    yield update("supplier", 5, salt, f"s_nationkey = {nation}")
    yield update("supplier", 5, salt + 1, "s_acctbal = s_acctbal + 1")
    yield from _rekey(
        "supplier",
        some("supplier", 1, salt + 2),
        new,
        f"""INSERT INTO partsupp SELECT ps_partkey, {new}, ps_availqty, ps_supplycost + 1, ps_comment
            FROM partsupp JOIN old_supplier ON ps_suppkey = s_suppkey""",
        f"UPDATE lineitem SET l_suppkey = {new} FROM old_supplier WHERE l_suppkey = s_suppkey",
        "DELETE FROM partsupp USING old_supplier WHERE ps_suppkey = s_suppkey",
    )
    yield f"""
        INSERT INTO supplier SELECT {10**6 + seed}, s_name, s_address, s_nationkey, s_phone, s_acctbal, 'idle'
        FROM new_supplier"""


def _parts(seed: int) -> Iterator[str]:
    """Parts enter or leave the types, names and containers of queries 8, 9, 14, 19; one gets another key."""
    new, salt = -seed, seed * 100 + 60
    types = "CASE WHEN p_type LIKE 'ECONOMY%' THEN 'PROMO POLISHED TIN' ELSE 'ECONOMY ANODIZED STEEL' END"
    green = "'green ' || left(p_name, 40)"
    names = f"CASE WHEN p_name LIKE '%green%' THEN replace(p_name, 'green', 'red') ELSE {green} END"
    kinds = (("Brand#12", "SM BOX"), ("Brand#23", "MED PACK"), ("Brand#34", "LG CASE"))
    yield update("part", 40, salt, f"p_type = {types}")
    yield update("part", 40, salt + 1, f"p_name = {names}")
    for n, (brand, container) in enumerate(kinds, salt + 2):
        yield update(
            "part", 20, n, f"p_brand = '{brand}', p_container = '{container}', p_size = 1 + p_size % 6"
        )
    yield from _rekey(
        "part",
        some("part", 1, salt + 5),
        new,
        f"""INSERT INTO partsupp SELECT {new}, ps_suppkey, ps_availqty, ps_supplycost, ps_comment
            FROM partsupp JOIN old_part ON ps_partkey = p_partkey""",
        f"UPDATE lineitem SET l_partkey = {new} FROM old_part WHERE l_partkey = p_partkey",
        "DELETE FROM partsupp USING old_part WHERE ps_partkey = p_partkey",
        also=f", p_name = {green}",
    )


def _partsupps(seed: int) -> Iterator[str]:
    """Costs rise, fall and stay; pairs without a line come and go."""
    salt = seed * 100 + 70
    unused = "NOT EXISTS (SELECT FROM lineitem WHERE (l_partkey, l_suppkey) = (ps_partkey, ps_suppkey))"
    change = f"floor({draw(KEY['partsupp'], salt)} * 3) - 1"
    yield update("partsupp", 200, salt + 1, f"ps_supplycost = ps_supplycost + {change}")
    yield f"""
        INSERT INTO partsupp SELECT p_partkey, s_suppkey, 1, 1.00, 'new' FROM part, supplier
        WHERE p_partkey IN {some("part", 10, salt + 2)} AND s_suppkey IN {some("supplier", 2, salt + 3)}
        ON CONFLICT DO NOTHING"""
    yield f"DELETE FROM partsupp WHERE {KEY['partsupp']} IN {some('partsupp', 15, salt + 4, unused)}"


def _orders(seed: int) -> Iterator[str]:
    """Orders change hands and move into the windows of queries 3, 5, 8 and 10; one gets another key."""
    salt = seed * 100 + 80
    day = draw("o_orderkey", salt)
    buyer = "(SELECT min(c_custkey) FROM customer WHERE c_custkey >= o_orderkey % 1000)"
    priority = "CASE o_orderpriority WHEN '1-URGENT' THEN '5-LOW' ELSE '1-URGENT' END"
    windows = (("1993-09-20", 110), ("1994-01-01", 365), ("1995-03-10", 10), ("1996-12-20", 20))
    yield update("orders", 40, salt, f"o_custkey = {buyer}")
    for n, (first, days) in enumerate(windows, salt + 1):
        yield update("orders", 40, n, f"o_orderdate = date '{first}' + floor({day} * {days})::integer")
    yield update("orders", 60, salt + 5, f"o_shippriority = 1 - o_shippriority, o_orderpriority = {priority}")
    yield from _rekey(
        "orders",
        some("orders", 1, salt + 6),
        -seed,
        f"UPDATE lineitem SET l_orderkey = {-seed} FROM old_orders WHERE l_orderkey = o_orderkey",
    )


def _lines(seed: int) -> Iterator[str]:
    """Lines move into the predicates of queries 6, 7, 10, 12, 14, 19, to other parts and to another order."""
    salt = seed * 100 + 90
    day = f"floor({draw(LINE, salt)} * 365)::integer"
    pair = f"SELECT ps_partkey, ps_suppkey FROM partsupp WHERE ps_partkey >= {day} ORDER BY 1, 2 LIMIT 1"
    order = some("orders", 1, salt)
    cross = "l_commitdate = l_shipdate + 1, l_receiptdate"
    targets = (
        (300, f"l_shipdate = date '1994-01-01' + {day}, l_discount = 0.06, l_quantity = 10"),
        (300, f"l_shipdate = date '1995-06-01' + {day}, l_returnflag = 'R'"),
        (300, f"l_shipdate = date '1995-09-01' + {day} % 32"),
        (200, f"l_shipmode = 'SHIP', {cross} = l_shipdate + 2"),
        (100, f"l_shipmode = 'MAIL', {cross} = date '1994-12-31'"),
        (100, "l_returnflag = CASE l_returnflag WHEN 'R' THEN 'A' ELSE 'R' END, l_linestatus = 'F'"),
        (50, "l_extendedprice = l_extendedprice + 0.01, l_tax = 0"),
        (99, f"(l_partkey, l_suppkey) = ({pair})"),
        (10, f"l_orderkey = {order}, l_linenumber = {seed} * 1000000 + {LINE}"),
    )
    for n, (count, assignments) in enumerate(targets, salt):
        yield update("lineitem", count, n, assignments)
    yield """
        UPDATE lineitem SET l_quantity = 10, l_shipmode = 'AIR', l_shipinstruct = 'DELIVER IN PERSON'
        FROM part WHERE p_partkey = l_partkey AND l_linenumber = 1
          AND (p_brand, p_container) IN (('Brand#12', 'SM BOX'), ('Brand#23', 'MED PACK'))"""
    gone = some("lineitem", 40, salt + 9)
    back = LINE_REST.replace("l_tax", "l_tax + l_linenumber % 2 * 0.01")
    yield f"""
        WITH gone AS (DELETE FROM lineitem WHERE {LINE} IN {gone} RETURNING *)
        INSERT INTO lineitem (l_orderkey, {LINE_REST})
        SELECT l_orderkey, {back} FROM gone"""
