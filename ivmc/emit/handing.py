"""What a stage hands on to later ones: the true old and new rows of the groups that it touched."""

from __future__ import annotations

from ivmc.emit.query import positional
from ivmc.emit.text import declared, listing, text
from ivmc.emit.work import Work, table
from ivmc.ir import Carried, Net
from ivmc.names import WEIGHT, identifier
from ivmc.scalar import Scalar


def remember(work: Work, groups: Carried) -> Carried:
    """The touched groups as they were, before the MERGE."""
    names = positional(tuple(work.storage.outputs))
    kinds = [*((name, declared(column)) for column, name in names.items()), (WEIGHT, "bigint")]
    rows = Carried(work.program.temp("old", kinds), tuple(names))
    work.program.queries.counts[rows] = work.program.variable("old")
    work.program.comment("The old rows of the touched groups")
    _rows(work, rows, groups, -1)
    return rows


def hand_on(work: Work, rows: Carried, groups: Carried) -> None:
    """After the MERGE: the new rows beside the old ones, netted."""
    program, queries = work.program, work.program.queries
    program.comment("What changed in the touched groups: old rows out, new rows in")
    _rows(work, rows, groups, 1)
    names = positional(tuple(work.storage.outputs))
    kinds = [*((name, declared(column)) for column, name in names.items()), (WEIGHT, "bigint")]
    changes = program.temp_named(queries.changes[work.stage.name], kinds)
    queries.fresh_statement()
    select = queries.select(Net(rows), [(name, column) for column, name in names.items()], weight=WEIGHT)
    program.emit(f"INSERT INTO pg_temp.{identifier(changes)}\n{select};")


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
