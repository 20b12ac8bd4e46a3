"""What only a live database can tell."""

from typing import Any

import psycopg
import pytest

from ivmc.catalog import Catalog, Relation, Type

Connection = psycopg.Connection[Any]


def table(catalog: Catalog, *names: str) -> Relation:
    found = catalog.relation(names)
    assert found is not None
    return found


def test_settings_path_and_version_are_the_connections(conn: Connection) -> None:
    conn.execute("SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'German'")
    catalog = Catalog.from_database(conn)
    assert catalog.version == conn.info.server_version // 10_000
    assert catalog.settings["TimeZone"] == "Asia/Tokyo"
    assert catalog.settings["DateStyle"].startswith("German")
    assert len(catalog.search_path) == 1
    assert catalog.settings["search_path"] == catalog.search_path[0]


def test_rows_views_and_security(conn: Connection) -> None:
    conn.execute(
        "CREATE TABLE t (a int, b varchar(7)); INSERT INTO t SELECT generate_series(1, 100); ANALYZE t;"
        "CREATE TABLE empty (a int); ALTER TABLE empty ENABLE ROW LEVEL SECURITY;"
        "CREATE TABLE kid () INHERITS (t);"
        "CREATE VIEW v (x) AS SELECT b FROM t; CREATE TEMP TABLE passing (a int)"
    )
    catalog = Catalog.from_database(conn)
    assert (table(catalog, "t").rows, table(catalog, "empty").rows) == (100, None)
    assert (table(catalog, "t").has_children, table(catalog, "kid").has_children) == (True, False)
    assert table(catalog, "empty").row_security
    assert table(catalog, "passing").persistence == "t"
    view = table(catalog, "v")
    assert (view.kind, view.columns[0].name, view.columns[0].type.sql) == ("v", "x", "character varying(7)")
    assert view.definition is not None
    assert view.definition.endswith("FROM t")


@pytest.mark.newest
def test_constraints_that_do_not_hold_promise_nothing(conn: Connection) -> None:
    if conn.info.server_version < 180000:
        pytest.skip("NOT ENFORCED and NOT NULL NOT VALID are of 18")
    conn.execute(
        "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (a int, b int, c int NOT NULL);"
        "ALTER TABLE t ADD CONSTRAINT a_set NOT NULL a NOT VALID;"
        "ALTER TABLE t ADD FOREIGN KEY (b) REFERENCES p NOT ENFORCED;"
        "ALTER TABLE t ADD FOREIGN KEY (c) REFERENCES p"
    )
    found = table(Catalog.from_database(conn), "t")
    assert [c.not_null for c in found.columns] == [False, False, True]
    assert {k.columns: k.validated for k in found.foreign_keys} == {("b",): False, ("c",): True}


def test_keys_that_compare_otherwise_are_no_keys(conn: Connection) -> None:
    conn.execute(
        'CREATE TABLE t (a text, b text, c text, d text); CREATE UNIQUE INDEX ON t (a COLLATE "C");'
        "CREATE UNIQUE INDEX ON t (b); CREATE UNIQUE INDEX ON t (c text_pattern_ops);"
        "CREATE UNIQUE INDEX ON t (d) WHERE d <> ''"
    )
    found = table(Catalog.from_database(conn), "t")
    assert sorted(found.unique) == [("b",), ("c",)]


def test_an_extensions_objects_are_found(conn: Connection) -> None:
    try:
        conn.execute("CREATE EXTENSION citext")
    except psycopg.Error:
        pytest.skip("citext is not installed here")
    try:
        catalog = Catalog.from_database(conn)
    finally:
        conn.execute("DROP EXTENSION citext")
    citext = catalog.type_named(("citext",))
    assert citext is not None
    operator = catalog.operator(("=",), citext, Type("pg_catalog", "unknown"))
    assert (operator.schema, operator.function.name) == (catalog.search_path[0], "citext_eq")
    assert catalog.function(("max",), [citext]).result == citext
    assert catalog.common_type([citext, Type("pg_catalog", "text")]) == Type("pg_catalog", "text")
    assert (catalog.equality(citext), catalog.hashable(citext), catalog.orderable(citext)) == (
        "equal",
        True,
        True,
    )


def test_user_routines_are_found(conn: Connection) -> None:
    conn.execute(
        "CREATE TYPE mood AS ENUM ('sad');"
        "CREATE FUNCTION pairs(n int, OUT a int, OUT b mood) RETURNS SETOF record LANGUAGE sql STABLE"
        " AS 'SELECT 1, NULL::mood';"
        "CREATE FUNCTION listed(n int DEFAULT 1) RETURNS TABLE (x numeric) LANGUAGE sql AS 'SELECT 1.5';"
        "CREATE FUNCTION as_text(mood) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''x''';"
        "CREATE CAST (mood AS text) WITH FUNCTION as_text(mood) AS IMPLICIT;"
        "CREATE AGGREGATE product(numeric) (sfunc = numeric_mul, stype = numeric);"
    )
    catalog = Catalog.from_database(conn)
    mood = catalog.type_named(("mood",))
    assert mood is not None
    number = Type("pg_catalog", "int4")
    pairs = catalog.function(("pairs",), [number])
    assert (pairs.returns_set, pairs.volatility, pairs.columns) == (True, "s", (("a", number), ("b", mood)))
    listed = catalog.function(("listed",), [])
    assert (listed.volatility, listed.columns) == ("v", (("x", Type("pg_catalog", "numeric")),))
    assert catalog.function(("product",), [number]).kind == "a"
    assert catalog.function(("upper",), [mood]).args == (Type("pg_catalog", "text"),)
    cast = catalog.cast(mood, Type("pg_catalog", "text"), "i")
    assert cast is not None
    assert (cast.method, cast.function and cast.function.name) == ("function", "as_text")


def test_a_dropped_column_leaves_no_trace(conn: Connection) -> None:
    conn.execute(
        "CREATE TABLE t (a int, b int, c int, UNIQUE (a, b), UNIQUE (c)); ALTER TABLE t DROP COLUMN b"
    )
    found = table(Catalog.from_database(conn), "t")
    assert [c.name for c in found.columns] == ["a", "c"]
    assert (found.unique, found.indexes) == ((("c",),), (("c",),))


def test_the_connections_row_factory_does_not_matter(conn: Connection) -> None:
    conn.row_factory = psycopg.rows.dict_row
    conn.execute("CREATE TABLE t (a int)")
    assert table(Catalog.from_database(conn), "t").columns[0].name == "a"
