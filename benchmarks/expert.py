"""What an expert reached by hand on the same views: the practical limit, and so the measure.

State tables and refresh programs written for each query, which assume that `part`, `supplier`, `nation` and
`region` never change. PostgreSQL 18.6, 2 cores, scale 1, everything cached. Milliseconds, by query.
"""

from statistics import geometric_mean

QUERIES = (1, 3, 4, 5, 6, 9, 10, 13, 17, 18, 21, 22)
_FULL = (1284, 336, 161, 371, 221, 634, 476, 703, 455, 4212, 742, 49)
_REFRESH = {
    "10": (0.18, 0.31, 0.25, 0.73, 0.12, 0.56, 0.34, 0.30, 0.17, 0.31, 0.67, 0.36),
    "0.01%": (0.62, 1.7, 0.96, 3.1, 0.27, 4.5, 1.2, 1.4, 0.32, 2.2, 1.9, 1.0),
    "0.1%": (4.4, 15, 6.5, 16, 1.4, 30, 8.8, 7.8, 3.1, 18, 11, 6.3),
    "1%": (36, 88, 39, 115, 6.7, 165, 69, 55, 10, 134, 96, 43),
    "10%": (344, 417, 333, 836, 53, 1212, 601, 261, 54, 1362, 1056, 138),
}
FULL: dict[int, int] = dict(zip(QUERIES, _FULL, strict=True))
REFRESH = {size: dict(zip(QUERIES, taken, strict=True)) for size, taken in _REFRESH.items()}


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
