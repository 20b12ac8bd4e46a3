"""The memoised driver: each distinct subtree is differentiated once, and deltas are shared."""

from __future__ import annotations

from ivmc.ir import Rel, empty, inputs, is_empty
from ivmc.rules import delta


def differentiate(rel: Rel) -> Rel:
    """Δ of a stateless relation, as a sum of terms over current states and deltas."""
    return derivatives(rel)[rel]


def derivatives(rel: Rel) -> dict[Rel, Rel]:
    """Δ of a stateless relation and of every part of it that its own is made of."""
    memo: dict[Rel, Rel] = {}

    def d(node: Rel) -> Rel:
        if node not in memo:
            below = inputs(node)
            still = bool(below) and all(is_empty(d(part)) for part in below)
            memo[node] = empty(node.schema) if still else delta(node, d)
        return memo[node]

    d(rel)
    return memo
