"""Refreshing maintained views in the order in which they depend, and what is known of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from graphlib import TopologicalSorter

import psycopg
from psycopg.errors import SerializationFailure
from psycopg.rows import class_row

from ivmc.diagnostics import CompileError, Diagnostic
from ivmc.runtime.connection import Connection, autocommit, diagnosed, failure, inside_transaction, installed
from ivmc.runtime.installation import raise_unknown, require

ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh did: changes consumed, rows of the view touched, how, and why not differentially.

    `rows_in` counts an update twice, and is an estimate where it is large; `strategy` is `none` where there
    was nothing to do.
    """

    view: str
    rows_in: int = 0
    rows_changed: int = 0
    ms: float = 0.0
    strategy: str = "none"
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """A maintained view, its last refresh that had work to do, and how many changes wait for the next.

    `waiting` counts an update twice, is an estimate where it is large, and None where nothing is captured.
    """

    id: str
    schema: str
    name: str
    state: str
    mode: str
    strategy: str
    reason: str | None
    last_refresh: datetime | None
    refreshes: int
    rows_in: int | None
    rows_changed: int | None
    ms: float | None
    last_strategy: str | None
    last_reason: str | None
    sources: list[str]
    waiting: int | None


def refresh(conn: Connection, names: Sequence[str] = ()) -> list[Refreshed]:
    """Bring views up to date, all of them when none is named, each after those that it reads.

    Views that read one another are refreshed in one transaction, under one snapshot. Inside the caller's
    transaction, which must be REPEATABLE READ, all of them are. A view that fails does not stop the
    others; what failed is raised at the end, as one `CompileError`.
    """
    if not names and not installed(conn):
        return []
    with autocommit(conn):
        ids = resolve(conn, names)
        done: list[Refreshed] = []
        faults: list[Diagnostic] = []
        for group in groups(conn, ids):
            done += _group(conn, group, faults)
    if faults:
        raise failure(*faults)
    return done


def resolve(conn: Connection, names: Iterable[str]) -> list[str]:
    """The ids of named views, or of all."""
    require(conn)
    if not (wanted := list(names)):
        return [row[0] for row in conn.execute("SELECT id FROM ivmc.view WHERE state = 'ready' ORDER BY id")]
    found: list[str] = []
    for name in wanted:
        with diagnosed(name):
            try:
                row = conn.execute("SELECT ivmc.find(%s)", (name,)).fetchone()
            except psycopg.DatabaseError as error:
                raise_unknown(conn, error, name)
                raise
            found += row or ()
    return found


def groups(conn: Connection, ids: Sequence[str]) -> list[list[str]]:
    """The views in dependency order, those that are connected together."""
    query = """SELECT s.view, v.id FROM ivmc.source s
               JOIN ivmc.view v ON v.schema = s.schema AND v.name = s.name AND v.state = 'ready'
               WHERE s.kind = 'v'"""
    edges = [(view, read) for view, read in conn.execute(query) if view in ids and read in ids]
    graph = TopologicalSorter({i: {read for view, read in edges if view == i} for i in ids})
    group = {i: {i} for i in ids}
    for view, read in edges:
        group[view] |= group[read]
        for member in group[view]:
            group[member] = group[view]
    members: dict[int, list[str]] = {}
    for view in graph.static_order():
        members.setdefault(id(group[view]), []).append(view)
    return list(members.values())


def _group(conn: Connection, ids: Sequence[str], faults: list[Diagnostic]) -> list[Refreshed]:
    """Refresh connected views in one transaction, or one by one where that fails."""
    before = counts(conn, ids)
    if len(ids) > 1 and not inside_transaction(conn):
        try:
            _together(conn, ids)
        except psycopg.Error:
            pass
        else:
            conn.execute("CALL ivmc.trim()")
            return [recorded(conn, i, before[i]) for i in ids]
    done = []
    for view in ids:
        try:
            with diagnosed(view):
                conn.execute("CALL ivmc.refresh(%s)", (view,))
                done.append(recorded(conn, view, before[view]))
        except CompileError as error:
            if inside_transaction(conn):
                raise
            faults += error.diagnostics
    return done


def _together(conn: Connection, ids: Sequence[str]) -> None:
    for attempt in range(ATTEMPTS):
        try:
            with conn.transaction():
                conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                for view in ids:
                    conn.execute("SELECT ivmc.refresh_here(%s)", (view,))
        except SerializationFailure:
            if attempt == ATTEMPTS - 1:
                raise
        else:
            return


def counts(conn: Connection, ids: Sequence[str]) -> dict[str, int]:
    """How many refreshes each view has had."""
    return dict(conn.execute("SELECT view, refreshes FROM ivmc.frontier WHERE view = ANY (%s)", (list(ids),)))


def recorded(conn: Connection, view: str, before: int) -> Refreshed:
    """What the history says of a view's refresh, if it had one after the first `before`."""
    with conn.cursor(row_factory=class_row(Refreshed)) as cursor:
        query = """SELECT view, rows_in, rows_changed, ms, strategy, reason FROM ivmc.history
                   WHERE view = %s AND refresh > %s ORDER BY refresh DESC LIMIT 1"""
        return cursor.execute(query, (view, before)).fetchone() or Refreshed(view)


def status(conn: Connection) -> list[Status]:
    """The maintained views of the database, by id."""
    with autocommit(conn), diagnosed():
        if not installed(conn):
            return []
        columns = ", ".join(Status.__dataclass_fields__)
        with conn.cursor(row_factory=class_row(Status)) as cursor:
            return cursor.execute(f"SELECT {columns} FROM ivmc.status ORDER BY id").fetchall()
