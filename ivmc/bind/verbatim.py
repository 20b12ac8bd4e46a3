"""Constructs that pass through in PostgreSQL's own text, with holes for what can be bound in them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from pglast import ast
from pglast.enums import JsonExprOp, XmlExprOp
from pglast.stream import RawStream

from ivmc.bind.context import TEXT, Syntax
from ivmc.catalog import Catalog, Type, Unresolved
from ivmc.scalar import ATOM, BOOLEAN, Expression, Scalar

JSON: Final = Type("pg_catalog", "json")
JSONB: Final = Type("pg_catalog", "jsonb")
XML: Final = Type("pg_catalog", "xml")

# What is bound for itself wherever it stands, even in a construct that is passed through as text.
BOUND: Final = (
    ast.ColumnRef,
    ast.FuncCall,
    ast.A_ArrayExpr,
    ast.A_Expr,
    ast.A_Indirection,
    ast.BoolExpr,
    ast.BooleanTest,
    ast.CaseExpr,
    ast.CoalesceExpr,
    ast.CollateClause,
    ast.MinMaxExpr,
    ast.NullTest,
    ast.TypeCast,
    ast.SQLValueFunction,
    ast.SubLink,
    ast.ParamRef,
    ast.GroupingFunc,
    ast.JsonArrayAgg,
    ast.JsonObjectAgg,
    ast.JsonArrayQueryConstructor,
)

# Constructs of the grammar that take RETURNING, and what they give without it.
RETURNING: Final[dict[type[ast.Node], Type]] = {
    ast.JsonObjectConstructor: JSON,
    ast.JsonArrayConstructor: JSON,
    ast.JsonArrayQueryConstructor: JSON,
    ast.JsonParseExpr: JSON,
    ast.JsonScalarExpr: JSON,
    ast.JsonSerializeExpr: TEXT,
    ast.JsonAggConstructor: JSON,
}
QUERIES: Final = {
    JsonExprOp.JSON_EXISTS_OP: BOOLEAN,
    JsonExprOp.JSON_QUERY_OP: JSONB,
    JsonExprOp.JSON_VALUE_OP: TEXT,
}


def printed(bind: Callable[[Syntax], Scalar], node: Syntax, kind: Type, **known: Any) -> Expression:
    """PostgreSQL's text of any construct at all, which gives a `kind`.

    `bind` binds its parts; `known` are other fields of `Expression`.
    """
    holes: list[Scalar] = []

    def hole(part: Syntax) -> ast.ColumnRef:
        holes.append(bind(part))
        return ast.ColumnRef(fields=(ast.String(sval=f"ivmc_hole_{len(holes)}"),))

    parts = re.split(r"ivmc_hole_(\d+)", text(with_holes(node, hole)))
    filled = tuple(holes[int(number) - 1] for number in parts[1::2])
    level = ATOM if isinstance(node, ast.FuncCall) else 0
    fields: dict[str, Any] = {"level": level, "levels": (ATOM,) * len(filled), "stable": True} | known
    return Expression("printed", tuple(parts[::2]), filled, kind, **fields)


def with_holes(node: Syntax, hole: Callable[[Syntax], ast.ColumnRef]) -> Syntax:
    """A copy of a syntax tree in which every part that can be bound for itself is replaced."""

    def copied(part: Syntax) -> Syntax:
        if isinstance(part, BOUND) and part is not node and not is_escape(part):
            return hole(part)
        if isinstance(part, tuple):
            return tuple(copied(item) for item in part)
        if not isinstance(part, ast.Node):
            return part
        kind: Any = type(part)
        copy = kind()
        for name in part:
            setattr(copy, name, copied(getattr(part, name)))
        return copy

    return copied(node)


def text(node: Syntax) -> str:
    """A syntax tree as SQL, on one line."""
    return str(RawStream()(node))


def is_escape(node: Syntax) -> bool:
    """The call by which the parser spells `LIKE … ESCAPE` and SIMILAR TO."""
    names: Syntax = node.funcname if isinstance(node, ast.FuncCall) else ()
    return tuple(part.sval for part in names) in (
        ("pg_catalog", "like_escape"),
        ("pg_catalog", "similar_to_escape"),
    )


def result_type(catalog: Catalog, node: Syntax) -> Type:
    """What a construct gives that is neither an operator nor a call."""
    match type(node):
        case ast.XmlSerialize:
            return _named(catalog, node.typeName) or TEXT
        case ast.XmlExpr:
            return BOOLEAN if node.op == XmlExprOp.IS_DOCUMENT else XML
        case ast.JsonIsPredicate:
            return BOOLEAN
        case ast.JsonFuncExpr:
            return _returned(catalog, node) or QUERIES.get(node.op, TEXT)
        case _:
            return _returned(catalog, node) or RETURNING.get(type(node), TEXT)


def _returned(catalog: Catalog, node: Syntax) -> Type | None:
    """The type that RETURNING names."""
    output = getattr(node, "output", None)
    return output and output.typeName and _named(catalog, output.typeName)


def _named(catalog: Catalog, node: Syntax) -> Type | None:
    try:
        return catalog.type_of(node)
    except Unresolved:
        return None
