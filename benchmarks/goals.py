"""What this project asks of itself: times faster than a full recompute."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks import tpch


@dataclass(frozen=True, slots=True)
class Goal:
    """A geometric mean over these queries, by the size of the change: at least so many times faster."""

    queries: tuple[int, ...]
    times: Mapping[str, float]


GOALS = (
    Goal((1, 3, 5, 6, 7, 8, 9, 10, 12, 14, 19), {"10": 400, "0.01%": 130, "0.1%": 25, "1%": 4.5}),
    Goal(tpch.QUERIES, {"10": 700, "0.01%": 220, "0.1%": 40, "1%": 6.5}),
)
NEVER_BELOW = 0.9
"""In no round of a change of a size in `LARGE` may a view be slower than that."""
LARGE = ("10%", "50%")
