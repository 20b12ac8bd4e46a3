"""LEFT JOIN; RIGHT and FULL are made of it.

    Δ(L ⟕ R)  =  Δ(L ⋈ R)  +  pad(Δ(L ▷ R))

A row of L has its twin padded with NULLs exactly while it is in the anti join:

    SELECT … FROM customer LEFT JOIN orders USING (custkey)   -- the first order replaces the padded row

State   none.
Cost    that of the join, and of the anti join.
Class   bilinear, with a threshold.
Source  Larson, Zhou 2007, "Efficient Maintenance of Materialized Outer-Join Views".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivmc.ir import Join, Match, Outer, Project, Rel
from ivmc.scalar import null

if TYPE_CHECKING:
    from ivmc.rules import Differentiate


def delta(op: Outer, d: Differentiate) -> Rel:
    own = tuple((column, column) for column in op.left.schema)
    pairs = Project(Join(op.left, op.right, op.on), own + op.padded)
    alone = Match(op.left, op.right, op.on, negated=True)
    nulls = tuple((new, null(new.type)) for new, _ in op.padded)
    return d(pairs) + Project(d(alone), own + nulls)
