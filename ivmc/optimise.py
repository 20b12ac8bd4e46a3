"""Algebraic simplification of deltas, to a fixpoint in one pass from the inputs up."""

from __future__ import annotations

from ivmc.ir import (
    Aggregate,
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
    Union,
    bottom_up,
    empty,
    inputs,
    is_empty,
)


def simplify(rel: Rel) -> Rel:
    """The same Z-set with empty terms gone and sums flat."""
    return bottom_up(rel, _simpler)


def _simpler(rel: Rel) -> Rel:
    match rel:
        case Filter() | Project() | Expand() | Negate() | Net() | Join() if any(map(is_empty, inputs(rel))):
            return empty(rel.schema)
        case Match(left) | Outer(left) | Flips(left) if is_empty(left):
            return empty(rel.schema)
        case Aggregate(input, keys) if keys and is_empty(input):
            return empty(rel.schema)
        case Negate(Negate(input)):
            return input
        case Net(Net(_) as input):
            return input
        case Union(terms, schema):
            flat = tuple(t for term in terms for t in (term.inputs if isinstance(term, Union) else (term,)))
            return flat[0] if len(flat) == 1 else Union(flat, schema)
        case _:
            return rel
