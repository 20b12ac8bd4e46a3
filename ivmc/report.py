"""What is known of how a view is maintained, operator by operator.

Law, state, cost, fallback and the indexes it wants; laws and costs are read from the docstrings of
`rules/`, where they are defined.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from types import ModuleType
from typing import assert_never

from ivmc import indexes
from ivmc.emit.text import Name, text
from ivmc.indexes import Partial
from ivmc.ir import (
    Aggregate,
    Carried,
    Delta,
    Expand,
    Filter,
    Flips,
    Join,
    Match,
    Negate,
    Net,
    Outer,
    Project,
    Rel,
    Scan,
    Union,
    Values,
    inputs,
    walk,
)
from ivmc.names import SCHEMA, qualified
from ivmc.predicate import equated
from ivmc.rules import (
    aggregate,
    expand,
    filter,
    join,
    match,
    moving,
    outer,
    project,
    reread,
    scan,
    store,
    union,
    values,
)
from ivmc.rules.folding import unfolded
from ivmc.scalar import Col, Scalar, is_fallible
from ivmc.stages import Stage, Staged


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator of a plan.

    operator  what it does, in the query's own words
    rule      the page of `rules/` with its law
    law       the law's formula
    state     what is stored for it; empty for none
    cost      its cost class
    reasons   why it does more than its law asks for elsewhere
    indexes   CREATE INDEX statements without which a refresh scans a table
    partial   indexes that pay where few rows satisfy their condition
    stage     the stage that it fills, or reads; empty for none
    """

    operator: str
    rule: str
    law: str
    state: str
    cost: str
    reasons: tuple[str, ...]
    indexes: tuple[str, ...]
    inputs: tuple[Operator, ...]
    stage: str = ""
    partial: tuple[Partial, ...] = ()

    def walk(self) -> Iterator[Operator]:
        yield self
        for child in self.inputs:
            yield from child.walk()


# From a staged query


def report(staged: Staged) -> tuple[Operator, ...]:
    """The operators of each stage, the last stage's first."""
    return tuple(replace(_stage(stage), stage=stage.name) for stage in reversed(staged.stages))


def _stage(stage: Stage) -> Operator:
    name = _names(stage.input)
    below = (_operator(stage.input, name),)
    table = qualified(SCHEMA, stage.name)
    if stage.op is None:
        how = (
            f"one row per {_listed(stage.key, name)}"
            if stage.key is not None
            else "one row per image, with its weight"
        )
        return _described(store, "store the rows", f"{table}: {how}", (), (), below)
    keys = f" by {_listed(stage.op.keys, name)}" if stage.op.keys else ""
    calls = ", ".join(dict.fromkeys(call.function.name for _, call in stage.op.calls)) or "distinct rows"
    title = f"aggregate{keys}: {calls}"
    if stage.fold is not None:
        state = f"{table}: {_kept(len(stage.fold.states), len(stage.fold.extrema))} per group"
        again = ("groups that lose an extremum are read again",) if stage.fold.extrema else ()
        wanted = indexes.of_groups(stage) if stage.fold.extrema else ()
        return _described(aggregate, title, state, again, wanted, below)
    reasons = tuple(dict.fromkeys(why for _, call in stage.op.calls if (why := unfolded(call))))
    if stage.having:
        reasons += (
            f"only groups with {_shown(stage.having, name)} are kept: a group is a few rows, and soon read",
        )
    if not stage.op.keys:
        reasons += ("there is one group only: all of it is read again at every change",)
    return _described(reread, title, f"{table}: the result", reasons, indexes.of_groups(stage), below)


def _operator(rel: Rel, name: Name) -> Operator:
    below = tuple(_operator(child, name) for child in inputs(rel))
    match rel:
        case Scan(relation, alias, _):
            known = relation.name if relation.name == alias else f"{relation.name} {alias}"
            stage = relation.name if relation.schema == SCHEMA else ""
            found = _described(scan, f"{'stage' if stage else 'table'} {known}", "", (), (), ())
            return replace(found, stage=stage)
        case Filter(_, predicates):
            return _described(
                filter, f"filter {_shown(predicates, name)}", "", _netting(predicates, name), (), below
            )
        case Project(_, outputs):
            computed = [scalar for _, scalar in outputs if not isinstance(scalar, Col)]
            if not computed:
                return below[0]
            return _described(
                project, f"compute {_shown(computed, name)}", "", _netting(computed, name), (), below
            )
        case Join(_, _, on):
            title = f"join on {_shown(on, name)}" if on else "cross join"
            notes = (*_unequated(rel), *_trusted(rel))
            found = _described(join, title, "", notes, indexes.of_join(rel), below)
            return replace(found, partial=tuple(indexes.partial(rel)))
        case Outer(_, _, on):
            title = f"left join on {_shown(on, name)}"
            return _described(outer, title, "", _unequated(rel), indexes.of_join(rel), below)
        case Match(_, _, on, negated, mark):
            title = "mark where a match exists" if mark else f"{'anti' if negated else 'semi'} join"
            shown = f"{title} on {_shown(on, name)}" if on else title
            compares = moving.compared(rel.right, on) is not None
            rule, notes = (moving, ()) if compares else (match, _unequated(rel))
            found = _described(rule, shown, "", notes, indexes.of_match(rel), below)
            return replace(found, partial=tuple(indexes.partial(rel)))
        case Expand(_, functions):
            return _described(
                expand, f"expand {_shown(functions, name)}", "", _netting(functions, name), (), below
            )
        case Union():
            return _described(union, "union all", "", (), (), below)
        case Values():
            return _described(values, "constant rows", "", (), (), ())
        case Aggregate() | Delta() | Carried() | Negate() | Net() | Flips():
            raise TypeError(f"{type(rel).__name__} is inside no stage")
        case _:
            assert_never(rel)


def _described(
    rule: ModuleType,
    title: str,
    state: str,
    reasons: Iterable[str],
    wanted: Iterable[str],
    below: tuple[Operator, ...],
) -> Operator:
    law, cost = facts(rule)
    name = rule.__name__.rpartition(".")[2]
    return Operator(title, name, law, state, cost, tuple(reasons), tuple(wanted), below)


@cache
def facts(rule: ModuleType) -> tuple[str, str]:
    """The first formula and the cost line of a rule's docstring."""
    page = rule.__doc__ or ""
    law = re.search(r"^    (\S.*)$", page, re.MULTILINE)
    cost = re.search(r"^Cost +(.*(?:\n {8}.*)*)", page, re.MULTILINE)
    found = [
        " ".join(re.sub(r"\s{4,}(?=\S+ += )", ", ", part[1]).split()) if part else "" for part in (law, cost)
    ]
    return found[0], found[1].rstrip(".")


def _unequated(rel: Join | Outer | Match) -> tuple[str, ...]:
    constant = any(not isinstance(found, Scan) for side in inputs(rel) for found in _leaves(side))
    if constant or any(map(equated, rel.on)):
        return ()
    return ("no column is equated: every change meets the whole other side",)


def _leaves(rel: Rel) -> Iterator[Rel]:
    return (node for node in walk(rel) if not inputs(node))


def _trusted(rel: Join) -> Iterator[str]:
    if found := join.trusted(rel):
        many, one = (scan.relation.name for scan in found[:2])
        yield f"trusts the foreign key from {many} to {one}: no old row refers to a new one"


def _netting(scalars: Iterable[Scalar], name: Name) -> tuple[str, ...]:
    risky = [scalar for scalar in scalars if is_fallible(scalar)]
    return (f"changes are netted first: {_shown(risky, name)} could raise an error",) if risky else ()


def _kept(sums: int, extrema: int) -> str:
    """The columns of a fold.

    >>> _kept(1, 0), _kept(3, 2)
    ('1 count', '3 counts and sums, 2 extrema')
    """
    parts = ["1 count" if sums == 1 else f"{sums} counts and sums"]
    if extrema:
        parts.append("1 extremum" if extrema == 1 else f"{extrema} extrema")
    return ", ".join(parts)


def _names(rel: Rel) -> Name:
    """Names of columns, behind the alias of their table where another one has a column of that name."""
    owner: dict[Col, str] = {}
    for node in reversed(list(walk(rel))):
        match node:
            case Scan(_, alias, _):
                owner |= dict.fromkeys(node.schema, alias)
            case Project(_, outputs):
                owner |= {new: owner[old] for new, old in outputs if isinstance(old, Col) and old in owner}
            case Outer():
                owner |= {new: owner[old] for new, old in node.padded if old in owner}
            case _:
                pass
    homes = defaultdict(set)
    for column, alias in owner.items():
        homes[column.name].add(alias)
    return lambda c: f"{owner[c]}.{c.name}" if c in owner and len(homes[c.name]) > 1 else c.name


def _shown(scalars: Iterable[Scalar], name: Name) -> str:
    shown = ", ".join(text(scalar, name) for scalar in scalars)
    return shown if len(shown) <= 100 else shown[:99] + "…"


def _listed(columns: Sequence[Col] | None, name: Name) -> str:
    return ", ".join(map(name, columns or ())) or "the whole result"
