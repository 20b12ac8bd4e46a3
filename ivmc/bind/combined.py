"""VALUES, and set operations.

Source: PostgreSQL manual, 7.4 "Combining Queries", 7.7 "VALUES Lists", 10.5 "UNION, CASE, and
Related Constructs".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pglast.enums import SetOperation

from ivmc import errors
from ivmc.bind import collation
from ivmc.bind.coercion import common_type, converted
from ivmc.bind.context import UNKNOWN, Context, Opaque, Poisoned, Syntax
from ivmc.bind.expression import Expressions
from ivmc.bind.keys import Target, bare_name, check_sortable, named, positioned
from ivmc.bind.scope import Scope
from ivmc.bind.tables import Bound
from ivmc.catalog import Type
from ivmc.ir import Aggregate, Project, Rel, Union, Values
from ivmc.scalar import Col, Scalar, fresh

NAMES: Final = {
    SetOperation.SETOP_UNION: "UNION",
    SetOperation.SETOP_INTERSECT: "INTERSECT",
    SetOperation.SETOP_EXCEPT: "EXCEPT",
}


def values(context: Context, rows: Sequence[Sequence[Syntax]], scope: Scope) -> Bound:
    """VALUES lists: each column has the common type of its entries. Raises Opaque."""
    binder = Expressions(context, scope, "VALUES")
    width = len(rows[0])
    short = next((row for row in rows if len(row) != width), None)
    if short is not None:
        fault = "VALUES lists must all be the same length"
        context.error(errors.ColumnCountMismatch(context.clause("VALUES"), fault, len(short), width))
        raise Opaque
    try:
        bound = binder.operands([entry for row in rows for entry in row])
        columns = [_retyped(context, bound[i::width], rows[0][i], "VALUES") for i in range(width)]
    except Poisoned:
        raise Opaque from None
    names = tuple(f"column{i + 1}" for i in range(width))
    schema = tuple(_column(context, name, column) for name, column in zip(names, columns, strict=True))
    return Bound(Values(schema, tuple(zip(*columns, strict=True))), names)


def combined(context: Context, node: Syntax, arms: tuple[Bound, Bound]) -> Bound:
    """UNION [ALL]; the others are bound for their mistakes and reported. Raises Opaque."""
    word = NAMES[node.op]
    if node.op != SetOperation.SETOP_UNION:
        context.reason(errors.SetOperation(context.clause(word), word + (" ALL" if node.all else "")))
    given, expected = len(arms[1].names), len(arms[0].names)
    if given != expected:
        fault = f"each {word} query must have the same number of columns"
        context.error(errors.ColumnCountMismatch(context.clause(word), fault, given, expected))
        raise Opaque
    try:
        united = _union(context, arms, node, word)
    except Poisoned:
        raise Opaque from None
    _check_order(context, node, united)
    if node.all:
        return united
    for column in united.rel.schema:
        if context.catalog.equality(column.type) == "none":
            span = context.clause(word)
            context.error(errors.MissingOperator(span, column.type.sql, "equality", word))
    return Bound(Aggregate(united.rel, united.rel.schema, ()), united.names)


def _union(context: Context, arms: tuple[Bound, Bound], node: Syntax, word: str) -> Bound:
    """UNION ALL: every arm projected to the common types."""
    pairs = zip(*(_outputs(arm) for arm in arms), strict=True)
    columns = [_retyped(context, pair, node, word) for pair in pairs]
    schema = tuple(_column(context, n, column) for n, column in zip(arms[0].names, columns, strict=True))
    terms = [
        Project(arm.rel, tuple(zip(schema, values, strict=True)))
        for arm, values in zip(arms, zip(*columns, strict=True) if columns else ((), ()), strict=True)
    ]
    return Bound(Union(tuple(arm for term in terms for arm in _arms(term)), schema), arms[0].names)


def _outputs(arm: Bound) -> tuple[Scalar, ...]:
    """The columns of one arm; in the place of a bare literal itself, since the other decides its type."""
    if not isinstance(arm.rel, Project):
        return arm.rel.schema
    return tuple(value if value.type == UNKNOWN else column for column, value in arm.rel.outputs)


def _arms(term: Project) -> tuple[Rel, ...]:
    """A nested UNION ALL is one union of all its arms."""
    if isinstance(term.input, Union):
        return tuple(Project(arm, term.outputs) for arm in term.input.inputs)
    return (term,)


def _retyped(context: Context, column: Sequence[Scalar], node: Syntax, construct: str) -> list[Scalar]:
    """The entries of one column, all of their common type. Raises Poisoned."""
    kind: Type = common_type(context, node, column, construct)
    return [converted(context, entry, kind, node) for entry in column]


def _column(context: Context, name: str, entries: Sequence[Scalar]) -> Col:
    kind = entries[0].type
    nullable = any(entry.nullable for entry in entries)
    return fresh(name, kind, nullable=nullable, collation=collation.combined(context.catalog, kind, entries))


def _check_order(context: Context, node: Syntax, united: Bound) -> None:
    """Over a set operation only its output columns are in sight."""
    targets = [Target(name, node, column) for name, column in united.columns()]
    for item in node.sortClause or ():
        try:
            _check_sort_key(context, targets, item.node)
        except Poisoned:
            continue


def _check_sort_key(context: Context, targets: Sequence[Target], node: Syntax) -> None:
    name = bare_name(node)
    key = positioned(context, targets, node, "ORDER BY")
    if key is None and name is not None:
        key = named(context, targets, node, name)
        if key is None:
            known = tuple(target.name for target in targets)
            raise context.fail(errors.UnknownColumn(context.span(node), name, known))
    if key is None:
        raise context.fail(
            errors.InvalidKey(context.span(node), "invalid UNION/INTERSECT/EXCEPT ORDER BY clause")
        )
    check_sortable(context, key, node, "ORDER BY")
