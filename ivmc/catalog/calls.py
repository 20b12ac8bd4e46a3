"""A call or an operator, resolved to the value that the compiler works with.

Source: parse_func.c (ParseFuncOrColumn, func_get_detail), parse_oper.c (oper, left_oper).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from ivmc.catalog import overload
from ivmc.catalog.coercion import Coercion, is_unknown
from ivmc.catalog.infallible import is_infallible
from ivmc.catalog.model import Function, Operator, Type, Unresolved, Volatility
from ivmc.catalog.polymorphic import UNDETERMINED, Solution, solve
from ivmc.catalog.symbols import OperatorEntry, Procedure, TypeEntry

if TYPE_CHECKING:
    from typing import Literal

    from ivmc.catalog.catalog import Catalog

CASTS_HINT = " You might need to add explicit type casts."
NO_FUNCTION = "No function matches the given name and argument types." + CASTS_HINT
MANY_FUNCTIONS = "Could not choose a best candidate function." + CASTS_HINT
NO_OPERATOR = "No operator matches the given name and argument types." + CASTS_HINT
NO_PREFIX = (
    "No operator matches the given name and argument type. You might need to add an explicit type cast."
)
MANY_OPERATORS = "Could not choose a best candidate operator." + CASTS_HINT


def call_of(
    catalog: Catalog,
    names: tuple[str, ...],
    types: Sequence[TypeEntry],
    named: tuple[str, ...],
    variadic: bool,
) -> Function | Unresolved:
    """The function that a call with arguments of these types means, the last ones named."""
    visible = catalog.visible_functions(names)
    found = overload.candidates(visible, len(types), named, spread=not variadic)
    wanted = tuple(types)
    chosen = [c for c in found if c.args == wanted][:1]
    if not chosen and len(types) == 1 and not named:
        as_cast = function_style_cast(catalog, names, types[0])
        if as_cast is not None:
            return as_cast
    chosen = chosen or overload.best(catalog.coercion, found, types)
    signature = f"{'.'.join(names)}({listed(catalog.coercion, types, named)})"
    if not chosen:
        return Unresolved("unknown", f"function {signature} does not exist", NO_FUNCTION)
    if len(chosen) > 1:
        return Unresolved("ambiguous", f"function {signature} is not unique", MANY_FUNCTIONS)
    return resolved(catalog.coercion, chosen[0], types)


def listed(coercion: Coercion, types: Sequence[TypeEntry], named: tuple[str, ...]) -> str:
    """The argument types of a message."""
    labels = [""] * (len(types) - len(named)) + [f"{name} => " for name in named]
    return ", ".join(label + coercion.shown(t) for label, t in zip(labels, types, strict=True))


def function_style_cast(catalog: Catalog, names: tuple[str, ...], source: TypeEntry) -> Function | None:
    """`date(x)`: a type's name called as a function, where the cast needs no function."""
    target = catalog.type_entry(names)
    if target is None or target.kind in "cp":
        return None
    pathway = catalog.coercion.pathway(source, target, "e")
    of_row = source.stripped.kind == "c" or source.name == "record"
    if not is_unknown(source) and pathway != "relabel" and (pathway != "io" or of_row):
        return None
    volatility = catalog.cast(source.value, target.value)
    return Function(
        target.schema,
        target.name,
        "f",
        (source.value,),
        target.value,
        volatility=volatility.volatility if volatility else "s",
        strict=True,
        infallible=bool(volatility and volatility.infallible),
    )


def resolved(
    coercion: Coercion, chosen: overload.Candidate, types: Sequence[TypeEntry]
) -> Function | Unresolved:
    """The chosen function with every pseudo-type replaced by what it stands for here."""
    solution = solve(coercion, types, chosen.args)
    problem = unsolved(coercion, solution, (*chosen.args, chosen.procedure.result))
    if problem:
        return problem
    args = tuple([argument(solution, d, t) for d, t in zip(chosen.args, types, strict=True)])
    return function_value(chosen.procedure, args, solution, chosen.expanded)


def unsolved(coercion: Coercion, solution: Solution, declared: Sequence[TypeEntry]) -> Unresolved | None:
    """Why a pseudo-type among the declared ones, the result included, has no solution, if so."""
    if solution.undetermined:
        return Unresolved("mismatch", UNDETERMINED.format(""))
    missing = next((d.name for d in declared if solution.of(d) is None), None)
    if missing is None or not solution.types:
        return None
    if "array" not in missing:
        return Unresolved("mismatch", UNDETERMINED.format(missing + " "))
    element = solution.types.get("anyelement") or solution.types["anycompatible"]
    return Unresolved("mismatch", f"could not find array type for data type {coercion.shown(element)}")


def argument(solution: Solution, declared: TypeEntry, actual: TypeEntry) -> Type:
    """The type that an argument is coerced to; "any" takes it as it is."""
    target = solution.of(declared) or actual
    return (actual if target.name == "any" else target).value


def function_value(
    procedure: Procedure, args: tuple[Type, ...], solution: Solution, expanded: bool = False
) -> Function:
    """The value that stands for one call of a function."""
    result = solution.of(procedure.result) or procedure.result
    return Function(
        procedure.schema,
        procedure.name,
        cast("Literal['f', 'a', 'w', 'p']", procedure.kind),
        args,
        result.value,
        volatility=cast("Volatility", procedure.volatility),
        strict=procedure.strict,
        returns_set=procedure.returns_set,
        variadic=expanded,
        aggregate_kind=cast("Literal['n', 'o', 'h']", procedure.aggregate_kind),
        columns=columns(procedure, result, solution),
        infallible=is_infallible(procedure),
        direct_args=procedure.direct_args,
    )


def columns(
    procedure: Procedure, result: TypeEntry, solution: Solution
) -> tuple[tuple[str, Type], ...] | None:
    """The OUT and TABLE columns, or the fields of the composite result."""
    if procedure.out:
        return tuple([(name, (solution.of(t) or t).value) for name, t in procedure.out])
    return result.stripped.fields or None


def operator_of(
    catalog: Catalog, names: tuple[str, ...], left: TypeEntry | None, right: TypeEntry
) -> Operator | Unresolved:
    """The operator between (or before) operands of these types."""
    prefix = left is None
    found = [o for o in catalog.visible_operators(names) if (o.left is None) == prefix]
    types = (right,) if left is None else (left, right)
    match = exact(found, left, right)
    chosen = [match] if match else overload.best(catalog.coercion, found, types)
    if len(chosen) == 1:
        return operator_value(catalog.coercion, chosen[0], types)
    shown = catalog.coercion.shown
    text = f"{shown(left) + ' ' if left else ''}{'.'.join(names)} {shown(right)}"
    if chosen:
        return Unresolved("ambiguous", f"operator is not unique: {text}", MANY_OPERATORS)
    return Unresolved("unknown", f"operator does not exist: {text}", NO_OPERATOR if left else NO_PREFIX)


def exact(found: Sequence[OperatorEntry], left: TypeEntry | None, right: TypeEntry) -> OperatorEntry | None:
    """The operator of exactly these operand types."""
    if left is not None:
        return overload.exact_binary(found, left, right)
    return next((o for o in found if o.right is right), None)


def operator_value(
    coercion: Coercion, chosen: OperatorEntry, types: Sequence[TypeEntry]
) -> Operator | Unresolved:
    """The value that stands for one use of an operator."""
    solution = solve(coercion, types, chosen.args)
    problem = unsolved(coercion, solution, (*chosen.args, chosen.result))
    if problem:
        return problem
    args = tuple([argument(solution, d, t) for d, t in zip(chosen.args, types, strict=True)])
    function = function_value(chosen.function, args, solution)
    result = solution.of(chosen.result) or chosen.result
    return Operator(
        chosen.schema,
        chosen.name,
        args[0] if chosen.left else None,
        args[-1],
        result.value,
        function,
        chosen.commutator,
        chosen.negator,
    )
