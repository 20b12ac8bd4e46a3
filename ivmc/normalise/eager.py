"""Grouping before an outer join: eager aggregation.

Where the groups of a left join are the rows of its left side, by their key k, nothing has to be
joined. A group is one row of L and the rows of R that refer to it, and both come to it as they are:

    γ[k; f] (L ⟕ R on k = r)  =  σ[n > m] γ[k; f, n, m] (π[k, NULL] L  ⊎  π[r, R] σ[r IS NOT NULL] R)

n counts all rows of a group and m those of R, so that n > m says that the row of L is there. f passes
over the NULLs that stand beside k, as it does over those of the padding; count(*), which does not,
is greatest(m, 1). A change of R is summed up by r alone, without a look at L; and a row of L is padded
exactly while m = 0, which is read off the group, not asked of R.

Each condition has its counterexample:

    k is a key of L       of two rows with one k, both would have to meet the rows of R
    k has one look        γ would merge 1.0 and 1.00, of which L has two rows
    f passes over NULLs   SELECT …, count(coalesce(r.x, 0))   -- one of a row without a match
    f cannot raise        a row of R that refers to no row of L is one that the query never saw

It is done where L is a whole table to which R has a foreign key (planner rule 19). Without one, or of a
selection of L, the same would be right, but the state would hold groups that the query does not have.

Source: Yan, Larson 1995, "Eager Aggregation and Lazy Aggregation", for the aim; Galindo-Legaria,
        Joshi 2001, "Orthogonal Optimization of Subqueries and Aggregation", for outer joins.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from ivmc.few import ONE
from ivmc.ir import Aggregate, Call, Filter, Outer, Project, Rel, Scan, Union, bottom_up, same
from ivmc.normalise.decompose import COUNTING, INDIFFERENT
from ivmc.predicate import carries_null, equated, rejects_null
from ivmc.properties import is_identity, keys, referenced
from ivmc.rules import netting
from ivmc.rules.folding import fold
from ivmc.scalar import (
    BIGINT,
    BOOLEAN,
    COMPARISON,
    Col,
    binary,
    call,
    columns,
    fresh,
    is_fallible,
    is_present,
    null,
)

COUNT: Final = replace(netting.COUNT, state=False)


def eager(rel: Rel) -> Rel:
    """The same relation in its canonical form, without outer joins that only bring rows to their groups."""
    return bottom_up(rel, lambda node: _united(node) if isinstance(node, Aggregate) else node)


def _united(op: Aggregate) -> Rel:
    """`op` over the union of both sides of its outer join; itself where the law does not hold."""
    join = op.input
    if not isinstance(join, Outer) or (found := _referring(join, op.keys)) is None:
        return op
    new = tuple(column for column, _ in join.padded)
    if not all(_passes_over(one, op.keys, new) or _is_rows(one) for _, one in op.calls):
        return op
    present = tuple(is_present(column) for column in found if column.nullable)
    right = Filter(join.right, present) if present else join.right
    mark, shown = _marked(op, join, found[0])
    alone = Project(join.left, (*same(op.keys), *((column, null(column.type)) for column, _ in shown)))
    matches = Project(right, (*zip(op.keys, found, strict=True), *shown))
    return _read_off(op, Union((alone, matches), alone.schema), mark)


def _marked(op: Aggregate, join: Outer, reference: Col) -> tuple[Col, tuple[tuple[Col, Col], ...]]:
    """A column that is NULL beside rows of the left side alone, and what is shown of the right one.

    One that is counted anyway, if there is such a column.
    """
    sure = [new for new, old in join.padded if not old.nullable]
    counted = [
        new for new in sure if any(replace(COUNT, args=(new,), star=False) == one for _, one in op.calls)
    ]
    if mark := next(iter(counted + sure), None):
        return mark, join.padded
    mark = fresh(reference.name, reference, nullable=True)
    return mark, (*join.padded, (mark, reference))


def _read_off(op: Aggregate, rows: Union, mark: Col) -> Rel:
    """The groups of `rows` that a row of the left side has, with the calls of `op` over them."""
    n, m = fresh("rows", BIGINT, nullable=False), fresh("matches", BIGINT, nullable=False)
    calls = tuple((column, one) for column, one in op.calls if not _is_rows(one))
    counts = (n, COUNT), (m, replace(COUNT, args=(mark,), star=False))
    groups = Aggregate(rows, op.keys, (*calls, *counts))
    if (folded := fold(groups)) is None or folded.extrema:
        return op
    there = binary(">", n, m, BOOLEAN, COMPARISON, nullable=False, fallible=False)
    padded = call("greatest", (m, ONE), BIGINT, nullable=False, fallible=False)
    outputs = ((column, padded if _is_rows(one) else column) for column, one in op.calls)
    return Project(Filter(groups, (there,)), (*same(op.keys), *outputs))


def _referring(join: Outer, group: Sequence[Col]) -> tuple[Col, ...] | None:
    """The columns of the right side that refer to the row that each group is, in the order of `group`."""
    pairs = [pair for predicate in join.on if (pair := equated(predicate))]
    other = {a: b for pair in pairs for a, b in (pair, pair[::-1]) if a in join.left.schema}
    told = len(pairs) == len(join.on) == len(other) and set(other) == set(group)
    if not told or not isinstance(join.left, Scan) or frozenset(group) not in keys(join.left):
        return None
    alike = all(is_identity(a) and is_identity(b) and a.type == b.type for a, b in other.items())
    if not alike or not referenced(join.right, join.left, join.on):
        return None
    return tuple(other[column] for column in group)


def _is_rows(one: Call) -> bool:
    """Is it count(*) of whole groups?"""
    return one.star and one.filter is None and replace(one, function=COUNT.function) == COUNT


def _passes_over(one: Call, group: Sequence[Col], new: Collection[Col]) -> bool:
    """Does a call say the same whether a row of NULLs stands among its rows, and whatever its rows are?"""
    if one.function.schema != "pg_catalog" or one.function.name not in COUNTING | INDIFFERENT or one.distinct:
        return False
    if any(map(is_fallible, one.scalars())) or not columns(*one.scalars()) <= {*group, *new}:
        return False
    tests = () if one.filter is None else (one.filter,)
    passed = [column for column in new if rejects_null(tests, column)]
    return bool(passed) or any(carries_null(argument, column) for argument in one.args for column in new)
