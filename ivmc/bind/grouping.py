"""GROUP BY and HAVING.

Source: PostgreSQL manual, 7.2.3 "The GROUP BY and HAVING Clauses".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from pglast import ast

from ivmc import errors
from ivmc.bind import sets
from ivmc.bind.aggregates import Aggregates, groupings
from ivmc.bind.attached import Attachments, beside, joined
from ivmc.bind.computed import column_of, extended
from ivmc.bind.context import POISON, Context, Syntax
from ivmc.bind.grouping_sets import Keys, Sets, grouping_sets
from ivmc.bind.keys import Target, group_key
from ivmc.bind.scope import Scope
from ivmc.identity import free
from ivmc.ir import Aggregate, Filter, Rel
from ivmc.predicate import conjuncts
from ivmc.scalar import TRUE, Col, Expression, Logic, Scalar, columns, image, replaced


@dataclass(frozen=True, slots=True)
class Grouping:
    """The grouped part of one SELECT: `node` with its output columns `targets`.

    `order` are the items of ORDER BY with what they sort by: checked here, and dropped.
    """

    aggregates: Aggregates
    node: Syntax
    targets: Sequence[Target]
    having: Scalar | None
    order: Sequence[tuple[Syntax, Scalar]]

    @property
    def context(self) -> Context:
        return self.aggregates.context

    @property
    def attached(self) -> Attachments:
        return self.aggregates.attached

    @property
    def scope(self) -> Scope:
        return self.aggregates.scope

    def bind(self, rel: Rel) -> tuple[Rel, list[Scalar]]:
        """The grouped relation, and the select list over it. Raises Opaque."""
        values = [target.value for target in self.targets]
        choices = self.sets()
        is_grouped = self.node.groupClause or self.aggregates.calls or groupings(values)
        if not is_grouped and self.having is None:
            return self.attached.over(rel, *values), values
        return self.grouped(rel, choices, values)

    def sets(self) -> list[Keys]:
        """The grouping expressions of each set; one set where there are no GROUPING SETS. Raises Opaque."""
        return grouping_sets(self.context, self.node, partial(group_key, self.aggregates, self.targets))

    def grouped(self, rel: Rel, choices: list[Keys], values: list[Scalar]) -> tuple[Rel, list[Scalar]]:
        """`Filter(Aggregate(…))` over the keys, the columns that depend on them, and the calls.

        What keys and arguments of calls are joined with is joined below, the rest above.
        """
        having = [] if self.having is None else [self.having]
        local = frozenset(rel.schema)
        every = list(dict.fromkeys(key for one in choices for key in one))
        common = [key for key in every if all(key in one for one in choices)]
        dependent = self.dependent(every, common, [*values, *having], local)
        named = {key: self.key_column(key, local) for key in [*every, *dependent]}
        computed = {key: column for key, column in named.items() if key is not column}
        numbered = Sets.of([tuple(named[key] for key in [*one, *dependent]) for one in choices])
        shown: dict[Scalar, Scalar] = {key: numbered.shown[column] for key, column in named.items()}
        said = groupings([*values, *having, *(value for _, value in self.order)])
        shown |= {call: self.grouping(call, numbered, named) for call in said}
        over = [replaced(value, shown) for value in (*values, *having)]
        above = self.attached.needed(columns(*over), shown)
        read = columns(*over).union(*(join.read for join in above))
        calls = tuple((column, call) for call, column in self.aggregates.calls.items() if column in read)
        below = self.attached.needed(columns(*every, *(part for _, call in calls for part in call.scalars())))
        passed, parts = sets.expanded(self.context, joined(rel, below), list(computed))
        passed = extended(passed, dict(zip(computed.values(), parts, strict=True)))
        self.check_grouped(every, common, named.values(), local)
        if len(choices) == 1:
            grouped: Rel = Aggregate(passed, tuple(named.values()), calls)
        else:
            grouped = numbered.grouped(passed, calls)
        grouped, over = beside(grouped, above, over, frozenset(passed.schema))
        if having:
            grouped = Filter(grouped, conjuncts(over.pop()))
        return grouped, over

    def grouping(self, call: Expression, sets: Sets, named: Mapping[Scalar, Col]) -> Scalar:
        """What `grouping(…)` is in each set."""
        if not all(arg in named for arg in call.args):
            fault = "arguments to GROUPING must be grouping expressions of the associated query level"
            self.context.error(errors.InvalidKey(self.context.clause("GROUPING"), fault))
            return call
        return sets.grouping([named[arg] for arg in call.args])

    def key_column(self, key: Scalar, local: frozenset[Col]) -> Col:
        """A key that is a column; a computed one is called what the user calls it."""
        if isinstance(key, Col) and key in local:
            return key
        given = next((target.name for target in self.targets if target.value == key), None)
        name = "key" if isinstance(key, Logic) or not key.name.isidentifier() else key.name
        return column_of(self.context.catalog, given or name, key)

    def dependent(
        self, keys: Sequence[Scalar], common: Sequence[Scalar], used: Iterable[Scalar], local: frozenset[Col]
    ) -> list[Scalar]:
        """Columns of a table whose primary key is grouped by, in every set: one value in a group.

        That is one image, and it may become another one that is equal: 1.0 and 1.00.
        """
        loose = columns(*(replaced(value, dict.fromkeys(keys, TRUE)) for value in used))
        loose |= frozenset().union(*(join.read for join in self.attached.needed(loose)))
        found = [column for column in _by_age(loose & local - {*keys}) if self.is_dependent(column, common)]
        equality = self.context.catalog.equality
        return [*found, *(image(c) for c in found if equality(c.type, c.collation) != "identity")]

    def is_dependent(self, column: Col, keys: Sequence[Scalar]) -> bool:
        """Does the primary key of the column's table stand among the keys?"""
        entry = self.scope.owner(column)
        if entry is None or entry.relation is None or not entry.relation.primary_key:
            return False
        stored = zip(entry.relation.columns, entry.columns, strict=True)  # under names of the query's own
        names = {column.name: known for column, (_, known) in stored}
        return all(names.get(part) in keys for part in entry.relation.primary_key)

    # What is read after grouping

    def check_grouped(
        self, keys: Sequence[Scalar], common: Sequence[Scalar], outputs: Iterable[Col], local: frozenset[Col]
    ) -> None:
        """Every column outside aggregates has one value in a group; not known where a key is not."""
        if POISON in keys:
            return
        bare, known = dict.fromkeys(keys, TRUE), {*outputs}
        read = [(target.node, target.value) for target in self.targets]
        if self.having is not None:
            read.append((self.node.havingClause, self.having))
        for node, value in (*read, *self.order):
            rest = columns(replaced(value, bare))
            joins = self.attached.needed(rest, bare)
            rest |= columns(*(test for join in joins for test in join.on))
            inner = frozenset().union(*(free(join.right) for join in joins))
            for column in _by_age((rest | inner) & local - known):
                if not self.is_dependent(column, common):
                    self.report_ungrouped(node, column, inside=column not in rest)

    def report_ungrouped(self, node: Syntax, column: Col, *, inside: bool) -> None:
        """Point at the reference to the column, which may stand inside a query in the expression."""
        owner = self.scope.owner(column)
        name = f"{owner.alias}.{column.name}" if owner and owner.alias else column.name
        found = sorted(_references(node, column.name), key=lambda part: not _is_qualified(part, name))
        reference = next(iter(found), node)
        diagnostic = errors.UngroupedInside if inside else errors.UngroupedColumn
        self.context.error(diagnostic(self.context.span(reference), name))


def _by_age(found: Iterable[Scalar]) -> list[Col]:
    """Columns in the order in which the query brought them in."""
    return sorted((column for column in found if isinstance(column, Col)), key=lambda column: column.id)


def _is_qualified(node: Syntax, name: str) -> bool:
    return ".".join(part.sval for part in node.fields) == name


def _references(node: Syntax, name: str) -> Iterator[Syntax]:
    """The references to a column of that name somewhere in an expression."""
    match node:
        case ast.ColumnRef(fields=(*_, ast.String(sval=last))):
            if last == name:
                yield node
        case tuple():
            for part in node:
                yield from _references(part, name)
        case ast.Node():
            for field in node:
                yield from _references(getattr(node, field), name)
        case _:
            pass
