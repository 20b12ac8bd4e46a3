"""Literals, casts and COLLATE.

Source: PostgreSQL manual, 4.1.2 "Constants", 4.2.9 "Type Casts", 4.2.10 "Collation Expressions".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pglast import ast

from ivmc import errors
from ivmc.bind import containers, facts
from ivmc.bind.coercion import converted, mismatch
from ivmc.bind.collation import KEYWORD
from ivmc.bind.context import INTEGER, TEXT, UNKNOWN, Syntax
from ivmc.bind.verbatim import text
from ivmc.catalog import Type, Unresolved
from ivmc.names import identifier
from ivmc.names import literal as quoted
from ivmc.scalar import BIGINT, BOOLEAN, COLLATE, NUMERIC, Expression, Scalar, literal

if TYPE_CHECKING:
    from ivmc.bind.expression import Expressions

BIT: Final = Type("pg_catalog", "bit")
WHOLE: Final = frozenset({0})


def constant(node: Syntax) -> Scalar:
    """A literal: bare strings and NULL stay of unknown type until an operator takes them."""
    if node.isnull:
        return literal("NULL", UNKNOWN, nullable=True)
    match node.val:
        case ast.Integer(ival=value):
            return literal(str(value or 0), INTEGER, scales=WHOLE)
        case ast.Float(fval=digits):
            return _number(str(digits))
        case ast.Boolean(boolval=value):
            return literal("true" if value else "false", BOOLEAN)
        case ast.BitString(bsval=bits):
            return literal(f"{str(bits)[0].upper()}'{str(bits)[1:]}'", BIT)
        case _:
            return literal(quoted(node.val.sval), UNKNOWN)


def _number(digits: str) -> Scalar:
    """The smallest of integer, bigint and numeric that holds it; the parser negates before it asks."""
    value = facts.whole_number(digits)
    for kind, bits in ((INTEGER, 31), (BIGINT, 63)):
        if value is not None and -(2**bits) <= value < 2**bits:
            return literal(digits, kind, scales=WHOLE)
    return literal(digits, NUMERIC, scales=facts.literal_scale(digits))


def cast(e: Expressions, node: Syntax) -> Scalar:
    """`CAST (x AS t)` and `x::t`. Raises Poisoned."""
    if _target(e, node.typeName) is None:
        e.bind(node.arg)
    target = type_named(e, node.typeName)
    if isinstance(node.arg, ast.A_ArrayExpr) and e.catalog.element(target):
        argument = containers.array(e, node.arg, target)
    else:
        argument = e.operand(node.arg)
    if argument.type == UNKNOWN and facts.reads_the_clock(argument, target):
        return e.context.unmaintained(errors.CurrentTime(e.context.span(node), text(node)), target)
    return converted(e.context, argument, target, node, explicit=True)


def type_named(e: Expressions, node: Syntax) -> Type:
    """The type that a syntax node names. Raises Poisoned."""
    found = _target(e, node)
    if found is None:
        name = ".".join(part.sval for part in node.names)
        raise e.context.fail(errors.UnknownType(e.context.span(node), name))
    return found


def _target(e: Expressions, node: Syntax) -> Type | None:
    try:
        return e.catalog.type_of(node)
    except Unresolved:
        return None


def collate(e: Expressions, node: Syntax) -> Scalar:
    """`x COLLATE "C"`. Raises Poisoned."""
    argument = e.operand(node.arg)
    kind = TEXT if argument.type == UNKNOWN else argument.type
    if not e.catalog.collatable(kind):
        raise mismatch(e.context, node, f"collations are not supported by type {e.catalog.shown(kind)}")
    name = ".".join(identifier(part.sval) for part in node.collname)
    return Expression(
        "collate",
        ("", f"{KEYWORD}{name}"),
        (argument,),
        kind,
        argument.nullable,
        COLLATE,
        (COLLATE,),
        fallible=False,
    )
