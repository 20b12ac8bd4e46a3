"""GROUP BY and HAVING.

Source: PostgreSQL manual, 7.2.3 "The GROUP BY and HAVING Clauses".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pglast import ast

from ivmc import errors
from ivmc.bind.aggregates import Aggregates
from ivmc.bind.collation import collation
from ivmc.bind.context import POISON, Context, Opaque, Syntax
from ivmc.bind.keys import Target, flattened, group_key
from ivmc.bind.scope import Scope
from ivmc.ir import Aggregate, Filter, Project, Rel
from ivmc.scalar import TRUE, Col, Expression, Scalar, columns, conjuncts, fresh


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
    def scope(self) -> Scope:
        return self.aggregates.scope

    def bind(self, rel: Rel) -> tuple[Rel, list[Scalar]]:
        """The grouped relation, and the select list over it. Raises Opaque."""
        values = [target.value for target in self.targets]
        keys = self.keys()
        if not self.node.groupClause and not self.aggregates.calls and self.having is None:
            return rel, values
        return self.grouped(rel, keys, values)

    def keys(self) -> list[Scalar]:
        """The grouping expressions, each once."""
        found = []
        for item in flattened(self.node.groupClause):
            if isinstance(item, ast.GroupingSet):
                self.context.reason(errors.GroupingSets(self.context.span(item), "GROUPING SETS"))
                raise Opaque
            found.append(group_key(self.aggregates, self.targets, item))
        return list(dict.fromkeys(found))

    def grouped(self, rel: Rel, keys: list[Scalar], values: list[Scalar]) -> tuple[Rel, list[Scalar]]:
        """`Filter(Aggregate(…))` over the keys, the columns that depend on them, and the calls."""
        having = [] if self.having is None else [self.having]
        keys = keys + self.dependent(keys, [*values, *having])
        named = {key: key if isinstance(key, Col) else self.key_column(key) for key in keys}
        computed = {key: column for key, column in named.items() if key is not column}
        over = [replaced(value, computed) for value in values]
        conditions = [replaced(value, computed) for value in having]
        read = columns(*over, *conditions)
        calls = tuple((column, call) for call, column in self.aggregates.calls.items() if column in read)
        grouped: Rel = Aggregate(_with_computed(rel, computed), tuple(named.values()), calls)
        self.check_grouped(keys, named.values())
        if conditions:
            grouped = Filter(grouped, conjuncts(conditions[0]))
        return grouped, over

    def key_column(self, key: Scalar) -> Col:
        """A computed key is called what the user calls it."""
        given = next((target.name for target in self.targets if target.value == key), None)
        name = key.name if isinstance(key, Expression) and key.name.isidentifier() else "key"
        return fresh(given or name, key, collation=collation(self.context.catalog, key))

    def dependent(self, keys: list[Scalar], used: Iterable[Scalar]) -> list[Scalar]:
        """Columns of a table whose primary key is grouped by: they have one value in a group."""
        loose = columns(*(replaced(value, dict.fromkeys(keys, TRUE)) for value in used))
        known = {*keys, *self.aggregates.calls.values()}
        return [column for column in _by_age(loose - known) if self.is_dependent(column, keys)]

    def is_dependent(self, column: Col, keys: Sequence[Scalar]) -> bool:
        """Does the primary key of the column's table stand among the keys?"""
        entry = self.scope.owner(column)
        if entry is None or entry.relation is None or not entry.relation.primary_key:
            return False
        names = dict(entry.columns)
        return all(names.get(part) in keys for part in entry.relation.primary_key)

    # What is read after grouping

    def check_grouped(self, keys: Sequence[Scalar], outputs: Iterable[Col]) -> None:
        """Every column outside aggregates has one value in a group; not known where a key is not."""
        if POISON in keys:
            return
        known = {*outputs, *self.aggregates.calls.values()}
        read = [(target.node, target.value) for target in self.targets]
        if self.having is not None:
            read.append((self.node.havingClause, self.having))
        for node, value in (*read, *self.order):
            rest = columns(replaced(value, dict.fromkeys(keys, TRUE)))
            for column in _by_age(rest - known):
                if not self.is_dependent(column, keys):
                    self.report_ungrouped(node, column)

    def report_ungrouped(self, node: Syntax, column: Col) -> None:
        """Point at the reference to the column."""
        owner = self.scope.owner(column)
        name = f"{owner.alias}.{column.name}" if owner and owner.alias else column.name
        reference = next(_references(node, column.name), node)
        self.context.error(errors.UngroupedColumn(self.context.span(reference), name))


def replaced(scalar: Scalar, mapping: Mapping[Scalar, Scalar]) -> Scalar:
    """`scalar` with whole subexpressions replaced, outermost first."""
    if scalar in mapping:
        return mapping[scalar]
    if isinstance(scalar, Col):
        return scalar
    args = tuple(replaced(arg, mapping) for arg in scalar.args)
    return scalar if args == scalar.args else replace(scalar, args=args)


def _with_computed(rel: Rel, computed: Mapping[Scalar, Col]) -> Rel:
    """`rel` with further columns."""
    if not computed:
        return rel
    passed = tuple((column, column) for column in rel.schema)
    return Project(rel, (*passed, *((column, key) for key, column in computed.items())))


def _by_age(found: Iterable[Scalar]) -> list[Col]:
    """Columns in the order in which the query brought them in."""
    return sorted((column for column in found if isinstance(column, Col)), key=lambda column: column.id)


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
