"""The rows that a moving value passes: `acctbal > (SELECT avg(acctbal) FROM customer)`.

    [l > v] ≠ [l > u]  ⟺  least(u, v) < l ≤ greatest(u, v)

Where R is a single row and the condition compares a column of L with it, only the rows of L between
its old and its new value can flip (law 9). Where there is but one value, since the other is NULL or
is not there, every row flips that satisfies the comparison with it.

State   none.
Cost    O(rows between), through an index on the column.
Class   range.
Source  docs/laws.md, law 9.
"""

from __future__ import annotations

from collections.abc import Iterable
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


def passed(side: Rel, change: Rel, test: Expression, value: Col) -> Rel:
    """The rows of one side that can flip, and others that no match of its own lets through."""
    while isinstance(side, Match) and side.mark is None:
        side = side.left
    least, greatest, both = fresh("least", value), fresh("greatest", value), fresh("both", BIGINT)
    calls = (
        (least, _call("min", value)),
        (greatest, _call("max", value)),
        (both, Call(_function("count", BIGINT), (value,), BIGINT, nullable=False, state=True)),
    )
    bounds = Aggregate(change, (), calls)
    low, high = BOUNDS[test.name]
    between = (_renamed(test, low, test.args[0], least), _renamed(test, high, test.args[0], greatest))
    two = Filter(bounds, (_against_zero("=", both),))
    one = Filter(bounds, (_against_zero("<>", both),))
    own = same(side.schema)
    alone = substitute(test, {value: least})
    return Project(Join(side, two, between), own) + Project(Join(side, one, (alone,)), own)


def _renamed(test: Expression, op: str, left: Scalar, right: Scalar) -> Expression:
    return binary(op, left, right, BOOLEAN, COMPARISON, nullable=test.nullable, fallible=False)


def _against_zero(op: str, count: Col) -> Scalar:
    return binary(op, count, ZERO, BOOLEAN, COMPARISON, nullable=False, fallible=False)


def _call(name: str, value: Col) -> Call:
    return Call(_function(name, value.type), (value,), value.type)


def _function(name: str, kind: Type) -> Function:
    return Function("pg_catalog", name, "a", (), kind, "i", strict=False)
