"""Queries that stand in expressions, drawn for the type that they are to have."""

import re
from typing import Protocol

from tests.property.expressions import COMPARABLE, EQUAL, NUMBERS, UNSTABLE, Expressions, Value

ISCOLUMN = re.compile(r'a[0-9]+\.(\w+|"[^"]+")')
COMPARISONS = ("=", "<>", "<", ">=")


class Text(Protocol):
    """What is read of a query: its text, and how precisely its columns are known."""

    @property
    def sql(self) -> str: ...
    @property
    def exact(self) -> int: ...


class Source(Protocol):
    """Draws a query with one column per kind, over what can be named and what is around."""

    def __call__(self, kinds: tuple[str, ...], around: tuple[Value, ...], how: str | None) -> Text: ...


def outer(choose: Expressions) -> tuple[Value, ...]:
    """What a query inside can read of the scope around it: columns, of every level, by qualified names."""
    return tuple(v for v in (*choose.scope, *choose.around) if ISCOLUMN.fullmatch(v.sql) and v.type != "json")


def drawn(choose: Expressions, kind: str, exact: int, source: Source) -> Value | None:
    """An expression of a type that contains a query; None where none is precise enough."""
    if kind == "bool" and not choose.once_in(6):
        return Value(_truth(choose, source), "bool")
    how = choose.pick(["one", "one", "one", "one", "rows", None])
    if kind == "int" and choose.once_in(8):
        query = source((choose.pick(("int", "text")),), outer(choose), None)
        return Value(f"cardinality(ARRAY({query.sql}))", "int")
    query = source((kind,), outer(choose), how)
    found = min(query.exact, EQUAL) if kind in UNSTABLE and how != "one" else query.exact
    return Value(f"({query.sql})", kind, found) if found >= exact else None


def _truth(choose: Expressions, source: Source) -> str:
    around = outer(choose)
    match choose.pick(["EXISTS", "EXISTS", "NOT EXISTS", "IN", "NOT IN", "ANY", "ALL", "row"]):
        case "EXISTS" | "NOT EXISTS" as word:
            return f"({word} ({source((choose.pick(('int', 'text')),), around, None).sql}))"
        case "IN" | "NOT IN" as word:
            tested = _tested(choose)
            return f"({tested.sql} {word} ({source((_related(choose, tested.type),), around, None).sql}))"
        case "row":
            some = [_tested(choose), _tested(choose)]
            word = choose.pick(["IN", "NOT IN", "= ANY", "<> ALL", "< ANY"])
            query = source(tuple(value.type for value in some), around, None)
            return f"(({some[0].sql}, {some[1].sql}) {word} ({query.sql}))"
        case word:
            tested = _tested(choose)
            kind = _related(choose, tested.type)
            return f"({tested.sql} {choose.pick(COMPARISONS)} {word} ({source((kind,), around, None).sql}))"


def _tested(choose: Expressions) -> Value:
    return choose.any(COMPARABLE, depth=1)


def _related(choose: Expressions, kind: str) -> str:
    return choose.pick(NUMBERS) if kind in NUMBERS and choose.once_in(4) else kind
