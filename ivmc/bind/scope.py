"""What names mean at one place of a query.

Sources: PostgreSQL manual, 7.2 "Table Expressions" (aliases, USING, NATURAL) and 4.2.1 "Column
References".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ivmc.catalog import Relation
from ivmc.scalar import Col, Scalar

SYSTEM_COLUMNS = frozenset({"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of FROM: its alias, its columns, and the table it is, if it is one."""

    alias: str | None
    columns: tuple[tuple[str, Scalar], ...]
    relation: Relation | None = None
    schema: str | None = None

    def named(self, parts: tuple[str, ...]) -> bool:
        """Is this what `alias` or `schema.table` refers to?"""
        return parts == (self.alias,) or (self.schema is not None and parts == (self.schema, self.alias))


@dataclass(frozen=True, slots=True)
class Scope:
    """The entries of a FROM clause and the columns that unqualified names and `*` see.

    `visible` differs from the entries' columns where USING or NATURAL merged some.
    """

    entries: tuple[Entry, ...] = ()
    visible: tuple[tuple[str, Scalar], ...] = ()
    parent: Scope | None = None

    def beside(self, other: Scope) -> Scope:
        """The scope of `self, other`."""
        return Scope(self.entries + other.entries, self.visible + other.visible, self.parent)

    def within(self, parent: Scope | None) -> Scope:
        return Scope(self.entries, self.visible, parent)

    def unqualified(self, name: str) -> list[Scalar]:
        """Every column that the bare name could mean at this level."""
        return [scalar for known, scalar in self.visible if known == name]

    def entry(self, parts: tuple[str, ...]) -> Entry | None:
        return next((entry for entry in self.entries if entry.named(parts)), None)

    def levels(self) -> Iterator[Scope]:
        """This scope, then the enclosing ones."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def owner(self, column: Col) -> Entry | None:
        """The entry that a column came from."""
        return next((entry for entry in self.entries if column in dict(entry.columns).values()), None)

    def names(self) -> tuple[str, ...]:
        """Everything that could have been meant, for hints."""
        return tuple(dict.fromkeys(name for level in self.levels() for name, _ in level.visible))
