"""The views that are measured: each maintained by ivmc and, beside it, a materialized view of its query."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from benchmarks import tpch
from benchmarks.tpch import Connection
from ivmc.plan import Mode


@dataclass(frozen=True, slots=True)
class View:
    """Query `number` of TPC-H; `text` is the specification's without LIMIT, `bag` without ORDER BY too.

    `mode` is how it is maintained: "auto" may recompute, and its twin, "differential", never does.
    """

    number: int
    text: str
    mode: Mode = "auto"

    @property
    def name(self) -> str:
        return f"q{self.number:02}" + ("" if self.mode == "auto" else f"_{self.mode}")

    @property
    def twin(self) -> View:
        return replace(self, mode="differential")

    @property
    def bag(self) -> str:
        return tpch.unordered(self.text)


def views(numbers: Iterable[int] = tpch.QUERIES) -> tuple[View, ...]:
    """Return the views of these queries."""
    texts = tpch.texts()
    return tuple(View(number, tpch.without_limit(texts[number])) for number in numbers)


def maintain(conn: Connection, view: View) -> None:
    """Create the maintained view, or replace it."""
    from ivmc import runtime

    runtime.create(conn, view.name, view.text, mode=view.mode, or_replace=True)


def drop(conn: Connection, view: View) -> None:
    """Drop the maintained view."""
    from ivmc import runtime

    runtime.drop(conn, view.name)


def materialize(conn: Connection, view: View) -> None:
    """Create the materialized view `mv.<name>`, or replace it."""
    conn.execute("CREATE SCHEMA IF NOT EXISTS mv")
    conn.execute(f"DROP MATERIALIZED VIEW IF EXISTS mv.{view.name}".encode())
    conn.execute(f"CREATE MATERIALIZED VIEW mv.{view.name} AS {view.bag}".encode())


def refresh(conn: Connection, view: View) -> float:
    """Refresh the maintained view; return milliseconds."""
    return timed(conn, f"CALL ivmc.refresh('{view.name}')")


def recompute(conn: Connection, view: View) -> float:
    """Refresh the materialized view; return milliseconds."""
    return timed(conn, f"REFRESH MATERIALIZED VIEW mv.{view.name}")


def strategy(conn: Connection, view: View) -> str:
    """Return how the maintained view was last refreshed: `differential` or `full`."""
    row = conn.execute("SELECT last_strategy FROM ivmc.status WHERE id = %s", (view.name,)).fetchone()
    assert row is not None
    return str(row[0])


def differences(conn: Connection, view: View) -> int:
    """Return how many rows the maintained view lacks or has too many, compared with the materialized one."""
    mine, theirs = f"TABLE {view.name}", f"TABLE mv.{view.name}"
    row = conn.execute(
        f"""SELECT (SELECT count(*) FROM ({mine} EXCEPT ALL {theirs}) AS surplus)
                 + (SELECT count(*) FROM ({theirs} EXCEPT ALL {mine}) AS missing)""".encode()
    ).fetchone()
    assert row is not None
    return int(row[0])


def timed(conn: Connection, statement: str) -> float:
    """Execute a statement; return the milliseconds until its answer is here."""
    start = time.perf_counter()
    conn.execute(statement.encode())
    return (time.perf_counter() - start) * 1e3


def shuffled(chosen: Sequence[View], order: random.Random) -> list[View]:
    """Return the views in random order, lest what one leaves in the caches always favour the same next."""
    return order.sample(chosen, len(chosen))
