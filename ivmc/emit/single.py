"""Extrema of values of which no group has two that are equal: then the count of an extremum is 1.

So they are read in the same pass as counts and sums, or from the end of an index, without netting.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ivmc import few
from ivmc.ir import Aggregate, Call, Project, Rel, same
from ivmc.properties import keys
from ivmc.rules.folding import Fold, best_of
from ivmc.scalar import BIGINT, Col, fresh, is_present, literal

ONE: Final = literal("1::bigint", BIGINT)


def is_single(op: Aggregate, fold: Fold) -> bool:
    """Is every extremum of the groups one of a column that, with the columns of the group, is a key?"""
    given = keys(op.input)
    return all(any(key - {e.of} <= set(op.keys) for key in given) for e in fold.extrema)


def at_once(rel: Rel, op: Aggregate, fold: Fold, states: Sequence[tuple[Col, Call]]) -> Rel:
    """Some states and all extrema of the groups of `rel`."""
    found = [(e, fresh(e.value.name, e.value)) for e in fold.extrema]
    values = ((value, best_of(e.best, e.value, e.of, e.filter)) for e, value in found)
    outputs = [*same(op.keys), *same(column for column, _ in states)]
    for e, value in found:
        outputs += [(e.value, value), (e.count, few.case(is_present(value), ONE))]
    return Project(Aggregate(rel, op.keys, (*states, *values)), tuple(outputs))
