"""DDL read offline makes the catalog that the same DDL makes in a server."""

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ivmc.catalog import Catalog, Column, Relation, Type, Unresolved
from ivmc.runtime import embedded
from tests.servers import Server

HERE = Path(__file__).parent
TABLES = (HERE / "tables.sql").read_text()
Connection = psycopg.Connection[Any]


def comparable(relation: Relation) -> Relation:
    """Without what only a server knows: a view's columns, its own wording of expressions."""
    columns = () if relation.definition else tuple(replace(c, expression=None) for c in relation.columns)
    return replace(
        relation,
        columns=columns,
        definition=None,
        unique=tuple(sorted(relation.unique)),
        foreign_keys=tuple(sorted(relation.foreign_keys, key=str)),
        indexes=tuple(sorted(relation.indexes)),
    )


def relations(catalog: Catalog, schema: str) -> dict[str, Relation]:
    return {r.name: comparable(r) for r in catalog.relations() if r.schema == schema}


def schema_of(conn: Connection) -> str:
    row = conn.execute("SELECT current_schema").fetchone()
    assert row is not None
    return str(row[0])


def table(catalog: Catalog, *names: str) -> Relation:
    found = catalog.relation(names)
    assert found is not None
    return found


def test_offline_and_online_agree(conn: Connection) -> None:
    schema = schema_of(conn)
    conn.execute(TABLES.encode())
    offline = Catalog.from_sql(
        f"SET search_path TO {schema}; {TABLES}", version=conn.info.server_version // 10_000
    )
    ours, theirs = relations(offline, schema), relations(Catalog.from_database(conn), schema)
    assert ours.keys() == theirs.keys()
    for name, relation in theirs.items():
        assert ours[name] == relation


def test_a_dump_reads_like_the_database(conn: Connection, dsn: str, server: Server) -> None:
    schema = schema_of(conn)
    conn.execute(TABLES.encode())
    programs = [path / "pg_dump" for path in embedded.installations()]
    fitting = [p for p in programs if p.exists() and embedded.major(p.parent) == server.version]
    if not fitting:
        pytest.skip(f"no pg_dump {server.version} here")
    command = [str(fitting[0]), "--schema-only", "--schema", schema, dsn]
    dump = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    ours = relations(Catalog.from_sql(dump, version=server.version), schema)
    theirs = relations(Catalog.from_database(conn), schema)
    assert ours.keys() == theirs.keys()
    for name, relation in theirs.items():
        assert ours[name] == relation


def test_the_path_decides_where_names_lead() -> None:
    catalog = Catalog.from_sql(
        "CREATE TABLE t (a int); CREATE SCHEMA s CREATE TABLE t (b int);"
        "SET search_path = s, public; CREATE TABLE u (c t)"
    )
    assert catalog.search_path == ("s", "public")
    names = [table(catalog, *name).columns[0].name for name in (("t",), ("public", "t"), ("s", "u"))]
    assert names == ["b", "a", "c"]
    assert table(catalog, "u").columns[0].type == Type("s", "t")
    assert catalog.fields(Type("s", "t")) == (("b", Type("pg_catalog", "int4")),)
    assert catalog.relation(("v",)) is None
    assert table(catalog, "pg_class").schema == "pg_catalog"


def test_the_empty_path_of_a_dump_stays_inside_it() -> None:
    catalog = Catalog.from_sql(
        "SELECT pg_catalog.set_config('search_path', '', false); CREATE TABLE public.t (a int);"
    )
    assert table(catalog, "t").columns == (Column("a", Type("pg_catalog", "int4")),)


def test_data_and_psql_commands_are_skipped() -> None:
    text = (
        "\\restrict abc\nCREATE TABLE t (a int);\n"
        "COPY t (a) FROM stdin;\n1\n\\N\n\\.\nCREATE TABLE u (b t);\n\\unrestrict abc\n"
    )
    assert [r.name for r in Catalog.from_sql(text).relations()] == ["t", "u"]


def test_an_unknown_type_is_refused_unless_an_extension_may_have_made_it() -> None:
    with pytest.raises(Unresolved, match='type "geometry" does not exist'):
        Catalog.from_sql("CREATE TABLE t (a geometry)")
    catalog = Catalog.from_sql("CREATE EXTENSION postgis; CREATE TABLE t (a geometry(Point, 4326))")
    found = table(catalog, "t").columns[0].type
    assert found == Type("public", "geometry")
    assert (catalog.equality(found), catalog.hashable(found), catalog.orderable(found)) == (
        "none",
        False,
        False,
    )


def test_a_view_keeps_its_query_under_its_own_names() -> None:
    catalog = Catalog.from_sql(
        "CREATE TABLE t (a int); CREATE VIEW v (b) AS SELECT a FROM t; CREATE VIEW w AS TABLE v"
    )
    assert table(catalog, "v").definition == "SELECT * FROM (SELECT a FROM t) AS renamed(b)"
    assert table(catalog, "w").definition == "TABLE v"


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW v WITH (security_barrier) AS {}",
        "CREATE OR REPLACE VIEW public.v AS {} WITH LOCAL CHECK OPTION",
        "CREATE MATERIALIZED VIEW v AS {} WITH NO DATA",
        "CREATE TABLE v AS\n{}; -- made",
        "CREATE UNLOGGED TABLE v AS {} WITH DATA",
    ],
)
def test_a_views_query_is_kept_as_it_was_written(statement: str) -> None:
    query = "WITH é AS (SELECT 1 AS \"A b\") SELECT 'x AS y' AS data, /* two */ é.* FROM é"
    assert table(Catalog.from_sql(statement.format(query)), "v").definition == query


def test_a_recursive_view_and_one_inside_create_schema_are_printed() -> None:
    catalog = Catalog.from_sql(
        "CREATE RECURSIVE VIEW r (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM r;"
        "CREATE SCHEMA s CREATE VIEW v AS SELECT 1 AS x"
    )
    assert table(catalog, "r").definition is not None
    assert "RECURSIVE" in str(table(catalog, "r").definition)
    assert table(catalog, "s", "v").definition == "SELECT 1 AS x"


def test_what_refers_to_nothing_known_is_left_out() -> None:
    catalog = Catalog.from_sql(
        "CREATE TABLE t (a int REFERENCES elsewhere, b int REFERENCES elsewhere (id));"
        "CREATE FUNCTION f(nowhere) RETURNS int LANGUAGE sql AS 'SELECT 1';"
        "CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1'"
    )
    assert [key.columns for key in table(catalog, "t").foreign_keys] == [("b",)]
    assert catalog.function(("g",), []).result.name == "int4"
    with pytest.raises(Unresolved):
        catalog.function(("f",), [Type("pg_catalog", "int4")])


@pytest.mark.parametrize(("version", "kind"), [(15, "s"), (18, "v")])
def test_a_generated_column_is_virtual_from_18_on(version: int, kind: str) -> None:
    catalog = Catalog.from_sql("CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a + 1))", version=version)
    assert table(catalog, "t").columns[1].generated == kind
    assert table(catalog, "t").columns[1].expression == "a + 1"


def test_percent_type_follows_the_column() -> None:
    catalog = Catalog.from_sql(
        "CREATE TABLE t (a varchar(3)); CREATE FUNCTION f(t.a%TYPE) RETURNS int LANGUAGE sql AS ''"
    )
    assert catalog.function(("f",), [Type("pg_catalog", "unknown")]).args == (Type("pg_catalog", "varchar"),)
