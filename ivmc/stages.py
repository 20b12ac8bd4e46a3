"""Which sub-plans keep state, and where.

A query becomes a short chain of stages, each a stateless plan under one stateful operator: an
aggregate, or the store of a result without one. Everything else is stateless and never stored:
base tables and their indexes are the arrangement. What follows the last stateful operator is
evaluated by the view that the user reads, unless it depends on session settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ivmc.catalog import Column, Relation
from ivmc.identity import shape
from ivmc.ir import Aggregate, Filter, Project, Rel, Scan, inputs, walk, with_inputs
from ivmc.names import SCHEMA, fitted
from ivmc.normalise import normalise
from ivmc.normalise.decompose import decompose
from ivmc.normalise.eager import eager
from ivmc.normalise.unnest import unnest
from ivmc.properties import imaged, keys, reduced, shortest
from ivmc.rules.folding import Fold, fold
from ivmc.scalar import Col, Scalar, is_stable, substitute


@dataclass(frozen=True, slots=True)
class Stage:
    """A maintained relation: `op` over earlier stages and base tables, in the table `name`.

    op      the aggregate, or None where the rows of `input` are stored as they are
    fold    how the aggregate is stored; None where its touched groups are read again
    key     the columns by which a stored row is found; None for a bag, found by whole image
    scan    how later stages and the view read it
    having  what a group that is read again must satisfy to be stored
    """

    name: str
    input: Rel
    op: Aggregate | None
    fold: Fold | None
    key: tuple[Col, ...] | None
    scan: Scan
    having: tuple[Scalar, ...] = ()

    @property
    def outputs(self) -> tuple[tuple[Col, Scalar], ...]:
        """What a reader of the stage sees, over the stored columns."""
        if self.fold is None:
            return tuple((column, column) for column in self.scan.schema)
        assert self.op is not None
        return (*((key, key) for key in self.op.keys), *self.fold.outputs)


@dataclass(frozen=True, slots=True)
class Staged:
    """A query as stages, and its result over the last one."""

    stages: tuple[Stage, ...]
    outputs: tuple[Scalar, ...]
    where: tuple[Scalar, ...]

    @property
    def root(self) -> Stage:
        return self.stages[-1]


def staged(rel: Rel, id: str) -> Staged:
    """Split a bound query. The root's table is called `id`, the others `id__1`, `id__2`, …"""
    schema = rel.schema
    canonical = normalise(eager(normalise(_identified(decompose(unnest(rel))))))
    cut = Cut(id)
    finish = _finish(canonical)
    if finish is None:
        root = _store(cut.over(canonical), id)
        return Staged((*cut.found, root), schema, ())
    aggregate, outputs, where = finish
    root = _aggregate(cut.below(aggregate), id)
    mapping = dict(outputs)
    return Staged((*cut.found, root), tuple(mapping[column] for column in schema), where)


def _identified(rel: Rel) -> Rel:
    """The query with the columns added that tell its rows apart, where a key can be had."""
    if _finish(normalise(rel)) is not None:
        return rel
    candidates = keys(normalise(_widened(rel)))
    key = shortest(candidates) or ()
    missing = tuple(column for column in key if column not in rel.schema)
    if not missing or not isinstance(rel, Project):
        return rel
    wide = _widened(rel)
    kept = frozenset(rel.schema + missing)
    assert isinstance(wide, Project)
    return Project(wide.input, tuple((c, s) for c, s in wide.outputs if c in kept))


def _widened(rel: Rel) -> Rel:
    """The outermost projections, passing every column of their input on as well."""
    if not isinstance(rel, Project):
        return rel
    inner = _widened(rel.input)
    taken = {column for column, _ in rel.outputs}
    return Project(inner, rel.outputs + tuple((c, c) for c in inner.schema if c not in taken))


def _finish(rel: Rel) -> tuple[Aggregate, tuple[tuple[Col, Scalar], ...], tuple[Scalar, ...]] | None:
    """A projection and filter directly above an aggregate that any reader may evaluate."""
    outputs: tuple[tuple[Col, Scalar], ...] = tuple((c, c) for c in rel.schema)
    where: tuple[Scalar, ...] = ()
    while not isinstance(rel, Aggregate):
        match rel:
            case Project(input, inner):
                mapping = dict(inner)
                outputs = tuple((c, substitute(s, mapping)) for c, s in outputs)
                where = tuple(substitute(s, mapping) for s in where)
                rel = input
            case Filter(input, predicates):
                where = predicates + where
                rel = input
            case _:
                return None
    if any(is_stable(scalar) for scalar in (*where, *(s for _, s in outputs))):
        return None
    return rel, outputs, where


@dataclass(frozen=True, slots=True)
class Cut:
    """The stages of the view `id` that were found so far, and what each relation is over them."""

    id: str
    found: list[Stage] = field(default_factory=list)
    known: dict[Rel, Rel] = field(default_factory=dict)

    def over(self, rel: Rel) -> Rel:
        """`rel` with every aggregate replaced by a scan of its stage; equal ones share one."""
        if rel not in self.known:
            self.known[rel] = self._over(rel)
        return self.known[rel]

    def below(self, rel: Rel) -> Rel:
        """`rel` over such inputs."""
        return with_inputs(rel, tuple(self.over(child) for child in inputs(rel)))

    def _over(self, rel: Rel) -> Rel:
        whole, having = _parted(rel)
        op = self.below(whole)
        if not isinstance(op, Aggregate):
            return op
        for stage in self.found:
            if stage.op and shape(_passing(stage.op, stage.having)) == shape(_passing(op, having)):
                return replace(stage.scan, schema=op.schema)
        name = fitted(self.id, f"__{len(self.found) + 1}")
        self.found.append(_kept(op, having, name) if having else _aggregate(op, name))
        return self.found[-1].scan


def _parted(rel: Rel) -> tuple[Rel, tuple[Scalar, ...]]:
    """Groups, and the HAVING that decides which of them are stored."""
    if isinstance(rel, Filter) and few_rows(rel.input):
        return rel.input, rel.predicates
    return rel, ()


def _passing(op: Aggregate, having: tuple[Scalar, ...]) -> Rel:
    return Filter(op, having) if having else op


def few_rows(op: Rel) -> bool:
    """Are the groups few rows of one table each, side by side: the children of a parent, by their key?

    Then it is sooner read again than kept, and only the groups that pass HAVING are stored.
    """
    if not isinstance(op, Aggregate):
        return False
    table = op.input
    while isinstance(table, Filter | Project):
        table = table.input
    if not isinstance(table, Scan) or table.relation.schema == SCHEMA:
        return False
    whole, names = table.relation.primary_key, {key.name for key in op.keys if key in table.schema}
    return 0 < len(op.keys) == len(names) < len(whole) and set(whole[: len(names)]) == names


def _kept(op: Aggregate, having: tuple[Scalar, ...], name: str) -> Stage:
    key = _key(op)
    return Stage(name, op.input, op, None, key, _scan(name, op.schema, key), having)


def _aggregate(op: Rel, name: str) -> Stage:
    assert isinstance(op, Aggregate)
    folded = fold(op)
    key = _key(op, lasting=folded is not None and bool(folded.extrema))
    return Stage(name, op.input, op, folded, key, _scan(name, op.schema, key))


def _key(op: Aggregate, *, lasting: bool = False) -> tuple[Col, ...]:
    """Grouping columns by which a group is found; where `lasting`, it never has other ones.

    An image says all that its column does, which need not have an `=`.
    """
    said = imaged(op.input, op.keys)
    own = tuple(column for column in op.keys if column not in said)
    return own if lasting else reduced(op.input, own)


def _store(rel: Rel, name: str) -> Stage:
    key = shortest(keys(rel))
    return Stage(name, rel, None, None, key, _scan(name, rel.schema, key))


def _scan(name: str, schema: Sequence[Col], key: Sequence[Col] | None) -> Scan:
    """A stage as a table that plans can scan; its columns are found by identity."""
    columns = tuple(Column(column.name, column.type, not column.nullable) for column in schema)
    names = [column.name for column in schema]
    told = key is not None and all(names.count(column.name) == 1 for column in key)
    unique = (tuple(column.name for column in key or ()),) if told else ()
    return Scan(Relation(SCHEMA, name, "r", columns, unique=unique), name, tuple(schema))


def sources(stages: Sequence[Stage]) -> tuple[Scan, ...]:
    """Every base table scan of the stages."""
    scans = (node for stage in stages for node in walk(stage.input) if isinstance(node, Scan))
    return tuple(dict.fromkeys(scan for scan in scans if scan.relation.schema != SCHEMA))
