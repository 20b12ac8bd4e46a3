"""A query maintained as a view `v`, held against itself after every refresh."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from ivmc import runtime
from ivmc.plan import Plan

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Story:
    """Tables, a query over them, and what happens to them between refreshes.

    Each step is one script, executed statement by statement; a step that is a tuple is one transaction.
    """

    title: str
    tables: str
    query: str
    steps: tuple[str | tuple[str, ...], ...]

    def __str__(self) -> str:
        return self.title


def follow(conn: Connection, story: Story) -> None:
    """Live through a story; the view must be maintained differentially and never differ from its query."""
    conn.execute(story.tables.encode())
    plan = maintained(conn, story.query)
    for step in story.steps:
        take(conn, step)
        refresh(conn, plan)
        assert differences(conn, story.query) == ([], []), step
    assert strategies(conn, plan) == {"differential"}
    recompute(conn, plan)
    assert differences(conn, story.query) == ([], [])


def maintained(conn: Connection, query: str) -> Plan:
    """Create the view `v`."""
    plan = runtime.create(conn, "v", query)
    assert (plan.strategy, plan.reason) == ("differential", None)
    assert described(conn, "TABLE v") == described(conn, query)
    assert differences(conn, query) == ([], [])
    return plan


def take(conn: Connection, step: str | tuple[str, ...]) -> None:
    if isinstance(step, str):
        conn.execute(step.encode())
        return
    with conn.transaction():
        for statement in step:
            conn.execute(statement.encode())


def refresh(conn: Connection, plan: Plan) -> None:
    conn.execute("CALL ivmc.refresh(%s)", (plan.id,))


def recompute(conn: Connection, plan: Plan) -> None:
    """Refresh a view as if its sources had been truncated in between."""
    conn.execute(
        "INSERT INTO ivmc.truncation (buffer) SELECT buffer FROM ivmc.source WHERE view = %s", (plan.id,)
    )
    conn.execute("UPDATE ivmc.view SET entries = NULL WHERE id = %s", (plan.id,))  # a table's file is another
    refresh(conn, plan)
    assert "full" in strategies(conn, plan)


def differences(conn: Connection, query: str) -> tuple[list[Any], list[Any]]:
    """Rows that the view has too many and too few, by what is printed: 1.0 is not 1.00."""
    mine, theirs = (f"SELECT q::text FROM ({rows}) AS q" for rows in ("TABLE v", query))
    surplus = conn.execute(f"{mine} EXCEPT ALL {theirs}".encode()).fetchall()
    missing = conn.execute(f"{theirs} EXCEPT ALL {mine}".encode()).fetchall()
    return surplus, missing


def described(conn: Connection, query: str) -> Sequence[tuple[str, int, int | None, int | None]]:
    """Names and types of a query's columns."""
    description = conn.execute(f"SELECT * FROM ({query}) AS q LIMIT 0".encode()).description or []
    return [(c.name, c.type_code, c.precision, c.scale) for c in description]


def strategies(conn: Connection, plan: Plan) -> set[str]:
    """How the view's refreshes were done."""
    rows = conn.execute("SELECT DISTINCT strategy FROM ivmc.history WHERE view = %s", (plan.id,))
    return {strategy for (strategy,) in rows}
