"""What a type's default operator classes promise: equality, order, hashing.

Source: PostgreSQL manual, sections 36.16 "Interfacing Extensions to Indexes", 8.1-8.21; the
btree comparison function of each type.
"""

from __future__ import annotations

from typing import Literal

from ivmc.catalog.symbols import Symbols, TypeEntry

Equality = Literal["identity", "equal", "none"]

# Equal values that print differently: 1.0 and 1.00, -0 and 0, '1 mon' and '30 days', blanks at
# the end, numbers inside jsonb, lexemes that a query's comparison does not look at.
NOT_IDENTICAL = {"numeric", "float4", "float8", "interval", "bpchar", "jsonb", "tsquery"}
# What is inside the types that have subscripts and are no arrays.
SUBSCRIPTED = {
    "jsonb": "jsonb", "name": "char", "point": "float8", "line": "float8", "lseg": "point", "box": "point",
}  # fmt: skip
# Types whose default classes come through a pseudo-type's (array_ops, enum_ops, range_ops …).
CLASS_KINDS = "erm"


def equality(symbols: Symbols, entry: TypeEntry, typmod: int = -1) -> Equality:
    """What `=` of the default operator class says of two values.

    identity: equal values look the same to every expression. equal: some equal values differ.
    none: there is no such operator. A nondeterministic collation is the column's matter, not the
    type's: text is `identity` here. An extension's type is at most `equal`.
    """
    entry = entry.stripped
    if not orderable(symbols, entry):
        return "none"
    if entry.name in ("bpchar", "numeric") and typmod >= 0:
        return "identity"  # padded to one length, rounded to one scale
    parts = parts_of(symbols, entry)
    if parts:
        worst = {equality(symbols, part) for part in parts}
        return next(e for e in ("none", "equal", "identity") if e in worst)
    own = entry.schema != "pg_catalog" and entry.kind == "b"
    return "equal" if own or entry.name in NOT_IDENTICAL or entry.name == "record" else "identity"


def parts_of(symbols: Symbols, entry: TypeEntry) -> list[TypeEntry]:
    """The types that a value's parts have: elements, range bounds, fields."""
    if entry.element is not None:
        return [entry.element]
    if entry.kind in "rm" and entry.subtype is not None:
        return [entry.subtype]
    found = [symbols.type(t.schema, t.name) for _, t in entry.fields]
    return [f for f in found if f is not None]


def orderable(symbols: Symbols, entry: TypeEntry) -> bool:
    """Whether there is a default btree operator class that works on all its parts."""
    entry = entry.stripped
    if entry.element is not None or entry.kind == "c":
        return all(orderable(symbols, part) for part in parts_of(symbols, entry))
    return entry.has_btree or entry.kind in CLASS_KINDS


def hashable(symbols: Symbols, entry: TypeEntry) -> bool:
    """Whether there is a default hash operator class with an extended hash function."""
    entry = entry.stripped
    if entry.element is not None or entry.kind in "crm":
        return all(hashable(symbols, part) for part in parts_of(symbols, entry))
    return entry.has_hash or entry.kind == "e"
