"""State tables: their columns, how a stored row is found, and the statements that fill them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from ivmc.catalog import Catalog
from ivmc.emit.query import Queries, positional
from ivmc.emit.single import at_once, is_single
from ivmc.emit.text import declared
from ivmc.ir import Aggregate, Filter, Net, Rel
from ivmc.names import PREFIX, SCHEMA, WEIGHT, fitted, identifier, qualified
from ivmc.rules.aggregate import grouped
from ivmc.scalar import Col, Scalar
from ivmc.stages import Stage

DOCUMENTS: Final = frozenset({"bytea", "jsonb", "tsvector"})  # and images of them, which are bytea


@dataclass(frozen=True)
class Storage:
    """The table of one stage. Bookkeeping columns carry the prefix; a bag has a weight per row image.

    `sought` are the places in the stage's schema of columns by which later stages look up rows.
    """

    stage: Stage
    catalog: Catalog
    sought: Sequence[tuple[int, ...]] = ()

    @property
    def table(self) -> str:
        return qualified(SCHEMA, self.stage.name)

    @cached_property
    def names(self) -> dict[Col, str]:
        """Every stored column by name, the weight of a bag apart."""
        stage = self.stage
        names = positional(stage.op.keys if stage.fold and stage.op else stage.scan.schema)
        if stage.fold is not None:
            hidden = [c for c, _ in stage.fold.states]
            hidden += [c for e in stage.fold.extrema for c in (e.value, e.count)]
            names |= {c: f"{PREFIX}{n}" for c, n in positional(hidden).items()}
        return {column: fitted(name) for column, name in names.items()}

    @property
    def columns(self) -> tuple[Col, ...]:
        return tuple(self.names)

    @property
    def outputs(self) -> dict[Col, Scalar]:
        """What readers of the stage see, over the stored columns."""
        return dict(self.stage.outputs)

    @property
    def is_bag(self) -> bool:
        return self.stage.op is None and self.stage.key is None

    @property
    def key(self) -> tuple[Col, ...]:
        return self.stage.key or ()

    @property
    def dependent(self) -> tuple[Col, ...]:
        """Grouping columns that the key determines (law 15)."""
        op = self.stage.op
        return tuple(column for column in op.keys if column not in self.key) if op else ()

    @property
    def count(self) -> str | None:
        """The column whose fall to zero ends a stored row, where there is one."""
        if self.is_bag:
            return WEIGHT
        return self.names[self.stage.fold.count] if self.stage.fold else None

    def create(self) -> tuple[str, ...]:
        """CREATE TABLE and the indexes by which rows are found."""
        lines = [self._declared(column, name) for column, name in self.names.items()]
        if self.is_bag:
            lines.append(f"{WEIGHT} bigint NOT NULL CHECK ({WEIGHT} > 0)")
        plain = bool(self.key) and self.is_plain
        if plain:
            lines.append(f"PRIMARY KEY ({', '.join(self.printed(self.key))})")
        body = ",\n  ".join(lines)
        table = f"CREATE TABLE {self.table} (\n  {body}\n) WITH (fillfactor = 70)"
        hashed = self.hashed("") if self.is_bag or (self.key and not plain) else ""
        indexes = [*([f"({hashed})"] if hashed else []), *self._lookups(self.key if plain else ())]
        return (table, *(f"CREATE INDEX ON {self.table} {index}" for index in indexes))

    def _lookups(self, primary: Sequence[Col]) -> Iterator[str]:
        """Index columns for what is looked up, where no index begins with them."""
        seen = list(self.outputs.values())
        for places in self.sought:
            stored = [s for place in places if isinstance(s := seen[place], Col) and s in self.names]
            stored = [column for column in stored if self.catalog.orderable(column.type)]
            narrow = [column for column in stored if not is_wide(column)]
            if stored and set(primary[: len(stored)]) != set(stored):
                yield (
                    f"({', '.join(self.printed(narrow))})"
                    if narrow
                    else f"USING hash ({self.printed(stored)[0]})"
                )

    def _declared(self, column: Col, name: str) -> str:
        fold = self.stage.fold
        required = "" if column.nullable else " NOT NULL"
        alive = ""
        if fold is not None and column is fold.count:
            alive = f" CHECK ({identifier(name)} {'>' if self.key else '>='} 0)"
        return f"{identifier(name)} {declared(column)}{required}{alive}"

    def printed(self, columns: Sequence[Col]) -> list[str]:
        return [identifier(self.names[column]) for column in columns]

    def hashed(self, alias: str) -> str:
        """A hash over the columns that identify a row, as an index holds it (law 35).

        Consistent with equality, and with identity of images; the match is checked again.
        """
        found = [c for c in (self.key or self.columns) if self.catalog.hashable(c.type)]
        dot = f"{alias}." if alias else ""
        inside = ", ".join(f"{dot}{name}" for name in self.printed(found))
        return f"hash_record_extended(ROW({inside}), 0)" if found else ""

    @property
    def is_plain(self) -> bool:
        """Can the key be one of a B-tree: without NULLs, and narrow?"""
        return not any(column.nullable or is_wide(column) for column in self.key)

    @property
    def searchable(self) -> bool:
        """Whether a row is found without comparing it with every other one."""
        if self.is_bag or not self.is_plain:
            return bool(self.hashed(""))
        return True

    def matches(self, one: str, other: str) -> str:
        """Do the rows of two aliases, both with this table's column names, have one identity?"""
        if self.is_bag:
            rows = [
                f"ROW({', '.join(f'{a}.{n}' for n in self.printed(self.columns))})::record"
                for a in (one, other)
            ]
            return self._hash_joined(one, other, f"{rows[0]} *= {rows[1]}")
        if not self.key:
            return "true"
        tests = [self._equal(column, one, other) for column in self.key]
        if self.is_plain:
            return " AND ".join(tests)
        return self._hash_joined(one, other, " AND ".join(tests))

    def _hash_joined(self, one: str, other: str, test: str) -> str:
        if not self.hashed(""):
            return test
        return f"{self.hashed(one)} = {self.hashed(other)} AND {test}"

    def _equal(self, column: Col, one: str, other: str) -> str:
        name = identifier(self.names[column])
        op = column.type.comparison("=")
        equal = f"{one}.{name} {op} {other}.{name}"
        if not column.nullable:
            return equal
        if op == "=":
            return f"{one}.{name} IS NOT DISTINCT FROM {other}.{name}"
        return f"({equal} OR {one}.{name} IS NULL AND {other}.{name} IS NULL)"

    @property
    def inserted(self) -> list[str]:
        """Every column of the table."""
        return self.printed(self.columns) + ([WEIGHT] if self.is_bag else [])

    def cast(self, alias: str) -> list[str]:
        """Every column of a row that is to be stored, in the types of the table."""
        items = [f"{alias}.{name}::{column.type.sql} AS {name}" for column, name in self._named()]
        return items + ([f"{alias}.{WEIGHT}"] if self.is_bag else [])

    def _named(self) -> Iterator[tuple[Col, str]]:
        return zip(self.columns, self.printed(self.columns), strict=True)

    def fill(self, queries: Queries) -> str:
        """INSERT … SELECT of the whole stage from its sources."""
        columns = ", ".join(self.inserted)
        rows = stored_form(self.stage, self.stage.input)
        return f"INSERT INTO {self.table} ({columns})\n{self.contents(queries, rows)}"

    def contents(self, queries: Queries, rows: Rel) -> str:
        """SELECT of rows in their stored form."""
        queries.fresh_statement()
        outputs = [(name, column) for column, name in self.names.items()]
        return queries.select(rows, outputs, weight=WEIGHT if self.is_bag else None)


def is_wide(column: Col) -> bool:
    """May a value well be too wide for a B-tree, which takes 2,700 bytes?"""
    return column.type.name in DOCUMENTS


def stored_form(stage: Stage, input: Rel) -> Rel:
    """What a stage stores, as algebra over its input."""
    if stage.op is None:
        return input if stage.key is not None else Net(input)
    if stage.fold is None:
        groups = Aggregate(input, stage.op.keys, stage.op.calls)
        return Filter(groups, stage.having) if stage.having else groups
    if stage.fold.extrema and is_single(stage.op, stage.fold):
        return at_once(input, stage.op, stage.fold, stage.fold.states)
    return grouped(input, stage.op, stage.fold)
