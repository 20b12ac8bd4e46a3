"""Inner join.

    Δ(L ⋈ R)  =  ΔL ⋈ R′  +  L′ ⋈ ΔR  −  ΔL ⋈ ΔR

All three terms read the current state only, so each is driven by a delta through the other side's
index. A tree of joins is left-deep, and the law is applied at each level: ΔL is then a sum of
three terms per table, not a sum over all subsets of the tables.

The terms also pair rows that never coexisted, and take them away again. No expression that could
raise an error is evaluated before they are gone: the join's condition holds only predicates that
cannot, the others are filters above it, over net rows (law 4).

A change that fans out into the other side is netted first: an update of columns that the query does
not read cancels before it is multiplied.

    SELECT … FROM customer JOIN orders …   -- UPDATE customer SET balance = …: no order is read

State   none: L and R are read through their own indexes.
Cost    O(|ΔL| · fan-out(R) + |ΔR| · fan-out(L)).
Class   bilinear.
Source  Gupta, Mumick 1995; Budiu et al. 2023, §4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivmc.ir import Join, Net, Rel
from ivmc.properties import fans_out

if TYPE_CHECKING:
    from ivmc.rules import Differentiate


def delta(op: Join, d: Differentiate) -> Rel:
    left, right, on = op.left, op.right, op.on
    change_left = Net(d(left)) if fans_out(right, on) else d(left)
    change_right = Net(d(right)) if fans_out(left, on) else d(right)
    both = Join(change_left, change_right, on)
    return Join(change_left, right, on) + Join(left, change_right, on) - both
