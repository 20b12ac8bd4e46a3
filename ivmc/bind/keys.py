"""What the items of GROUP BY, ORDER BY and DISTINCT ON mean: positions, output names, expressions.

A bare name in GROUP BY is a column of FROM before it is an output column; in ORDER BY and DISTINCT
ON it is the other way round. Sources: PostgreSQL manual, SELECT, "GROUP BY Clause" and "ORDER BY
Clause"; findTargetlistEntrySQL92 (parse_clause.c).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pglast import ast
from pglast.enums import CoercionForm

from ivmc import errors
from ivmc.bind.aggregates import Aggregates
from ivmc.bind.coercion import converted
from ivmc.bind.context import POISON, TEXT, UNKNOWN, Context, Poisoned, Syntax, attempted
from ivmc.bind.names import bare_name
from ivmc.scalar import Scalar


@dataclass(frozen=True, slots=True)
class Target:
    """One output column: its name, its syntax (that of the `*` it comes from), its scalar."""

    name: str
    node: Syntax
    value: Scalar


def group_key(aggregates: Aggregates, targets: Sequence[Target], node: Syntax) -> Scalar:
    """One item of GROUP BY; POISON where it cannot be grouped by."""
    return attempted(_group_key, aggregates, targets, node)


def sort_key(aggregates: Aggregates, targets: Sequence[Target], node: Syntax, clause: str) -> Scalar:
    """One item of ORDER BY or DISTINCT ON; POISON where it cannot be sorted by."""
    return attempted(_sort_key, aggregates, targets, node, clause)


def flattened(items: Sequence[Syntax] | None) -> list[Syntax]:
    """GROUP BY (a, b) groups by a and by b, but GROUP BY ROW(a, b) by one row."""
    found: list[Syntax] = []
    for item in items or ():
        is_list = isinstance(item, ast.RowExpr) and item.row_format == CoercionForm.COERCE_IMPLICIT_CAST
        found.extend(flattened(item.args) if is_list else [item])
    return found


def _group_key(aggregates: Aggregates, targets: Sequence[Target], node: Syntax) -> Scalar:
    context, name = aggregates.context, bare_name(node)
    key = positioned(context, targets, node, "GROUP BY")
    if key is None and name is not None and not aggregates.scope.unqualified(name):
        key = named(context, targets, node, name)
    if key is None:
        key = aggregates.plain("GROUP BY").operand(node)
    if aggregates.among(key):
        raise context.fail(errors.AggregateNotAllowed(context.span(node), "aggregate", "GROUP BY"))
    if key.type == UNKNOWN:
        return converted(context, key, TEXT, node, explicit=True)
    if context.catalog.equality(key.type) == "none":
        shown = context.catalog.shown(key.type)
        context.error(errors.MissingOperator(context.span(node), shown, "equality", "GROUP BY"))
    return key


def _sort_key(aggregates: Aggregates, targets: Sequence[Target], node: Syntax, clause: str) -> Scalar:
    context, name = aggregates.context, bare_name(node)
    key = positioned(context, targets, node, clause)
    if key is None and name is not None:
        key = named(context, targets, node, name)
    if key is None:
        key = aggregates.expressions(clause).operand(node)
    check_sortable(context, key, node, clause)
    return key


def check_sortable(context: Context, key: Scalar, node: Syntax, clause: str) -> None:
    """Values of the key's type must have an order."""
    if key.type != UNKNOWN and not context.catalog.orderable(key.type):
        shown = context.catalog.shown(key.type)
        context.error(errors.MissingOperator(context.span(node), shown, "ordering", clause))


def named(context: Context, targets: Sequence[Target], node: Syntax, name: str) -> Scalar | None:
    """The output column of that name, if there is one. Raises Poisoned."""
    found = {target.value for target in targets if target.name == name}
    if len(found) > 1:
        raise context.fail(errors.AmbiguousColumn(context.span(node), name))
    return _sound(found.pop()) if found else None


def positioned(context: Context, targets: Sequence[Target], node: Syntax, clause: str) -> Scalar | None:
    """The output column that a constant counts, from 1; None for other items. Raises Poisoned."""
    if not isinstance(node, ast.A_Const):
        return None
    value: Syntax = node.val
    if node.isnull or not isinstance(value, ast.Integer):
        raise context.fail(errors.InvalidKey(context.span(node), f"non-integer constant in {clause}"))
    position = value.ival or 0
    if not 1 <= position <= len(targets):
        words = clause.split()
        span = context.clause(*words, str(position)) or context.clause(*words)
        raise context.fail(errors.InvalidOrdinal(span, clause, position, len(targets)))
    return _sound(targets[position - 1].value)


def _sound(value: Scalar) -> Scalar:
    if value is POISON:
        raise Poisoned
    return value
