"""Base table, or a stage of the same view.

    Δ scan(R)  =  the changes of R since the frontier

Not netted: linear laws do not need it, and it costs as much as the refresh. Where a law above
needs netted rows, it says `Net`.

State   the change buffer of a table; the stage's own old and new rows.
Cost    O(Δ).
Class   source.
Source  PostgreSQL manual, 37.1 "Overview of Trigger Behavior" (transition tables).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivmc.ir import Delta, Rel, Scan

if TYPE_CHECKING:
    from ivmc.rules import Differentiate


def delta(op: Scan, d: Differentiate) -> Rel:
    return Delta(op)
