"""A term of a delta as a formula, for the comment above its statement."""

from __future__ import annotations

from typing import assert_never

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


def formula(rel: Rel) -> str:
    """What a relation is made of, row-wise operators apart: `Δorders ⋈ customer′`."""
    match rel:
        case Scan(_, alias):
            return f"{alias}′"
        case Delta(scan):
            return f"Δ{scan.alias}"
        case Carried(name):
            return name.rpartition("__")[2]
        case Values():
            return "values"
        case Filter(input) | Project(input):
            return formula(input)
        case Negate(Negate(input)):
            return formula(input)
        case Negate(input):
            return f"− {_operand(input)}" if isinstance(_bare(input), Union) else f"− {formula(input)}"
        case Net(input):
            return f"net({formula(input)})"
        case Aggregate(input):
            return f"γ({formula(input)})"
        case Expand(input):
            return f"expand({formula(input)})"
        case Join(left, right):
            first = formula(left) if isinstance(_bare(left), Join) else _operand(left)
            return f"{first} ⋈ {_operand(right)}"
        case Outer(left, right):
            return f"{_operand(left)} ⟕ {_operand(right)}"
        case Match(left, right, _, negated, mark):
            return f"{_operand(left)} {'mark' if mark else '▷' if negated else '⋉'} {_operand(right)}"
        case Flips(left, right):
            return f"flips({_operand(left)} ⋉ {_operand(right)})"
        case Union(terms):
            return " + ".join(map(formula, terms))
        case _:
            assert_never(rel)


def _bare(rel: Rel) -> Rel:
    while isinstance(rel, Filter | Project):
        rel = rel.input
    return rel


def _operand(rel: Rel) -> str:
    """Joins associate to the left; anything else that is a sum or has a sign is in parentheses."""
    compound = isinstance(_bare(rel), Join | Outer | Match | Union | Negate)
    return f"({formula(rel)})" if compound else formula(rel)
