"""What a DDL script has made so far."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ivmc.catalog.catalog import Catalog
from ivmc.catalog.model import Column, ForeignKey, Relation, Type, Unresolved
from ivmc.catalog.snapshot import snapshot
from ivmc.catalog.symbols import TypeEntry, UserSymbols

Names = tuple[str, ...]


@dataclass(slots=True)
class Draft:
    """A relation under construction; keys, foreign keys and indexes by constraint name."""

    schema: str
    name: str
    kind: Literal["r", "p", "v", "m", "f"] = "r"
    columns: dict[str, Column] = field(default_factory=dict)
    primary: tuple[str, ...] = ()
    unique: dict[str, tuple[str, ...]] = field(default_factory=dict)
    foreign: dict[str, ForeignKey] = field(default_factory=dict)
    indexes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    definition: str | None = None
    row_security: bool = False
    has_children: bool = False
    persistence: Literal["p", "u", "t"] = "p"

    def change(self, column: str, **changes: object) -> None:
        """Change attributes of a column, if there is one of that name."""
        if column in self.columns:
            self.columns[column] = replace(self.columns[column], **changes)  # type: ignore[arg-type]

    def set_primary(self, columns: tuple[str, ...], name: str) -> None:
        """Make these columns, NOT NULL from now on, the primary key."""
        if not columns:
            return
        self.primary = columns
        self.indexes[name] = columns
        for column in columns:
            self.change(column, not_null=True)


class Script:
    """The symbols, drafts and search path that a script builds up; `text` is its statement."""

    def __init__(self, version: int) -> None:
        self.symbols = UserSymbols(snapshot(version))
        self.version = version
        self.drafts: dict[tuple[str, str], Draft] = {}
        self.search_path: tuple[str, ...] = ("public",)
        self.has_extensions = False
        self.nondeterministic: set[str] = set()
        self.text = ""
        self.catalog = self.as_catalog()

    def as_catalog(self) -> Catalog:
        """The catalog of what there is so far, to resolve names in it."""
        return Catalog(
            self.symbols,
            search_path=self.search_path,
            version=self.version,
            nondeterministic=frozenset(self.nondeterministic),
        )

    def set_search_path(self, schemas: list[str]) -> None:
        """Apply SET search_path; an empty path or DEFAULT is `public`."""
        named = [s.strip() for each in schemas for s in each.split(",")]
        kept = tuple(s.strip('"') for s in named if s.strip('"') not in ("", "$user"))
        self.search_path = kept or ("public",)
        self.catalog = self.as_catalog()

    def qualified(self, names: Any) -> tuple[str, str]:
        """Where an object of that name is created."""
        parts = [n.sval for n in names]
        return (parts[-2] if len(parts) > 1 else self.search_path[0], parts[-1])

    def place(self, relation: Any) -> tuple[str, str]:
        """Where a relation of that name is created."""
        default = "pg_temp" if relation.relpersistence == "t" else self.search_path[0]
        return (relation.schemaname or default, relation.relname)

    def draft(self, relation: Any) -> Draft | None:
        """The relation that a statement means."""
        schemas = (relation.schemaname,) if relation.schemaname else ("pg_temp", *self.search_path)
        found = (self.drafts.get((schema, relation.relname)) for schema in schemas)
        return next(filter(None, found), None)

    def add(self, draft: Draft) -> Draft:
        """A new relation, and its row type."""
        self.drafts[draft.schema, draft.name] = draft
        if (draft.schema, draft.name) not in self.symbols.types:
            self.symbols.add_type(TypeEntry(draft.schema, draft.name, "c", "C"))
        self.refresh_fields(draft)
        return draft

    def refresh_fields(self, draft: Draft) -> None:
        """Keep the row type in step with the columns."""
        entry = self.symbols.types[draft.schema, draft.name]
        entry.fields = tuple([(c.name, c.type) for c in draft.columns.values()])
        self.symbols.relations[draft.schema, draft.name] = relation_of(draft)

    def type_of(self, node: Any) -> Type:
        """The type that a definition names; opaque where an extension may have made it."""
        try:
            return self.catalog.type_of(node)
        except Unresolved:
            if not self.has_extensions:
                raise
        schema, name = self.qualified(node.names)
        entry = self.symbols.add_type(TypeEntry(schema, name))
        wanted = entry.array if node.arrayBounds and entry.array else entry
        return wanted.value

    def entry_of(self, node: Any) -> TypeEntry:
        """The row of pg_type that a definition names."""
        return self.catalog.entry(self.type_of(node))

    def finish(self) -> Catalog:
        """The catalog of the whole script; without foreign keys to what is not in it."""
        for key, draft in self.drafts.items():
            found = {n: self.with_target(f) for n, f in draft.foreign.items()}
            draft.foreign = {n: f for n, f in found.items() if len(f.columns) == len(f.target_columns)}
            self.symbols.relations[key] = relation_of(draft)
        return self.as_catalog()

    def with_target(self, key: ForeignKey) -> ForeignKey:
        """A foreign key that names no columns refers to the primary key."""
        target = self.drafts.get((key.schema, key.table))
        if key.target_columns or target is None:
            return key
        return replace(key, target_columns=target.primary)


def relation_of(draft: Draft) -> Relation:
    """The finished relation."""
    return Relation(
        draft.schema,
        draft.name,
        draft.kind,
        tuple(draft.columns.values()),
        draft.primary,
        tuple(dict.fromkeys(draft.unique.values())),
        tuple(draft.foreign.values()),
        tuple(dict.fromkeys(draft.indexes.values())),
        draft.definition,
        row_security=draft.row_security,
        has_children=draft.has_children,
        persistence=draft.persistence,
    )
