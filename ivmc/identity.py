"""The identity of columns: which ones a relation reads, and what stays the same under others.

A column is one and the same across the whole query. So a relation that is to stand beside itself needs
columns of its own, and two relations may differ in theirs and in nothing else.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import fields
from functools import lru_cache
from typing import Any

from ivmc.ir import (
    Aggregate,
    Expand,
    Filter,
    Flips,
    Join,
    Match,
    Outer,
    Project,
    Rel,
    Scan,
    Values,
    inputs,
    walk,
)
from ivmc.scalar import Col, Node, Scalar, columns, fresh


def scalars(rel: Rel) -> tuple[Scalar, ...]:
    """The expressions that `rel` itself evaluates."""
    match rel:
        case Filter(_, predicates):
            return predicates
        case Project(_, outputs):
            return tuple(scalar for _, scalar in outputs)
        case Join(_, _, on) | Outer(_, _, on) | Match(_, _, on):
            return on
        case Flips(_, _, on, total):
            return (*on, total)
        case Expand(_, functions, _, _, on):
            return functions + on
        case Aggregate(_, keys, calls):
            return keys + tuple(scalar for _, call in calls for scalar in call.scalars())
        case Values(_, rows):
            return tuple(scalar for row in rows for scalar in row)
        case _:
            return ()


def free(rel: Rel) -> frozenset[Col]:
    """The columns that `rel` reads from around it: those of enclosing queries.

    Before `unnest`, the right side of a join may read columns of its left side (LATERAL, and queries
    that stand in expressions); such a join runs the right side anew for each row of the left.
    """
    memo: dict[Rel, frozenset[Col]] = {}

    def visit(node: Rel) -> frozenset[Col]:
        if node not in memo:
            own: frozenset[Col] = frozenset(node.columns if isinstance(node, Expand) else ())
            below = frozenset(column for child in inputs(node) for column in child.schema)
            found = columns(*scalars(node)) - own - below
            for child in inputs(node):
                found |= visit(child)
            beside = inputs(node)[0].schema if isinstance(node, Join | Outer | Match | Flips) else ()
            memo[node] = found - frozenset(beside)
        return memo[node]

    return visit(rel)


@lru_cache(maxsize=256)
def shape(rel: Rel) -> Hashable:
    """What two relations have in common that differ in the identity of their columns alone."""
    numbers: dict[int, int] = {}

    def visit(part: object) -> Hashable:
        if isinstance(part, Col):
            return (numbers.setdefault(part.id, len(numbers)), part.type, part.nullable, part.collation)
        if isinstance(part, Scan):
            return (Scan, part.relation, tuple((column.name, visit(column)) for column in part.schema))
        if isinstance(part, Node):
            return (type(part), *(visit(getattr(part, field.name)) for field in fields(part)))  # type: ignore[arg-type]
        if isinstance(part, tuple):
            return tuple(visit(item) for item in part)
        return part

    return visit(rel)


def renewed(rel: Rel) -> tuple[Rel, dict[Col, Col]]:
    """`rel` with columns of its own, and which one stands for which: it can stand beside itself."""
    copies: dict[Col, Col] = {}
    memo: dict[Node, Node] = {}

    def visit(part: Any) -> Any:
        if isinstance(part, tuple):
            return tuple(visit(item) for item in part)
        if isinstance(part, Col):
            if part not in copies:
                copies[part] = fresh(part.name, part)
            return copies[part]
        if isinstance(part, Node):
            if part not in memo:
                found = {field.name: visit(getattr(part, field.name)) for field in fields(part)}  # type: ignore[arg-type]
                memo[part] = type(part)(**found)
            return memo[part]
        return part

    return visit(rel), copies


def verify(rel: Rel) -> None:
    """Check that every expression reads only columns that exist below it. Raises ValueError."""
    for node in walk(rel):
        known = {col for child in inputs(node) for col in child.schema}
        known |= set(node.columns) if isinstance(node, Expand) else set()
        unknown = columns(*scalars(node)) - known
        if unknown and not isinstance(node, Values):
            names = ", ".join(sorted(col.name for col in unknown))
            msg = f"{type(node).__name__} reads columns that its inputs lack: {names}"
            raise ValueError(msg)
