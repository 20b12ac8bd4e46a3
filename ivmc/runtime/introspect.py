"""The catalog of a live database, in one round trip.

What PostgreSQL brought itself comes from the shipped snapshot; tables, types, functions,
operators and casts of the database come from its catalogs. Source: PostgreSQL manual, chapter 53
"System Catalogs".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import tuple_row

from ivmc.catalog.catalog import Catalog
from ivmc.catalog.model import Column, ForeignKey, Relation, Type
from ivmc.catalog.snapshot import SNAPSHOT_VERSION, snapshot
from ivmc.catalog.symbols import CastEntry, OperatorEntry, Procedure, TypeEntry, UserSymbols

Row = Sequence[Any]
Rows = Sequence[Row]
OLDEST = 15


def catalog_of(conn: psycopg.Connection[Any]) -> Catalog:
    """The catalog as this connection sees it: its search_path, its settings, its rights."""
    rows = Answers(*answers(conn))
    version, search_path, settings, nondeterministic = rows.session[0]
    symbols = UserSymbols(snapshot(min(max(version, OLDEST), SNAPSHOT_VERSION)))
    known = load_types(symbols, rows.types)
    load_relations(symbols, known, rows)
    set_fields(known, rows)
    load_routines(symbols, known, rows)
    return Catalog(
        symbols,
        search_path=tuple(search_path),
        settings=dict(settings),
        version=version,
        nondeterministic=frozenset(nondeterministic or ()),
    )


class Answers(NamedTuple):
    """The rows of each query of `introspect.sql`."""

    session: Rows
    types: Rows
    relations: Rows
    columns: Rows
    indexes: Rows
    keys: Rows
    functions: Rows
    operators: Rows
    casts: Rows


def answers(conn: psycopg.Connection[Any]) -> Iterator[Rows]:
    """The rows of each query of `introspect.sql`, which go out together."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(queries())
        yield cursor.fetchall()
        while cursor.nextset():
            yield cursor.fetchall()


@cache
def queries() -> bytes:
    """The text of `introspect.sql`."""
    return (files("ivmc.runtime") / "introspect.sql").read_bytes()


def load_types(symbols: UserSymbols, rows: Rows) -> dict[int, TypeEntry]:
    """Every type by its object identifier; the database's own ones added to `symbols`."""
    known: dict[int, TypeEntry] = {}
    for row in rows:
        oid, schema, name = row[:3]
        shipped = symbols.shipped.type(schema, name) if oid < 16384 else None
        entry = shipped or type_entry(row)
        known[oid] = entry
        if shipped is None:
            symbols.types[entry.schema, entry.name] = entry
    for row in rows:
        if symbols.types.get((row[1], row[2])) is known[row[0]]:
            connect(known, row)
    return known


def type_entry(row: Row) -> TypeEntry:
    """A row of pg_type, not yet connected to other types."""
    return TypeEntry(
        row[1],
        row[2],
        kind=row[3],
        category=row[4],
        preferred=row[5],
        collatable=row[6],
        has_btree=row[13] is not None,
        operators=row[13] or "pg_catalog",
        has_hash=row[14],
        input_volatility=row[15],
        output_volatility=row[16],
    )


def connect(known: dict[int, TypeEntry], row: Row) -> None:
    """Point a type at its element, array, base, subtype and multirange."""
    entry = known[row[0]]
    entry.element, entry.array = known.get(row[7]), known.get(row[8])
    entry.base, entry.base_typmod = known.get(row[9]), row[10]
    entry.value = replace(entry.value, operators=entry.stripped.operators)
    entry.subtype, entry.multirange = known.get(row[11]), known.get(row[12])


def set_fields(known: dict[int, TypeEntry], rows: Answers) -> None:
    """The fields of composite types, row types included."""
    fields: dict[int, list[tuple[str, Type]]] = {}
    for relation, name, oid, typmod, *_ in rows.columns:
        fields.setdefault(relation, []).append((name, modified(known, oid, typmod)))
    for row in rows.types:
        if row[17] in fields:
            known[row[0]].fields = tuple(fields[row[17]])


def modified(known: dict[int, TypeEntry], oid: int, typmod: int) -> Type:
    """A type with its modifier."""
    value = known[oid].value
    return value if typmod == -1 else value.modified(typmod)


def load_relations(symbols: UserSymbols, known: dict[int, TypeEntry], rows: Answers) -> None:
    """Tables and views with their columns, keys, foreign keys and indexes."""
    places = {row[0]: (row[1], row[2]) for row in rows.relations}
    column_of, index_of, key_of = map(by_relation, (rows.columns, rows.indexes, rows.keys))
    for oid, schema, name, kind, persistence, definition, count, secured, children in rows.relations:
        found = index_of.get(oid, [])
        unique = [tuple(row[3]) for row in found if row[2] and not row[1]]
        symbols.relations[schema, name] = Relation(
            schema,
            name,
            kind,
            tuple([column(known, row) for row in column_of.get(oid, ())]),
            primary_key=next((tuple(row[3]) for row in found if row[1]), ()),
            unique=tuple(dict.fromkeys(unique)),
            foreign_keys=tuple([foreign_key(places, row) for row in key_of.get(oid, ()) if row[1] in places]),
            indexes=tuple(dict.fromkeys(tuple(row[3]) for row in found)),
            definition=definition,
            rows=count,
            row_security=secured,
            has_children=children,
            persistence=persistence,
        )


def by_relation(rows: Rows) -> dict[int, list[Row]]:
    """Rows by their first field, the relation's object identifier."""
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(row)
    return found


def column(known: dict[int, TypeEntry], row: Row) -> Column:
    """A row of pg_attribute."""
    _, name, oid, typmod, not_null, collation, generated, expression = row
    return Column(name, modified(known, oid, typmod), not_null, collation, generated, expression)


def foreign_key(places: dict[int, tuple[str, str]], row: Row) -> ForeignKey:
    """A foreign key of pg_constraint."""
    _, target, columns, targets, valid, deferrable = row
    return ForeignKey(tuple(columns), *places[target], tuple(targets), valid, deferrable)


def load_routines(symbols: UserSymbols, known: dict[int, TypeEntry], rows: Answers) -> None:
    """Functions, and the operators and casts made of them."""
    procedures = {row[0]: procedure(known, row) for row in rows.functions}
    for row in rows.functions:
        if row[-1]:
            symbols.procedures.setdefault(row[2], []).append(procedures[row[0]])
    for schema, name, left, right, result, code, commutator, negator in rows.operators:
        entry = OperatorEntry(
            schema, name, known.get(left), known[right], known[result], procedures[code],
            commutator, negator,
        )  # fmt: skip
        symbols.operator_entries.setdefault(name, []).append(entry)
    for source, target, context, method, code in rows.casts:
        entry_of_cast = CastEntry(context, method, procedures.get(code))
        symbols.casts[known[source], known[target]] = entry_of_cast


def procedure(known: dict[int, TypeEntry], row: Row) -> Procedure:
    """A row of pg_proc."""
    _, schema, name, kind, args, result, volatility, strict, returns_set = row[:9]
    variadic, defaults, names, modes, all_types, aggregate_kind, direct, _ = row[9:]
    modes = modes or ["i"] * len(args)
    inputs = [n for n, mode in zip(names, modes, strict=False) if mode in "ibv"]
    out = [
        (n, known[oid])
        for n, oid, mode in zip(names or [""] * len(modes), all_types, modes, strict=False)
        if mode in "obt"
    ]
    return Procedure(
        schema,
        name,
        kind,
        tuple([known[oid] for oid in args]),
        known[result],
        volatility,
        strict,
        returns_set,
        known.get(variadic),
        defaults,
        tuple(inputs),
        tuple(out),
        aggregate_kind,
        direct,
    )
