"""Groups that nothing looks up: sideways information passing.

    γk(R) ⋈ k=j S  =  γk(R ⋈ k=j πj(S)) ⋈ k=j S          j holds a key of S

Where S is filtered, that keeps fewer groups.

Source  Beeri, Ramakrishnan 1991, "On the Power of Magic"; Seshadri et al. 1996, "Cost-Based
        Optimization for Magic".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ivmc.identity import renewed
from ivmc.ir import Aggregate, Join, Project, Rel, walk
from ivmc.predicate import equated
from ivmc.properties import keys
from ivmc.scalar import Scalar, columns, fresh, substitute


def looked_up(groups: Aggregate, by: Rel, across: Iterable[Scalar]) -> tuple[Scalar, ...]:
    """What equates grouping columns with a whole key of `by`."""
    own, other = frozenset(groups.keys), frozenset(by.schema)
    on = [p for p in across if equated(p) and columns(p) <= own | other]
    on = [p for p in on if columns(p) & own and columns(p) & other]
    return tuple(on) if any(key <= columns(*on) for key in keys(by)) else ()


def only_looked_up(groups: Aggregate, by: Rel, on: tuple[Scalar, ...]) -> Aggregate:
    """Only those groups that a row of `by` looks up: a stage should be small (planner rule 10).

    SELECT … FROM part WHERE brand = 'B' AND x < (SELECT avg(x) FROM lineitem WHERE partkey = part.partkey)

    Where the groups are of groups, those below are the ones that are kept small.
    """
    if isinstance(groups.input, Aggregate) and columns(*on) & frozenset(groups.keys) <= frozenset(
        groups.input.keys
    ):
        return replace(groups, input=only_looked_up(groups.input, by, on))
    if not frozenset(by.schema).isdisjoint(column for node in walk(groups.input) for column in node.schema):
        wanted, renamed = renewed(by)  # the groups were made for rows of the same relation
        copies = {column: renamed[column] for column in by.schema}
    else:
        copies = {column: fresh(column.name, column) for column in by.schema}
        wanted = Project(by, tuple((copy, column) for column, copy in copies.items()))
    return replace(groups, input=Join(groups.input, wanted, tuple(substitute(p, dict(copies)) for p in on)))
