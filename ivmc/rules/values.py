"""Constant rows.

    Δ values  =  ∅

State   none.
Cost    none.
Class   constant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivmc.ir import Rel, Values, empty

if TYPE_CHECKING:
    from ivmc.rules import Differentiate


def delta(op: Values, d: Differentiate) -> Rel:
    return empty(op.schema)
