"""Where the tests find PostgreSQL: the first of these that the environment names.

IVMC_TEST_DSN=…           a running server; its user may create databases
IVMC_TEST_CONTAINERS=…    images for testcontainers, comma-separated; 1 stands for `ivmc-postgres:18`
IVMC_TEST_PG=18,15        versions installed here or by the wheel; by default 18, and 15 where it is installed
"""

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ivmc.runtime import embedded

SETTINGS = {"max_prepared_transactions": "10"}
VERSIONS = (18, 15)
IMAGE = "ivmc-postgres:18"
MEMORY = Path("/dev/shm")
ROOM = 4 << 30  # bytes


@dataclass(frozen=True, slots=True)
class Server:
    """A server to test against; `dsn` leads to a database from where others can be created."""

    dsn: str
    version: int


@dataclass(frozen=True, slots=True)
class Target:
    """A server that can be had, under the name that pytest shows."""

    label: str
    start: Callable[[], AbstractContextManager[Server]]


@cache
def targets() -> tuple[Target, ...]:
    """Return the servers to test against, the newest first; raise `LookupError` if one is not to be had."""
    if dsn := os.environ.get("IVMC_TEST_DSN"):
        return (Target("dsn", partial(_running, dsn)),)
    if images := os.environ.get("IVMC_TEST_CONTAINERS"):
        names = [IMAGE] if images == "1" else images.split(",")
        return tuple(Target(name, partial(_container, name)) for name in names)
    found = {embedded.major(bindir): bindir for bindir in reversed(list(embedded.installations()))}
    asked = os.environ.get("IVMC_TEST_PG")
    wanted = [int(v) for v in asked.split(",")] if asked else [v for v in VERSIONS if v in found]
    if not wanted or set(wanted) - set(found):
        raise LookupError(f"PostgreSQL {asked or 18} is not installed; found: {sorted(found)}")
    return tuple(Target(f"pg{v}", partial(_installed, found[v])) for v in wanted)


def work_in_memory() -> None:
    """Let temporary directories, and so the servers' data, lie in memory where there is room for them.

    ext4 takes 200 ms to create a database where one was dropped seconds ago, tmpfs 15 ms.
    """
    if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


@contextmanager
def _installed(bindir: Path) -> Iterator[Server]:
    with embedded.server(bindir=bindir, settings=SETTINGS) as started:
        yield Server(started.dsn, started.version)


@contextmanager
def _container(image: str) -> Iterator[Server]:
    from testcontainers.community.postgres import PostgresContainer

    options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
    with (
        PostgresContainer(image, driver=None).with_command(f"postgres {options}") as container,
        _running(container.get_connection_url()) as server,
    ):
        yield server


@contextmanager
def _running(dsn: str) -> Iterator[Server]:
    with psycopg.connect(dsn) as connection:
        version = connection.info.server_version // 10_000
    yield Server(dsn, version)


@contextmanager
def fresh_database(server: Server) -> Iterator[str]:
    """Create a database, yield its DSN, and drop it whoever is still connected. Costs about 30 ms."""
    name = f"ivmc_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server.dsn, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        try:
            yield make_conninfo(server.dsn, dbname=name)
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def scratch_schema(dsn: str, *, runtime_stays: bool = False) -> Iterator[str]:
    """Create a schema, yield a DSN whose search_path it is, then drop it and the schema `ivmc`.

    Costs about 2 ms besides connecting: the place for one example of a property test. Where the runtime
    stays, views are dropped and the schema `ivmc` is kept for the next example, which is a fifth faster.
    """
    name = f"s_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
        try:
            yield make_conninfo(dsn, options=f"-c search_path={name}")
        finally:
            admin.execute("SET client_min_messages = error")
            admin.execute("SET lock_timeout = '20s'")
            gone = [name] if runtime_stays and _drops_views(admin) else [name, "ivmc"]
            names = sql.SQL(", ").join(map(sql.Identifier, gone))
            admin.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(names))


def _drops_views(admin: psycopg.Connection[Any]) -> bool:
    """Drop the maintained views; say whether that went well."""
    try:
        if admin.execute("SELECT to_regclass('ivmc.view')").fetchone() != (None,):
            for (view,) in admin.execute("SELECT id FROM ivmc.view").fetchall():
                admin.execute("CALL ivmc.drop(%s)", (view,))
    except psycopg.Error:
        return False
    return True
