"""Text to statements: the schema that a file brings along, and the one query that it asks for.

Errors of syntax, and files that hold anything but `CREATE …` statements and one `SELECT`, end
here as diagnostics; what comes after sees one `SelectStmt`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, takewhile
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
    start: int
    end: int

    def tokens(self, text: str) -> list[_Token]:
        return [t for t in _tokens(text) if self.start <= t.start and t.end < self.end]

    def span(self, text: str) -> Span:
        """From the first to the last token, comments around them left out."""
        inside = self.tokens(text)
        return Span(inside[0].start, inside[-1].end + 1)


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
    found.extend(errors.SeveralQueries(s.span(text), len(queries)) for s in queries[1:])
    if found:
        raise CompileError(found, text)
    span, select = queries[0].span(text), queries[0].node
    assert isinstance(select, ast.SelectStmt)
    query = text[span.start : span.end]
    ddl = text[: span.start] + re.sub(r"\S", " ", query) + text[span.end :]
    return Parsed(text, ddl, select, query, span.start)


def check(text: str) -> None:
    """Raise CompileError for every statement of a schema that does not parse (IVM1xx)."""
    _statements(text)


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


def keyword(text: str, *words: str) -> Span | None:
    """Where these words last stand next to one another: for clauses that the tree does not locate.

    >>> keyword("SELECT 1 FROM t LIMIT 2", "LIMIT")
    Span(start=16, end=21)
    """
    try:
        tokens = _tokens(text)
    except ParseError:
        return None
    for i in reversed(range(len(tokens))):
        if tuple(t.word for t in tokens[i : i + len(words)]) == words:
            return Span(tokens[i].start, tokens[i + len(words) - 1].end + 1)
    return None


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
        raise CompileError([errors.NotText(Span(null, null + 1), "a NUL character")], text)
    if _is_one_long_chain(text):
        raise CompileError([errors.NestedTooDeeply(None)], text)
    text = _RESTRICT.sub(lambda m: " " * len(m[0]), text)
    try:
        raw: tuple[Any, ...] = parse_sql(text)
    except ParseError as fault:
        raise CompileError(list(_syntax_errors(text, fault)), text) from None
    starts = [s.stmt_location or 0 for s in raw]
    ends = [s.stmt_location + s.stmt_len if s.stmt_len else len(text) for s in raw]
    return [_Statement(s.stmt, start, end) for s, start, end in zip(raw, starts, ends, strict=True)]


# pg_dump writes these two psql commands around its output; they mean nothing outside psql.
_RESTRICT = re.compile(r"^\\(?:un)?restrict\b[^\n]*", re.MULTILINE)


# A left-deep chain, as `1 + 1 + …` is, becomes a tree as deep as it is long, and pglast's walk over
# it overruns the stack of the process at some 15,000 links of at least two characters.
LONGEST_CHAIN = 10_000


def _is_one_long_chain(text: str) -> bool:
    if len(text) < 2 * LONGEST_CHAIN:
        return False
    with suppress(ParseError):
        breaks = [i for i, t in enumerate(_tokens(text)) if t.word in (",", ";", "AND", "OR")]
        ends = [-1, *breaks, len(_tokens(text))]
        return max(b - a for a, b in pairwise(ends)) > LONGEST_CHAIN
    return False


def _syntax_errors(text: str, fault: ParseError) -> Iterator[Diagnostic]:
    """One diagnostic per statement at fault, as far as the text can be cut at its semicolons."""
    found = False
    for start, end in _pieces(text):
        try:
            parse_sql(text[start:end])
        except ParseError as e:
            found = True
            yield _syntax_error(text, e, start, end)
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
    if message.startswith("memory exhausted"):
        return errors.NestedTooDeeply(Span(start, start + 1))
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
        yield from _select_faults(s, text)
    elif not isinstance(s.node, _SCHEMA):
        yield errors.NotAQuery(*_first_words(s, text))


def _select_faults(s: _Statement, text: str) -> Iterator[Diagnostic]:
    leaf = s.node
    while leaf.larg is not None:
        leaf = leaf.larg
    if leaf.intoClause is not None:
        yield errors.SelectInto(_into(leaf, s, text), leaf.intoClause.rel.relname)
    for cte in s.node.withClause.ctes if s.node.withClause else ():
        if not isinstance(cte.ctequery, ast.SelectStmt):
            name = type(cte.ctequery).__name__.removesuffix("Stmt").upper()
            yield errors.ModifyingCte(construct(text, cte.location), cte.ctename, name)


def _into(select: Any, s: _Statement, text: str) -> Span:
    """From the word INTO to the end of its table's name."""
    end = construct(text, select.intoClause.rel.location)
    into = [t.start for t in s.tokens(text) if t.word == "INTO" and t.start < end.start]
    return Span(into[-1], end.end)


def _no_query(statements: list[_Statement], text: str) -> Diagnostic:
    if not statements:
        return errors.EmptyInput(None)
    for s in reversed(statements):
        if isinstance(s.node, ast.CreateTableAsStmt | ast.ViewStmt):
            return errors.QueryInsideCreate(*_first_words(s, text))
    end = statements[-1].span(text).end
    return errors.NoQuery(Span(end - 1, end))


def _first_words(s: _Statement, text: str) -> tuple[Span, str]:
    """What kind of statement it is, in its own words: `INSERT INTO`, `CREATE MATERIALIZED VIEW`."""
    tokens = s.tokens(text)[:4]
    leading = list(
        takewhile(lambda pair: pair[0].word in _LEADING and pair[1].word.isalpha(), pairwise(tokens))
    )
    words = [tokens[0], *(after for _, after in leading)]
    return Span(words[0].start, words[-1].end + 1), " ".join(t.word for t in words)


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
