"""Sums and averages of intervals, from the sums of their months, their days and their microseconds.

An interval adds up part by part; none of the parts is ever carried over into another. Laws 11 and 12:
the parts are added up as numeric, which neither overflows nor rounds, and the months of an infinite
interval are infinite, so that its group is read again.

Source: interval_pl, interval_div and interval_avg (timestamp.c); PostgreSQL manual, 9.9.1 "EXTRACT".
"""

from __future__ import annotations

from typing import Final

from ivmc.catalog import Type
from ivmc.scalar import CAST, MULTIPLICATIVE, NUMERIC, Expression, Scalar, binary

INTERVAL: Final = Type("pg_catalog", "interval")
DOUBLE: Final = Type("pg_catalog", "float8")

PARTS: Final[dict[str, tuple[str, ...]]] = {
    "months": ("extract(year FROM ", ") * 12 + coalesce(extract(month FROM ", "), 0)"),
    "days": ("extract(day FROM ", ")"),
    "microseconds": (
        "extract(hour FROM ", ") * 3600000000 + extract(minute FROM ",
        ") * 60000000 + extract(microseconds FROM ", ")",
    ),
}  # fmt: skip
# Hours are put in by halves: all of them need not fit into an integer.
TOTAL: Final = (
    "CASE WHEN ", " IN ('NaN', 'Infinity', '-Infinity') THEN ",
    "::text::interval ELSE make_interval(0, ", "::int, 0, ", "::int, div(", ", 7200000000)::int, div(",
    " % 7200000000, 60000000)::int, (", " % 60000000)::float8 / 1000000) + make_interval(0, 0, 0, 0, div(",
    ", 7200000000)::int) END",
)  # fmt: skip


def parts(argument: Scalar) -> dict[str, Scalar]:
    """What is added up of an interval, by name."""
    return {
        name: Expression(
            name, template, (argument,) * (len(template) - 1), NUMERIC, argument.nullable, fallible=False
        )
        for name, template in PARTS.items()
    }


def total(months: Scalar, days: Scalar, microseconds: Scalar) -> Scalar:
    """The interval that has these parts; NaN months fail as infinities of both signs do."""
    args = (months, months, months, days, *(microseconds,) * 4)
    return Expression("elapsed", TOTAL, args, INTERVAL, False, fallible=False)


def average(sum: Scalar, count: Scalar) -> Scalar:
    """`sum` over a count, rounded as PostgreSQL's own average is."""
    number = Expression("cast", ("", "::float8"), (count,), DOUBLE, count.nullable, CAST, (CAST,), False)
    return binary("/", sum, number, INTERVAL, MULTIPLICATIVE, nullable=count.nullable, fallible=False)
