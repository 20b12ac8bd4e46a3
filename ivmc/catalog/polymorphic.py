"""Polymorphic arguments: anyelement and its family, anycompatible and its family.

Source: PostgreSQL manual, section 36.2.5 "Polymorphic Types"; parse_coerce.c
(check_generic_type_consistency, enforce_generic_type_consistency).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ivmc.catalog.model import Unresolved
from ivmc.catalog.symbols import TypeEntry

if TYPE_CHECKING:
    from ivmc.catalog.coercion import Coercion

FAMILY = {"anyelement", "anynonarray", "anyenum", "anyarray", "anyrange", "anymultirange"}
COMPATIBLE = {
    "anycompatible",
    "anycompatiblenonarray",
    "anycompatiblearray",
    "anycompatiblerange",
    "anycompatiblemultirange",
}
UNDETERMINED = "could not determine polymorphic type because input has type unknown"


def is_polymorphic(entry: TypeEntry) -> bool:
    """Whether this pseudo-type stands for one of the call's own types."""
    return entry.kind == "p" and (entry.name in FAMILY or entry.name in COMPATIBLE)


@dataclass(slots=True)
class Solution:
    """What each pseudo-type stands for in one call; `error` says why there is no solution.

    `undetermined`: every polymorphic argument is an unknown literal.
    """

    types: dict[str, TypeEntry] = field(default_factory=dict)
    error: str | None = None
    undetermined: bool = False

    def of(self, declared: TypeEntry) -> TypeEntry | None:
        """The type that a declared one stands for; itself where it is not polymorphic."""
        return self.types.get(declared.name) if is_polymorphic(declared) else declared

    def bind(self, name: str, actual: TypeEntry) -> None:
        """Let a pseudo-type stand for that type; two types for one name are an error."""
        if self.types.setdefault(name, actual) is not actual:
            self.error = f'arguments declared "{name}" are not all alike'


def solve(coercion: Coercion, actual: Sequence[TypeEntry], declared: Sequence[TypeEntry]) -> Solution:
    """What the pseudo-types in `declared` stand for, given the call's types, one for each."""
    solution = Solution()
    pairs = [(d.name, a) for a, d in zip(actual, declared, strict=True) if is_polymorphic(d)]
    known = [(name, a) for name, a in pairs if a.name != "unknown"]
    if any(name in FAMILY for name, _ in pairs):
        solve_family(solution, {name for name, _ in pairs}, known)
    if any(name in COMPATIBLE for name, _ in pairs) and solution.error is None:
        solve_compatible(coercion, solution, {name for name, _ in pairs}, known)
    return solution


def solve_family(solution: Solution, names: set[str], known: Sequence[tuple[str, TypeEntry]]) -> None:
    """anyelement, anyarray …: all of one exact type, domains over arrays and ranges flattened."""
    for name, actual in known:
        if name in ("anyelement", "anynonarray", "anyenum"):
            solution.bind("anyelement", actual)
        elif name in FAMILY:
            solution.bind(name, actual.stripped)
    derive(solution, "anyarray", "element")
    multirange = solution.types.get("anymultirange")
    if multirange is not None:
        bind_part(solution, "anymultirange", "anyrange", multirange.subtype)
    derive(solution, "anyrange", "subtype")
    element = solution.types.get("anyelement")
    if solution.error or element is None:
        solution.undetermined = element is None
        return
    check_kind(solution, names, element)
    spread(solution, element)


def derive(solution: Solution, name: str, part: str) -> None:
    """The element type that an array or range argument brings."""
    whole = solution.types.get(name)
    if whole is not None:
        bind_part(solution, name, "anyelement", getattr(whole, part))


def bind_part(solution: Solution, name: str, target: str, part: TypeEntry | None) -> None:
    """Bind the part of an argument; an argument without one is an error."""
    if part is None or (name == "anyrange" and solution.types[name].kind != "r"):
        actual = solution.types[name].value.sql
        solution.error = f"argument declared {name} is not {NOUN[name]} but type {actual}"
    elif solution.types.setdefault(target, part) is not part:
        solution.error = f"argument declared {name} is not consistent with argument declared {target}"


NOUN = {
    "anyarray": "an array",
    "anyrange": "a range type",
    "anymultirange": "a multirange type",
    "anycompatiblearray": "an array",
    "anycompatiblerange": "a range type",
    "anycompatiblemultirange": "a multirange type",
}


def check_kind(solution: Solution, names: set[str], element: TypeEntry) -> None:
    """anynonarray is no array, anyenum an enum."""
    if "anynonarray" in names and element.stripped.element is not None:
        solution.error = "type matched to anynonarray is an array type: " + element.value.sql
    if "anyenum" in names and element.stripped.kind != "e":
        solution.error = f"type matched to anyenum is not an enum type: {element.value.sql}"


def spread(solution: Solution, element: TypeEntry) -> None:
    """The other names of the family, from the element type."""
    solution.types.setdefault("anynonarray", element)
    solution.types.setdefault("anyenum", element)
    if element.array is not None:
        solution.types.setdefault("anyarray", element.array)
    ranged = solution.types.get("anyrange")
    if ranged is not None and ranged.multirange is not None:
        solution.types.setdefault("anymultirange", ranged.multirange)


def solve_compatible(
    coercion: Coercion,
    solution: Solution,
    names: set[str],
    known: Sequence[tuple[str, TypeEntry]],
) -> None:
    """anycompatible …: the common type of all of them; text where all are unknown."""
    elements = []
    for name, actual in known:
        if name in COMPATIBLE:
            part = compatible_part(solution, name, actual.stripped, actual)
            if part is None:
                return
            elements.append(part)
    try:
        common = coercion.common_type(elements, "arguments") if elements else coercion.text
    except Unresolved:
        solution.error = "arguments of anycompatible family cannot be cast to a common type"
        return
    finish_compatible(solution, names, common)


def compatible_part(
    solution: Solution, name: str, stripped: TypeEntry, actual: TypeEntry
) -> TypeEntry | None:
    """What an argument contributes to the common type; None with the error set."""
    if name in ("anycompatible", "anycompatiblenonarray"):
        return actual
    if name == "anycompatiblearray":
        part = stripped.element
    else:
        solution.bind(name, stripped)
        ranged = stripped.subtype if name == "anycompatiblemultirange" else stripped
        part = ranged.subtype if ranged is not None and ranged.kind == "r" else None
    if part is None:
        actual_name = actual.value.sql
        solution.error = f"argument declared {name} is not {NOUN[name]} but type {actual_name}"
    return None if solution.error else part


def finish_compatible(solution: Solution, names: set[str], common: TypeEntry) -> None:
    """Spread the common type over the family, and check it against ranges."""
    if "anycompatiblenonarray" in names and common.stripped.element is not None:
        solution.error = "type matched to anycompatiblenonarray is an array type: " + common.value.sql
        return
    multirange = solution.types.get("anycompatiblemultirange")
    ranged = solution.types.get("anycompatiblerange")
    if ranged is None and multirange is not None:
        ranged = multirange.subtype
    if ranged is not None and ranged.subtype is not common:
        solution.error = "anycompatiblerange type does not match anycompatible type " + common.value.sql
        return
    solution.types |= {"anycompatible": common, "anycompatiblenonarray": common}
    if common.array is not None:
        solution.types["anycompatiblearray"] = common.array
    if ranged is not None:
        solution.types["anycompatiblerange"] = ranged
        if ranged.multirange is not None:
            solution.types.setdefault("anycompatiblemultirange", ranged.multirange)
