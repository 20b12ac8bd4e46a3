"""Spans, diagnostics, and how they are shown.

A diagnostic is a frozen dataclass: what is wrong (`title`), what to write under the caret
(`label`), and the way out (`help`). Its texts are templates over its own fields, so that the
same object serves the terminal, JSON, `explain` and the page of its code in docs/errors.

Positions are *character* offsets into the source text, as pglast counts them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import ClassVar, Literal, NamedTuple

Severity = Literal["error", "warning", "note"]

TAB = "    "
MAX_SHOWN_LINES = 6
MAX_COLUMNS = 110


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """The characters from `start` up to, not including, `end`."""

    start: int
    end: int

    def shift(self, offset: int) -> Span:
        """The same characters seen from a text that has `offset` more in front."""
        return Span(self.start + offset, self.end + offset)


class Position(NamedTuple):
    """Where a person finds a character: both count from 1."""

    line: int
    column: int


def position(source: str, offset: int) -> Position:
    r"""Line and column of a character offset.

    >>> position("SELECT a\nFROM t", 14)
    Position(line=2, column=6)
    """
    before = source[:offset]
    return Position(before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What is wrong, where, and what to do: the base of every code in `ivmc.errors`.

    `title`, `label` and `help` name fields or properties of the subclass in braces; read the
    filled texts from `message`, `note` and `advice`.
    """

    code: ClassVar[str]
    title: ClassVar[str]
    label: ClassVar[str] = ""
    help: ClassVar[str] = ""
    severity: ClassVar[Severity] = "error"

    span: Span | None

    @property
    def message(self) -> str:
        """The title with its names filled in: lower case, one line, no full stop."""
        return self._fill(self.title).replace("\n", " ")

    @property
    def note(self) -> str:
        """What stands beside the caret; may be empty."""
        return self._fill(self.label)

    @property
    def advice(self) -> str:
        """The way out; may be empty."""
        return self._fill(self.help)

    def __str__(self) -> str:
        return self.message

    def _fill(self, template: str) -> str:
        return template.format_map(_Attributes(self))

    def render(
        self,
        source: str = "",
        filename: str = "",
        *,
        color: bool = False,
        severity: Severity | None = None,
    ) -> str:
        """The diagnostic as a person reads it, without a final newline.

        >>> print(_Example(Span(7, 15), "random()").render("SELECT random()", "q.sql"))
        error[IVM000]: `random()` is an example
         --> q.sql:1:8
          |
        1 | SELECT random()
          |        ^^^^^^^^ here
          = help: look elsewhere
        """
        paint = _Paint(color, severity or self.severity)
        head = f"{paint.kind(f'{severity or self.severity}[{self.code}]')}{paint.bold(f': {self.message}')}"
        body = _excerpt(source, filename, self.span, self.note, paint)
        advice = self.advice.replace("\n", f"\n{body.gutter}         ")
        foot = (f"{body.gutter} {paint.rule('=')} {paint.bold('help')}: {advice}",) if advice else ()
        return "\n".join((head, *body.lines, *foot))

    def as_dict(self, source: str = "") -> dict[str, object]:
        """The diagnostic as a program reads it; lines and columns count from 1."""
        where: dict[str, object] = {}
        if self.span:
            start, end = position(source, self.span.start), position(source, self.span.end)
            where = {
                "line": start.line,
                "column": start.column,
                "end_line": end.line,
                "end_column": end.column,
            }
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "label": self.note,
            "help": self.advice,
            **where,
        }

    def names(self) -> dict[str, object]:
        """The fields of this code, without its span."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "span"}


class _Attributes(dict[str, object]):
    """A mapping of what an object's attributes say, for `str.format_map`."""

    def __init__(self, of: object) -> None:
        super().__init__()
        self._of = of

    def __missing__(self, name: str) -> object:
        return getattr(self._of, name)


@dataclass(frozen=True, slots=True)
class _Example(Diagnostic):
    code = "IVM000"
    title = "`{what}` is an example"
    label = "here"
    help = "look elsewhere"
    what: str


class CompileError(Exception):
    """The user's input is at fault: everything that was found in one text.

    `source` and `filename` say what the spans count in; the caller that knows the file's name
    sets it.
    """

    def __init__(
        self, diagnostics: Iterable[Diagnostic], source: str = "", filename: str = "query.sql"
    ) -> None:
        self.diagnostics = tuple(dict.fromkeys(diagnostics))
        self.source = source
        self.filename = filename
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        return self.render()

    def render(self, *, color: bool = False) -> str:
        """All diagnostics in the order of the text, a blank line between them."""
        return render_all(self.diagnostics, self.source, self.filename, color=color)


def render_all(
    diagnostics: Iterable[Diagnostic], source: str = "", filename: str = "", *, color: bool = False
) -> str:
    """Several diagnostics of one text, in its order."""
    in_order = sorted(diagnostics, key=lambda d: d.span or Span(-1, -1))
    return "\n\n".join(d.render(source, filename, color=color) for d in in_order)


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """A suggestion when a known name is close, else `otherwise`.

    >>> did_you_mean("ordrs", ["orders", "items"])
    'did you mean `orders`?'
    """
    from difflib import get_close_matches

    folded = {k.lower(): k for k in known}
    near = get_close_matches(name.lower(), folded, n=1, cutoff=0.6)
    return f"did you mean `{folded[near[0]]}`?" if near else otherwise


class _Excerpt(NamedTuple):
    gutter: str
    lines: tuple[str, ...]


def _excerpt(source: str, filename: str, span: Span | None, label: str, paint: _Paint) -> _Excerpt:
    if span is None:
        return _Excerpt(" ", (f"{paint.rule(' -->')} {filename}",) if filename else ())
    span = _clamp(span, source)
    at, end = position(source, span.start), position(source, max(span.start, span.end - 1))
    gutter = " " * len(str(end.line))
    shown = source.split("\n")
    bar = paint.rule("|")
    if at.line == end.line:
        line, column, width = _crop(shown[at.line - 1], at.column - 1, span.end - span.start)
        carets = paint.kind("^" * width + (f" {label}" if label else ""))
        marked: Iterable[str] = (
            f"{paint.rule(str(at.line))} {bar} {line}".rstrip(),
            f"{gutter} {bar} {' ' * column}{carets}",
        )
    else:
        marked = _brace(shown, at, end, label, paint)
    where = f"{gutter[1:]}{paint.rule(' -->')} {filename}:{at.line}:{at.column}"
    return _Excerpt(gutter, (where, f"{gutter} {bar}", *marked))


def _brace(shown: list[str], at: Position, end: Position, label: str, paint: _Paint) -> Iterator[str]:
    """A span of several lines: a bracket at the left, the label at its end."""
    bar, side, gutter = paint.rule("|"), paint.kind("|"), " " * len(str(end.line))
    first, column, _ = _crop(shown[at.line - 1], at.column - 1, 1)
    begins_line = not shown[at.line - 1][: at.column - 1].strip()
    number = paint.rule(str(at.line).rjust(len(gutter)))
    yield f"{number} {bar} {paint.kind('/') if begins_line else ' '} {first}"
    if not begins_line:
        yield f"{gutter} {bar} {paint.kind(' ' + '_' * (column + 1) + '^')}"
    for n in range(at.line + 1, end.line + 1):
        if end.line - at.line >= MAX_SHOWN_LINES and at.line + 2 < n < end.line:
            if n == at.line + 3:
                yield f"{paint.rule('...')}"
            continue
        last = end.column - 1 if n == end.line else 0
        line, column, _ = _crop(shown[n - 1], last, 1)
        yield f"{paint.rule(str(n).rjust(len(gutter)))} {bar} {side} {line}".rstrip()
    yield f"{gutter} {bar} {paint.kind('|' + '_' * (column + 1) + '^' + (f' {label}' if label else ''))}"


def _clamp(span: Span, source: str) -> Span:
    """A span of at least one character that is not past the last thing written."""
    end_of_text = len(source.rstrip())
    start = min(max(span.start, 0), end_of_text)
    return Span(start, max(start + 1, min(span.end, end_of_text)))


def _crop(line: str, column: int, width: int) -> tuple[str, int, int]:
    """The line as terminals show it, with the terminal column and width of a run of characters.

    Of a line that is too long only the neighbourhood of the run is kept.
    """
    before, run, after = line[:column], line[column : column + width], line[column + width :]
    left, middle, right = _cells(before), _cells(run), _cells(after)
    if len(left) + len(middle) + len(right) > MAX_COLUMNS:
        room = max(MAX_COLUMNS - len(middle), 0) // 2
        if len(left) > room:
            left = ["…", *left[len(left) - room :]]
        if len(right) > room:
            right = [*right[:room], "…"]
        if len(middle) > MAX_COLUMNS:
            middle = [*middle[:MAX_COLUMNS], "…"]
            right = []
    return "".join(left + middle + right), len(left), max(len(middle), 1)


def _cells(text: str) -> list[str]:
    """One entry per terminal column: wide characters take two, combining ones none."""
    cells: list[str] = []
    for ch in text:
        if ch == "\t":
            cells.extend(TAB)
        elif unicodedata.category(ch) in ("Mn", "Me"):
            cells[-1:] = [(cells[-1] if cells else "") + ch]
        elif unicodedata.category(ch) in ("Cc", "Cf", "Cs"):
            cells.append("" if ch == "\r" else "�")
        else:
            cells.append(ch)
            if unicodedata.east_asian_width(ch) in "WF":
                cells.append("")
    return cells


@dataclass(frozen=True, slots=True)
class _Paint:
    """ANSI colours, or none."""

    on: bool
    severity: Severity

    def kind(self, text: str) -> str:
        return self._sgr({"error": "1;31", "warning": "1;33", "note": "1;36"}[self.severity], text)

    def bold(self, text: str) -> str:
        return self._sgr("1", text)

    def rule(self, text: str) -> str:
        return self._sgr("1;34", text)

    def _sgr(self, codes: str, text: str) -> str:
        return f"\x1b[{codes}m{text}\x1b[0m" if self.on else text
