"""What an expert reached by hand on the same views: the practical limit, and so the measure.

State tables and refresh programs written for each query, which assume that `part`, `supplier`, `nation` and
`region` never change. PostgreSQL 18.6, 2 cores, scale 1, everything cached. Milliseconds, by query.
"""

from statistics import geometric_mean

FULL = {1: 1284, 3: 336, 5: 371, 6: 221, 9: 634, 10: 476}
REFRESH: dict[str, dict[int, float]] = {
    "10": {1: 0.18, 3: 0.31, 5: 0.73, 6: 0.12, 9: 0.56, 10: 0.34},
    "0.01%": {1: 0.62, 3: 1.7, 5: 3.1, 6: 0.27, 9: 4.5, 10: 1.2},
    "0.1%": {1: 4.4, 3: 15, 5: 16, 6: 1.4, 9: 30, 10: 8.8},
    "1%": {1: 36, 3: 88, 5: 115, 6: 6.7, 9: 165, 10: 69},
    "10%": {1: 344, 3: 417, 5: 836, 6: 53, 9: 1212, 10: 601},
}
TARGET = {"10": 400, "0.01%": 130, "0.1%": 25, "1%": 4.5, "10%": 0.9}
"""Times faster than a full recompute, as a geometric mean, that this project asks of itself."""


def ratio(query: int, size: str) -> float | None:
    """Return how many times faster than a full recompute the expert's refresh was, where it was measured.

    >>> ratio(6, "1%"), ratio(7, "1%")
    (32.98507462686567, None)
    """
    taken = REFRESH.get(size, {}).get(query)
    return FULL[query] / taken if taken else None


def mean(size: str, queries: set[int]) -> float | None:
    """Return the geometric mean of the expert's ratios over those of `queries` that were measured."""
    known = [known for query in queries if (known := ratio(query, size))]
    return geometric_mean(known) if known else None
