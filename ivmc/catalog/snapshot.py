"""The shipped snapshot of PostgreSQL's own catalogs, read as it is needed.

The files under `ivmc/data` are written by `scripts/catalog_snapshot.py`; their first line names
their fields. Types are read at once, everything else is split into lines by name and parsed when
the name is first looked up.
"""

from __future__ import annotations

from functools import cache, cached_property
from importlib.resources import files

from ivmc.catalog.model import Column, Relation
from ivmc.catalog.symbols import CastEntry, OperatorEntry, Procedure, TypeEntry

SNAPSHOT_VERSION = 18


@cache
def lines(name: str) -> list[str]:
    """The rows of a data file, unsplit."""
    text = (files("ivmc") / "data" / f"{name}.tsv").read_text(encoding="utf-8")
    return text.splitlines()[1:]


def split(line: str, width: int) -> list[str]:
    """The fields of a row; trailing empty ones are not stored."""
    parts = line.split("\t")
    return parts + [""] * (width - len(parts))


@cache
def by_first_field(name: str) -> dict[str, list[str]]:
    """The rows of a data file by their first field."""
    found: dict[str, list[str]] = {}
    for line in lines(name):
        found.setdefault(line.partition("\t")[0], []).append(line)
    return found


def exists(versions: str, version: int) -> bool:
    """Whether an object marked like that is in PostgreSQL `version`.

    Marks come from the oldest and the newest supported version, so `>15` means "not in 15".
    """
    return version > 15 if versions == ">15" else version < 18 if versions == "<18" else True


class Snapshot:
    """PostgreSQL's own types, functions, operators and casts; see `Symbols`."""

    def __init__(self, version: int) -> None:
        self.version = version
        self.found_functions: dict[str, tuple[Procedure, ...]] = {}
        self.found_operators: dict[str, tuple[OperatorEntry, ...]] = {}

    @cached_property
    def types(self) -> dict[str, TypeEntry]:
        """Every type by the name that the data files use."""
        rows = [split(line, 11) for line in lines("types")]
        found = {row[0]: type_entry(row) for row in rows}
        for row in rows:
            connect(found, row)
        return found

    @cached_property
    def casts(self) -> dict[tuple[TypeEntry, TypeEntry], CastEntry]:
        """The rows of pg_cast."""
        found = {}
        for line in lines("casts"):
            source, target, how, name, args, versions = split(line, 6)
            if exists(versions, self.version):
                function = self.function(name, args) if name else None
                key = (self.types[source], self.types[target])
                found[key] = CastEntry(how[0], how[1], function)
        return found

    def type(self, schema: str, name: str) -> TypeEntry | None:
        """See `Symbols`."""
        return self.types.get(name if schema == "pg_catalog" else f"{schema}.{name}")

    def functions(self, name: str) -> tuple[Procedure, ...]:
        """See `Symbols`."""
        found = self.found_functions.get(name)
        if found is None:
            rows = [split(line, 9) for line in by_first_field("functions").get(name, ())]
            found = tuple(self.procedure(r) for r in rows if exists(r[8], self.version))
            self.found_functions[name] = found
        return found

    def operators(self, name: str) -> tuple[OperatorEntry, ...]:
        """See `Symbols`."""
        found = self.found_operators.get(name)
        if found is None:
            rows = [split(line, 9) for line in by_first_field("operators").get(name, ())]
            found = tuple(self.operator(r) for r in rows if exists(r[8], self.version))
            self.found_operators[name] = found
        return found

    def cast(self, source: TypeEntry, target: TypeEntry) -> CastEntry | None:
        """See `Symbols`."""
        return self.casts.get((source, target))

    def relation(self, schema: str, name: str) -> Relation | None:
        """See `Symbols`: a table or view of pg_catalog or information_schema."""
        if schema not in ("pg_catalog", "information_schema"):
            return None
        for kind in "rv":
            rows = by_first_field("relations").get(f"{schema}.{name}:{kind}")
            if rows:
                return self.system_relation(schema, name, kind, rows[0])
        return None

    def function(self, name: str, args: str) -> Procedure:
        """The function of exactly those argument types."""
        wanted = self.type_list(args)
        return next(p for p in self.functions(name) if p.args == wanted)

    def type_list(self, names: str) -> tuple[TypeEntry, ...]:
        """Types from their names between commas."""
        return tuple([self.types[name] for name in names.split(",")]) if names else ()

    def procedure(self, row: list[str]) -> Procedure:
        """A row of `functions.tsv`."""
        name, args, result, flags, variadic, defaults, names, out, _ = row
        columns = [pair.split(":") for pair in out.split(",")] if out else ()
        return Procedure(
            "pg_catalog",
            name,
            kind=flags[0],
            args=self.type_list(args),
            result=self.types[result],
            volatility=flags[1],
            strict=flags[2] == "s",
            returns_set=flags[3] == "r",
            variadic=self.types[variadic] if variadic else None,
            defaults=int(defaults or 0),
            names=tuple(names.split(",")) if names else (),
            out=tuple([(column, self.types[type_]) for column, type_ in columns]),
            aggregate_kind=flags[4:5] or "n",
            direct_args=int(flags[5:] or 0),
        )

    def operator(self, row: list[str]) -> OperatorEntry:
        """A row of `operators.tsv`; its function's arguments are left out where they are its own."""
        name, left, right, result, function, args, commutator, negator, _ = row
        operands = f"{left},{right}" if left else right
        return OperatorEntry(
            "pg_catalog",
            name,
            left=self.types[left] if left else None,
            right=self.types[right],
            result=self.types[result],
            function=self.function(function, args or operands),
            commutator=commutator or None,
            negator=negator or None,
        )

    def system_relation(self, schema: str, name: str, kind: str, row: str) -> Relation:
        """A row of `relations.tsv`; a `!` before a column's type means NOT NULL."""
        columns = []
        for pair in split(row, 2)[1].split(","):
            column, _, type_ = pair.partition(":")
            entry = self.types.get(type_.lstrip("!"), self.types["record"])
            columns.append(Column(column, entry.value, type_.startswith("!")))
        return Relation(schema, name, "v" if kind == "v" else "r", tuple(columns))


def type_entry(row: list[str]) -> TypeEntry:
    """A row of `types.tsv`, not yet connected to other types."""
    name, kind, category, flags, *_, io = row[:10]
    schema, _, bare = name.rpartition(".")
    return TypeEntry(
        schema or "pg_catalog",
        bare,
        kind,
        category,
        preferred="p" in flags,
        collatable="c" in flags,
        has_btree="b" in flags,
        has_hash="h" in flags,
        input_volatility=io[:1] or "i",
        output_volatility=io[1:] or "i",
    )


def connect(found: dict[str, TypeEntry], row: list[str]) -> None:
    """Point a type at its element, array, base and subtype."""
    entry = found[row[0]]
    element, array, base, typmod, subtype = row[4:9]
    entry.element, entry.array = found.get(element), found.get(array)
    entry.base, entry.subtype = found.get(base), found.get(subtype)
    entry.base_typmod = int(typmod or -1)
    if entry.kind == "m" and entry.subtype:
        entry.subtype.multirange = entry


@cache
def snapshot(version: int) -> Snapshot:
    """The snapshot as PostgreSQL `version` would have it, one for the process."""
    return Snapshot(version)
