"""Refresh against full recompute: the same committed change, both measured, both compared."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import TypeAlias

from benchmarks.changes import mixed
from benchmarks.tpch import Connection
from benchmarks.views import View, differences, drop, maintain, recompute, refresh, shuffled, strategy

ROUNDS = {"10": 9, "0.01%": 7, "0.1%": 5, "1%": 3, "10%": 3, "50%": 1}
Connect: TypeAlias = Callable[[], Connection]
LARGE = 5_000  # rows of a change after which the tables are vacuumed, as autovacuum would in time
TWINNED = 1_000_000  # rows of a change beyond which a view that never recomputes takes minutes


@dataclass(frozen=True, slots=True)
class Series:
    """One view under one size of change: milliseconds of each round, and how ivmc chose to refresh.

    `forced` is of large changes only, up to `TWINNED` rows: the view's twin, which never recomputes.
    """

    query: int
    size: str
    rows: int
    refresh: list[float] = field(default_factory=list)
    full: list[float] = field(default_factory=list)
    strategies: list[str] = field(default_factory=list)
    forced: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """How many times faster the refresh is."""
        return median(self.full) / median(self.refresh)

    @property
    def lowest(self) -> float:
        """How many times faster the refresh is in the round in which it is least so."""
        return min(full / ms for full, ms in zip(self.full, self.refresh, strict=True))

    @property
    def idle(self) -> bool:
        """Whether none of its tables changed."""
        return set(self.strategies) == {"None"}

    @property
    def misjudged(self) -> float | None:
        """The time of the way chosen over that of the other, in the worst round; None for small changes."""
        if self.idle:
            return None
        rounds = zip(self.strategies, self.refresh, self.full, self.forced, strict=False)
        lost = (ms / (forced if way == "full" else full) for way, ms, full, forced in rounds)
        return max(lost, default=None)


def rows_of(size: str, total: int) -> int:
    """Return a size, which is a number of rows or a percentage of `total`, in rows.

    >>> rows_of("10", 7_500_000), rows_of("0.01%", 7_500_000)
    (10, 750)
    """
    return round(float(size[:-1]) / 100 * total) if size.endswith("%") else int(size)


def first(writer: Connection, connect: Connect, views: Sequence[View], seed: int) -> dict[int, float]:
    """Return the milliseconds of a session's first refresh, by query, where a change of 10 rows concerns it.

    Each view has a session of its own, which has yet to plan everything and to create its temporary tables.
    """
    taken = {}
    mixed(writer, 10, seed)
    for view in views:
        with connect() as session:
            session.execute("SELECT 1")
            milliseconds = refresh(session, view)
            if strategy(session, view) != "None":
                taken[view.number] = milliseconds
    return taken


def warm_up(writer: Connection, reader: Connection, views: Sequence[View], seed: int) -> None:
    """Let `reader` refresh after three changes of 10 rows, lest what a session does once be measured."""
    for n in range(3):
        mixed(writer, 10, seed + n)
        for view in views:
            refresh(reader, view)
    writer.execute("CALL ivmc.trim()")


def measure(
    writer: Connection, reader: Connection, views: Sequence[View], size: str, *, rounds: int, seed: int
) -> list[Series]:
    """Commit `rounds` changes of `size`; after each, time both kinds of refresh of every view and compare.

    The views exist, and `reader` is warm. `writer` changes and recomputes, `reader` refreshes. After large
    changes each view's twin is refreshed as well. Raises `AssertionError` when a view differs from its query.
    """
    rows = rows_of(size, total(writer))
    twins = {view: view.twin for view in views} if LARGE < rows <= TWINNED else {}
    for twin in twins.values():
        maintain(writer, twin)
    series = {view: Series(view.number, size, rows) for view in views}
    order = random.Random(seed)
    for n in range(rounds):
        mixed(writer, rows, seed + n)
        if rows > LARGE:
            settle(writer, reader)
        reader.execute("SELECT 1")
        for view in shuffled(views, order):
            series[view].refresh.append(refresh(reader, view))
            if rows > TWINNED:  # side by side, for autovacuum is at work meanwhile
                series[view].full.append(recompute(writer, view))
        for view in views:
            series[view].strategies.append(strategy(reader, view))
        for view, twin in twins.items():
            series[view].forced.append(refresh(reader, twin))
        if rows <= TWINNED:
            for view in shuffled(views, order):
                series[view].full.append(recompute(writer, view))
        wrong = {view.name: found for view in views if (found := differences(writer, view))}
        assert not wrong, f"rows that differ after a change of {size}: {wrong}"
        writer.execute("CALL ivmc.trim()")
        if rows > LARGE:
            writer.execute("VACUUM ANALYZE")
    for twin in twins.values():
        drop(writer, twin)
    return list(series.values())


def settle(*connections: Connection) -> None:
    """Read every row of what changed, in each session.

    The first to read marks rows as committed and prunes pages, for 350 ms, and a session maps shared pages
    when it first sees them. Whichever came first would pay, a maintained or a materialized view.
    """
    for conn in connections:
        for table in ("lineitem", "orders", "customer"):
            conn.execute(f"SELECT count({table}) FROM {table}".encode())


def total(conn: Connection) -> int:
    """Return the number of rows in orders and lineitem."""
    row = conn.execute("SELECT (SELECT count(*) FROM orders) + (SELECT count(*) FROM lineitem)").fetchone()
    assert row is not None
    return int(row[0])


def idle(reader: Connection, views: Sequence[View], repetitions: int = 9) -> dict[int, float]:
    """Return the median milliseconds of a refresh with nothing to do, by query."""
    for view in views:
        refresh(reader, view)
    return {view.number: median(refresh(reader, view) for _ in range(repetitions)) for view in views}


def one_row(
    writer: Connection, reader: Connection, views: Sequence[View], repetitions: int = 9
) -> dict[int, float]:
    """Return the median milliseconds of a refresh after one line changed quantity and price, by query."""
    taken: dict[int, list[float]] = {view.number: [] for view in views}
    for key in _spread(writer, repetitions):
        writer.execute(
            "UPDATE lineitem SET l_quantity = mod(l_quantity, 50) + 1, l_extendedprice = l_extendedprice + 1 "
            "WHERE l_orderkey = %s AND l_linenumber = 1",
            (key,),
        )
        for view in views:
            taken[view.number].append(refresh(reader, view))
    return {number: median(milliseconds) for number, milliseconds in taken.items()}


def _spread(conn: Connection, count: int) -> Iterator[int]:
    """Yield keys of orders from one end of the table to the other."""
    row = conn.execute("SELECT max(l_orderkey) FROM lineitem WHERE l_linenumber = 1").fetchone()
    assert row is not None
    for n in range(1, count + 1):
        near = row[0] * n // (count + 1)
        found = conn.execute(
            "SELECT l_orderkey FROM lineitem WHERE l_orderkey >= %s AND l_linenumber = 1 ORDER BY 1 LIMIT 1",
            (near,),
        ).fetchone()
        assert found is not None
        yield int(found[0])
