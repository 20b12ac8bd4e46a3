"""Operators, and the constructs that stand for comparisons: IN, BETWEEN, LIKE, DISTINCT FROM, …

Source: PostgreSQL manual, 9.2 "Comparison Functions and Operators", 9.25 "Row and Array
Comparisons".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pglast import ast
from pglast.enums import A_Expr_Kind, SubLinkType

from ivmc.bind import facts, subqueries
from ivmc.bind.coercion import infix, mismatch, operand_facts, operator
from ivmc.bind.context import TEXT, UNKNOWN, Syntax
from ivmc.bind.verbatim import is_escape
from ivmc.scalar import (
    ATOM,
    BOOLEAN,
    COMPARISON,
    IN,
    IS,
    NEGATION,
    OPERATOR,
    Expression,
    Logic,
    Scalar,
    binary,
    listed,
)

if TYPE_CHECKING:
    from ivmc.bind.expression import Expressions

EQUALS = ("=",)


def operation(e: Expressions, node: Syntax) -> Scalar:
    """Everything that the grammar calls an operator expression. Raises Poisoned."""
    if isinstance(node.lexpr, ast.RowExpr):
        if isinstance(node.rexpr, ast.RowExpr):
            return _row_comparison(e, node)
        if _is_row(node.rexpr) and node.kind == A_Expr_Kind.AEXPR_OP:
            return subqueries.row_compared(e, node)
    match node.kind:
        case A_Expr_Kind.AEXPR_OP if node.lexpr is None:
            return _prefix(e, node)
        case A_Expr_Kind.AEXPR_OP:
            return _binary(e, node, operator_name(node))
        case A_Expr_Kind.AEXPR_LIKE | A_Expr_Kind.AEXPR_ILIKE | A_Expr_Kind.AEXPR_SIMILAR:
            return _like(e, node)
        case A_Expr_Kind.AEXPR_IN:
            return _in_list(e, node)
        case A_Expr_Kind.AEXPR_DISTINCT | A_Expr_Kind.AEXPR_NOT_DISTINCT:
            return _distinct_from(e, node)
        case A_Expr_Kind.AEXPR_NULLIF:
            return _nullif(e, node)
        case A_Expr_Kind.AEXPR_OP_ANY | A_Expr_Kind.AEXPR_OP_ALL:
            return _any_all(e, node)
        case _:
            return _between(e, node)


def operator_name(node: Syntax) -> tuple[str, ...]:
    """The operator that stands in the node."""
    return tuple(part.sval for part in node.name)


def _is_row(node: Syntax) -> bool:
    """Is it `(SELECT a, b …)`?"""
    return isinstance(node, ast.SubLink) and node.subLinkType == SubLinkType.EXPR_SUBLINK


def _binary(e: Expressions, node: Syntax, name: tuple[str, ...]) -> Expression:
    left, right = e.operands((node.lexpr, node.rexpr))
    return infix(e.context, node, name, left, right)


def _standing_for(
    tests: Sequence[Expression],
    name: str,
    template: tuple[str, ...],
    args: Sequence[Scalar],
    levels: tuple[int, ...],
    **known: Any,
) -> Expression:
    """A boolean construct that PostgreSQL defines by comparisons: what they may do, it may."""
    nullable = any(test.nullable for test in tests)
    fallible = any(test.fallible for test in tests)
    stable = any(test.stable for test in tests)
    fields = {"level": IN, "nullable": nullable, "fallible": fallible, "stable": stable} | known
    return Expression(name, template, tuple(args), BOOLEAN, levels=levels, **fields)


def _prefix(e: Expressions, node: Syntax) -> Scalar:
    name, operand = operator_name(node), e.operand(node.rexpr)
    found = operator(e.context, node, name, None, operand.type)
    fallible, stable = operand_facts(e.context, found, (operand,))
    signed = name in (("+",), ("-",))
    level = NEGATION if signed else facts.OTHER_OPERATOR
    return Expression(
        f"prefix {found.name}",
        (facts.spelt(name) if signed else f"{facts.spelt(name)} ", ""),
        (operand,),
        found.result,
        nullable=operand.nullable or facts.may_be_null(found),
        level=level,
        levels=(level + 1,),
        fallible=fallible,
        stable=stable,
        scales=operand.scales if found.name in "+-@" else None,
    )


def _like(e: Expressions, node: Syntax) -> Scalar:
    """LIKE, ILIKE and SIMILAR TO, with their keywords kept."""
    if node.kind == A_Expr_Kind.AEXPR_SIMILAR or is_escape(node.rexpr):
        return e.printed(node, BOOLEAN)
    found = _binary(e, node, operator_name(node))
    left, right = found.args
    word = facts.LIKE_WORDS[node.name[-1].sval]
    known = {"nullable": found.nullable, "fallible": found.fallible, "stable": found.stable}
    return binary(word, left, right, BOOLEAN, IN, **known)


def _in_list(e: Expressions, node: Syntax) -> Scalar:
    """`x IN (a, b)`: a chain of equalities, printed as it was written."""
    operand, *items = e.operands((node.lexpr, *node.rexpr))
    tests = [infix(e.context, node, EQUALS, operand, item) for item in items]
    word = " NOT IN (" if operator_name(node) == ("<>",) else " IN ("
    levels = (IN + 1, *[0] * len(items))
    return _standing_for(tests, "in", ("", *listed(word, len(items), ")")), (operand, *items), levels)


def _distinct_from(e: Expressions, node: Syntax) -> Scalar:
    test = _binary(e, node, EQUALS)
    template = ("", f" {facts.DISTINCT_WORDS[node.kind]} ", "")
    return _standing_for([test], "distinct", template, test.args, (IS + 1, IS + 1), level=IS, nullable=False)


def _nullif(e: Expressions, node: Syntax) -> Scalar:
    test = _binary(e, node, EQUALS)
    left = test.args[0]
    found = _standing_for([test], "nullif", listed("nullif(", 2, ")"), test.args, (0, 0))
    kind = TEXT if left.type == UNKNOWN else left.type
    return replace(found, type=kind, nullable=True, level=ATOM, scales=left.scales)


def _any_all(e: Expressions, node: Syntax) -> Scalar:
    """`x op ANY (array)`."""
    left, right = e.operands((node.lexpr, node.rexpr))
    element = UNKNOWN if right.type == UNKNOWN else e.catalog.element(right.type)
    if element is None:
        raise mismatch(e.context, node, "op ANY/ALL (array) requires array on right side")
    found = operator(e.context, node, operator_name(node), left.type, element)
    word = "ANY" if node.kind == A_Expr_Kind.AEXPR_OP_ANY else "ALL"
    return Expression(
        word,
        ("", f" {facts.spelt(operator_name(node))} {word} (", ")"),
        (left, right),
        BOOLEAN,
        level=facts.LEVELS.get(operator_name(node)[-1], OPERATOR),
        levels=(IN + 1, 0),
        fallible=not found.function.infallible,
        stable=found.function.volatility == "s",
    )


def _between(e: Expressions, node: Syntax) -> Scalar:
    """BETWEEN [SYMMETRIC], typed as the comparisons it stands for."""
    operand, low, high = e.operands((node.lexpr, *node.rexpr))
    tests = [infix(e.context, node, (op,), operand, bound) for op, bound in ((">=", low), ("<=", high))]
    template = ("", f" {facts.BETWEEN[node.kind]} ", " AND ", "")
    return _standing_for(tests, "between", template, (operand, low, high), (IN + 1, IN + 1, IN + 1))


def _row_comparison(e: Expressions, node: Syntax) -> Scalar:
    """`(a, b) op (c, d)`; equality is the conjunction of its parts."""
    width = len(node.lexpr.args or ())
    if len(node.rexpr.args or ()) != width:
        raise mismatch(e.context, node, "unequal number of entries in row expressions")
    args = e.operands((*(node.lexpr.args or ()), *(node.rexpr.args or ())))
    plain = node.kind == A_Expr_Kind.AEXPR_OP
    if plain and width > 1:
        return compared(e, node, operator_name(node), args[:width], args[width:])
    for left, right in zip(args[:width], args[width:], strict=True):
        infix(e.context, node, operator_name(node) if plain else EQUALS, left, right)
    return _rows(facts.spelt(operator_name(node)) if plain else facts.DISTINCT_WORDS[node.kind], args)


def compared(
    e: Expressions, node: Syntax, name: tuple[str, ...], left: Sequence[Scalar], right: Sequence[Scalar]
) -> Scalar:
    """`(a, b) op (c, d)`: equality of all, inequality of one, or the order of the first that differ.

    Of one column each it is `a op c`. Raises Poisoned.
    """
    tests = tuple(infix(e.context, node, name, a, b) for a, b in zip(left, right, strict=True))
    for test in tests:
        if e.catalog.base(test.type) != BOOLEAN:
            fault = f"row comparison operator must yield type boolean, not type {e.catalog.shown(test.type)}"
            raise mismatch(e.context, node, fault)
    if len(tests) == 1:
        return tests[0]
    match name[-1]:
        case "=":
            return Logic("AND", tests)
        case "<>":
            return Logic("OR", tests)
        case "<" | "<=" | ">" | ">=":
            nullable, fallible = any(test.nullable for test in tests), any(test.fallible for test in tests)
            return replace(_rows(facts.spelt(name), (*left, *right)), nullable=nullable, fallible=fallible)
        case _:
            fault = f"could not determine interpretation of row comparison operator {name[-1]}"
            raise mismatch(e.context, node, fault)


def _rows(word: str, args: tuple[Scalar, ...]) -> Expression:
    """Two rows in a comparison, half of `args` each."""
    width = len(args) // 2
    template = (*listed("(", width, "")[:-1], f") {word} (", *listed("", width, ")")[1:])
    return Expression("row", template, args, BOOLEAN, level=COMPARISON, levels=(0,) * len(args))
