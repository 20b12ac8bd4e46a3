"""The examples run, as their README says."""

import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ivmc.runtime import embedded

EXAMPLES = Path(__file__).parent.parent / "examples"

pytestmark = pytest.mark.newest


def test_every_example_is_listed() -> None:
    listed = (EXAMPLES / "README.md").read_text()
    assert all(
        f"]({file.name})" in listed for file in EXAMPLES.iterdir() if file.suffix in (".sql", ".sh", ".py")
    )


@pytest.fixture
def migration(tmp_path: Path) -> Path:
    """The dashboard, compiled by a machine without a database."""
    target = tmp_path / "install_dashboard.sql"
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "IVMC"))} | {"PATH": path}
    done = subprocess.run(
        [EXAMPLES / "migration.sh", target], env=env, text=True, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return target


def test_psql_only(migration: Path, database: str, conn: psycopg.Connection[Any]) -> None:
    psql = next(embedded.installations()) / "psql"
    files = (EXAMPLES / "schema.sql", migration, EXAMPLES / "psql_only.sql")
    command: list[str | Path] = [psql, "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", database]
    done = subprocess.run(
        [*command, *(part for file in files for part in ("-f", file))],
        text=True,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    *regions, status, changed, exact = done.stdout.split()
    assert [region.partition("|")[0] for region in regions] == ["east", "north", "south", "west"]
    assert status.startswith("dashboard|differential|")
    assert (changed, exact) == ("t", "t")
    assert conn.execute("SELECT to_regclass('dashboard'), count(*) FROM ivmc.view").fetchall() == [(None, 0)]


def test_embedded(capsys: pytest.CaptureFixture[str]) -> None:
    program = runpy.run_path(str(EXAMPLES / "embedded.py"))
    program["main"]()
    program["refused"]()
    printed = capsys.readouterr().out
    assert printed.startswith("dashboard: differential, reads order_lines, orders, customers, products\n")
    assert "the same as its query returns" in printed
    assert "error[IVM202]: column `revnue` does not exist" in printed
