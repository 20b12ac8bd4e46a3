"""What aggregate calls give over no rows, and over a single one."""

from __future__ import annotations

from typing import Final

from ivmc.ir import Call
from ivmc.names import identifier, qualified
from ivmc.scalar import BIGINT, TRUE, Expression, Scalar, literal, union_scales

ZERO, ONE = literal("0", BIGINT), literal("1", BIGINT)
COUNTS: Final = frozenset({"count", "regr_count"})
# Over one row they give its value.
PICKS: Final = frozenset({"any_value", "bool_and", "bool_or", "every", "max", "min"})


def over_nothing(call: Call) -> Scalar | None:
    """The value of a call over no rows (law 8); None for NULL.

    Aggregates of PostgreSQL give NULL, counts apart, and the ranks of a hypothetical row. What a
    user's own aggregate gives, PostgreSQL says.
    """
    function = call.function
    if function.schema == "pg_catalog" and function.aggregate_kind != "h":
        return ZERO if function.name in COUNTS else None
    plain = function.schema == "pg_catalog"
    name = identifier(function.name) if plain else qualified(function.schema, function.name)
    direct = tuple(call.args) if call.within_group else ()
    nulls = ", ".join(f"NULL::{scalar.type.sql}" for scalar in (() if call.within_group else call.args))
    inside = "*" if call.star else f"VARIADIC {nulls}" if call.variadic else nulls
    ordered = ", ".join(f"NULL::{scalar.type.sql}{words}" for scalar, words in call.order)
    within = f") WITHIN GROUP (ORDER BY {ordered}" if call.within_group else ""
    first, last = f"(SELECT {name}({inside}", f"{within}) WHERE false)"
    template = (first, *[", "] * (len(direct) - 1), last) if direct else (first + last,)
    return Expression("over nothing", template, direct, call.type, levels=(0,) * len(direct))


def argument(call: Call) -> Scalar | None:
    """What a call over one row needs of it; None where that is not known."""
    name = call.function.name
    if call.filter is not None or call.function.schema != "pg_catalog":
        return None
    if name == "count" and call.star:
        return TRUE
    if name == "mode":
        return call.order[0][0]
    if name == "array_agg" or (name in PICKS and call.args[0].type.plain == call.type.plain):
        return call.args[0]
    return None


def over_one(call: Call, value: Scalar, there: Scalar) -> Scalar:
    """The value of a call over the one row, or over none, where `there` is NULL and so is `value`."""
    if call.star:
        return case(there, ONE, ZERO)
    if call.function.name == "array_agg":
        kind = call.type
        array = Expression("array", ("ARRAY[", "]"), (value,), kind, False, levels=(0,), fallible=False)
        return case(there, array)
    return value


def case(condition: Scalar, then: Scalar, otherwise: Scalar | None = None) -> Scalar:
    """CASE WHEN condition THEN then [ELSE otherwise] END."""
    args = (condition, then) if otherwise is None else (condition, then, otherwise)
    nullable = then.nullable or otherwise is None or otherwise.nullable
    template = ("CASE WHEN ", " THEN ", " ELSE ", " END") if otherwise else ("CASE WHEN ", " THEN ", " END")
    levels = (0,) * len(args)
    scales = union_scales((then.scales,) if otherwise is None else (then.scales, otherwise.scales))
    return Expression(
        "case", template, args, then.type, nullable, levels=levels, fallible=False, scales=scales
    )
