"""The type of an expression, by the catalog alone: just enough of a binder to hold it against a server."""

from typing import Any

from pglast import enums, parse_sql

from ivmc.catalog import Catalog, Relation, Type

UNKNOWN = Type("pg_catalog", "unknown")
TEXT = Type("pg_catalog", "text")
BOOL = Type("pg_catalog", "bool")
RECORD = Type("pg_catalog", "record")
Kind = enums.A_Expr_Kind
PLAIN = (Kind.AEXPR_OP, Kind.AEXPR_LIKE, Kind.AEXPR_ILIKE)
OVER_ARRAY = (Kind.AEXPR_OP_ANY, Kind.AEXPR_OP_ALL)


def type_of_expression(catalog: Catalog, relation: Relation, text: str) -> Type:
    statements: Any = parse_sql(f"SELECT {text}")
    return Typer(catalog, relation).type(statements[0].stmt.targetList[0].val)


def found(type_: Type | None) -> Type:
    assert type_ is not None
    return type_


class Typer:
    def __init__(self, catalog: Catalog, relation: Relation) -> None:
        self.catalog = catalog
        self.relation = relation

    def type(self, node: Any) -> Type:
        match type(node).__name__:
            case "ColumnRef":
                return {c.name: c.type for c in self.relation.columns}[node.fields[-1].sval]
            case "A_Const":
                return self.constant(node.val)
            case "TypeCast":
                return self.cast(node)
            case "A_Expr":
                return self.operator(node)
            case "FuncCall":
                return self.call(node)
            case "BoolExpr" | "NullTest" | "BooleanTest":
                return BOOL
            case "CaseExpr":
                results = [node.defresult, *(when.result for when in node.args)]
                return self.common([r and self.type(r) for r in results], "CASE")
            case "CoalesceExpr":
                return self.common(self.types(node.args), "COALESCE")
            case "MinMaxExpr":
                word = "GREATEST" if node.op == enums.MinMaxOp.IS_GREATEST else "LEAST"
                return self.common(self.types(node.args), word)
            case "A_ArrayExpr":
                item = self.common(self.types(node.elements), "ARRAY")
                return item if self.catalog.element(item) else found(self.catalog.array(item))
            case "A_Indirection":
                return self.indirection(node)
            case "CollateClause":
                of = self.type(node.arg)
                return TEXT if of == UNKNOWN else of
            case "RowExpr":
                return RECORD
            case _:
                raise NotImplementedError(node)

    def types(self, nodes: Any) -> list[Type | None]:
        return [self.type(node) for node in nodes or ()]

    def common(self, types: list[Type | None], construct: str) -> Type:
        return self.catalog.common_type([t or UNKNOWN for t in types], construct)

    def constant(self, value: Any) -> Type:
        match type(value).__name__:
            case "Integer":
                return Type("pg_catalog", "int4")
            case "Float":
                whole = value.fval.isdecimal() and int(value.fval) < 2**63
                return Type("pg_catalog", "int8" if whole else "numeric")
            case "Boolean":
                return BOOL
            case "BitString":
                return Type("pg_catalog", "bit")
            case _:
                return UNKNOWN

    def cast(self, node: Any) -> Type:
        target = self.catalog.type_of(node.typeName)
        source = self.type(node.arg)
        assert self.catalog.can_cast(source, target), f"{source.sql} to {target.sql}"
        return target

    def operator(self, node: Any) -> Type:
        names = tuple(n.sval for n in node.name)
        if node.kind not in (*PLAIN, *OVER_ARRAY, Kind.AEXPR_NULLIF):
            return BOOL
        left = None if node.lexpr is None else self.type(node.lexpr)
        right = self.type(node.rexpr)
        if node.kind in OVER_ARRAY:
            right = found(self.catalog.element(right))
        operator = self.catalog.operator(names, left, right)
        if node.kind == Kind.AEXPR_NULLIF:
            same = operator.left == found(left).plain
            return found(left if same else operator.left)
        return operator.result

    def call(self, node: Any) -> Type:
        names = tuple(n.sval for n in node.funcname)
        is_named = {id(a) for a in node.args or () if type(a).__name__ == "NamedArgExpr"}
        plain = [a for a in node.args or () if id(a) not in is_named]
        named = {a.name: self.type(a.arg) for a in node.args or () if id(a) in is_named}
        within = [s.node for s in node.agg_order or ()] if node.agg_within_group else []
        types = [self.type(a) for a in (*plain, *within)]
        return self.catalog.function(names, types, variadic=bool(node.func_variadic), named=named).result

    def indirection(self, node: Any) -> Type:
        of = self.type(node.arg)
        for step in node.indirection:
            if type(step).__name__ == "String":
                of = dict(self.catalog.fields(of))[step.sval]
            elif not step.is_slice:
                of = found(self.catalog.subscripted(of))
        return of
