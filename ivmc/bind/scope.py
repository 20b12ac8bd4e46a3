"""What names mean at one place of a query.

Sources: PostgreSQL manual, 7.2 "Table Expressions" (aliases, USING, NATURAL) and 4.2.1 "Column
References".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ivmc.bind.context import Syntax
from ivmc.catalog import Relation, Type
from ivmc.scalar import Col

if TYPE_CHECKING:
    from ivmc.bind.expression import Expressions

SYSTEM_COLUMNS = frozenset({"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"})

Named = tuple[tuple[str, Col], ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of FROM: its alias, its columns, and the table it is, if it is one.

    `schema` is that of a table or view under its own name: it may be written before the name.
    `value` is what the name alone stands for, where it does not stand for a row; `row` the type of the
    row for which it stands else, where that has a name and the entry is no table.
    """

    alias: str | None
    columns: Named
    relation: Relation | None = None
    schema: str | None = None
    value: Col | None = None
    row: Type | None = None

    @property
    def relation_name(self) -> tuple[str, str]:
        """The schema and name of the table."""
        assert self.relation is not None
        return self.relation.schema, self.relation.name

    def is_named(self, parts: tuple[str, ...]) -> bool:
        """Is this what `alias` or `schema.table` refers to?"""
        return parts == (self.alias,) or (self.schema is not None and parts == (self.schema, self.alias))

    def clashes(self, other: Entry) -> bool:
        """May the two not stand in one FROM? Tables of two schemas may, under their own names."""
        distinct = self.schema is not None and other.schema is not None and self.schema != other.schema
        return self.alias is not None and self.alias == other.alias and not distinct

    def column(self, name: str) -> list[Col]:
        """Every column of that name."""
        return [scalar for known, scalar in self.columns if known == name]


@dataclass(frozen=True, slots=True)
class Scope:
    """The entries of a FROM clause and the columns that unqualified names and `*` see.

    `visible` differs from the entries' columns where USING or NATURAL merged some. `barred` are those
    of them that LATERAL may not read, though their names stand for nothing else. Around a query that
    stands in an expression, `reader` binds the expressions of that place. `hidden` are entries of the
    same FROM clause that cannot be seen from this place of it.
    """

    entries: tuple[Entry, ...] = ()
    visible: Named = ()
    parent: Scope | None = None
    reader: Expressions | None = None
    barred: frozenset[Col] = frozenset()
    hidden: tuple[Entry, ...] = ()

    @classmethod
    def of(cls, entry: Entry) -> Scope:
        """The scope of a FROM clause with one item."""
        return cls((entry,), entry.columns)

    def beside(self, other: Scope) -> Scope:
        """The scope of `self, other`."""
        barred = self.barred | other.barred
        entries, visible = self.entries + other.entries, self.visible + other.visible
        return Scope(entries, visible, self.parent, barred=barred)

    def within(self, parent: Scope | None) -> Scope:
        """This scope, in a subquery of another one."""
        return replace(self, parent=parent)

    def blind_to(self, others: Scope) -> Scope:
        """This scope, beside items of FROM that it does not see."""
        return replace(self, hidden=others.entries)

    def of_rows(self, kind: Type) -> Scope:
        """The scope of a view: its name stands for rows of that type."""
        return replace(self, entries=tuple(replace(entry, row=kind) for entry in self.entries))

    def around(self, reader: Expressions) -> Scope:
        """This scope, as a query in an expression sees it."""
        return replace(self, reader=reader)

    @property
    def columns(self) -> frozenset[Col]:
        """All columns that a name could mean at this level."""
        everything = (self.visible, *(entry.columns for entry in self.entries))
        return frozenset(column for named in everything for _, column in named)

    def out_of_reach(self) -> Scope:
        """The scope of the left side of RIGHT and FULL JOIN, seen from the right one."""
        return replace(self, barred=self.columns)

    def mapped(self, above: Mapping[Col, Col]) -> Scope:
        """The same names for the columns that a join makes of these."""

        def renamed(columns: Named) -> Named:
            return tuple((name, above.get(column, column)) for name, column in columns)

        entries = (
            replace(
                entry,
                columns=renamed(entry.columns),
                value=entry.value and above.get(entry.value, entry.value),
            )
            for entry in self.entries
        )
        return replace(self, entries=tuple(entries), visible=renamed(self.visible))

    def unqualified(self, name: str) -> list[Col]:
        """Every column that the bare name could mean at this level."""
        return [scalar for known, scalar in self.visible if known == name]

    def owners(self, name: str) -> tuple[str, ...]:
        """The aliases of the entries that have a column of that name."""
        return tuple(entry.alias for entry in self.entries if entry.alias and entry.column(name))

    def named(self, parts: tuple[str, ...]) -> list[Entry]:
        """The entries that `alias` or `schema.table` could mean at this level."""
        return [entry for entry in self.entries if entry.is_named(parts)]

    def entry(self, parts: tuple[str, ...]) -> Entry | None:
        """The first such entry."""
        return next(iter(self.named(parts)), None)

    def levels(self) -> Iterator[Scope]:
        """This scope, then the enclosing ones."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def owner(self, column: Col) -> Entry | None:
        """The entry that a column came from."""
        return next((entry for entry in self.entries if column in dict(entry.columns).values()), None)

    def aliases(self) -> tuple[str, ...]:
        """The names of the entries, for hints."""
        return tuple(entry.alias for entry in self.entries if entry.alias)

    def names(self) -> tuple[str, ...]:
        """Every column that could have been meant, for hints."""
        return tuple(dict.fromkeys(name for level in self.levels() for name, _ in level.visible))


@dataclass(frozen=True, slots=True)
class Environment:
    """The WITH queries in sight: each is bound anew where it is named, in its own surroundings."""

    queries: dict[str, WithQuery] = field(default_factory=dict)

    def extended(self, clause: Syntax, scope: Scope | None) -> Environment:
        """This environment and the queries of a WITH clause, which see `scope` around them."""
        environment = self
        for cte in clause.ctes if clause else ():
            known = environment.queries | {cte.ctename: WithQuery(cte, environment, scope)}
            environment = Environment(known)
        return environment


@dataclass(frozen=True, slots=True)
class WithQuery:
    """One query of a WITH clause and what it sees: the queries before it, the enclosing columns."""

    cte: Syntax
    environment: Environment
    scope: Scope | None
