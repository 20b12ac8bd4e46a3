"""Functions in FROM: alone, in step, with column definitions, WITH ORDINALITY; JSON_TABLE, XMLTABLE.

Their arguments may read the items to the left, with or without LATERAL.

Sources: PostgreSQL manual, 7.2.1.4 "Table Functions", 9.15.3.3 "xmltable", 9.16.4 "JSON_TABLE";
transformRangeFunction (parse_clause.c), addRangeTableEntryForFunction (parse_relation.c).
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from pglast import ast
from pglast.enums import JsonTableColumnType

from ivmc import errors
from ivmc.bind import calls, constants, facts, sets
from ivmc.bind.computed import column_of
from ivmc.bind.context import INTEGER, UNKNOWN, Opaque, Poisoned, Syntax
from ivmc.bind.expression import Expressions
from ivmc.bind.names import UNNAMED, figured
from ivmc.bind.scope import Entry, Scope
from ivmc.catalog import Type
from ivmc.ir import UNIT, Expand, Project, Rel
from ivmc.names import identifier
from ivmc.scalar import BIGINT, DEFINED, Col, Expression, Scalar, fresh

if TYPE_CHECKING:
    from ivmc.bind.tables import Tables

TABLES: Final = {ast.RangeTableFunc: "xmltable", ast.JsonTable: "json_table"}


@dataclass(frozen=True, slots=True)
class Member:
    """One function of an item: its name, its call, the columns that it gives."""

    name: str
    call: Scalar
    columns: tuple[Col, ...]
    is_set: bool = True
    is_row: bool = False


def item(tables: Tables, node: Syntax) -> tuple[Rel, Scope]:
    """`f(x) [WITH ORDINALITY] [AS t (a, b)]`, `f(x) AS t (a int)`, `ROWS FROM (…)`. Raises Opaque."""
    context = tables.context
    attached = tables.attachments()
    around = tables.earlier.within(tables.parent)
    e = Expressions(context, around, facts.FROM_FUNCTION, attached=attached)
    _check_definitions(e, node)
    alias = node.alias.aliasname if node.alias else None
    pairs = [pair for function in node.functions for pair in _spread(node, *function)]
    try:
        members = [_member(e, call, defined, alias if len(pairs) == 1 else None) for call, defined in pairs]
    except Poisoned:
        raise Opaque from None
    columns = tuple(column for member in members for column in member.columns)
    if len(members) > 1:
        columns = tuple(replace(column, nullable=True) for column in columns)
    if node.ordinality:
        columns += (fresh("ordinality", BIGINT, nullable=False),)
    functions = tuple(member.call for member in members)
    below = attached.over(UNIT, *functions)
    rel: Rel = Expand(below, functions, columns, ordinality=node.ordinality)
    if len(members) == 1 and not members[0].is_set and not node.ordinality:
        rel = Project(below, ((columns[0], functions[0]),))
    return rel, _scope(tables, node, alias or members[0].name, columns, members)


def _scope(tables: Tables, node: Syntax, name: str, columns: tuple[Col, ...], members: list[Member]) -> Scope:
    """The item's columns; the name of a function that gives single values stands for them."""
    named = tables.aliased(tuple((column.name, column) for column in columns), node.alias, name, node)
    single = len(columns) == 1 and not members[0].is_row
    return Scope.of(
        Entry(name, named, value=columns[0] if single else None, row=_row(tables, columns, members))
    )


def _row(tables: Tables, columns: tuple[Col, ...], members: list[Member]) -> Type | None:
    """The composite type that the only function of an item gives."""
    kind = members[0].call.type
    whole = len(columns) == len(tables.context.catalog.fields(kind))
    return kind if len(members) == 1 and members[0].is_row and whole else None


def _spread(node: Syntax, call: Syntax, defined: Syntax) -> Iterator[tuple[Syntax, Syntax]]:
    """The functions that one stands for: `unnest(a, b)` unnests several arrays in step."""
    definitions = defined or node.coldeflist
    plain = isinstance(call, ast.FuncCall) and not (call.func_variadic or call.agg_star or call.over)
    names = tuple(part.sval for part in call.funcname) if plain else ()
    if names == ("unnest",) and len(call.args or ()) > 1 and not definitions:
        for argument in call.args:
            alone = copy(call)
            alone.args = (argument,)
            yield alone, None
    else:
        yield call, definitions


def _check_definitions(e: Expressions, node: Syntax) -> None:
    if not node.coldeflist:
        return
    fault = ""
    if len(node.functions) > 1:
        fault = "ROWS FROM() with multiple functions cannot have a column definition list"
    elif node.ordinality:
        fault = "WITH ORDINALITY cannot be used with a column definition list"
    if fault:
        e.context.error(errors.InvalidCall(e.context.span(node.functions[0][0]), fault, DEFINITION_HINT))


DEFINITION_HINT: Final = "put the list into ROWS FROM (…), after its function"


def _member(e: Expressions, node: Syntax, defined: Syntax, alias: str | None) -> Member:
    """One function; `alias` names the only column of the only function. Raises Poisoned."""
    name = figured(node)[0] or UNNAMED
    if not isinstance(node, ast.FuncCall):
        value = e.operand(node)
        column = column_of(e.catalog, alias or name, value)
        return Member(name, value, (column,), is_set=False)
    found, value = calls.expanding(e, node)
    fields = sets.members(e.catalog, found)
    is_row = found.result.name == "record" or bool(fields)
    if defined:
        value, fields = _defined(e, node, value, defined, fields, is_row=is_row)
    if is_row and not fields:
        fault = 'a column definition list is required for functions returning "record"'
        raise e.context.fail(
            errors.InvalidCall(e.context.span(node), fault, "write `AS t (a integer, b text)`")
        )
    if fields:
        return Member(name, value, tuple(fresh(n, kind) for n, kind in fields), is_row=True)
    own = found.columns[0][0] if found.columns and len(found.columns) == 1 else None
    column = column_of(e.catalog, own or alias or name, value)
    never_null = found.schema == "pg_catalog" and found.name in facts.NEVER_NULL_ROWS
    nullable = not never_null if found.returns_set else column.nullable
    return Member(name, value, (replace(column, type=found.result, nullable=nullable),), found.returns_set)


def _defined(
    e: Expressions,
    node: Syntax,
    value: Scalar,
    defined: Syntax,
    fields: tuple[tuple[str, Type], ...],
    *,
    is_row: bool,
) -> tuple[Scalar, tuple[tuple[str, Type], ...]]:
    """`f(x) AS (a integer, b text)`. Raises Poisoned."""
    if not is_row or fields:
        fault = 'a column definition list is only allowed for functions returning "record"'
        if fields:
            fault = "a column definition list is redundant for this function"
        raise e.context.fail(errors.InvalidCall(e.context.span(node), fault, "take the list out"))
    columns = tuple((str(part.colname), constants.type_named(e, part.typeName)) for part in defined)
    listed = ", ".join(f"{identifier(name)} {kind.sql}" for name, kind in columns)
    assert isinstance(value, Expression)
    template = (*value.template[:-1], f"{value.template[-1]} AS ({listed})")
    return replace(value, name=DEFINED, template=template), columns


# JSON_TABLE and XMLTABLE


def table(tables: Tables, node: Syntax) -> tuple[Rel, Scope]:
    """A construct that gives the columns that it spells out. Raises Opaque."""
    attached = tables.attachments()
    around = tables.earlier.within(tables.parent)
    e = Expressions(tables.context, around, facts.FROM_FUNCTION, attached=attached)
    bare = copy(node)
    bare.alias, bare.lateral = None, False
    try:
        columns = tuple(_spelt_out(e, node.columns))
        call = e.printed(bare, UNKNOWN)
    except Poisoned:
        raise Opaque from None
    rel = Expand(attached.over(UNIT, call), (call,), columns)
    name = node.alias.aliasname if node.alias else TABLES[type(node)]
    named = tables.aliased(tuple((column.name, column) for column in columns), node.alias, name, node)
    return rel, Scope.of(Entry(name, named))


def _spelt_out(e: Expressions, columns: Syntax) -> Iterator[Col]:
    """The columns of one COLUMNS clause, those of NESTED ones after its own. Raises Poisoned."""
    nested = [column for column in columns if _kind(column) == JsonTableColumnType.JTC_NESTED]
    for column in columns:
        if column in nested:
            continue
        name = str(column.colname if isinstance(column, ast.RangeTableFuncCol) else column.name)
        ordinal = getattr(column, "for_ordinality", False)
        if ordinal or _kind(column) == JsonTableColumnType.JTC_FOR_ORDINALITY:
            yield fresh(name, INTEGER)
        else:
            yield fresh(name, constants.type_named(e, column.typeName))
    for column in nested:
        yield from _spelt_out(e, column.columns)


def _kind(column: Syntax) -> JsonTableColumnType | None:
    return getattr(column, "coltype", None)
