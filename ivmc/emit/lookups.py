"""By which columns, besides their keys, rows of stages are looked up: those of groups read again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ivmc.ir import Expand, Filter, Join, Match, Outer, Project, Rel, Scan, Union, inputs
from ivmc.names import SCHEMA
from ivmc.scalar import Col
from ivmc.stages import Stage


def sought(stages: Iterable[Stage]) -> dict[str, list[tuple[int, ...]]]:
    """Per stage, by name, the places in its schema of columns that groups of later stages are found by."""
    found: dict[str, list[tuple[int, ...]]] = {}
    for stage in stages:
        if stage.op is None or (stage.fold is not None and not stage.fold.extrema):
            continue
        for scan, columns in traced(stage.input, stage.op.keys):
            places = tuple(scan.schema.index(column) for column in columns)
            known = found.setdefault(scan.relation.name, []) if scan.relation.schema == SCHEMA else []
            if places and places not in known:
                known.append(places)
    return found


def traced(rel: Rel, columns: Sequence[Col]) -> Iterator[tuple[Scan, tuple[Col, ...]]]:
    """The tables that columns of `rel` come from, as they are, each with its own among them."""
    match rel:
        case Scan():
            yield rel, tuple(column for column in columns if column in rel.schema)
        case Project(input, outputs):
            given = dict(outputs)
            read = [scalar for column in columns if isinstance(scalar := given.get(column), Col)]
            yield from traced(input, read)
        case Outer(left, right, _, padded):
            yield from traced(left, columns)
            yield from traced(right, [old for new, old in padded if new in columns])
        case Match(left) | Expand(left):
            yield from traced(left, columns)
        case Filter() | Join() | Union():
            for child in inputs(rel):
                yield from traced(child, columns)
        case _:
            pass
