"""Changes to a TPC-H database that look like a day's trade, the same for the same seed and data.

Rows are chosen, and their new values drawn, by a hash of their key and a salt: neither the physical order of
a table nor a parallel plan makes a difference.
"""

from collections.abc import Iterator

from benchmarks.tpch import Connection

ORDER_REST = "o_orderstatus, o_totalprice, o_orderdate, o_orderpriority, o_clerk, o_shippriority, o_comment"
LINE_REST = (
    "l_partkey, l_suppkey, l_linenumber, l_quantity, l_extendedprice, l_discount, l_tax, l_returnflag, "
    "l_linestatus, l_shipdate, l_commitdate, l_receiptdate, l_shipinstruct, l_shipmode, l_comment"
)
CUSTOMER_REST = "c_name, c_address, c_nationkey, c_phone, c_acctbal, c_mktsegment, c_comment"
LINE = "(l_orderkey * 8 + l_linenumber)"  # an order has at most seven lines
KEY = {
    "region": "r_regionkey",
    "nation": "n_nationkey",
    "customer": "c_custkey",
    "supplier": "s_suppkey",
    "part": "p_partkey",
    "partsupp": "(ps_partkey::bigint * 10000000 + ps_suppkey)",
    "orders": "o_orderkey",
    "lineitem": LINE,
}


def draw(key: str, salt: int) -> str:
    """Return an expression for a number in [0, 1), one per value of the integer expression `key`."""
    return f"((hashint8extended({key}, {salt}) & 1048575) / 1048576.0)"


def choose(columns: str, table: str, key: str, count: int, salt: int) -> str:
    """Return a query for `columns` of `count` rows of `table`, drawn by `key`."""
    return f"SELECT {columns} FROM {table} ORDER BY hashint8extended({key}, {salt}), {key} LIMIT {count}"


def some(table: str, count: int, salt: int, where: str = "true") -> str:
    """Return a subquery for the keys of `count` rows of `table`."""
    return f"({choose(KEY[table], f'{table} WHERE {where}', KEY[table], count, salt)})"


def scanned(table: str, key: str, count: int, salt: int) -> str:
    """Return a query for the places of some rows, in the order in which an UPDATE would find them."""
    return f"SELECT ctid FROM ({choose('ctid', table, key, count, salt)}) AS chosen ORDER BY ctid"


def update(table: str, count: int, salt: int, assignments: str, where: str = "true") -> str:
    """Return a statement that updates `count` of the rows for which `where` holds."""
    return f"UPDATE {table} SET {assignments} WHERE {KEY[table]} IN {some(table, count, salt, where)}"


def mixed(conn: Connection, rows: int, seed: int) -> None:
    """Change about `rows` rows of orders and lineitem, and rows / 50 of customer, in one transaction.

    Of the rows 30 % arrive (new orders with their lines), 30 % leave, 30 % are lines that get another
    quantity, discount, ship and receipt date, 10 % are orders that get another date, status and price.
    """
    with conn.transaction():
        conn.execute("SET LOCAL work_mem = '256MB'")
        for statement in (*_arrive_and_leave(rows, seed), *_update(rows, seed), *_customers(rows, seed)):
            conn.execute(statement.encode())


def _arrive_and_leave(rows: int, seed: int) -> Iterator[str]:
    """As many orders arrive as leave: copies of some, one in ten of them for another customer."""
    count, salt = max(1, round(rows * 0.06)), seed * 100  # with its four lines an order is five rows
    buyer = "(SELECT min(c_custkey) FROM customer WHERE c_custkey >= near)"
    yield f"""
        CREATE TEMPORARY TABLE picked ON COMMIT DROP AS
        SELECT o_orderkey, n, last + n AS copy, ceil({draw("o_orderkey", salt)} * customers)::integer AS near
        FROM (SELECT o_orderkey, row_number() OVER () AS n
              FROM ({choose("o_orderkey", "orders", "o_orderkey", 2 * count, salt)}) AS drawn) AS numbered,
             (SELECT max(o_orderkey) AS last FROM orders) AS o,
             (SELECT max(c_custkey) AS customers FROM customer) AS c"""
    yield "ANALYZE picked"
    yield f"""
        INSERT INTO orders (o_orderkey, o_custkey, {ORDER_REST})
        SELECT copy, CASE n % 10 WHEN 1 THEN {buyer} ELSE o_custkey END, {ORDER_REST}
        FROM picked JOIN orders USING (o_orderkey) WHERE n <= {count}"""
    yield f"""
        INSERT INTO lineitem (l_orderkey, {LINE_REST})
        SELECT copy, {LINE_REST} FROM picked JOIN lineitem ON l_orderkey = o_orderkey WHERE n <= {count}"""
    yield f"DELETE FROM lineitem USING picked WHERE l_orderkey = o_orderkey AND n > {count}"
    yield f"DELETE FROM orders USING picked WHERE orders.o_orderkey = picked.o_orderkey AND n > {count}"


def _update(rows: int, seed: int) -> Iterator[str]:
    lines, orders, salt = max(2, round(rows * 0.3)), max(1, round(rows * 0.1)), seed * 100 + 10
    yield f"""
        UPDATE lineitem AS l
        SET l_quantity = 1 + floor({draw(LINE, salt + 1)} * 50),
            l_discount = round({draw(LINE, salt + 2)} * 0.1, 2),
            l_shipdate = l_shipdate + floor({draw(LINE, salt + 3)} * 41)::integer - 20,
            l_receiptdate = l_receiptdate + floor({draw(LINE, salt + 4)} * 41)::integer - 20
        FROM ({scanned("lineitem", LINE, lines, salt)}) AS drawn WHERE l.ctid = drawn.ctid"""
    yield f"""
        UPDATE orders AS o
        SET o_orderdate = o_orderdate + floor({draw("o_orderkey", salt + 5)} * 121)::integer - 60,
            o_orderstatus = CASE WHEN {draw("o_orderkey", salt + 6)} < 0.2 THEN 'F' ELSE o_orderstatus END,
            o_totalprice = o_totalprice + 1
        FROM ({scanned("orders", "o_orderkey", orders, salt)}) AS drawn WHERE o.ctid = drawn.ctid"""


def _customers(rows: int, seed: int) -> Iterator[str]:
    """A few arrive, twice as many change their balance, as few without an order leave."""
    count, salt = max(1, round(rows * 0.005)), seed * 100 + 20
    yield f"""
        INSERT INTO customer (c_custkey, {CUSTOMER_REST})
        SELECT last + row_number() OVER (), {CUSTOMER_REST}
        FROM ({choose("*", "customer", "c_custkey", count, salt)}) AS drawn,
             (SELECT max(c_custkey) AS last FROM customer) AS c"""
    yield f"""
        UPDATE customer SET c_acctbal = c_acctbal + round({draw("c_custkey", salt + 1)} * 200 - 100, 2)
        WHERE c_custkey IN ({choose("c_custkey", "customer", "c_custkey", 2 * count, salt + 2)})"""
    idle = "customer WHERE NOT EXISTS (SELECT FROM orders WHERE o_custkey = c_custkey)"
    leavers = choose("c_custkey", idle, "c_custkey", count, salt + 3)
    yield f"DELETE FROM customer WHERE c_custkey IN ({leavers})"
