"""Creating and dropping maintained views: the script of a plan, statement by statement."""

from __future__ import annotations

import time
from collections.abc import Callable

import psycopg
from psycopg.errors import (
    DeadlockDetected,
    DuplicateTable,
    LockNotAvailable,
    SerializationFailure,
    UniqueViolation,
)

from ivmc import errors
from ivmc.emit.script import Transaction, runtime, runtime_version, transactions
from ivmc.plan import Mode, Plan
from ivmc.runtime.connection import Connection, autocommit, diagnosed, failure, inside_transaction, installed

PASSING = (DeadlockDetected, DuplicateTable, LockNotAvailable, SerializationFailure, UniqueViolation)
ATTEMPTS = 4  # of a transaction that lost against another one


def create(
    conn: Connection,
    name: str,
    sql: str,
    *,
    mode: Mode = "auto",
    schedule: str | None = None,
    or_replace: bool = False,
    trust_foreign_keys: bool = True,
) -> Plan:
    """Compile a query against the live catalog, install it as `name` or `schema.name`, and fill it.

    Without a schema the view goes where CREATE VIEW would put it. A view that is replaced stays as it is
    until the new one is filled. Raises `CompileError`; then nothing is left behind.
    """
    import ivmc

    if schedule is not None:
        raise NotImplementedError("schedules")
    with autocommit(conn), diagnosed(name):
        catalog = ivmc.Catalog.from_database(conn)
        schema, view = target(conn, name)
        plan = ivmc.compile(
            sql,
            catalog,
            name=f"{schema}.{view}",
            mode=mode,
            version=catalog.version,
            trust_foreign_keys=trust_foreign_keys,
        )
    install(conn, plan, or_replace=or_replace)
    return plan


def target(conn: Connection, name: str) -> tuple[str, str]:
    """The schema and name of a view to be."""
    schema, dot, view = name.rpartition(".")
    if dot:
        return schema, view
    row = conn.execute("SELECT current_schema()").fetchone()
    if row is None or row[0] is None:
        raise failure(errors.UnknownSchema(None, "public"))
    return row[0], name


def install(conn: Connection, plan: Plan, *, or_replace: bool = False) -> None:
    """Do what the plan's script does; where its second half fails, undo the first."""
    if inside_transaction(conn):
        message = "a view cannot be created inside a transaction block"
        raise failure(errors.ServerError(None, message, "25001"))
    label = plan.name if plan.schema == "public" else f"{plan.schema}.{plan.name}"
    with autocommit(conn), diagnosed(label):
        install_runtime(conn)
        register, fill = transactions(plan, replaces=or_replace)
        _repeated(lambda: execute(conn, register))
        try:
            _repeated(lambda: execute(conn, fill))
        except BaseException:
            if not conn.broken:
                conn.execute("CALL ivmc.abandon(%s)", (plan.id,))
            raise


def install_runtime(conn: Connection) -> None:
    """Make the schema `ivmc` what this version of ivmc needs, unless it is so already."""
    row = conn.execute("SELECT obj_description(to_regnamespace('ivmc'), 'pg_namespace')").fetchone()
    if row is None or row[0] != runtime_version():
        with conn.transaction():
            conn.execute("SET LOCAL client_min_messages = warning")
            for statement in runtime().statements:
                conn.execute(statement)


def execute(conn: Connection, work: Transaction) -> None:
    """Run a transaction of a script."""
    with conn.transaction():
        conn.execute(f"SET TRANSACTION ISOLATION LEVEL {work.isolation}")
        for statement in work.statements:
            conn.execute(statement)


def _repeated(work: Callable[[], None]) -> None:
    """Do it again where another transaction was in the way."""
    for attempt in range(ATTEMPTS):
        try:
            return work()
        except PASSING:
            if attempt == ATTEMPTS - 1:
                raise
            time.sleep(0.05 * 2**attempt)
    return None


def drop(conn: Connection, name: str) -> None:
    """Remove a view, its storage, and the capture that no other view needs.

    Raises `CompileError` where there is no such view, or something reads it.
    """
    with autocommit(conn), diagnosed(name):
        require(conn)
        try:
            conn.execute("CALL ivmc.drop(%s)", (name,))
        except psycopg.DatabaseError as error:
            raise_unknown(conn, error, name)
            raise


def require(conn: Connection) -> None:
    """Raise IVM410 where the database has no maintained views at all."""
    if not installed(conn):
        raise failure(errors.NotInstalled(None, conn.info.dbname))


def raise_unknown(conn: Connection, error: psycopg.Error, name: str) -> None:
    """Where an error says that there is no such view, say which ones there are."""
    if error.sqlstate == "IV402" and not inside_transaction(conn):
        known = tuple(row[0] for row in conn.execute("SELECT id FROM ivmc.view ORDER BY id"))
        raise failure(errors.UnknownView(None, name, known)) from error
