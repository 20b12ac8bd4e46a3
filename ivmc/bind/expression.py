"""Syntax of expressions → typed scalars.

Every construct that PostgreSQL's grammar accepts goes through: what the algebra needs to know
becomes structure, everything else keeps its own text with holes for its arguments. Types follow
the manual's chapter 10 "Type Conversion".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pglast import ast
from pglast.enums import A_Expr_Kind, BoolExprType, BoolTestType, MinMaxOp, NullTestType, SubLinkType
from pglast.stream import RawStream

from ivmc import errors
from ivmc.bind import facts
from ivmc.bind.context import POISON, TEXT, UNKNOWN, Context, is_poisoned
from ivmc.bind.scope import SYSTEM_COLUMNS, Scope
from ivmc.catalog import Function, Operator, Type, Unresolved
from ivmc.names import identifier
from ivmc.scalar import (
    ATOM,
    BIGINT,
    BOOLEAN,
    CAST,
    COLLATE,
    COMPARISON,
    IN,
    IS,
    NEGATION,
    NUMERIC,
    Col,
    Expression,
    Logic,
    Scalar,
    binary,
    literal,
    union_scales,
)

INTEGER: Final = Type("pg_catalog", "int4")
JSON: Final = Type("pg_catalog", "json")

Collect = Callable[[ast.FuncCall, Function, tuple[Scalar, ...]], Scalar]


@dataclass
class Expressions:
    """Binds the expressions of one clause of one query.

    `clause` names the clause for messages; `collect` takes aggregate calls where they may stand,
    `subquery` binds a query in the scope of this one.
    """

    context: Context
    scope: Scope
    clause: str
    collect: Collect | None = None
    subquery: Callable[[ast.SelectStmt, Scope], tuple[Type, ...]] | None = None
    aliases: dict[str, Scalar] = field(default_factory=dict)

    def bind(self, node: Any) -> Scalar:
        """The scalar of one syntax node."""
        match node:
            case ast.ColumnRef():
                return self.column(node)
            case ast.A_Const():
                return self.constant(node)
            case ast.TypeCast():
                return self.cast(node)
            case ast.A_Expr():
                return self.operation(node)
            case ast.BoolExpr():
                return self.logic(node)
            case ast.NullTest():
                return self.null_test(node)
            case ast.BooleanTest():
                return self.boolean_test(node)
            case ast.CaseExpr():
                return self.case(node)
            case ast.CoalesceExpr():
                return self.coalesce(node)
            case ast.MinMaxExpr():
                return self.greatest_least(node)
            case ast.FuncCall():
                return self.function(node)
            case ast.SQLValueFunction():
                return self.session_value(node)
            case ast.SubLink():
                return self.sublink(node)
            case ast.A_ArrayExpr():
                return self.array(node)
            case ast.RowExpr():
                return self.row(node)
            case ast.CollateClause():
                return self.collate(node)
            case ast.A_Indirection():
                return self.indirection(node)
            case ast.GroupingFunc():
                return self.context.reason(errors.GroupingSets(self.context.span(node), "grouping()"), INTEGER)
            case ast.ParamRef():
                return self.context.error(errors.Parameter(self.context.span(node)))
            case ast.JsonArrayAgg() | ast.JsonObjectAgg() | ast.JsonArrayQueryConstructor():
                name = facts.JSON_CONSTRUCTORS[type(node)]
                return self.context.reason(errors.NotCovered(self.context.span(node), name), JSON)
            case _:
                return self.printed(node, facts.RESULT_TYPES.get(type(node).__name__, TEXT))

    def many(self, nodes: Sequence[Any] | None) -> tuple[Scalar, ...]:
        return tuple(self.bind(node) for node in nodes or ())

    # Names

    def column(self, node: ast.ColumnRef) -> Scalar:
        """A column reference, as 4.2.1 resolves it."""
        if isinstance(node.fields[-1], ast.A_Star):
            return self.context.reason(errors.NotCovered(self.context.span(node), "a whole-row reference"))
        parts = tuple(part.sval for part in node.fields)
        for level, scope in enumerate(self.scope.levels()):
            found = self.lookup(node, parts, scope)
            if found is not None:
                return found if level == 0 else self.outer(found)
        return self.missing(node, parts)

    def lookup(self, node: ast.ColumnRef, parts: tuple[str, ...], scope: Scope) -> Scalar | None:
        *qualifier, name = parts
        if qualifier:
            entry = scope.entry(tuple(qualifier))
            if entry is None:
                return None
            candidates = [scalar for known, scalar in entry.columns if known == name]
        else:
            candidates = scope.unqualified(name)
        if len(candidates) > 1:
            owners = tuple(e.alias for e in scope.entries if e.alias and name in dict(e.columns))
            return self.context.error(errors.AmbiguousColumn(self.context.span(node), name, owners))
        if candidates:
            return candidates[0]
        if not qualifier and (entry := scope.entry((name,))):
            return self.context.reason(errors.NotCovered(self.context.span(node), "a whole-row reference"))
        return None

    def outer(self, found: Scalar) -> Scalar:
        """A column of an enclosing query: the subquery around it is reported by itself."""
        return literal("NULL", found.type, nullable=True)

    def missing(self, node: ast.ColumnRef, parts: tuple[str, ...]) -> Scalar:
        *qualifier, name = parts
        span = self.context.span(node)
        known = tuple(entry for level in self.scope.levels() for entry in level.entries)
        if name in SYSTEM_COLUMNS and known:
            return self.context.error(errors.SystemColumn(span, name))
        if qualifier and not any(entry.named(tuple(qualifier)) for entry in known):
            hidden = next((e.alias for e in known if e.relation and e.relation.name == qualifier[-1]), None)
            names = tuple(entry.alias for entry in known if entry.alias)
            return self.context.error(errors.MissingFromEntry(span, ".".join(qualifier), names, hidden))
        return self.context.error(errors.UnknownColumn(span, ".".join(parts), self.scope.names()))

    # Constants and casts

    def constant(self, node: ast.A_Const) -> Scalar:
        """A literal: bare strings and NULL stay of unknown type until an operator takes them."""
        if node.isnull:
            return literal("NULL", UNKNOWN, nullable=True)
        match node.val:
            case ast.Integer(ival=value):
                return literal(str(value or 0), INTEGER, scales=frozenset({0}))
            case ast.Float(fval=text) if text.lstrip("-").isdigit() and abs(int(text)) < 2**63:
                return literal(text, BIGINT, scales=frozenset({0}))
            case ast.Float(fval=text):
                return literal(text, NUMERIC, scales=facts.literal_scale(text))
            case ast.Boolean(boolval=value):
                return literal("true" if value else "false", BOOLEAN)
            case ast.BitString(bsval=text):
                bits = len(text) - 1 if text[0] == "b" else 4 * (len(text) - 1)
                return literal(f"{text[0].upper()}'{text[1:]}'", Type("pg_catalog", "bit", bits))
            case _:
                return literal(facts.quoted(node.val.sval), UNKNOWN)

    def cast(self, node: ast.TypeCast) -> Scalar:
        target = self.type_of(node.typeName)
        if target is None:
            return self.bind(node.arg) and self.unknown_type(node.typeName)
        if isinstance(node.arg, ast.A_ArrayExpr) and self.context.catalog.element(target):
            argument = self.array(node.arg, target)
        else:
            argument = self.bind(node.arg)
        if is_poisoned(argument):
            return argument
        if argument.type == UNKNOWN and facts.reads_the_clock(argument, target):
            return self.context.reason(errors.CurrentTime(self.context.span(node), _text(node)), target)
        return self.converted(argument, target, node, explicit=True)

    def converted(self, argument: Scalar, target: Type, node: Any, *, explicit: bool = False) -> Scalar:
        """`argument::target`; itself when it has that type already and nobody asked."""
        if argument.type == target and not explicit:
            return argument
        how = self.context.catalog.cast(argument.type, target, "e" if explicit else "a")
        if how is None:
            fault = f"cannot cast type {argument.type.sql} to {target.sql}"
            return self.mismatch(node, Unresolved("mismatch", fault))
        null = isinstance(argument, Expression) and argument.template == ("NULL",)
        return Expression(
            "cast",
            ("", f"::{target.sql}"),
            (argument,),
            target,
            nullable=argument.nullable,
            level=CAST,
            levels=(CAST,),
            fallible=not (how.infallible or how.method == "literal" or null),
            stable=how.volatility != "i",
            scales=facts.cast_scales(argument, target),
        )

    def type_of(self, node: ast.TypeName) -> Type | None:
        try:
            return self.context.catalog.type_of(node)
        except Unresolved:
            return None

    def unknown_type(self, node: ast.TypeName) -> Scalar:
        name = ".".join(part.sval for part in node.names)
        return self.context.error(errors.UnknownType(self.context.span(node), name))

    def collate(self, node: ast.CollateClause) -> Scalar:
        argument = self.bind(node.arg)
        name = ".".join(identifier(part.sval) for part in node.collname)
        kind = TEXT if argument.type == UNKNOWN else argument.type
        template = ("", f" COLLATE {name}")
        return Expression("collate", template, (argument,), kind, argument.nullable, COLLATE, (COLLATE,), fallible=False)

    # Operators

    def operation(self, node: ast.A_Expr) -> Scalar:
        kind, name = node.kind, tuple(part.sval for part in node.name)
        if isinstance(node.lexpr, ast.RowExpr) and isinstance(node.rexpr, ast.RowExpr):
            return self.row_comparison(node, name)
        match kind:
            case A_Expr_Kind.AEXPR_OP if node.lexpr is None:
                return self.prefix(node, name)
            case A_Expr_Kind.AEXPR_OP:
                return self.infix(node, name, self.bind(node.lexpr), self.bind(node.rexpr))
            case A_Expr_Kind.AEXPR_LIKE | A_Expr_Kind.AEXPR_ILIKE | A_Expr_Kind.AEXPR_SIMILAR:
                return self.like(node, name)
            case A_Expr_Kind.AEXPR_IN:
                return self.in_list(node, name)
            case A_Expr_Kind.AEXPR_DISTINCT | A_Expr_Kind.AEXPR_NOT_DISTINCT:
                return self.distinct_from(node, name)
            case A_Expr_Kind.AEXPR_NULLIF:
                return self.nullif(node, name)
            case A_Expr_Kind.AEXPR_OP_ANY | A_Expr_Kind.AEXPR_OP_ALL:
                return self.any_all(node, name)
            case _:
                return self.between(node)

    def resolve(self, node: Any, name: tuple[str, ...], left: Type | None, right: Type) -> Operator | None:
        """The operator, or None with a diagnostic."""
        try:
            operator = self.context.catalog.operator(name, left, right)
        except Unresolved as unresolved:
            self.mismatch(node, unresolved, ".".join(name))
            return None
        if operator.function.volatility == "v":
            self.context.error(errors.VolatileFunction(self.context.span(node), name[-1]))
        return operator

    def mismatch(self, node: Any, unresolved: Unresolved, operator: str = "") -> Scalar:
        span = self.context.span(node)
        match unresolved.kind, operator:
            case "ambiguous", _:
                return self.context.error(errors.AmbiguousOperator(span, unresolved.message))
            case _, "":
                return self.context.error(errors.TypeMismatch(span, unresolved.message, unresolved.hint))
            case _:
                return self.context.error(errors.UnknownOperator(span, unresolved.message))

    def infix(self, node: Any, name: tuple[str, ...], left: Scalar, right: Scalar) -> Scalar:
        """`left op right`."""
        if is_poisoned(left, right):
            return left if is_poisoned(left) else right
        operator = self.resolve(node, name, left.type, right.type)
        if operator is None:
            return POISON
        level = facts.LEVELS.get(operator.name, facts.OTHER_OPERATOR)
        return binary(
            operator.name if len(name) == 1 else f"OPERATOR({'.'.join(name)})",
            left,
            right,
            operator.result,
            level,
            nullable=left.nullable or right.nullable or facts.may_be_null(operator),
            fallible=self.operator_fallible(operator, left, right),
            stable=operator.function.volatility == "s" or self.stable_coercion(operator, left, right),
            equality=facts.is_equality(operator),
            scales=facts.arithmetic_scales(operator, left, right),
        )

    def operator_fallible(self, operator: Operator, left: Scalar, right: Scalar) -> bool:
        if facts.is_constant_pattern(operator, right):
            return False
        fine = operator.function.infallible
        for scalar, wanted in ((left, operator.left), (right, operator.right)):
            fine = fine and wanted is not None and self.coerces_safely(scalar, wanted)
        return not fine

    def coerces_safely(self, scalar: Scalar, wanted: Type) -> bool:
        """Can `scalar` become `wanted`, implicitly, without an error? A literal is read only once."""
        if scalar.type == UNKNOWN or scalar.type.plain == wanted.plain:
            return True
        how = self.context.catalog.cast(scalar.type, wanted, "i")
        return how is not None and how.infallible

    def stable_coercion(self, operator: Operator, left: Scalar, right: Scalar) -> bool:
        pairs = ((left, operator.left), (right, operator.right))
        return any(wanted is not None and self.is_stable_cast(scalar.type, wanted) for scalar, wanted in pairs)

    def is_stable_cast(self, source: Type, target: Type) -> bool:
        if source == UNKNOWN:
            return facts.reads_settings(target)
        how = None if source == target else self.context.catalog.cast(source, target, "i")
        return how is not None and how.volatility != "i"

    def prefix(self, node: ast.A_Expr, name: tuple[str, ...]) -> Scalar:
        operand = self.bind(node.rexpr)
        if is_poisoned(operand):
            return operand
        operator = self.resolve(node, name, None, operand.type)
        if operator is None:
            return POISON
        level = NEGATION if operator.name in "+-" else facts.OTHER_OPERATOR
        spaced = operator.name if operator.name in "+-" else f"{operator.name} "
        safe = operator.function.infallible and self.coerces_safely(operand, operator.right)
        template, scales = (spaced, ""), operand.scales if operator.name in "+-@" else None
        return Expression(
            f"prefix {operator.name}", template, (operand,), operator.result,
            nullable=operand.nullable or facts.may_be_null(operator), level=level, levels=(level + 1,),
            fallible=not safe, stable=operator.function.volatility == "s", scales=scales,
        )  # fmt: skip

    def like(self, node: ast.A_Expr, name: tuple[str, ...]) -> Scalar:
        """LIKE, ILIKE and SIMILAR TO, with their keywords kept."""
        if node.kind == A_Expr_Kind.AEXPR_SIMILAR or facts.is_escape(node.rexpr):
            return self.printed(node, BOOLEAN)
        found = self.infix(node, name, self.bind(node.lexpr), self.bind(node.rexpr))
        if not isinstance(found, Expression) or is_poisoned(found):
            return found
        word = {"~~": "LIKE", "!~~": "NOT LIKE", "~~*": "ILIKE", "!~~*": "NOT ILIKE"}[name[-1]]
        return binary(
            word, *found.args, BOOLEAN, IN,
            nullable=found.nullable, fallible=found.fallible, stable=found.stable,
        )  # fmt: skip

    def in_list(self, node: ast.A_Expr, name: tuple[str, ...]) -> Scalar:
        """`x IN (a, b)`: a chain of equalities, printed as it was written."""
        operand, items = self.bind(node.lexpr), self.many(node.rexpr)
        if is_poisoned(operand, *items):
            return next(s for s in (operand, *items) if is_poisoned(s))
        tests = [self.infix(node, ("=",), operand, item) for item in items]
        if is_poisoned(*tests):
            return next(test for test in tests if is_poisoned(test))
        template = ("", " NOT IN (" if name == ("<>",) else " IN (", *([", "] * (len(items) - 1)), ")")
        return Expression(
            "in", template, (operand, *items), BOOLEAN,
            nullable=any(test.nullable for test in tests), level=IN, levels=(IN + 1, *[0] * len(items)),
            fallible=any(isinstance(test, Expression) and test.fallible for test in tests),
            stable=any(isinstance(test, Expression) and test.stable for test in tests),
        )  # fmt: skip

    def distinct_from(self, node: ast.A_Expr, name: tuple[str, ...]) -> Scalar:
        found = self.infix(node, ("=",), self.bind(node.lexpr), self.bind(node.rexpr))
        if not isinstance(found, Expression) or is_poisoned(found):
            return found
        negated = "" if node.kind == A_Expr_Kind.AEXPR_DISTINCT else "NOT "
        return Expression(
            "distinct", ("", f" IS {negated}DISTINCT FROM ", ""), found.args, BOOLEAN,
            nullable=False, level=IS, levels=(IS + 1, IS + 1), fallible=found.fallible, stable=found.stable,
        )  # fmt: skip

    def nullif(self, node: ast.A_Expr, name: tuple[str, ...]) -> Scalar:
        found = self.infix(node, ("=",), self.bind(node.lexpr), self.bind(node.rexpr))
        if not isinstance(found, Expression) or is_poisoned(found):
            return found
        left = found.args[0]
        kind = TEXT if left.type == UNKNOWN else left.type
        return Expression(
            "nullif", ("nullif(", ", ", ")"), found.args, kind, levels=(0, 0),
            fallible=found.fallible, stable=found.stable, scales=left.scales,
        )  # fmt: skip

    def any_all(self, node: ast.A_Expr, name: tuple[str, ...]) -> Scalar:
        """`x op ANY (array)`."""
        left, right = self.bind(node.lexpr), self.bind(node.rexpr)
        if is_poisoned(left, right):
            return left if is_poisoned(left) else right
        catalog = self.context.catalog
        element = UNKNOWN if right.type == UNKNOWN else catalog.element(catalog.base(right.type))
        if element is None:
            fault = Unresolved("mismatch", "op ANY/ALL (array) requires array on right side")
            return self.mismatch(node, fault)
        operator = self.resolve(node, name, left.type, element)
        if operator is None:
            return POISON
        word = "ANY" if node.kind == A_Expr_Kind.AEXPR_OP_ANY else "ALL"
        return Expression(
            word, ("", f" {name[-1]} {word} (", ")"), (left, right), BOOLEAN,
            level=IN, levels=(IN + 1, 0), fallible=not operator.function.infallible,
            stable=operator.function.volatility == "s",
        )  # fmt: skip

    def between(self, node: ast.A_Expr) -> Scalar:
        """BETWEEN [SYMMETRIC], typed as the comparisons it stands for."""
        operand = self.bind(node.lexpr)
        low, high = self.many(node.rexpr)
        tests = [self.infix(node, (op,), operand, bound) for op, bound in ((">=", low), ("<=", high))]
        if is_poisoned(*tests):
            return next(test for test in tests if is_poisoned(test))
        word = facts.BETWEEN[node.kind]
        return Expression(
            "between", ("", f" {word} ", " AND ", ""), (operand, low, high), BOOLEAN,
            nullable=any(test.nullable for test in tests), level=IN, levels=(IN + 1, IN + 1, IN + 1),
            fallible=any(isinstance(test, Expression) and test.fallible for test in tests),
            stable=any(isinstance(test, Expression) and test.stable for test in tests),
        )  # fmt: skip

    def row_comparison(self, node: ast.A_Expr, name: tuple[str, ...]) -> Scalar:
        """`(a, b) op (c, d)`; equality is the conjunction of its parts."""
        left, right = self.many(node.lexpr.args), self.many(node.rexpr.args)
        if len(left) != len(right):
            fault = Unresolved("mismatch", "unequal number of entries in row expressions")
            return self.mismatch(node, fault)
        op = ("=",) if node.kind != A_Expr_Kind.AEXPR_OP else name
        tests = tuple(self.infix(node, op, a, b) for a, b in zip(left, right, strict=True))
        if is_poisoned(*tests):
            return next(test for test in tests if is_poisoned(test))
        if node.kind == A_Expr_Kind.AEXPR_OP and name == ("=",) and len(tests) > 1:
            return Logic("AND", tests)
        rows = [("(", *[", "] * (len(side) - 1), ")") for side in (left, right)]
        word = facts.DISTINCT_WORDS.get(node.kind, name[-1])
        template = (*rows[0][:-1], f") {word} (", *rows[1][1:])
        return Expression("row", template, left + right, BOOLEAN, level=COMPARISON, levels=(0,) * 2 * len(left))

    # Boolean constructs

    def logic(self, node: ast.BoolExpr) -> Scalar:
        args = tuple(self.condition(arg) for arg in node.args)
        if is_poisoned(*args):
            return next(arg for arg in args if is_poisoned(arg))
        names = {BoolExprType.AND_EXPR: "AND", BoolExprType.OR_EXPR: "OR", BoolExprType.NOT_EXPR: "NOT"}
        return Logic(names[node.boolop], args)  # type: ignore[arg-type]

    def condition(self, node: Any) -> Scalar:
        """An expression that must be boolean."""
        found = self.bind(node)
        if is_poisoned(found) or self.context.catalog.base(found.type) == BOOLEAN:
            return found
        if found.type == UNKNOWN:
            return self.converted(found, BOOLEAN, node)
        word = "AND/OR/NOT" if self.clause == "SELECT" else self.clause
        fault = f"argument of {word} must be type boolean, not type {found.type.sql}"
        return self.mismatch(node, Unresolved("mismatch", fault))

    def null_test(self, node: ast.NullTest) -> Scalar:
        operand = self.bind(node.arg)
        if is_poisoned(operand):
            return operand
        word = " IS NULL" if node.nulltesttype == NullTestType.IS_NULL else " IS NOT NULL"
        return Expression(
            word.strip().lower(), ("", word), (operand,), BOOLEAN,
            nullable=False, level=IS, levels=(IS + 1,), fallible=False,
        )  # fmt: skip

    def boolean_test(self, node: ast.BooleanTest) -> Scalar:
        operand = self.condition(node.arg)
        word = {
            BoolTestType.IS_TRUE: "IS TRUE", BoolTestType.IS_NOT_TRUE: "IS NOT TRUE",
            BoolTestType.IS_FALSE: "IS FALSE", BoolTestType.IS_NOT_FALSE: "IS NOT FALSE",
            BoolTestType.IS_UNKNOWN: "IS UNKNOWN", BoolTestType.IS_NOT_UNKNOWN: "IS NOT UNKNOWN",
        }[node.booltesttype]  # fmt: skip
        return Expression(
            word.lower(), ("", f" {word}"), (operand,), BOOLEAN,
            nullable=False, level=IS, levels=(IS + 1,), fallible=False,
        )  # fmt: skip

    # Choices

    def case(self, node: ast.CaseExpr) -> Scalar:
        """CASE in both forms; each branch is evaluated only where its condition holds."""
        subject = None if node.arg is None else self.bind(node.arg)
        conditions = [
            self.condition(when.expr) if subject is None else self.bind(when.expr) for when in node.args
        ]
        results = [self.bind(when.result) for when in node.args]
        default = literal("NULL", UNKNOWN, nullable=True) if node.defresult is None else self.bind(node.defresult)
        tests = [self.infix(node, ("=",), subject, c) for c in conditions] if subject is not None else []
        everything = [*conditions, *results, default, *tests]
        if is_poisoned(*everything):
            return next(s for s in everything if is_poisoned(s))
        kind = self.common(node, [default, *results])
        if kind is None:
            return POISON
        template, args = ["CASE"], []
        if subject is not None:
            template, args = ["CASE ", ""], [subject]
        for condition, result in zip(conditions, results, strict=True):
            template[-1] += " WHEN "
            template += [" THEN ", ""]
            args += [condition, result]
        if node.defresult is not None:
            template[-1] += " ELSE "
            template.append("")
            args.append(default)
        template[-1] += " END"
        return Expression(
            "case", tuple(template), tuple(args), kind,
            nullable=any(r.nullable for r in (*results, default)), levels=(0,) * len(args),
            fallible=any(isinstance(t, Expression) and t.fallible for t in tests)
            or not all(self.coerces_safely(r, kind) for r in (*results, default)),
            scales=self.choice_scales([*results, default], kind),
        )  # fmt: skip

    def choice_scales(self, choices: Sequence[Scalar], kind: Type) -> frozenset[int] | None:
        present = [c for c in choices if not (isinstance(c, Expression) and c.template == ("NULL",))]
        return union_scales(c.scales for c in present) if kind.name in facts.EXACT_NUMBERS else None

    def common(self, node: Any, scalars: Sequence[Scalar]) -> Type | None:
        try:
            return self.context.catalog.common_type([scalar.type for scalar in scalars])
        except Unresolved as unresolved:
            self.mismatch(node, unresolved)
            return None

    def chosen(self, node: Any, name: str, *, nullable: Callable[[Sequence[bool]], bool]) -> Scalar:
        args = self.many(node.args)
        if is_poisoned(*args):
            return next(arg for arg in args if is_poisoned(arg))
        kind = self.common(node, args)
        if kind is None:
            return POISON
        template = (f"{name}(", *[", "] * (len(args) - 1), ")")
        return Expression(
            name, template, args, kind, nullable=nullable([arg.nullable for arg in args]),
            levels=(0,) * len(args), fallible=not all(self.coerces_safely(arg, kind) for arg in args),
            scales=self.choice_scales(args, kind),
        )  # fmt: skip

    def coalesce(self, node: ast.CoalesceExpr) -> Scalar:
        return self.chosen(node, "coalesce", nullable=all)

    def greatest_least(self, node: ast.MinMaxExpr) -> Scalar:
        return self.chosen(node, "greatest" if node.op == MinMaxOp.IS_GREATEST else "least", nullable=all)

    # Calls

    def function(self, node: ast.FuncCall) -> Scalar:
        """A function or aggregate call."""
        name = tuple(part.sval for part in node.funcname)
        named = {arg.name: self.bind(arg.arg) for arg in node.args or () if isinstance(arg, ast.NamedArgExpr)}
        plain = tuple(self.bind(arg) for arg in node.args or () if not isinstance(arg, ast.NamedArgExpr))
        ordered = self.many([item.node for item in node.agg_order or ()] if node.agg_within_group else ())
        args = (*plain, *named.values(), *ordered)
        if is_poisoned(*args):
            return next(arg for arg in args if is_poisoned(arg))
        try:
            function = self.context.catalog.function(
                name, [arg.type for arg in plain + ordered], variadic=bool(node.func_variadic),
                named={key: arg.type for key, arg in named.items()}, star=bool(node.agg_star),
            )  # fmt: skip
        except Unresolved as unresolved:
            return self.unknown_function(node, unresolved)
        return self.called(node, function, args)

    def unknown_function(self, node: ast.FuncCall, unresolved: Unresolved) -> Scalar:
        span = self.context.span(node)
        if unresolved.kind == "ambiguous":
            return self.context.error(errors.AmbiguousFunction(span, unresolved.message))
        return self.context.error(errors.UnknownFunction(span, unresolved.message))

    def called(self, node: ast.FuncCall, function: Function, args: tuple[Scalar, ...]) -> Scalar:
        span, text = self.context.span(node), f"{function.name}()"
        if function.volatility == "v" and function.kind != "a":
            return self.context.error(errors.VolatileFunction(span, text))
        if node.over is not None or function.kind == "w":
            return self.context.reason(errors.WindowFunction(span, text), function.result)
        if function.kind != "a" and (clause := facts.clause_for_aggregates(node)):
            fault = f"{clause} specified, but {function.name} is not an aggregate function"
            return self.context.error(errors.InvalidCall(span, fault))
        if function.kind == "a":
            if self.collect is None:
                return self.context.error(errors.AggregateNotAllowed(span, text, self.clause))
            return self.collect(node, function, args)
        if function.returns_set:
            return self.context.reason(errors.SetReturningFunction(span, text), function.result)
        if facts.is_clock(function):
            return self.context.reason(errors.CurrentTime(span, text), function.result)
        if function.volatility == "s" and function.schema != "pg_catalog":
            return self.context.reason(errors.HiddenSource(span, text), function.result)
        return self.applied(node, function, args)

    def applied(self, node: ast.FuncCall, function: Function, args: tuple[Scalar, ...]) -> Scalar:
        """An ordinary call, in the syntax in which it was written."""
        safe = function.infallible and all(map(self.coerces_safely, args, function.args))
        stable = function.volatility == "s" or any(map(self.is_stable_cast, [a.type for a in args], function.args))
        known = {
            "nullable": facts.call_nullable(function, args),
            "fallible": not safe,
            "stable": stable,
            "scales": facts.call_scales(function, args),
        }
        if facts.has_special_syntax(node) or node.func_variadic or any(
            isinstance(arg, ast.NamedArgExpr) for arg in node.args or ()
        ):
            return self.printed(node, function.result, **known)
        text = ".".join(identifier(part.sval) for part in node.funcname)
        template = (f"{text}(", *[", "] * (len(args) - 1), ")") if args else (f"{text}()",)
        return Expression(function.name, template, args, function.result, levels=(0,) * len(args), **known)

    def session_value(self, node: ast.SQLValueFunction) -> Scalar:
        """CURRENT_DATE and its kin read the clock, CURRENT_USER and its kin the session."""
        kind, clock = facts.SESSION_VALUES[node.op]
        text = _text(node)
        if clock:
            return self.context.reason(errors.CurrentTime(self.context.span(node), text), kind)
        return Expression("session", (text,), (), kind, nullable=False, fallible=False, stable=True)

    def sublink(self, node: ast.SubLink) -> Scalar:
        if node.testexpr is not None:
            self.bind(node.testexpr)
        types = self.subquery(node.subselect, self.scope) if self.subquery else ()
        first = types[0] if types else UNKNOWN
        result = first if node.subLinkType == SubLinkType.EXPR_SUBLINK else BOOLEAN
        if node.subLinkType == SubLinkType.ARRAY_SUBLINK:
            result = self.context.catalog.array(first) or TEXT
        return self.context.reason(errors.Subquery(self.context.span(node), facts.SUBQUERIES[node.subLinkType]), result)

    # Containers

    def array(self, node: ast.A_ArrayExpr, target: Type | None = None) -> Scalar:
        elements = self.many(node.elements)
        if is_poisoned(*elements):
            return next(element for element in elements if is_poisoned(element))
        catalog = self.context.catalog
        if target is None:
            item = self.common(node, elements) if elements else None
            nested = item is not None and catalog.element(item) is not None
            target = item if nested else item and catalog.array(item)
        if target is None:
            return self.mismatch(node, Unresolved("mismatch", "cannot determine type of empty array"))
        template = ("ARRAY[", *[", "] * (len(elements) - 1), "]") if elements else ("ARRAY[]",)
        return Expression("array", template, elements, target, nullable=False, levels=(0,) * len(elements))

    def row(self, node: ast.RowExpr) -> Scalar:
        args = self.many(node.args)
        if is_poisoned(*args):
            return next(arg for arg in args if is_poisoned(arg))
        template = ("ROW(", *[", "] * (len(args) - 1), ")") if args else ("ROW()",)
        kind = Type("pg_catalog", "record")
        return Expression("row", template, args, kind, nullable=False, levels=(0,) * len(args), fallible=False)

    def indirection(self, node: ast.A_Indirection) -> Scalar:
        """Subscripts and fields: `a[1]`, `a[1:2]`, `(c).field`."""
        found = self.bind(node.arg)
        if is_poisoned(found):
            return found
        catalog, kind = self.context.catalog, found.type
        for step in node.indirection:
            if isinstance(step, ast.String):
                field_type = dict(catalog.fields(kind) or ()).get(step.sval)
                if field_type is None:
                    names = tuple(name for name, _ in catalog.fields(kind) or ())
                    return self.context.error(errors.UnknownColumn(self.context.span(node), step.sval, names))
                kind = field_type
            elif isinstance(step, ast.A_Indices) and not step.is_slice:
                kind = catalog.subscripted(kind) or kind
        return self.printed(node, kind)

    def printed(self, node: Any, kind: Type, **known: Any) -> Scalar:
        """Any construct at all: PostgreSQL's text of it, with holes for what can be bound."""
        holes: list[Scalar] = []

        def hole(part: Any) -> ast.ColumnRef:
            holes.append(self.bind(part))
            return ast.ColumnRef(fields=(ast.String(sval=f"ivmc_hole_{len(holes)}"),))

        text = RawStream()(facts.with_holes(node, hole))
        if is_poisoned(*holes):
            return next(scalar for scalar in holes if is_poisoned(scalar))
        parts = re.split(r"ivmc_hole_(\d+)", text)
        filled = tuple(holes[int(number) - 1] for number in parts[1::2])
        level = ATOM if isinstance(node, ast.FuncCall) else 0
        return Expression(
            "printed", tuple(parts[::2]), filled, kind,
            **({"level": level, "levels": (ATOM,) * len(filled), "stable": True} | known),
        )  # fmt: skip


def _text(node: Any) -> str:
    return str(RawStream()(node))
