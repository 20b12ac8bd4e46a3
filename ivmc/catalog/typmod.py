"""Type modifiers and the SQL spelling of types.

Source: PostgreSQL's format_type.c and the typmodin/typmodout functions of each type.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pglast.keywords import COL_NAME_KEYWORDS, RESERVED_KEYWORDS, TYPE_FUNC_NAME_KEYWORDS

SPELLING = {
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "float4": "real",
    "float8": "double precision",
    "bool": "boolean",
    "varchar": "character varying",
    "varbit": "bit varying",
    "time": "time without time zone",
    "timetz": "time with time zone",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "char": '"char"',
    "bit": '"bit"',
}
TYPE_OF_SPELLING = {sql: name for name, sql in SPELLING.items()} | {
    "int": "int4",
    "decimal": "numeric",
    "character": "bpchar",
    "real": "float4",
}
VARLENA_HEADER = 4
INTERVAL_FULL_RANGE, INTERVAL_FULL_PRECISION = 0x7FFF, 0xFFFF
INTERVAL_RANGES = {
    1 << 2: " year",
    1 << 1: " month",
    1 << 3: " day",
    1 << 10: " hour",
    1 << 11: " minute",
    1 << 12: " second",
    1 << 2 | 1 << 1: " year to month",
    1 << 3 | 1 << 10: " day to hour",
    1 << 3 | 1 << 10 | 1 << 11: " day to minute",
    1 << 3 | 1 << 10 | 1 << 11 | 1 << 12: " day to second",
    1 << 10 | 1 << 11: " hour to minute",
    1 << 10 | 1 << 11 | 1 << 12: " hour to second",
    1 << 11 | 1 << 12: " minute to second",
}
NOT_BARE = RESERVED_KEYWORDS | COL_NAME_KEYWORDS | TYPE_FUNC_NAME_KEYWORDS
BARE = re.compile(r"[a-z_][a-z0-9_$]*\Z")


def quote(name: str) -> str:
    """An identifier, quoted where it must be (quote_ident).

    >>> quote("a"), quote("A"), quote('a"b'), quote("select")
    ('a', '"A"', '"a""b"', '"select"')
    """
    bare = BARE.match(name) and name not in NOT_BARE
    return name if bare else '"' + name.replace('"', '""') + '"'


def format_type(schema: str, name: str, typmod: int) -> str:
    """The spelling of a type, qualified unless it is in pg_catalog."""
    if schema != "pg_catalog":
        return f"{quote(schema)}.{quote(name)}"
    if name.startswith("_"):
        return format_type(schema, name[1:], typmod) + "[]"
    if typmod < 0:
        return SPELLING.get(name, quote(name) if name not in NOT_BARE else name)
    return formatted(name, typmod)


def formatted(name: str, typmod: int) -> str:
    """A pg_catalog type that carries a modifier."""
    match name:
        case "numeric":
            return f"numeric({precision(typmod)},{scale(typmod)})"
        case "bpchar" | "varchar":
            word = "character" if name == "bpchar" else "character varying"
            return f"{word}({typmod - VARLENA_HEADER})"
        case "bit" | "varbit":
            return f"{'bit' if name == 'bit' else 'bit varying'}({typmod})"
        case "time" | "timetz" | "timestamp" | "timestamptz":
            word, _, zone = SPELLING[name].partition(" ")
            return f"{word}({typmod}) {zone}"
        case "interval":
            return "interval" + interval_modifier(typmod)
        case _:
            return SPELLING.get(name, name)


def precision(typmod: int) -> int:
    """Digits of a numeric with that modifier."""
    return ((typmod - VARLENA_HEADER) >> 16) & 0xFFFF


def scale(typmod: int) -> int:
    """Digits after the point of a numeric with that modifier: -1000 to 1000."""
    return (((typmod - VARLENA_HEADER) & 0x7FF) ^ 1024) - 1024


def interval_modifier(typmod: int) -> str:
    """Fields and precision of an interval.

    >>> interval_modifier((4 << 16) | 0xFFFF), interval_modifier((7176 << 16) | 2)
    (' year', ' day to second(2)')
    """
    fields = (typmod >> 16) & 0x7FFF
    digits = typmod & 0xFFFF
    text = "" if fields == INTERVAL_FULL_RANGE else INTERVAL_RANGES.get(fields, "")
    return text if digits == INTERVAL_FULL_PRECISION else f"{text}({digits})"


def encode(name: str, modifiers: Sequence[int]) -> int:
    """`pg_attribute.atttypmod` of a pg_catalog type written with those modifiers; -1 for none.

    >>> encode("numeric", (15, 2)), encode("varchar", (10,)), encode("timestamp", (3,))
    (983046, 14, 3)
    """
    if not modifiers:
        return -1
    first = modifiers[0]
    match name:
        case "numeric":
            places = modifiers[1] if len(modifiers) > 1 else 0
            return ((first << 16) | (places & 0x7FF)) + VARLENA_HEADER
        case "bpchar" | "varchar":
            return first + VARLENA_HEADER
        case "bit" | "varbit":
            return first
        case "time" | "timetz" | "timestamp" | "timestamptz":
            return min(first, 6)
        case "interval":
            return encode_interval(modifiers)
        case _:
            return -1


def encode_interval(modifiers: Sequence[int]) -> int:
    """Fields mask and precision of an interval, as the grammar hands them over."""
    fields = modifiers[0]
    if len(modifiers) > 1:
        return (fields << 16) | min(modifiers[1], 6)
    return -1 if fields == INTERVAL_FULL_RANGE else (fields << 16) | INTERVAL_FULL_PRECISION
