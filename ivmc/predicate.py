"""Conditions: their parts, and what holds wherever they do.

A filter keeps a row where its condition is true, so NULL is as good as false here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from ivmc.scalar import COMPARISONS, FALSE, TRUE, Col, Expression, Logic, Scalar

STRICT: Final = frozenset({"+", "-", "*", "/", "cast"})  # NULL where any argument is


def conjuncts(scalar: Scalar) -> tuple[Scalar, ...]:
    """`a AND b AND c` as (a, b, c)."""
    if isinstance(scalar, Logic) and scalar.op == "AND":
        return tuple(part for arg in scalar.args for part in conjuncts(arg))
    return () if scalar == TRUE else (scalar,)


def conjunction(parts: Iterable[Scalar]) -> Scalar:
    """The inverse of `conjuncts`."""
    unique = tuple(dict.fromkeys(parts))
    return TRUE if not unique else unique[0] if len(unique) == 1 else Logic("AND", unique)


def settled(predicate: Scalar, *, holds: bool = True) -> Scalar:
    """What is true exactly where `predicate` is true, or false: a filter treats NULL as false.

    NULL itself and three-valued logic go: `NOT (a OR (b AND NULL))` holds where neither does.
    """
    match predicate:
        case Logic("NOT", (operand,)):
            return settled(operand, holds=not holds)
        case Logic(op, args) if op != "NOT":
            parts = [settled(arg, holds=holds) for arg in args]
            every = (op == "AND") is holds
            decisive, neutral = (FALSE, TRUE) if every else (TRUE, FALSE)
            left = tuple(dict.fromkeys(part for part in parts if part != neutral))
            if decisive in left:
                return decisive
            if len(left) > 1:
                return Logic("AND", left) if every else _factored(left)
            return left[0] if left else neutral
        case Expression("literal", (text,)) if text.upper() in ("NULL", "NULL::BOOLEAN"):
            return FALSE
        case _ if predicate in (TRUE, FALSE):
            return TRUE if (predicate == TRUE) is holds else FALSE
        case _:
            return predicate if holds else Logic("NOT", (predicate,))


def _factored(args: tuple[Scalar, ...]) -> Scalar:
    """`(a AND b) OR (a AND c)` as `a AND (b OR c)`: what all say may be what a join finds rows by."""
    arms = [conjuncts(arg) for arg in args]
    common = tuple(part for part in arms[0] if all(part in arm for arm in arms[1:]))
    rest = tuple(conjunction(part for part in arm if part not in common) for arm in arms)
    if not common:
        return Logic("OR", args)
    return conjunction(common if TRUE in rest else (*common, Logic("OR", rest)))


def relaxed(predicate: Scalar, keep: Callable[[Scalar], bool]) -> Scalar:
    """What must hold wherever `predicate` does, made of those of its parts that `keep` accepts."""
    if isinstance(predicate, Logic) and predicate.op != "NOT":
        parts = tuple(relaxed(part, keep) for part in predicate.args)
        if predicate.op == "AND":
            return conjunction(part for part in parts if part != TRUE)
        return TRUE if TRUE in parts else Logic("OR", parts)
    return predicate if keep(predicate) else TRUE


def equated(predicate: Scalar) -> tuple[Col, Col] | None:
    """The two columns of `a = b`, where the predicate is that."""
    match predicate:
        case Expression(equality=True, args=(Col() as left, Col() as right)):
            return left, right
        case _:
            return None


def rejects_null(predicates: Iterable[Scalar], column: Scalar) -> bool:
    """Is it certain that no row with NULL in this column satisfies all of the predicates?"""
    return any(
        isinstance(p, Expression)
        and p.name in COMPARISONS
        and any(carries_null(side, column) for side in p.args)
        for predicate in predicates
        for p in conjuncts(predicate)
    )


def carries_null(scalar: Scalar, column: Scalar) -> bool:
    """Is it certain that the scalar is NULL where the column is?"""
    if isinstance(scalar, Expression) and scalar.name in STRICT:
        return any(carries_null(part, column) for part in scalar.args)
    return scalar == column
