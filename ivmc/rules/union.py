"""UNION ALL.

    Δ (R ⊎ S)  =  ΔR ⊎ ΔS

State   none.
Cost    O(Δ).
Class   linear.
Source  Budiu et al. 2023, "DBSP: Automatic Incremental View Maintenance", §4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivmc.ir import Rel, Union

if TYPE_CHECKING:
    from ivmc.rules import Differentiate


def delta(op: Union, d: Differentiate) -> Rel:
    return Union(tuple(d(term) for term in op.inputs), op.schema)
