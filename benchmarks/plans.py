"""The plans of one refresh, as PostgreSQL executed them.

Source  PostgreSQL manual, Appendix F, `auto_explain`.
"""

import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg.errors import Diagnostic

from benchmarks.changes import mixed
from benchmarks.tpch import Connection
from benchmarks.views import View, maintain, refresh, strategy

AUTO_EXPLAIN = {
    "log_min_duration": "0",
    "log_analyze": "on",
    "log_buffers": "on",
    "log_nested_statements": "on",
    "log_triggers": "on",
    "log_level": "notice",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One statement of a refresh: its milliseconds, its text and the plan with actual rows and buffers."""

    milliseconds: float
    text: str
    plan: str


def explain(conn: Connection, view: View, rows: int, rounds: int, seed: int) -> str:
    """Create the view, refresh it after `rounds` changes of `rows` rows, and once more for its plans.

    Returns a page of text, as `recorded` does.
    """
    maintain(conn, view)
    plain = [_change_and_refresh(conn, view, rows, seed + n) for n in range(rounds)]
    mixed(conn, rows, seed + rounds)
    usual = f"{rows} rows: {statistics.median(plain):.2f} ms (median of {rounds}), without plans"
    return f"{usual}\n{recorded(conn, view)}"


def recorded(conn: Connection, view: View) -> str:
    """Refresh a view under auto_explain; return what each statement took, and each plan.

    A statement that calls another stands after it and includes its time. Planning is in no statement's time,
    and in the first line's. `conn` is a superuser's.
    """
    with _plans(conn) as steps:
        taken = refresh(conn, view)
    summary = f"{view.name}: {taken:.2f} ms with plans, {strategy(conn, view)}"
    index = (f"{n:4} {step.milliseconds:10.3f}  {_headline(step.text)}" for n, step in enumerate(steps, 1))
    bodies = (
        f"{'─' * 100}\n{n}. {s.milliseconds:.3f} ms\n{s.text}\n\n{s.plan}" for n, s in enumerate(steps, 1)
    )
    return "\n".join((summary, "", "   #         ms  statement", *index, "", *bodies))


def _change_and_refresh(conn: Connection, view: View, rows: int, seed: int) -> float:
    mixed(conn, rows, seed)
    return refresh(conn, view)


@contextmanager
def _plans(conn: Connection) -> Iterator[list[Step]]:
    """Within the block, collect what auto_explain says of each statement of this session."""
    steps: list[Step] = []

    def collect(notice: Diagnostic) -> None:
        head, _, rest = (notice.message_primary or "").partition("plan:\nQuery Text: ")
        if rest:
            steps.append(_step(head, rest))

    conn.execute("LOAD 'auto_explain'")
    for name, value in AUTO_EXPLAIN.items():
        conn.execute(f"SET auto_explain.{name} = {value}".encode())
    conn.execute("SET client_min_messages = notice")
    conn.execute("SET log_min_messages = error")  # the plans are for this client alone
    conn.add_notice_handler(collect)
    try:
        yield steps
    finally:
        conn.remove_notice_handler(collect)
        conn.execute("SET auto_explain.log_min_duration = -1")
        conn.execute("SET client_min_messages = warning")


def _step(head: str, rest: str) -> Step:
    """Split a duration, and a statement from its plan, which begins where the costs do."""
    lines = rest.splitlines()
    first = next((n for n, line in enumerate(lines) if "  (cost=" in line), len(lines))
    milliseconds = float(head.split()[1])
    return Step(milliseconds, "\n".join(lines[:first]).strip(), "\n".join(lines[first:]))


def _headline(text: str) -> str:
    return " ".join(text.split())[:120]
