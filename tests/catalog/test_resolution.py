"""Every function and operator is found by its own argument types; samples, by a server's choice."""

import random
from typing import Any

import psycopg
import pytest

from ivmc.catalog import Catalog, Type, Unresolved
from ivmc.catalog.snapshot import by_first_field, snapshot
from ivmc.catalog.symbols import OperatorEntry, Procedure, TypeEntry

CONCRETE = {
    "any": "int4", "anyelement": "int4", "anynonarray": "int4", "anyarray": "_int4", "anyrange": "int4range",
    "anymultirange": "int4multirange", "anycompatible": "int4", "anycompatiblenonarray": "int4",
    "anycompatiblearray": "_int4", "anycompatiblerange": "int4range",
    "anycompatiblemultirange": "int4multirange", "anyenum": "mood",
}  # fmt: skip
SAMPLED = (
    "int2 int4 int8 float4 float8 numeric money text varchar bpchar char name bool bytea bit varbit date "
    "time timetz timestamp timestamptz interval uuid json jsonb xml inet cidr macaddr oid point box "
    "tsvector tsquery xid int4range numrange int4multirange _int4 _int8 _text _varchar _numeric unknown "
    "regclass oidvector"
).split()


@pytest.fixture(scope="module", params=[15, 18])
def catalog(request: pytest.FixtureRequest) -> Catalog:
    return Catalog.from_sql("CREATE TYPE mood AS ENUM ('sad')", version=request.param)


def actual(entry: TypeEntry) -> Type:
    name = CONCRETE.get(entry.name, entry.name)
    return Type("public" if name == "mood" else entry.schema, name)


def functions(catalog: Catalog) -> list[Procedure]:
    found = snapshot(catalog.version)
    return [p for name in by_first_field("functions") for p in found.functions(name)]


def operators(catalog: Catalog) -> list[OperatorEntry]:
    found = snapshot(catalog.version)
    return [o for name in by_first_field("operators") for o in found.operators(name)]


def test_every_function_is_found_by_its_own_types(catalog: Catalog) -> None:
    everything = functions(catalog)
    assert len(everything) > 2500
    wrong = []
    for each in everything:
        args = [actual(a) for a in each.args]
        found = catalog.function(("pg_catalog", each.name), args, variadic=each.variadic is not None)
        same = found.kind == each.kind and found.volatility == each.volatility
        if not same or (each.result.kind != "p" and found.result != each.result.value):
            wrong.append((each.name, args, found))
    assert wrong == []


def test_every_operator_is_found_by_its_own_types(catalog: Catalog) -> None:
    everything = operators(catalog)
    assert len(everything) > 790
    wrong = []
    for each in everything:
        left = actual(each.left) if each.left else None
        found = catalog.operator(("pg_catalog", each.name), left, actual(each.right))
        if found.function.name != each.function.name:
            wrong.append((each.name, left, each.right.name, found.function.name))
    assert wrong == []


def test_every_cast_is_found(catalog: Catalog) -> None:
    for (source, target), cast in snapshot(catalog.version).casts.items():
        assert catalog.can_cast(source.value, target.value, cast.context)  # type: ignore[arg-type]


DESCRIBE = """
CREATE FUNCTION describe(expressions text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE each text; found text;
BEGIN
    FOREACH each IN ARRAY expressions LOOP
        BEGIN
            EXECUTE 'PREPARE described AS SELECT ' || each;
            SELECT format_type(result_types[1], -1) INTO found FROM pg_prepared_statements
            WHERE name = 'described';
            DEALLOCATE described;
        EXCEPTION WHEN others THEN found := 'error: ' || sqlerrm;
        END;
        RETURN NEXT found;
    END LOOP;
END $$
"""


def null(name: str) -> str:
    return "NULL" if name == "unknown" else f"NULL::{Type('pg_catalog', name).sql}"


def sampled_operators(rng: random.Random) -> tuple[str, tuple[str, ...], list[str]]:
    name = rng.choice(list(by_first_field("operators")))
    types = [rng.choice(SAMPLED) for _ in range(rng.choice((1, 2, 2, 2, 2)))]
    left = f"{null(types[0])} " if len(types) == 2 else ""
    return f"{left}OPERATOR(pg_catalog.{name}) {null(types[-1])}", ("pg_catalog", name), types


def sampled_function(rng: random.Random, names: list[str]) -> tuple[str, tuple[str, ...], list[str]]:
    name = rng.choice(names)
    types = [rng.choice(SAMPLED) for _ in range(rng.choice((0, 1, 1, 2, 2, 3)))]
    return f'pg_catalog."{name}"({", ".join(map(null, types))})', ("pg_catalog", name), types


def answer(catalog: Catalog, text: str, names: tuple[str, ...], types: list[str]) -> str:
    args = [Type("pg_catalog", t) for t in types]
    try:
        if "OPERATOR(" in text:
            found = catalog.operator(names, args[0] if len(args) == 2 else None, args[-1]).result
        else:
            found = catalog.function(names, args).result
    except Unresolved as unresolved:
        return f"error: {unresolved.message}"
    return "text" if found.name == "unknown" else found.sql


@pytest.mark.newest
def test_the_choice_among_overloads_is_the_servers(conn: psycopg.Connection[Any]) -> None:
    if conn.info.server_version < 160000:
        pytest.skip("pg_prepared_statements has no result_types")
    catalog = Catalog.from_database(conn)
    rng = random.Random(18)
    known = snapshot(catalog.version)
    plain = [
        name
        for name in by_first_field("functions")
        if all(p.kind == "f" or (p.kind == "a" and p.aggregate_kind == "n") for p in known.functions(name))
        and not name.startswith(("binary_upgrade", "unknown"))
    ]
    samples = [sampled_operators(rng) for _ in range(4000)] + [
        sampled_function(rng, plain) for _ in range(4000)
    ]
    conn.execute(DESCRIBE)
    texts = [text for text, *_ in samples]
    theirs = [row[0] for row in conn.execute("SELECT * FROM describe(%s)", (texts,))]
    wrong = [
        (text, ours, server)
        for (text, names, types), server in zip(samples, theirs, strict=True)
        if (ours := answer(catalog, text, names, types)) != server and "invalid input" not in server
    ]
    assert wrong == []
