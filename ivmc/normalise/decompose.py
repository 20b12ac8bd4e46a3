"""Aggregates that need more than one stage.

A DISTINCT call counts, adds up or collects the different values of its arguments. They are kept by
a stage of their own, one row per group and value, and the aggregate above sees only values that
come to a group or leave it:

    γ[k; count(DISTINCT x)] R  =  γ[k; count(x)] γ[k, x] R

Beside other calls, the aggregate reads the union of the rows and of such stages: each arm fills the
columns of its own calls and leaves NULL, which they pass over, in those of the others. A group
lives while an arm has rows of it, so that one arm at least is without a condition.

min and max of anything but one table read the different values as well: to find the next value after
a lost one is then to look into that stage, not to join again.

Source: Gupta, Mumick 1995, "Maintenance of Materialized Views", §3 (counting); Neumann, Leis,
        Kemper 2017, "The Complete Story of Joins (in HyPer)", §2, for the rewriting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ivmc.ir import Aggregate, Call, Filter, Project, Rel, Scan, Union, bottom_up
from ivmc.predicate import conjunction, conjuncts
from ivmc.properties import is_identity
from ivmc.rules.folding import INTEGER, unfolded
from ivmc.rules.variance import VARIANCES
from ivmc.scalar import (
    BOOLEAN,
    COMPARISON,
    Col,
    Expression,
    Scalar,
    binary,
    columns,
    fresh,
    is_present,
    literal,
    null,
    replaced,
    walk,
)

Calls = Sequence[tuple[Col, Call]]

EXTREMA: Final = frozenset({"min", "max"})
INDIFFERENT: Final = frozenset({"min", "max", "bool_and", "bool_or", "every", "bit_and", "bit_or"})
COUNTING: Final = frozenset({"count", "sum", "avg", *VARIANCES})


def decompose(rel: Rel) -> Rel:
    """The same relation, with calls that need the different values of a group over stages that have them."""
    return bottom_up(rel, lambda node: distinct(node) if isinstance(node, Aggregate) else node)


def distinct(op: Aggregate) -> Aggregate:
    """`op` over the different values of its DISTINCT calls; itself where its groups are read again anyway."""
    calls = [(column, _plain(call)) for column, call in op.calls]
    told_apart = [call for _, call in calls if call.distinct] or _extremal(op, calls)
    if not told_apart or not all(_separable(op, call) for call in told_apart):
        return op
    wanted = dict.fromkeys((call.args, call.filter) for call in told_apart)
    parts = [Part(op, args, filter) for args, filter in wanted]
    rest = [call for _, call in calls if not any(part.serves(call) for part in parts)]
    if not rest and len(parts) == 1 and (not op.keys or parts[0].filter is None):
        return _alone(op, calls, parts[0])
    united = _united(op, calls, parts, rest)
    return op if any(unfolded(call) for _, call in united.calls) else united


def _extremal(op: Aggregate, calls: Calls) -> list[Call]:
    """The calls, where all of them are extrema whose next value would have to be looked for in a join."""
    only = all(_among(call, EXTREMA) and all(map(_looks_the_same, call.args)) for _, call in calls)
    return [call for _, call in calls] if only and not _is_table(op.input) else []


def _is_table(rel: Rel) -> bool:
    """Are its rows those of one table, some of them?"""
    while isinstance(rel, Filter | Project):
        rel = rel.input
    return isinstance(rel, Scan)


def _plain(call: Call) -> Call:
    """The call without a DISTINCT that changes nothing."""
    return replace(call, distinct=False) if _among(call, INDIFFERENT) else call


def _among(call: Call, names: frozenset[str]) -> bool:
    return call.function.schema == "pg_catalog" and call.function.name in names


def _separable(op: Aggregate, call: Call) -> bool:
    """Can the values be kept in columns of a table, and does it not matter which of equal ones are?"""
    parts = values(call.args)
    known = all(_storable(part) for part in parts) and not call.variadic
    counted = call.function.name == "count" and call.function.schema == "pg_catalog"
    same = counted or all(map(_looks_the_same, parts))
    return known and same and bool(parts or op.keys)


def values(args: Sequence[Scalar]) -> tuple[Scalar, ...]:
    """What differs between calls of the arguments: not constants, and of a row its fields."""
    match args:
        case (Expression(name="row", args=fields),):
            return values(fields)
        case _:
            return tuple(dict.fromkeys(arg for arg in args if columns(arg)))


def _is_row(args: Sequence[Scalar]) -> bool:
    """Is it one row, which is not NULL whatever its fields are?"""
    return isinstance(args[0], Expression) and args[0].name == "row"


def _storable(value: Scalar) -> bool:
    """Has it a type for a column, and a collation that is known?"""
    if value.type.name in ("record", "unknown", "cstring"):
        return False
    if isinstance(value, Col):
        return True
    parts = list(walk(value))
    own = any(isinstance(part, Col) and (part.collation or part.type.name == "name") for part in parts)
    return not own and not any(isinstance(part, Expression) and part.name == "collate" for part in parts)


def _looks_the_same(value: Scalar) -> bool:
    """Are equal values of it one value?"""
    column = value if isinstance(value, Col) else fresh("value", value)
    fixed = value.type.name == "numeric" and value.scales is not None and len(value.scales) == 1
    return fixed or is_identity(column)


@dataclass(frozen=True, slots=True)
class Part:
    """The different values of the arguments `args` among the rows of `op` that satisfy `filter`."""

    op: Aggregate
    args: tuple[Scalar, ...]
    filter: Scalar | None

    def serves(self, call: Call) -> bool:
        """Is the call over these rows, and are copies nothing to it?"""
        indifferent = _among(call, INDIFFERENT) and all(map(_looks_the_same, call.args))
        return (call.distinct or indifferent) and (call.args, call.filter) == (self.args, self.filter)

    def passes_over_null(self) -> bool:
        """Is a value that is NULL nothing to any of the calls?"""
        served = [call for _, call in self.op.calls if self.serves(_plain(call))]
        return values(self.args) == self.args and all(_among(call, INDIFFERENT | COUNTING) for call in served)

    def arm(self, *, present: bool) -> Arm:
        """One row per group and values; those that are NULL are left out where `present` is asked for."""
        present = present and self.passes_over_null()
        tests = () if self.filter is None else conjuncts(self.filter)
        found = values(self.args)
        if present:
            tests += tuple(is_present(value) for value in found if value.nullable)
        rows = Filter(self.op.input, tests) if tests else self.op.input
        named = {v: fresh(_name(v), v, nullable=False if present else None) for v in found}
        outputs = (*_same(self.op.keys), *((column, value) for value, column in named.items()))
        project = Project(rows, outputs)
        return Arm(Aggregate(project, project.schema, ()), named)


@dataclass(frozen=True, slots=True)
class Arm:
    """A relation, and in which of its columns calls find what they read."""

    rel: Rel
    named: Mapping[Scalar, Col]


def _alone(op: Aggregate, calls: Calls, part: Part) -> Aggregate:
    """All calls over one stage, whose rows are all that the groups have."""
    arm = part.arm(present=not op.keys)
    over = ((column, read_through(call, arm.named, None, staged=True)) for column, call in calls)
    return Aggregate(arm.rel, op.keys, tuple(over))


def _united(op: Aggregate, calls: Calls, parts: Sequence[Part], rest: Sequence[Call]) -> Aggregate:
    """The calls over the union of a stage for each part, and of the rows for those in `rest`."""
    arms = [part.arm(present=bool(rest) or not op.keys) for part in parts]
    if rest or (op.keys and all(part.filter is not None for part in parts)):
        arms.append(_rows(op, rest))
    which = fresh("arm", INTEGER, nullable=False)
    named = [{s: fresh(c.name, c, nullable=True) for s, c in arm.named.items()} for arm in arms]
    shared = [column for columns in named for column in columns.values()]
    terms = []
    for i, arm in enumerate(arms):
        own = {column: arm.named[scalar] for scalar, column in named[i].items()}
        filled = ((column, own.get(column, null(column.type))) for column in shared)
        terms.append(Project(arm.rel, (*_same(op.keys), (which, _number(i)), *filled)))
    over = []
    for column, call in calls:
        i = next((i for i, part in enumerate(parts) if part.serves(call)), len(parts))
        test = binary("=", which, _number(i), BOOLEAN, COMPARISON, nullable=False, fallible=False)
        over.append((column, read_through(call, named[i], test, staged=i < len(parts))))
    return Aggregate(Union(tuple(terms), terms[0].schema), op.keys, tuple(over))


def _rows(op: Aggregate, calls: Sequence[Call]) -> Arm:
    """The rows themselves, with the columns that the calls read."""
    read = columns(*(scalar for call in calls for scalar in call.scalars())) - frozenset(op.keys)
    return Arm(op.input, {column: column for column in sorted(read, key=lambda column: column.id)})


def read_through(
    call: Call, named: Mapping[Scalar, Col], arm: Scalar | None, *, staged: bool = False
) -> Call:
    """A call that reads the columns `named` of rows or, where `staged`, of different values.

    The filter of a stage is below it. `arm` tells its rows from others; a call that passes over NULL
    needs no telling, since its columns are NULL in other arms.
    """
    rows = staged and call.function.name == "count" and _is_row(call.args)
    args = () if rows else tuple(replaced(arg, named) for arg in call.args)
    order = tuple((replaced(item, named), words) for item, words in call.order)
    if staged and call.distinct and not _among(call, INDIFFERENT | COUNTING):
        order += tuple((arg, "") for arg in args if columns(arg) and arg not in dict(order))
    call = replace(call, distinct=call.distinct and not staged)
    tests = [] if staged or call.filter is None else [replaced(call.filter, named)]
    passes_over = not unfolded(call) and bool(args) and args[0] in named.values()
    if arm is not None and not passes_over:
        tests.append(arm)
    condition = conjunction(tests) if tests else None
    return replace(call, args=args, star=not args, order=order, filter=condition)


def _number(i: int) -> Scalar:
    return literal(str(i), INTEGER)


def _same(schema: Sequence[Col]) -> tuple[tuple[Col, Scalar], ...]:
    return tuple((column, column) for column in schema)


def _name(value: Scalar) -> str:
    if isinstance(value, Col):
        return value.name
    return value.name if isinstance(value, Expression) and value.name.isidentifier() else "value"
