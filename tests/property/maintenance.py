"""A refresh in plain Python: every stage takes in its delta as the docstrings of `rules/` say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ivmc.differentiate import differentiate
from ivmc.ir import Aggregate, Filter, Net, Project, Rel, Scan
from ivmc.rules.aggregate import expressions, grouped
from ivmc.rules.folding import Extremum, Fold
from ivmc.rules.netting import safe
from ivmc.scalar import Col
from ivmc.stages import Stage, Staged
from ivmc.value import Row, holds, value
from ivmc.zset import Weighted, ZSet, evaluate, image

Tables = Mapping[Scan, Iterable[Weighted]]
Group = tuple[Any, ...]


def group(row: Row, keys: Iterable[Col]) -> Group:
    return tuple(row[key] for key in keys)


def by_group(rows: Iterable[Weighted], keys: tuple[Col, ...]) -> dict[Group, Row]:
    """The rows of a grouped relation."""
    return {group(row, keys): row for row, _ in rows}


def change(op: Aggregate, fold: Fold) -> Rel:
    """S(ΔR)."""
    return grouped(safe(differentiate(op.input), expressions(op)), op, fold)


def merged(stored: Row | None, moved: Row, op: Aggregate, fold: Fold) -> tuple[Row | None, bool]:
    """A group's stored row after the change, None where it died; and whether it must be read again."""
    if stored is None:
        return (moved if moved[fold.count] or not op.keys else None), False
    new = dict(stored)
    for column, _ in fold.states:
        new[column] = stored[column] + moved[column]
    assert new[fold.count] >= 0, "a group with fewer rows than none"
    if not new[fold.count] and op.keys:
        return None, False
    lost = [taken_in(new, stored, moved, extremum) for extremum in fold.extrema]
    return new, any(lost)


def taken_in(new: dict[Col, Any], stored: Row, moved: Row, extremum: Extremum) -> bool:
    """Put the better of two extrema into `new`; true where it was lost."""
    m, t = stored[extremum.value], moved[extremum.value]
    if t is None:
        return False
    better = m is None or (t < m if extremum.best == "min" else t > m)
    if better:
        assert moved[extremum.count] > 0, "a value went that was better than the best"
        new[extremum.value], new[extremum.count] = t, moved[extremum.count]
        return False
    if t != m:
        return False
    new[extremum.count] = stored[extremum.count] + moved[extremum.count]
    return new[extremum.count] <= 0 or image({extremum.value: t}) != image({extremum.value: m})


@dataclass
class View:
    """A staged query, and the rows of each stage by the name of its table."""

    staged: Staged
    stored: dict[str, ZSet] = field(default_factory=dict)

    def fill(self, tables: Tables) -> None:
        known = dict(tables)
        for stage in self.staged.stages:
            self.stored[stage.name] = evaluate(_stored_form(stage), known)
            known[stage.scan] = self.seen(stage)

    def refresh(self, tables: Tables, changes: Tables) -> None:
        known, moved = dict(tables), dict(changes)
        for stage in self.staged.stages:
            before = self.seen(stage)
            self.stored[stage.name] = self.maintained(stage, known, moved)
            known[stage.scan] = self.seen(stage)
            moved[stage.scan] = [*(-before), *self.seen(stage)]

    def seen(self, stage: Stage) -> ZSet:
        """What later stages read of a stage."""
        rows = self.stored[stage.name]
        return ZSet(({c: value(s, row) for c, s in stage.outputs}, weight) for row, weight in rows)

    def result(self) -> list[tuple[tuple[Any, ...], int]]:
        """The rows of the view, without the names of its columns."""
        root = [(row, weight) for row, weight in self.stored[self.staged.root.name]]
        mapped = [({c: value(s, row) for c, s in self.staged.root.outputs}, row, w) for row, w in root]
        return [
            (tuple(value(s, {**stored, **row}) for s in self.staged.outputs), weight)
            for row, stored, weight in mapped
            if holds(self.staged.where, {**stored, **row})
        ]

    def maintained(self, stage: Stage, tables: Tables, changes: Tables) -> ZSet:
        if stage.op is None:
            return self.stored[stage.name] + evaluate(Net(differentiate(stage.input)), tables, changes)
        if stage.fold is None:
            return self.read_again(stage, stage.op, tables, changes)
        return self.folded(stage, stage.op, stage.fold, tables, changes)

    def folded(self, stage: Stage, op: Aggregate, fold: Fold, tables: Tables, changes: Tables) -> ZSet:
        rows = by_group(self.stored[stage.name], op.keys)
        again = by_group(evaluate(grouped(op.input, op, fold), tables), op.keys)
        for key, moved in by_group(evaluate(change(op, fold), tables, changes), op.keys).items():
            row, lost = merged(rows.pop(key, None), moved, op, fold)
            row = again[key] if lost else row
            if row is not None:
                rows[key] = row
        return ZSet((row, 1) for row in rows.values())

    def read_again(self, stage: Stage, op: Aggregate, tables: Tables, changes: Tables) -> ZSet:
        rows = by_group(self.stored[stage.name], op.keys)
        again = by_group(evaluate(_stored_form(stage), tables), op.keys)
        delta = differentiate(op.input)
        touched = evaluate(Aggregate(Net(delta), op.keys, ()), tables, changes)
        for key in by_group(touched, op.keys):
            rows.pop(key, None)
            if key in again:
                rows[key] = again[key]
        return ZSet((row, 1) for row in rows.values())


def _stored_form(stage: Stage) -> Rel:
    if stage.op is None:
        return stage.input
    if stage.fold is not None:
        return grouped(stage.input, stage.op, stage.fold)
    return Filter(stage.op, stage.having) if stage.having else stage.op


def narrowed(rel: Rel) -> Project:
    """The columns of a relation as themselves, as a query's select list would have them."""
    return Project(rel, tuple((column, column) for column in rel.schema))
