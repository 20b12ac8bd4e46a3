"""The type of an expression, by the catalog alone: just enough of a binder to hold it against a server."""

from typing import Any

from pglast import ast, enums, parse_sql

from ivmc.catalog import Catalog, Relation, Type

UNKNOWN = Type("pg_catalog", "unknown")
TEXT = Type("pg_catalog", "text")
BOOL = Type("pg_catalog", "bool")
Kind = enums.A_Expr_Kind


def type_of_expression(catalog: Catalog, relation: Relation, text: str) -> Type:
    (statement,) = parse_sql(f"SELECT {text}")
    return Typer(catalog, relation).type(statement.stmt.targetList[0].val)


class Typer:
    def __init__(self, catalog: Catalog, relation: Relation) -> None:
        self.catalog = catalog
        self.relation = relation

    def type(self, node: Any) -> Type:
        match node:
            case ast.ColumnRef():
                return self.relation.column(node.fields[-1].sval).type
            case ast.A_Const():
                return self.constant(node)
            case ast.TypeCast():
                return self.cast(node)
            case ast.A_Expr():
                return self.operator(node)
            case ast.FuncCall():
                return self.call(node)
            case ast.BoolExpr() | ast.NullTest() | ast.BooleanTest():
                return BOOL
            case ast.CaseExpr():
                results = [node.defresult, *(w.result for w in node.args)]
                return self.common([UNKNOWN if r is None else self.type(r) for r in results], "CASE")
            case ast.CoalesceExpr():
                return self.common([self.type(a) for a in node.args], "COALESCE")
            case ast.MinMaxExpr():
                word = "GREATEST" if node.op == enums.MinMaxOp.IS_GREATEST else "LEAST"
                return self.common([self.type(a) for a in node.args], word)
            case ast.A_ArrayExpr():
                item = self.common([self.type(a) for a in node.elements], "ARRAY")
                return item if self.catalog.element(item) else self.catalog.array(item)
            case ast.A_Indirection():
                return self.indirection(node)
            case ast.CollateClause():
                found = self.type(node.arg)
                return TEXT if found == UNKNOWN else found
            case ast.RowExpr():
                return Type("pg_catalog", "record")
        raise NotImplementedError(node)

    def common(self, types: list[Type], construct: str) -> Type:
        return self.catalog.common_type(types, construct)

    def constant(self, node: ast.A_Const) -> Type:
        match node.val:
            case ast.Integer():
                return Type("pg_catalog", "int4")
            case ast.Float(fval=digits):
                whole = digits.isdecimal()
                return Type("pg_catalog", "int8" if whole and int(digits) < 2**63 else "numeric")
            case ast.Boolean():
                return BOOL
            case ast.BitString():
                return Type("pg_catalog", "bit")
        return UNKNOWN

    def cast(self, node: ast.TypeCast) -> Type:
        target = self.catalog.type_of(node.typeName)
        source = self.type(node.arg)
        assert self.catalog.can_cast(source, target), f"{source.sql} to {target.sql}"
        return target

    def operator(self, node: ast.A_Expr) -> Type:
        names = tuple(n.sval for n in node.name)
        right = self.type(node.rexpr) if not isinstance(node.rexpr, tuple) else UNKNOWN
        left = None if node.lexpr is None else self.type(node.lexpr)
        match node.kind:
            case Kind.AEXPR_NULLIF:
                found = self.catalog.operator(names, left, right).left
                return left if found.plain == left.plain else found
            case Kind.AEXPR_OP_ANY | Kind.AEXPR_OP_ALL:
                return self.catalog.operator(names, left, self.catalog.element(right)).result
            case Kind.AEXPR_OP | Kind.AEXPR_LIKE | Kind.AEXPR_ILIKE:
                return self.catalog.operator(names, left, right).result
        return BOOL

    def call(self, node: ast.FuncCall) -> Type:
        names = tuple(n.sval for n in node.funcname)
        plain = [a for a in node.args or () if not isinstance(a, ast.NamedArgExpr)]
        named = {a.name: self.type(a.arg) for a in node.args or () if isinstance(a, ast.NamedArgExpr)}
        within = [s.node for s in node.agg_order or ()] if node.agg_within_group else []
        types = [self.type(a) for a in (*plain, *within)]
        found = self.catalog.function(names, types, variadic=bool(node.func_variadic), named=named)
        return found.result

    def indirection(self, node: ast.A_Indirection) -> Type:
        found = self.type(node.arg)
        for step in node.indirection:
            if isinstance(step, ast.String):
                found = dict(self.catalog.fields(found))[step.sval]
            elif not step.is_slice:
                found = self.catalog.subscripted(found)
        return found
