"""TPC-H at scale 0.01, loaded once per server; each test gets a copy of the database."""

import uuid
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from benchmarks import tpch
from tests.servers import Server, fresh_database

SCALE = 0.01


@pytest.fixture(scope="session")
def loaded(server: Server) -> Iterator[str]:
    """The name of a database with the eight tables, their keys and indexes, to which nobody is connected."""
    pytest.importorskip("duckdb", reason="the texts of TPC-H come with duckdb: the extra `bench`")
    try:
        directory = tpch.generate(SCALE)
    except FileNotFoundError as missing:
        pytest.skip(str(missing))
    with fresh_database(server) as dsn:
        with psycopg.connect(dsn, autocommit=True) as conn:
            tpch.load(conn, directory)
            name = conn.info.dbname
        yield name


@pytest.fixture
def database(server: Server, loaded: str) -> Iterator[str]:
    name = f"tpch_{uuid.uuid4().hex[:12]}"
    copy, template = sql.Identifier(name), sql.Identifier(loaded)
    with psycopg.connect(server.dsn, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(copy, template))
        try:
            yield make_conninfo(server.dsn, dbname=name)
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(copy))
