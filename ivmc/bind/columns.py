"""Column references. Source: PostgreSQL manual, 4.2.1 "Column References"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pglast import ast

from ivmc import errors
from ivmc.bind.context import RECORD, Poisoned, Syntax
from ivmc.bind.scope import SYSTEM_COLUMNS, Entry, Scope
from ivmc.catalog import Type
from ivmc.scalar import Col, Scalar

if TYPE_CHECKING:
    from ivmc.bind.expression import Expressions

OUT_OF_SIGHT: Final = "it is in FROM, but cannot be referenced from this part of the query"
AS_LATERAL: Final = "mark this subquery with LATERAL"
JOINED_BEFORE: Final = "join it before this condition, or put the condition in WHERE"


def column(e: Expressions, node: Syntax) -> Scalar:
    """The column of the nearest query that has one of that name. Raises Poisoned."""
    if isinstance(node.fields[-1], ast.A_Star):
        qualifier = tuple(part.sval for part in node.fields[:-1])
        return _whole_row(e, node, next(filter(None, (s.entry(qualifier) for s in e.scope.levels())), None))
    parts = tuple(part.sval for part in node.fields)
    for scope in e.scope.levels():
        found = _lookup(e, node, parts, scope)
        if found is not None:
            return _within_reach(e, node, found, scope)
    raise _missing(e, node, parts)


def _lookup(e: Expressions, node: Syntax, parts: tuple[str, ...], scope: Scope) -> Scalar | None:
    """What the name means at one level, if anything; a table that lacks the column ends the search."""
    *qualifier, name = parts
    if not qualifier:
        found = _only(e, node, scope.unqualified(name), name, scope.owners(name))
        entry = scope.entry((name,))
        return _whole_row(e, node, entry) if found is None and entry else found
    entries = scope.named(tuple(qualifier))
    if not entries:
        return None
    if len(entries) > 1:
        raise e.context.fail(errors.AmbiguousColumn(e.context.span(node), ".".join(parts)))
    found = _only(e, node, entries[0].column(name), name, (entries[0].alias or "",))
    if found is None:
        raise _missing(e, node, parts)
    return found


def _only(
    e: Expressions, node: Syntax, candidates: list[Col], name: str, owners: tuple[str, ...]
) -> Col | None:
    if len(candidates) > 1:
        raise e.context.fail(errors.AmbiguousColumn(e.context.span(node), name, owners))
    return candidates[0] if candidates else None


def _within_reach(e: Expressions, node: Syntax, found: Scalar, scope: Scope) -> Scalar:
    """The column; not one of the side of a join that LATERAL may not read. Raises Poisoned."""
    if not isinstance(found, Col) or found not in scope.barred:
        return found
    owner = scope.owner(found)
    raise e.context.fail(errors.InvalidReference(e.context.span(node), (owner and owner.alias) or found.name))


def _whole_row(e: Expressions, node: Syntax, entry: Entry | None) -> Scalar:
    if entry is not None and entry.value is not None:
        return entry.value
    diagnostic = errors.NotCovered(e.context.span(node), "a whole-row reference")
    if entry is None or (entry.relation and e.catalog.type_entry(entry.relation_name) is None):
        e.context.reason(diagnostic)
        raise Poisoned
    kind = Type(*entry.relation_name) if entry.relation else entry.row or RECORD
    return e.context.unmaintained(diagnostic, kind)


def _missing(e: Expressions, node: Syntax, parts: tuple[str, ...]) -> Poisoned:
    """Why nothing has that name, in the words that help most."""
    *qualifier, name = parts
    span = e.context.span(node)
    known = tuple(entry for level in e.scope.levels() for entry in level.entries)
    if name in SYSTEM_COLUMNS and known:
        return e.context.fail(errors.SystemColumn(span, name))
    for level in e.scope.levels() if qualifier else ():
        if any(entry.is_named(tuple(qualifier)) for entry in level.hidden):
            way = JOINED_BEFORE if level.entries else AS_LATERAL
            return e.context.fail(errors.InvalidReference(span, ".".join(qualifier), OUT_OF_SIGHT, way))
    if qualifier and not any(entry.is_named(tuple(qualifier)) for entry in known):
        hidden = next((n.alias for n in known if n.relation and n.relation.name == qualifier[-1]), None)
        names = tuple(entry.alias for entry in known if entry.alias)
        return e.context.fail(errors.MissingFromEntry(span, ".".join(qualifier), names, hidden))
    return e.context.fail(errors.UnknownColumn(span, ".".join(parts), e.scope.names()))
