"""The command line, run in this process; `run` gives what it printed and its exit status."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from click.testing import CliRunner, Result

from ivmc.cli import main

Run: TypeAlias = Callable[..., Result]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory to work in, with no database in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("IVMC_DSN", "IVMC_TRACEBACK", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PGHOST", str(tmp_path))
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "2")
    return tmp_path


@pytest.fixture
def run(place: Path) -> Run:
    assert place == Path.cwd()

    def invoke(*args: str, input: str | bytes | None = None) -> Result:
        result = CliRunner().invoke(main, args, input=input)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert "Traceback" not in result.output
        return result

    return invoke
