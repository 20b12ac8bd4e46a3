"""Where rows are netted, before anything that could raise an error is evaluated; and how they are counted.

Laws 1 and 4: the net weight of a row is the sum of its weights over all that looks like it, and what it
comes to zero for never was a row of the query.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ivmc.catalog import Function
from ivmc.ir import Call, Net, Rel, is_empty
from ivmc.scalar import BIGINT, Scalar, is_fallible

# The sum of weights: how many rows signed rows come to.
COUNT: Final = Call(
    Function("pg_catalog", "count", "a", (), BIGINT, "i", strict=False), (), BIGINT, False, True, state=True
)


def safe(rel: Rel, expressions: Iterable[Scalar]) -> Rel:
    """`rel`, netted if evaluating the expressions on a row that never existed could fail (law 1)."""
    return Net(rel) if not is_empty(rel) and any(map(is_fallible, expressions)) else rel
