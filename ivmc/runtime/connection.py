"""Connections, and what the server's errors mean to a user."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import psycopg
from psycopg.pq import TransactionStatus

from ivmc import errors
from ivmc.diagnostics import CompileError, Diagnostic

Connection: TypeAlias = "psycopg.Connection[Any]"
Diagnose: TypeAlias = Callable[[psycopg.Error, str], Diagnostic]


def connect(dsn: str | None = None) -> Connection:
    """Connect, in autocommit mode; by default to IVMC_DSN, else where libpq's PG* variables point.

    Raises `CompileError` with IVM403 where no server answers, IVM412 where it is too old.
    """
    try:
        target = dsn or os.environ.get("IVMC_DSN", "")
        conn = psycopg.connect(target, autocommit=True, fallback_application_name="ivmc")
    except psycopg.Error as error:
        raise failure(errors.Unreachable(None, _line(error))) from None
    if conn.info.server_version < 150_000:
        version = conn.info.parameter_status("server_version") or "unknown"
        conn.close()
        raise failure(errors.ServerTooOld(None, version))
    return conn


def failure(*diagnostics: Diagnostic) -> CompileError:
    """The exception for what is wrong with a database: it has no text to point into."""
    return CompileError(diagnostics, filename="")


@contextmanager
def diagnosed(name: str = "") -> Iterator[None]:
    """Turn the server's errors into diagnostics about the view `name`."""
    try:
        yield
    except psycopg.Error as error:
        raise failure(diagnostic(error, name)) from error


@contextmanager
def autocommit(conn: Connection) -> Iterator[None]:
    """Let statements commit by themselves, unless the caller is inside a transaction."""
    if conn.autocommit or conn.info.transaction_status != TransactionStatus.IDLE:
        yield
        return
    conn.autocommit = True
    try:
        yield
    finally:
        if conn.info.transaction_status == TransactionStatus.IDLE:
            conn.autocommit = False


def inside_transaction(conn: Connection) -> bool:
    """Whether the caller has begun a transaction."""
    return conn.info.transaction_status != TransactionStatus.IDLE


def installed(conn: Connection) -> bool:
    """Whether the database has a schema `ivmc`."""
    row = conn.execute("SELECT to_regclass('ivmc.view') IS NOT NULL").fetchone()
    return row is not None and bool(row[0])


def diagnostic(error: psycopg.Error, name: str) -> Diagnostic:
    """What an error of the server means. SQLSTATE IVnnn is the code IVMnnn."""
    if error.sqlstate is None:
        return errors.Unreachable(None, _line(error))
    return MEANING.get(error.sqlstate, _server_error)(error, name)


def _line(error: psycopg.Error) -> str:
    return " ".join(str(error).split())


def _server_error(error: psycopg.Error, _: str) -> Diagnostic:
    diag = error.diag
    detail = "\n".join(filter(None, (diag.message_detail, diag.message_hint)))
    return errors.ServerError(None, diag.message_primary or _line(error), error.sqlstate or "", detail)


def _still_read(error: psycopg.Error, name: str) -> Diagnostic:
    found = re.findall(
        r"^(?:materialized )?\w+ (.+) depends on ", error.diag.message_detail or "", re.MULTILINE
    )
    return errors.StillRead(None, name, tuple(dict.fromkeys(found))) if found else _server_error(error, name)


def _table(error: psycopg.Error, name: str) -> str:
    return error.diag.table_name or name


MEANING: dict[str, Diagnose] = {
    "IV401": lambda e, n: errors.ViewExists(None, n, e.diag.datatype_name or "relation"),
    "IV402": lambda e, n: errors.UnknownView(None, _table(e, n)),
    "IV404": lambda e, n: errors.SourceDropped(None, n, _table(e, n)),
    "IV405": lambda e, n: errors.SourceAltered(None, n, _table(e, n), e.diag.message_detail or "its columns"),
    "IV407": lambda e, n: errors.RowSecurity(None, _table(e, n)),
    "IV408": lambda e, _: errors.WrongIsolation(None, e.diag.message_detail or "READ COMMITTED"),
    "IV411": lambda e, n: errors.StillRead(
        None, _table(e, n), tuple((e.diag.message_detail or "").split(", "))
    ),
    "IV415": lambda e, n: errors.NotReady(None, _table(e, n)),
    "IV417": lambda e, n: errors.UnknownSchema(None, _table(e, n)),
    "2D000": lambda _, __: errors.WrongIsolation(None, "READ COMMITTED"),
    "42501": lambda e, _: errors.NoRights(None, e.diag.message_primary or _line(e)),
    "55P03": lambda e, n: errors.Busy(None, _table(e, n)),
    "2BP01": _still_read,
}
