"""One spelling per meaning.

Select-project-join blocks are flattened across derived tables, views and WITH queries; each
predicate goes to the lowest place where it can be evaluated; unused columns disappear; and the
inputs are joined left-deep, the table that changes most first, which is what the bilinear law
telescopes over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ivmc.ir import Aggregate, Filter, Join, Project, Rel, Scan, Union, Values, walk
from ivmc.scalar import Col, Scalar, columns, conjuncts, equated, is_fallible, relaxed, substitute


def normalise(rel: Rel) -> Rel:
    """The canonical form of `rel`, with the same schema."""
    found = _normalise(rel, frozenset(rel.schema))
    if found.schema == rel.schema:
        return found
    return Project(found, tuple((column, column) for column in rel.schema))


def _normalise(rel: Rel, needed: frozenset[Col]) -> Rel:
    match rel:
        case Aggregate(input, keys, calls):
            kept = tuple((column, call) for column, call in calls if column in needed)
            below = columns(*keys, *(s for _, call in kept for s in call.scalars()))
            return Aggregate(_normalise(input, below), keys, kept)
        case Union(inputs, schema):
            kept_schema = tuple(column for column in schema if column in needed)
            return Union(
                tuple(_reordered(_normalise(arm, needed), kept_schema) for arm in inputs), kept_schema
            )
        case Scan() | Values() | Project() | Filter() | Join():
            return _block(rel).built(needed)
        case _:
            raise TypeError(f"{type(rel).__name__} is not an operator of a query")


def _reordered(rel: Rel, schema: tuple[Col, ...]) -> Rel:
    if rel.schema == schema:
        return rel
    return Project(rel, tuple((column, column) for column in schema))


@dataclass(frozen=True, slots=True)
class Block:
    """π outputs (σ predicates (leaf × leaf × …)): a whole select-project-join tree."""

    leaves: tuple[Rel, ...]
    predicates: tuple[Scalar, ...]
    outputs: tuple[tuple[Col, Scalar], ...]

    def built(self, needed: frozenset[Col]) -> Rel:
        """The left-deep plan that yields the needed outputs."""
        outputs = tuple((column, scalar) for column, scalar in self.outputs if column in needed)
        wanted = columns(*(scalar for _, scalar in outputs), *self.predicates)
        leaves = [_leaf(leaf, wanted) for leaf in self.leaves]
        local, across, last = _placed(self.predicates, leaves)
        above = columns(*(scalar for _, scalar in outputs), *last)
        read = above | columns(*across)
        leaves = [_filtered(leaf, tuple(local[i]), read) for i, leaf in enumerate(leaves)]
        rel = _left_deep(_ordered(leaves, across), across, above)
        rel = Filter(rel, tuple(last)) if last else rel
        same = tuple(column for column, _ in outputs) == rel.schema and all(c is s for c, s in outputs)
        return rel if same else Project(rel, outputs)


def _block(rel: Rel) -> Block:
    """The largest select-project-join block at the top of `rel`."""
    match rel:
        case Project(input, outputs):
            inner = _block(input)
            mapping = dict(inner.outputs)
            return replace(inner, outputs=tuple((c, substitute(s, mapping)) for c, s in outputs))
        case Filter(input, predicates):
            inner = _block(input)
            mapping = dict(inner.outputs)
            more = tuple(substitute(predicate, mapping) for predicate in predicates)
            return replace(inner, predicates=inner.predicates + more)
        case Join(left, right, on):
            a, b = _block(left), _block(right)
            mapping = dict(a.outputs + b.outputs)
            more = tuple(substitute(predicate, mapping) for predicate in on)
            return Block(a.leaves + b.leaves, a.predicates + b.predicates + more, a.outputs + b.outputs)
        case _:
            return Block((rel,), (), tuple((column, column) for column in rel.schema))


def _leaf(leaf: Rel, wanted: frozenset[Col]) -> Rel:
    """A leaf with only the columns that something above reads."""
    if isinstance(leaf, Scan):
        return replace(leaf, schema=tuple(column for column in leaf.schema if column in wanted))
    if isinstance(leaf, Values):
        return leaf
    return _normalise(leaf, wanted)


def _filtered(leaf: Rel, predicates: tuple[Scalar, ...], read: frozenset[Col]) -> Rel:
    """A leaf's own predicates, and after them only the columns that are still read."""
    if not predicates:
        return leaf
    kept = tuple(column for column in leaf.schema if column in read)
    found = Filter(leaf, predicates)
    return found if kept == leaf.schema else Project(found, tuple((column, column) for column in kept))


def _placed(
    predicates: Sequence[Scalar], leaves: Sequence[Rel]
) -> tuple[dict[int, list[Scalar]], list[Scalar], list[Scalar]]:
    """Predicates on one leaf, on several, and those that must wait for whole rows.

    A predicate that can raise an error is evaluated last, over rows that the query itself saw; the
    parts of it that cannot are used to join.
    """
    local: dict[int, list[Scalar]] = {i: [] for i in range(len(leaves))}
    across: list[Scalar] = []
    last: list[Scalar] = []
    for predicate in dict.fromkeys(predicates):
        home = _homes(predicate, leaves)
        if len(home) == 1:
            local[home[0]].append(predicate)
            continue
        for i in home:
            local[i] += _implied(predicate, frozenset(leaves[i].schema))
        if is_fallible(predicate) or not home:
            last.append(predicate)
            sound = relaxed(predicate, lambda part: not is_fallible(part))
            across += [part for part in conjuncts(sound) if len(_homes(part, leaves)) > 1]
        else:
            across.append(predicate)
    return local, across, last


def _implied(predicate: Scalar, own: frozenset[Col]) -> tuple[Scalar, ...]:
    """What an OR over several tables says of one: `(a.x = 1 AND b.y = 2) OR (a.x = 3 AND …)`."""
    return conjuncts(relaxed(predicate, lambda part: columns(part) <= own and not is_fallible(part)))


def _homes(predicate: Scalar, leaves: Sequence[Rel]) -> list[int]:
    """The leaves that a predicate reads."""
    read = columns(predicate)
    return [i for i, leaf in enumerate(leaves) if read & frozenset(leaf.schema)]


def _left_deep(leaves: Sequence[Rel], predicates: Sequence[Scalar], above: frozenset[Col]) -> Rel:
    """((a ⋈ b) ⋈ c) …, each join keeping what later predicates and `above` read."""
    rel, rest = leaves[0], list(predicates)
    for leaf in leaves[1:]:
        known = frozenset(rel.schema + leaf.schema)
        on = tuple(p for p in rest if columns(p) <= known)
        rest = [p for p in rest if p not in on]
        joined = Join(rel, leaf, on)
        wanted = above | columns(*rest)
        kept = tuple(column for column in joined.schema if column in wanted)
        rel = joined if kept == joined.schema else Project(joined, tuple((c, c) for c in kept))
    return rel


def _ordered(leaves: Sequence[Rel], predicates: Sequence[Scalar]) -> list[Rel]:
    """The join order: the busiest first, then always something connected to what is there.

    Tables with predicates of their own come early, the smaller first: they reduce.
    """
    weight = _busyness(leaves, predicates)
    rest = list(range(len(leaves)))
    order: list[int] = []

    def preference(i: int) -> tuple[bool, tuple[float, ...], int]:
        reduces = bool(order) and any(isinstance(node, Filter) for node in walk(leaves[i]))
        return (reduces, tuple(-part if reduces else part for part in weight[i]), -i)

    while rest:
        seen = frozenset(column for i in order for column in leaves[i].schema)
        linked = [i for i in rest if _connected(leaves[i], seen, predicates)]
        best = max(linked or rest, key=preference)
        order.append(best)
        rest.remove(best)
    return [leaves[i] for i in order]


def _connected(leaf: Rel, seen: frozenset[Col], predicates: Iterable[Scalar]) -> bool:
    own = frozenset(leaf.schema)
    return any((read := columns(p)) & own and read & seen for p in predicates)


def _busyness(leaves: Sequence[Rel], predicates: Sequence[Scalar]) -> list[tuple[float, ...]]:
    """How much each leaf is expected to change: by its rows where known, else by references.

    A table that refers to others (many to one) changes more often than those it refers to.
    """
    sizes = [_rows(leaf) for leaf in leaves]
    known = all(size is not None for size in sizes)
    depth = _depths(leaves, predicates)
    return [(size if known and size is not None else 0.0, d) for size, d in zip(sizes, depth, strict=True)]


def _rows(leaf: Rel) -> float | None:
    scans = [node for node in walk(leaf) if isinstance(node, Scan)]
    known = [scan.relation.rows for scan in scans if scan.relation.rows is not None]
    return sum(known) if known and len(known) == len(scans) else None


def _depths(leaves: Sequence[Rel], predicates: Sequence[Scalar]) -> list[int]:
    """The longest chain of many-to-one joins that starts at each leaf."""
    edges = {
        i: [j for j in range(len(leaves)) if j != i and _many_to_one(leaves[i], leaves[j], predicates)]
        for i in range(len(leaves))
    }

    def depth(i: int, path: frozenset[int]) -> int:
        return max((1 + depth(j, path | {j}) for j in edges[i] if j not in path), default=0)

    return [depth(i, frozenset({i})) for i in range(len(leaves))]


def _many_to_one(many: Rel, one: Rel, predicates: Sequence[Scalar]) -> bool:
    """Do the predicates equate the whole primary key of `one` with columns of `many`?"""
    scan = next((node for node in walk(one) if isinstance(node, Scan)), None)
    if scan is None or not scan.relation.primary_key:
        return False
    pairs = [pair for p in predicates if (pair := equated(p)) is not None]
    own, other = frozenset(many.schema), frozenset(one.schema)
    matched = {b.name for a, b in [*pairs, *((b, a) for a, b in pairs)] if a in own and b in other}
    return set(scan.relation.primary_key) <= matched
