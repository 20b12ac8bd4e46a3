"""Recomputation: every stage anew, of which what differs from its table is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ivmc.emit.query import Queries
from ivmc.emit.storage import Storage
from ivmc.emit.text import indent, listing
from ivmc.emit.work import assignment, insertion, row
from ivmc.names import fitted, identifier


def recompute(storages: Sequence[Storage], queries: Queries) -> list[str]:
    """PL/pgSQL that fills every stage; `rows_changed` are those of the last one.

    CREATE TABLE AS can run in parallel, INSERT and MERGE cannot (planner rule 16).
    """
    lines = [
        "PERFORM set_config('random_page_cost', s.reset_val, true) FROM pg_settings s",
        "  WHERE s.name = 'random_page_cost';",
    ]
    for storage in storages:
        anew = identifier(fitted(storage.stage.name, "__anew"))
        lines += [
            f"CREATE TEMPORARY TABLE {anew} ON COMMIT DROP AS",
            listing(storage.cast("q"), "SELECT"),
            f"FROM (\n{indent(storage.contents(queries, storage.stage.input))}\n) q;",
            *(_differing if storage.searchable else _replaced)(storage, f"pg_temp.{anew}"),
            f"DROP TABLE pg_temp.{anew};",
        ]
    return lines


def _replaced(storage: Storage, anew: str) -> Iterator[str]:
    yield f"DELETE FROM {storage.table};"
    yield f"INSERT INTO {storage.table} ({', '.join(storage.inserted)}) TABLE {anew};"
    yield "GET DIAGNOSTICS rows_changed = ROW_COUNT;"


def _differing(storage: Storage, anew: str) -> Iterator[str]:
    """Rows that look as before stay: to write one costs what it costs to compute ten."""
    names, where = storage.inserted, storage.matches("t", "d")
    yield f"DELETE FROM {storage.table} t WHERE NOT EXISTS (\n  SELECT FROM {anew} d\n  WHERE {where});"
    yield "GET DIAGNOSTICS changed = ROW_COUNT;"
    yield f"MERGE INTO {storage.table} t USING {anew} d ON {where}"
    yield f"WHEN MATCHED AND {row('t', names)} *<> {row('d', names)} {assignment(names)}"
    yield f"WHEN NOT MATCHED {insertion(names)};"
    yield "GET DIAGNOSTICS rows_changed = ROW_COUNT;"
    yield "rows_changed := rows_changed + n.changed;"
