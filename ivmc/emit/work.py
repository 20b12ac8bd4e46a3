"""What the parts of a stage's maintenance share: temporary tables, and the MERGE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ivmc.emit.program import Program
from ivmc.emit.storage import Storage
from ivmc.emit.text import declared, indent, listing
from ivmc.ir import Aggregate, Carried, Rel
from ivmc.names import PREFIX, identifier
from ivmc.scalar import Col, fresh
from ivmc.stages import Stage

CHANGED = "n.changed"  # rows of the root that the refresh changed
FOUND = f"{PREFIX}found"


@dataclass
class Work:
    """One stage while its part of the program is written; `last` is what the view shows."""

    program: Program
    stage: Stage
    storage: Storage
    last: bool

    @property
    def key(self) -> list[str]:
        """The columns by which a stored row is found."""
        return self.storage.printed(self.storage.key)

    def counted(self, rel: Rel) -> str:
        """The variable that holds the number of rows of a delta or of a temporary table."""
        return self.program.queries.counts[rel]

    def groups(self, suffix: str, columns: Sequence[Col] | None = None) -> Carried:
        """A temporary table with stored columns under their stored names, and a count of its rows."""
        chosen = tuple(columns if columns is not None else self.storage.columns)
        renamed = tuple(fresh(self.storage.names[column], column) for column in chosen)
        kinds = ["numeric" if self._is_sum(column) else declared(column) for column in chosen]
        return self.program.table(suffix, dict(zip(renamed, kinds, strict=True)), signed=False)

    def _is_sum(self, column: Col) -> bool:
        """Signed sums are numeric until they are added to what is stored."""
        fold = self.stage.fold
        return fold is not None and any(column is state for state, _ in fold.states)

    def add(self, target: Carried, rel: Rel, *, apart: bool = False) -> None:
        """INSERT of a relation into a temporary table, column by column; sums `apart` by weight."""
        queries = self.program.queries
        self.program.term(target, rel)
        queries.fresh_statement()
        outputs = [(target.schema[i].name, column) for i, column in enumerate(rel.schema)]
        if apart and isinstance(rel, Aggregate):
            select = queries.sums(rel, outputs)
        else:
            select = queries.select(rel, outputs)
        self.program.run(f"INSERT INTO {table(target)}\n{select};", self.counted(target))

    def merge(self, source: str, when: Sequence[str]) -> None:
        """MERGE into the stage's table, by the identity of its rows."""
        on = self.storage.matches("t", "d")
        lines = [f"MERGE INTO {self.storage.table} t USING (", indent(source), f") d ON {on}", *when]
        statement = "\n".join(lines) + ";"
        if self.last:
            self.program.run(statement, CHANGED)
        else:
            self.program.emit(statement)


def table(rel: Carried) -> str:
    """A temporary table in SQL."""
    return f"pg_temp.{identifier(rel.name)}"


def update(sets: Sequence[str]) -> str:
    """THEN UPDATE SET, of finished assignments."""
    return f"THEN\n{indent(listing(sets, 'UPDATE SET'))}"


def assignment(names: Sequence[str]) -> str:
    """THEN UPDATE SET, every column from the MERGE source."""
    return update([f"{name} = d.{name}" for name in names])


def insertion(names: Sequence[str]) -> str:
    """THEN INSERT, every column from the MERGE source."""
    values = ", ".join(f"d.{name}" for name in names)
    return f"THEN\n  INSERT ({', '.join(names)})\n  VALUES ({values})"


def row(alias: str, names: Sequence[str]) -> str:
    """A row of columns, to be compared by image."""
    return f"ROW({', '.join(f'{alias}.{name}' for name in names)})::record"
