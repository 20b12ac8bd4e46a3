"""Where rows have to be netted: before anything that could raise an error is evaluated."""

from __future__ import annotations

from collections.abc import Iterable

from ivmc.ir import Net, Rel, is_empty
from ivmc.scalar import Scalar, is_fallible


def safe(rel: Rel, expressions: Iterable[Scalar]) -> Rel:
    """`rel`, netted if evaluating the expressions on a row that never existed could fail (law 1)."""
    return Net(rel) if not is_empty(rel) and any(map(is_fallible, expressions)) else rel
