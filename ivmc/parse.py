"""Text to statements: the schema that a file brings along, and the one query that it asks for.

Errors of syntax, and files that hold anything but `CREATE …` statements and one `SELECT`, end
here as diagnostics; what comes after sees one `SelectStmt`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from pglast import ast
from pglast.parser import ParseError, parse_sql, scan

from ivmc import errors
from ivmc.diagnostics import CompileError, Diagnostic, Span


@dataclass(frozen=True, slots=True)
class Parsed:
    """One file, split. Locations in `select` are character offsets into `text`.

    ddl     everything but the query, as long as `text`, so that offsets in it still hold
    query   the query as its author wrote it, without the semicolon
    offset  where `query` begins in `text`
    """

    text: str
    ddl: str
    select: ast.SelectStmt
    query: str
    offset: int


@dataclass(frozen=True, slots=True)
class _Statement:
    node: Any  # any of pglast's statements
    span: Span


def parse(text: str) -> Parsed:
    """Split `text` into its schema and its query.

    Raises CompileError with every diagnostic of the file (IVM1xx).

    >>> p = parse("CREATE TABLE t (a int); SELECT a FROM t;")
    >>> p.query, p.offset
    ('SELECT a FROM t', 24)
    """
    statements = _statements(text)
    found = [d for s in statements for d in _faults_of(s, text)]
    queries = [s for s in statements if _is_query(s)]
    if not found and not queries:
        found.append(_no_query(statements, text))
    found.extend(errors.SeveralQueries(s.span, len(queries)) for s in queries[1:])
    if found:
        raise CompileError(found, text)
    span, select = queries[0].span, queries[0].node
    assert isinstance(select, ast.SelectStmt)
    query = text[span.start : span.end]
    ddl = text[: span.start] + re.sub(r"\S", " ", query) + text[span.end :]
    return Parsed(text, ddl, select, query, span.start)


def construct(text: str, start: int) -> Span:
    """The span of the construct that begins at a location of the syntax tree.

    pglast knows where a node begins, not where it ends. A name goes on through its dots, a call
    through its parentheses and its FILTER, WITHIN GROUP and OVER clauses; a parenthesis, a
    bracket and CASE through their ends; anything else is one token.

    >>> s = "SELECT count(*) FILTER (WHERE a) FROM t"
    >>> c = construct(s, 7); s[c.start : c.end]
    'count(*) FILTER (WHERE a)'
    """
    try:
        tokens = [t for t in _tokens(text) if t.start >= start]
    except ParseError:
        tokens = []
    if not tokens or tokens[0].start != start:
        return Span(start, start + 1)
    return Span(start, _end(tokens) + 1)


@dataclass(frozen=True, slots=True)
class _Token:
    start: int
    end: int  # the last character, inclusive, as pglast gives it
    word: str


@lru_cache(maxsize=8)
def _tokens(text: str) -> tuple[_Token, ...]:
    return tuple(
        _Token(t.start, t.end, text[t.start : t.end + 1].upper())
        for t in scan(text)
        if t.name not in ("SQL_COMMENT", "C_COMMENT")
    )


def _end(tokens: list[_Token]) -> int:
    i = 0
    if tokens[0].word in _CLOSING:
        return tokens[_close(tokens, 0)].end
    while _word(tokens, i + 1) == "." and i + 2 < len(tokens):
        i += 2
    if _word(tokens, i + 1) == "(" and (tokens[0].word[0] in '_"' or tokens[0].word[0].isalpha()):
        i = _close(tokens, i + 1)
        while (skip := _clause(tokens, i + 1)) is not None:
            opening = i + 1 + skip
            i = _close(tokens, opening) if _word(tokens, opening) == "(" else opening
    return tokens[min(i, len(tokens) - 1)].end


def _clause(tokens: list[_Token], i: int) -> int | None:
    """How many words introduce the clause of a call that begins at token `i`, if one does."""
    if _word(tokens, i) in ("FILTER", "OVER"):
        return 1
    return 2 if (_word(tokens, i), _word(tokens, i + 1)) == ("WITHIN", "GROUP") else None


_CLOSING = {"(": ")", "[": "]", "CASE": "END"}


def _close(tokens: list[_Token], i: int) -> int:
    opening, closing = tokens[i].word, _CLOSING[tokens[i].word]
    depth = 0
    for n in range(i, len(tokens)):
        depth += (tokens[n].word == opening) - (tokens[n].word == closing)
        if depth == 0:
            return n
    return i


def _word(tokens: list[_Token], i: int) -> str:
    return tokens[i].word if i < len(tokens) else ""


def _statements(text: str) -> list[_Statement]:
    """The statements of a text with the spans of their own tokens.

    Raises CompileError with one diagnostic per statement that does not parse.
    """
    if (null := text.find("\0")) >= 0:
        raise CompileError([errors.NullCharacter(Span(null, null + 1))], text)
    text = _RESTRICT.sub(lambda m: " " * len(m[0]), text)
    try:
        raw: tuple[Any, ...] = parse_sql(text)
    except (ParseError, RecursionError) as fault:
        raise CompileError(list(_syntax_errors(text, fault)), text) from None
    starts = [s.stmt_location or 0 for s in raw]
    ends = [s.stmt_location + s.stmt_len if s.stmt_len else len(text) for s in raw]
    return [
        _Statement(s.stmt, _trimmed(text, start, end))
        for s, start, end in zip(raw, starts, ends, strict=True)
    ]


# pg_dump writes these two psql commands around its output; they mean nothing outside psql.
_RESTRICT = re.compile(r"^\\(?:un)?restrict\b[^\n]*", re.MULTILINE)


def _trimmed(text: str, start: int, end: int) -> Span:
    """From the first to the last token in a range, comments around them left out."""
    inside = [t for t in _tokens(text) if start <= t.start and t.end < end]
    return Span(inside[0].start, inside[-1].end + 1) if inside else Span(start, end)


def _syntax_errors(text: str, fault: Exception) -> Iterator[Diagnostic]:
    """One diagnostic per statement at fault, as far as the text can be cut at its semicolons."""
    if not isinstance(fault, ParseError):
        yield errors.NestedTooDeeply(None)
        return
    found = False
    for start, end in _pieces(text):
        try:
            parse_sql(text[start:end])
        except ParseError as e:
            found = True
            yield _syntax_error(text, e, start, end)
        except RecursionError:
            pass
    if not found:
        yield _syntax_error(text, fault, 0, len(text))


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """The ranges between the semicolons of a text that does not parse; none if it has no tokens."""
    try:
        tokens = _tokens(text)
    except ParseError:
        return
    if any(t.word == "ATOMIC" for t in tokens):
        return
    start = 0
    for t in tokens:
        if t.word == ";":
            yield start, t.start
            start = t.end + 1
    yield start, len(text)


_NEAR = re.compile(r'at or near "(.*)"$', re.DOTALL)


def _syntax_error(text: str, fault: ParseError, offset: int, end: int) -> Diagnostic:
    message: str = fault.args[0]
    at: int | None = fault.args[1] if len(fault.args) > 1 else None
    near = _NEAR.search(message)
    word = near[1] if near else ""
    start = len(text[:end].rstrip()) if at is None else _locate(text, word, at + offset)
    if word == "\\":
        command = re.match(r"\\\S*", text[start:])
        name = command[0] if command else word
        return errors.MetaCommand(Span(start, start + len(name)), name)
    return errors.InvalidSyntax(Span(start, start + max(len(word.split("\n")[0]), 1)), message)


def _locate(text: str, word: str, at: int) -> int:
    """Where `word` begins, given a position that may fall short of it.

    Before pglast 8 the position of a ParseError is too small after non-ASCII text.
    """
    return at if text.startswith(word, at) else max(text.find(word, at), at)


def _is_query(s: _Statement) -> bool:
    return isinstance(s.node, ast.SelectStmt) and not _sets_a_setting(s.node)


def _sets_a_setting(select: Any) -> bool:
    """pg_dump's `SELECT pg_catalog.set_config('search_path', '', false)`."""
    match select.targetList:
        case (ast.ResTarget(val=ast.FuncCall(funcname=(*_, ast.String(sval="set_config")))),):
            return select.fromClause is None
        case _:
            return False


def _faults_of(s: _Statement, text: str) -> Iterator[Diagnostic]:
    if isinstance(s.node, ast.SelectStmt):
        yield from _select_faults(s.node, s.span, text)
    elif not isinstance(s.node, _SCHEMA):
        yield errors.NotAQuery(_first_words(s.span, text), _keyword(s.span, text))


def _select_faults(select: Any, span: Span, text: str) -> Iterator[Diagnostic]:
    leaf = select
    while leaf.larg is not None:
        leaf = leaf.larg
    if leaf.intoClause is not None:
        yield errors.SelectInto(_into(leaf, span, text), leaf.intoClause.rel.relname)
    for cte in select.withClause.ctes if select.withClause else ():
        if not isinstance(cte.ctequery, ast.SelectStmt):
            name = type(cte.ctequery).__name__.removesuffix("Stmt").upper()
            yield errors.ModifyingCte(construct(text, cte.location), cte.ctename, name)


def _into(select: Any, span: Span, text: str) -> Span:
    """From the word INTO to the end of its table's name."""
    end = construct(text, select.intoClause.rel.location)
    words = [t for t in _tokens(text) if span.start <= t.start < end.start]
    before = next((t for t in reversed(words) if t.word == "INTO"), None)
    return Span(before.start if before else end.start, end.end)


def _no_query(statements: list[_Statement], text: str) -> Diagnostic:
    if not statements:
        return errors.EmptyInput(None)
    for s in reversed(statements):
        if isinstance(s.node, ast.CreateTableAsStmt | ast.ViewStmt):
            return errors.QueryInsideCreate(_first_words(s.span, text), _keyword(s.span, text))
    last = statements[-1].span
    return errors.NoQuery(Span(last.end - 1, last.end))


def _keyword(span: Span, text: str) -> str:
    first = _first_words(span, text)
    return " ".join(text[first.start : first.end].upper().split())


def _first_words(span: Span, text: str) -> Span:
    """The words that say what a statement is: `INSERT INTO`, `CREATE MATERIALIZED VIEW`."""
    inside = [t for t in _tokens(text) if span.start <= t.start < span.end]
    end = inside[0].end
    for one, next_one in pairwise(inside[:4]):
        if one.word not in _LEADING or not next_one.word.isalpha():
            break
        end = next_one.end
    return Span(span.start, end + 1)


_LEADING = frozenset(
    {"CREATE", "INSERT", "DELETE", "MERGE", "DROP", "REFRESH", "MATERIALIZED", "OR", "REPLACE"}
)

# Statements that describe a schema, or that a dump of one carries along.
_SCHEMA = tuple(
    node
    for name, node in vars(ast).items()
    if isinstance(node, type)
    and name.endswith("Stmt")
    and (
        name.startswith(("Create", "Alter", "Define", "Composite", "Comment", "Variable", "Grant"))
        or name in ("IndexStmt", "ViewStmt", "RuleStmt", "RenameStmt", "TransactionStmt", "SecLabelStmt")
    )
)
