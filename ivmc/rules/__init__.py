"""The calculus on one page: Δ of every operator.

A rule maps an operator to the relation that denotes its change since the frontier,
Δ(op) = op(new) − op(old), over the current state and the deltas of its inputs. Rules are algebra:
none writes SQL or reads a catalog.
"""

from __future__ import annotations

from typing import Protocol, assert_never

from ivmc.ir import (
    Aggregate,
    Carried,
    Delta,
    Expand,
    Filter,
    Flips,
    Join,
    Match,
    Negate,
    Net,
    Outer,
    Project,
    Rel,
    Scan,
    Union,
    Values,
)
from ivmc.rules import aggregate, expand, filter, join, match, outer, project, scan, union, values


class Differentiate(Protocol):
    """The memoised driver, as rules see it."""

    def __call__(self, rel: Rel, /) -> Rel:
        """Δ of an input."""


def delta(rel: Rel, d: Differentiate) -> Rel:
    """Δ of one operator, by its own law."""
    match rel:
        case Scan():
            return scan.delta(rel, d)
        case Values():
            return values.delta(rel, d)
        case Filter():
            return filter.delta(rel, d)
        case Project():
            return project.delta(rel, d)
        case Union():
            return union.delta(rel, d)
        case Join():
            return join.delta(rel, d)
        case Outer():
            return outer.delta(rel, d)
        case Match():
            return match.delta(rel, d)
        case Expand():
            return expand.delta(rel, d)
        case Aggregate():
            return aggregate.delta(rel, d)
        case Delta() | Carried() | Negate() | Net() | Flips():
            raise TypeError(f"{type(rel).__name__} belongs to refreshes, not to queries")
        case _:
            assert_never(rel)
