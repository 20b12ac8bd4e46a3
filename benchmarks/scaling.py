"""The same one-row change on tables of growing size: a refresh should not notice."""

from collections.abc import Iterator, Sequence
from statistics import median

from benchmarks.tpch import Connection
from benchmarks.views import timed

SIZES = (10_000, 100_000, 1_000_000)
PER_ACCOUNT = 100  # payments


def measure(conn: Connection, sizes: Sequence[int] = SIZES, repetitions: int = 7) -> dict[int, float]:
    """Return, by the number of payments, the median milliseconds of a refresh after one payment changed."""
    from ivmc import runtime

    for rows in sizes:
        for statement in _tables(rows):
            conn.execute(statement.encode())
        runtime.create(conn, f"totals_{rows}", _query(rows), or_replace=True)
    taken: dict[int, list[float]] = {rows: [] for rows in sizes}
    for n in range(repetitions):
        for rows in sizes:
            taken[rows] += _refreshes(conn, rows, n)
    return {rows: median(milliseconds) for rows, milliseconds in taken.items()}


def _tables(rows: int) -> Iterator[str]:
    accounts = rows // PER_ACCOUNT
    yield f"DROP TABLE IF EXISTS payment_{rows}, account_{rows} CASCADE"
    yield f"CREATE TABLE account_{rows} (id integer PRIMARY KEY, branch text NOT NULL)"
    yield f"""CREATE TABLE payment_{rows} (
        id integer PRIMARY KEY,
        account integer NOT NULL REFERENCES account_{rows},
        amount numeric(12,2) NOT NULL)"""
    yield f"INSERT INTO account_{rows} SELECT n, 'branch ' || n % 100 FROM generate_series(1, {accounts}) n"
    yield f"""INSERT INTO payment_{rows}
        SELECT n, 1 + n % {accounts}, n % 1000 / 10.0 FROM generate_series(1, {rows}) n"""
    yield f"CREATE INDEX ON payment_{rows} (account)"
    yield f"VACUUM ANALYZE account_{rows}, payment_{rows}"


def _query(rows: int) -> str:
    return f"""SELECT a.branch, count(*) AS payments, sum(p.amount) AS amount
               FROM account_{rows} AS a JOIN payment_{rows} AS p ON p.account = a.id GROUP BY a.branch"""


def _refreshes(conn: Connection, rows: int, n: int) -> Iterator[float]:
    """Insert, update and delete one payment, each followed by a refresh; yield its milliseconds."""
    key = rows // 2 + n
    for change in (
        f"INSERT INTO payment_{rows} VALUES ({rows + 1}, {1 + key % (rows // PER_ACCOUNT)}, 12.50)",
        f"UPDATE payment_{rows} SET amount = amount + 1 WHERE id = {key}",
        f"DELETE FROM payment_{rows} WHERE id = {rows + 1}",
    ):
        conn.execute(change.encode())
        yield timed(conn, f"CALL ivmc.refresh('totals_{rows}')")
