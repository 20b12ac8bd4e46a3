"""Calls of functions and aggregates, and the words that read the session.

Source: PostgreSQL manual, 4.2.6 "Function Calls", 4.2.7 "Aggregate Expressions", 4.3 "Calling
Functions".
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from pglast import ast

from ivmc import errors
from ivmc.bind import facts, sets
from ivmc.bind.coercion import coerces_safely, reads_settings
from ivmc.bind.context import INTEGER, Poisoned, Syntax
from ivmc.bind.verbatim import text
from ivmc.catalog import Function, Unresolved
from ivmc.diagnostics import Diagnostic
from ivmc.names import identifier
from ivmc.scalar import Expression, Scalar, listed

if TYPE_CHECKING:
    from ivmc.bind.expression import Expressions


MOST_GROUPING_ARGUMENTS: Final = 31


def function(e: Expressions, node: Syntax) -> Scalar:
    """A function or aggregate call. Raises Poisoned."""
    found, args = resolved(e, node)
    special = _special(e, node, found, args)
    if special is not None:
        return special
    value = _plain(e, node, found, args)
    return sets.called(e, node, found, value) if found.returns_set else value


def expanding(e: Expressions, node: Syntax) -> tuple[Function, Scalar]:
    """A function in FROM, which may give many rows. Raises Poisoned."""
    found, args = resolved(e, node)
    if _special(e, node, found, args) is not None:
        raise Poisoned
    return found, _plain(e, node, found, args)


def resolved(e: Expressions, node: Syntax) -> tuple[Function, tuple[Scalar, ...]]:
    """The function that a call means, and its arguments. Raises Poisoned."""
    named: list[Syntax] = [arg for arg in node.args or () if isinstance(arg, ast.NamedArgExpr)]
    plain: list[Syntax] = [arg for arg in node.args or () if not isinstance(arg, ast.NamedArgExpr)]
    ordered = [item.node for item in node.agg_order or ()] if node.agg_within_group else []
    args = e.operands((*plain, *(arg.arg for arg in named), *ordered))
    types = [arg.type for arg in args]
    keywords = dict(zip([arg.name for arg in named], types[len(plain) :], strict=False))
    try:
        return e.catalog.function(
            tuple(part.sval for part in node.funcname),
            types[: len(plain)] + types[len(plain) + len(named) :],
            variadic=bool(node.func_variadic),
            named=keywords,
            star=bool(node.agg_star),
        ), args
    except Unresolved as unresolved:
        known = unresolved.kind != "ambiguous"
        diagnostic = errors.UnknownFunction if known else errors.AmbiguousFunction
        raise e.context.fail(diagnostic(e.context.span(node), unresolved.message)) from None


def _special(e: Expressions, node: Syntax, found: Function, args: tuple[Scalar, ...]) -> Scalar | None:
    """What a call means that is more than its arguments' value; None of an ordinary one. Raises Poisoned."""
    span, name = e.context.span(node), f"{found.name}()"
    if found.volatility == "v" and found.kind != "a":
        raise e.context.fail(errors.VolatileFunction(span, name))
    if node.over is not None or found.kind == "w":
        return e.context.unmaintained(errors.WindowFunction(span, name), found.result)
    if found.kind == "a":
        home = _home(e, node, args)
        if home is not e:
            return function(home, node)
        if e.collect is None:
            raise e.context.fail(errors.AggregateNotAllowed(span, name, e.clause))
        return e.collect(node, found, args)
    if clause := facts.clause_for_aggregates(node):
        fault = f"{clause} specified, but {found.name} is not an aggregate function"
        raise e.context.fail(errors.InvalidCall(span, fault))
    return None


def _plain(e: Expressions, node: Syntax, found: Function, args: tuple[Scalar, ...]) -> Scalar:
    """An ordinary call, or the reason why it is not maintained."""
    if reason := _reason(e, node, found):
        e.context.reason(reason)
    return _applied(e, node, found, args)


def grouping(e: Expressions, node: Syntax) -> Scalar:
    """`grouping(a, b)`: what it is in each set is known once the sets are. Raises Poisoned."""
    span = e.context.span(node)
    if e.collect is None:
        raise e.context.fail(errors.AggregateNotAllowed(span, "grouping()", e.clause))
    args = e.operands(node.args)
    if len(args) > MOST_GROUPING_ARGUMENTS:
        raise e.context.fail(errors.InvalidCall(span, "GROUPING must have fewer than 32 arguments"))
    template = listed("GROUPING(", len(args), ")")
    return Expression("grouping", template, args, INTEGER, False, levels=(0,) * len(args), fallible=False)


def _home(e: Expressions, node: Syntax, args: tuple[Scalar, ...]) -> Expressions:
    """Where the query stands that an aggregate belongs to: the innermost whose columns it reads.

    In `HAVING EXISTS (SELECT … WHERE x = sum(outer.y))` it is the outer one.
    Source: check_agglevels_and_constraints (parse_agg.c).
    """
    condition = (
        () if node.agg_filter is None else (replace(e, collect=None).condition(node.agg_filter, "FILTER"),)
    )
    read = e.read(*args, *condition)
    for scope in e.scope.levels() if read else ():
        reader = e if scope is e.scope else scope.reader
        if reader is not None and not read.isdisjoint(scope.columns):
            return reader
    return e


def _reason(e: Expressions, node: Syntax, found: Function) -> Diagnostic | None:
    """Why an ordinary call is not maintained, if it is not."""
    span, name = e.context.span(node), f"{found.name}()"
    if facts.is_clock(found):
        return errors.CurrentTime(span, name)
    if found.volatility == "s" and found.schema != "pg_catalog":
        return errors.HiddenSource(span, name)
    return None


def _applied(e: Expressions, node: Syntax, found: Function, args: tuple[Scalar, ...]) -> Scalar:
    """An ordinary call, in the syntax in which it was written."""
    pairs = list(zip(args, found.args, strict=False))
    safe = found.infallible and all(coerces_safely(e.context, arg, kind) for arg, kind in pairs)
    stable = found.volatility == "s" or any(reads_settings(e.context, arg.type, kind) for arg, kind in pairs)
    known: dict[str, Any] = {
        "nullable": facts.call_nullable(found, args),
        "fallible": not safe,
        "stable": stable,
        "scales": facts.call_scales(found, args),
    }
    is_named = any(isinstance(arg, ast.NamedArgExpr) for arg in node.args or ())
    if facts.has_special_syntax(node) or node.func_variadic or is_named:
        return e.printed(node, found.result, **known)
    name = ".".join(identifier(part.sval) for part in node.funcname)
    template = listed(f"{name}(", len(args), ")")
    return Expression(found.name, template, args, found.result, levels=(0,) * len(args), **known)


def session_value(e: Expressions, node: Syntax) -> Scalar:
    """CURRENT_DATE and its kin read the clock, CURRENT_USER and its kin the session."""
    kind, clock = facts.SESSION_VALUES[node.op]
    words = text(node)
    if clock:
        return e.context.unmaintained(errors.CurrentTime(e.context.span(node), words), kind)
    return Expression("session", (words,), (), kind, nullable=False, fallible=False, stable=True)
