"""The order in which tables are joined: left-deep, the table that changes most first.

The bilinear law telescopes over this order, so what is at the far end is joined by the changes of
everything before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from ivmc.ir import Aggregate, Filter, Match, Rel, Scan, walk
from ivmc.predicate import equated
from ivmc.properties import keys
from ivmc.scalar import Col, Scalar, columns


def ordered(leaves: Sequence[Rel], predicates: Sequence[Scalar]) -> list[Rel]:
    """The join order: the busiest first, then always something connected to what is there.

    Tables with predicates of their own come early, for they reduce: first those that are reached by
    the smallest tables, the ones on the way counted.
    """
    weight = _busyness(leaves, predicates)
    order: list[int] = []
    while len(order) < len(leaves):
        rest = [i for i in range(len(leaves)) if i not in order]
        seen = frozenset(column for i in order for column in leaves[i].schema)
        linked = [i for i in rest if _connected(leaves[i], seen, predicates)]
        ways = [way for i in linked for way in _ways(leaves, predicates, order, (i,))]
        if ways:
            order += min(((_total(weight, way), len(way)), way) for way in ways)[1]
        else:
            order.append(max(linked or rest, key=lambda i: (weight[i], -i)))
    return [leaves[i] for i in order]


def _ways(
    leaves: Sequence[Rel], predicates: Sequence[Scalar], order: Sequence[int], way: tuple[int, ...]
) -> Iterator[tuple[int, ...]]:
    """How a filtered table is reached: at once, or on over tables of which a row meets one at most."""
    last = leaves[way[-1]]
    if any(isinstance(node, Filter | Match) for node in walk(last)):
        yield way
    elif any(_many_to_one(leaves[i], last, predicates) for i in (*order, *way[:-1])):
        rest = [i for i in range(len(leaves)) if i not in order and i not in way]
        for i in rest:
            if _many_to_one(last, leaves[i], predicates):
                yield from _ways(leaves, predicates, order, (*way, i))


def _total(weight: Sequence[tuple[float, ...]], way: tuple[int, ...]) -> tuple[float, ...]:
    """The rows of the tables on a way, as far as they are known, and their references."""
    return tuple(map(sum, zip(*(weight[i] for i in way), strict=True)))


def _connected(leaf: Rel, seen: frozenset[Col], predicates: Iterable[Scalar]) -> bool:
    own = frozenset(leaf.schema)
    return any((read := columns(p)) & own and read & seen for p in predicates)


def _busyness(leaves: Sequence[Rel], predicates: Sequence[Scalar]) -> list[tuple[float, ...]]:
    """How much each leaf is expected to change: by its rows where known, else by references.

    A table that refers to others (many to one) changes more often than those it refers to.
    """
    sizes = [rows(leaf) for leaf in leaves]
    known = all(size is not None for size in sizes)
    depth = _depths(leaves, predicates)
    return [(size if known and size is not None else 0.0, d) for size, d in zip(sizes, depth, strict=True)]


@lru_cache(maxsize=256)
def rows(leaf: Rel) -> float | None:
    """How many rows the tables of a relation have together, as far as that is known of all."""
    scans = [node for node in walk(leaf) if isinstance(node, Scan)]
    known = [scan.relation.rows for scan in scans if scan.relation.rows is not None]
    return sum(known) if known and len(known) == len(scans) else None


def _depths(leaves: Sequence[Rel], predicates: Sequence[Scalar]) -> list[int]:
    """The longest chain of many-to-one joins that starts at each leaf."""
    edges = {
        i: [j for j, other in enumerate(leaves) if j != i and _refers(leaf, other, predicates)]
        for i, leaf in enumerate(leaves)
    }

    def depth(i: int, path: frozenset[int]) -> int:
        return max((1 + depth(j, path | {j}) for j in edges[i] if j not in path), default=0)

    return [depth(i, frozenset({i})) for i in range(len(leaves))]


def _refers(leaf: Rel, other: Rel, predicates: Sequence[Scalar]) -> bool:
    """Is the join many to one; and where it is one to one, is it from groups to a table?"""
    back = _many_to_one(other, leaf, predicates)
    return _many_to_one(leaf, other, predicates) and not (back and isinstance(other, Aggregate))


def _many_to_one(many: Rel, one: Rel, predicates: Sequence[Scalar]) -> bool:
    """Do the predicates equate a whole key of `one` with columns of `many`?"""
    own, other = frozenset(many.schema), frozenset(one.schema)
    pairs = [pair for p in predicates if (pair := equated(p)) is not None]
    matched = {b for a, b in [*pairs, *((b, a) for a, b in pairs)] if a in own and b in other}
    return any(key and key <= matched for key in keys(one))
