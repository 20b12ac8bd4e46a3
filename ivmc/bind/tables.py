"""FROM clauses → relations with a scope.

Source: PostgreSQL manual, 7.2.1 "The FROM Clause".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pglast import ast

from ivmc import errors
from ivmc.bind import facts, functions, joins
from ivmc.bind.attached import Attachments
from ivmc.bind.coercion import converted
from ivmc.bind.context import Context, Opaque, Syntax, attempted
from ivmc.bind.expression import Expressions
from ivmc.bind.scope import Entry, Environment, Named, Scope
from ivmc.catalog import Column, Relation, Type
from ivmc.ir import UNIT, Join, Project, Rel, Scan
from ivmc.parse import parse
from ivmc.scalar import Col, Scalar, fresh

UNCAPTURED: Final = {"m": "materialized view", "f": "foreign table"}


@dataclass(frozen=True, slots=True)
class Bound:
    """A query's relation and its output columns by name; their order is the schema's."""

    rel: Rel
    names: tuple[str, ...]

    def columns(self) -> Named:
        """The output columns with their names."""
        return tuple(zip(self.names, self.rel.schema, strict=True))


Query = Callable[[Context, Syntax, "Scope | None", Environment], Bound]


@dataclass(frozen=True, slots=True)
class Tables:
    """Binds the items of one FROM clause.

    `parent` is the scope of the enclosing query; `query` binds a SELECT; `earlier` are the items to
    the left, which LATERAL and the arguments of functions may read.
    """

    context: Context
    environment: Environment
    parent: Scope | None
    query: Query
    earlier: Scope = field(default_factory=Scope)

    def bind(self, items: tuple[Any, ...] | None) -> tuple[Rel, Scope]:
        """`FROM a, b`: the product of the items; one empty row where there is no FROM."""
        rel: Rel = UNIT
        scope = Scope(parent=self.parent)
        for item in items or ():
            other, entries = self.after(scope).item(item)
            self.check_aliases(scope, entries, item)
            rel = other if rel is UNIT else Join(rel, other, ())
            scope = scope.beside(entries)
        return rel, scope

    def after(self, scope: Scope) -> Tables:
        """The same for an item that has these to its left."""
        return replace(self, earlier=self.earlier.beside(scope))

    def check_aliases(self, left: Scope, right: Scope, node: Syntax) -> None:
        """Two items of one name would leave it open which is meant."""
        for entry in right.entries:
            if entry.alias and any(entry.clashes(other) for other in left.entries):
                self.context.error(errors.DuplicateAlias(self.context.span(node), entry.alias))

    def item(self, node: Syntax) -> tuple[Rel, Scope]:
        """One item of FROM. Raises Opaque."""
        match node:
            case ast.RangeVar():
                return self.table(node)
            case ast.RangeSubselect():
                return self.subselect(node)
            case ast.JoinExpr():
                return joins.join(self, node)
            case ast.RangeTableSample():
                self.context.error(errors.TableSample(self.context.span(node)))
                return self.item(node.relation)
            case ast.RangeFunction():
                return functions.item(self, node)
            case _:
                return functions.table(self, node)

    def attachments(self) -> Attachments:
        """What the expressions of another clause of this query are joined with: nothing yet."""
        return Attachments(self.subquery)

    def subquery(self, select: ast.SelectStmt, scope: Scope) -> Rel:
        """A query that stands in an expression. Raises Opaque."""
        return self.query(self.context, select, scope, self.environment).rel

    # Named relations

    def table(self, node: Syntax) -> tuple[Rel, Scope]:
        """A WITH query, a view or a table."""
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

    def with_query(self, node: Syntax) -> tuple[Rel, Scope]:
        """A WITH query under the column names of its own list."""
        known = self.environment.queries[node.relname]
        bound = self.query(self.context, known.cte.ctequery, known.scope, known.environment)
        columns = self.renamed(bound.columns(), known.cte.aliascolnames, node.relname, node)
        return self.derived(bound.rel, columns, node, node.relname)

    def view(self, node: Syntax, relation: Relation) -> tuple[Rel, Scope]:
        """A view is its definition, bound under its own names."""
        select = parse(relation.definition or "").select
        bound = self.query(self.context.inside(node), select, None, Environment())
        names = tuple(column.name for column in relation.columns) or bound.names
        columns = Bound(bound.rel, names).columns()
        rel, scope = self.derived(bound.rel, columns, node, relation.name, relation.schema)
        return rel, scope.of_rows(Type(relation.schema, relation.name))

    def base(self, node: Syntax, relation: Relation) -> tuple[Rel, Scope]:
        """A table, its virtual generated columns computed."""
        self.check_captured(node, relation)
        alias = node.alias.aliasname if node.alias else relation.name
        columns = {c.name: _column(c) for c in relation.columns if c.generated != "v"}
        rel: Rel = Scan(relation, alias, tuple(columns.values()))
        named: Named = tuple(columns.items())
        if len(columns) < len(relation.columns):
            rel, named = self.with_generated(rel, relation, columns, node)
        named = self.aliased(named, node.alias, alias, node)
        return rel, Scope.of(Entry(alias, named, relation, None if node.alias else relation.schema))

    def with_generated(
        self, rel: Rel, relation: Relation, stored: dict[str, Col], node: Syntax
    ) -> tuple[Rel, Named]:
        """Virtual generated columns are their expressions over the stored ones (law 23)."""
        scope = Scope.of(Entry(relation.name, tuple(stored.items()), relation, relation.schema))
        binder = Expressions(self.context.inside(node), scope, "SELECT")
        outputs: dict[str, tuple[Col, Scalar]] = {name: (column, column) for name, column in stored.items()}
        for column in relation.columns:
            if column.generated == "v":
                value = attempted(_generated, binder, column)
                outputs[column.name] = (fresh(column.name, value, collation=column.collation), value)
        ordered = tuple((column.name, outputs[column.name]) for column in relation.columns)
        return Project(rel, tuple(pair for _, pair in ordered)), tuple((n, col) for n, (col, _) in ordered)

    def check_captured(self, node: Syntax, relation: Relation) -> None:
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

    def subselect(self, node: Syntax) -> tuple[Rel, Scope]:
        """A query in FROM."""
        earlier = self.earlier if node.lateral else Scope().blind_to(self.earlier)
        around = earlier.within(self.parent)
        bound = self.query(self.context, node.subquery, around, self.environment)
        return self.derived(bound.rel, bound.columns(), node)

    def derived(
        self, rel: Rel, columns: Named, node: Syntax, name: str | None = None, schema: str | None = None
    ) -> tuple[Rel, Scope]:
        """A query under the alias of `node`, or else under `name`, which then may follow its `schema`."""
        known = node.alias.aliasname if node.alias else name
        named = self.aliased(columns, node.alias, known, node)
        return rel, Scope.of(Entry(known, named, None, None if node.alias else schema))

    def aliased(self, columns: Named, alias: Syntax, name: str | None, node: Syntax) -> Named:
        """The columns under the names of `AS t (a, b)`."""
        return self.renamed(columns, alias.colnames if alias else None, name, node)

    def renamed(
        self, columns: Named, names: tuple[ast.String, ...] | None, name: str | None, node: Syntax
    ) -> Named:
        """The first columns under other names."""
        new = tuple(str(part.sval) for part in names or ())
        if len(new) > len(columns):
            span = self.context.span(node)
            self.context.error(errors.TooManyAliases(span, name or "", len(columns), len(new)))
        return tuple(zip(new, (c for _, c in columns), strict=False)) + columns[len(new) :]


def _column(column: Column) -> Col:
    col = fresh(column.name, column.type, nullable=not column.not_null, collation=column.collation)
    return replace(col, scales=facts.numeric_scale(column.type))


def _generated(binder: Expressions, column: Column) -> Scalar:
    """The expression of a generated column, in the column's type."""
    target: Syntax = (parse(f"SELECT {column.expression}").select.targetList or ())[0]
    return converted(binder.context, binder.operand(target.val), column.type, target)
