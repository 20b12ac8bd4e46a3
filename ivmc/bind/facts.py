"""What ivmc knows about PostgreSQL's own operators and functions, beyond their types.

Each fact only widens what is maintained well; where nothing is known the careful answer is taken:
may be NULL, has an unbounded scale. Source: PostgreSQL manual, chapter 9.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from pglast.enums import A_Expr_Kind, CoercionForm, SortByDir, SortByNulls, SQLValueFunctionOp

from ivmc.bind.context import Syntax
from ivmc.catalog import Function, Operator, Type
from ivmc.names import identifier
from ivmc.scalar import ADDITIVE, COMPARISON, MULTIPLICATIVE, OPERATOR, POWER, Expression, Scalar


def builtin(name: str) -> Type:
    """The type of that name in pg_catalog."""
    return Type("pg_catalog", name)


COMPARISONS: Final = frozenset({"=", "<>", "<", "<=", ">", ">="})
LEVELS: Final = dict.fromkeys(COMPARISONS, COMPARISON) | {
    "+": ADDITIVE, "-": ADDITIVE, "*": MULTIPLICATIVE, "/": MULTIPLICATIVE, "%": MULTIPLICATIVE, "^": POWER,
}  # fmt: skip
OTHER_OPERATOR: Final = OPERATOR
EXACT_NUMBERS: Final = frozenset({"int2", "int4", "int8", "numeric"})

BETWEEN: Final = {
    A_Expr_Kind.AEXPR_BETWEEN: "BETWEEN",
    A_Expr_Kind.AEXPR_NOT_BETWEEN: "NOT BETWEEN",
    A_Expr_Kind.AEXPR_BETWEEN_SYM: "BETWEEN SYMMETRIC",
    A_Expr_Kind.AEXPR_NOT_BETWEEN_SYM: "NOT BETWEEN SYMMETRIC",
}
LIKE_WORDS: Final = {"~~": "LIKE", "!~~": "NOT LIKE", "~~*": "ILIKE", "!~~*": "NOT ILIKE"}
DISTINCT_WORDS: Final = {
    A_Expr_Kind.AEXPR_DISTINCT: "IS DISTINCT FROM",
    A_Expr_Kind.AEXPR_NOT_DISTINCT: "IS NOT DISTINCT FROM",
}

_Op = SQLValueFunctionOp
SESSION_VALUES: Final = {
    _Op.SVFOP_CURRENT_DATE: (builtin("date"), True),
    _Op.SVFOP_CURRENT_TIME: (builtin("timetz"), True),
    _Op.SVFOP_CURRENT_TIME_N: (builtin("timetz"), True),
    _Op.SVFOP_CURRENT_TIMESTAMP: (builtin("timestamptz"), True),
    _Op.SVFOP_CURRENT_TIMESTAMP_N: (builtin("timestamptz"), True),
    _Op.SVFOP_LOCALTIME: (builtin("time"), True),
    _Op.SVFOP_LOCALTIME_N: (builtin("time"), True),
    _Op.SVFOP_LOCALTIMESTAMP: (builtin("timestamp"), True),
    _Op.SVFOP_LOCALTIMESTAMP_N: (builtin("timestamp"), True),
    _Op.SVFOP_CURRENT_ROLE: (builtin("name"), False),
    _Op.SVFOP_CURRENT_USER: (builtin("name"), False),
    _Op.SVFOP_USER: (builtin("name"), False),
    _Op.SVFOP_SESSION_USER: (builtin("name"), False),
    _Op.SVFOP_CURRENT_CATALOG: (builtin("name"), False),
    _Op.SVFOP_CURRENT_SCHEMA: (builtin("name"), False),
}

CLOCKS: Final = frozenset({"now", "transaction_timestamp", "statement_timestamp"})
CLOCK_WORDS: Final = re.compile(r"\b(now|today|tomorrow|yesterday)\b", re.IGNORECASE)
CLOCK_TYPES: Final = frozenset({"date", "time", "timetz", "timestamp", "timestamptz"})
SETTING_TYPES: Final = CLOCK_TYPES | frozenset(
    {"interval", "money", "regclass", "regproc", "regtype", "regconfig", "regnamespace"}
)

# Strict, and never NULL for arguments that are not.
NEVER_NULL: Final = frozenset(
    """abs btrim ceil ceiling char_length character_length chr concat concat_ws date date_trunc exp floor
    initcap left length lower lpad ltrim make_date make_interval make_timestamp md5 mod octet_length power
    repeat replace reverse right round rpad rtrim sign split_part sqrt strpos substr substring
    to_date to_timestamp translate trunc upper""".split()
)
# Set-returning, and giving no NULL among their rows.
NEVER_NULL_ROWS: Final = frozenset(
    """generate_series generate_subscripts json_array_elements jsonb_array_elements json_object_keys
    jsonb_object_keys regexp_split_to_table""".split()
)
FROM_FUNCTION: Final = "functions in FROM"  # the clause, as messages name it
FINITE_FIELDS: Final = frozenset("year epoch century decade millennium julian isoyear".split())
NULL_OPERATORS: Final = frozenset({"->", "->>", "#>", "#>>", "@@", "@?", "##", "#"})


def spelt(name: tuple[str, ...]) -> str:
    """An operator as SQL writes it.

    >>> spelt(("<",)), spelt(("pg_catalog", "<"))
    ('<', 'OPERATOR(pg_catalog.<)')
    """
    schema = "".join(f"{identifier(part)}." for part in name[:-1])
    return f"OPERATOR({schema}{name[-1]})" if schema else name[-1]


def whole_number(digits: str) -> int | None:
    """The value of an integer constant, in any radix, None of another numeric constant.

    >>> whole_number("10_000_000_000"), whole_number("-0xFFFFFFFFFF"), whole_number("1e3")
    (10000000000, -1099511627775, None)
    """
    if not re.fullmatch(r"-?(0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|[0-9_]+)", digits):
        return None
    radix = digits.lstrip("-")[1:2].isalpha()
    return int(digits.replace("_", ""), 0 if radix else 10)


def is_null(scalar: Scalar) -> bool:
    """Is it the word NULL?"""
    return isinstance(scalar, Expression) and scalar.template == ("NULL",)


def literal_scale(text: str) -> frozenset[int] | None:
    """The display scale of a numeric literal without exponent.

    >>> literal_scale("0.05")
    frozenset({2})
    """
    if not re.fullmatch(r"-?[0-9]*\.?[0-9]*", text):
        return None
    return frozenset({len(text.partition(".")[2])})


def reads_the_clock(argument: Scalar, target: Type) -> bool:
    """`'today'::date` is not a constant."""
    if target.name not in CLOCK_TYPES or not isinstance(argument, Expression):
        return False
    return bool(CLOCK_WORDS.search(argument.template[0]))


def reads_settings(target: Type) -> bool:
    """Does reading a literal of this type depend on session settings?"""
    return target.name in SETTING_TYPES


def is_clock(function: Function) -> bool:
    """Does its value move with time alone? `age(timestamptz)` counts from the current date."""
    if function.schema != "pg_catalog":
        return False
    return function.name in CLOCKS or (function.name == "age" and len(function.args) == 1)


def may_be_null(operator: Operator) -> bool:
    """Can it give NULL for operands that are not NULL?"""
    plain = operator.schema == "pg_catalog" and operator.function.strict
    return not plain or operator.name in NULL_OPERATORS


def is_equality(operator: Operator) -> bool:
    """Is this the `=` by which PostgreSQL joins and groups?"""
    if operator.name != "=" or operator.left is None or operator.result != builtin("bool"):
        return False
    return operator.schema == operator.left.operators


def is_constant_pattern(operator: Operator, right: Scalar) -> bool:
    """LIKE fails only on a pattern that ends in its escape character."""
    if operator.name not in ("~~", "!~~", "~~*", "!~~*") or operator.schema != "pg_catalog":
        return False
    return isinstance(right, Expression) and right.name == "literal" and "\\" not in right.template[0]


def arithmetic_scales(operator: Operator, left: Scalar, right: Scalar) -> frozenset[int] | None:
    """The scales of a sum, difference or product of exact numbers (numeric.c)."""
    if operator.result.name not in EXACT_NUMBERS:
        return None
    if operator.result.name != "numeric":
        return frozenset({0})
    if left.scales is None or right.scales is None:
        return None
    combine: dict[str, Callable[[int, int], int]] = {"+": max, "-": max, "*": int.__add__, "%": max}
    if operator.name not in combine:
        return None
    return frozenset(combine[operator.name](a, b) for a in left.scales for b in right.scales)


def cast_scales(argument: Scalar, target: Type) -> frozenset[int] | None:
    """The scales after a cast."""
    if target.name in ("int2", "int4", "int8"):
        return frozenset({0})
    if target.name != "numeric":
        return None
    fixed = numeric_scale(target)
    return fixed if fixed is not None else argument.scales


def numeric_scale(kind: Type) -> frozenset[int] | None:
    """The one scale of numeric(p, s) and of the integers.

    >>> numeric_scale(Type("pg_catalog", "numeric", ((15 << 16) | 2) + 4))
    frozenset({2})
    """
    if kind.name in ("int2", "int4", "int8"):
        return frozenset({0})
    if kind.name != "numeric" or kind.typmod < 0:
        return None
    scale = (kind.typmod - 4) & 0x7FF
    return frozenset({max(0, (scale ^ 1024) - 1024)})


def call_scales(function: Function, args: Sequence[Scalar]) -> frozenset[int] | None:
    """The scales of a call's result."""
    if function.schema != "pg_catalog" or function.result.name not in EXACT_NUMBERS:
        return None
    if function.result.name != "numeric":
        return frozenset({0})
    match function.name, args:
        case "abs", [argument]:
            return argument.scales
        case (("round" | "trunc" | "ceil" | "ceiling" | "floor"), [_]):
            return frozenset({0})
        case (("round" | "trunc"), [_, Expression(name="literal", template=(digits,))]) if digits.isdigit():
            return frozenset({int(digits)})
        case _:
            return None


def call_nullable(function: Function, args: Sequence[Scalar]) -> bool:
    """Can the call give NULL?"""
    if function.schema != "pg_catalog":
        return True
    if function.name == "concat":
        return False
    if function.name in ("extract", "date_part"):
        field = args[0].template[0].strip("'").lower() if isinstance(args[0], Expression) else ""
        return field not in FINITE_FIELDS or args[1].nullable
    return function.name not in NEVER_NULL or any(arg.nullable for arg in args)


def has_special_syntax(node: Syntax) -> bool:
    """EXTRACT(… FROM …), SUBSTRING(… FROM …), AT TIME ZONE and others with keywords inside."""
    return bool(node.funcformat == CoercionForm.COERCE_SQL_SYNTAX)


def clause_for_aggregates(call: Syntax) -> str:
    """The clause of a call that only an aggregate may have, in PostgreSQL's words."""
    clauses = {
        "*": call.agg_star,
        "DISTINCT": call.agg_distinct,
        "WITHIN GROUP": call.agg_within_group,
        "ORDER BY": call.agg_order,
        "FILTER": call.agg_filter,
    }
    return next((name for name, present in clauses.items() if present), "")


def direction(item: Syntax) -> str:
    """The words after an ORDER BY item."""
    words = {SortByDir.SORTBY_ASC: " ASC", SortByDir.SORTBY_DESC: " DESC"}.get(item.sortby_dir, "")
    if item.sortby_dir == SortByDir.SORTBY_USING:
        words = f" USING {spelt(tuple(part.sval for part in item.useOp))}"
    nulls = {SortByNulls.SORTBY_NULLS_FIRST: " NULLS FIRST", SortByNulls.SORTBY_NULLS_LAST: " NULLS LAST"}
    return words + nulls.get(item.sortby_nulls, "")
