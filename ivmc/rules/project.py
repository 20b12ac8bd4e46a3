"""Projection.

    Δ π(R)  =  π(ΔR)

Expressions that can raise an error see net rows alone (see the filter).

State   none.
Cost    O(Δ).
Class   linear.
Source  Budiu et al. 2023, "DBSP: Automatic Incremental View Maintenance", §4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivmc.ir import Project, Rel
from ivmc.rules.netting import safe

if TYPE_CHECKING:
    from ivmc.rules import Differentiate


def delta(op: Project, d: Differentiate) -> Rel:
    return Project(safe(d(op.input), [scalar for _, scalar in op.outputs]), op.outputs)
