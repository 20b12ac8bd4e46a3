"""Equality, order, hashing and infallibility, tried on a server."""

from itertools import product
from typing import Any

import psycopg
import pytest

from ivmc.catalog import Catalog, Type, Unresolved
from ivmc.catalog.infallible import listed
from ivmc.catalog.snapshot import by_first_field, snapshot
from ivmc.catalog.symbols import Procedure, TypeEntry

Connection = psycopg.Connection[Any]

USER_TYPES = """
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE DOMAIN shouting AS text;
CREATE TYPE pair AS (x integer, y text);
CREATE TYPE loose AS (x integer, y numeric);
CREATE TYPE opaque AS (x integer, y json);
CREATE TYPE floatrange AS RANGE (subtype = float8);
"""

# Values at the edges of each type: extremes, infinities, empty ones, ones that print differently.
EDGES = {
    "int2": ["-32768", "0", "32767"],
    "int4": ["-2147483648", "-1", "0", "1", "2147483647"],
    "int8": ["-9223372036854775808", "0", "9223372036854775807"],
    "oid": ["0", "4294967295"],
    "float4": ["-Infinity", "-3.4e38", "-0", "0", "1e-38", "Infinity", "NaN"],
    "float8": ["-Infinity", "-1.7e308", "-0", "0", "1e-300", "Infinity", "NaN"],
    "numeric": ["-Infinity", "-1e500", "0", "0.00", "1.0", "1.00", "1e-500", "Infinity", "NaN"],
    "money": ["-92233720368547758.08", "0", "92233720368547758.07"],
    "text": ["", "a", "A", "ä", " ", "%", "\\"],
    "name": ["", "a"],
    "bpchar": ["", "a", "a  "],
    "varchar": ["", "a"],
    "char": ["", "a"],
    "bool": ["t", "f"],
    "bytea": ["", "\\x00ff"],
    "bit": ["", "101"],
    "varbit": ["", "101"],
    "date": ["-infinity", "4714-11-24 BC", "2020-02-29", "5874897-12-31", "infinity"],
    "time": ["00:00", "24:00", "12:34:56.789"],
    "timetz": ["00:00+15", "24:00-15", "12:00+00", "13:00+01"],
    "timestamp": ["-infinity", "4714-11-24 00:00 BC", "2020-02-29 12:00", "294276-12-31 23:59", "infinity"],
    "timestamptz": ["-infinity", "4714-11-25 00:00 BC", "2020-02-29 12:00", "294276-12-30 23:59", "infinity"],
    "interval": ["0", "1 mon", "30 days", "-178000000 years", "178000000 years"],
    "uuid": ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"],
    "jsonb": ["null", "1", "1.0", '"a"', "{}", '{"a": [1, null]}', "[]", "[1, 2]"],
    "tsvector": ["", "a:1A b"],
    "inet": ["0.0.0.0/0", "1.2.3.4", "::1", "1.2.3.4/24"],
    "macaddr": ["00:00:00:00:00:00"],
    "macaddr8": ["00:00:00:00:00:00:00:00"],
    "pg_lsn": ["0/0", "FFFFFFFF/FFFFFFFF"],
    "tid": ["(0,0)", "(4294967295,65535)"],
    "xid8": ["0", "18446744073709551615"],
    "_text": ["{}", "{a}", "{NULL}"],
    "anyarray": ["{}", "{1,NULL}", "{{1,2},{3,4}}"],
    "anyenum": ["sad", "happy"],
    "any": ["0", "7"],
}
STANDS_FOR = {"anyarray": "int4[]", "anyenum": "mood", "any": "int4"}


@pytest.fixture
def live(conn: Connection) -> Catalog:
    conn.execute(USER_TYPES.encode())
    return Catalog.from_database(conn)


def samples(entry: TypeEntry) -> list[str]:
    spelling = STANDS_FOR.get(entry.name, entry.value.sql)
    return ["'" + edge.replace("'", "''") + f"'::{spelling}" for edge in EDGES[entry.name]]


def infallible(catalog: Catalog) -> list[Procedure]:
    known = snapshot(min(catalog.version, 18))
    everything = [p for name in by_first_field("functions") for p in known.functions(name)]
    return [p for p in everything if f"{p.name}({','.join(a.name for a in p.args)})" in listed()]


def test_every_signature_of_the_list_exists() -> None:
    known = {
        f"{p.name}({','.join(a.name for a in p.args)})"
        for version in (15, 18)
        for name in by_first_field("functions")
        for p in snapshot(version).functions(name)
    }
    assert listed() - known == set()


def test_infallible_functions_do_not_fail_at_the_edges(conn: Connection, live: Catalog) -> None:
    found = infallible(live)
    assert len(found) > 350
    for procedure in found:
        word = "VARIADIC " if procedure.args[-1].element and procedure.variadic else ""
        calls = [(*args[:-1], word + args[-1]) for args in product(*map(samples, procedure.args))]
        rows = ", ".join(f'(pg_catalog."{procedure.name}"({", ".join(args)}))' for args in calls)
        conn.execute(f"SELECT count(x) FROM (VALUES {rows}) AS v(x)".encode())


@pytest.mark.parametrize(
    ("name", "types", "literals", "expected"),
    [
        ("extract", "unknown date", ["year", None], True),
        ("extract", "unknown date", ["hour", None], False),
        ("extract", "text date", [None, None], False),
        ("~~", "text unknown", [None, "a%"], True),
        ("~~", "text unknown", [None, "a\\"], False),
        ("~~", "text text", [None, None], False),
        ("substring", "text int4 int4", [None, "1", "2"], True),
        ("substring", "text int4 int4", [None, "1", "-2"], False),
        ("/", "int4 int4", [None, "2"], True),
        ("/", "int4 int4", [None, "-1"], False),
        ("/", "numeric int4", [None, "7"], True),
        ("/", "numeric int4", [None, "0"], False),
        ("/", "numeric numeric", ["1", None], False),
        ("+", "int4 int4", ["1", "1"], False),
    ],
)
def test_a_literal_can_make_a_call_infallible(
    name: str, types: str, literals: list[str | None], expected: bool
) -> None:
    catalog = Catalog()
    args = [Type("pg_catalog", each) for each in types.split()]
    if name.isalpha():
        function = catalog.function((name,), args)
    else:
        function = catalog.operator((name,), args[0], args[1]).function
    assert not function.infallible
    assert catalog.infallible(function, literals) == expected


def every_type(conn: Connection, catalog: Catalog) -> list[tuple[Type, str]]:
    """Types that a table's column can have, and how the server spells them."""
    rows = conn.execute(
        "SELECT n.nspname, t.typname, t.oid::regtype::text"
        " FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace"
        " WHERE typtype <> 'p' AND typname NOT IN ('_cstring', '_record')"
        " AND (n.nspname = 'pg_catalog' AND typrelid = 0 OR n.nspname = current_schema)"
        " AND NOT EXISTS (SELECT FROM pg_type e WHERE e.oid = t.typelem AND e.typrelid <> 0)"
    ).fetchall()
    found = [(Type(schema, name), spelling) for schema, name, spelling in rows]
    return [(t, s) for t, s in found if catalog.symbols.type(t.schema, t.name)]


def works(conn: Connection, query: str) -> bool:
    try:
        conn.execute(query.encode())
    except psycopg.Error:
        return False
    return True


def test_order_and_hashing_are_the_servers(conn: Connection, live: Catalog) -> None:
    types = every_type(conn, live)
    assert len(types) > 150
    wrong = []
    for type_, spelling in types:
        ordered = works(conn, f"SELECT x FROM (VALUES (NULL::{spelling})) AS v (x) ORDER BY x")
        hashed = works(conn, f"SELECT hash_record_extended(ROW(NULL::{spelling}), 0)")
        if (live.orderable(type_), live.hashable(type_)) != (ordered, hashed):
            wrong.append((type_.sql, live.orderable(type_), ordered, live.hashable(type_), hashed))
    assert wrong == []


@pytest.mark.parametrize("name", sorted(set(EDGES) - set(STANDS_FOR) - {"_text"}))
def test_identity_means_that_equal_values_print_alike(conn: Connection, live: Catalog, name: str) -> None:
    entry = live.entry(Type("pg_catalog", name))
    found = live.equality(entry.value)
    values = samples(entry)
    equal = works(conn, f"SELECT {values[0]} = {values[0]}")
    assert (found == "none") == (not equal)
    for one, other in product(values, values) if equal else ():
        row = conn.execute(f"SELECT {one} = {other}, ({one})::text = ({other})::text".encode()).fetchone()
        assert row is not None
        assert found == "equal" or row[0] == row[1]


def test_equality_of_made_types(live: Catalog) -> None:
    def named(name: str, *, array: bool = False) -> str:
        found = live.type_named((name,), array=array)
        assert found is not None
        return live.equality(found)

    expected = {
        "mood": "identity", "positive": "identity", "shouting": "identity", "pair": "identity",
        "loose": "equal", "opaque": "none", "floatrange": "equal", "json": "none", "point": "none",
        "xml": "none", "interval": "equal", "float8": "equal", "int4range": "identity",
    }  # fmt: skip
    assert {name: named(name) for name in expected} == expected
    assert {name: named(name, array=True) for name in expected} == expected
    padded = live.type_named(("pg_catalog", "bpchar"), (5,))
    assert padded is not None
    assert live.equality(padded) == "identity"


def test_a_nondeterministic_collation_is_no_identity(conn: Connection) -> None:
    script = (
        "CREATE COLLATION loud (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
        'CREATE TABLE t (a text COLLATE loud, b text COLLATE "C", c text)'
    )
    catalogs = [Catalog.from_sql(script)]
    if works(conn, script):
        catalogs.append(Catalog.from_database(conn))
    for catalog in catalogs:
        relation = catalog.relation(("t",))
        assert relation is not None
        found = [catalog.equality(c.type, c.collation) for c in relation.columns]
        assert found == ["equal", "identity", "identity"]


def test_casts_say_how_and_whether_they_fail(live: Catalog) -> None:
    def how(source: str, target: str, *modifiers: int, context: str = "e") -> tuple[str, str, bool] | None:
        goal = live.type_named((target,), modifiers)
        origin = live.type_named((source,))
        assert goal is not None
        assert origin is not None
        found = live.cast(origin, goal, context)  # type: ignore[arg-type]
        return (found.method, found.volatility, found.infallible) if found else None

    assert how("int4", "int8") == ("function", "i", True)
    assert how("int8", "int4") == ("function", "i", False)
    assert how("int8", "int4", context="i") is None
    assert how("varchar", "text") == ("relabel", "i", True)
    assert how("int4", "text") == ("io", "i", True)
    assert how("date", "text") == ("io", "s", True)
    assert how("text", "date") == ("io", "s", False)
    assert how("text", "varchar", 3) == ("relabel", "i", True)
    assert how("text", "varchar", 3, context="a") == ("relabel", "i", False)
    assert how("numeric", "numeric", 5, 2) == ("same", "i", False)
    assert how("unknown", "timestamptz") == ("literal", "s", False)
    assert how("int4", "positive") == ("relabel", "i", False)
    assert how("positive", "int4") == ("relabel", "i", True)
    assert how("timestamptz", "date") == ("function", "s", True)
    assert how("mood", "text") == ("io", "s", False)
    assert how("json", "jsonb") == ("io", "i", False)
    assert how("point", "int4") is None


def test_unresolved_is_worded_as_the_server_words_it(live: Catalog) -> None:
    with pytest.raises(Unresolved) as caught:
        live.function(("nosuch",), [Type("pg_catalog", "int4")])
    assert caught.value.kind == "unknown"
    assert caught.value.message == "function nosuch(integer) does not exist"
