"""Semi, anti and mark joins: EXISTS, IN, ANY, ALL and their negations.

    Δ(L ▷ R)  =  ΔL ▷ R′  +  (L′ − ΔL) ⋈ₚ F        F(p)  =  [n′ = 0] − [n = 0]

p are the columns of L that the condition reads, n(p) and n′(p) their matches in R before and now.
F, the flips, needs no old state: with d(p) the weights of the matches in ΔR, n = n′ − d. Where d < 0
there was a match, and p flips if none is left; where d > 0 there is one, and p flips if there are no
more than d; where d = 0, as for an order that got another date, nothing flips. A semi join has the
opposite sign, and a mark, which every row keeps, goes from one value to the other. Looking at the
state now alone would miss that an order's last match went and came back in one refresh:

    SELECT … FROM orders o WHERE NOT EXISTS (SELECT FROM lineitem l WHERE l.orderkey = o.orderkey)

Where the condition only equates columns, p is read off ΔR; otherwise ΔR meets L first. What is equated
finds the rows of L, once for each value, however many rows of ΔR have it: the other conditions are
tested on the p that were found. Where what is equated is a key of a table in L, L′ is not searched for
keys that this refresh brought or took: before there was no row of L with the one, and now there is none
with the other, so that ΔL holds all there are. Where L is compared with a single value, the rows between
its old and its new one flip (`moving`).

State   none: matches are counted through an index of R.
Cost    O(|ΔL| + touched p) probes of R, O(rows of L with a flipped p).
Class   linear in L, threshold in R.
Source  Griffin, Kumar 1998, "Algebraic Change Propagation for Semijoin and Outerjoin Queries".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from ivmc.ir import (
    Aggregate,
    Delta,
    Filter,
    Flips,
    Join,
    Match,
    Net,
    Project,
    Rel,
    Scan,
    empty,
    inputs,
    is_empty,
    same,
)
from ivmc.predicate import equated, rejects_null
from ivmc.properties import found_again, identified, keys, told_apart
from ivmc.rules import moving
from ivmc.rules.netting import COUNT
from ivmc.scalar import (
    BIGINT,
    BOOLEAN,
    COMPARISON,
    FALSE,
    TRUE,
    Col,
    Scalar,
    binary,
    columns,
    equals,
    fresh,
    literal,
    matches,
    substitute,
)

if TYPE_CHECKING:
    from ivmc.rules import Differentiate

ZERO: Final = literal("0", BIGINT)


@dataclass(frozen=True, slots=True)
class Touched:
    """The p with another number of matches than before.

    rel      one row per p
    total    its column d, the weights of the matches in ΔR, not zero
    counted  the condition under which a row of R matches p
    found    the condition under which a row of L has p
    """

    rel: Rel
    total: Col
    counted: tuple[Scalar, ...]
    found: tuple[Scalar, ...]

    @property
    def columns(self) -> tuple[Col, ...]:
        return tuple(column for column in self.rel.schema if column is not self.total)


def delta(op: Match, d: Differentiate) -> Rel:
    left = d(op.left)
    return replace(op, left=left) + driven(op, left, d)


def driven(op: Match, left: Rel, d: Differentiate) -> Rel:
    """(L′ − ΔL) ⋈ₚ F: what the right side drives, where `left` is the change of the left one."""
    right = d(op.right)
    if is_empty(right):
        return empty(op.schema)
    if (comparison := moving.compared(op.right, op.on)) is not None:
        now, change = moving.passed((op.left, left), Net(right), *comparison)
        return _shown(op, now - change)
    touched = _equated(op, left, right, d) or _joined(op, left, Net(right), d)
    flips = _shown(op, _flips(op, touched))
    turned = Join(op.left, flips, touched.found) - Join(left, flips, touched.found)
    return Project(turned, same(op.schema))


def _shown(op: Match, flips: Rel) -> Rel:
    """What flips do to the rows: they come and go, or one mark goes and the other comes."""
    if op.mark is None:
        return -flips if op.negated else flips
    outputs = same(flips.schema)
    return Project(flips, (*outputs, (op.mark, TRUE))) - Project(flips, (*outputs, (op.mark, FALSE)))


# The touched p


def _equated(op: Match, left: Rel, change: Rel, d: Differentiate) -> Touched | None:
    """Where the condition is `l = r AND …` of columns: the values of r in ΔR that it does not cancel.

    Where L is filtered, those that it has, now or before.
    """
    own = frozenset(op.right.schema)
    read = [own.intersection(equated(predicate) or ()) for predicate in op.on]
    if not read or any(len(found) != 1 for found in read):
        return None
    copies = {column: fresh(column.name, column) for found in read for column in found}
    rows = Project(change, tuple((copy, column) for column, copy in copies.items()))
    total = fresh("matches", BIGINT, nullable=False)
    rel = _nonzero(Aggregate(rows, tuple(copies.values()), ((total, COUNT),)), total)
    counted = tuple(equals(copy, column) for column, copy in copies.items())
    found = tuple(substitute(predicate, copies) for predicate in op.on)
    if _is_filtered(op.left):
        sides = Join(op.left, _lasting(op.left, rel, found, d), found), Join(left, rel, found)
        met = [Project(side, same(rel.schema)) for side in sides]
        rel = Aggregate(met[0] + met[1], rel.schema, ())
    return Touched(rel, total, counted, found)


def _is_filtered(rel: Rel) -> bool:
    """Are there rows that some predicate keeps out?"""
    return isinstance(rel, Filter) or any(
        map(_is_filtered, inputs(rel)[:1] if isinstance(rel, Match) else inputs(rel))
    )


def _joined(op: Match, left: Rel, change: Rel, d: Differentiate) -> Touched:
    """Otherwise: the p of the rows of L, before and now, that ΔR matches."""
    read = columns(*op.on) & frozenset(op.left.schema)
    total = fresh("matches", BIGINT, nullable=False)
    if not read:
        rows = Filter(change, op.on) if op.on else change
        return Touched(_nonzero(Aggregate(rows, (), ((total, COUNT),)), total), total, op.on, ())
    told = told_apart(op.on, read)
    sides = [Project(side, told) for side in _meeting(op, left, change, d)]
    group = tuple(copy for copy, _ in told)
    copies = {value: key for key, value in told if isinstance(value, Col)}
    counted = tuple(substitute(predicate, copies) for predicate in op.on)
    pairs = Join(Aggregate(sides[0] + sides[1], group, ()), change, counted)
    found = tuple(
        equals(key, value) if rejects_null(op.on, value) else matches(key, value)
        for key, value in found_again(told)
    )
    return Touched(_nonzero(Aggregate(pairs, group, ((total, COUNT),)), total), total, counted, found)


def _meeting(op: Match, left: Rel, change: Rel, d: Differentiate) -> tuple[Rel, Rel]:
    """Rows of L, now and of ΔL, that can flip, more often than once maybe, and others."""
    equalities, values, on = _values(op, change)
    lasting = _lasting(op.left, values, on, d)
    if values is not change:
        lasting = Aggregate(lasting, lasting.schema, ())
    return Join(op.left, lasting, on), Join(left, change, equalities)


def _lasting(left: Rel, values: Rel, on: tuple[Scalar, ...], d: Differentiate) -> Rel:
    """The values that rows of L may have had before and have now, as far as keys tell."""
    ours = frozenset(left.schema)
    pairs = [pair for p in on if (pair := equated(p)) and pair[0].type == pair[1].type]
    partner = {a: b for pair in pairs for a, b in (pair, pair[::-1]) if a in ours and b in values.schema}
    for scan, key in identified(left, partner):
        if not is_empty(d(scan)):
            moved = _moved(scan, tuple(part for part, _ in key))
            same_key = tuple(
                equals(partner[c], copy) for (_, c), copy in zip(key, moved.schema, strict=False)
            )
            values = Match(values, moved, same_key, negated=True)
    return values


@lru_cache(maxsize=256)
def _moved(scan: Scan, key: tuple[Col, ...]) -> Rel:
    """The keys that have come or gone."""
    copies = tuple((fresh(part.name, part), part) for part in key)
    weight = fresh("net", BIGINT, nullable=False)
    net = Aggregate(Project(Delta(scan), copies), tuple(copy for copy, _ in copies), ((weight, COUNT),))
    return _nonzero(net, weight)


def _values(op: Match, change: Rel) -> tuple[tuple[Scalar, ...], Rel, tuple[Scalar, ...]]:
    """By what ΔR finds rows of L: the values that are equated, if they repeat, else all of it.

    Before them, the predicates that equate them as they are; behind them, over these values.
    """
    own = frozenset(op.right.schema)
    on = tuple(p for p in op.on if (pair := equated(p)) and len(own.intersection(pair)) == 1)
    read = tuple(column for column in op.right.schema if column in columns(*on))
    if not on or any(key <= frozenset(read) for key in keys(op.right)):
        return op.on, change, op.on
    copies = {column: fresh(column.name, column) for column in read}
    values = Project(change, tuple((copy, column) for column, copy in copies.items()))
    return on, values, tuple(substitute(p, copies) for p in on)


# The flips


def _flips(op: Match, touched: Touched) -> Rel:
    """-F: the p that gained their first match, and negatively those that lost their last one."""
    return Project(Flips(touched.rel, op.right, touched.counted, touched.total), same(touched.columns))


def _nonzero(rel: Rel, total: Col) -> Rel:
    """The rows whose total is not zero."""
    return Filter(rel, (binary("<>", total, ZERO, BOOLEAN, COMPARISON, nullable=False, fallible=False),))
