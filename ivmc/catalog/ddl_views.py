"""CREATE VIEW, CREATE MATERIALIZED VIEW and CREATE TABLE AS: relations that are made of a query.

Their columns are left to the binder; `definition` is the query as it was written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from pglast import ast, enums
from pglast.parser import scan
from pglast.stream import RawStream

from ivmc.catalog.ddl_script import Draft, Script
from ivmc.catalog.typmod import quote

# What may follow the query, by the names of its tokens.
TAILS = (
    ("WITH", "CASCADED", "CHECK", "OPTION"),
    ("WITH", "LOCAL", "CHECK", "OPTION"),
    ("WITH", "CHECK", "OPTION"),
    ("WITH", "NO", "DATA_P"),
    ("WITH", "DATA_P"),
)
BRACKETS = {"ASCII_40": 1, "ASCII_41": -1}


def create_view(script: Script, node: Any) -> None:
    """CREATE VIEW."""
    text = definition(script, node.query, node.aliases)
    script.add(Draft(*script.place(node.view), kind="v", definition=text))


def create_table_as(script: Script, node: Any) -> None:
    """CREATE MATERIALIZED VIEW and CREATE TABLE AS."""
    if not isinstance(node.query, ast.SelectStmt):
        return
    matview = node.objtype == enums.ObjectType.OBJECT_MATVIEW
    kind: Literal["m", "r"] = "m" if matview else "r"
    text = definition(script, node.query, node.into.colNames)
    script.add(Draft(*script.place(node.into.rel), kind=kind, definition=text))


def definition(script: Script, query: Any, aliases: Iterable[Any] | None) -> str:
    """The query, inside one that renames its columns where the relation names them."""
    text = written(script.text) or RawStream()(query)
    if not aliases:
        return text
    names = ", ".join(quote(a.sval) for a in aliases)
    return f"SELECT * FROM ({text}) AS renamed({names})"  # noqa: S608 - the user's own SELECT


def written(statement: str) -> str | None:
    r"""The text of the query in a CREATE … AS statement.

    None where there is none to be cut out: in CREATE RECURSIVE VIEW, which stands for another
    query, and in a statement inside CREATE SCHEMA.

    >>> written("CREATE VIEW v (a) AS SELECT 1 AS b -- one\n WITH CHECK OPTION")
    'SELECT 1 AS b'
    """
    tokens = [t for t in scan(statement) if not t.name.endswith("_COMMENT")]
    names = [t.name.removesuffix("_LA") for t in tokens]
    start = outermost_as(names)
    if start is None or "RECURSIVE" in names[:start] or "SCHEMA" in names[:2]:
        return None
    tail = next((len(t) for t in TAILS if tuple(names[-len(t) :]) == t), 0)
    kept = tokens[start + 1 : len(tokens) - tail]
    return statement[kept[0].start : kept[-1].end + 1]


def outermost_as(names: Sequence[str]) -> int | None:
    """The place of the first AS outside parentheses."""
    depth = 0
    for place, name in enumerate(names):
        depth += BRACKETS.get(name, 0)
        if name == "AS" and depth == 0:
            return place
    return None
