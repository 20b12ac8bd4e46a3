"""How a view is maintained, operator by operator: law, state, cost, fallback, indexes it wants.

`report` makes plain data of a staged query; `explain` prints a plan's report as a tree, as Mermaid
or as JSON. Laws and costs are read from the docstrings of `rules/`, where they are defined.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from types import ModuleType
from typing import assert_never

from ivmc.emit.text import text
from ivmc.ir import (
    Aggregate,
    Carried,
    Delta,
    Expand,
    Filter,
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
from ivmc.names import SCHEMA, identifier, qualified
from ivmc.plan import Plan
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
from ivmc.rules.aggregate import unfolded
from ivmc.scalar import Col, Scalar, columns, equated, is_fallible
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
    """

    operator: str
    rule: str
    law: str
    state: str
    cost: str
    reasons: tuple[str, ...]
    indexes: tuple[str, ...]
    inputs: tuple[Operator, ...]

    def walk(self) -> Iterator[Operator]:
        yield self
        for child in self.inputs:
            yield from child.walk()


# From a staged query


def report(staged: Staged) -> tuple[Operator, ...]:
    """The operators of each stage, the last stage's first."""
    return tuple(_stage(stage) for stage in reversed(staged.stages))


def _stage(stage: Stage) -> Operator:
    below = (_operator(stage.input),)
    table = qualified(SCHEMA, stage.name)
    if stage.op is None:
        how = (
            f"one row per {_listed(stage.key)}"
            if stage.key is not None
            else "one row per image, with its weight"
        )
        return _described(store, "store the rows", f"{table}: {how}", (), (), below)
    keys = f" by {_listed(stage.op.keys)}" if stage.op.keys else ""
    calls = ", ".join(dict.fromkeys(call.function.name for _, call in stage.op.calls)) or "distinct rows"
    title = f"aggregate{keys}: {calls}"
    if stage.fold is not None:
        state = (
            f"{table}: {len(stage.fold.states)} counts and sums, {len(stage.fold.extrema)} extrema per group"
        )
        again = ("groups that lose an extremum are read again",) if stage.fold.extrema else ()
        wanted = _reread_indexes(stage) if stage.fold.extrema else ()
        return _described(aggregate, title, state, again, wanted, below)
    reasons = tuple(dict.fromkeys(why for _, call in stage.op.calls if (why := unfolded(call))))
    if stage.having:
        reasons += (
            f"only groups with {_shown(stage.having)} are kept: a group is a few rows, and soon read",
        )
    if not stage.op.keys:
        reasons += ("there is one group only: all of it is read again at every change",)
    return _described(reread, title, f"{table}: the result", reasons, _reread_indexes(stage), below)


def _operator(rel: Rel) -> Operator:
    below = tuple(_operator(child) for child in inputs(rel))
    match rel:
        case Scan(relation, alias, _):
            name = relation.name if relation.name == alias else f"{relation.name} {alias}"
            kind = "stage" if relation.schema == SCHEMA else "table"
            return _described(scan, f"{kind} {name}", "", (), (), ())
        case Filter(_, predicates):
            return _described(filter, f"filter {_shown(predicates)}", "", _netting(predicates), (), below)
        case Project(_, outputs):
            computed = [scalar for _, scalar in outputs if not isinstance(scalar, Col)]
            if not computed:
                return below[0]
            return _described(project, f"compute {_shown(computed)}", "", _netting(computed), (), below)
        case Join(_, _, on):
            title = f"join on {_shown(on)}" if on else "cross join"
            return _described(join, title, "", (*_unequated(on), *_trusted(rel)), _join_indexes(rel), below)
        case Outer(_, _, on):
            title = f"left join on {_shown(on)}"
            return _described(outer, title, "", _unequated(on), _join_indexes(rel), below)
        case Match(_, _, on, negated, mark):
            title = "mark where a match exists" if mark else f"{'anti' if negated else 'semi'} join"
            shown = f"{title} on {_shown(on)}" if on else title
            compares = moving.compared(rel.right, on) is not None
            rule, notes = (moving, ()) if compares else (match, _unequated(on))
            return _described(rule, shown, "", notes, _match_indexes(rel), below)
        case Expand(_, functions):
            return _described(expand, f"expand {_shown(functions)}", "", _netting(functions), (), below)
        case Union():
            return _described(union, "union all", "", (), (), below)
        case Values():
            return _described(values, "constant rows", "", (), (), ())
        case Aggregate() | Delta() | Carried() | Negate() | Net():
            raise TypeError(f"{type(rel).__name__} is inside no stage")
        case _:
            assert_never(rel)


def _described(
    rule: ModuleType,
    title: str,
    state: str,
    reasons: Iterable[str],
    indexes: Iterable[str],
    below: tuple[Operator, ...],
) -> Operator:
    law, cost = facts(rule)
    name = rule.__name__.rpartition(".")[2]
    return Operator(title, name, law, state, cost, tuple(reasons), tuple(indexes), below)


@cache
def facts(rule: ModuleType) -> tuple[str, str]:
    """The first formula and the cost line of a rule's docstring."""
    page = rule.__doc__ or ""
    law = re.search(r"^    (\S.*)$", page, re.MULTILINE)
    cost = re.search(r"^Cost +(.*(?:\n {8}.*)*)", page, re.MULTILINE)
    words = [" ".join(found.group(1).split()).rstrip(".") if found else "" for found in (law, cost)]
    return words[0], words[1]


def _unequated(on: Iterable[Scalar]) -> tuple[str, ...]:
    return () if any(map(equated, on)) else ("no column is equated: every change meets the whole other side",)


def _trusted(rel: Join) -> Iterator[str]:
    if found := join.trusted(rel):
        many, one = (scan.relation.name for scan in found[:2])
        yield f"trusts the foreign key from {many} to {one}: no old row refers to a new one"


def _netting(scalars: Iterable[Scalar]) -> tuple[str, ...]:
    risky = [scalar for scalar in scalars if is_fallible(scalar)]
    return (f"changes are netted first: {_shown(risky)} could raise an error",) if risky else ()


def _shown(scalars: Iterable[Scalar]) -> str:
    shown = ", ".join(text(scalar, lambda column: column.name) for scalar in scalars)
    return shown if len(shown) <= 100 else shown[:99] + "…"


def _listed(columns: Sequence[Col] | None) -> str:
    return ", ".join(column.name for column in columns or ()) or "the whole result"


# Indexes


def _join_indexes(rel: Join | Outer | Match) -> Iterator[str]:
    """For each equated pair of tables, an index on both sides that serves the other's changes."""
    pairs: dict[tuple[Scan, Scan], list[str]] = {}
    scans = [node for node in walk(rel) if isinstance(node, Scan)]
    owner = {column: node for node in scans for column in node.schema}
    for predicate in rel.on:
        pair = equated(predicate)
        if pair is None or not all(column in owner for column in pair):
            continue
        for a, b in (pair, pair[::-1]):
            pairs.setdefault((owner[a], owner[b]), []).append(a.name)
    for (table, _), names in pairs.items():
        yield from _wanted(table, names)


def _match_indexes(rel: Match) -> Iterator[str]:
    """As for a join; where rows are compared with one moving value, an index on what is compared."""
    yield from _join_indexes(rel)
    comparison = moving.compared(rel.right, rel.on)
    own = frozenset() if comparison is None else columns(comparison[0].args[0])
    for table in (node for node in walk(rel.left) if isinstance(node, Scan)):
        if names := [column.name for column in table.schema if column in own]:
            yield from _wanted(table, names)


def _reread_indexes(stage: Stage) -> tuple[str, ...]:
    """An index by which the rows of one group are found."""
    assert stage.op is not None
    scans = [node for node in walk(stage.input) if isinstance(node, Scan)]
    found = [(node, [key.name for key in stage.op.keys if key in node.schema]) for node in scans]
    return tuple(line for node, names in found if names for line in _wanted(node, names))


def _wanted(table: Scan, columns: Sequence[str]) -> Iterator[str]:
    """An index on the columns, unless one that begins with any of them is there."""
    relation = table.relation
    present = [*relation.indexes, relation.primary_key, *relation.unique]
    if relation.schema == SCHEMA or any(index and index[0] in columns for index in present):
        return
    listed = ", ".join(map(identifier, dict.fromkeys(columns)))
    yield f"CREATE INDEX ON {qualified(relation.schema, relation.name)} ({listed})"


# To text


def explain(plan: Plan, form: str = "text") -> str:
    """The plan's report as `text`, `mermaid` or `json`."""
    match form:
        case "json":
            return json.dumps(as_dict(plan), indent=2)
        case "mermaid":
            return mermaid(plan)
        case _:
            return tree(plan)


def as_dict(plan: Plan) -> dict[str, object]:
    """What a program would read."""
    return {
        "view": f"{plan.schema}.{plan.name}",
        "strategy": plan.strategy,
        "reason": plan.reason,
        "sources": [f"{source.schema}.{source.name}" for source in plan.sources],
        "stages": [asdict(stage) for stage in plan.report],
        "indexes": list(wanted(plan)),
    }


def wanted(plan: Plan) -> tuple[str, ...]:
    """Every index that the plan would use and the tables lack."""
    operators = (operator for stage in plan.report for operator in stage.walk())
    return tuple(dict.fromkeys(index for operator in operators for index in operator.indexes))


def tree(plan: Plan) -> str:
    """The report for a person."""
    lines = [f"{plan.schema}.{plan.name}: {plan.strategy} refresh"]
    if plan.reason:
        lines += [f"  because {plan.reason}", f"  cost    O(the whole query), over {_sources(plan)}"]
    for stage in plan.report:
        lines += ["", *_branch(stage, "", "")]
    if indexes := wanted(plan):
        lines += [
            "",
            "Indexes without which a refresh scans the table:",
            *(f"  {index};" for index in indexes),
        ]
    return "\n".join(lines)


def _sources(plan: Plan) -> str:
    return ", ".join(f"{source.schema}.{source.name}" for source in plan.sources) or "no table"


def _branch(operator: Operator, first: str, rest: str) -> Iterator[str]:
    yield first + operator.operator
    bar = rest + ("│ " if operator.inputs else "  ")
    if operator.rule not in ("scan", "filter", "project", "union", "values"):
        yield f"{bar}    law    {operator.law}"
        if operator.state:
            yield f"{bar}    state  {operator.state}"
        yield f"{bar}    cost   {operator.cost}"
    for reason in operator.reasons:
        yield f"{bar}    note   {reason}"
    for i, child in enumerate(operator.inputs):
        last = i == len(operator.inputs) - 1
        yield from _branch(child, rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  "))


def mermaid(plan: Plan) -> str:
    """The report as a Mermaid flowchart, data flowing upward."""
    lines = ["flowchart BT", f'  view["{plan.schema}.{plan.name}"]']

    def add(operator: Operator, parent: str) -> None:
        name = f"n{len(lines)}"
        label = operator.operator.replace('"', "#quot;")
        lines.append(f'  {name}["{label}"] --> {parent}')
        for child in operator.inputs:
            add(child, name)

    for stage in plan.report:
        add(stage, "view")
    return "\n".join(lines)
