"""Which calls never raise an error on non-NULL values of their argument types.

The list is data (`ivmc/data/infallible.txt`): each group of functions under the reason why. It is
a whitelist: what is not on it may fail. Running out of memory, or past the 1 GB limit of one value,
is not an error in this sense: the query itself would meet it. `LITERAL` adds functions that
cannot fail once an argument is a literal of the right kind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files

from ivmc.catalog.model import Function
from ivmc.catalog.symbols import Procedure

# Types whose output function cannot fail, so that a cast to text cannot.
INFALLIBLE_OUTPUT = {
    "bool", "int2", "int4", "int8", "oid", "float4", "float8", "numeric", "text", "varchar",
    "bpchar", "name", "char", "date", "time", "timetz", "timestamp", "timestamptz", "interval",
    "uuid", "bytea", "json", "jsonb", "inet", "cidr", "macaddr", "macaddr8", "bit", "varbit",
}  # fmt: skip

COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")

DATE_FIELDS = {
    "day", "month", "quarter", "week", "year", "decade", "century", "millennium", "julian",
    "isoyear", "dow", "isodow", "doy", "epoch",
}  # fmt: skip
TIME_FIELDS = {
    "hour",
    "minute",
    "second",
    "millisecond",
    "milliseconds",
    "microsecond",
    "microseconds",
    "epoch",
}
FIELDS = {
    "date": DATE_FIELDS,
    "time": TIME_FIELDS,
    "timestamp": DATE_FIELDS | TIME_FIELDS,
    "timestamptz": DATE_FIELDS | TIME_FIELDS | {"timezone", "timezone_hour", "timezone_minute"},
}


def sound_pattern(pattern: str) -> bool:
    r"""Whether a LIKE pattern has no escape at its end.

    >>> sound_pattern("PROMO%"), sound_pattern("a\\"), sound_pattern("a\\\\")
    (True, False, True)
    """
    return (len(pattern) - len(pattern.rstrip("\\"))) % 2 == 0


def not_negative(length: str) -> bool:
    """Whether a literal is a length."""
    return length.isdecimal()


def divides(number: str) -> bool:
    """Whether a literal divides every integer: neither 0 nor -1, by which the smallest overflows."""
    return is_number(number) and float(number) not in (0, -1)


def divides_numeric(number: str) -> bool:
    """Whether a literal divides every numeric."""
    return is_number(number) and float(number) != 0


def is_number(text: str) -> bool:
    """Whether a literal is a plain number.

    >>> is_number("1e3"), is_number("x")
    (True, False)
    """
    try:
        return abs(float(text)) < 1e100
    except ValueError:
        return False


# name → (place of the literal, what it must be); for each also the argument types it is meant for
LITERAL: dict[str, tuple[int, Callable[[str], bool], tuple[str, ...]]] = {
    "textlike": (1, sound_pattern, ("text",)),
    "textnlike": (1, sound_pattern, ("text",)),
    "bpcharlike": (1, sound_pattern, ("bpchar",)),
    "bpcharnlike": (1, sound_pattern, ("bpchar",)),
    "substring": (2, not_negative, ("text",)),
    "substr": (2, not_negative, ("text",)),
    "int2div": (1, divides, ("int2",)),
    "int4div": (1, divides, ("int4",)),
    "int8div": (1, divides, ("int8",)),
    "int84div": (1, divides, ("int8",)),
    "int48div": (1, divides, ("int4",)),
    "int2mod": (1, divides, ("int2",)),
    "int4mod": (1, divides, ("int4",)),
    "int8mod": (1, divides, ("int8",)),
    "mod": (1, divides, ("int2", "int4", "int8", "numeric")),
    "numeric_div": (1, divides_numeric, ("numeric",)),
    "numeric_mod": (1, divides_numeric, ("numeric",)),
}


@cache
def listed() -> frozenset[str]:
    """The signatures of the list, `name(type,type)`."""
    text = (files("ivmc") / "data" / "infallible.txt").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if not line.startswith("#")]
    return frozenset(s for row in rows for pattern in row.split() for s in spelt_out(pattern))


def spelt_out(pattern: str) -> list[str]:
    """A signature, or the six that `@` stands for."""
    return [pattern.replace("@", name) for name in COMPARISONS] if "@" in pattern else [pattern]


def is_infallible(procedure: Procedure) -> bool:
    """Whether no call on non-NULL values of the declared types can raise an error."""
    if procedure.schema != "pg_catalog":
        return False
    return f"{procedure.name}({','.join(a.name for a in procedure.args)})" in listed()


def is_infallible_call(function: Function, literals: Sequence[str | None]) -> bool:
    """Whether a call cannot fail, given the text of each argument that is a literal."""
    if function.infallible or function.schema != "pg_catalog" or not function.args:
        return function.infallible
    first = literals[0] if literals else None
    if function.name in ("extract", "date_part"):
        known = FIELDS.get(function.args[-1].name, ())
        return first is not None and first.lower() in known
    place, sound, types = LITERAL.get(function.name, (0, not_negative, ()))
    literal = literals[place] if place < len(literals) else None
    return function.args[0].name in types and literal is not None and sound(literal)
