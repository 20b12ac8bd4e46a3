"""How a group is stored, so that what its aggregate calls give is an expression over that.

    count(x)                 a count of rows with x
    sum(x), avg(x)           a sum in the result's type, and that count: the sum of no values is NULL
    var_pop(x), stddev(x)    sums of x and of its squares (`variance`)
    bool_and(x)              a count of the rows where x is false
    min(x), max(x)           an extremum, and how many rows have it

Each part is additive, S(R′) = S(R) + S(ΔR), or an extremum with its count (laws 11 to 14). Equal states of
several calls are one. Calls of which some part cannot be taken back have their groups read again (`reread`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from ivmc import few
from ivmc.catalog import Function, Type
from ivmc.ir import Aggregate, Call
from ivmc.predicate import conjunction
from ivmc.rules import elapsed
from ivmc.rules.variance import NARROW, VARIANCES, is_exact, square, variance
from ivmc.scalar import (
    ATOM,
    BIGINT,
    BOOLEAN,
    CAST,
    COMPARISON,
    MULTIPLICATIVE,
    NUMERIC,
    Col,
    Expression,
    Scalar,
    binary,
    call,
    fresh,
    is_present,
    literal,
)

INTEGER: Final = Type("pg_catalog", "int4")
ZERO: Final = literal("0", INTEGER, scales=frozenset({0}))
Best = Literal["min", "max"]
WHY_READ: Final = {
    "bit": "is of bits, and what is kept of a group is added to",
    **dict.fromkeys(("corr", "covar", "regr"), "is computed in floating point, which cannot be taken back"),
}


@dataclass(frozen=True, slots=True)
class Extremum:
    """The best value of `of` over the rows that satisfy `filter`, and how many rows have it."""

    best: Best
    of: Scalar
    filter: Scalar | None
    value: Col
    count: Col


@dataclass(frozen=True, slots=True)
class Fold:
    """How an aggregate is stored, and each output column as an expression over that.

    The first of the additive `states` is `count`, the count of rows.
    """

    count: Col
    states: tuple[tuple[Col, Call], ...]
    extrema: tuple[Extremum, ...]
    outputs: tuple[tuple[Col, Scalar], ...]


def fold(op: Aggregate) -> Fold | None:
    """The stored form of an aggregate, None where some call needs its groups read again."""
    book = _Book(fresh("count", BIGINT, nullable=False), bool(op.keys))
    outputs = []
    for column, one in op.calls:
        stored = book.stored(one)
        if stored is None:
            return None
        outputs.append((column, stored))
    states = ((book.count, Call(built_in("count", BIGINT), (), BIGINT, False, star=True, state=True)),)
    return Fold(
        book.count,
        states + tuple((c, k) for k, c in book.states.items()),
        tuple(book.extrema),
        tuple(outputs),
    )


def unfolded(one: Call) -> str | None:
    """Why a call needs its groups read again; None where it is folded."""
    name, kind = one.function.name, one.args[0].type.name if one.args else ""
    if one.function.schema != "pg_catalog":
        return f"{name}() is not an aggregate that ivmc knows"
    if one.distinct and name not in ("min", "max", "bool_and", "bool_or", "every"):
        return (
            f"{name}(DISTINCT …): equal values are not all alike, or other calls of the group are read again"
        )
    if name in ("sum", "avg"):
        if kind in ("float4", "float8"):
            return f"{name}({kind}): floating-point sums cannot be taken back exactly"
        if kind == "money":
            return f"{name}(money): what it is as a number depends on lc_monetary"
        return (
            None
            if kind in ("int2", "int4", "int8", "numeric", "interval")
            else f"{name}({kind}) is not known"
        )
    if name in VARIANCES and is_exact(one.args[0]):
        return None
    if name in ("count", "regr_count", "min", "max", "bool_and", "bool_or", "every"):
        return None
    return f"{name}() {WHY_READ.get(name.partition('_')[0], 'cannot be taken back')}"


class _Book:
    """Collects the states that the calls of one aggregate need; equal states are one."""

    def __init__(self, count: Col, keyed: bool) -> None:
        self.count, self.keyed = count, keyed
        self.states: dict[Call, Col] = {}
        self.extrema: list[Extremum] = []

    def stored(self, one: Call) -> Scalar | None:
        """The call as an expression over the states."""
        if unfolded(one):
            return None
        match one.function.name, one.args:
            case "count", ():
                return self.counted(one.filter)
            case "count", (argument,):
                return self.present(argument, one.filter)
            case ("sum" | "avg") as name, (argument,) if argument.type.name == "interval":
                return self.elapsed(name, argument, one.filter)
            case ("sum" | "avg") as name, (argument,):
                return self.summed(name, argument, one)
            case name, (argument,) if name in VARIANCES:
                return self.dispersed(name, argument, one.filter)
            case "regr_count", pair:
                tests = [is_present(part) for part in pair if part.nullable]
                tests += [] if one.filter is None else [one.filter]
                return self.counted(conjunction(tests) if tests else None)
            case ("min" | "max") as best, (argument,):
                return self.extremum(best, argument, one.type.plain, one.filter).value
            case (("bool_and" | "every"), (argument,)):
                return self.quantified(argument, one.filter, negated=True)
            case "bool_or", (argument,):
                return self.quantified(argument, one.filter, negated=False)
            case _:
                return None

    def state(self, name: str, like: str, args: tuple[Scalar, ...], kind: Type, where: Scalar | None) -> Col:
        one = Call(built_in(name, kind), args, kind, False, star=not args, filter=where, state=True)
        if one not in self.states:
            scales = args[0].scales if args and name == "sum" else frozenset({0})
            self.states[one] = replace(fresh(like, kind, nullable=False), scales=scales)
        return self.states[one]

    def counted(self, where: Scalar | None) -> Col:
        if where is None:
            return self.count
        name = where.name if isinstance(where, Col) else "filtered"
        return self.state("count", f"count_{name}", (), BIGINT, where)

    def present(self, argument: Scalar, where: Scalar | None) -> Col:
        """How many inputs of a call are not NULL."""
        if not argument.nullable:
            return self.counted(where)
        return self.state("count", f"count_{_named(argument)}", (argument,), BIGINT, where)

    def always(self, present: Col) -> bool:
        """Is that count positive in every group that exists?"""
        return present is self.count and self.keyed

    def summed(self, name: str, argument: Scalar, one: Call) -> Scalar:
        kind = NUMERIC if argument.type.name in ("int8", "numeric") else BIGINT
        present = self.present(argument, one.filter)
        total: Scalar = self.scaled(
            self.state("sum", f"sum_{_named(argument)}", (argument,), kind, one.filter), argument, one
        )
        if name == "sum":
            return total if self.always(present) else _where_some(present, total, one.type)
        divisor: Scalar = (
            present if self.always(present) else call("nullif", (present, ZERO), BIGINT, fallible=False)
        )
        dividend = total if kind == NUMERIC else _cast(total, NUMERIC)
        return binary("/", dividend, divisor, one.type, MULTIPLICATIVE, nullable=not self.always(present))

    def elapsed(self, name: str, argument: Scalar, where: Scalar | None) -> Scalar:
        """Sums and averages of intervals (laws 11, 12)."""
        present = self.present(argument, where)
        sums = (
            self.state("sum", f"sum_{part}_{_named(argument)}", (scalar,), NUMERIC, where)
            for part, scalar in elapsed.parts(argument).items()
        )
        total = elapsed.total(*sums)
        found = total if name == "sum" else elapsed.average(total, present)
        return found if self.always(present) else _where_some(present, found, elapsed.INTERVAL)

    def dispersed(self, name: str, argument: Scalar, where: Scalar | None) -> Scalar:
        """Variances and deviations (law 13)."""
        kind = BIGINT if argument.type.name in NARROW else NUMERIC
        total = self.state("sum", f"sum_{_named(argument)}", (argument,), kind, where)
        squares = self.state("sum", f"sum_squares_{_named(argument)}", (square(argument),), NUMERIC, where)
        return variance(name, self.present(argument, where), total, squares)

    def scaled(self, total: Col, argument: Scalar, one: Call) -> Scalar:
        """A sum shows the largest scale among its present inputs (law 12).

        Few possible scales are counted and the sum rounded, which drops zeros only; any number
        of them is an extremum, and the sum is taken anew when the largest scale has left. A row that
        came and went between two refreshes left its zeros in the sum, so that it is rounded as well.
        NaN and the infinities have no scale.
        """
        if argument.type.name != "numeric" or (argument.scales and len(argument.scales) == 1):
            return total
        digits = call("scale", (argument,), INTEGER, fallible=False)
        if argument.scales is None:
            largest = self.extremum("max", digits, INTEGER, one.filter)
            most = call("coalesce", (largest.value, ZERO), INTEGER, nullable=False, fallible=False)
            return call("round", (total, most), NUMERIC, nullable=False, fallible=False)
        low, *higher = sorted(argument.scales)
        shown: Scalar = literal(str(low), INTEGER)
        for scale in higher:
            some = literal(str(scale), INTEGER)
            has = binary("=", digits, some, BOOLEAN, COMPARISON, fallible=False)
            where = conjunction([has] if one.filter is None else [one.filter, has])
            counter = self.state("count", f"count_scale_{scale}", (), BIGINT, where)
            shown = few.case(_positive(counter), some, shown)
        return call("round", (total, shown), NUMERIC, nullable=False, fallible=False)

    def extremum(self, best: Best, of: Scalar, kind: Type, where: Scalar | None) -> Extremum:
        for known in self.extrema:
            if (known.best, known.of, known.filter) == (best, of, where):
                return known
        value = replace(fresh(f"{best}_{_named(of)}", of, nullable=True), type=kind)
        found = Extremum(best, of, where, value, fresh(f"count_{value.name}", BIGINT))
        self.extrema.append(found)
        return found

    def quantified(self, argument: Scalar, where: Scalar | None, *, negated: bool) -> Scalar:
        """bool_and holds while no input is false, bool_or while one is true; NULL of no inputs."""
        word = " IS FALSE" if negated else " IS TRUE"
        test = Expression(word.strip().lower(), ("", word), (argument,), BOOLEAN, False, ATOM, (ATOM,), False)
        wanted = conjunction([test] if where is None else [where, test])
        seen = self.state("count", f"count_{'false' if negated else 'true'}", (), BIGINT, wanted)
        present = self.present(argument, where)
        op = "=" if negated else ">"
        answer = binary(op, seen, ZERO, BOOLEAN, COMPARISON, nullable=False, fallible=False)
        return answer if self.always(present) else _where_some(present, answer, BOOLEAN)


def _named(scalar: Scalar) -> str:
    if isinstance(scalar, Col):
        return scalar.name
    return scalar.name if isinstance(scalar, Expression) and scalar.name.isidentifier() else "value"


def _positive(count: Col) -> Scalar:
    return binary(">", count, ZERO, BOOLEAN, COMPARISON, nullable=False, fallible=False)


def _cast(scalar: Scalar, kind: Type) -> Scalar:
    return Expression("cast", ("", f"::{kind.sql}"), (scalar,), kind, scalar.nullable, CAST, (CAST,), False)


def _where_some(count: Col, value: Scalar, kind: Type) -> Scalar:
    """`value`, or NULL over no inputs."""
    template = ("CASE WHEN ", " THEN ", " END")
    return Expression(
        "case", template, (_positive(count), value), kind, levels=(0, 0), fallible=False, scales=value.scales
    )


def best_of(name: Best, column: Col, of: Scalar, where: Scalar | None = None) -> Call:
    """min or max, in the type of the column that stores it."""
    return Call(built_in(name, column.type), (of,), column.type, filter=where)


def built_in(name: str, kind: Type) -> Function:
    """An aggregate of PostgreSQL's own, which takes and gives the type."""
    return Function("pg_catalog", name, "a", (kind,), kind, "i", strict=False)
