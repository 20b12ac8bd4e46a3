"""What the expressions of a clause are joined with: the queries that stand in them.

A query in an expression is no scalar. Binding it attaches a join to the clause, and gives a scalar
over the columns that this join adds; the relation that the clause reads is then wrapped in the
joins that its expressions need. The right side of such a join may read columns of its left side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from pglast import ast

from ivmc.bind.scope import Scope
from ivmc.identity import free
from ivmc.ir import Join, Match, Project, Rel
from ivmc.normalise.lifting import reading
from ivmc.scalar import Col, Scalar, columns, fresh, replaced, substitute

Query = Callable[[ast.SelectStmt, Scope], Rel]


@dataclass(frozen=True, slots=True)
class Attached:
    """One join: with `right` on `on`, or a mark that says whether `right` has a row that satisfies `on`."""

    right: Rel
    on: tuple[Scalar, ...] = ()
    mark: Col | None = None

    @property
    def columns(self) -> frozenset[Col]:
        """The columns that the join adds."""
        return frozenset(self.right.schema if self.mark is None else (self.mark,))

    @property
    def tested(self) -> frozenset[Col]:
        """The columns of the clause's own relation that the join's condition reads."""
        return columns(*self.on) - frozenset(self.right.schema)

    @property
    def read(self) -> frozenset[Col]:
        """All columns that the join reads from what is below it."""
        return self.tested | free(self.right)

    def over(self, rel: Rel) -> Rel:
        """The rows of `rel` with the columns that the join adds."""
        if self.mark is None:
            return Join(rel, self.right, self.on)
        return Match(rel, self.right, self.on, mark=self.mark)

    def over_groups(self, shown: Mapping[Scalar, Scalar]) -> Attached:
        """The same join over groups, with their keys as these show them: NULL outside of a grouping set."""
        keys = {k: c for k, c in shown.items() if isinstance(k, Col) and isinstance(c, Col) and k is not c}
        on = tuple(replaced(test, shown) for test in self.on)
        return replace(self, right=reading(self.right, keys) if keys else self.right, on=on)

    def renewed(self) -> tuple[Attached, Mapping[Col, Scalar]]:
        """The same join with new columns, and the new ones by the old."""
        mapping: dict[Col, Col] = {column: fresh(column.name, column) for column in self.columns}
        if self.mark is not None:
            return replace(self, mark=mapping[self.mark]), mapping
        right = Project(self.right, tuple((mapping[column], column) for column in self.right.schema))
        return Attached(right, tuple(substitute(test, mapping) for test in self.on)), mapping


@dataclass(frozen=True, slots=True)
class Attachments:
    """The joins of one clause, or of several that read the same relation.

    `query` binds a SELECT in a scope. A query that is written twice is attached once.
    """

    query: Query
    joins: list[Attached] = field(default_factory=list)
    known: list[tuple[ast.SubLink, Scalar]] = field(default_factory=list)

    def add(self, join: Attached) -> None:
        """Attach a join; what it reads of other attached ones stands before it."""
        self.joins.append(join)

    def marked(self, right: Rel, on: tuple[Scalar, ...], mark: Col) -> Col:
        """Attach a mark join; its mark."""
        self.add(Attached(right, on, mark))
        return mark

    def needed(
        self, read: Iterable[Col], keys: Mapping[Scalar, Scalar] | None = None
    ) -> tuple[Attached, ...]:
        """The joins whose columns are read, and those that they read in turn, over groups with these keys."""
        wanted, found = set(read), []
        for join in reversed(self.joins):
            over = join.over_groups(keys) if keys else join
            if not over.columns.isdisjoint(wanted):
                wanted |= over.read
                found.append(over)
        return tuple(reversed(found))

    def behind(self, read: frozenset[Col]) -> frozenset[Col]:
        """The columns that are read, in place of those that the joins add what these read."""
        joins = self.needed(read)
        return read.union(*(join.read for join in joins)).difference(*(join.columns for join in joins))

    def over(self, rel: Rel, *scalars: Scalar) -> Rel:
        """`rel` with every column that the scalars read."""
        return joined(rel, self.needed(columns(*scalars)))


def joined(rel: Rel, joins: Iterable[Attached]) -> Rel:
    """`rel` under the joins, in order."""
    for join in joins:
        rel = join.over(rel)
    return rel


def beside(
    rel: Rel, joins: Iterable[Attached], scalars: Iterable[Scalar], taken: frozenset[Col]
) -> tuple[Rel, list[Scalar]]:
    """`rel` under the joins, and the scalars over it; columns that are `taken` get a second name."""
    mapping: dict[Col, Scalar] = {}
    for join in joins:
        free_to_join, more = (join, {}) if join.columns.isdisjoint(taken) else join.renewed()
        mapping |= more
        rel = free_to_join.over(rel)
    return rel, [substitute(scalar, mapping) for scalar in scalars]
