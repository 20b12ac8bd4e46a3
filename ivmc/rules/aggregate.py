"""GROUP BY, folded.

What is stored of a group is additive where it can be: with S(R) the running counts and sums of R,

    ΔS(R)  =  S(ΔR)        S(R′)  =  S(R) + S(ΔR)

and every count, sum and average is an expression over S. A group lives while its count of rows is
not zero. Sums are taken in the result's type, with a count of non-NULL inputs beside each: the
sum of no values is NULL, not 0.

min, max and the display scale of a numeric without a fixed one are extrema: of the *net* rows per
(group, value), by image, only the best value t of the change and its net count c can matter.
With the stored m and its count n: t better than m replaces it; t = m adds c to n; t worse changes
nothing. Where n reaches zero the group has lost its extremum and is read again. Without netting, an
insert and a delete of one value below m in one refresh would leave that value behind:

    INSERT INTO t VALUES (1, 3); DELETE FROM t WHERE x = 3;   -- SELECT g, min(x) … with min 5

State   one row per group: its keys, its count, counts and sums of the calls, extrema with counts.
Cost    O(Δ) to sum up, O(touched groups) to apply, O(rows of the group) where an extremum is lost.
Class   additive (counts, sums), extremal (min, max).
Source  Gupta, Mumick 1995, "Maintenance of Materialized Views", §3; Palpanas et al. 2002,
        "Incremental Maintenance for Non-Distributive Aggregate Functions".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivmc.ir import Aggregate, Call, Filter, Net, Project, Rel, Union
from ivmc.rules.folding import Best, Extremum, Fold, best_of, built_in, fold
from ivmc.rules.netting import safe
from ivmc.scalar import BIGINT, Col, Scalar, fresh, is_present, null

if TYPE_CHECKING:
    from ivmc.rules import Differentiate


def delta(op: Aggregate, d: Differentiate) -> Rel:
    """The change of the stored state; `fold(op)` must exist."""
    folded = fold(op)
    if folded is None:
        raise TypeError("the groups of this aggregate are read again, not folded")
    return grouped(safe(d(op.input), expressions(op)), op, folded)


def expressions(op: Aggregate) -> tuple[Scalar, ...]:
    """Everything that the calls evaluate per input row."""
    return tuple(scalar for _, one in op.calls for scalar in one.scalars())


def grouped(rel: Rel, op: Aggregate, folded: Fold) -> Rel:
    """S(rel): one row per group with states and extrema, of current or of signed rows alike."""
    sums = Aggregate(rel, op.keys, folded.states)
    if not folded.extrema:
        return sums
    schema = sums.schema + tuple(c for e in folded.extrema for c in (e.value, e.count))
    parts = [sums, *(_best(rel, op, extremum) for extremum in folded.extrema)]
    padded = tuple(_padded(part, schema) for part in parts)
    merged = [(column, _merge("max", column)) for column, _ in folded.states]
    for extremum in folded.extrema:
        merged.append((extremum.value, _merge("min", extremum.value)))
        merged.append((extremum.count, _merge("max", extremum.count)))
    return Aggregate(Union(padded, schema), op.keys, tuple(merged))


def _best(rel: Rel, op: Aggregate, extremum: Extremum) -> Rel:
    """Per group, the best net value and its net count."""
    value = extremum.value
    present = is_present(value)
    outputs = (*((key, key) for key in op.keys), (value, extremum.of))
    rows = rel if extremum.filter is None else Filter(rel, (extremum.filter,))
    net = Net(Filter(Project(rows, outputs), (present,)))
    direction = "" if extremum.best == "min" else " DESC"
    top = Call(built_in("array_agg", value.type), (), BIGINT, order=((value, direction),), state=True)
    best = best_of(extremum.best, value, value)
    inner = fresh(value.name, value)
    grouped_rows = Aggregate(net, op.keys, ((inner, best), (extremum.count, top)))
    back = ((key, key) for key in op.keys)
    return Project(grouped_rows, (*back, (value, inner), (extremum.count, extremum.count)))


def _padded(part: Rel, schema: tuple[Col, ...]) -> Rel:
    """The part with NULL for the columns of the others."""
    known = set(part.schema)
    return Project(part, tuple((c, c if c in known else null(c.type)) for c in schema))


def _merge(name: Best, column: Col) -> Call:
    """The one value that is not NULL; unlike a sum it keeps the type."""
    return best_of(name, column, column)
