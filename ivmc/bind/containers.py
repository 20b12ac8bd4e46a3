"""Arrays, rows, and what is taken out of them.

Source: PostgreSQL manual, 4.2.3 "Subscripts" to 4.2.5, 4.2.12 "Array Constructors", 4.2.13 "Row
Constructors".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pglast import ast

from ivmc import errors
from ivmc.bind import sets
from ivmc.bind.coercion import common_type, mismatch
from ivmc.bind.context import RECORD, Syntax
from ivmc.catalog import Type
from ivmc.scalar import Expression, Scalar, listed

if TYPE_CHECKING:
    from ivmc.bind.expression import Expressions


def array(e: Expressions, node: Syntax, target: Type | None = None) -> Scalar:
    """`ARRAY[…]`, of the type that a cast around it names, if one does. Raises Poisoned."""
    elements = e.operands(node.elements)
    kind = target or _array_type(e, node, elements)
    if kind is None:
        raise mismatch(e.context, node, "cannot determine type of empty array")
    template = listed("ARRAY[", len(elements), "]")
    return Expression("array", template, elements, kind, nullable=False, levels=(0,) * len(elements))


def _array_type(e: Expressions, node: Syntax, elements: tuple[Scalar, ...]) -> Type | None:
    """An array of arrays has the type of one dimension."""
    if not elements:
        return None
    item = common_type(e.context, node, elements, "ARRAY")
    return item if e.catalog.element(item) else e.catalog.array(item)


def row(e: Expressions, node: Syntax) -> Scalar:
    """`ROW(a, b)` and `(a, b)`. Raises Poisoned."""
    args = e.operands(node.args)
    template = listed("ROW(", len(args), ")")
    return Expression("row", template, args, RECORD, nullable=False, levels=(0,) * len(args), fallible=False)


def indirection(e: Expressions, node: Syntax) -> Scalar:
    """Subscripts and fields: `a[1]`, `a[1:2]`, `(c).field`. Raises Poisoned."""
    operand, first = e.operand(node.arg), node.indirection[0]
    if isinstance(operand, sets.SetCall) and isinstance(first, ast.String) and len(node.indirection) == 1:
        found = sets.field(operand, str(first.sval))
        if found is not None:
            return found
    kind = operand.type
    for step in node.indirection:
        if isinstance(step, ast.String):
            kind = _field(e, node, kind, str(step.sval))
        elif isinstance(step, ast.A_Indices) and not step.is_slice:
            kind = e.catalog.subscripted(kind) or kind
    return e.printed(node, kind)


def _field(e: Expressions, node: Syntax, kind: Type, name: str) -> Type:
    fields = dict(e.catalog.fields(kind))
    if name not in fields:
        raise e.context.fail(errors.UnknownColumn(e.context.span(node), name, tuple(fields)))
    return fields[name]
