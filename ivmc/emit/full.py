"""Plans for queries that are recomputed at every refresh."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pglast import ast

from ivmc.catalog import Catalog, Relation
from ivmc.emit.capture import buffer_name
from ivmc.names import SCHEMA, body, fitted, identifier, qualified, view_id
from ivmc.parse import Parsed, parse
from ivmc.plan import Mode, Plan, Source, Visible


def full_plan(
    schema: str, name: str, parsed: Parsed, columns: tuple[str, ...] | None, catalog: Catalog, mode: Mode, reason: str
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
        f"EXECUTE 'INSERT INTO {table} TABLE {anew}';",
        "GET DIAGNOSTICS rows_changed = ROW_COUNT;",
        f"EXECUTE 'DROP TABLE {anew}';",
    ]


def _program(id: str, table: str, query: str) -> str:
    steps = "\n".join(f"  {line}" for line in replacement(table, query, id))
    code = f"""
BEGIN
  strategy := 'full';
  rows_in := 0;
{steps}
END """
    name = qualified(SCHEMA, fitted(id, "__refresh"))
    return (
        f"CREATE FUNCTION {name}(\n"
        "  frontier ivmc.frontier, recompute boolean,\n"
        "  OUT rows_in bigint, OUT rows_changed bigint, OUT strategy text, OUT reason text\n"
        f") LANGUAGE plpgsql AS {body(code)}"
    )


def _source(relation: Relation) -> Source:
    kind = "p" if relation.kind == "p" else "r"
    buffer = buffer_name(relation.schema, relation.name)
    return Source(relation.schema, relation.name, kind, relation.columns, relation.primary_key, buffer)


def tables(node: Any, catalog: Catalog, hidden: frozenset[str] = frozenset()) -> Iterator[Relation]:
    """Every table that a query reads, through views; names of WITH queries are not tables."""
    match node:
        case ast.SelectStmt() if node.withClause is not None:
            hidden = hidden | {cte.ctename for cte in node.withClause.ctes}
        case ast.RangeVar():
            yield from _named(node, catalog, hidden)
            return
        case tuple():
            for item in node:
                yield from tables(item, catalog, hidden)
            return
    if isinstance(node, ast.Node):
        for field in node:
            yield from tables(getattr(node, field), catalog, hidden)


def _named(node: ast.RangeVar, catalog: Catalog, hidden: frozenset[str]) -> Iterator[Relation]:
    if node.schemaname is None and node.relname in hidden:
        return
    names = (node.schemaname, node.relname) if node.schemaname else (node.relname,)
    relation = catalog.relation(names)
    if relation is None or relation.schema in ("pg_catalog", "information_schema"):
        return
    if relation.kind == "v" and relation.definition:
        yield from tables(parse(relation.definition).select, catalog)
    elif relation.kind in ("r", "p"):
        yield relation
