"""Aggregate calls. Source: PostgreSQL manual, 4.2.7 "Aggregate Expressions"."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ivmc import errors
from ivmc.bind import facts, sets
from ivmc.bind.attached import Attachments
from ivmc.bind.coercion import as_operand, common_type
from ivmc.bind.collation import combined
from ivmc.bind.context import UNKNOWN, Context, Syntax, sound
from ivmc.bind.expression import Expressions
from ivmc.bind.scope import Scope
from ivmc.catalog import Function
from ivmc.ir import Call
from ivmc.scalar import Col, Expression, Scalar, columns, fresh, walk


@dataclass(frozen=True, slots=True)
class Aggregates:
    """The aggregate calls of one SELECT, each as a column of the grouped relation."""

    context: Context
    scope: Scope
    attached: Attachments
    calls: dict[Call, Col] = field(default_factory=dict)

    def expressions(self, clause: str) -> Expressions:
        """A binder for a clause in which aggregates may stand."""
        return Expressions(self.context, self.scope, clause, self.collect, self.attached)

    def plain(self, clause: str) -> Expressions:
        """A binder for a clause in which they may not."""
        return Expressions(self.context, self.scope, clause, None, self.attached)

    def among(self, *scalars: Scalar) -> bool:
        """Is there an aggregate, or grouping(), in these expressions?"""
        return bool(groupings(scalars)) or not columns(*scalars).isdisjoint(self.calls.values())

    def collect(self, node: Syntax, function: Function, args: tuple[Scalar, ...]) -> Scalar:
        """One aggregate call as a column; the same column for the same call. Raises Poisoned."""
        self.check(node, function, args)
        direct = args[: len(args) - len(node.agg_order or ())] if node.agg_within_group else args
        taken = {
            arg: as_operand(self.context, arg, kind, node)
            for arg, kind in zip(direct, function.args, strict=False)
        }
        call = Call(
            function,
            tuple(taken.get(arg, arg) for arg in direct),
            function.result,
            nullable=function.name not in ("count", "grouping"),
            star=bool(node.agg_star),
            distinct=bool(node.agg_distinct),
            filter=self.filter(node),
            order=tuple((taken.get(key, key), words) for key, words in self.order(node)),
            within_group=bool(node.agg_within_group),
            variadic=bool(node.func_variadic),
        )
        fault = "aggregate function calls cannot contain set-returning function calls"
        sets.forbid(self.context, node, call.scalars(), fault)
        if call not in self.calls:
            self.calls[call] = self.column(call)
        return self.calls[call]

    def check(self, node: Syntax, function: Function, args: tuple[Scalar, ...]) -> None:
        """What PostgreSQL would not run. Raises Poisoned."""
        span, name = self.context.span(node), f"{function.name}()"
        self.check_ordered(node, function, args)
        if self.among(*args):
            raise self.context.fail(errors.NestedAggregate(span, name))
        if function.volatility == "v":
            raise self.context.fail(errors.VolatileFunction(span, name))
        for arg in args if node.agg_distinct else ():
            if arg.type != UNKNOWN and self.context.catalog.equality(arg.type) == "none":
                shown = self.context.catalog.shown(arg.type)
                raise self.context.fail(errors.MissingOperator(span, shown, "equality", "DISTINCT"))

    def check_ordered(self, node: Syntax, function: Function, args: tuple[Scalar, ...]) -> None:
        """WITHIN GROUP and the direct arguments, in PostgreSQL's words (parse_func.c). Raises Poisoned."""
        span, name = self.context.span(node), function.name
        if node.agg_within_group and function.aggregate_kind == "n":
            fault = f"{name} is not an ordered-set aggregate, so it cannot have WITHIN GROUP"
            raise self.context.fail(errors.InvalidCall(span, fault, "move ORDER BY into the parentheses"))
        if function.aggregate_kind != "n" and not node.agg_within_group:
            fault = f"WITHIN GROUP is required for ordered-set aggregate {name}"
            raise self.context.fail(errors.InvalidCall(span, fault, "add `WITHIN GROUP (ORDER BY …)`"))
        count = len(node.agg_order or ()) if node.agg_within_group else 0
        if hint := _direct_arguments(function, len(args) - count, count):
            shown = ", ".join(self.context.catalog.shown(arg.type) for arg in args)
            raise self.context.fail(
                errors.InvalidCall(span, f"function {name}({shown}) does not exist", hint)
            )
        if function.aggregate_kind == "h":
            for pair in zip(args[-count:], args[-2 * count : -count], strict=True):
                common_type(self.context, node, pair, "WITHIN GROUP")

    def column(self, call: Call) -> Col:
        """The column that a call fills."""
        collation = combined(self.context.catalog, call.type, call.args)
        column = fresh(call.function.name, call.type, nullable=call.nullable, collation=collation)
        return replace(column, scales=_scales(call))

    def filter(self, node: Syntax) -> Scalar | None:
        """The condition of FILTER. Raises Poisoned."""
        return None if node.agg_filter is None else self.plain("FILTER").tested(node.agg_filter)

    def order(self, node: Syntax) -> tuple[tuple[Scalar, str], ...]:
        """The ORDER BY inside the parentheses, or that of WITHIN GROUP. Raises Poisoned."""
        items = node.agg_order or ()
        keys = sound([self.plain("ORDER BY").bind(item.node) for item in items])
        return tuple((key, facts.direction(item)) for key, item in zip(keys, items, strict=True))


def groupings(scalars: Iterable[Scalar]) -> dict[Expression, None]:
    """The calls of grouping() in expressions."""
    nodes = (node for scalar in scalars for node in walk(scalar))
    return dict.fromkeys(node for node in nodes if isinstance(node, Expression) and node.name == "grouping")


def _scales(call: Call) -> frozenset[int] | None:
    picks = call.function.name in ("sum", "min", "max") and call.type.name == "numeric"
    if picks and call.args:
        return call.args[0].scales
    return facts.numeric_scale(call.type) if call.type.name == "int8" or _is_extreme(call) else None


def _direct_arguments(function: Function, given: int, ordered: int) -> str:
    """What is wrong with the number of arguments before WITHIN GROUP; empty if nothing is."""
    if function.aggregate_kind == "h" and given - function.direct_args + 1 != ordered:
        return f"give one hypothetical argument for each ordering column: here {given}, and {ordered}"
    if function.aggregate_kind == "o" and not function.variadic and given != function.direct_args:
        return f"before WITHIN GROUP it takes {function.direct_args} arguments, not {given}"
    return ""


def _is_extreme(call: Call) -> bool:
    return call.function.name in ("min", "max")
