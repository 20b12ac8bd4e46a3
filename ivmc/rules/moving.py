"""The rows that a moving value passes: `acctbal > (SELECT avg(acctbal) FROM customer)`.

    [l > v] ≠ [l > u]  ⟺  least(u, v) < l ≤ greatest(u, v)

Where R is a single row and the condition compares a column of L with it, the rows of L between its old
and its new value flip, and no others (law 9). Where there is but one value, since the other is NULL or
is not there, every row flips that satisfies the comparison with it.

State   none.
Cost    O(rows between), through an index on the column.
Class   range.
Source  docs/laws.md, law 9.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from ivmc.catalog import Function, Type
from ivmc.ir import Aggregate, Call, Filter, Join, Match, Project, Rel, same
from ivmc.properties import keys
from ivmc.scalar import (
    BIGINT,
    BOOLEAN,
    COMPARISON,
    Col,
    Expression,
    Scalar,
    binary,
    columns,
    fresh,
    literal,
    substitute,
)

ZERO: Final = literal("0", BIGINT)
# How a row that flips compares with the least and with the greatest value.
BOUNDS: Final = {">": (">", "<="), "<=": (">", "<="), "<": (">=", "<"), ">=": (">=", "<")}

MIRRORED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
# Types with min() and max() by the same order as their comparison, on every supported server.
ORDERED: Final = frozenset(
    {"date", "float4", "float8", "int2", "int4", "int8", "numeric", "timestamp", "timestamptz"}
)


def compared(right: Rel, on: Iterable[Scalar]) -> tuple[Expression, Col] | None:
    """`own < value`, where that is the condition and `value` all it reads of the single row of `right`."""
    match tuple(on):
        case (Expression(name=op, args=(Col() as value, own)) as test,) if (
            op in BOUNDS and value in right.schema
        ):
            test = _renamed(test, MIRRORED[op], own, value)
        case (Expression(name=op, args=(own, Col() as value)) as test,) if op in BOUNDS:
            pass
        case _:
            return None
    single = value in right.schema and frozenset() in keys(right)
    moves = single and value.type.name in ORDERED and columns(own).isdisjoint(right.schema)
    return (test, value) if moves else None


def passed(sides: Iterable[Rel], change: Rel, test: Expression, value: Col) -> list[Rel]:
    """Of each side the rows that flip: with 1 those that begin to satisfy the test, with -1 those that cease.

    `change` is net: the old value with -1 and the new one with 1. A row between satisfies the test with
    one of them.
    """
    least, greatest, both = fresh("least", value), fresh("greatest", value), fresh("both", BIGINT)
    calls = (
        (least, _call("min", value)),
        (greatest, _call("max", value)),
        (both, Call(_function("count", BIGINT), (value,), BIGINT, nullable=False, state=True)),
    )
    bounds = Aggregate(change, (), calls)
    two, one = (Filter(bounds, (_against_zero(op, both),)) for op in ("=", "<>"))
    low, high = BOUNDS[test.name]
    own = test.args[0]
    between = _renamed(test, low, own, least), _renamed(test, high, own, greatest)
    alone = substitute(test, {value: least})

    def flipped(side: Rel) -> Rel:
        if isinstance(side, Match) and side.mark is None:  # asked of the few rows that flip
            return replace(side, left=flipped(side.left))
        reached = Join(side, two, between), Join(side, one, (alone,))
        flips = [Project(Join(rel, change, (test,)), same(side.schema)) for rel in reached]
        return flips[0] + flips[1]

    return [flipped(side) for side in sides]


def _renamed(test: Expression, op: str, left: Scalar, right: Scalar) -> Expression:
    return binary(op, left, right, BOOLEAN, COMPARISON, nullable=test.nullable, fallible=False)


def _against_zero(op: str, count: Col) -> Scalar:
    return binary(op, count, ZERO, BOOLEAN, COMPARISON, nullable=False, fallible=False)


def _call(name: str, value: Col) -> Call:
    return Call(_function(name, value.type), (value,), value.type)


def _function(name: str, kind: Type) -> Function:
    return Function("pg_catalog", name, "a", (), kind, "i", strict=False)
