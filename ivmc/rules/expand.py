"""Set-returning functions, row by row: LATERAL f(…), and in the select list.

    Δ expand(R)  =  expand(ΔR)

A function that can raise an error sees net rows alone (see the filter).

State   none.
Cost    O(Δ · rows that the functions give).
Class   linear.
Source  Budiu et al. 2023, "DBSP: Automatic Incremental View Maintenance", §7 (flatmap).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ivmc.ir import Expand, Rel
from ivmc.rules.netting import safe

if TYPE_CHECKING:
    from ivmc.rules import Differentiate


def delta(op: Expand, d: Differentiate) -> Rel:
    return replace(op, input=safe(d(op.input), op.functions + op.on))
