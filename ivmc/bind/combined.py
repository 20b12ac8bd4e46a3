"""VALUES, and set operations.

Source: PostgreSQL manual, 7.4 "Combining Queries", 7.7 "VALUES Lists", 10.5 "UNION, CASE, and
Related Constructs".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from pglast.enums import SetOperation

from ivmc import errors
from ivmc.bind import collation
from ivmc.bind.attached import Attachments
from ivmc.bind.coercion import common_type, converted
from ivmc.bind.context import INTEGER, UNKNOWN, Context, Opaque, Poisoned, Syntax
from ivmc.bind.expression import Expressions
from ivmc.bind.keys import Target, check_sortable, named, positioned
from ivmc.bind.names import bare_name
from ivmc.bind.scope import Scope
from ivmc.bind.tables import Bound
from ivmc.catalog import Function, Type
from ivmc.ir import UNIT, Aggregate, Call, Expand, Filter, Project, Rel, Union, Values
from ivmc.scalar import ADDITIVE, BIGINT, BOOLEAN, COMPARISON, Col, Scalar, binary, call, fresh, literal
from ivmc.scalar import columns as read

NAMES: Final = {
    SetOperation.SETOP_UNION: "UNION",
    SetOperation.SETOP_INTERSECT: "INTERSECT",
    SetOperation.SETOP_EXCEPT: "EXCEPT",
}
COUNT: Final = Call(
    Function("pg_catalog", "count", "a", (), BIGINT, "i", strict=False), (), BIGINT, False, True
)
ZERO: Final = literal("0", INTEGER)


def values(context: Context, rows: Sequence[Sequence[Syntax]], scope: Scope, attached: Attachments) -> Bound:
    """VALUES lists: each column has the common type of its entries. Raises Opaque."""
    binder = Expressions(context, scope, "VALUES", attached=attached)
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
    entries = tuple(zip(*columns, strict=True))
    if not any(read(*row) for row in entries):
        return Bound(Values(schema, entries), names)
    terms = (Project(attached.over(UNIT, *row), tuple(zip(schema, row, strict=True))) for row in entries)
    return Bound(Union(tuple(terms), schema), names)


def combined(context: Context, node: Syntax, arms: tuple[Bound, Bound]) -> Bound:
    """UNION, INTERSECT and EXCEPT, with and without ALL. Raises Opaque."""
    word = NAMES[node.op]
    given, expected = len(arms[1].names), len(arms[0].names)
    if given != expected:
        fault = f"each {word} query must have the same number of columns"
        context.error(errors.ColumnCountMismatch(context.clause(word), fault, given, expected))
        raise Opaque
    try:
        left, right = _agreed(context, arms, node, word)
    except Poisoned:
        raise Opaque from None
    united = Bound(Union(_arms(left) + _arms(right), left.schema), arms[0].names)
    _check_order(context, node, united)
    if word == "UNION" and node.all:
        return united
    for column in left.schema:
        if context.catalog.equality(column.type) == "none":
            span = context.clause(word)
            shown = context.catalog.shown(column.type)
            context.error(errors.MissingOperator(span, shown, "equality", word))
    if word == "UNION":
        return Bound(Aggregate(united.rel, left.schema, ()), united.names)
    return Bound(compared(left, right, word, repeated=node.all), united.names)


def _agreed(context: Context, arms: tuple[Bound, Bound], node: Syntax, word: str) -> tuple[Project, Project]:
    """Both arms projected to the common types, under the same columns. Raises Poisoned."""
    pairs = zip(*(_outputs(arm) for arm in arms), strict=True)
    columns = [_retyped(context, pair, node, word) for pair in pairs]
    schema = tuple(_column(context, n, column) for n, column in zip(arms[0].names, columns, strict=True))
    left, right = zip(*columns, strict=True) if columns else ((), ())
    return (
        Project(arms[0].rel, tuple(zip(schema, left, strict=True))),
        Project(arms[1].rel, tuple(zip(schema, right, strict=True))),
    )


def compared(left: Project, right: Project, word: str, *, repeated: bool) -> Rel:
    """INTERSECT and EXCEPT (law 17): per row, its copies in both arms and those on the left are counted."""
    schema = left.schema
    tag = fresh("is_left", BOOLEAN, nullable=False)
    tagged = tuple(
        Project(arm, (*((column, column) for column in schema), (tag, literal(truth, BOOLEAN))))
        for side, truth in ((left, "true"), (right, "false"))
        for arm in _arms(side)
    )
    count, ours = fresh("copies", BIGINT, nullable=False), fresh("copies_left", BIGINT, nullable=False)
    calls = ((count, COUNT), (ours, replace(COUNT, filter=tag)))
    counts = Aggregate(Union(tagged, (*schema, tag)), schema, calls)
    others = binary("-", count, ours, BIGINT, ADDITIVE, nullable=False, fallible=False)
    if not repeated:
        some = _compare(">", ours, ZERO)
        found: Rel = Filter(counts, (some, _compare(">" if word == "INTERSECT" else "=", others, ZERO)))
    elif word == "INTERSECT":
        least = call("least", (ours, others), BIGINT, nullable=False, fallible=False)
        found = _copied(Filter(counts, (_compare(">", least, ZERO),)), least)
    else:
        rest = binary("-", ours, others, BIGINT, ADDITIVE, nullable=False, fallible=False)
        found = _copied(Filter(counts, (_compare(">", rest, ZERO),)), rest)
    return Project(found, tuple((column, column) for column in schema))


def _copied(rel: Rel, times: Scalar) -> Expand:
    """Each row as often as `times` says."""
    series = call("generate_series", (literal("1", INTEGER), times), BIGINT, nullable=False, fallible=False)
    return Expand(rel, (series,), (fresh("copy", BIGINT, nullable=False),))


def _compare(op: str, left: Scalar, right: Scalar) -> Scalar:
    return binary(op, left, right, BOOLEAN, COMPARISON, nullable=False, fallible=False)


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
