"""Plans for queries that are recomputed at every refresh."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pglast import ast

from ivmc.catalog import Catalog, Relation
from ivmc.emit.capture import buffer_name
from ivmc.emit.function import advance, refresh_function
from ivmc.names import SCHEMA, body, fitted, identifier, qualified, view_id
from ivmc.parse import Parsed, parse
from ivmc.plan import Mode, Plan, Source, Visible


def full_plan(
    schema: str,
    name: str,
    parsed: Parsed,
    columns: tuple[str, ...] | None,
    catalog: Catalog,
    mode: Mode,
    reason: str,
) -> Plan:
    """Storage that holds the query's result, and a refresh that computes it anew.

    The query stands in the program as its author wrote it; PostgreSQL gives the storage its types.
    """
    id = view_id(schema, name)
    table = qualified(SCHEMA, id)
    shown = tuple((column, identifier(column)) for column in columns or ())
    items = ", ".join(sql for _, sql in shown) or "*"
    return Plan(
        schema=schema,
        name=name,
        query=parsed.query,
        mode=mode,
        strategy="full",
        reason=reason,
        settings=tuple(catalog.settings.items()),
        sources=tuple(_source(relation) for relation in dict.fromkeys(tables(parsed.select, catalog))),
        storage=(f"CREATE TABLE {table} AS\n{parsed.query}\nWITH NO DATA",),
        fill=(f"INSERT INTO {table}\n{parsed.query}",),
        program=_program(id, table, parsed.query),
        view=f"CREATE VIEW {qualified(schema, name)} AS\nSELECT {items}\nFROM {table}",
        root=id,
        visible=Visible(shown),
    )


def replacement(table: str, query: str, id: str) -> list[str]:
    """PL/pgSQL that replaces a table's rows by a query's, computed in parallel where that pays.

    EXECUTE keeps the names in the query apart from the function's variables.
    """
    name = identifier(fitted(id, "__anew"))
    anew = f"pg_temp.{name}"
    created = body(f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS\n{query}", "query")
    return [
        f"EXECUTE {created};",
        f"DELETE FROM {table};",
        f"EXECUTE {body(f'INSERT INTO {table} TABLE {anew}', 'query')};",
        "GET DIAGNOSTICS rows_changed = ROW_COUNT;",
        f"EXECUTE {body(f'DROP TABLE {anew}', 'query')};",
    ]


def _program(id: str, table: str, query: str) -> str:
    steps = "\n".join(f"  {line}" for line in (*advance(), *replacement(table, query, id)))
    code = f"""
BEGIN
  strategy := 'full';
  rows_in := 0;
{steps}
END """
    return refresh_function(id, code)


def _source(relation: Relation) -> Source:
    buffer = buffer_name(relation.schema, relation.name)
    kind = source_kind(relation)
    return Source(relation.schema, relation.name, kind, relation.columns, relation.primary_key, buffer)


def source_kind(relation: Relation) -> Literal["r", "p", "view"]:
    """How a relation is captured; a view that is a source is a maintained one."""
    kinds: dict[str, Literal["p", "view"]] = {"p": "p", "v": "view"}
    return kinds.get(relation.kind, "r")


def tables(node: Any, catalog: Catalog, hidden: frozenset[str] = frozenset()) -> Iterator[Relation]:
    """Every table that a query reads, through views; names of WITH queries are not tables."""
    if isinstance(node, ast.RangeVar):
        yield from _named(node, catalog, hidden)
        return
    if isinstance(node, ast.SelectStmt) and node.withClause is not None:
        hidden |= {cte.ctename for cte in node.withClause.ctes or ()}
    parts = node if isinstance(node, tuple) else ()
    if isinstance(node, ast.Node):
        parts = tuple(getattr(node, field) for field in node)
    for part in parts:
        yield from tables(part, catalog, hidden)


def _named(node: Any, catalog: Catalog, hidden: frozenset[str]) -> Iterator[Relation]:
    if node.schemaname is None and node.relname in hidden:
        return
    names = (node.schemaname, node.relname) if node.schemaname else (node.relname,)
    relation = catalog.relation(names)
    if relation is None or relation.schema in ("pg_catalog", "information_schema"):
        return
    if relation.kind == "v" and relation.definition:
        yield from tables(parse(relation.definition).select, catalog)
    elif relation.kind in ("r", "p", "v"):
        yield relation
