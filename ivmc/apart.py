"""Columns of their own for both sides of a join.

Unnesting uses a relation twice: as the left side of a join, and within the right side as the domain
for which a subquery runs. A column that both sides hold would stand for two values once projections
are merged, so the right side gets columns of its own.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from ivmc.ir import Aggregate, Join, Match, Outer, Project, Rel, Union, bottom_up, inputs
from ivmc.scalar import Col, Node, fresh


def apart(rel: Rel) -> Rel:
    """`rel` with no column on both sides of a join."""
    held: dict[Rel, frozenset[Col]] = {}

    def columns(node: Rel) -> frozenset[Col]:
        if node not in held:
            below = () if isinstance(node, Aggregate | Union) else inputs(node)
            seen = below[:1] if isinstance(node, Match) else below
            held[node] = frozenset(node.schema).union(*map(columns, seen))
        return held[node]

    def separated(node: Rel) -> Rel:
        if not isinstance(node, Join | Outer | Match):
            return node
        shared = columns(node.left) & columns(node.right)
        if not shared:
            return node
        mapping = {column: fresh(column.name, column) for column in shared}
        right = renamed(node.right, mapping)
        back = tuple((column, mapping.get(column, column)) for column in node.right.schema)
        return replace(node, right=Project(right, back) if shared & set(node.right.schema) else right)

    return bottom_up(rel, separated)


def renamed(rel: Rel, mapping: dict[Col, Col]) -> Rel:
    """`rel` with other columns throughout."""
    memo: dict[Node, Any] = {}

    def visit(part: Any) -> Any:
        if isinstance(part, Col):
            return mapping.get(part, part)
        if isinstance(part, tuple):
            return tuple(map(visit, part))
        if not isinstance(part, Node):
            return part
        if part not in memo:
            memo[part] = replace(part, **{f.name: visit(getattr(part, f.name)) for f in fields(part)})  # type: ignore[type-var,arg-type]
        return memo[part]

    found: Rel = visit(rel)
    return found
