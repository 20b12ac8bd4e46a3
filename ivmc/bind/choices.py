"""Boolean constructs, and those that choose among values: CASE, COALESCE, GREATEST, LEAST.

Source: PostgreSQL manual, 9.1 "Logical Operators", 9.18 "Conditional Expressions".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from pglast import ast
from pglast.enums import BoolExprType, BoolTestType, MinMaxOp, NullTestType

from ivmc.bind import facts, sets
from ivmc.bind.coercion import coerces_safely, common_type, infix
from ivmc.bind.context import UNKNOWN, Syntax, sound
from ivmc.catalog import Type
from ivmc.scalar import BOOLEAN, COMPARISON, IS, Expression, Logic, Scalar, listed, literal, union_scales

if TYPE_CHECKING:
    from ivmc.bind.expression import Expressions

CONNECTIVES: Final[dict[BoolExprType, Literal["AND", "OR", "NOT"]]] = {
    BoolExprType.AND_EXPR: "AND",
    BoolExprType.OR_EXPR: "OR",
    BoolExprType.NOT_EXPR: "NOT",
}
TRUTH_TESTS: Final = {
    BoolTestType.IS_TRUE: "IS TRUE",
    BoolTestType.IS_NOT_TRUE: "IS NOT TRUE",
    BoolTestType.IS_FALSE: "IS FALSE",
    BoolTestType.IS_NOT_FALSE: "IS NOT FALSE",
    BoolTestType.IS_UNKNOWN: "IS UNKNOWN",
    BoolTestType.IS_NOT_UNKNOWN: "IS NOT UNKNOWN",
}
CHOICES: Final = {MinMaxOp.IS_GREATEST: "greatest", MinMaxOp.IS_LEAST: "least"}
NULL: Final = literal("NULL", UNKNOWN, nullable=True)


def logic(e: Expressions, node: Syntax) -> Scalar:
    """AND, OR and NOT. Raises Poisoned."""
    word = CONNECTIVES[node.boolop]
    return Logic(word, e.conditions(node.args, word))


def null_test(e: Expressions, node: Syntax) -> Scalar:
    """IS [NOT] NULL. Raises Poisoned."""
    word = "IS NULL" if node.nulltesttype == NullTestType.IS_NULL else "IS NOT NULL"
    return tested(e.operand(node.arg), word)


def boolean_test(e: Expressions, node: Syntax) -> Scalar:
    """IS [NOT] TRUE, FALSE, UNKNOWN. Raises Poisoned."""
    word = TRUTH_TESTS[node.booltesttype]
    return tested(e.tested(node.arg, word), word)


def tested(operand: Scalar, word: str) -> Expression:
    """A test that is never NULL itself and never fails; of a comparison, `(a = b) IS NULL`."""
    return Expression(
        word.lower(),
        ("", f" {word}"),
        (operand,),
        BOOLEAN,
        nullable=False,
        level=IS,
        levels=(COMPARISON + 1,),
        fallible=False,
    )


def case(e: Expressions, node: Syntax) -> Scalar:
    """CASE in both forms; each branch is evaluated only where its condition holds. Raises Poisoned."""
    subject = [] if node.arg is None else [e.bind(node.arg)]
    asked = e.bind if subject else partial(e.condition, word="CASE/WHEN")
    pairs = [part for when in node.args for part in (asked(when.expr), e.bind(when.result))]
    default = [] if node.defresult is None else [e.bind(node.defresult)]
    args = sound([*subject, *pairs, *default])
    sets.forbid(e.context, node, args, "set-returning functions are not allowed in CASE")
    tests = [infix(e.context, node, ("=",), subject[0], value) for value in pairs[::2] if subject]
    found = _choice(e, node, "case", args, [*(default or [NULL]), *pairs[1::2]])
    ending = [" ELSE ", " END"] if default else [" END"]
    words = [*([" "] if subject else []), *[" WHEN ", " THEN "] * len(node.args), *ending]
    fallible = found.fallible or any(test.fallible for test in tests)
    return replace(found, template=("CASE" + words[0], *words[1:]), fallible=fallible)


def chosen(e: Expressions, node: Syntax) -> Scalar:
    """COALESCE, GREATEST and LEAST: NULL where all of their arguments are. Raises Poisoned."""
    name = "coalesce" if isinstance(node, ast.CoalesceExpr) else CHOICES[node.op]
    args = e.operands(node.args)
    if name == "coalesce":
        sets.forbid(e.context, node, args, "set-returning functions are not allowed in COALESCE")
    found = _choice(e, node, name, args, args)
    return replace(
        found, template=listed(f"{name}(", len(args), ")"), nullable=all(arg.nullable for arg in args)
    )


def _choice(
    e: Expressions, node: Syntax, name: str, args: tuple[Scalar, ...], results: Sequence[Scalar]
) -> Expression:
    """A construct over `args` that gives one of `results`; its template is to be filled in."""
    kind = common_type(e.context, node, results, name.upper())
    return Expression(
        name,
        (),
        args,
        kind,
        nullable=any(result.nullable for result in results),
        levels=(0,) * len(args),
        fallible=not all(coerces_safely(e.context, result, kind) for result in results),
        scales=_scales(results, kind),
    )


def _scales(results: Sequence[Scalar], kind: Type) -> frozenset[int] | None:
    present = (result.scales for result in results if not facts.is_null(result))
    return union_scales(present) if kind.name in facts.EXACT_NUMBERS else None
