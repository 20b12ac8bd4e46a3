"""Queries that stand in expressions, and the JSON constructors that aggregate.

    EXISTS (S)      m                        m: S has a row
    x op ANY (S)    m OR (u AND NULL)        m: x op s for a row of S, u: it is NULL for a row of S
    x op ALL (S)    NOT (m OR (u AND NULL))  m: NOT x op s for a row of S, u: it is NULL for a row
    (S)             its value, by the number of its rows
    ARRAY (S)       array_agg, or an empty array

m and u are marks: columns that are never NULL. `u` is left out where `x op s` cannot be NULL.
IN is `= ANY`, NOT IN its negation.

Sources: PostgreSQL manual, 4.2.11 "Scalar Subqueries", 4.2.12 "Array Constructors", 9.24 "Subquery
Expressions"; transformSubLink (parse_expr.c).
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Final

from pglast import ast
from pglast.enums import SetOperation, SubLinkType

from ivmc import errors
from ivmc.bind import choices, facts, operators, single
from ivmc.bind.attached import Attached
from ivmc.bind.context import UNKNOWN, Poisoned, Syntax, sound
from ivmc.bind.names import bare_name, output_name
from ivmc.bind.verbatim import result_type
from ivmc.ir import UNIT, Aggregate, Project, Rel
from ivmc.names import PREFIX
from ivmc.predicate import conjuncts
from ivmc.properties import is_row
from ivmc.scalar import BOOLEAN, Logic, Scalar, fresh, null

if TYPE_CHECKING:
    from ivmc.bind.expression import Expressions

JSON_CONSTRUCTORS: Final[dict[type[ast.Node], str]] = {
    ast.JsonArrayAgg: "JSON_ARRAYAGG",
    ast.JsonObjectAgg: "JSON_OBJECTAGG",
    ast.JsonArrayQueryConstructor: "JSON_ARRAY (SELECT …)",
}


def sublink(e: Expressions, node: Syntax) -> Scalar:
    """A query in an expression. Raises Poisoned and Opaque."""
    attached = e.attached
    assert attached is not None, "queries stand in clauses that can be joined"
    known = next((scalar for other, scalar in attached.known if other == node), None)
    if known is None:
        known = _bound(e, node)
        attached.known.append((node, known))
    return known


def _bound(e: Expressions, node: Syntax) -> Scalar:
    match node.subLinkType:
        case SubLinkType.EXISTS_SUBLINK:
            return _exists(e, node)
        case SubLinkType.ANY_SUBLINK:
            return _quantified(e, node, all=False)
        case SubLinkType.ALL_SUBLINK:
            return _quantified(e, node, all=True)
        case SubLinkType.ARRAY_SUBLINK:
            return _array(e, node)
        case _:
            (value,) = values(e, _query(e, node, node.subselect, 1))
            return value


def _query(e: Expressions, node: Syntax, select: Syntax, width: int | None = None, hidden: int = 0) -> Rel:
    """The query that `node` holds, which must have `width` columns, `hidden` ones apart.

    Raises Poisoned and Opaque.
    """
    assert e.attached is not None
    rel = e.attached.query(select, e.scope.around(e))
    if any(column.type == UNKNOWN for column in rel.schema):
        raise Poisoned
    if width is None or len(rel.schema) == width + hidden:
        return rel
    found = len(rel.schema) - hidden
    many = "many" if found > width else "few"
    alone = width == 1 and node.testexpr is None
    fault = "subquery must return only one column" if alone else f"subquery has too {many} columns"
    raise e.context.fail(errors.ColumnCountMismatch(e.context.span(node), fault, found, width))


# EXISTS, ANY, ALL


def _exists(e: Expressions, node: Syntax) -> Scalar:
    select = node.subselect
    if _is_positive(getattr(select, "limitCount", None)):
        select = copy(select)
        select.limitCount = None
    assert e.attached is not None
    return e.attached.marked(
        _inhabited(_query(e, node, select)), (), fresh("exists", BOOLEAN, nullable=False)
    )


def _is_positive(limit: Syntax) -> bool:
    value: Syntax = getattr(limit, "val", None)
    return isinstance(limit, ast.A_Const) and isinstance(value, ast.Integer) and (value.ival or 0) > 0


def _inhabited(rel: Rel) -> Rel:
    """A relation that has rows whenever `rel` has, without what decides on their columns only."""
    match rel:
        case Project(input):
            return _inhabited(input)
        case Aggregate(input, keys) if keys:
            return _inhabited(input)
        case _:
            return rel


def _quantified(e: Expressions, node: Syntax, *, all: bool) -> Scalar:
    """`x op ANY (S)` and `x op ALL (S)`, x a value or a row."""
    left = node.testexpr.args or () if isinstance(node.testexpr, ast.RowExpr) else (node.testexpr,)
    operands = [e.bind(part) for part in left]
    rel = _query(e, node, node.subselect, len(operands))
    name = tuple(part.sval for part in node.operName or ()) or operators.EQUALS
    test = operators.compared(e, node, name, sound(operands), rel.schema)
    found: Scalar = Logic("NOT", (test,)) if all else test
    assert e.attached is not None
    decided: Scalar = e.attached.marked(rel, conjuncts(found), fresh("found", BOOLEAN, nullable=False))
    if test.nullable:
        unknown = (choices.tested(test, "IS NULL"),)
        mark = e.attached.marked(rel, unknown, fresh("unknown", BOOLEAN, nullable=False))
        decided = Logic("OR", (decided, Logic("AND", (mark, null(BOOLEAN)))))
    return Logic("NOT", (decided,)) if all else decided


# Values


def row_compared(e: Expressions, node: Syntax) -> Scalar:
    """`(a, b) op (SELECT c, d …)`. Raises Poisoned and Opaque."""
    left = [e.bind(part) for part in node.lexpr.args or ()]
    link = copy(node.rexpr)
    link.testexpr = node.lexpr
    right = values(e, _query(e, link, link.subselect, len(left)))
    return operators.compared(e, node, operators.operator_name(node), sound(left), right)


def values(e: Expressions, rel: Rel) -> tuple[Scalar, ...]:
    """The columns of the one row of `rel`; NULL where it has none, PostgreSQL's error where it has more.

    What is computed from the one row is computed where the query stands, and only if it is needed there.
    """
    assert e.attached is not None
    if isinstance(rel, Project) and is_row(rel.input):
        if rel.input != UNIT:
            e.attached.add(Attached(rel.input))
        return tuple(value for _, value in rel.outputs)
    if is_row(rel):
        e.attached.add(Attached(rel))
        return rel.schema
    grouped, found = single.row(e, rel)
    e.attached.add(Attached(grouped))
    return found


def _array(e: Expressions, node: Syntax) -> Scalar:
    """ARRAY (SELECT …): array_agg, in the order of the query."""
    select, order = _with_keys(node.subselect)
    hidden = len({place for place, _ in order} - {0})
    grouped, found = single.array(e, node, _query(e, node, select, 1, hidden), order)
    assert e.attached is not None
    e.attached.add(Attached(grouped))
    return found


def _with_keys(select: Syntax) -> tuple[Syntax, list[tuple[int, str]]]:
    """A query of one column with what it is ordered by as further ones: their places, and directions.

    What is made distinct or combined is ordered by its own column.
    """
    items = getattr(select, "sortClause", None) or ()
    alone = select.op == SetOperation.SETOP_NONE and not select.valuesLists and not select.distinctClause
    targets, order = list(select.targetList or ()), []
    for item in items:
        name = bare_name(item.node)
        own = isinstance(item.node, ast.A_Const) or any(name == output_name(t) for t in targets[:1])
        if alone and not own:
            targets.append(ast.ResTarget(name=f"{PREFIX}key_{len(targets)}", val=item.node))
        order.append((len(targets) - 1 if alone and not own else 0, facts.direction(item)))
    found = copy(select)
    if alone:
        found.targetList = tuple(targets)
    return found, order


def json(e: Expressions, node: Syntax) -> Scalar:
    """A JSON constructor that reads many rows."""
    constructor = getattr(node, "constructor", node)
    diagnostic = errors.NotCovered(e.context.span(constructor), JSON_CONSTRUCTORS[type(node)])
    return e.context.unmaintained(diagnostic, result_type(e.catalog, constructor))
