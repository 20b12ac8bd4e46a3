"""What a command reads from files and how it answers on a terminal: tables, complaints, exit status."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from ivmc.diagnostics import CompileError, Diagnostic


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Columns aligned under their names, numbers to the right.

    >>> print(table(["view", "rows"], [["totals", 12000], ["best", None]]))
    view      rows
    ------  ------
    totals  12,000
    best
    """
    cells = [[text(value) for value in row] for row in rows]
    widths = [max([len(name), *(len(row[i]) for row in cells)]) for i, name in enumerate(columns)]
    right = [any(isinstance(row[i], (int, float)) for row in rows) for i in range(len(columns))]

    def line(values: Sequence[str]) -> str:
        padded = (v.rjust(w) if r else v.ljust(w) for v, w, r in zip(values, widths, right, strict=True))
        return "  ".join(padded).rstrip()

    return "\n".join([line(columns), line(["-" * w for w in widths]), *map(line, cells)])


def text(value: Any) -> str:
    r"""One value: NULL is empty, numbers have separators, times have seconds.

    >>> text(1234567), text(0.5), text(None), text(["a", "b"]), text("x\ny")
    ('1,234,567', '0.5', '', 'a, b', 'x y')
    """
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.1f}"
        case dt.datetime():
            return value.isoformat(" ", "seconds")
        case list() | tuple():
            return ", ".join(map(text, value))
        case _:
            return " ".join(str(value).split("\n"))


def answer(results: Sequence[Any], form: str, *columns: str) -> None:
    """Print dataclasses as a table of some of their fields, or all of them as JSON."""
    if form == "json":
        click.echo(json.dumps([asdict(r) for r in results], indent=2, default=_plain))
    elif results:
        click.echo(table(columns, [[getattr(r, name) for name in columns] for r in results]))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.datetime) else str(value)


def milliseconds(seconds: float) -> str:
    """A duration with as many digits as it deserves.

    >>> milliseconds(0.00123), milliseconds(0.0352), milliseconds(2.5)
    ('1.2 ms', '35 ms', '2,500 ms')
    """
    ms = seconds * 1000
    return f"{ms:.1f} ms" if ms < 10 else f"{ms:,.0f} ms"


STDIN = "<stdin>"


@dataclass(frozen=True, slots=True)
class File:
    """A text and where it came from."""

    text: str
    name: str


class SqlFile(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4
    """The path of a text file, or `-` for the standard input."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> File:
        if isinstance(value, File):
            return value
        try:
            raw = sys.stdin.buffer.read() if value == "-" else Path(value).read_bytes()
        except OSError as error:
            self.fail(f"cannot read {value!r}: {error.strerror}", param, ctx)
        return File(_decoded(raw, value), STDIN if value == "-" else value)


class ViewName(click.ParamType):  # type: ignore[type-arg]  # as above
    """`name` or `schema.name`, each as it is or in double quotes."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        found = re.fullmatch(r'(?:("[^".]+"|[^".]+)\.)?("[^".]+"|[^".]+)', value)
        if found is None:
            self.fail(f"{value!r} is neither a name nor schema.name", param, ctx)
        return ".".join(part.strip('"') for part in found.groups() if part)


def _decoded(raw: bytes, filename: str) -> str:
    from ivmc import errors

    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        what = f"byte {raw[error.start]:#04x}, which is not UTF-8,"
        raise CompileError([errors.NotText(None, what)], filename=filename) from None


class Commands(click.Group):
    """Turns what goes wrong into diagnostics on stderr and an exit status."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CompileError as error:
            complain(error)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except OSError as error:
            raise click.ClickException(error.strerror or str(error)) from None
        except Exception as error:  # noqa: BLE001 (a user never sees a traceback)
            complain(CompileError([_diagnosed(error)], filename=""))
        return ctx.exit(1)


def complain(error: CompileError) -> None:
    """Show diagnostics on stderr, in colour on a terminal; a traceback if `IVMC_TRACEBACK=1`."""
    color = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    click.echo(error.render(color=color), err=True)
    if os.environ.get("IVMC_TRACEBACK") == "1":
        traceback.print_exc()


def _diagnosed(error: Exception) -> Diagnostic:
    """What the user is told of an error that nothing else foresaw."""
    from ivmc import errors

    if isinstance(error, RecursionError):
        return errors.NestedTooDeeply(None)
    return errors.Internal(None, f"{type(error).__name__}: {error}")


@contextmanager
def naming(file: File) -> Iterator[None]:
    """Diagnostics of the file's text carry the file's name."""
    try:
        yield
    except CompileError as error:
        if error.source == file.text:
            error.filename = file.name
        raise
