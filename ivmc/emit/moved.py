"""Groups of an inner stage whose sums moved: their old and new state side by side, read once.

The state is joined with the change of its groups once; what the MERGE writes and what later stages
are handed on both come from there (planner rule 17). Groups whose change cancels are gone before that.
"""

from __future__ import annotations

from typing import Final

from ivmc.emit import handing
from ivmc.emit.text import declared, listing
from ivmc.emit.work import Work, assignment, insertion, table
from ivmc.ir import Carried, Filter, Project, Rel
from ivmc.names import fitted, identifier
from ivmc.rules.folding import Fold
from ivmc.scalar import (
    BIGINT,
    BOOLEAN,
    COMPARISON,
    Col,
    Scalar,
    binary,
    fresh,
    is_present,
    literal,
    substitute,
)

ZERO: Final = literal("0", BIGINT)
INFINITE: Final = "('NaN', 'Infinity', '-Infinity')"


class Moved:
    """The temporary table of a stage's groups that moved: key, new states, old states."""

    def __init__(self, work: Work, fold: Fold) -> None:
        self.work, self.fold = work, fold
        names = work.storage.names
        self.keys = {column: fresh(names[column], column) for column in work.storage.key}
        self.new = {state: fresh(names[state], state) for state, _ in fold.states}
        self.old = {state: _was(names[state], state) for state, _ in fold.states}
        columns = (*self.keys.values(), *self.new.values(), *self.old.values())
        kinds = {column: declared(column) for column in columns}
        self.rows = work.program.table("moved", kinds, signed=False)

    @property
    def count(self) -> str:
        return self.work.counted(self.rows)

    @property
    def states(self) -> list[str]:
        return [identifier(column.name) for column in self.new.values()]

    def read(self, sums: str) -> None:
        """INSERT of the groups that moved, by their sums, beside what is stored of them."""
        new = [f"{_sum(identifier(column.name), column)}" for column in self.new.values()]
        pairs = zip(self.new.values(), self.old.values(), strict=True)
        old = [f"t.{identifier(now.name)} AS {identifier(was.name)}" for now, was in pairs]
        items = [*map(self._key, self.keys), *new, *old]
        storage = self.work.storage
        self.work.program.run(
            f"INSERT INTO {table(self.rows)}\n{listing(items, 'SELECT')}\nFROM (\n{sums}\n) g\n"
            f"LEFT JOIN {storage.table} t ON {storage.matches('t', 'g')};",
            self.count,
        )

    def _key(self, column: Col) -> str:
        """A key as it is stored, where it is."""
        name = identifier(self.keys[column].name)
        if self.work.program.queries.equality(column) == "identity":
            return f"g.{name}"
        count = identifier(self.new[self.fold.count].name)
        return f"CASE WHEN t.{count} IS NULL THEN g.{name} ELSE t.{name} END AS {name}"

    def merge(self) -> None:
        """MERGE of the new states."""
        count = identifier(self.new[self.fold.count].name)
        self.work.merge(
            f"SELECT * FROM {table(self.rows)} LIMIT {self.count}",
            [
                f"WHEN MATCHED AND d.{count} = 0 THEN DELETE",
                f"WHEN MATCHED {assignment(self.states)}",
                f"WHEN NOT MATCHED AND d.{count} <> 0 {insertion([*self.work.key, *self.states])}",
            ],
        )

    def lost(self) -> Carried | None:
        """Keys of the groups that hold a sum that is not finite."""
        sums = [identifier(c.name) for c in self.new.values() if c.type.name == "numeric"]
        if not sums:
            return None
        lost = self.work.groups("lost", self.work.storage.key)
        self.work.program.comment("Groups that hold a sum that is not finite")
        self.work.program.run(
            f"INSERT INTO {table(lost)}\n{listing([f'd.{name}' for name in self.work.key], 'SELECT')}\n"
            f"FROM {table(self.rows)} d\nWHERE {' OR '.join(f'd.{name} IN {INFINITE}' for name in sums)};",
            self.work.counted(lost),
        )
        return lost

    def read_again(self) -> None:
        """The new states as they are stored after groups were read again."""
        storage = self.work.storage
        sets = [f"{name} = t.{name}" for name in self.states]
        self.work.program.emit(
            f"UPDATE {table(self.rows)} d\n{listing(sets, 'SET')}\n"
            f"FROM {storage.table} t\nWHERE {storage.matches('t', 'd')};"
        )

    def change(self) -> Rel:
        """What readers of the stage see: new rows in, old rows out."""
        counts = self.new[self.fold.count], self.old[self.fold.count]
        alive = binary("<>", counts[0], ZERO, BOOLEAN, COMPARISON, nullable=False, fallible=False)
        return self._seen(alive, self.new) - self._seen(is_present(counts[1]), self.old)

    def _seen(self, there: Scalar, states: dict[Col, Col]) -> Rel:
        known: dict[Col, Scalar] = {**self.keys, **states}
        outputs = self.work.storage.outputs.items()
        return Project(Filter(self.rows, (there,)), tuple((c, substitute(s, known)) for c, s in outputs))

    def hand_on(self) -> None:
        self.work.program.comment("What changed in the groups that moved: new rows in, old rows out")
        handing.changed(self.work, self.change())


def _was(name: str, state: Col) -> Col:
    """The column of an old state; NULL where there was none."""
    return fresh(fitted(name, "_was"), state, nullable=True)


def _sum(name: str, column: Col) -> str:
    total = f"coalesce(t.{name}, 0) + g.{name}"
    return (
        f"{total} AS {name}" if column.type.name == "numeric" else f"({total})::{column.type.sql} AS {name}"
    )
