"""Names, types and collations of output columns, and refusals, against what a server says of them."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from ivmc.bind import bind
from ivmc.bind.collation import collation
from ivmc.catalog import Catalog, Type
from ivmc.diagnostics import CompileError
from ivmc.parse import parse

HERE = Path(__file__).parent
SCHEMA = (HERE / "schema.sql").read_text()
Connection = psycopg.Connection[Any]
Columns = list[tuple[str, str, str | None]]
COLUMNS = """
    SELECT attname, format_type(atttypid, atttypmod), c.collname
    FROM pg_attribute a
    JOIN pg_type t ON t.oid = atttypid
    LEFT JOIN pg_collation c ON c.oid = attcollation AND attcollation <> typcollation
    WHERE attrelid = 'described'::regclass
    ORDER BY attnum
"""


def lines(name: str) -> list[str]:
    rows = (HERE / name).read_text().splitlines()
    return [row for row in rows if row and not row.startswith("#")]


@pytest.fixture
def tables(conn: Connection) -> Connection:
    conn.execute("DROP SCHEMA IF EXISTS other CASCADE")
    conn.execute(SCHEMA.encode())
    return conn


def theirs(conn: Connection, query: str) -> Columns | str:
    """The columns of a view that is this query, or why there is none."""
    try:
        conn.execute(f"CREATE VIEW described AS {query}".encode())
    except psycopg.Error as error:
        return error.diag.message_primary or ""
    found = conn.execute(COLUMNS).fetchall()
    conn.execute("DROP VIEW described")
    return found


def ours(catalog: Catalog, query: str) -> Columns | str:
    """The columns that binding gives, or its first diagnostic."""
    try:
        bound, _ = bind(parse(query), catalog)
    except CompileError as error:
        return error.diagnostics[0].message
    if bound is None:
        return []
    return [
        (name, spelt(catalog, column.type), (collation(catalog, column) or "").strip('"') or None)
        for name, column in bound.columns()
    ]


def spelt(catalog: Catalog, kind: Type) -> str:
    """A type without the schema of the test."""
    return catalog.format(kind).replace(f"{catalog.search_path[0]}.", "")


def offline(conn: Connection) -> Catalog:
    row = conn.execute("SELECT current_schema").fetchone()
    assert row is not None
    return Catalog.from_sql(f"SET search_path TO {row[0]};{SCHEMA}")


@pytest.mark.newest
def test_output_columns_are_the_servers(tables: Connection) -> None:
    answers = {query: theirs(tables, query) for query in lines("accepted.txt")}
    assert [query for query, answer in answers.items() if isinstance(answer, str)] == []
    for catalog in (Catalog.from_database(tables), offline(tables)):
        assert {query: ours(catalog, query) for query in answers} == answers


@pytest.mark.newest
@pytest.mark.parametrize(
    "query",
    [
        "SELECT id FROM orders WHERE amount",
        "SELECT id FROM orders WHERE state",
        "SELECT part AND true AS x FROM orders",
        "SELECT amount::uuid AS x FROM orders",
        "SELECT code::date[] AS x FROM customer",
        "SELECT rank(1) WITHIN GROUP (ORDER BY name) AS x FROM customer",
        "SELECT mode(id) AS x FROM customer",
        'SELECT city COLLATE "C", born COLLATE "C" FROM customer',
    ],
)
def test_types_in_messages_are_the_servers(tables: Connection, query: str) -> None:
    assert ours(Catalog.from_database(tables), query) == theirs(tables, query)


@pytest.mark.newest
def test_what_the_server_refuses_is_refused(tables: Connection) -> None:
    queries = lines("rejected.txt")
    assert [query for query in queries if not isinstance(theirs(tables, query), str)] == []
    for catalog in (Catalog.from_database(tables), offline(tables)):
        assert [query for query in queries if not isinstance(ours(catalog, query), str)] == []
