"""Types of expressions, online and offline, against what a server says of them."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from ivmc.catalog import Catalog, Relation, Type, Unresolved
from tests.catalog.typer import UNKNOWN, type_of_expression

HERE = Path(__file__).parent
SCHEMA = (HERE / "schema.sql").read_text()
Connection = psycopg.Connection[Any]


def lines(name: str) -> list[str]:
    rows = (HERE / name).read_text().splitlines()
    return [row for row in rows if row and not row.startswith("#")]


@pytest.fixture
def everything(conn: Connection) -> Connection:
    conn.execute(SCHEMA.encode())
    return conn


def offline(conn: Connection) -> Catalog:
    """The catalog of the same script, run under the same search_path."""
    schema = value(conn, "SELECT current_schema")
    return Catalog.from_sql(
        f"SET search_path TO {schema};{SCHEMA}", version=conn.info.server_version // 10_000
    )


def value(conn: Connection, query: str, *args: object) -> str:
    row = conn.execute(query.encode(), args).fetchone()
    assert row is not None
    return str(row[0])


def described(conn: Connection, text: str) -> str:
    """The type of a view's column that is this expression: with its modifier, domains kept."""
    conn.execute(f"CREATE VIEW described AS SELECT {text} AS found FROM every".encode())
    columns = "FROM pg_attribute WHERE attrelid = 'described'::regclass"
    answer = value(conn, f"SELECT format_type(atttypid, atttypmod) {columns}")
    conn.execute("DROP VIEW described")
    return answer


def spelt(conn: Connection, catalog: Catalog, type_: Type) -> str:
    """Our type as the server prints it; a literal that nobody asked about becomes text."""
    name = "text" if type_ == UNKNOWN else catalog.format(type_.plain)
    return value(conn, "SELECT format_type(%s::regtype, %s)", name, type_.typmod)


def ours(conn: Connection, catalog: Catalog, relation: Relation, text: str) -> str | tuple[str, str]:
    """Our type, or what we say instead: message and hint."""
    try:
        return spelt(conn, catalog, type_of_expression(catalog, relation, text))
    except Unresolved as unresolved:
        return unresolved.message, unresolved.hint


def theirs(conn: Connection, text: str) -> str | tuple[str, str]:
    """The server's type, or what it says instead."""
    try:
        return described(conn, text)
    except psycopg.Error as error:
        return error.diag.message_primary or "", error.diag.message_hint or ""


@pytest.mark.parametrize(("file", "kind"), [("expressions.txt", str), ("rejected.txt", tuple)])
def test_types_and_refusals_are_the_servers(everything: Connection, file: str, kind: type) -> None:
    conn = everything
    answers = {text: theirs(conn, text) for text in lines(file)}
    assert [text for text, answer in answers.items() if not isinstance(answer, kind)] == []
    for catalog in (Catalog.from_database(conn), offline(conn)):
        relation = catalog.relation(("every",))
        assert relation is not None
        found = {text: ours(conn, catalog, relation, text) for text in answers}
        assert found == answers
