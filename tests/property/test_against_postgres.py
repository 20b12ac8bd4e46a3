"""Any query in scope, any changes: after every refresh the view holds what PostgreSQL answers.

The view is read as a user reads it and compared with the original text of its query, both ways, by image
where PostgreSQL determines the image. Run it longer by `make fuzz`, for as many seconds as FUZZ_SECONDS says.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, assume, given, note, settings
from hypothesis import strategies as st

from ivmc import runtime
from ivmc.diagnostics import CompileError
from ivmc.plan import Plan
from tests.conftest import Servers
from tests.property.data import Batch, Table, batches, contents, schemas
from tests.property.expressions import EQUAL, NEAR
from tests.property.queries import Program, programs
from tests.property.tables import Output
from tests.servers import Server, scratch_schema

Connection = psycopg.Connection[Any]
REFUSED = (psycopg.IntegrityError, psycopg.DataError, psycopg.errors.CardinalityViolation)
BUDGET = float(os.environ.get("FUZZ_SECONDS", "inf"))
STARTED = time.monotonic()


@dataclass(frozen=True)
class Case:
    """Tables with their first rows, a query, and changes."""

    tables: tuple[Table, ...]
    rows: tuple[str, ...]
    program: Program
    changes: tuple[Batch, ...]

    def __repr__(self) -> str:
        return "as told below"


@st.composite
def cases(draw: st.DrawFn) -> Case | None:
    """A case; none any more when the time is over."""
    if time.monotonic() - STARTED > BUDGET:
        return None
    tables = draw(schemas())
    return Case(tables, draw(contents(tables)), draw(programs(tables)), draw(batches(tables)))


@settings(
    max_examples=settings().max_examples if float("inf") == BUDGET else 20_000,
    suppress_health_check=[*settings().suppress_health_check, HealthCheck.filter_too_much],
)
@given(case=cases())
def test_view_holds_what_its_query_returns(server: Server, servers: Servers, case: Case | None) -> None:
    if case is None:
        return
    with (
        scratch_schema(servers.database(server), runtime_stays=True) as dsn,
        psycopg.connect(dsn, autocommit=True) as conn,
    ):
        conn.execute("SET TimeZone = 'Europe/Berlin'; SET jit = off")
        follow(conn, case)


def follow(conn: Connection, case: Case) -> None:
    """Create the view, and compare it after every batch of changes."""
    query = case.program.query
    for statement in (*(table.ddl for table in case.tables), *case.program.views):
        accepted(conn, statement)
    for statement in case.rows:
        attempt(conn, statement)
    note(f"-- the query\n{query.sql};")
    assume(answers(conn, query.sql))
    plan = created(conn, query.sql)
    assume(not (plan.reason and "of type json " in plan.reason))
    assert plan.strategy == "differential", plan.reason
    assert described(conn, "TABLE v") == described(conn, query.sql), "types of columns"
    compare(conn, query.sql, query.columns)
    for number, batch in enumerate(case.changes):
        apply(conn, batch)
        note(f"CALL ivmc.refresh('{plan.id}');  -- {number + 1}")
        if answers(conn, query.sql):
            refresh(conn, plan.id)
            compare(conn, query.sql, query.columns)
        else:
            fails(conn, plan.id)
    ran = conn.execute("SELECT DISTINCT strategy FROM ivmc.history WHERE view = %s", (plan.id,)).fetchall()
    assert {strategy for (strategy,) in ran} <= {"differential"}


def accepted(conn: Connection, statement: str) -> None:
    """Execute a statement that PostgreSQL may reject: then the example is discarded."""
    note(f"{statement};")
    try:
        conn.execute(statement.encode())
    except (psycopg.ProgrammingError, psycopg.NotSupportedError, psycopg.DataError):
        assume(False)


def attempt(conn: Connection, statement: str) -> None:
    """Execute a change that a constraint may refuse, in a savepoint of its own where there is a block."""
    try:
        with conn.transaction():
            conn.execute(statement.encode())
    except REFUSED as refusal:
        note(f"-- refused: {statement}  -- {str(refusal).splitlines()[0]}")
    else:
        note(f"{statement};")


def apply(conn: Connection, batch: Batch) -> None:
    for transaction in batch.transactions:
        note("BEGIN;")
        with conn.transaction():
            for statement in transaction:
                attempt(conn, statement)
        note("COMMIT;")


def answers(conn: Connection, query: str) -> bool:
    """Does PostgreSQL itself evaluate the query without an error?"""
    try:
        conn.execute(query.encode())
    except psycopg.Error as error:
        note(f"-- PostgreSQL: {str(error).splitlines()[0]}")
        return False
    return True


def created(conn: Connection, query: str) -> Plan:
    """The view; PostgreSQL itself may not have come to a subquery that has too many rows."""
    try:
        return runtime.create(conn, "v", query)
    except CompileError as error:
        assume(isinstance(error.__cause__, psycopg.errors.CardinalityViolation) is False)
        raise


def refresh(conn: Connection, id: str) -> None:
    try:
        conn.execute("CALL ivmc.refresh(%s)", (id,))
    except psycopg.errors.CardinalityViolation:
        assume(False)


def fails(conn: Connection, id: str) -> None:
    """A refresh of a query that PostgreSQL cannot answer: of an error, nothing is left in the view.

    It may also succeed: which rows an expression is evaluated for before a join drops them is open.
    """
    shown = b"SELECT v::text FROM v ORDER BY 1"
    before = conn.execute(shown).fetchall()
    try:
        conn.execute("CALL ivmc.refresh(%s)", (id,))
    except psycopg.Error:
        assert conn.execute(shown).fetchall() == before


def described(conn: Connection, query: str) -> list[tuple[str, int, int | None, int | None]]:
    description = conn.execute(f"SELECT * FROM ({query}) AS q LIMIT 0".encode()).description or []
    return [(c.name, c.type_code, c.precision, c.scale) for c in description]


def compare(conn: Connection, query: str, columns: Sequence[Output]) -> None:
    """The view against its query, as bags, both ways."""
    mine = f"SELECT {', '.join(shown(c) for c in columns)} FROM v AS q"
    theirs = f"SELECT {', '.join(shown(c) for c in columns)} FROM ({query}) AS q"
    surplus = conn.execute(f"{mine} EXCEPT ALL {theirs}".encode()).fetchall()
    missing = conn.execute(f"{theirs} EXCEPT ALL {mine}".encode()).fetchall()
    if surplus or missing:
        everything = conn.execute(b"SELECT q::text FROM v AS q").fetchall()
        pytest.fail(f"\nsurplus {surplus}\nmissing {missing}\nview {[row for (row,) in everything]}")


def shown(column: Output) -> str:
    """A column as it is compared: by image, by `=`, or rounded."""
    if column.exact == NEAR:
        return f"round(q.{column.name}::numeric, 6)"
    return f"q.{column.name}" if column.exact == EQUAL else f"q.{column.name}::text"
