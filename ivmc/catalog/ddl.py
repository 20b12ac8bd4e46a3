"""A catalog from a DDL script, read the way PostgreSQL would run it, statement by statement.

What makes no relation, type, function or operator is skipped: grants, comments, triggers,
policies, sequences, data. So a `pg_dump --schema-only` goes through, its psql commands included.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from pglast import ast, enums, parse_sql

from ivmc.catalog import ddl_routines, ddl_tables, ddl_types, ddl_views
from ivmc.catalog.catalog import Catalog
from ivmc.catalog.ddl_script import Script
from ivmc.catalog.model import Unresolved

COPY_DATA = re.compile(r"^COPY [^;]* FROM stdin[^;]*;\n.*?^\\\.$", re.MULTILINE | re.DOTALL)
PSQL_COMMAND = re.compile(r"^\\\w.*$", re.MULTILINE)

HANDLERS: dict[type[ast.Node], Callable[[Script, Any], None]] = {
    ast.CreateStmt: ddl_tables.create_table,
    ast.CreateForeignTableStmt: ddl_tables.create_foreign_table,
    ast.CreateTableAsStmt: ddl_views.create_table_as,
    ast.ViewStmt: ddl_views.create_view,
    ast.IndexStmt: ddl_tables.create_index,
    ast.AlterTableStmt: ddl_tables.alter_table,
    ast.RenameStmt: ddl_tables.rename,
    ast.AlterObjectSchemaStmt: ddl_tables.set_schema,
    ast.DropStmt: ddl_tables.drop,
    ast.CompositeTypeStmt: ddl_types.create_composite,
    ast.CreateEnumStmt: ddl_types.create_enum,
    ast.CreateRangeStmt: ddl_types.create_range,
    ast.CreateDomainStmt: ddl_types.create_domain,
}
ROUTINES: dict[type[ast.Node], Callable[[Script, Any], None]] = {
    ast.CreateFunctionStmt: ddl_routines.create_function,
    ast.CreateCastStmt: ddl_routines.create_cast,
    ast.DefineStmt: ddl_routines.define,
}


def catalog_of(ddl: str, version: int) -> Catalog:
    """See `Catalog.from_sql`."""
    script = Script(version)
    text = blanked(ddl)
    for raw in parse_sql(text) or ():
        start = raw.stmt_location or 0
        script.text = text[start : start + raw.stmt_len] if raw.stmt_len else text[start:]
        run(script, raw.stmt)
    return script.finish()


def blanked(ddl: str) -> str:
    """The script with psql commands and COPY data turned to blanks, so that places stay."""
    for pattern in (COPY_DATA, PSQL_COMMAND):
        ddl = pattern.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), ddl)
    return ddl


def run(script: Script, statement: Any) -> None:
    """Apply one statement."""
    match statement:
        case ast.VariableSetStmt(name="search_path"):
            script.set_search_path(list(constants(statement)))
        case ast.CreateSchemaStmt():
            in_schema(script, statement)
        case ast.CreateExtensionStmt():
            script.has_extensions = True
        case _ if type(statement) in HANDLERS:
            HANDLERS[type(statement)](script, statement)
        case _ if type(statement) in ROUTINES:
            # one over types that are not in the script cannot be called by a query over it
            with suppress(Unresolved):
                ROUTINES[type(statement)](script, statement)
        case _:
            pass


def constants(statement: ast.VariableSetStmt) -> Iterator[str]:
    """The values of a SET; none for DEFAULT."""
    if statement.kind == enums.VariableSetKind.VAR_SET_VALUE:
        for each in statement.args or ():
            yield each.val.sval


def in_schema(script: Script, statement: ast.CreateSchemaStmt) -> None:
    """CREATE SCHEMA with the statements inside it."""
    outside = script.search_path
    script.search_path = (statement.schemaname or outside[0], *outside)
    for element in statement.schemaElts or ():
        run(script, element)
    script.search_path = outside
