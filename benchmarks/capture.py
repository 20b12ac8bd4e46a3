"""What capture adds to a bulk write: the same statements on a table that a view reads, and on a bare one."""

from statistics import median

from benchmarks.tpch import Connection
from benchmarks.views import timed, views

ROWS = 100_000
TABLES = ("captured", "bare")
WRITES = {
    "insert": "INSERT INTO {table} TABLE sample",
    "update": "UPDATE {table} SET l_quantity = l_quantity + 1",
    "delete": "DELETE FROM {table}",
}


def measure(conn: Connection, rounds: int = 5) -> dict[str, dict[str, float]]:
    """Return, by kind of write and by table, the median milliseconds to write 100,000 rows of lineitem.

    The tables have lineitem's keys and indexes; the view is query 1's. The two are written in turn.
    """
    from ivmc import runtime

    conn.execute("DROP TABLE IF EXISTS sample, captured, bare CASCADE")
    conn.execute(f"CREATE TABLE sample AS TABLE lineitem LIMIT {ROWS}".encode())
    for table in TABLES:
        conn.execute(f"CREATE TABLE {table} (LIKE lineitem INCLUDING ALL)".encode())
    (pricing,) = views([1])
    runtime.create(conn, "pricing", pricing.text.replace("lineitem", "captured"), or_replace=True)
    taken: dict[str, dict[str, list[float]]] = {write: {table: [] for table in TABLES} for write in WRITES}
    for n in range(rounds):
        for write, statement in WRITES.items():
            for table in TABLES[:: (-1) ** n]:
                taken[write][table].append(timed(conn, statement.format(table=table)))
            _clear(conn)
    return {write: {table: median(ms) for table, ms in by_table.items()} for write, by_table in taken.items()}


def _clear(conn: Connection) -> None:
    """Leave both tables, and the buffer, as they are when nobody writes for a while."""
    conn.execute("CALL ivmc.refresh('pricing')")
    conn.execute("CALL ivmc.trim()")
    conn.execute("VACUUM ANALYZE captured, bare")
