"""Set-returning functions in a select list.

    SELECT f(x), g(h(x)), y FROM R     =     SELECT f, g, y FROM R, ROWS FROM (f(x), h(x)) AS s (f, h), g(h)

Calls that hold no other such call run in step, the shorter ones filled up with NULL; then those
that hold only these, and so on. What GROUP BY names runs before grouping, the rest after it.

Sources: PostgreSQL manual, 36.5.9 "SQL Functions Returning Sets"; split_pathtarget_at_srfs
(tlist.c), check_srf_call_placement (parse_func.c).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Final

from ivmc import errors
from ivmc.bind import facts
from ivmc.bind.computed import column_of
from ivmc.bind.context import Context, Syntax
from ivmc.catalog import Catalog, Function, Type
from ivmc.ir import Expand, Rel
from ivmc.scalar import Col, Expression, Scalar, fresh, replaced, walk

if TYPE_CHECKING:
    from ivmc.bind.expression import Expressions

CLAUSES: Final = frozenset({"SELECT", "ORDER BY", "GROUP BY", "DISTINCT ON"})


@dataclass(frozen=True, slots=True, eq=False)
class SetCall(Expression):
    """A call that gives many rows. It stands in expressions until `expanded` puts columns there.

    `members` are the columns of a row that it gives; none where it gives single values.
    """

    members: tuple[tuple[str, Type], ...] = ()


def called(e: Expressions, node: Syntax, found: Function, value: Scalar) -> Scalar:
    """A set-returning call where it stands in an expression. Raises Poisoned."""
    if e.clause not in CLAUSES:
        fault = f"set-returning functions are not allowed in {e.clause}"
        if e.clause == facts.FROM_FUNCTION:
            fault = "set-returning functions must appear at top level of FROM"
        raise e.context.fail(errors.SetNotAllowed(e.context.span(node), fault))
    if not isinstance(value, Expression):
        return value
    known = {part.name: getattr(value, part.name) for part in fields(Expression)}
    return SetCall(**known, members=members(e.catalog, found))


def members(catalog: Catalog, function: Function) -> tuple[tuple[str, Type], ...]:
    """The columns of a function that gives rows; none of one that gives single values."""
    is_row = function.result.name == "record" or catalog.fields(function.result)
    return function.columns or () if is_row else ()


def among(*scalars: Scalar) -> Iterator[SetCall]:
    """The set-returning calls in expressions, the outer ones first."""
    return (part for scalar in scalars for part in walk(scalar) if isinstance(part, SetCall))


def forbid(context: Context, node: Syntax, scalars: Iterable[Scalar], fault: str) -> None:
    """Report a set-returning call where there may be none. Raises Poisoned."""
    if any(among(*scalars)):
        raise context.fail(errors.SetNotAllowed(context.span(node), fault))


def field(call: SetCall, name: str) -> Scalar | None:
    """`(f(x)).name`"""
    kind = dict(call.members).get(name)
    return None if kind is None else Expression("field", ("", f".{name}"), (call,), kind)


def expanded(context: Context, rel: Rel, scalars: Sequence[Scalar]) -> tuple[Rel, list[Scalar]]:
    """`rel` with the columns that the calls in `scalars` give, and the scalars over them."""
    found = list(scalars)
    while calls := _innermost(found):
        columns = {call: _columns(context, call, alone=len(calls) == 1) for call in calls}
        names = tuple(column for part in columns.values() for column in part)
        rel = Expand(rel, tuple(map(plain, calls)), names)
        over: dict[Scalar, Scalar] = {}
        for call, part in columns.items():
            picked = {field(call, column.name): column for column in part if call.members}
            over |= {scalar: column for scalar, column in picked.items() if scalar is not None}
            over |= {} if call.members else {call: part[0]}
        found = [replaced(scalar, over) for scalar in found]
        whole: dict[Scalar, Scalar] = {c: _whole(context, c) for c in among(*found) if c in columns}
        found = [replaced(scalar, whole) for scalar in found]
    return rel, found


def _innermost(scalars: Sequence[Scalar]) -> list[SetCall]:
    """The calls that hold no other ones, each once."""
    return [call for call in dict.fromkeys(among(*scalars)) if not any(among(*call.args))]


def plain(call: SetCall) -> Expression:
    """The call as a function of Expand."""
    return Expression(*(getattr(call, part.name) for part in fields(Expression)))


def _columns(context: Context, call: SetCall, *, alone: bool) -> tuple[Col, ...]:
    if call.members:
        return tuple(fresh(name, kind) for name, kind in call.members)
    column = column_of(context.catalog, call.name, call)
    return (replace(column, nullable=not (alone and call.name in facts.NEVER_NULL_ROWS)),)


def _whole(context: Context, call: SetCall) -> Scalar:
    """A row as a value: one that is NULL is not told apart from a row of NULLs."""
    return context.unmaintained(errors.NotCovered(None, f"the rows of `{call.name}()` as values"), call.type)
