"""Filter.

    Δ σ(R)  =  σ(ΔR)

A predicate that can raise an error is applied to net rows alone: a row inserted with `rate = 0` and
corrected before the refresh was never seen by the query, nor were the pairs of rows that a join's
law adds and takes away again:

    SELECT * FROM orders JOIN rates USING (currency) WHERE amount / rate > 100

State   none.
Cost    O(Δ).
Class   linear.
Source  Budiu et al. 2023, "DBSP: Automatic Incremental View Maintenance", §4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivmc.ir import Filter, Rel
from ivmc.rules.netting import safe

if TYPE_CHECKING:
    from ivmc.rules import Differentiate


def delta(op: Filter, d: Differentiate) -> Rel:
    return Filter(safe(d(op.input), op.predicates), op.predicates)
