"""Verifying: the user's own query, as written, against the relation, as read.

Both are read in one REPEATABLE READ transaction that refreshes first, and compared as bags by EXCEPT ALL
both ways. A column whose type has no equality (json, point) is compared by its text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from pglast.parser import split
from psycopg.errors import SerializationFailure, UndefinedFunction

from ivmc import errors
from ivmc.diagnostics import Diagnostic
from ivmc.names import identifier, qualified
from ivmc.runtime.connection import Connection, autocommit, diagnosed, inside_transaction
from ivmc.runtime.refreshing import ATTEMPTS, resolve

SHOWN = 10  # differing rows of either kind


@dataclass(frozen=True, slots=True)
class Verified:
    """How a view compares with its query: rows held, rows missing, rows too many, and some of either."""

    view: str
    rows: int
    missing: int
    surplus: int
    missing_rows: tuple[dict[str, Any], ...] = ()
    surplus_rows: tuple[dict[str, Any], ...] = ()

    @property
    def same(self) -> bool:
        """Whether the view holds what its query returns."""
        return not (self.missing or self.surplus)

    @property
    def diagnostic(self) -> Diagnostic | None:
        """What to tell the user where they differ."""
        return None if self.same else errors.ViewDiffers(None, self.view, self.missing, self.surplus)

    def __str__(self) -> str:
        if self.same:
            return f"{self.view}: {self.rows:,} rows, the same as its query returns"
        return f"{self.view}: {self.rows:,} rows, {self.missing:,} missing, {self.surplus:,} too many"


def verify(conn: Connection, names: Sequence[str] = ()) -> list[Verified]:
    """Refresh and recompute views, all when none is named, and say how they compare.

    A difference is an answer, not an exception. Raises `CompileError` where a view cannot be refreshed
    or its query fails. Inside a transaction that is REPEATABLE READ it leaves that open.
    """
    with autocommit(conn):
        ids = resolve(conn, names)
        return [_verified(conn, view) for view in ids]


def _verified(conn: Connection, view: str) -> Verified:
    with diagnosed(view):
        for attempt in range(ATTEMPTS):
            try:
                return _compared(conn, view)
            except SerializationFailure:
                if inside_transaction(conn) or attempt == ATTEMPTS - 1:
                    raise
    raise AssertionError


def _compared(conn: Connection, view: str) -> Verified:
    nested = inside_transaction(conn)
    with conn.transaction():
        if not nested:
            conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        conn.execute("SELECT ivmc.refresh_here(%s)", (view,))
        query = "SELECT schema, name, query, setting_names, setting_values FROM ivmc.view WHERE id = %s"
        row = conn.execute(query, (view,)).fetchone()
        assert row is not None, view
        schema, name, text, settings, values = row
        columns = _columns(conn, qualified(schema, name))
        pin(conn, settings, values)
        row = conn.execute(comparison(text, qualified(schema, name), columns)).fetchone()
        assert row is not None, view
    rows, missing, surplus, absent, extra = row
    return Verified(view, rows, missing, surplus, tuple(absent), tuple(extra))


def pin(conn: Connection, names: Sequence[str], values: Sequence[str]) -> None:
    """Evaluate the query as its creator would, to the end of the transaction."""
    for name, value in zip(names, values, strict=True):
        conn.execute("SELECT set_config(%s, %s, true)", (name, value))


def _columns(conn: Connection, relation: str) -> dict[str, bool]:
    """The relation's columns, and whether each can be compared by `=`."""
    query = """SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
               WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"""
    types = conn.execute(query, (relation,)).fetchall()
    return {name: _has_equality(conn, kind) for name, kind in types}


def _has_equality(conn: Connection, type_name: str) -> bool:
    try:
        with conn.transaction():
            conn.execute(f"SELECT NULL::{type_name} EXCEPT ALL SELECT NULL::{type_name}")
    except (UndefinedFunction, psycopg.errors.FeatureNotSupported):
        return False
    return True


def comparison(query: str, relation: str, columns: dict[str, bool]) -> str:
    r"""The statement that counts and shows what is in one of two bags and not in the other.

    >>> print(*comparison("SELECT 1, 2;", "public.v", {"a": True, "j": False}).split("\n")[:6], sep="\n")
    WITH expected (a, j) AS MATERIALIZED (
    SELECT 1, 2
    ), actual AS MATERIALIZED (
    SELECT a, j FROM public.v
    ), missing AS MATERIALIZED (
    SELECT a, j::text FROM expected EXCEPT ALL SELECT a, j::text FROM actual
    """
    names = ", ".join(identifier(c) for c in columns)
    keys = ", ".join(identifier(c) if same else f"{identifier(c)}::text" for c, same in columns.items())
    bags = f"SELECT {keys} FROM {{}} EXCEPT ALL SELECT {keys} FROM {{}}"
    [text] = split(query)
    return f"""WITH expected ({names}) AS MATERIALIZED (
{text}
), actual AS MATERIALIZED (
SELECT {names} FROM {relation}
), missing AS MATERIALIZED (
{bags.format("expected", "actual")}
), surplus AS MATERIALIZED (
{bags.format("actual", "expected")}
)
SELECT (SELECT count(*) FROM actual), (SELECT count(*) FROM missing), (SELECT count(*) FROM surplus),
       ARRAY(SELECT to_jsonb(m) FROM missing m LIMIT {SHOWN}),
       ARRAY(SELECT to_jsonb(s) FROM surplus s LIMIT {SHOWN})"""
