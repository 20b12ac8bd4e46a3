"""Queries that stand in expressions, and the JSON constructors that aggregate: bound, and reported.

Source: PostgreSQL manual, 4.2.11 "Scalar Subqueries", 9.24 "Subquery Expressions".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pglast import ast
from pglast.enums import SubLinkType

from ivmc import errors
from ivmc.bind.context import TEXT, UNKNOWN, Syntax
from ivmc.bind.verbatim import result_type
from ivmc.catalog import Type
from ivmc.scalar import BOOLEAN, Scalar

if TYPE_CHECKING:
    from ivmc.bind.expression import Expressions

KINDS: Final = {
    SubLinkType.EXISTS_SUBLINK: "EXISTS",
    SubLinkType.ALL_SUBLINK: "ALL",
    SubLinkType.ANY_SUBLINK: "IN",
    SubLinkType.ROWCOMPARE_SUBLINK: "row comparison",
    SubLinkType.EXPR_SUBLINK: "scalar",
    SubLinkType.MULTIEXPR_SUBLINK: "scalar",
    SubLinkType.ARRAY_SUBLINK: "ARRAY",
}
JSON_CONSTRUCTORS: Final[dict[type[ast.Node], str]] = {
    ast.JsonArrayAgg: "JSON_ARRAYAGG",
    ast.JsonObjectAgg: "JSON_OBJECTAGG",
    ast.JsonArrayQueryConstructor: "JSON_ARRAY (SELECT …)",
}


def sublink(e: Expressions, node: Syntax) -> Scalar:
    """A subquery in an expression: a value of its type."""
    if node.testexpr is not None:
        e.bind(node.testexpr)
    types = e.subquery(node.subselect, e.scope) if e.subquery else ()
    first = types[0] if types else UNKNOWN
    diagnostic = errors.Subquery(e.context.span(node), KINDS[node.subLinkType])
    return e.context.unmaintained(diagnostic, _result(e, node.subLinkType, first))


def _result(e: Expressions, kind: SubLinkType, first: Type) -> Type:
    match kind:
        case SubLinkType.EXPR_SUBLINK:
            return first
        case SubLinkType.ARRAY_SUBLINK:
            return first if e.catalog.element(first) else e.catalog.array(first) or TEXT
        case _:
            return BOOLEAN


def json(e: Expressions, node: Syntax) -> Scalar:
    """A JSON constructor that reads many rows."""
    constructor = getattr(node, "constructor", node)
    diagnostic = errors.NotCovered(e.context.span(constructor), JSON_CONSTRUCTORS[type(node)])
    return e.context.unmaintained(diagnostic, result_type(e.catalog, constructor))
