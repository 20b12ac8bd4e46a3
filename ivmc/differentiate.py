"""The memoised driver: each distinct subtree is differentiated once, and deltas are shared."""

from __future__ import annotations

from ivmc.ir import Rel
from ivmc.rules import delta


def differentiate(rel: Rel) -> Rel:
    """Δ of a stateless relation, as a sum of terms over current states and deltas."""
    memo: dict[Rel, Rel] = {}

    def d(node: Rel) -> Rel:
        if node not in memo:
            memo[node] = delta(node, d)
        return memo[node]

    return d(rel)
