"""Inner join.

    Δ(L ⋈ R)  =  ΔL ⋈ R′  +  L′ ⋈ ΔR  −  ΔL ⋈ ΔR

All three terms read the current state only, so each is driven by a delta through the other side's
index. A tree of joins is left-deep, and the law is applied at each level: ΔL is then a sum of
three terms per table, not a sum over all subsets of the tables.

The terms also pair rows that never coexisted, and take them away again. No expression that could
raise an error is evaluated before they are gone: the join's condition holds only predicates that
cannot, the others are filters above it, over net rows (law 4).

A change that fans out into the other side is netted first: an update of columns that the query does
not read cancels before it is multiplied.

    SELECT … FROM customer JOIN orders …   -- UPDATE customer SET balance = …: no order is read

A validated foreign key from L to R says which of its changes can meet anything. Let w(k) be the net
weight of a key k in the changes of the table that is referred to, before any filter. Where w(k) = 1
the key is new, so no old row of L has it, L′ and ΔL agree on it, and the last two terms cancel; where
w(k) = −1 it is gone, and no row of L′ has it (law 5):

    Δ(L ⋈ R)  =  ΔL ⋈ R′  +  L′ ⋈ σ[w = 0] ΔR  −  ΔL ⋈ σ[w < 1] ΔR

New orders are then not joined to their lines twice, to be taken away once. A foreign key from R to L
prunes ΔL in the same way, in the first term and the last; never both, since they spare the same term.

State   none: L and R are read through their own indexes.
Cost    O(|ΔL| · fan-out(R) + |ΔR| · fan-out(L)).
Class   bilinear.
Source  Gupta, Mumick 1995; Budiu et al. 2023, §4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivmc.ir import Aggregate, Delta, Filter, Join, Net, Project, Rel, Scan, same
from ivmc.properties import fans_out, referenced
from ivmc.rules.netting import COUNT
from ivmc.scalar import BIGINT, BOOLEAN, COMPARISON, Col, Scalar, binary, equals, fresh, literal

if TYPE_CHECKING:
    from ivmc.rules import Differentiate


def delta(op: Join, d: Differentiate) -> Rel:
    change = alone = Net(d(op.left)) if fans_out(op.right, op.on) else d(op.left)
    match trusted(op):
        case _, target, False:
            alone, change = pruned(d(op.left), target)
        case _:
            pass
    return Join(alone, op.right, op.on) + driven(op, change, d)


def driven(op: Join, left: Rel, d: Differentiate) -> Rel:
    """L′ ⋈ ΔR − ΔL ⋈ ΔR: what the right side drives, where `left` is the change of the left one."""
    change = alone = Net(d(op.right)) if fans_out(op.left, op.on) else d(op.right)
    match trusted(op):
        case _, target, True:
            alone, change = pruned(d(op.right), target)
        case _:
            pass
    return Join(op.left, alone, op.on) - Join(left, change, op.on)


def trusted(op: Join) -> tuple[Scan, Scan, bool] | None:
    """Who refers to the key of whom, where its changes would fan out; and whether it is the right side."""
    for many, one in ((op.left, op.right), (op.right, op.left)):
        if fans_out(many, op.on) and (found := referenced(many, one, op.on)):
            return *found, one is op.right
    return None


def pruned(change: Rel, target: Scan) -> tuple[Rel, Rel]:
    """σ[w = 0] and σ[w < 1] of a change, netted; the schema of `target` is the key that is referred to.

    Of the latter, w ≠ −1 are the former. (A planner expects few rows to satisfy `=`, and most `<>`.)
    """
    copies = tuple(fresh(key.name, key) for key in target.schema)
    renamed = Project(Delta(target), tuple(zip(copies, target.schema, strict=True)))
    weight = fresh("net", BIGINT, nullable=False)
    net = Aggregate(renamed, copies, ((weight, COUNT),))
    old = Filter(net, (_compared(weight, "<", "1"),))
    found = tuple(equals(key, copy) for key, copy in zip(target.schema, copies, strict=True))
    columns = same(change.schema)
    known = Net(Project(Join(change, old, found), (*columns, (weight, weight))))
    return Project(Filter(known, (_compared(weight, "<>", "-1"),)), columns), Project(known, columns)


def _compared(weight: Col, op: str, bound: str) -> Scalar:
    return binary(op, weight, literal(bound, BIGINT), BOOLEAN, COMPARISON, nullable=False, fallible=False)
