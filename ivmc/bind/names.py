"""The name that PostgreSQL gives an output column without an alias (FigureColname, parse_target.c)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pglast import ast
from pglast.enums import A_Expr_Kind, MinMaxOp, SQLValueFunctionOp, SubLinkType

from ivmc.bind.context import Syntax

_Op = SQLValueFunctionOp
SESSION_NAMES: Final = {
    _Op.SVFOP_CURRENT_DATE: "current_date",
    _Op.SVFOP_CURRENT_TIME: "current_time",
    _Op.SVFOP_CURRENT_TIME_N: "current_time",
    _Op.SVFOP_CURRENT_TIMESTAMP: "current_timestamp",
    _Op.SVFOP_CURRENT_TIMESTAMP_N: "current_timestamp",
    _Op.SVFOP_LOCALTIME: "localtime",
    _Op.SVFOP_LOCALTIME_N: "localtime",
    _Op.SVFOP_LOCALTIMESTAMP: "localtimestamp",
    _Op.SVFOP_LOCALTIMESTAMP_N: "localtimestamp",
    _Op.SVFOP_CURRENT_ROLE: "current_role",
    _Op.SVFOP_CURRENT_USER: "current_user",
    _Op.SVFOP_USER: "user",
    _Op.SVFOP_SESSION_USER: "session_user",
    _Op.SVFOP_CURRENT_CATALOG: "current_catalog",
    _Op.SVFOP_CURRENT_SCHEMA: "current_schema",
}
CONSTRUCTS: Final = {
    "CoalesceExpr": "coalesce",
    "A_ArrayExpr": "array",
    "RowExpr": "row",
    "GroupingFunc": "grouping",
    "XmlSerialize": "xmlserialize",
    "JsonParseExpr": "json",
    "JsonScalarExpr": "json_scalar",
    "JsonSerializeExpr": "json_serialize",
    "JsonObjectConstructor": "json_object",
    "JsonArrayConstructor": "json_array",
    "JsonArrayQueryConstructor": "json_array",
    "JsonObjectAgg": "json_objectagg",
    "JsonArrayAgg": "json_arrayagg",
    "MergeSupportFunc": "merge_action",
}
XML_NAMES: Final = ("xmlconcat", "xmlelement", "xmlforest", "xmlparse", "xmlpi", "xmlroot", "xmlserialize")
JSON_NAMES: Final = ("json_exists", "json_query", "json_value")
UNNAMED: Final = "?column?"


def output_name(target: Syntax) -> str:
    """The name of one item of a select list."""
    return target.name or figured(target.val)[0] or UNNAMED


def figured(node: Syntax) -> tuple[str | None, int]:
    """A name and how good it is: 2 for a name of the user's, 1 for a type or keyword, 0 none."""
    match type(node):
        case ast.ColumnRef:
            return _last_name(node.fields[-1:])
        case ast.A_Indirection:
            name, strength = _last_name(node.indirection)
            return (name, strength) if name else figured(node.arg)
        case ast.FuncCall:
            return node.funcname[-1].sval, 2
        case ast.TypeCast:
            name, strength = figured(node.arg)
            return (name, strength) if strength > 1 else (node.typeName.names[-1].sval, 1)
        case ast.CollateClause:
            return figured(node.arg)
        case ast.CaseExpr:
            name, strength = figured(node.defresult)
            return (name, strength) if strength > 1 else ("case", 1)
        case ast.SubLink:
            return _sublink(node)
        case _:
            name = _keyword(node)
            return name, 2 if name else 0


def _last_name(parts: Sequence[Syntax]) -> tuple[str | None, int]:
    names = [part.sval for part in parts if isinstance(part, ast.String)]
    return (names[-1], 2) if names else (None, 0)


def _keyword(node: Syntax) -> str | None:
    """The word by which a construct is written."""
    match type(node):
        case ast.MinMaxExpr:
            return "greatest" if node.op == MinMaxOp.IS_GREATEST else "least"
        case ast.SQLValueFunction:
            return SESSION_NAMES[node.op]
        case ast.XmlExpr:
            return XML_NAMES[node.op] if node.op < len(XML_NAMES) else None
        case ast.JsonFuncExpr:
            return JSON_NAMES[node.op]
        case ast.A_Expr if node.kind == A_Expr_Kind.AEXPR_NULLIF:
            return "nullif"
        case _:
            return CONSTRUCTS.get(type(node).__name__)


def _sublink(node: Syntax) -> tuple[str | None, int]:
    match node.subLinkType:
        case SubLinkType.EXISTS_SUBLINK:
            return "exists", 2
        case SubLinkType.ARRAY_SUBLINK:
            return "array", 2
        case SubLinkType.EXPR_SUBLINK if node.subselect.targetList:
            return output_name(node.subselect.targetList[0]), 2
        case _:
            return None, 0


def bare_name(node: Syntax) -> str | None:
    """The name that a node consists of, if it is but a name."""
    match node:
        case ast.ColumnRef(fields=(ast.String(sval=name),)):
            return name
        case _:
            return None
