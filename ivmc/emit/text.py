"""Scalars as SQL text, and the layout of statements."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from ivmc.names import identifier
from ivmc.scalar import AND, ATOM, NOT, OR, Col, Logic, Scalar

Name = Callable[[Col], str]

LEVELS = {"AND": AND, "OR": OR, "NOT": NOT}


def text(scalar: Scalar, name: Name, level: int = 0) -> str:
    """The scalar as SQL; in parentheses where it binds weaker than `level`."""
    match scalar:
        case Col():
            return name(scalar)
        case Logic("NOT", (argument,)):
            return _wrapped(f"NOT {text(argument, name, NOT + 1)}", NOT, level)
        case Logic(op, args):
            own = LEVELS[op]
            return _wrapped(f" {op} ".join(text(arg, name, own + 1) for arg in args), own, level)
        case _:
            return _wrapped(_filled(scalar.template, scalar.args, scalar.levels, name), scalar.level, level)


def _filled(template: tuple[str, ...], args: tuple[Scalar, ...], levels: tuple[int, ...], name: Name) -> str:
    parts = [template[0]]
    for i, (arg, after) in enumerate(zip(args, template[1:], strict=True)):
        parts += [text(arg, name, levels[i] if i < len(levels) else ATOM), after]
    return "".join(parts)


def _wrapped(sql: str, own: int, level: int) -> str:
    return f"({sql})" if own < level else sql


def indent(sql: str, by: int = 2) -> str:
    r"""Every line moved right.

    >>> indent("a\nb")
    '  a\n  b'
    """
    pad = " " * by
    return "\n".join(pad + line if line else line for line in sql.split("\n"))


def listing(items: Iterable[str], first: str, width: int = 100) -> str:
    """`first a, b, c`, on one line if it fits, else one item a line under the first."""
    found = list(items)
    line = f"{first} {', '.join(found)}".rstrip()
    if len(line) <= width and "\n" not in line:
        return line
    pad = "\n" + " " * (len(first) + 1)
    return f"{first} " + f",{pad}".join(item.replace("\n", pad) for item in found)


def conditions(predicates: Iterable[str], first: str = "WHERE") -> str:
    """`WHERE a AND b`, one conjunct a line."""
    pad = "\n" + " " * (len(first) - 3) + "AND "
    return f"{first} " + pad.join(dict.fromkeys(predicates))


def derived(sql: str, alias: str) -> str:
    """A subquery in FROM."""
    return f"(\n{indent(sql)}\n) {alias}" if "\n" in sql else f"({sql}) {alias}"


def declared(column: Col) -> str:
    """A column's type as a table declares it."""
    return f"{column.type.sql} COLLATE {column.collation}" if column.collation else column.type.sql


def listed_as(sql: str, name: str) -> str:
    """An item of a SELECT list, with its name where PostgreSQL would give it another one."""
    printed = identifier(name)
    bare = re.fullmatch(r'(?:[\w$]+|"[^"]+")\.([\w$]+|"[^"]+")', sql)
    return sql if bare and bare[1] == printed else f"{sql} AS {printed}"
