"""Fixtures that lend PostgreSQL to the tests.

server      once per version (`@pytest.mark.newest`: the newest only); `server.dsn`, `server.version`
conn        an autocommit connection in a throw-away schema; the schema `ivmc` goes with it
database    the DSN of a database of the test's own, which `conn`, `dsn` and `connect` then use
dsn         what `conn` connects with, for a command line or a subprocess
connect     a function that opens further connections of the same kind, closed after the test
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, TypeAlias

import hypothesis
import psycopg
import pytest

from tests.servers import Server, Target, fresh_database, scratch_schema, targets, work_in_memory

Connect: TypeAlias = Callable[..., psycopg.Connection[Any]]

work_in_memory()

hypothesis.settings.register_profile(
    "test",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.function_scoped_fixture],
)
hypothesis.settings.register_profile("ci", parent=hypothesis.settings.get_profile("test"), derandomize=True)
hypothesis.settings.register_profile(
    "fuzz",
    parent=hypothesis.settings.get_profile("test"),
    max_examples=5_000,
    backend="hypothesis-urandom",  # every example is drawn anew, instead of varying the one before
)
hypothesis.settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if "CI" in os.environ else "test")
)


class Servers:
    """The servers of this run, each started at its first use, and in each a database for scratch schemas."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._started: dict[str, Server] = {}
        self._databases: dict[Server, str] = {}

    def start(self, target: Target) -> Server:
        if target.label not in self._started:
            self._started[target.label] = self._stack.enter_context(target.start())
        return self._started[target.label]

    def database(self, server: Server) -> str:
        if server not in self._databases:
            self._databases[server] = self._stack.enter_context(fresh_database(server))
        return self._databases[server]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite-golden", action="store_true", help="write the golden files of the tests that run"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "server" in metafunc.fixturenames:
        every = targets()
        chosen = every[:1] if metafunc.definition.get_closest_marker("newest") else every
        metafunc.parametrize(
            "server", chosen, indirect=True, scope="session", ids=lambda target: target.label
        )


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with ExitStack() as stack:
        yield Servers(stack)


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest, servers: Servers) -> Server:
    started: Server = servers.start(request.param)
    return started


@pytest.fixture
def database(server: Server) -> Iterator[str]:
    with fresh_database(server) as dsn:
        yield dsn


@pytest.fixture
def dsn(request: pytest.FixtureRequest, server: Server, servers: Servers) -> Iterator[str]:
    if "database" in request.fixturenames:
        yield request.getfixturevalue("database")
    else:
        with scratch_schema(servers.database(server)) as dsn:
            yield dsn


@pytest.fixture
def connect(dsn: str) -> Iterator[Connect]:
    with ExitStack() as stack:

        def open_another(**options: Any) -> psycopg.Connection[Any]:
            connection = psycopg.connect(dsn, **{"autocommit": True, **options})
            stack.callback(connection.close)
            return connection

        yield open_another


@pytest.fixture
def conn(connect: Connect) -> psycopg.Connection[Any]:
    return connect()
