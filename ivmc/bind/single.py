"""Queries as values: their one row, or an array of all their rows.

Source: PostgreSQL manual, 4.2.11 "Scalar Subqueries", 4.2.12 "Array Constructors".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ivmc import errors
from ivmc.bind.coercion import mismatch
from ivmc.bind.collation import combined
from ivmc.bind.context import Syntax
from ivmc.catalog import Function, Type, Unresolved
from ivmc.ir import Aggregate, Call, Rel
from ivmc.scalar import BIGINT, Col, Expression, Scalar, call, fresh, literal

if TYPE_CHECKING:
    from ivmc.bind.expression import Expressions

# Of one row each of these is that row's value; they are tried in order.
PICKS = ("max", "bool_or")


def row(e: Expressions, rel: Rel) -> tuple[Rel, tuple[Scalar, ...]]:
    """One row over all of `rel`, and the columns of a query that may have but one row in terms of it.

    They are evaluated where they stand: only there a second row is an error, PostgreSQL's own.
    """
    count = fresh("count", BIGINT, nullable=False)
    every = _function(e, "count", (), star=True)
    calls: list[tuple[Col, Call]] = [(count, Call(every, (), BIGINT, nullable=False, star=True))]
    found: list[Scalar] = []
    for column in rel.schema:
        call_, value = _picked(e, column)
        calls.append(call_)
        found.append(_only(count, value))
    return Aggregate(rel, (), tuple(calls)), tuple(found)


def _only(count: Col, value: Scalar) -> Scalar:
    """The value of one row; NULL of none; of more, an error."""
    template = (
        "CASE ",
        " WHEN 0 THEN NULL WHEN 1 THEN ",
        " ELSE (SELECT ",
        " FROM pg_catalog.generate_series(1, 2)) END",
    )
    return Expression(
        "single", template, (count, value, value), value.type, levels=(0, 0, 0), scales=value.scales
    )


def _picked(e: Expressions, column: Col) -> tuple[tuple[Col, Call], Scalar]:
    """A call that gives the value of a single row in its exact image, and that value."""
    kind = column.type
    if e.catalog.equality(kind, column.collation) == "identity":
        for name in PICKS:
            pick = _pick(e, name, kind)
            if pick is not None and e.catalog.base(kind).plain == pick.result.plain:
                filled = fresh(column.name, column, nullable=True)
                return (filled, Call(pick, (column,), pick.result)), filled
    return _collected(e, column)


def _collected(e: Expressions, column: Col) -> tuple[tuple[Col, Call], Scalar]:
    kind = e.catalog.array(column.type)
    if kind is not None and e.catalog.element(column.type) is None:
        filled = fresh(column.name, kind, collation=column.collation)
        first = Expression(
            "subscript",
            ("(", ")[1]"),
            (filled,),
            column.type,
            levels=(0,),
            fallible=False,
            scales=column.scales,
        )
        return (filled, Call(_function(e, "array_agg", (column.type,)), (column,), kind)), first
    if not e.catalog.orderable(column.type):
        e.context.reason(errors.NotCovered(None, f"a scalar subquery of type {e.catalog.shown(column.type)}"))
    filled = fresh(column.name, column, nullable=True)
    mode = _function(e, "mode", (column.type,))
    return (filled, Call(mode, (), column.type, order=((column, ""),), within_group=True)), filled


def _pick(e: Expressions, name: str, kind: Type) -> Function | None:
    try:
        return _function(e, name, (kind,))
    except Unresolved:
        return None


def _function(e: Expressions, name: str, types: tuple[Type, ...], *, star: bool = False) -> Function:
    return e.catalog.function(("pg_catalog", name), types, star=star)


def array(e: Expressions, node: Syntax, rel: Rel, order: Iterable[tuple[int, str]]) -> tuple[Rel, Scalar]:
    """One row over all of `rel`, and the array of the values of its first column in terms of it.

    `order` are the places of the columns by which it is ordered, with their direction as text.
    """
    column = rel.schema[0]
    kind = column.type if e.catalog.element(column.type) else e.catalog.array(column.type)
    if kind is None:
        raise mismatch(
            e.context, node, f"could not find array type for data type {e.catalog.shown(column.type)}"
        )
    filled = fresh("array", kind, collation=combined(e.catalog, kind, (column,)))
    keys = tuple((rel.schema[place], words) for place, words in order)
    every = Call(_function(e, "array_agg", (column.type,)), (column,), kind, order=keys)
    grouped = Aggregate(rel, (), ((filled, every),))
    empty = literal(f"'{{}}'::{kind.sql}", kind)
    return grouped, call("coalesce", (filled, empty), kind, nullable=False, fallible=False)
