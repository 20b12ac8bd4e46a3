"""Which collation a result has.

An explicit COLLATE wins, then a column's own collation over the default one; two that differ leave
it undetermined. Source: PostgreSQL manual, 23.2.1 "Collation Support: Concepts".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ivmc.catalog import Catalog, Type
from ivmc.scalar import Col, Expression, Scalar, children

NONE, IMPLICIT, EXPLICIT = range(3)
KEYWORD: Final = " COLLATE "
OWN: Final = {Type("pg_catalog", "name"): '"C"'}  # the types whose default is not the database's


def collation(catalog: Catalog, scalar: Scalar) -> str | None:
    """The collation of a scalar, spelt as in SQL; None for the default of its type."""
    return _unless_own(scalar.type, _derived(catalog, scalar)[0])


def combined(catalog: Catalog, result: Type, parts: Iterable[Scalar]) -> str | None:
    """The collation of a value of type `result` that is computed from `parts`."""
    return _unless_own(result, _merged(catalog, parts)[0]) if catalog.collatable(result) else None


def _unless_own(kind: Type, found: str | None) -> str | None:
    return None if found == OWN.get(kind) else found


def _derived(catalog: Catalog, scalar: Scalar) -> tuple[str | None, int]:
    """The collation, and how it came about."""
    if not catalog.collatable(scalar.type):
        return None, NONE
    match scalar:
        case Col():
            return scalar.collation or OWN.get(scalar.type), IMPLICIT
        case Expression(name="collate", template=(_, words)):
            return words.removeprefix(KEYWORD), EXPLICIT
        case _:
            name, strength = _merged(catalog, children(scalar))
            return (name, strength) if strength else (OWN.get(scalar.type), IMPLICIT)


def _merged(catalog: Catalog, parts: Iterable[Scalar]) -> tuple[str | None, int]:
    found = [_derived(catalog, part) for part in parts]
    strongest = max((strength for _, strength in found), default=NONE)
    names = {name for name, strength in found if strength == strongest and name is not None}
    return (names.pop() if len(names) == 1 else None), strongest
