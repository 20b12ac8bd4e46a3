"""SELECT → relation.

Source: PostgreSQL manual, 7.2 "Table Expressions", 7.3 "Select Lists", 7.4 "Combining Queries".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pglast import ast
from pglast.enums import LimitOption, SetOperation

from ivmc import errors
from ivmc.bind.context import TEXT, UNKNOWN, Context
from ivmc.bind.expression import Expressions
from ivmc.bind.grouping import Grouping
from ivmc.bind.names import output_name
from ivmc.bind.scope import Scope
from ivmc.bind.tables import Bound, Environment, Opaque, Tables, values
from ivmc.catalog import Catalog, Unresolved
from ivmc.diagnostics import CompileError
from ivmc.ir import Aggregate, Filter, Project, Rel, Union
from ivmc.parse import Parsed
from ivmc.scalar import Col, Scalar, conjuncts, fresh

LOCKS = ("FOR KEY SHARE", "FOR SHARE", "FOR NO KEY UPDATE", "FOR UPDATE")


def bind(parsed: Parsed, catalog: Catalog) -> tuple[Bound | None, Context]:
    """The query as typed algebra; None where its columns cannot be known.

    Where the context has `reasons`, only a full refresh can maintain it, and the algebra is good
    for its column names alone. Raises CompileError with every mistake of the query.
    """
    context = Context(catalog, parsed.text)
    try:
        bound: Bound | None = query(context, parsed.select, None, Environment())
    except Opaque:
        bound = None
    if bound is not None:
        _check_outputs(context, bound, parsed.select)
    if context.errors:
        raise CompileError(tuple(context.errors), parsed.text)
    return bound, context


def query(context: Context, node: Any, parent: Scope | None, environment: Environment) -> Bound:
    """Any SELECT: simple, VALUES, or a set operation, with its WITH, ORDER BY and LIMIT."""
    if not isinstance(node, ast.SelectStmt):
        context.reason(errors.NotCovered(context.span(node), "this WITH query"))
        raise Opaque
    if node.withClause is not None and node.withClause.recursive:
        _check_recursion(context, node.withClause)
    environment = environment.extended(node.withClause)
    if node.op != SetOperation.SETOP_NONE:
        bound = _combined(context, node, parent, environment)
    elif node.valuesLists:
        bound = values(context, node.valuesLists, Scope(parent=parent))
    else:
        bound = Simple(context, node, parent, environment).bind()
    _check_limits(context, node)
    return bound


def _check_recursion(context: Context, clause: ast.WithClause) -> None:
    """WITH RECURSIVE is a fallback only where a query refers to itself."""
    for cte in clause.ctes:
        if cte.ctename in _tables_named(cte.ctequery):
            context.reason(errors.Recursion(context.span(cte), cte.ctename))
            raise Opaque


def _tables_named(node: Any) -> set[str]:
    if isinstance(node, ast.RangeVar):
        return {node.relname} if node.schemaname is None else set()
    if isinstance(node, tuple):
        return set().union(*map(_tables_named, node)) if node else set()
    if isinstance(node, ast.Node):
        return set().union(*(_tables_named(getattr(node, name)) for name in node))
    return set()


def _check_limits(context: Context, node: ast.SelectStmt) -> None:
    if node.lockingClause:
        clause = node.lockingClause[0]
        words = LOCKS[clause.strength - 1]
        context.error(errors.LockingClause(context.clause(*words.split()), words))
    limited = node.limitCount is not None and not getattr(node.limitCount, "isnull", False)
    if limited or node.limitOffset is not None:
        clause = "FETCH … WITH TIES" if node.limitOption == LimitOption.LIMIT_OPTION_WITH_TIES else "LIMIT"
        span = context.clause("LIMIT") or context.clause("FETCH") or context.clause("OFFSET")
        context.reason(errors.RowLimit(span, clause))


def _check_outputs(context: Context, bound: Bound, node: ast.SelectStmt) -> None:
    """The view's columns need names of their own and storable types."""
    seen: set[str] = set()
    for i, (name, column) in enumerate(zip(bound.names, bound.rel.schema, strict=True)):
        targets = node.targetList or ()
        target = targets[i] if len(targets) == len(bound.names) else None
        span = target and (context.span(target.val) or context.span(target))
        if name in seen:
            context.error(errors.DuplicateOutputColumn(span, name))
        if name.startswith("__ivmc_"):
            context.error(errors.ReservedColumn(span, name))
        if column.type.name in ("record", "cstring") and not context.errors:
            context.error(errors.PseudoTypeColumn(span, name, column.type.sql))
        seen.add(name)


# Set operations


def _combined(context: Context, node: ast.SelectStmt, parent: Scope | None, environment: Environment) -> Bound:
    """UNION [ALL]; the others are bound for their mistakes and reported."""
    arms = [query(context, arm, parent, environment) for arm in (node.larg, node.rarg)]
    if node.op != SetOperation.SETOP_UNION:
        kind = {SetOperation.SETOP_INTERSECT: "INTERSECT", SetOperation.SETOP_EXCEPT: "EXCEPT"}[node.op]
        context.reason(errors.SetOperation(context.clause(kind), kind + (" ALL" if node.all else "")))
    if len(arms[0].names) != len(arms[1].names):
        fault = "each UNION query must have the same number of columns"
        span = context.clause("UNION")
        context.error(errors.ColumnCountMismatch(span, fault, len(arms[1].names), len(arms[0].names)))
        raise Opaque
    united = _union(context, arms, node)
    if node.all:
        return united
    return Bound(Aggregate(united.rel, _unique(united.rel.schema), ()), united.names)


def _union(context: Context, arms: Sequence[Bound], node: Any) -> Bound:
    """UNION ALL: every arm projected to the common types."""
    binder = Expressions(context, Scope(), "UNION")
    schema: list[Col] = []
    outputs: list[list[tuple[Col, Scalar]]] = [[] for _ in arms]
    for i, name in enumerate(arms[0].names):
        sides = [arm.rel.schema[i] for arm in arms]
        try:
            kind = context.catalog.common_type([side.type for side in sides], "UNION")
        except Unresolved as unresolved:
            binder.mismatch(node, unresolved)
            raise Opaque from None
        cast = [binder.converted(side, kind, node) for side in sides]
        column = fresh(name, kind, nullable=any(c.nullable for c in cast))
        schema.append(column)
        for arm, value in zip(outputs, cast, strict=True):
            arm.append((column, value))
    terms = tuple(Project(arm.rel, tuple(out)) for arm, out in zip(arms, outputs, strict=True))
    flat = tuple(t for term in terms for t in _arms(term))
    return Bound(Union(flat, tuple(schema)), arms[0].names)


def _arms(term: Project) -> tuple[Rel, ...]:
    """A nested UNION ALL is one union of all its arms."""
    if isinstance(term.input, Union):
        return tuple(Project(arm, term.outputs) for arm in term.input.inputs)
    return (term,)


def _unique(columns: Sequence[Col]) -> tuple[Col, ...]:
    return tuple(dict.fromkeys(columns))


# Simple queries


class Simple:
    """One SELECT … FROM … WHERE … GROUP BY … HAVING."""

    def __init__(
        self, context: Context, node: ast.SelectStmt, parent: Scope | None, environment: Environment
    ) -> None:
        self.context, self.node, self.environment = context, node, environment
        self.tables = Tables(context, environment, parent, query)

    def bind(self) -> Bound:
        rel, scope = self.tables.bind(self.node.fromClause)
        rel = self.where(rel, scope)
        targets = self.targets(scope)
        grouping = Grouping(self.context, self.node, scope, self.tables.subquery_types, targets)
        rel, selected = grouping.bind(rel)
        bound = self.project(rel, [name for name, _ in targets], selected)
        self.check_order(scope, bound, grouping)
        return self.distinct(bound)

    def where(self, rel: Rel, scope: Scope) -> Rel:
        if self.node.whereClause is None:
            return rel
        binder = Expressions(self.context, scope, "WHERE", subquery=self.tables.subquery_types)
        predicates = conjuncts(binder.condition(self.node.whereClause))
        return Filter(rel, predicates) if predicates else rel

    def targets(self, scope: Scope) -> list[tuple[str, Any]]:
        """The select list with `*` expanded: names and syntax nodes, or scalars for stars."""
        found: list[tuple[str, Any]] = []
        for target in self.node.targetList or ():
            value = target.val
            if isinstance(value, ast.ColumnRef) and isinstance(value.fields[-1], ast.A_Star):
                found.extend(self.star(value, scope))
            else:
                found.append((output_name(target), value))
        return found

    def star(self, node: ast.ColumnRef, scope: Scope) -> tuple[tuple[str, Scalar], ...]:
        parts = tuple(part.sval for part in node.fields[:-1])
        if not parts:
            if not scope.entries:
                fault = "SELECT * with no tables specified is not valid"
                self.context.error(errors.InvalidStar(self.context.span(node), fault))
            return scope.visible
        entry = scope.entry(parts)
        if entry is None:
            names = tuple(e.alias for e in scope.entries if e.alias)
            self.context.error(errors.MissingFromEntry(self.context.span(node), ".".join(parts), names))
            return ()
        return entry.columns

    def project(self, rel: Rel, names: Sequence[str], selected: Sequence[Scalar]) -> Bound:
        """The output columns; a column selected as it is keeps its identity."""
        outputs: dict[Col, Scalar] = {}
        binder = Expressions(self.context, Scope(), "SELECT")
        for name, value in zip(names, selected, strict=True):
            typed = binder.converted(value, TEXT, None, explicit=True) if value.type == UNKNOWN else value
            kept = isinstance(typed, Col) and typed not in outputs
            outputs[typed if kept else fresh(name, typed)] = typed  # type: ignore[index]
        return Bound(Project(rel, tuple(outputs.items())), tuple(names))

    def distinct(self, bound: Bound) -> Bound:
        clause = self.node.distinctClause
        if clause is None:
            return bound
        if clause[0] is not None:
            self.context.reason(errors.DistinctOn(self.context.span(clause[0])))
            return bound
        for column in bound.rel.schema:
            self.check_equality(column)
        return Bound(Aggregate(bound.rel, bound.rel.schema, ()), bound.names)

    def check_equality(self, column: Col) -> None:
        if column.type != UNKNOWN and self.context.catalog.equality(column.type) == "none":
            self.context.error(errors.MissingOperator(None, column.type.sql, "equality", "DISTINCT"))

    def check_order(self, scope: Scope, bound: Bound, grouping: Grouping) -> None:
        """ORDER BY orders nothing that is stored, but its names must exist."""
        for item in self.node.sortClause or ():
            node = item.node
            named = isinstance(node, ast.ColumnRef) and len(node.fields) == 1
            if named and isinstance(node.fields[0], ast.String) and node.fields[0].sval in bound.names:
                continue
            if isinstance(node, ast.A_Const):
                grouping.ordinal(node, "ORDER BY")
                continue
            grouping.expressions("ORDER BY").bind(node)


__all__ = ["Bound", "bind", "query"]
