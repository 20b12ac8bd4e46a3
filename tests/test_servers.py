from typing import Any

import psycopg
import pytest

from tests.conftest import Connect
from tests.servers import Server


@pytest.mark.testcontainers
def test_server_is_of_the_version_it_claims(server: Server, conn: psycopg.Connection[Any]) -> None:
    assert conn.info.server_version // 10_000 == server.version


@pytest.mark.testcontainers
def test_connections_share_a_scratch_schema(conn: psycopg.Connection[Any], connect: Connect) -> None:
    conn.execute("CREATE TABLE t AS SELECT 1 AS x")
    assert connect().execute("SELECT x, current_schema() LIKE 's\\_%' FROM t").fetchall() == [(1, True)]


@pytest.mark.parametrize("_", ["first", "again"])
def test_scratch_schema_is_empty(_: str, conn: psycopg.Connection[Any]) -> None:
    conn.execute("CREATE TABLE t (x int)")
    conn.execute("CREATE SCHEMA ivmc")


@pytest.mark.newest
def test_database_is_fresh(database: str, conn: psycopg.Connection[Any], connect: Connect) -> None:
    conn.execute("CREATE TABLE t (x int)")
    with psycopg.connect(database) as other:
        assert other.execute("SELECT count(*) FROM t").fetchall() == [(0,)]
        assert other.info.dbname == connect().info.dbname


@pytest.mark.newest
def test_prepared_transactions_are_allowed(conn: psycopg.Connection[Any]) -> None:
    assert conn.execute("SHOW max_prepared_transactions").fetchone() == ("10",)
