"""Syntax of expressions → typed scalars.

Every construct that PostgreSQL's grammar accepts goes through: what the algebra needs to know
becomes structure, everything else keeps its own text with holes for its arguments. One module for
each part of the manual's chapter 4.2 "Value Expressions".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pglast import ast

from ivmc import errors
from ivmc.bind import calls, choices, columns, constants, containers, operators, sets, subqueries, verbatim
from ivmc.bind.attached import Attachments
from ivmc.bind.coercion import as_condition
from ivmc.bind.context import Context, Syntax, attempted, sound
from ivmc.bind.scope import Scope
from ivmc.catalog import Catalog, Function, Type
from ivmc.scalar import Col, Expression, Scalar
from ivmc.scalar import columns as columns_of

Collect = Callable[[ast.FuncCall, Function, tuple[Scalar, ...]], Scalar]


@dataclass(frozen=True, slots=True)
class Expressions:
    """Binds the expressions of one clause of one query.

    `clause` names the clause for messages; `collect` takes aggregate calls where they may stand,
    `attached` takes what queries in the expressions are joined to the clause with.
    """

    context: Context
    scope: Scope
    clause: str
    collect: Collect | None = None
    attached: Attachments | None = None

    @property
    def catalog(self) -> Catalog:
        return self.context.catalog

    def read(self, *scalars: Scalar) -> frozenset[Col]:
        """The columns that the scalars read, and the queries in them from around them."""
        found = columns_of(*scalars)
        return self.attached.behind(found) if self.attached else found

    def bind(self, node: Syntax) -> Scalar:
        """The scalar of one syntax node; POISON where something in it was reported."""
        return attempted(construct, self, node)

    def condition(self, node: Syntax, word: str = "") -> Scalar:
        """The scalar of a node that must be boolean; `word` names what asks for it."""
        return attempted(self.tested, node, word)

    def tested(self, node: Syntax, word: str = "") -> Scalar:
        """As `condition`. Raises Poisoned."""
        found, word = self.operand(node), word or self.clause
        sets.forbid(self.context, node, [found], f"argument of {word} must not return a set")
        return as_condition(self.context, found, node, word)

    def operand(self, node: Syntax) -> Scalar:
        """The scalar of one syntax node. Raises Poisoned."""
        return construct(self, node)

    def operands(self, nodes: Iterable[Syntax] | None) -> tuple[Scalar, ...]:
        """The scalars of several nodes, each of which has been looked at. Raises Poisoned."""
        return sound([self.bind(node) for node in nodes or ()])

    def conditions(self, nodes: Iterable[Syntax], word: str) -> tuple[Scalar, ...]:
        """As `operands`, of nodes that must be boolean. Raises Poisoned."""
        return sound([self.condition(node, word) for node in nodes])

    def printed(self, node: Syntax, kind: Type, **known: Any) -> Expression:
        """A construct in PostgreSQL's own text. Raises Poisoned."""
        found = verbatim.printed(self.bind, node, kind, **known)
        sound(found.args)
        return found


def construct(e: Expressions, node: Syntax) -> Scalar:
    """The scalar of one syntax node. Raises Poisoned."""
    match node:
        case ast.ColumnRef():
            return columns.column(e, node)
        case ast.A_Const():
            return constants.constant(node)
        case ast.TypeCast():
            return constants.cast(e, node)
        case ast.CollateClause():
            return constants.collate(e, node)
        case ast.A_Expr():
            return operators.operation(e, node)
        case ast.BoolExpr():
            return choices.logic(e, node)
        case ast.NullTest():
            return choices.null_test(e, node)
        case ast.BooleanTest():
            return choices.boolean_test(e, node)
        case ast.CaseExpr():
            return choices.case(e, node)
        case ast.CoalesceExpr() | ast.MinMaxExpr():
            return choices.chosen(e, node)
        case ast.FuncCall():
            return calls.function(e, node)
        case ast.SQLValueFunction():
            return calls.session_value(e, node)
        case ast.SubLink():
            return subqueries.sublink(e, node)
        case ast.A_ArrayExpr():
            return containers.array(e, node)
        case ast.RowExpr():
            return containers.row(e, node)
        case ast.A_Indirection():
            return containers.indirection(e, node)
        case ast.GroupingFunc():
            return calls.grouping(e, node)
        case ast.ParamRef():
            raise e.context.fail(errors.Parameter(e.context.span(node)))
        case ast.JsonArrayAgg() | ast.JsonObjectAgg() | ast.JsonArrayQueryConstructor():
            return subqueries.json(e, node)
        case _:
            return e.printed(node, verbatim.result_type(e.catalog, node))
