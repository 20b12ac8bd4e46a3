"""FROM clauses → relations with a scope.

Source: PostgreSQL manual, 7.2.1 "The FROM Clause".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from pglast import ast
from pglast.enums import JoinType

from ivmc import errors
from ivmc.bind import facts
from ivmc.bind.context import Context
from ivmc.bind.expression import Expressions
from ivmc.bind.scope import Entry, Scope
from ivmc.catalog import Column, Relation, Unresolved
from ivmc.ir import Filter, Join, Project, Rel, Scan, Values
from ivmc.parse import parse
from ivmc.scalar import Expression, Scalar, conjuncts, fresh, literal

OUTER = {JoinType.JOIN_LEFT: "LEFT", JoinType.JOIN_RIGHT: "RIGHT", JoinType.JOIN_FULL: "FULL"}
UNCAPTURED = {"m": "materialized view", "f": "foreign table"}


@dataclass(frozen=True, slots=True)
class Bound:
    """A query's relation and its output columns by name; their order is the schema's."""

    rel: Rel
    names: tuple[str, ...]

    def columns(self) -> tuple[tuple[str, Scalar], ...]:
        return tuple(zip(self.names, self.rel.schema, strict=True))


Query = Callable[[Context, ast.SelectStmt, "Scope | None", "Environment"], Bound]


@dataclass(frozen=True, slots=True)
class Environment:
    """The WITH queries in sight: each is bound anew where it is named, in its own environment."""

    queries: dict[str, tuple[ast.CommonTableExpr, Environment]] = field(default_factory=dict)

    def extended(self, clause: ast.WithClause | None) -> Environment:
        env = self
        for cte in clause.ctes if clause else ():
            env = Environment(env.queries | {cte.ctename: (cte, env)})
        return env


UNIT = Values((), ((),))


@dataclass
class Tables:
    """Binds the items of one FROM clause. `query` binds a SELECT."""

    context: Context
    environment: Environment
    parent: Scope | None
    query: Query

    def bind(self, items: tuple[Any, ...] | None) -> tuple[Rel, Scope]:
        """`FROM a, b`: the product of the items; one empty row where there is no FROM."""
        rel: Rel = UNIT
        scope = Scope(parent=self.parent)
        for item in items or ():
            other, entries = self.item(item)
            self.check_aliases(scope, entries, item)
            rel = other if rel is UNIT else Join(rel, other, ())
            scope = scope.beside(entries)
        return rel, scope

    def check_aliases(self, left: Scope, right: Scope, node: Any) -> None:
        taken = {entry.alias for entry in left.entries if entry.alias}
        for entry in right.entries:
            if entry.alias in taken:
                self.context.error(errors.DuplicateAlias(self.context.span(node), entry.alias))

    def item(self, node: Any) -> tuple[Rel, Scope]:
        match node:
            case ast.RangeVar():
                return self.table(node)
            case ast.RangeSubselect():
                return self.subselect(node)
            case ast.JoinExpr():
                return self.join(node)
            case ast.RangeTableSample():
                self.context.error(errors.TableSample(self.context.span(node)))
                return self.item(node.relation)
            case ast.RangeFunction():
                return self.opaque(node, "a function in FROM")
            case _:
                return self.opaque(node, "XMLTABLE" if isinstance(node, ast.RangeTableFunc) else "JSON_TABLE")

    def opaque(self, node: Any, kind: str) -> tuple[Rel, Scope]:
        """A table function: reported; its columns are not known, so nothing more is said."""
        self.context.reason(errors.TableFunction(self.context.span(node), kind))
        raise Opaque

    # Named relations

    def table(self, node: ast.RangeVar) -> tuple[Rel, Scope]:
        if node.schemaname is None and node.relname in self.environment.queries:
            return self.with_query(node)
        names = (node.schemaname, node.relname) if node.schemaname else (node.relname,)
        relation = self.context.catalog.relation(names)
        if relation is None:
            known = tuple(relation.name for relation in self.context.catalog.relations())
            self.context.error(errors.UnknownRelation(self.context.span(node), ".".join(names), known))
            raise Opaque
        if relation.kind == "v" and relation.definition is not None:
            return self.view(node, relation)
        return self.base(node, relation)

    def with_query(self, node: ast.RangeVar) -> tuple[Rel, Scope]:
        cte, environment = self.environment.queries[node.relname]
        bound = self.query(self.context, cte.ctequery, None, environment)
        if cte.aliascolnames:
            bound = self.renamed(bound, cte.aliascolnames, node.relname, node)
        return self.derived(bound, node.alias, node.relname, node)

    def view(self, node: ast.RangeVar, relation: Relation) -> tuple[Rel, Scope]:
        """A view is its definition, bound under its own names."""
        select = parse(relation.definition or "").select
        inside = self.context.inside_view(relation.name, node)
        bound = self.query(inside, select, None, Environment())
        if relation.columns:
            bound = Bound(bound.rel, tuple(column.name for column in relation.columns))
        return self.derived(bound, node.alias, relation.name, node, schema=relation.schema)

    def base(self, node: ast.RangeVar, relation: Relation) -> tuple[Rel, Scope]:
        self.check_captured(node, relation)
        alias = node.alias.aliasname if node.alias else relation.name
        real = [column for column in relation.columns if column.generated != "v"]
        columns = {column.name: _column(column) for column in real}
        rel: Rel = Scan(relation, alias, tuple(columns.values()))
        entry_columns = tuple(columns.items())
        if len(real) < len(relation.columns):
            rel, entry_columns = self.with_generated(rel, relation, entry_columns)
        named = self.aliased(entry_columns, node.alias, alias, node)
        schema = None if node.alias else relation.schema
        return rel, Scope((Entry(alias, named, relation, schema),), named)

    def with_generated(
        self, rel: Rel, relation: Relation, stored: tuple[tuple[str, Any], ...]
    ) -> tuple[Rel, tuple[tuple[str, Scalar], ...]]:
        """Virtual generated columns are their expressions over the stored ones (law 23)."""
        scope = Scope((Entry(relation.name, stored, relation, relation.schema),), stored)
        outputs = {name: (column, column) for name, column in stored}
        for column in relation.columns:
            if column.generated == "v":
                select = parse(f"SELECT {column.expression}").select
                value = Expressions(replace(self.context, text=""), scope, "SELECT").bind(select.targetList[0].val)
                outputs[column.name] = (fresh(column.name, value), value)
        ordered = tuple(outputs[column.name] for column in relation.columns)
        named = tuple(zip((c.name for c in relation.columns), (col for col, _ in ordered), strict=True))
        return Project(rel, ordered), named

    def check_captured(self, node: ast.RangeVar, relation: Relation) -> None:
        """Changes of some relations cannot be seen by statement triggers."""
        span = self.context.span(node)
        if relation.persistence == "t":
            self.context.error(errors.TemporaryTable(span, relation.name))
        kind = UNCAPTURED.get(relation.kind)
        if relation.has_children and relation.kind == "r" and node.inh:
            kind = "table with inheritance children"
        if relation.schema in ("pg_catalog", "information_schema"):
            kind = "system catalog"
        if kind:
            self.context.reason(errors.UncapturedSource(span, relation.name, kind))

    # Derived tables

    def subselect(self, node: ast.RangeSubselect) -> tuple[Rel, Scope]:
        if node.lateral:
            self.context.reason(errors.Lateral(self.context.clause("LATERAL")))
            raise Opaque
        bound = self.query(self.context, node.subquery, self.parent, self.environment)
        return self.derived(bound, node.alias, None, node)

    def derived(
        self, bound: Bound, alias: ast.Alias | None, name: str | None, node: Any, schema: str | None = None
    ) -> tuple[Rel, Scope]:
        known = alias.aliasname if alias else name
        named = self.aliased(bound.columns(), alias, known, node)
        return bound.rel, Scope((Entry(known, named, None, None if alias else schema),), named)

    def aliased(
        self, columns: tuple[tuple[str, Scalar], ...], alias: ast.Alias | None, name: str | None, node: Any
    ) -> tuple[tuple[str, Scalar], ...]:
        """`AS t (a, b)` renames the first columns."""
        new = tuple(part.sval for part in (alias.colnames if alias else None) or ())
        if len(new) > len(columns):
            span = self.context.span(node)
            self.context.error(errors.TooManyAliases(span, name or "", len(columns), len(new)))
        return tuple(zip(new, (c for _, c in columns), strict=False)) + columns[len(new) :]

    def renamed(self, bound: Bound, names: tuple[ast.String, ...], name: str, node: Any) -> Bound:
        given = tuple(part.sval for part in names)
        if len(given) > len(bound.names):
            span = self.context.span(node)
            self.context.error(errors.TooManyAliases(span, name, len(bound.names), len(given)))
        return Bound(bound.rel, (given + bound.names[len(given) :])[: len(bound.names)])

    # Joins

    def join(self, node: ast.JoinExpr) -> tuple[Rel, Scope]:
        left, left_scope = self.item(node.larg)
        right, right_scope = self.item(node.rarg)
        self.check_aliases(left_scope, right_scope, node.rarg)
        if node.jointype in OUTER:
            self.context.reason(errors.OuterJoin(self.context.span(node.rarg), OUTER[node.jointype]))
        merged = self.merged_names(node, left_scope, right_scope)
        scope = left_scope.beside(right_scope)
        predicates: tuple[Scalar, ...] = ()
        if merged:
            predicates, scope = self.using(node, merged, left_scope, right_scope)
        elif node.quals is not None:
            here = scope.within(self.parent)
            subquery = self.subquery_types
            predicates = conjuncts(Expressions(self.context, here, "ON", subquery=subquery).condition(node.quals))
        rel: Rel = Join(left, right, predicates)
        if node.alias is not None:
            named = self.aliased(scope.visible, node.alias, node.alias.aliasname, node)
            scope = Scope((Entry(node.alias.aliasname, named),), named)
        return rel, scope

    def subquery_types(self, select: ast.SelectStmt, scope: Scope) -> tuple[Any, ...]:
        bound = self.query(self.context, select, scope, self.environment)
        return tuple(column.type for column in bound.rel.schema)

    def merged_names(self, node: ast.JoinExpr, left: Scope, right: Scope) -> tuple[str, ...]:
        if node.isNatural:
            known = {name for name, _ in right.visible}
            return tuple(dict.fromkeys(name for name, _ in left.visible if name in known))
        return tuple(part.sval for part in node.usingClause or ())

    def using(
        self, node: ast.JoinExpr, names: tuple[str, ...], left: Scope, right: Scope
    ) -> tuple[tuple[Scalar, ...], Scope]:
        """USING (a, b): equalities, and one merged column for each pair, in front."""
        binder = Expressions(self.context, left.beside(right), "USING")
        predicates, merged = [], []
        for name in names:
            pair = [self.using_column(node, name, side) for side in (left, right)]
            if None in pair:
                continue
            a, b = pair
            predicates.append(binder.infix(node, ("=",), a, b))
            merged.append((name, self.merged_column(node, binder, a, b)))
        gone = set(names)
        rest = tuple((n, c) for n, c in left.visible + right.visible if n not in gone)
        entries = left.entries + right.entries
        if node.join_using_alias is not None:
            entries += (Entry(node.join_using_alias.aliasname, tuple(merged)),)
        return tuple(predicates), Scope(entries, tuple(merged) + rest, left.parent)

    def using_column(self, node: ast.JoinExpr, name: str, side: Scope) -> Any:
        found = side.unqualified(name)
        if len(found) == 1:
            return found[0]
        span = self.context.span(node.rarg)
        if found:
            fault = f'common column name "{name}" appears more than once in one side of the join'
            self.context.error(errors.InvalidUsing(span, fault))
        else:
            fault = f'column "{name}" specified in USING clause does not exist in both tables'
            self.context.error(errors.InvalidUsing(span, fault))
        return None

    def merged_column(self, node: ast.JoinExpr, binder: Expressions, left: Scalar, right: Scalar) -> Scalar:
        """The column that needs no cast, the left one first; equal values may differ in print."""
        try:
            kind = self.context.catalog.common_type([left.type, right.type])
        except Unresolved:
            return left
        sides = (right,) if node.jointype == JoinType.JOIN_RIGHT else (left, right)
        return next((side for side in sides if side.type == kind), binder.converted(sides[0], kind, node))


class Opaque(Exception):  # noqa: N818 - a jump to the end of binding, everything is reported by then
    """The rest of the query cannot be bound: its columns are not known."""


def _column(column: Column) -> Any:
    col = fresh(column.name, column.type, nullable=not column.not_null)
    return replace(col, scales=facts.numeric_scale(column.type))


def values(context: Context, rows: tuple[tuple[Any, ...], ...], scope: Scope) -> Bound:
    """VALUES lists: each column has the common type of its entries."""
    binder = Expressions(context, scope, "VALUES")
    bound = [binder.many(row) for row in rows]
    width = len(bound[0])
    short = next((row for row in bound if len(row) != width), None)
    if short is not None:
        span = context.clause("VALUES")
        context.error(errors.ColumnCountMismatch(span, "VALUES lists must all be the same length", len(short), width))
        raise Opaque
    kinds = [binder.common(rows[0][i], [row[i] for row in bound]) for i in range(width)]
    if None in kinds:
        raise Opaque
    cast = [
        tuple(
            binder.converted(s, k, rows[0][0], explicit=s.type != k)
            for s, k in zip(row, kinds, strict=True)  # type: ignore[arg-type]
        )
        for row in bound
    ]
    names = tuple(f"column{i + 1}" for i in range(width))
    schema = tuple(
        fresh(name, kind, nullable=any(row[i].nullable for row in cast))  # type: ignore[arg-type]
        for i, (name, kind) in enumerate(zip(names, kinds, strict=True))
    )
    return Bound(Values(schema, tuple(cast)), names)
