"""Expressions that Hypothesis draws over the columns in scope, each with its type and its precision.

    IMAGE  PostgreSQL determines it digit for digit: `1.0` is not `1.00`
    EQUAL  up to `=`: which of two equal values a group shows depends on the order of reading
    NEAR   up to rounding: deviations of floats; only ever selected

What is determined up to `=` only is never printed, divided or added to a date.
"""
# ruff: noqa: E501 - a query reads better on one line

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")

IMAGE, EQUAL, NEAR = 2, 1, 0
UNSTABLE = ("numeric", "float8", "interval")  # equal values of these may differ in print
NUMBERS = ("int", "bigint", "numeric(6,2)", "numeric")
SORTABLE = ("int", "text", "bigint", "date", "numeric(6,2)", "numeric", "float8", "timestamptz", "interval")
STABLE = ("int", "text", "bigint", "date", "timestamptz", "bool", "numeric(6,2)")
COMPARABLE = (*SORTABLE, "bool")
KINDS = (*COMPARABLE, "json")

CONSTANTS = {
    "int": "2", "bigint": "5000000000", "numeric(6,2)": "1.25::numeric(6,2)", "numeric": "0.5", "text": "'a'",
    "bool": "true", "date": "date '2024-03-30'", "float8": "0.5::float8", "interval": "interval '30 days'",
    "timestamptz": "timestamptz '2024-03-31 12:00+00'", "json": "json '{\"a\": 2}'",
}  # fmt: skip

# {kind} is any expression of that type, {kind!} one known digit for digit, {0} the first of them again.
COMPOUND: dict[str, tuple[str, ...]] = {
    "int": (
        "({int} + {int})", "coalesce({int}, 0)", "(- {int})", "({int} * 2)", "length({text})", "nullif({int}, 1)",
        "CASE WHEN {bool} THEN {int} ELSE {int} END", "CASE WHEN {int} <> 0 THEN 12 / {0} END",
        "CASE {int} WHEN 1 THEN {int} WHEN 2 THEN 7 END", "({date} - {date})", "extract(year from {date})::int",
        "CASE WHEN {text} ~ '^[0-9]$' THEN {0}::int END", "({int} % 2)", "greatest({int}, {int})",
        "(ARRAY[{int}, 5])[1]",
    ),
    "bigint": ("({int} + {bigint})", "{int}::bigint", "coalesce({bigint}, {int})"),
    "numeric(6,2)": ("{int}::numeric(6,2)", "coalesce({numeric(6,2)}, {numeric(6,2)})"),
    "numeric": (
        "({numeric} + {numeric})", "({numeric(6,2)} * {int})", "({numeric} * {numeric(6,2)})", "{int}::numeric",
        "({numeric(6,2)} - 0.125)", "round({numeric}, 1)", "coalesce({numeric}, 0)", "abs({numeric})",
        "CASE WHEN {int} <> 0 THEN {numeric!} / {0} END", "CASE WHEN {bool} THEN {numeric} ELSE 0.000 END",
        "least({numeric(6,2)}, {int})", "(- {numeric})",
    ),
    "text": (
        "({text} || {text})", "upper({text})", "{int}::text", "{numeric!}::text", "{date}::text", "left({text}, 1)",
        "{numeric(6,2)}::text", "coalesce({text}, '?')", "{float8!}::text", "{interval!}::text",
        "{timestamptz}::text", "{bool}::text", "({json!} ->> 'a')", "to_char({date}, 'YYYY-MM')",
        "concat({text}, {int})", "CASE WHEN {bool} THEN 'yes' ELSE {text} END", "nullif({text}, '')",
        "{text}::varchar(1)::text", "substring({text} from 1 for 1)",
    ),
    "bool": (
        "({int} = {int})", "({int} IS NULL)", "({int} > {numeric})", "({text} LIKE 'a%')", "(NOT {bool})",
        "({bool} AND {bool})", "({bool} OR {bool})", "({int} IN (1, 2))", "({numeric} BETWEEN 0 AND 2)",
        "({date} >= '2024-03-01')", "({int} IS DISTINCT FROM {int})", "({bool} IS NOT TRUE)", "({text} = 'a')",
        "({timestamptz} < {date})", "({int} = ANY (ARRAY[1, 2]))", "({interval} = '30 days')",
        "({int}, {text}) = ({int}, {text})", "({float8} > 0)", "({text} IS NOT NULL)", "({bigint} <> {int})",
    ),
    "date": ("({date} + 1)", "{timestamptz}::date", "date_trunc('month', {date})::date", "coalesce({date}, {date})"),
    "float8": ("({float8} + {float8})", "({float8} * 0.5)", "{int}::float8", "coalesce({float8}, 0)"),
    "timestamptz": (
        "date_trunc('day', {timestamptz})", "({timestamptz} + interval '1 day')", "({timestamptz} + {interval!})",
        "{date}::timestamptz",
    ),
    "interval": ("({interval} + {interval})", "({interval} * 2)", "({timestamptz} - {timestamptz})"),
    "json": ("to_json({int})", "json_build_object('a', {text})"),
}  # fmt: skip

# An aggregate's result type, its text, and its precision over inputs of the best.
AGGREGATES: tuple[tuple[str, str, int], ...] = (
    ("bigint", "count(*)", IMAGE), ("bigint", "sum({int})", IMAGE), ("bigint", "count({int})", IMAGE),
    *((kind, f"{best}({{{kind}}})", EQUAL if kind in UNSTABLE else IMAGE) for kind in SORTABLE for best in ("min", "max")),
    ("numeric", "sum({numeric(6,2)})", IMAGE), ("numeric", "sum({numeric})", IMAGE), ("numeric", "sum({bigint})", IMAGE),
    ("float8", "sum({float8})", IMAGE), ("interval", "sum({interval})", IMAGE), ("numeric", "avg({int})", IMAGE),
    ("numeric", "avg({numeric(6,2)})", IMAGE), ("numeric", "avg({numeric!})", IMAGE), ("float8", "avg({float8})", IMAGE),
    ("bool", "bool_and({bool})", IMAGE), ("bool", "bool_or({bool})", IMAGE), ("bool", "every({bool})", IMAGE),
    ("bigint", "count(DISTINCT {int})", IMAGE), ("bigint", "count(DISTINCT {numeric})", IMAGE),
    ("bigint", "count(DISTINCT {text})", IMAGE), ("bigint", "count({json})", IMAGE), ("bigint", "count({text})", IMAGE),
    ("bigint", "sum(DISTINCT {int})", IMAGE), ("numeric", "avg(DISTINCT {int})", IMAGE),
    ("text", "string_agg({text}, ',' ORDER BY {0})", IMAGE), ("text", "string_agg({text}, {text} ORDER BY {0} DESC, {1})", IMAGE),
    ("text", "string_agg(DISTINCT {text}, '+')", IMAGE), ("text[]", "array_agg({text} ORDER BY {0} NULLS FIRST)", IMAGE),
    ("int[]", "array_agg({int} ORDER BY {0} DESC)", IMAGE), ("int[]", "array_agg(DISTINCT {int})", IMAGE),
    ("jsonb", "jsonb_agg({text} ORDER BY {0})", IMAGE), ("jsonb", "jsonb_object_agg(coalesce({text}, ''), 1)", IMAGE),
    ("numeric", "stddev({int})", IMAGE), ("numeric", "var_pop({numeric(6,2)})", IMAGE), ("numeric", "variance({numeric!})", IMAGE),
    ("float8", "stddev({float8})", NEAR), ("int", "bit_or({int})", IMAGE), ("int", "mode() WITHIN GROUP (ORDER BY {int})", IMAGE),
    ("text", "percentile_disc(0.5) WITHIN GROUP (ORDER BY {text})", IMAGE), ("int", "min(DISTINCT {int})", IMAGE),
)  # fmt: skip


# Functions that return sets of few rows.
SERIES: tuple[tuple[str, str], ...] = (
    ("int", "generate_series(1, least({int}, 3))"), ("int", "unnest(ARRAY[{int}, 2, {int}])"),
    ("text", "unnest(ARRAY[{text}, NULL])"), ("text", "regexp_split_to_table({text}, 'b')"),
    ("int", "unnest(CASE WHEN {bool} THEN ARRAY[{int}] END)"),
)  # fmt: skip


@dataclass(frozen=True)
class Value:
    """An expression: its text, type and precision."""

    sql: str
    type: str
    exact: int = IMAGE


@dataclass
class Expressions:
    """Draws expressions over the values in scope, which at times read values from `around`.

    `nested` draws a query that stands in an expression: one value, of a type and at least so precise.
    """

    draw: st.DrawFn
    scope: list[Value]
    around: tuple[Value, ...] = ()
    nested: "Callable[[Expressions, str, int], Value | None] | None" = None

    def pick(self, choices: Iterable[T]) -> T:
        return self.draw(st.sampled_from(tuple(choices)))

    def once_in(self, times: int) -> bool:
        """True once in so many times; shrinks to False."""
        return self.draw(st.integers(1, times)) == times

    def known(self, kinds: Iterable[str], exact: int = EQUAL) -> list[Value]:
        wanted = tuple(kinds)
        return [value for value in self.scope if value.type in wanted and value.exact >= exact]

    def any(self, kinds: Iterable[str] = KINDS, exact: int = EQUAL, depth: int = 2) -> Value:
        """A value of one of the types, mostly of one that is in scope."""
        wanted = tuple(kinds)
        present = tuple(dict.fromkeys(value.type for value in self.known(wanted, exact)))
        return self.value(self.pick(present or wanted), depth, exact)

    def value(self, kind: str, depth: int = 2, exact: int = EQUAL) -> Value:
        """A column, a constant where there is none, or an operation over such."""
        columns = self.known((kind,), exact)
        outer = [value for value in self.around if value.type == kind and value.exact >= exact]
        if outer and self.once_in(4):
            return self.pick(outer)
        if self.nested and depth > 0 and self.once_in(6) and (found := self.nested(self, kind, exact)):
            return found
        if columns and (depth == 0 or not self.once_in(3)):
            return self.pick(columns)
        fitting = [t for t in COMPOUND.get(kind, ()) if depth > 0 and self.fits(t)]
        if not fitting:
            return Value(CONSTANTS[kind], kind)
        return self.filled(self.pick(fitting), kind, IMAGE, depth - 1, exact)

    def fits(self, template: str) -> bool:
        """Are there columns for some hole?"""
        present = {value.type for value in self.scope}
        holes = [kind.rstrip("!") for kind in re.findall(r"\{([a-z][^}]*)\}", template)]
        return any(kind in present for kind in holes)

    def filled(self, template: str, kind: str, best: int, depth: int, exact: int = EQUAL) -> Value:
        """A template with its holes filled; as precise as the least of them."""
        used: list[Value] = []

        def fill(hole: re.Match[str]) -> str:
            if hole[1].isdigit():
                return used[int(hole[1])].sql
            wanted = hole[1].rstrip("!")
            used.append(self.value(wanted, depth, IMAGE if hole[1] != wanted else exact))
            return used[-1].sql

        sql = re.sub(r"\{([^}]+)\}", fill, template)
        precise = IMAGE if kind not in UNSTABLE else min((value.exact for value in used), default=IMAGE)
        return Value(sql, kind, min(precise, best))

    def series(self) -> Value:
        """A call of a function that returns a set."""
        kind, template = self.pick(SERIES)
        return self.filled(template, kind, IMAGE, 1)

    def aggregate(self) -> Value:
        """An aggregate call over the values in scope."""
        present = {value.type for value in self.scope} | {"int"}
        fitting = [
            a
            for a in AGGREGATES
            if all(k.rstrip("!") in present for k in re.findall(r"\{([a-z][^}]*)\}", a[1]))
        ]
        kind, template, best = self.pick(fitting)
        call = self.filled(template, kind, best, 1)
        if self.once_in(4):
            return Value(f"{call.sql} FILTER (WHERE {self.value('bool', 1).sql})", kind, call.exact)
        return call
