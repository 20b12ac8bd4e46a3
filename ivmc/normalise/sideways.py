"""Groups that nothing looks up: sideways information passing.

    γk(R) ⋈ k=j S  =  γk(R ⋈ k=j πj(S)) ⋈ k=j S          j holds a key of S

    S ⋉ j=k γk(R)  =  S ⋉ j=k γk(R ⋈ k=j πj(S))             and so of an anti join and a mark

Where S is filtered, that keeps fewer groups.

Source  Beeri, Ramakrishnan 1991, "On the Power of Magic"; Seshadri et al. 1996, "Cost-Based
        Optimization for Magic".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ivmc.catalog import Relation
from ivmc.identity import renewed
from ivmc.ir import Aggregate, Join, Project, Rel, Scan, walk
from ivmc.predicate import equated
from ivmc.properties import keys
from ivmc.scalar import Col, Scalar, columns, equals, fresh, substitute


def looked_up(groups: Aggregate, by: Rel, across: Iterable[Scalar]) -> tuple[Scalar, ...]:
    """What equates grouping columns with a whole key of `by`, unless that has joined the rows before."""
    own, other = frozenset(groups.keys), frozenset(by.schema)
    on = [p for p in across if equated(p) and columns(p) <= own | other]
    on = [p for p in on if columns(p) & own and columns(p) & other]
    found = any(key <= columns(*on) for key in keys(by))
    return (
        tuple(on)
        if found and not set(_sources(by, on)) <= set(_sources(groups.input, _equated(groups)))
        else ()
    )


def _equated(groups: Aggregate) -> list[Scalar]:
    """What equates grouping columns below."""
    named: dict[Col, Scalar] = {key: key for key in groups.keys}
    for node in walk(groups.input):
        outputs = node.outputs if isinstance(node, Project) else ()
        named |= {s: named[column] for column, s in outputs if column in named and isinstance(s, Col)}
    on = [p for node in walk(groups.input) if isinstance(node, Join) for p in node.on if equated(p)]
    return [substitute(p, named) for p in on if columns(p) & named.keys()]


def _sources(rel: Rel, on: Iterable[Scalar]) -> Iterator[tuple[Relation, str, Col]]:
    """The columns of tables of `rel` that are equated with others, and with which."""
    scans = [node for node in walk(rel) if isinstance(node, Scan)]
    for a, b in filter(None, map(equated, on)):
        for mine, other in ((a, b), (b, a)):
            yield from ((scan.relation, mine.name, other) for scan in scans if mine in scan.schema)


def matched_by(left: Rel, on: Iterable[Scalar], within: Iterable[Scalar]) -> tuple[Scalar, ...]:
    """What a match equates with columns of `left`, by way of what its right side equates as well."""
    own = frozenset(left.schema)
    found = [pair for p in on if (pair := equated(p)) and (pair[0] in own) is not (pair[1] in own)]
    pairs = [(a, b) if a in own else (b, a) for a, b in found]
    same = [pair for p in within if (pair := equated(p))]
    same += [(b, a) for a, b in same]
    pairs += [(mine, b) for mine, theirs in pairs for a, b in same if a is theirs]
    return tuple(dict.fromkeys(equals(mine, theirs) for mine, theirs in pairs))


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
