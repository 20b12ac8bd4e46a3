"""Which function or operator a call means.

Source: PostgreSQL manual, sections 10.2 "Operators" and 10.3 "Functions"; namespace.c
(FuncnameGetCandidates), parse_func.c (func_get_detail, func_select_candidate), parse_oper.c.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from ivmc.catalog.coercion import Coercion, is_unknown
from ivmc.catalog.symbols import OperatorEntry, Procedure, TypeEntry


class Overload(Protocol):
    """Anything chosen by its argument types."""

    @property
    def args(self) -> tuple[TypeEntry, ...]:
        """The declared types that the actual arguments are held against."""


Chosen = TypeVar("Chosen", bound=Overload)


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A function as one call would use it: `args` has one declared type for each argument."""

    procedure: Procedure
    args: tuple[TypeEntry, ...]
    expanded: bool = False
    place: int = 0


def candidates(
    procedures: Iterable[tuple[int, Procedure]],
    count: int,
    named: Sequence[str],
    spread: bool,
) -> list[Candidate]:
    """The functions that a call with `count` arguments, the last ones named, could mean.

    Each procedure comes with the place of its schema in the search path. `spread`: the VARIADIC
    keyword is absent, so a variadic parameter takes any number of arguments.
    """
    kept: dict[tuple[TypeEntry, ...], Candidate] = {}
    for place, procedure in procedures:
        found = candidate(place, procedure, count, named, spread)
        if found is None:
            continue
        rival = kept.get(found.args)
        if rival is None or hides(found, rival):
            kept[found.args] = found
    return list(kept.values())


def hides(one: Candidate, other: Candidate) -> bool:
    """Whether, of two functions with the same argument types, the first is meant."""
    if one.place != other.place:
        return one.place < other.place
    if one.expanded != other.expanded:
        return other.expanded
    return len(one.procedure.args) < len(other.procedure.args)


def candidate(
    place: int, procedure: Procedure, count: int, named: Sequence[str], spread: bool
) -> Candidate | None:
    """The function as this call would use it, if it could."""
    declared = procedure.args
    if named:
        return named_candidate(place, procedure, count, named, spread)
    if spread and procedure.variadic is not None and len(declared) <= count:
        rest = (procedure.variadic,) * (count - len(declared) + 1)
        return Candidate(procedure, declared[:-1] + rest, expanded=True, place=place)
    if count <= len(declared) <= count + procedure.defaults:
        return Candidate(procedure, declared[:count], place=place)
    return None


def named_candidate(
    place: int, procedure: Procedure, count: int, named: Sequence[str], spread: bool
) -> Candidate | None:
    """`f(1, b => 2)` (MatchNamedCall): every name fits, and every gap has a default."""
    declared = procedure.args
    positional = count - len(named)
    if (procedure.variadic is not None and spread) or count > len(declared):
        return None
    try:
        places = [procedure.names.index(name) for name in named]
    except ValueError:
        return None
    missing = set(range(positional, len(declared))) - set(places)
    first_default = len(declared) - procedure.defaults
    if min(places) < positional or any(gap < first_default for gap in missing):
        return None
    types = declared[:positional] + tuple(declared[i] for i in places)
    return Candidate(procedure, types, place=place)


def best(coercion: Coercion, found: Sequence[Chosen], types: Sequence[TypeEntry]) -> list[Chosen]:
    """The overloads that remain after PostgreSQL's tie-breaking: one is the answer.

    None: nothing accepts these types. Several: the call is ambiguous.
    """
    fitting = [c for c in found if coercion.can_coerce(types, c.args)]
    return fitting if len(fitting) < 2 else select(coercion, fitting, types)


def select(coercion: Coercion, found: list[Chosen], types: Sequence[TypeEntry]) -> list[Chosen]:
    """Break ties among overloads that all accept these types (func_select_candidate)."""
    types = [t.stripped for t in types]
    known = [i for i, t in enumerate(types) if not is_unknown(t)]
    found = most(found, lambda c: sum(c.args[i] is types[i] for i in known))
    if len(found) > 1:
        found = most(found, lambda c: sum(good(c.args[i], types[i]) for i in known))
    if len(found) == 1 or len(known) == len(types):
        return found
    return select_unknown(coercion, found, types, known)


def most(found: list[Chosen], score: Callable[[Chosen], int]) -> list[Chosen]:
    """Those with the highest score."""
    scores = [score(c) for c in found]
    top = max(scores)
    return [c for c, s in zip(found, scores, strict=True) if s == top]


def good(declared: TypeEntry, actual: TypeEntry) -> bool:
    """Whether the declared type is the actual one, or the preferred one of its category."""
    return declared is actual or (declared.preferred and declared.category == actual.category)


def select_unknown(
    coercion: Coercion, found: list[Chosen], types: Sequence[TypeEntry], known: Sequence[int]
) -> list[Chosen]:
    """Ties that only literals of unknown type leave open: by category, then by the known types."""
    slots = [i for i in range(len(types)) if i not in known]
    wanted = {i: slot_category([c.args[i] for c in found]) for i in slots}
    if all(w is not None for w in wanted.values()):
        fits = [c for c in found if all(in_slot(c.args[i], wanted[i]) for i in slots)]
        found = fits or found
    same = {types[i] for i in known}
    if len(found) == 1 or len(same) != 1:
        return found
    assumed = list(same) * len(types)
    fits = [c for c in found if coercion.can_coerce(assumed, c.args)]
    return fits if len(fits) == 1 else found


def slot_category(declared: Sequence[TypeEntry]) -> tuple[str, bool] | None:
    """The category for an unknown literal and whether it must be the preferred type.

    String wins wherever some candidate takes one; otherwise all must agree.
    """
    categories = {d.category for d in declared}
    if len(categories) > 1 and "S" not in categories:
        return None
    chosen = "S" if "S" in categories else declared[0].category
    return chosen, any(d.preferred for d in declared if d.category == chosen)


def in_slot(declared: TypeEntry, wanted: tuple[str, bool] | None) -> bool:
    """Whether a declared type is what the slot wants."""
    assert wanted is not None
    category, preferred = wanted
    return declared.category == category and (declared.preferred or not preferred)


def exact_binary(found: Sequence[OperatorEntry], left: TypeEntry, right: TypeEntry) -> OperatorEntry | None:
    """The operator of exactly these operand types, an unknown literal taking the other's type."""
    was_unknown = is_unknown(left) != is_unknown(right)
    both = right if is_unknown(left) else left
    pair = (both, both) if was_unknown else (left, right)
    match = next((o for o in found if o.args == pair), None)
    if match is None and was_unknown and both.stripped is not both:
        base = both.stripped
        match = next((o for o in found if o.args == (base, base)), None)
    return match


def path_places(
    path: Sequence[str], found: Iterable[Procedure], schema: str | None
) -> list[tuple[int, Procedure]]:
    """Each visible function with the place of its schema in the search path."""
    if schema is not None:
        return [(0, p) for p in found if p.schema == schema]
    return [(path.index(p.schema), p) for p in found if p.schema in path]


def visible_operators(
    path: Sequence[str], found: Iterable[OperatorEntry], schema: str | None
) -> list[OperatorEntry]:
    """The operators that the name can mean: of equal operand types, the first in the path."""
    if schema is not None:
        return [o for o in found if o.schema == schema]
    kept: dict[tuple[TypeEntry | None, TypeEntry], OperatorEntry] = {}
    for each in sorted((o for o in found if o.schema in path), key=lambda o: path.index(o.schema)):
        kept.setdefault((each.left, each.right), each)
    return list(kept.values())
