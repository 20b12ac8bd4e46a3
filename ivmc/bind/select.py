"""SELECT → relation.

Source: PostgreSQL manual, 7.2 "Table Expressions", 7.3 "Select Lists", 7.8 "WITH Queries".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pglast import ast
from pglast.enums import LimitOption, SetOperation

from ivmc import errors
from ivmc.bind import combined, sets
from ivmc.bind.aggregates import Aggregates
from ivmc.bind.coercion import converted
from ivmc.bind.computed import column_of
from ivmc.bind.context import POISON, TEXT, UNKNOWN, Context, Opaque, Syntax
from ivmc.bind.expression import Expressions
from ivmc.bind.grouping import Grouping
from ivmc.bind.keys import Target, sort_key
from ivmc.bind.names import output_name
from ivmc.bind.scope import Environment, Named, Scope
from ivmc.bind.tables import Bound, Tables
from ivmc.catalog import Catalog
from ivmc.diagnostics import CompileError
from ivmc.ir import Aggregate, Filter, Project, Rel
from ivmc.names import PREFIX
from ivmc.parse import Parsed
from ivmc.predicate import conjuncts
from ivmc.scalar import Col, Scalar

LOCKS: Final = ("FOR KEY SHARE", "FOR SHARE", "FOR NO KEY UPDATE", "FOR UPDATE")


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


def query(context: Context, node: Syntax, parent: Scope | None, environment: Environment) -> Bound:
    """Any SELECT: simple, VALUES, or a set operation, with its WITH, ORDER BY and LIMIT. Raises Opaque."""
    return _query(context, node, parent, environment, resolve=True)


def _query(
    context: Context, node: Syntax, parent: Scope | None, environment: Environment, *, resolve: bool
) -> Bound:
    """As `query`; `resolve` makes bare literals text, which an arm of a set operation does not."""
    if not isinstance(node, ast.SelectStmt):
        context.reason(errors.NotCovered(context.span(node), "this WITH query"))
        raise Opaque
    if node.withClause is not None:
        environment = _with(context, node, parent, environment)
    if node.op != SetOperation.SETOP_NONE:
        left, right = (_query(context, n, parent, environment, resolve=False) for n in (node.larg, node.rarg))
        bound = combined.combined(context, node, (left, right))
    elif node.valuesLists:
        attached = Tables(context, environment, parent, query).attachments()
        bound = combined.values(context, node.valuesLists, Scope(parent=parent), attached)
    else:
        tables = Tables(context, environment, parent, query)
        bound = Simple(context, node, tables, resolve or node.distinctClause is not None).bind()
    _check_limits(context, node)
    return bound


# WITH


def _with(context: Context, node: Syntax, parent: Scope | None, environment: Environment) -> Environment:
    """The WITH queries in sight of a SELECT. One that nothing reads is bound for its mistakes."""
    if node.withClause.recursive:
        _check_recursion(context, node.withClause)
    inside = environment.extended(node.withClause, parent)
    read = _tables_named(node)
    for cte in node.withClause.ctes:
        if cte.ctename not in read:
            table = ast.RangeVar(relname=cte.ctename, inh=True, location=cte.location)
            _look_at(Tables(replace(context, reasons=[]), inside, parent, query), table)
    return inside


def _look_at(tables: Tables, table: Syntax) -> None:
    try:
        tables.with_query(table)
    except Opaque:
        return


def _check_recursion(context: Context, clause: Syntax) -> None:
    """WITH RECURSIVE is a fallback only where a query refers to itself, or to one after it."""
    for i, cte in enumerate(clause.ctes):
        later = {other.ctename for other in clause.ctes[i:]}
        if later & _tables_named(cte.ctequery):
            context.reason(errors.Recursion(context.span(cte), cte.ctename))
            raise Opaque


def _tables_named(node: Syntax) -> set[str]:
    if isinstance(node, ast.RangeVar):
        return {str(node.relname)} if node.schemaname is None else set()
    if isinstance(node, tuple):
        return set().union(*map(_tables_named, node)) if node else set()
    if isinstance(node, ast.Node):
        return set().union(*(_tables_named(getattr(node, name)) for name in node))
    return set()


# What surrounds a query


def _check_limits(context: Context, node: Syntax) -> None:
    if node.lockingClause:
        words = LOCKS[node.lockingClause[0].strength - 1]
        context.error(errors.LockingClause(context.clause(*words.split()), words))
    limited = node.limitCount is not None and not getattr(node.limitCount, "isnull", False)
    if limited or node.limitOffset is not None:
        ties = node.limitOption == LimitOption.LIMIT_OPTION_WITH_TIES
        span = context.clause("LIMIT") or context.clause("FETCH") or context.clause("OFFSET")
        context.reason(errors.RowLimit(span, "FETCH … WITH TIES" if ties else "LIMIT"))


def _check_outputs(context: Context, bound: Bound, node: Syntax) -> None:
    """The view's columns need names of their own and storable types."""
    seen: set[str] = set()
    targets = node.targetList or ()
    for i, (name, column) in enumerate(bound.columns()):
        target = targets[i] if len(targets) == len(bound.names) else None
        span = target and (context.span(target.val) or context.span(target))
        if name in seen:
            context.error(errors.DuplicateOutputColumn(span, name))
        if name.startswith(PREFIX):
            context.error(errors.ReservedColumn(span, name))
        if column.type.name in ("record", "cstring") and not context.errors:
            context.error(errors.PseudoTypeColumn(span, name, context.catalog.shown(column.type)))
        seen.add(name)


@dataclass(frozen=True, slots=True)
class Simple:
    """One SELECT … FROM … WHERE … GROUP BY … HAVING; `resolve` makes bare literals text."""

    context: Context
    node: Syntax
    tables: Tables
    resolve: bool

    def bind(self) -> Bound:
        """The relation and its output columns. Raises Opaque."""
        rel, scope = self.tables.bind(self.node.fromClause)
        rel = self.where(rel, scope)
        aggregates = Aggregates(self.context, scope, self.tables.attachments())
        targets = self.targets(scope, aggregates.expressions("SELECT"))
        having = self.having(aggregates)
        order = self.order(aggregates, targets)
        for join in aggregates.attached.joins:
            if any(sets.among(*join.on)):
                self.context.reason(
                    errors.NotCovered(None, "a set-returning function that a query is compared with")
                )
        sorted_by = [Target("order", node, key) for node, key in order if any(sets.among(key))]
        rel, values = Grouping(aggregates, self.node, [*targets, *sorted_by], having, order).bind(rel)
        rel, values = sets.expanded(self.context, rel, values)
        bound = self.project(rel, [target.name for target in targets], values[: len(targets)])
        return self.distinct(bound, aggregates, targets)

    def where(self, rel: Rel, scope: Scope) -> Rel:
        """The rows for which WHERE holds."""
        if self.node.whereClause is None:
            return rel
        attached = self.tables.attachments()
        binder = Expressions(self.context, scope, "WHERE", attached=attached)
        predicates = conjuncts(binder.condition(self.node.whereClause))
        return Filter(attached.over(rel, *predicates), predicates) if predicates else rel

    def having(self, aggregates: Aggregates) -> Scalar | None:
        """The condition on groups."""
        clause = self.node.havingClause
        return None if clause is None else aggregates.expressions("HAVING").condition(clause)

    def order(self, aggregates: Aggregates, targets: Sequence[Target]) -> list[tuple[Syntax, Scalar]]:
        """What ORDER BY sorts by: nothing of it is stored, but it must be right."""
        nodes = [item.node for item in self.node.sortClause or ()]
        keys = [(node, sort_key(aggregates, targets, node, "ORDER BY")) for node in nodes]
        if self.node.distinctClause is not None and self.node.distinctClause[0] is None:
            selected = {target.value for target in targets} | {POISON}
            fault = "for SELECT DISTINCT, ORDER BY expressions must appear in select list"
            for node, key in keys:
                if key not in selected:
                    self.context.error(errors.InvalidKey(self.context.span(node), fault))
        return keys

    # The select list

    def targets(self, scope: Scope, binder: Expressions) -> list[Target]:
        """The output columns, `*` expanded."""
        found: list[Target] = []
        for target in self.node.targetList or ():
            value = target.val
            if isinstance(value, ast.ColumnRef) and isinstance((value.fields or ())[-1], ast.A_Star):
                found.extend(Target(name, value, column) for name, column in self.star(value, scope))
            elif isinstance(value, ast.A_Indirection) and isinstance(
                (value.indirection or ())[-1], ast.A_Star
            ):
                found.extend(self.fields(value, binder))
            else:
                found.append(Target(output_name(target), value, self.resolved(binder.bind(value))))
        return found

    def fields(self, node: Syntax, binder: Expressions) -> Iterator[Target]:
        """What `(row).*` stands for."""
        steps = node.indirection[:-1]
        row = binder.bind(ast.A_Indirection(arg=node.arg, indirection=steps) if steps else node.arg)
        members = row.members if isinstance(row, sets.SetCall) else self.context.catalog.fields(row.type)
        for name, _ in members:
            one = ast.A_Indirection(arg=node.arg, indirection=(*steps, ast.String(sval=name)))
            yield Target(name, node, binder.bind(one))

    def star(self, node: Syntax, scope: Scope) -> Named:
        """The columns that `*` or `t.*` stands for."""
        parts = tuple(part.sval for part in node.fields[:-1])
        if not parts:
            if not scope.entries:
                fault = "SELECT * with no tables specified is not valid"
                self.context.error(errors.InvalidStar(self.context.span(node), fault))
            return scope.visible
        for level in scope.levels():
            if (entry := level.entry(parts)) is not None:
                if not level.barred.isdisjoint(column for _, column in entry.columns):
                    self.context.error(errors.InvalidReference(self.context.span(node), ".".join(parts)))
                return entry.columns
        span = self.context.span(node)
        self.context.error(errors.MissingFromEntry(span, ".".join(parts), scope.aliases()))
        return ()

    def project(self, rel: Rel, names: Sequence[str], values: Sequence[Scalar]) -> Bound:
        """The output columns; a column selected as it is keeps its identity."""
        outputs: dict[Col, Scalar] = {}
        for name, value in zip(names, values, strict=True):
            if isinstance(value, Col) and value in rel.schema and value not in outputs:
                outputs[value] = value
            else:
                outputs[column_of(self.context.catalog, name, value)] = value
        return Bound(Project(rel, tuple(outputs.items())), tuple(names))

    def resolved(self, value: Scalar) -> Scalar:
        """A bare literal that nothing gave a type is text."""
        if value is POISON or value.type != UNKNOWN or not self.resolve:
            return value
        return converted(self.context, value, TEXT, None, explicit=True)

    # DISTINCT

    def distinct(self, bound: Bound, aggregates: Aggregates, targets: Sequence[Target]) -> Bound:
        """Every row once; DISTINCT ON is reported."""
        clause = self.node.distinctClause
        if clause is None:
            return bound
        if clause[0] is not None:
            for item in clause:
                sort_key(aggregates, targets, item, "DISTINCT ON")
            self.context.reason(errors.DistinctOn(self.context.span(clause[0])))
            return bound
        for column in bound.rel.schema:
            if column.type != UNKNOWN and self.context.catalog.equality(column.type) == "none":
                shown = self.context.catalog.shown(column.type)
                self.context.error(errors.MissingOperator(None, shown, "equality", "DISTINCT"))
        return Bound(Aggregate(bound.rel, bound.rel.schema, ()), bound.names)
