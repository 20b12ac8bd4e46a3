"""`ivmc demo`: a view over an org chart, on a PostgreSQL started for the occasion.

It shows the query, the MERGE that it becomes, a change, the refresh, the rows that it touched, and
that the view equals its query.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from textwrap import dedent, indent
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import click

from ivmc.terminal import milliseconds, table

if TYPE_CHECKING:
    import psycopg

T = TypeVar("T")
Table: TypeAlias = tuple[list[str], list[Any]]

KEYWORD = re.compile(r"\b(?!NULL\b)[A-Z]{2,}\b")

NAME = "department_stats"

SCHEMA = """\
CREATE TABLE departments (
    id        int PRIMARY KEY,
    name      text NOT NULL,
    parent_id int REFERENCES departments
);
CREATE TABLE employees (
    id            int PRIMARY KEY,
    name          text NOT NULL,
    department_id int NOT NULL REFERENCES departments,
    salary        numeric(10,2) NOT NULL
);
CREATE INDEX ON employees (department_id);
"""

FILL = """\
INSERT INTO departments
SELECT d, 'department ' || d, nullif(d / 5, 0) FROM generate_series(1, 500) AS d;
INSERT INTO employees
SELECT e, 'employee ' || e, 1 + e % 500, 2000 + e % 7919 FROM generate_series(1, 200000) AS e;
UPDATE departments SET name = 'Engineering' WHERE id = 42;
UPDATE departments SET name = 'Sales' WHERE id = 7;
ANALYZE departments, employees;
"""

QUERY = """\
SELECT d.id, d.name, count(*) AS headcount, sum(e.salary) AS payroll
FROM departments d
JOIN employees e ON e.department_id = d.id
GROUP BY d.id, d.name
"""

CHANGE = """\
BEGIN;
UPDATE employees SET salary = salary * 2 WHERE id = 41;                 -- a raise
UPDATE employees SET department_id = 7 WHERE id = 1041;                 -- a transfer
INSERT INTO employees VALUES (200001, 'Ada', 42, 9000), (200002, 'Edgar', 42, 8000);
UPDATE departments SET name = 'Research' WHERE id = 42;                 -- a new name
COMMIT;
"""

SHOWN = "SELECT * FROM department_stats WHERE id IN (7, 42) ORDER BY id"


def run() -> None:
    """Run the demonstration, and print it as it goes."""
    from ivmc.runtime import connect, embedded

    with embedded.server() as server, connect(server.dsn) as conn:
        version = conn.info.parameter_status("server_version")
        heading(f"An org chart in a PostgreSQL {version}, in a temporary directory")
        show(SCHEMA)
        conn.execute(SCHEMA + FILL)
        click.echo("  500 departments, 200,000 employees\n")
        tell(conn)


def tell(conn: psycopg.Connection[Any]) -> None:
    """The main job: create, change, refresh, verify."""
    from ivmc import runtime

    heading("The query")
    show(QUERY)
    plan, took = timed(lambda: runtime.create(conn, NAME, QUERY, mode="differential"))
    heading("The MERGE it becomes, over the summed changes of each group")
    show(merge_of(plan.program))
    click.echo(f"  `ivmc create {NAME} query.sql` installed and filled it in {milliseconds(took)}\n")
    before = rows(conn, SHOWN)

    heading("A change: a raise, a transfer, two new colleagues, a new name")
    show(CHANGE)
    conn.execute(CHANGE)

    heading(f"CALL ivmc.refresh('{NAME}')")
    conn.execute(f"CALL ivmc.refresh('{NAME}')")
    report(conn, before)

    heading(f"ivmc verify {NAME}")
    (result,) = runtime.verify(conn, [NAME])
    click.echo(f"  {result}")


def report(conn: psycopg.Connection[Any], before: Table) -> None:
    """The rows that the refresh touched, its cost, and what a recomputation would have cost."""
    for label, (columns, found) in (("before", before), ("after", rows(conn, SHOWN))):
        click.echo(indent(f"{label}\n{table(columns, found)}\n", "  "))
    cost(conn, "the first refresh of a connection, which plans its statements")
    conn.execute("UPDATE employees SET salary = salary + 1 WHERE id = 7")
    conn.execute(f"CALL ivmc.refresh('{NAME}')")
    cost(conn, "another raise, another refresh")
    _, full = timed(lambda: conn.execute(QUERY))
    click.echo(f"  {milliseconds(full):>7}  the query itself, for comparison\n")


def cost(conn: psycopg.Connection[Any], remark: str) -> None:
    """What the last refresh had to do, and how long it took."""
    from ivmc import runtime

    (last,) = runtime.status(conn)
    took = milliseconds((last.ms or 0) / 1000)
    click.echo(f"  {took:>7}  {last.rows_in} rows in, {last.rows_changed} rows of the view touched: {remark}")


def rows(conn: psycopg.Connection[Any], query: str) -> Table:
    """The column names and the rows of a query."""
    cursor = conn.execute(query)
    return [c.name for c in cursor.description or ()], cursor.fetchall()


def timed(job: Callable[[], T]) -> tuple[T, float]:
    """What a job returns, and the seconds that it took."""
    start = time.perf_counter()
    return job(), time.perf_counter() - start


def merge_of(program: str) -> str:
    """The first MERGE of a refresh program that applies a delta: no recomputation sums up anything."""
    found = re.search(r"^[ \t]*MERGE INTO \S+ t USING \(.*?;", program, re.DOTALL | re.MULTILINE)
    return dedent(found[0]) if found else program


def heading(text: str) -> None:
    """A line that stands out."""
    click.secho(text, bold=True, fg="cyan")


def show(sql: str) -> None:
    """SQL, indented, its keywords in colour where the terminal has any."""
    painted = KEYWORD.sub(lambda m: click.style(m[0], fg="blue"), sql.strip("\n"))
    click.echo(indent(painted, "  ") + "\n")
