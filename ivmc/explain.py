"""A plan's report as a tree for a person, as Mermaid or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

from ivmc.indexes import Partial
from ivmc.plan import Plan
from ivmc.report import Operator


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
        "partial_indexes": [str(index) for index in partial(plan)],
    }


def wanted(plan: Plan) -> tuple[str, ...]:
    """Every index that the plan would use and the tables lack."""
    operators = (operator for stage in plan.report for operator in stage.walk())
    return tuple(dict.fromkeys(index for operator in operators for index in operator.indexes))


def partial(plan: Plan) -> tuple[Partial, ...]:
    """Every partial index that pays where few rows satisfy its condition."""
    operators = (operator for stage in plan.report for operator in stage.walk())
    return tuple(dict.fromkeys(index for operator in operators for index in operator.partial))


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
    if few := partial(plan):
        lines += [
            "",
            "Indexes that pay where few rows satisfy the condition:",
            *(f"  {index};" for index in few),
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

    readers = {plan.root: ["view"]}

    def add(operator: Operator, parents: list[str]) -> None:
        name = f"n{len(lines)}"
        label = operator.operator.replace('"', "#quot;")
        lines.append(f'  {name}["{label}"] --> {" & ".join(parents)}')
        for child in operator.inputs:
            if child.stage:
                readers.setdefault(child.stage, []).append(name)
            else:
                add(child, [name])

    for stage in plan.report:
        add(stage, readers[stage.stage])
    return "\n".join(lines)
