"""One spelling per meaning.

Select-project-join blocks are flattened across derived tables, views and WITH queries; each
predicate, and each match that a subquery asks for, goes to the lowest place where it can be
evaluated; unused columns and joins disappear; and the inputs are joined left-deep, the table that
changes most first, which is what the bilinear law telescopes over.

What a query says in other ways is spelt out before: queries in expressions as joins (`unnest`), DISTINCT
calls as aggregates of aggregates (`decompose`), groups of an outer join as those of a union (`eager`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product

from ivmc.ir import (
    Aggregate,
    Expand,
    Filter,
    Join,
    Match,
    Outer,
    Outputs,
    Project,
    Rel,
    Scan,
    Union,
    Values,
    arranged,
    bottom_up,
    same,
    walk,
)
from ivmc.normalise.ordering import ordered, rows
from ivmc.normalise.placement import Homes
from ivmc.normalise.sideways import looked_up, matched_by, only_looked_up
from ivmc.predicate import conjuncts, rejects_null, settled
from ivmc.properties import fans_out, found_again, is_row, keys, told_apart
from ivmc.scalar import Col, Logic, Scalar, columns, hoisted, is_fallible, matches, null, substitute


def normalise(rel: Rel) -> Rel:
    """The canonical form of `rel`, with the same schema."""
    return arranged(_normalise(rel, frozenset(rel.schema)), rel.schema)


@lru_cache(maxsize=1 << 10)
def _normalise(rel: Rel, needed: frozenset[Col]) -> Rel:
    match rel:
        case Aggregate(input, keys, calls):
            kept = tuple((column, call) for column, call in calls if column in needed)
            below = columns(*keys, *(s for _, call in kept for s in call.scalars()))
            return Aggregate(_normalise(input, below), keys, kept)
        case Union(inputs, schema):
            kept_schema = tuple(column for column in schema if column in needed)
            return Union(tuple(arranged(_normalise(arm, needed), kept_schema) for arm in inputs), kept_schema)
        case Scan() | Values() | Project() | Filter() | Join() | Outer() | Match() | Expand():
            return _block(rel).built(needed)
        case _:
            raise TypeError(f"{type(rel).__name__} is not an operator of a query")


def _narrowed(rel: Rel, read: frozenset[Col]) -> Rel:
    """`rel` with only the columns that are still read."""
    return arranged(rel, tuple(column for column in rel.schema if column in read))


@dataclass(frozen=True, slots=True)
class Block:
    """π outputs (σ predicates (matches (leaf × leaf × …))): a whole select-project-join tree.

    The left side of a match is what it is applied to when the block is built.
    """

    leaves: tuple[Rel, ...]
    predicates: tuple[Scalar, ...]
    outputs: Outputs
    matches: tuple[Match, ...] = ()

    def mapped(self, mapping: dict[Col, Scalar]) -> Block:
        """Every expression with columns replaced."""
        return replace(
            self,
            predicates=tuple(substitute(predicate, mapping) for predicate in self.predicates),
            outputs=tuple((column, substitute(scalar, mapping)) for column, scalar in self.outputs),
            matches=tuple(_mapped(match, mapping) for match in self.matches),
        )

    def built(self, needed: frozenset[Col]) -> Rel:
        """The left-deep plan that yields the needed outputs."""
        outputs = tuple((column, scalar) for column, scalar in self.outputs if column in needed)
        block = replace(self, outputs=outputs).decided()
        if (other := block.unpadded() or block.compared()) is not None:
            return other.built(needed)
        return block.planned()

    def decided(self) -> Block:
        """Marks that a row must have, or must not have, are semi and anti joins; unread ones go."""
        predicates = [part for p in self.predicates for part in conjuncts(settled(p))]
        kept: list[Match] = []
        for match in reversed(self.matches):
            mark = match.mark
            uses = [p for p in predicates if mark in columns(p)]
            elsewhere = columns(*(s for _, s in self.outputs), *(p for later in kept for p in later.on))
            wanted = {p == mark for p in uses if p in (mark, _negation(mark))}
            if mark is None or mark in elsewhere or len(wanted) > 1:
                kept.insert(0, match)
            elif wanted:
                predicates = [p for p in predicates if p not in (mark, _negation(mark))]
                alone = not any(mark in columns(p) for p in predicates)
                kept.insert(0, replace(match, negated=wanted == {False}, mark=None) if alone else match)
                predicates += [] if alone else [uses[0]]
            elif uses:
                kept.insert(0, match)
        return replace(self, predicates=tuple(predicates), matches=tuple(kept))

    def unpadded(self) -> Block | None:
        """The block with one outer join an inner one, where a predicate rejects all its padded rows."""
        for i, leaf in enumerate(self.leaves):
            if isinstance(leaf, Outer) and any(rejects_null(self.predicates, new) for new, _ in leaf.padded):
                inner = _block(Join(leaf.left, leaf.right, leaf.on))
                found = dict(inner.outputs)
                mapping = {column: found[column] for column in leaf.left.schema}
                mapping |= {new: found[old] for new, old in leaf.padded}
                rest = self.mapped(mapping)
                return Block(
                    self.leaves[:i] + inner.leaves + self.leaves[i + 1 :],
                    inner.predicates + rest.predicates,
                    rest.outputs,
                    inner.matches + rest.matches,
                )
        return None

    def compared(self) -> Block | None:
        """The block with a single row that is only compared with as a semi join: law 9 serves that."""
        shown = columns(*(s for _, s in self.outputs), *(p for match in self.matches for p in match.on))
        for i, leaf in enumerate(self.leaves):
            own = frozenset(leaf.schema)
            if frozenset() in keys(leaf) and not shown & own and len(self.leaves) > 1:
                on = [predicate for predicate in self.predicates if columns(predicate) & own]
                rest = tuple(predicate for predicate in self.predicates if predicate not in on)
                values: dict[Scalar, Col] = {}
                tests = tuple(hoisted(predicate, own, values) for predicate in on)
                right = Project(leaf, tuple((column, value) for value, column in values.items()))
                match = (Match(Values((), ()), right, tests),) if on or not is_row(leaf) else ()
                leaves = self.leaves[:i] + self.leaves[i + 1 :]
                return Block(leaves, rest, self.outputs, self.matches + match)
        return None

    def planned(self) -> Rel:
        """Every predicate and match at its place."""
        leaves = _without_unit(self.leaves)
        homes = Homes(leaves, self.matches, self.predicates)
        local, across, last = homes.placed(self.predicates)
        top = [match for match in self.matches if homes.of(match) is None]
        above = columns(*(s for _, s in self.outputs), *last, *(p for match in top for p in match.on))
        read = above | columns(*across)
        found = {i: [match for match in self.matches if homes.of(match) == i] for i in range(len(leaves))}
        small = [i for i in range(len(leaves)) if local[i] or found[i]]
        for i, j in product(range(len(leaves)), small):
            leaf, by = leaves[i], leaves[j]
            if isinstance(leaf, Aggregate) and i != j and (on := looked_up(leaf, by, across)):
                wanted = _leaf(by, tuple(local[j]), found[j], columns(*on))
                leaves[i] = only_looked_up(leaf, wanted, on)
        built = [_leaf(leaf, tuple(local[i]), found[i], read) for i, leaf in enumerate(leaves)]
        rel = _left_deep(ordered(built, across), across, above)
        for match in top:
            rel = _matched(rel, match)
        rel = Filter(rel, tuple(last)) if last else rel
        same = tuple(c for c, _ in self.outputs) == rel.schema and all(c is s for c, s in self.outputs)
        return rel if same else Project(rel, self.outputs)


def _mapped(match: Match, mapping: dict[Col, Scalar]) -> Match:
    return replace(match, on=tuple(substitute(predicate, mapping) for predicate in match.on))


def _negation(mark: Col | None) -> Scalar | None:
    return None if mark is None else Logic("NOT", (mark,))


def _without_unit(leaves: Sequence[Rel]) -> list[Rel]:
    """The leaves without single rows of no columns, if any other is left."""
    kept = [leaf for leaf in leaves if leaf != Values((), ((),))]
    return kept or list(leaves[:1])


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
            return Block(
                a.leaves + b.leaves,
                a.predicates + b.predicates + more,
                a.outputs + b.outputs,
                a.matches + b.matches,
            )
        case Match(left, _, _, _, mark):
            inner = _block(left)
            found = _mapped(rel, dict(inner.outputs))
            outputs = inner.outputs + (() if mark is None else ((mark, mark),))
            return replace(inner, outputs=outputs, matches=(*inner.matches, found))
        case _:
            return Block((rel,), (), same(rel.schema))


# Leaves


def _leaf(leaf: Rel, predicates: tuple[Scalar, ...], found: Sequence[Match], read: frozenset[Col]) -> Rel:
    """A leaf with its own predicates and matches, and after them only the columns that are read."""
    wanted = read | columns(*predicates, *(p for match in found for p in match.on))
    rel, rest = _filtered(leaf, predicates, wanted)
    early = tuple(predicate for predicate in rest if columns(predicate) <= frozenset(leaf.schema))
    late = tuple(predicate for predicate in rest if predicate not in early)
    rel = Filter(rel, early) if early else rel
    for match in found:
        rel = _matched(rel, match)
    rel = Filter(rel, late) if late else rel
    return _narrowed(rel, read)


def _filtered(
    leaf: Rel, predicates: tuple[Scalar, ...], wanted: frozenset[Col]
) -> tuple[Rel, tuple[Scalar, ...]]:
    """The canonical form of a leaf with the wanted columns, and the predicates it has not applied."""
    match leaf:
        case Scan():
            schema = tuple(column for column in leaf.schema if column in wanted)
            return replace(leaf, schema=schema), predicates
        case Values():
            return leaf, predicates
        case Outer(left):
            below, rest = _split(predicates, left)
            return _outer(leaf, below, wanted), rest
        case Expand(input):
            below, rest = _split(predicates, input)
            read = wanted | columns(*leaf.functions, *leaf.on)
            return replace(leaf, input=_below(input, below, read)), rest
        case _:
            return _normalise(leaf, wanted), predicates


def _split(predicates: Iterable[Scalar], rel: Rel) -> tuple[tuple[Scalar, ...], tuple[Scalar, ...]]:
    """The predicates that read `rel` alone, and the others."""
    own = frozenset(rel.schema)
    below = tuple(predicate for predicate in predicates if columns(predicate) <= own)
    return below, tuple(predicate for predicate in predicates if predicate not in below)


def _below(rel: Rel, predicates: tuple[Scalar, ...], read: frozenset[Col]) -> Rel:
    """An input of an operator, filtered."""
    return _normalise(Filter(rel, predicates) if predicates else rel, read & frozenset(rel.schema))


# Joins


def _outer(op: Outer, predicates: tuple[Scalar, ...], wanted: frozenset[Col]) -> Rel:
    """A left join; the left side alone where the right one can neither be seen nor multiply rows."""
    padded = tuple((new, old) for new, old in op.padded if new in wanted)
    if not padded and not fans_out(op.right, op.on):
        return _below(op.left, predicates, wanted)
    only, on = _split(op.on, op.right)
    read = columns(*on)
    left = _below(op.left, predicates, wanted | read)
    right = _below(op.right, only, read | frozenset(old for _, old in padded))
    if not any(map(is_fallible, on)):
        return Outer(left, right, on, padded)
    own = same(left.schema)
    pairs = Project(_pairs(left, right, on), own + padded)
    alone = _matched(left, Match(left, right, on, negated=True))
    nulls = tuple((new, null(new.type)) for new, _ in padded)
    return Union((pairs, Project(alone, own + nulls)), pairs.schema)


def _pairs(left: Rel, right: Rel, on: Sequence[Scalar]) -> Rel:
    """An inner join whose fallible predicates see whole pairs."""
    risky = tuple(predicate for predicate in on if is_fallible(predicate))
    pairs = Join(left, right, tuple(predicate for predicate in on if predicate not in risky))
    return Filter(pairs, risky) if risky else pairs


def _matched(left: Rel, op: Match) -> Rel:
    """A match applied to `left`.

    A condition that can raise an error is evaluated by a join, over pairs that coexisted (law 4),
    and what it finds is kept: the values of the columns that it reads.
    """
    op = _of_few(left, op)
    only, on = _split(op.on, op.right)
    if op.mark is None and not op.negated:
        mine, on = _split(on, left)
        left = Filter(left, mine) if mine else left
    right = _below(op.right, only, columns(*on))
    if any(map(is_fallible, on)):
        told = told_apart(on, columns(*on) & frozenset(left.schema))
        found = Aggregate(Project(_pairs(left, right, on), told), tuple(key for key, _ in told), ())
        right, on = found, tuple(matches(value, key) for key, value in found_again(told))
    return replace(op, left=left, right=right, on=on)


def _of_few(left: Rel, op: Match) -> Match:
    """A match that reads only those groups that rows of a smaller, filtered left side look up."""
    if not any(isinstance(node, Filter | Match) for node in walk(left)):
        return op
    block = _block(op.right)
    asked = tuple(substitute(p, dict(block.outputs)) for p in op.on)
    across = matched_by(left, asked, block.predicates)
    fewer: dict[Rel, Rel] = {}
    for leaf in block.leaves:
        if isinstance(leaf, Aggregate) and (on := looked_up(leaf, left, across)) and _smaller(left, leaf):
            fewer[leaf] = only_looked_up(leaf, _narrowed(left, columns(*on)), on)
    return replace(op, right=bottom_up(op.right, lambda node: fewer.get(node, node))) if fewer else op


def _smaller(rel: Rel, other: Rel) -> bool:
    mine, theirs = rows(rel), rows(other)
    return mine is not None and theirs is not None and mine < theirs


def _left_deep(leaves: Sequence[Rel], predicates: Sequence[Scalar], above: frozenset[Col]) -> Rel:
    """((a ⋈ b) ⋈ c) …, each join keeping what later predicates and `above` read."""
    rel, rest = leaves[0], list(predicates)
    for leaf in leaves[1:]:
        known = frozenset(rel.schema + leaf.schema)
        on = tuple(p for p in rest if columns(p) <= known)
        rest = [p for p in rest if p not in on]
        rel = _narrowed(Join(rel, leaf, on), above | columns(*rest))
    return rel
