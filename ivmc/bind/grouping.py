"""GROUP BY, aggregate calls and HAVING.

Source: PostgreSQL manual, 7.2.3 "The GROUP BY and HAVING Clauses", 4.2.7 "Aggregate Expressions".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pglast import ast
from pglast.enums import SortByDir, SortByNulls

from ivmc import errors
from ivmc.bind import facts
from ivmc.bind.context import POISON, UNKNOWN, Context, is_poisoned
from ivmc.bind.expression import Expressions
from ivmc.bind.scope import Scope
from ivmc.bind.tables import Opaque
from ivmc.catalog import Function, Type
from ivmc.ir import Aggregate, Call, Filter, Project, Rel
from ivmc.scalar import Col, Expression, Scalar, columns, conjuncts, fresh

Subquery = Callable[[ast.SelectStmt, Scope], tuple[Type, ...]]


class Grouping:
    """The grouped part of one SELECT; `bind` gives the relation and the select list over it."""

    def __init__(
        self,
        context: Context,
        node: ast.SelectStmt,
        scope: Scope,
        subquery: Subquery,
        targets: Sequence[tuple[str, Any]],
    ) -> None:
        self.context, self.node, self.scope, self.subquery = context, node, scope, subquery
        self.targets = targets
        self.calls: dict[Call, Col] = {}

    def expressions(self, clause: str) -> Expressions:
        """A binder for a clause in which aggregates may stand."""
        return Expressions(self.context, self.scope, clause, self.collect, self.subquery)

    def bind(self, rel: Rel) -> tuple[Rel, list[Scalar]]:
        binder = self.expressions("SELECT")
        selected = [binder.bind(v) if isinstance(v, ast.Node) else v for _, v in self.targets]
        having = None
        if self.node.havingClause is not None:
            having = self.expressions("HAVING").condition(self.node.havingClause)
        keys = self.keys(selected)
        for item in self.node.sortClause or ():
            if not isinstance(item.node, ast.A_Const | ast.ColumnRef):
                self.expressions("ORDER BY").bind(item.node)
        if not self.node.groupClause and not self.calls and having is None:
            return rel, selected
        return self.grouped(rel, keys, selected, having)

    # Keys

    def keys(self, selected: Sequence[Scalar]) -> list[Scalar]:
        """The grouping expressions: columns, output names, positions, anything."""
        found: list[Scalar] = []
        for item in self.node.groupClause or ():
            if isinstance(item, ast.GroupingSet):
                kind = "GROUPING SETS"
                self.context.reason(errors.GroupingSets(self.context.span(item), kind))
                raise Opaque
            key = self.key(item, selected)
            if not is_poisoned(key):
                self.check_groupable(item, key)
                found.append(key)
        return list(dict.fromkeys(found))

    def key(self, node: Any, selected: Sequence[Scalar]) -> Scalar:
        if isinstance(node, ast.A_Const) and isinstance(node.val, ast.Integer):
            position = self.ordinal(node, "GROUP BY")
            chosen = POISON if position is None else selected[position]
            return self.not_aggregated(node, chosen)
        binder = Expressions(self.context, self.scope, "GROUP BY", None, self.subquery)
        if isinstance(node, ast.ColumnRef) and len(node.fields) == 1 and isinstance(node.fields[0], ast.String):
            name = node.fields[0].sval
            if not self.scope.unqualified(name):
                matches = [s for (known, _), s in zip(self.targets, selected, strict=True) if known == name]
                if matches:
                    return self.not_aggregated(node, matches[0])
        return binder.bind(node)

    def not_aggregated(self, node: Any, key: Scalar) -> Scalar:
        if columns(key) & set(self.calls.values()):
            return self.context.error(errors.AggregateNotAllowed(self.context.span(node), "aggregate", "GROUP BY"))
        return key

    def ordinal(self, node: ast.A_Const, clause: str) -> int | None:
        """The position that an integer constant names, from 0."""
        if not isinstance(node.val, ast.Integer):
            return None
        position = node.val.ival or 0
        if 1 <= position <= len(self.targets):
            return position - 1
        span = self.context.clause(*clause.split(), str(position)) or self.context.clause(*clause.split())
        self.context.error(errors.InvalidOrdinal(span, clause, position, len(self.targets)))
        return None

    def check_groupable(self, node: Any, key: Scalar) -> None:
        if key.type != UNKNOWN and self.context.catalog.equality(key.type) == "none":
            span = self.context.span(node)
            self.context.error(errors.MissingOperator(span, key.type.sql, "equality", "GROUP BY"))

    # Aggregate calls

    def collect(self, node: ast.FuncCall, function: Function, args: tuple[Scalar, ...]) -> Scalar:
        """One aggregate call as a column of the grouped relation."""
        if columns(*args) & set(self.calls.values()):
            return self.context.error(errors.NestedAggregate(self.context.span(node), f"{function.name}()"))
        if function.volatility == "v":
            return self.context.error(errors.VolatileFunction(self.context.span(node), f"{function.name}()"))
        direct = tuple(args[: len(args) - len(node.agg_order or ())]) if node.agg_within_group else args
        call = Call(
            function,
            direct,
            function.result,
            nullable=function.name not in ("count", "grouping"),
            star=bool(node.agg_star),
            distinct=bool(node.agg_distinct),
            filter=self.filter(node),
            order=self.order(node),
            within_group=bool(node.agg_within_group),
            variadic=bool(node.func_variadic),
        )
        if call not in self.calls:
            column = fresh(function.name, function.result, nullable=call.nullable)
            self.calls[call] = replace(column, scales=self.scales(call))
        return self.calls[call]

    def scales(self, call: Call) -> frozenset[int] | None:
        if call.function.name in ("sum", "min", "max") and call.type.name in facts.EXACT_NUMBERS and call.args:
            return frozenset({0}) if call.type.name != "numeric" else call.args[0].scales
        return frozenset({0}) if call.type.name == "int8" else None

    def filter(self, node: ast.FuncCall) -> Scalar | None:
        if node.agg_filter is None:
            return None
        return Expressions(self.context, self.scope, "FILTER", None, self.subquery).condition(node.agg_filter)

    def order(self, node: ast.FuncCall) -> tuple[tuple[Scalar, str], ...]:
        binder = Expressions(self.context, self.scope, "ORDER BY", None, self.subquery)
        return tuple((binder.bind(item.node), direction(item)) for item in node.agg_order or ())

    # The grouped relation

    def grouped(
        self, rel: Rel, keys: list[Scalar], selected: list[Scalar], having: Scalar | None
    ) -> tuple[Rel, list[Scalar]]:
        keys = keys + self.dependent(keys, [*selected, *([having] if having is not None else [])])
        named = {key: key if isinstance(key, Col) else self.key_column(key) for key in keys}
        computed = {key: column for key, column in named.items() if key is not column}
        if computed:
            passed = tuple((column, column) for column in rel.schema)
            rel = Project(rel, (*passed, *((column, key) for key, column in computed.items())))
        calls = {column: call for call, column in self.calls.items()}
        grouped: Rel = Aggregate(rel, tuple(named.values()), tuple(calls.items()))
        known = set(grouped.schema)
        over = [replaced(value, computed) for value in selected]
        for (_, node), value in zip(self.targets, over, strict=True):
            self.check_grouped(node, value, known)
        if having is not None:
            condition = replaced(having, computed)
            self.check_grouped(self.node.havingClause, condition, known)
            grouped = Filter(grouped, conjuncts(condition))
        return grouped, over

    def key_column(self, key: Scalar) -> Col:
        """A computed key is called what the user calls it."""
        for name, node in self.targets:
            if isinstance(node, ast.Node) and self.expressions("SELECT").bind(node) == key:
                return fresh(name, key)
        return fresh(key.name if isinstance(key, Expression) and key.name.isidentifier() else "key", key)

    def dependent(self, keys: list[Scalar], used: list[Scalar]) -> list[Scalar]:
        """Columns of a table whose primary key is grouped by: they have one value in a group."""
        found: dict[Scalar, None] = {}
        loose = columns(*(replaced(value, dict.fromkeys(keys, POISON)) for value in used))
        for column in sorted(loose - set(self.calls.values()), key=lambda col: col.id):
            entry = self.scope.owner(column)
            if entry is None or entry.relation is None or not entry.relation.primary_key:
                continue
            names = dict(entry.columns)
            if all(names.get(part) in keys for part in entry.relation.primary_key):
                found[column] = None
        return list(found)

    def check_grouped(self, node: Any, value: Scalar, known: set[Col]) -> None:
        if is_poisoned(value):
            return
        for column in sorted(columns(value) - known, key=lambda col: col.id):
            owner = self.scope.owner(column)
            name = f"{owner.alias}.{column.name}" if owner and owner.alias else column.name
            span = self.context.span(self.reference(node, column.name) or node)
            self.context.error(errors.UngroupedColumn(span, name))

    def reference(self, node: Any, name: str) -> Any:
        """The reference to a column somewhere in an expression."""
        if isinstance(node, ast.ColumnRef):
            last = node.fields[-1]
            return node if isinstance(last, ast.String) and last.sval == name else None
        parts = node if isinstance(node, tuple) else [getattr(node, f) for f in node] if isinstance(node, ast.Node) else ()
        return next(filter(None, (self.reference(part, name) for part in parts)), None)


def replaced(scalar: Scalar, mapping: Mapping[Scalar, Scalar]) -> Scalar:
    """`scalar` with whole subexpressions replaced, outermost first."""
    if scalar in mapping:
        return mapping[scalar]
    if isinstance(scalar, Col):
        return scalar
    args = tuple(replaced(arg, mapping) for arg in scalar.args)
    return scalar if args == scalar.args else replace(scalar, args=args)


def direction(item: ast.SortBy) -> str:
    """The words after an ORDER BY item."""
    words = {SortByDir.SORTBY_ASC: " ASC", SortByDir.SORTBY_DESC: " DESC"}.get(item.sortby_dir, "")
    if item.sortby_dir == SortByDir.SORTBY_USING:
        words = f" USING {item.useOp[-1].sval}"
    nulls = {SortByNulls.SORTBY_NULLS_FIRST: " NULLS FIRST", SortByNulls.SORTBY_NULLS_LAST: " NULLS LAST"}
    return words + nulls.get(item.sortby_nulls, "")
