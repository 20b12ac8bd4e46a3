"""What a stage hands on to later ones: the true old and new rows of the groups that it touched."""

from __future__ import annotations

from ivmc.emit.query import positional
from ivmc.emit.text import declared, listing, text
from ivmc.emit.work import Work, table
from ivmc.ir import Carried, Net, Rel
from ivmc.names import SCHEMA, identifier
from ivmc.scalar import Scalar


def remember(work: Work, groups: Carried) -> Carried:
    """The touched groups as they were, before the MERGE."""
    rows = work.program.table("old", {column: declared(column) for column in work.storage.outputs})
    work.program.comment("The old rows of the touched groups")
    _rows(work, rows, groups, -1)
    return rows


def hand_on(work: Work, rows: Carried, groups: Carried) -> None:
    """After the MERGE: the new rows beside the old ones, netted."""
    work.program.comment("What changed in the touched groups: old rows out, new rows in")
    _rows(work, rows, groups, 1)
    changed(work, Net(rows))


def changed(work: Work, change: Rel) -> None:
    """The change of the stage, in a temporary table that later stages read."""
    program, queries = work.program, work.program.queries
    changes = program.table("changes", {column: declared(column) for column in work.storage.outputs})
    count = queries.counts.pop(changes)
    program.insert(changes, change, count)
    queries.changes[work.stage.name] = changes.name
    program.pending[SCHEMA, work.stage.name] = count


def _rows(work: Work, rows: Carried, groups: Carried, weight: int) -> None:
    """What the stage shows of some groups, at this point of the program."""
    storage = work.storage
    names = positional(tuple(storage.outputs)).values()
    items = [
        f"{_shown(work, s)} AS {identifier(n)}" for s, n in zip(storage.outputs.values(), names, strict=True)
    ]
    keys = [f"k.{name}" for name in work.key]
    some = f"SELECT DISTINCT {', '.join(keys) or '1'} FROM {table(groups)} k LIMIT {work.counted(groups)}"
    work.program.run(
        f"INSERT INTO {table(rows)}\n{listing([*items, str(weight)], 'SELECT')}\n"
        f"FROM ({some}) k\nJOIN {storage.table} t ON {storage.matches('t', 'k')};",
        work.counted(rows),
    )


def _shown(work: Work, scalar: Scalar) -> str:
    return text(scalar, lambda column: f"t.{identifier(work.storage.names[column])}")
