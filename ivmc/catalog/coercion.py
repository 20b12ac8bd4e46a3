"""Which type becomes which, and the common type of several.

Source: PostgreSQL manual, chapter 10 "Type Conversion"; parse_coerce.c (can_coerce_type,
find_coercion_pathway, select_common_type, IsBinaryCoercible).
"""

from __future__ import annotations

from collections.abc import Sequence

from ivmc.catalog.model import Unresolved
from ivmc.catalog.polymorphic import is_polymorphic, solve
from ivmc.catalog.symbols import CastEntry, Symbols, TypeEntry
from ivmc.catalog.typmod import quote

CONTEXTS = "iae"
VECTORS = ("int2vector", "oidvector")


def is_named(entry: TypeEntry, name: str) -> bool:
    """Whether this is pg_catalog's type of that name."""
    return entry.name == name and entry.schema == "pg_catalog"


def is_unknown(entry: TypeEntry) -> bool:
    """Whether this is the type of a bare literal."""
    return is_named(entry, "unknown")


class Coercion:
    """The implicit, assignment and explicit conversions among the types of `symbols`."""

    def __init__(self, symbols: Symbols, path: Sequence[str] = ()) -> None:
        self.symbols = symbols
        self.path = path
        self.paths: dict[tuple[TypeEntry, TypeEntry, str], str | CastEntry | None] = {}

    def pathway(self, source: TypeEntry, target: TypeEntry, context: str) -> str | CastEntry | None:
        """How a value gets from source to target (find_coercion_pathway); None: not at all.

        `relabel`, `io`, `array`, or the row of pg_cast whose function does it.
        """
        key = (source, target, context)
        if key not in self.paths:
            self.paths[key] = self.find_pathway(source.stripped, target.stripped, context)
        return self.paths[key]

    def find_pathway(self, source: TypeEntry, target: TypeEntry, context: str) -> str | CastEntry | None:
        """`pathway` of two types that are no domains."""
        if source is target:
            return "relabel"
        cast = self.symbols.cast(source, target)
        if cast is None:
            return self.uncatalogued_pathway(source, target, context)
        if CONTEXTS.index(context) < CONTEXTS.index(cast.context):
            return None
        return {"b": "relabel", "i": "io"}.get(cast.method, cast)

    def uncatalogued_pathway(self, source: TypeEntry, target: TypeEntry, context: str) -> str | None:
        """The conversions that need no row in pg_cast: of array elements, and through text."""
        if source.element and target.element and target.name not in VECTORS:  # noqa: SIM102
            if self.pathway(source.element, target.element, context) is not None:
                return "array"
        to_text = context != "i" and target.category == "S"
        from_text = context == "e" and source.category == "S"
        return "io" if to_text or from_text else None

    def can_coerce(
        self, sources: Sequence[TypeEntry], targets: Sequence[TypeEntry], context: str = "i"
    ) -> bool:
        """Whether every source converts to its target (can_coerce_type)."""
        polymorphic = False
        for source, target in zip(sources, targets, strict=True):
            if source is target:
                continue
            if is_polymorphic(target):
                polymorphic = True
            elif not self.can_coerce_one(source, target, context):
                return False
        return not polymorphic or not solve(self, sources, targets).failed

    def can_coerce_one(self, source: TypeEntry, target: TypeEntry, context: str) -> bool:
        """Whether one type converts to another, neither being polymorphic."""
        if source is target or is_named(target, "any") or is_unknown(source):
            return True
        if self.pathway(source, target, context) is not None:
            return True
        if is_named(source, "record"):
            return target.stripped.kind == "c"
        if is_named(target, "record"):
            return source.stripped.kind == "c"
        element = source.element
        return bool(is_named(target, "_record") and element and element.kind == "c")

    def same_bytes(self, source: TypeEntry, target: TypeEntry) -> bool:
        """Whether a value of one type is one of the other as it stands (IsBinaryCoercible)."""
        source = source.stripped
        if source is target or target.name in ("any", "anyelement", "anycompatible"):
            return True
        match target.name:
            case "anyarray" | "anycompatiblearray":
                return source.element is not None
            case "anyenum":
                return source.kind == "e"
            case "anyrange" | "anycompatiblerange":
                return source.kind == "r"
            case "anymultirange" | "anycompatiblemultirange":
                return source.kind == "m"
            case "record":
                return source.kind == "c"
            case _:
                cast = self.symbols.cast(source, target)
                return bool(cast and cast.method == "b" and cast.context == "i")

    def common_type(self, types: Sequence[TypeEntry], construct: str) -> TypeEntry:
        """The type that UNION, CASE, ARRAY, VALUES … give to inputs of these types.

        The first input has a say of its own: CASE passes its ELSE first. Raises `Unresolved`.
        """
        if all(t is types[0] for t in types) and not is_unknown(types[0]):
            return types[0]
        chosen = self.preferred_of([t.stripped for t in types], construct)
        for each in types:
            if not self.can_coerce((each,), (chosen,)):
                names = f"{self.shown(each)} to {self.shown(chosen)}"
                raise Unresolved("mismatch", f"{construct} could not convert type {names}")
        return chosen

    def preferred_of(self, types: Sequence[TypeEntry], construct: str) -> TypeEntry:
        """The most general of these base types (select_common_type); text if all are unknown."""
        chosen = types[0]
        for each in types[1:]:
            if is_unknown(each) or each is chosen:
                continue
            if is_unknown(chosen):
                chosen = each
            elif each.category != chosen.category:
                names = f"{self.shown(chosen)} and {self.shown(each)}"
                raise Unresolved("mismatch", f"{construct} types {names} cannot be matched")
            elif not chosen.preferred and self.widens(chosen, each):
                chosen = each
        return self.text if is_unknown(chosen) else chosen

    def widens(self, narrow: TypeEntry, wide: TypeEntry) -> bool:
        """Whether the one converts implicitly to the other and not back."""
        return self.can_coerce((narrow,), (wide,)) and not self.can_coerce((wide,), (narrow,))

    def shown(self, entry: TypeEntry) -> str:
        """The type as messages name it (format_type): qualified where it is not visible."""
        if entry.element is not None and entry.element.array is entry:
            return self.shown(entry.element) + "[]"
        if entry.schema == "pg_catalog":
            return {"bit": "bit", "bpchar": "character"}.get(entry.name, entry.value.sql)
        found = (self.symbols.type(schema, entry.name) for schema in self.path)
        visible = next(filter(None, found), None) is entry
        return quote(entry.name) if visible else entry.value.sql

    @property
    def text(self) -> TypeEntry:
        """pg_catalog.text."""
        found = self.symbols.type("pg_catalog", "text")
        assert found is not None
        return found
