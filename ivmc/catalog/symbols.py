"""The objects that names resolve to, as the system catalogs hold them.

A `Symbols` is one set of them; the shipped snapshot is one, a user's own objects are another
laid over it. Names of types, functions and operators find candidates in every schema: which of
them are visible is the search path's matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from ivmc.catalog.model import Relation, Type


@dataclass(slots=True, eq=False)
class TypeEntry:
    """A row of pg_type; compared by identity, so one instance for each type.

    `kind` is typtype (b base, c composite, d domain, e enum, p pseudo, r range, m multirange),
    `category` typcategory. `subtype` of a range is its element type, of a multirange its range.
    `has_btree`, `has_hash`: a default operator class of its own (hash: with hash_extended).
    `operators` is the schema of its comparisons.
    """

    schema: str
    name: str
    kind: str = "b"
    category: str = "U"
    preferred: bool = False
    collatable: bool = False
    has_btree: bool = False
    has_hash: bool = False
    operators: str = "pg_catalog"
    element: TypeEntry | None = field(default=None, repr=False)
    array: TypeEntry | None = field(default=None, repr=False)
    base: TypeEntry | None = field(default=None, repr=False)
    base_typmod: int = -1
    subtype: TypeEntry | None = field(default=None, repr=False)
    multirange: TypeEntry | None = field(default=None, repr=False)
    input_volatility: str = "i"
    output_volatility: str = "i"
    fields: tuple[tuple[str, Type], ...] = ()
    checked: bool = False
    value: Type = field(init=False)

    def __post_init__(self) -> None:
        self.value = Type(self.schema, self.name, operators=self.stripped.operators)

    @property
    def stripped(self) -> TypeEntry:
        """The type under any number of domains."""
        entry = self
        while entry.base is not None:
            entry = entry.base
        return entry


@dataclass(frozen=True, slots=True, eq=False)
class Procedure:
    """A row of pg_proc: a function, aggregate or window function that can be called.

    `variadic` is the element type of a VARIADIC last argument. `names` are the input arguments'
    names ("" for none), `out` the OUT and TABLE columns.
    """

    schema: str
    name: str
    kind: str
    args: tuple[TypeEntry, ...]
    result: TypeEntry
    volatility: str = "v"
    strict: bool = False
    returns_set: bool = False
    variadic: TypeEntry | None = None
    defaults: int = 0
    names: tuple[str, ...] = ()
    out: tuple[tuple[str, TypeEntry], ...] = ()
    aggregate_kind: str = "n"
    direct_args: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class OperatorEntry:
    """A row of pg_operator; `left` is None for a prefix operator."""

    schema: str
    name: str
    left: TypeEntry | None
    right: TypeEntry
    result: TypeEntry
    function: Procedure
    commutator: str | None = None
    negator: str | None = None

    @property
    def args(self) -> tuple[TypeEntry, ...]:
        """The operands' declared types."""
        return (self.right,) if self.left is None else (self.left, self.right)


@dataclass(frozen=True, slots=True, eq=False)
class CastEntry:
    """A row of pg_cast: `method` f function, i through text, b same bytes."""

    context: str
    method: str
    function: Procedure | None


class Symbols(Protocol):
    """Where names are looked up."""

    def type(self, schema: str, name: str) -> TypeEntry | None:
        """The type of that name in that schema."""

    def functions(self, name: str) -> tuple[Procedure, ...]:
        """Every function of that name, in any schema."""

    def operators(self, name: str) -> tuple[OperatorEntry, ...]:
        """Every operator of that name, in any schema."""

    def cast(self, source: TypeEntry, target: TypeEntry) -> CastEntry | None:
        """The row of pg_cast from `source` to `target`."""

    def relation(self, schema: str, name: str) -> Relation | None:
        """The table or view of that name in that schema."""


class UserSymbols:
    """A user's own objects over the shipped ones; filled first, then only read."""

    def __init__(self, shipped: Symbols) -> None:
        self.shipped = shipped
        self.types: dict[tuple[str, str], TypeEntry] = {}
        self.procedures: dict[str, list[Procedure]] = {}
        self.operator_entries: dict[str, list[OperatorEntry]] = {}
        self.casts: dict[tuple[TypeEntry, TypeEntry], CastEntry] = {}
        self.relations: dict[tuple[str, str], Relation] = {}

    def add_type(self, entry: TypeEntry, array_name: str = "") -> TypeEntry:
        """Add a type and its array type."""
        array = TypeEntry(
            entry.schema, array_name or "_" + entry.name, category="A", element=entry,
            collatable=entry.collatable,
        )  # fmt: skip
        entry.array = array
        for each in (entry, array):
            self.types[each.schema, each.name] = each
        return entry

    def add_range_functions(self, entry: TypeEntry) -> None:
        """The constructors that come with a range type and its multirange."""
        text, subtype = self.shipped.type("pg_catalog", "text"), entry.subtype
        assert text is not None
        assert subtype is not None
        args = (subtype, subtype)
        self.add_constructor(entry, args)
        self.add_constructor(entry, (*args, text))
        if entry.multirange is not None and entry.array is not None:
            self.add_constructor(entry.multirange, ())
            self.add_constructor(entry.multirange, (entry,))
            self.add_constructor(entry.multirange, (entry.array,), entry)

    def add_constructor(
        self, entry: TypeEntry, args: tuple[TypeEntry, ...], variadic: TypeEntry | None = None
    ) -> None:
        """An immutable function named like its type."""
        procedure = Procedure(
            entry.schema, entry.name, "f", args, entry, "i", strict=variadic is not None,
            variadic=variadic,
        )  # fmt: skip
        self.procedures.setdefault(entry.name, []).append(procedure)

    def type(self, schema: str, name: str) -> TypeEntry | None:
        """See `Symbols`."""
        return self.types.get((schema, name)) or self.shipped.type(schema, name)

    def functions(self, name: str) -> tuple[Procedure, ...]:
        """See `Symbols`."""
        own = self.procedures.get(name)
        shipped = self.shipped.functions(name)
        return (*own, *shipped) if own else shipped

    def operators(self, name: str) -> tuple[OperatorEntry, ...]:
        """See `Symbols`."""
        own = self.operator_entries.get(name)
        shipped = self.shipped.operators(name)
        return (*own, *shipped) if own else shipped

    def cast(self, source: TypeEntry, target: TypeEntry) -> CastEntry | None:
        """See `Symbols`."""
        return self.casts.get((source, target)) or self.shipped.cast(source, target)

    def relation(self, schema: str, name: str) -> Relation | None:
        """See `Symbols`."""
        return self.relations.get((schema, name)) or self.shipped.relation(schema, name)

    def all_relations(self) -> Iterator[Relation]:
        """The user's own tables and views."""
        return iter(self.relations.values())
