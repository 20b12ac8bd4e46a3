"""How a value of one type becomes one of another, and whether that can fail.

Source: PostgreSQL manual, section 10.4 "Value Storage", chapter "pg_cast"; parse_coerce.c
(coerce_type, coerce_type_typmod).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ivmc.catalog.calls import function_value
from ivmc.catalog.coercion import is_unknown
from ivmc.catalog.infallible import INFALLIBLE_OUTPUT, is_infallible
from ivmc.catalog.model import Cast, Type, Volatility
from ivmc.catalog.polymorphic import Solution
from ivmc.catalog.symbols import CastEntry, TypeEntry

if TYPE_CHECKING:
    from ivmc.catalog.catalog import Catalog

SHORTENED = {"varchar", "bpchar", "bit", "varbit"}
ROUNDED = {"time", "timetz", "timestamp", "timestamptz"}


def find_cast(catalog: Catalog, source: Type, target: Type, context: str) -> Cast | None:
    """The conversion between two types with their modifiers; None where there is none."""
    if source == target:
        return Cast("same", "i", infallible=True)
    origin, goal = catalog.entry(source), catalog.entry(target)
    found = unmodified(catalog, origin, goal, context)
    if found is None:
        return None
    limited = target.typmod not in (-1, source.typmod) and not fits(goal, context)
    limited = limited or has_checks(goal, origin)
    return Cast(found.method, found.volatility, False, found.function) if limited else found


def fits(goal: TypeEntry, context: str) -> bool:
    """Whether a modifier shortens or rounds a value where others raise an error."""
    shortens = context == "e" and goal.name in SHORTENED
    return goal.schema == "pg_catalog" and (shortens or goal.name in ROUNDED)


def has_checks(goal: TypeEntry, origin: TypeEntry) -> bool:
    """Whether a target is a domain that the source is not."""
    return goal is not origin and goal.base is not None


def unmodified(catalog: Catalog, origin: TypeEntry, goal: TypeEntry, context: str) -> Cast | None:
    """The conversion between two types, whatever their modifiers."""
    if is_unknown(origin):
        return Cast("literal", cast("Volatility", goal.stripped.input_volatility), False)
    pathway = catalog.coercion.pathway(origin, goal, context)
    match pathway:
        case "relabel":
            return Cast("same" if origin is goal else "relabel", "i", infallible=True)
        case "io":
            return through_text(origin.stripped, goal.stripped)
        case "array":
            return of_elements(catalog, origin.stripped, goal.stripped, context)
        case CastEntry(function=function) if function is not None:
            value = function_value(function, tuple(a.value for a in function.args), Solution())
            return Cast("function", value.volatility, is_infallible(function), value)
    return of_row(catalog, origin, goal, context)


def through_text(origin: TypeEntry, goal: TypeEntry) -> Cast:
    """The output function, then the input function; into a string only the former can fail."""
    volatility = max(origin.output_volatility, goal.input_volatility)
    to_string = goal.category == "S" and goal.name in ("text", "varchar", "bpchar")
    safe = to_string and origin.name in INFALLIBLE_OUTPUT
    return Cast("io", cast("Volatility", volatility), safe)


def of_elements(catalog: Catalog, origin: TypeEntry, goal: TypeEntry, context: str) -> Cast | None:
    """An array, element by element."""
    assert origin.element is not None
    assert goal.element is not None
    found = unmodified(catalog, origin.element, goal.element, context)
    return found and Cast("array", found.volatility, found.infallible, found.function)


def of_row(catalog: Catalog, origin: TypeEntry, goal: TypeEntry, context: str) -> Cast | None:
    """A row constructor to a composite type, or back."""
    if not catalog.coercion.can_coerce_one(origin, goal, context):
        return None
    return Cast("record", "s", infallible=goal.name == "record")
