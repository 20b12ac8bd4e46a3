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
UNDETERMINED = "could not determine polymorphic type {}because input has type unknown"


def is_polymorphic(entry: TypeEntry) -> bool:
    """Whether this pseudo-type stands for one of the call's own types."""
    return entry.kind == "p" and (entry.name in FAMILY or entry.name in COMPATIBLE)


@dataclass(slots=True)
class Solution:
    """What each pseudo-type stands for in one call.

    `failed`: the call's types do not fit together. `undetermined`: every argument of the
    anyelement family is an unknown literal.
    """

    types: dict[str, TypeEntry] = field(default_factory=dict)
    failed: bool = False
    undetermined: bool = False

    def of(self, declared: TypeEntry) -> TypeEntry | None:
        """The type that a declared one stands for; itself where it is not polymorphic."""
        return self.types.get(declared.name) if is_polymorphic(declared) else declared

    def bind(self, name: str, actual: TypeEntry | None) -> None:
        """Let a pseudo-type stand for that type: for one only, and it must exist."""
        if actual is None or self.types.setdefault(name, actual) is not actual:
            self.failed = True


def solve(coercion: Coercion, actual: Sequence[TypeEntry], declared: Sequence[TypeEntry]) -> Solution:
    """What the pseudo-types in `declared` stand for, given the call's types, one for each."""
    solution = Solution()
    pairs = [(d.name, a) for a, d in zip(actual, declared, strict=True) if is_polymorphic(d)]
    names = {name for name, _ in pairs}
    known = [(name, a) for name, a in pairs if a.name != "unknown"]
    if names & FAMILY:
        solve_family(solution, names, known)
    if names & COMPATIBLE and not solution.failed:
        solve_compatible(coercion, solution, names, known)
    return solution


def solve_family(solution: Solution, names: set[str], known: Sequence[tuple[str, TypeEntry]]) -> None:
    """anyelement, anyarray …: all of one exact type, domains over arrays and ranges flattened."""
    for name, actual in known:
        if name in ("anyelement", "anynonarray", "anyenum"):
            solution.bind("anyelement", actual)
        elif name in FAMILY:
            solution.bind(name, actual.stripped)
    types = solution.types
    if "anyarray" in types:
        solution.bind("anyelement", types["anyarray"].element)
    if "anymultirange" in types:
        solution.bind("anyrange", part_of(types["anymultirange"], "m"))
    if "anyrange" in types:
        solution.bind("anyelement", part_of(types["anyrange"], "r"))
    element = types.get("anyelement")
    solution.undetermined = element is None
    solution.failed = solution.failed or not suits(names, element)
    if element is not None and not solution.failed:
        spread(solution, element)


def part_of(whole: TypeEntry, kind: str) -> TypeEntry | None:
    """The subtype of a range, the range of a multirange; None for a type of another kind."""
    return whole.subtype if whole.kind == kind else None


def suits(names: set[str], element: TypeEntry | None) -> bool:
    """Whether anynonarray is no array and anyenum an enum."""
    array = element is not None and element.stripped.element is not None
    enum = element is not None and element.stripped.kind == "e"
    return not ("anynonarray" in names and array) and ("anyenum" not in names or enum)


def spread(solution: Solution, element: TypeEntry) -> None:
    """The other names of the family, from the element type."""
    types = solution.types
    types.setdefault("anynonarray", element)
    types.setdefault("anyenum", element)
    if element.array is not None:
        types.setdefault("anyarray", element.array)
    if "anyrange" in types and types["anyrange"].multirange is not None:
        types.setdefault("anymultirange", types["anyrange"].multirange)


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
            part = compatible_part(solution, name, actual)
            if part is None or solution.failed:
                solution.failed = True
                return
            elements.append(part)
    try:
        common = coercion.common_type(elements, "arguments") if elements else coercion.text
    except Unresolved:
        solution.failed = True
        return
    finish_compatible(solution, names, common)


def compatible_part(solution: Solution, name: str, actual: TypeEntry) -> TypeEntry | None:
    """What an argument contributes to the common type."""
    stripped = actual.stripped
    match name:
        case "anycompatiblearray":
            return stripped.element
        case "anycompatiblerange":
            solution.bind(name, stripped)
            return part_of(stripped, "r")
        case "anycompatiblemultirange":
            solution.bind(name, stripped)
            ranged = part_of(stripped, "m")
            return ranged and part_of(ranged, "r")
        case _:
            return actual


def finish_compatible(solution: Solution, names: set[str], common: TypeEntry) -> None:
    """Spread the common type over the family; a range must be one of exactly that type."""
    types = solution.types
    if "anycompatiblemultirange" in types:
        solution.bind("anycompatiblerange", types["anycompatiblemultirange"].subtype)
    ranged = types.get("anycompatiblerange")
    misfit = ranged is not None and ranged.subtype is not common
    array = "anycompatiblenonarray" in names and common.stripped.element is not None
    solution.failed = solution.failed or misfit or array
    types |= {"anycompatible": common, "anycompatiblenonarray": common}
    if common.array is not None:
        types["anycompatiblearray"] = common.array
    if ranged is not None and ranged.multirange is not None:
        types.setdefault("anycompatiblemultirange", ranged.multirange)
