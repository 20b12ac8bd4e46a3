"""A reference interpreter of expressions over one row, in plain Python.

NULL is None, numeric is Decimal, arrays are tuples. Quotients of numeric have no zeros at the end,
whatever PostgreSQL would show of them. Expressions are interpreted where their meaning is plain:
comparison, arithmetic, three-valued logic, CASE and its kin. Others raise NotImplementedError.

Source: PostgreSQL manual, chapter 9 "Functions and Operators".
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from ivmc.catalog import Type
from ivmc.scalar import Col, Expression, Logic, Scalar

Row = Mapping[Col, Any]


class SeveralRows(Exception):  # noqa: N818 - PostgreSQL's error 21000, cardinality_violation
    """A query that stands for a value has more than one row."""


def holds(predicates: Iterable[Scalar], row: Row) -> bool:
    """Is every predicate true? The first that is not ends the test."""
    return all(value(predicate, row) is True for predicate in predicates)


def value(scalar: Scalar, row: Row) -> Any:
    """The value of an expression over one row. Raises what PostgreSQL would: ZeroDivisionError."""
    match scalar:
        case Col():
            return row[scalar]
        case Logic("NOT", (operand,)):
            truth = value(operand, row)
            return None if truth is None else not truth
        case Logic(op, args):
            return _junction(args, row, decisive=op == "OR")
        case Expression("literal", (text,)):
            return _constant(text, scalar.type)
        case Expression("case", template, args):
            return _case(args, row, simple=template[0] == "CASE ")
        case Expression("single", _, (rows, only, _)):
            if value(rows, row) > 1:
                raise SeveralRows
            return value(only, row) if value(rows, row) else None
        case Expression("row", template, args):
            return _rows_compared(template, [value(arg, row) for arg in args])
        case Expression("coalesce", _, args):
            return next((v for arg in args if (v := value(arg, row)) is not None), None)
        case Expression("distinct", template, (left, right)):
            return (value(left, row) == value(right, row)) == ("NOT" in template[1])
        case Expression("in", template, (operand, *items)):
            found = _junction(
                [Expression("=", (), (operand, i), scalar.type) for i in items], row, decisive=True
            )
            return found if found is None or "NOT" not in template[1] else not found
        case Expression():
            return _applied(scalar, [value(arg, row) for arg in scalar.args])


def _applied(scalar: Expression, values: list[Any]) -> Any:
    """Whatever takes the values of all its arguments."""
    match scalar.name, values:
        case "nullif", [left, right]:
            return None if left == right else left
        case ("greatest" | "least") as name, _:
            present = [v for v in values if v is not None]
            return (max if name == "greatest" else min)(present) if present else None
        case name, [operand] if name in TESTS:
            return TESTS[name](operand)
        case "image", [operand]:
            return operand.as_tuple() if isinstance(operand, Decimal) else (operand,)
        case "array", _:
            return tuple(values)
        case "subscript", [operand]:
            return operand[0] if operand else None
        case "cast", [operand]:
            return _converted(operand, scalar.type)
        case name, _ if name in STRICT:
            return None if None in values else STRICT[name](*values)
        case name, _:
            raise NotImplementedError(f"the interpreter does not know {name}")


def _junction(args: Iterable[Scalar], row: Row, *, decisive: bool) -> bool | None:
    """AND (decided by one false argument) and OR (by one true), left to right."""
    unknown = False
    for arg in args:
        truth = value(arg, row)
        if truth is decisive:
            return bool(decisive)
        unknown = unknown or truth is None
    return None if unknown else not decisive


def _rows_compared(template: Sequence[str], values: Sequence[Any]) -> bool | None:
    """The first parts that are not equal decide."""
    width = len(values) // 2
    op = template[width].strip(" ()")
    for left, right in zip(values[:width], values[width:], strict=True):
        if left is None or right is None:
            return None
        if left != right:
            return bool(STRICT[op](left, right))
    return "=" in op


def _case(args: Sequence[Scalar], row: Row, *, simple: bool) -> Any:
    """Only the branch that is taken is evaluated."""
    subject, rest = (value(args[0], row), args[1:]) if simple else (True, args)
    for condition, result in zip(rest[::2], rest[1::2], strict=False):
        found = value(condition, row)
        if found is not None and subject is not None and found == subject:
            return value(result, row)
    return value(rest[-1], row) if len(rest) % 2 else None


def _constant(text: str, kind: Type) -> Any:
    """A literal, with or without its type behind it."""
    if text.upper().startswith("NULL"):
        return None
    if text.startswith("'"):
        return _converted(text[1 : text.rindex("'")].replace("''", "'"), kind)
    bare = text.partition("::")[0]
    return _converted({"true": True, "false": False}.get(bare, bare), kind)


def _converted(operand: Any, kind: Type) -> Any:
    match kind.name:
        case _ if operand is None:
            return None
        case "numeric":
            return Decimal(operand)
        case "int2" | "int4" | "int8":
            return int(Decimal(operand).to_integral_value(ROUND_HALF_UP))
        case "text" | "varchar":
            return str(operand)
        case _:
            return operand


def _divided(left: Any, right: Any) -> Any:
    """Integers truncate towards zero."""
    if right == 0:
        raise ZeroDivisionError("division by zero")
    if isinstance(left, Decimal) or isinstance(right, Decimal):
        return quotient(left, right)
    whole = abs(left) // abs(right)
    return whole if (left < 0) == (right < 0) else -whole


def quotient(left: Decimal | int, right: Decimal | int) -> Decimal:
    """left / right, to as many digits as are needed or can be had."""
    return (Decimal(left) / Decimal(right)).normalize()


def root(number: Decimal) -> Decimal:
    """The square root, likewise."""
    return number.sqrt().normalize()


def _rounded(number: Decimal, scale: int = 0) -> Decimal:
    return Decimal(number).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)


def _scale(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int), "NaN and infinity have no scale"
    return max(0, -exponent)


TESTS: Final[dict[str, Callable[[Any], bool]]] = {
    **dict.fromkeys(("is null", "is unknown"), lambda v: v is None),
    **dict.fromkeys(("is not null", "is not unknown"), lambda v: v is not None),
    "is true": lambda v: v is True,
    "is not true": lambda v: v is not True,
    "is false": lambda v: v is False,
    "is not false": lambda v: v is not False,
}

STRICT: Final[dict[str, Callable[..., Any]]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divided,
    "%": lambda a, b: a - b * _divided(int(a), int(b)),
    "prefix -": operator.neg,
    "||": operator.add,
    "abs": abs,
    "generate_series": lambda first, last: range(first, last + 1),
    "unnest": list,
    "round": _rounded,
    "scale": _scale,
    "root": root,
}
