"""A table to maintain `SELECT g, count(*), sum(x) … GROUP BY g` over, and what the tests ask of it."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from ivmc.plan import Plan, Source
from ivmc.runtime import install
from tests.runtime.handmade import source, totals

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Shop:
    """A scratch schema with a table `t (id, g, x)`, and the view `v` over it once `install` ran."""

    conn: Connection
    schema: str

    def source(self, name: str = "t", *columns: str, **how: Any) -> Source:
        return source(self.schema, name, *(columns or ("g", "x")), **how)

    def totals(self, name: str = "v", **how: Any) -> Plan:
        return totals(self.schema, name, how.pop("read", None) or self.source(), **how)

    def install(self, name: str = "v", **how: Any) -> Plan:
        plan = self.totals(name, **how)
        install(self.conn, plan)
        return plan

    def refresh(self, name: str = "v") -> None:
        self.conn.execute("CALL ivmc.refresh(%s)", (f"{self.schema}.{name}",))

    def differences(self, plan: Plan, conn: Connection | None = None) -> list[Any]:
        view, query = f"{plan.schema}.{plan.name}", plan.query
        missing, surplus = f"({query}) EXCEPT ALL TABLE {view}", f"TABLE {view} EXCEPT ALL ({query})"
        return (conn or self.conn).execute(f"({missing}) UNION ALL ({surplus})").fetchall()

    def waiting(self, plan: Plan) -> int:
        """Rows in the buffer of the plan's source."""
        [(rows,)] = self.conn.execute(f"SELECT count(*) FROM ivmc.{plan.sources[0].buffer}").fetchall()
        return int(rows)

    def strategy(self, plan: Plan) -> tuple[int, str, str | None]:
        """Refreshes so far, and how the last one was done and why."""
        query = "SELECT refreshes, last_strategy, last_reason FROM ivmc.status WHERE id = %s"
        [(refreshes, strategy, reason)] = self.conn.execute(query, (plan.id,)).fetchall()
        return refreshes, strategy, reason


@pytest.fixture
def shop(conn: Connection) -> Shop:
    [(schema,)] = conn.execute("SELECT current_schema()").fetchall()
    conn.execute("CREATE TABLE t (id int PRIMARY KEY, g int NOT NULL, x int)")
    conn.execute("INSERT INTO t SELECT i, i % 10, nullif(i, 7) FROM generate_series(1, 100) i")
    return Shop(conn, schema)


@pytest.fixture
def aside() -> Iterator[ThreadPoolExecutor]:
    """Threads for statements that have to wait."""
    with ThreadPoolExecutor(4) as pool:
        yield pool


@contextmanager
def block(conn: Connection, isolation: str = "READ COMMITTED") -> Iterator[None]:
    """A transaction block in an autocommit connection."""
    conn.execute(f"BEGIN ISOLATION LEVEL {isolation}")
    yield
    conn.execute("COMMIT")


def blocked(conn: Connection, pid: int) -> bool:
    """Whether the backend `pid` waits for a lock."""
    [(found,)] = conn.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", (pid,)).fetchall()
    return bool(found)


def until_blocked(conn: Connection, pid: int, future: "Future[Any]") -> None:
    """Return when the backend waits for a lock; fail where it ends instead."""
    while not blocked(conn, pid):
        assert not future.done(), future.result()
