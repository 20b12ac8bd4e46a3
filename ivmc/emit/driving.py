"""What drives the probes of a statement, and in what order: sorted, they find a page once."""

from __future__ import annotations

from collections.abc import Container, Iterator

from ivmc.ir import Carried, Delta, Flips, Join, Match, Outer, Rel, Scan, walk
from ivmc.predicate import equated
from ivmc.scalar import Col

HASHED = 100_000  # rows of a table that is hashed rather than probed, or whose pages are in the caches


def orders(rel: Rel, counted: Container[Rel]) -> dict[Rel, tuple[Col, ...]]:
    """By which columns to read the counted parts of `rel`: those that the largest table is probed by."""
    found: dict[Rel, tuple[float, tuple[Col, ...]]] = {}
    for driver, probed, keys in _probes(rel):
        part = next((p for p in walk(driver) if p in counted and set(keys) <= set(p.schema)), None)
        rows = largest(probed)
        if part is not None and not 0 < rows < HASHED and rows > found.get(part, (-1.0,))[0]:
            found[part] = rows, keys
    return {part: keys for part, (_, keys) in found.items()}


def _probes(rel: Rel) -> Iterator[tuple[Rel, Rel, tuple[Col, ...]]]:
    """The joins of changes to what is stored: both sides, and the columns of the first that are equated."""
    for node in walk(rel):
        match node:
            case Join(left, right, on):
                sides = [(left, right), (right, left)]
            case Outer(left, right, on) | Match(left, right, on) | Flips(left, right, on):
                sides = [(left, right)]
            case _:
                continue
        pairs = [pair for pair in map(equated, on) if pair]
        for driver, probed in sides:
            keys = [c for pair in pairs for c, other in (pair, pair[::-1]) if other in probed.schema]
            if keys and not any(isinstance(part, Delta | Carried) for part in walk(probed)):
                yield driver, probed, tuple(dict.fromkeys(keys))


def largest(rel: Rel) -> float:
    """How many rows the largest table has, 0 where nobody knows."""
    return max((node.relation.rows or 0.0 for node in walk(rel) if isinstance(node, Scan)), default=0.0)
