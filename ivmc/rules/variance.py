"""Variance and standard deviation from the count n, the sum s and the sum of squares q of exact numbers.

Law 13: the quotients are those that PostgreSQL computes, digit for digit, and its root is taken at
the quotient's scale, which `sqrt` of a numeric would choose for itself.

Source: numeric_stddev_internal (numeric.c); Chan, Golub, LeVeque 1983, "Algorithms for Computing the
        Sample Variance", on why this form is for exact numbers alone.
"""

from __future__ import annotations

from typing import Final

from ivmc.catalog import Type
from ivmc.scalar import (
    ADDITIVE,
    BOOLEAN,
    CAST,
    COMPARISON,
    MULTIPLICATIVE,
    NUMERIC,
    Expression,
    Scalar,
    binary,
    literal,
)

VARIANCES: Final = frozenset({"variance", "var_samp", "var_pop", "stddev", "stddev_samp", "stddev_pop"})
ZERO, ONE = literal("0", NUMERIC), literal("1", NUMERIC)
NARROW: Final = frozenset({"int2", "int4"})

ROOT: Final = (
    "(SELECT coalesce(round(sqrt(round(d.v, scale(d.v) + 30)), scale(d.v)), d.v) FROM (SELECT ",
    " AS v) AS d)",
)


def is_exact(argument: Scalar) -> bool:
    """Are sums of the argument and of its squares exact, and do they always show the same digits?"""
    fixed = argument.type.name == "numeric" and argument.scales is not None and len(argument.scales) == 1
    return fixed or argument.type.name in NARROW | {"int8"}


def square(argument: Scalar) -> Scalar:
    """argument², in a type that it cannot overflow."""
    wide = Type("pg_catalog", "int8") if argument.type.name in NARROW else NUMERIC
    factor = argument if argument.type.name == "numeric" else _cast(argument, wide)
    return _product(factor, factor, wide)


def variance(name: str, n: Scalar, s: Scalar, q: Scalar) -> Scalar:
    """The value of the call `name`; NULL over too few numbers."""
    n, s, population = _cast(n, NUMERIC), _cast(s, NUMERIC), name.endswith("_pop")
    others = n if population else _operation("-", n, ONE, ADDITIVE)
    moment = _operation("-", _product(n, q), _product(s, s), ADDITIVE)
    args = (
        _at_most(n, ZERO if population else ONE),
        literal("NULL", NUMERIC, nullable=True),
        _at_most(moment, ZERO),
        ZERO,
        _operation("/", moment, _product(n, others), MULTIPLICATIVE),
    )
    template = ("CASE WHEN ", " THEN ", " WHEN ", " THEN ", " ELSE ", " END")
    found = Expression("case", template, args, NUMERIC, levels=(0,) * 5, fallible=False)
    return Expression("root", ROOT, (found,), NUMERIC, fallible=False) if name.startswith("std") else found


def _operation(op: str, left: Scalar, right: Scalar, level: int) -> Scalar:
    return binary(op, left, right, NUMERIC, level, nullable=False, fallible=False)


def _at_most(value: Scalar, limit: Scalar) -> Scalar:
    return binary("<=", value, limit, BOOLEAN, COMPARISON, nullable=False, fallible=False)


def _product(left: Scalar, right: Scalar, kind: Type = NUMERIC) -> Scalar:
    nullable = left.nullable or right.nullable
    return binary("*", left, right, kind, MULTIPLICATIVE, nullable=nullable, fallible=False)


def _cast(scalar: Scalar, kind: Type) -> Scalar:
    if scalar.type == kind:
        return scalar
    return Expression("cast", ("", f"::{kind.sql}"), (scalar,), kind, scalar.nullable, CAST, (CAST,), False)
