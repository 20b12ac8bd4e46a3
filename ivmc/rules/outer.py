"""LEFT JOIN; RIGHT and FULL are made of it.

    Δ(L ⟕ R)  =  ΔL ⟕ R′  +  (L′ − ΔL) ⋈ ΔR  +  pad((L′ − ΔL) ⋈ₚ F)

A row of L has its twin padded with NULLs exactly while it is in the anti join L ▷ R, whose flips F
are those of the match:

    SELECT … FROM customer LEFT JOIN orders USING (custkey)   -- the first order replaces the padded row

State   none.
Cost    O(|ΔL| · fan-out(R) + |ΔR| · fan-out(L)), O(touched p) probes of R for the padding.
Class   bilinear, with a threshold.
Source  Larson, Zhou 2007, "Efficient Maintenance of Materialized Outer-Join Views".
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ivmc.ir import Join, Match, Net, Outer, Project, Rel, same
from ivmc.properties import fans_out
from ivmc.rules import join, match
from ivmc.scalar import null

if TYPE_CHECKING:
    from ivmc.rules import Differentiate


def delta(op: Outer, d: Differentiate) -> Rel:
    left = Net(d(op.left)) if fans_out(op.right, op.on) else d(op.left)
    own = same(op.left.schema)
    nulls = tuple((new, null(new.type)) for new, _ in op.padded)
    pairs = join.driven(Join(op.left, op.right, op.on), left, d)
    alone = match.driven(Match(op.left, op.right, op.on, negated=True), left, d)
    return replace(op, left=left) + Project(pairs, own + op.padded) + Project(alone, own + nulls)
