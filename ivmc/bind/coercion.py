"""How values of one type come to stand where another is wanted.

Source: PostgreSQL manual, chapter 10 "Type Conversion".
"""

from __future__ import annotations

from collections.abc import Sequence

from ivmc import errors
from ivmc.bind import facts
from ivmc.bind.context import UNKNOWN, Context, Poisoned, Syntax
from ivmc.catalog import Operator, Type, Unresolved
from ivmc.scalar import BOOLEAN, CAST, Expression, Scalar, binary, columns

Names = tuple[str, ...]


def mismatch(context: Context, node: Syntax, error: str, hint: str = "") -> Poisoned:
    """Record a type that cannot stand where it stands, as `Context.fail` does."""
    return context.fail(errors.TypeMismatch(context.span(node), error, hint))


def converted(
    context: Context, argument: Scalar, target: Type, node: Syntax, *, explicit: bool = False
) -> Scalar:
    """`argument::target`; itself when it has that type already and nobody asked. Raises Poisoned."""
    if argument.type == target and not explicit:
        return argument
    how = context.catalog.cast(argument.type, target, "e" if explicit else "a")
    if how is None:
        shown = context.catalog.shown
        raise mismatch(context, node, f"cannot cast type {shown(argument.type)} to {shown(target)}")
    return Expression(
        "cast",
        ("", f"::{target.sql}"),
        (argument,),
        target,
        nullable=argument.nullable,
        level=CAST,
        levels=(CAST,),
        fallible=not (how.infallible or how.method == "literal" or facts.is_null(argument)),
        stable=how.volatility != "i",
        scales=facts.cast_scales(argument, target),
    )


def common_type(context: Context, node: Syntax, scalars: Sequence[Scalar], construct: str) -> Type:
    """The type to which UNION, CASE and their kin bring all of their inputs. Raises Poisoned."""
    try:
        return context.catalog.common_type([scalar.type for scalar in scalars], construct)
    except Unresolved as unresolved:
        raise mismatch(context, node, unresolved.message, unresolved.hint) from None


def as_condition(context: Context, found: Scalar, node: Syntax, construct: str) -> Scalar:
    """What `construct` can test: a boolean. Raises Poisoned."""
    if context.catalog.base(found.type) == BOOLEAN:
        return found
    if found.type == UNKNOWN:
        return converted(context, found, BOOLEAN, node)
    fault = f"argument of {construct} must be type boolean, not type {context.catalog.shown(found.type)}"
    raise mismatch(context, node, fault)


def coerces_safely(context: Context, scalar: Scalar, wanted: Type) -> bool:
    """Can `scalar` become `wanted`, implicitly, without an error? A literal is read only once."""
    if scalar.type == UNKNOWN or scalar.type.plain == wanted.plain:
        return True
    how = context.catalog.cast(scalar.type, wanted, "i")
    return how is not None and how.infallible


def reads_settings(context: Context, source: Type, target: Type) -> bool:
    """Does an implicit conversion depend on session settings?"""
    if source == UNKNOWN:
        return facts.reads_settings(target)
    how = None if source == target else context.catalog.cast(source, target, "i")
    return how is not None and how.volatility != "i"


# Operators


def operator(context: Context, node: Syntax, name: Names, left: Type | None, right: Type) -> Operator:
    """The operator that `name` means between these types. Raises Poisoned."""
    try:
        found = context.catalog.operator(name, left, right)
    except Unresolved as unresolved:
        known = unresolved.kind != "ambiguous"
        diagnostic = errors.UnknownOperator if known else errors.AmbiguousOperator
        raise context.fail(diagnostic(context.span(node), unresolved.message)) from None
    if found.function.volatility == "v":
        raise context.fail(errors.VolatileFunction(context.span(node), name[-1]))
    return found


def operand_facts(context: Context, found: Operator, operands: Sequence[Scalar]) -> tuple[bool, bool]:
    """Can applying the operator to these operands fail, and does it depend on session settings?"""
    wanted = [kind for kind in (found.left, found.right) if kind is not None]
    pairs = list(zip(operands, wanted, strict=True))
    safe = found.function.infallible and all(coerces_safely(context, s, kind) for s, kind in pairs)
    stable = found.function.volatility == "s"
    return not safe, stable or any(reads_settings(context, s.type, kind) for s, kind in pairs)


def infix(context: Context, node: Syntax, name: Names, left: Scalar, right: Scalar) -> Expression:
    """`left op right`. Raises Poisoned."""
    found = operator(context, node, name, left.type, right.type)
    fallible, stable = operand_facts(context, found, (left, right))
    left, right = (
        as_operand(context, left, found.left, node),
        as_operand(context, right, found.right, node),
    )
    return binary(
        facts.spelt(name),
        left,
        right,
        found.result,
        facts.LEVELS.get(name[-1], facts.OTHER_OPERATOR) if len(name) == 1 else facts.OTHER_OPERATOR,
        nullable=left.nullable or right.nullable or facts.may_be_null(found),
        fallible=fallible and not facts.is_constant_pattern(found, right),
        stable=stable,
        equality=facts.is_equality(found),
        scales=facts.arithmetic_scales(found, left, right),
    )


def as_operand(context: Context, operand: Scalar, kind: Type | None, node: Syntax) -> Scalar:
    """An operand or argument of a type that has an `=` of its own, cast to the type as which it is taken.

    citext beside text is compared as text, and so is the argument of `min(text)`; as a column it would be
    grouped and matched by its own `=`, to which more is equal. Raises Poisoned.
    """
    if kind is None or not columns(operand) or context.catalog.groups_by(operand.type, kind):
        return operand
    return converted(context, operand, kind, node, explicit=True)
