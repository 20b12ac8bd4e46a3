"""One file: its schema, its query, and everything that is neither."""

import pytest

from ivmc.diagnostics import CompileError
from ivmc.parse import construct, parse


def faults(text: str) -> list[tuple[str, str]]:
    """The code of each diagnostic, and the text that it marks."""
    with pytest.raises(CompileError) as caught:
        parse(text)
    return [(d.code, text[d.span.start : d.span.end] if d.span else "") for d in caught.value.diagnostics]


def test_the_query_as_written_and_where() -> None:
    text = "-- naïve 日本\nCREATE TABLE t (a int); -- schema\n\n  SELECT 'é', a\n  FROM t -- all\n ; -- end"
    parsed = parse(text)
    assert parsed.query == "SELECT 'é', a\n  FROM t"
    assert text[parsed.offset :].startswith(parsed.query)
    assert parsed.select.targetList
    assert parsed.select.targetList[1].location == text.index("a\n  FROM")


def test_the_schema_keeps_its_offsets() -> None:
    text = "SELECT a\nFROM t; CREATE TABLE t (a int);"
    parsed = parse(text)
    assert len(parsed.ddl) == len(text)
    assert parsed.ddl.strip() == "; CREATE TABLE t (a int);"
    assert parsed.ddl.index("CREATE") == text.index("CREATE")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1",
        "TABLE t",
        "VALUES (1), (2)",
        "(SELECT a FROM t)",
        "WITH x AS (SELECT 1 AS a) SELECT a FROM x",
        "SELECT a FROM t UNION ALL SELECT a FROM t ORDER BY a",
        "SELECT ';' AS semicolon, $$;$$ AS dollars, \"a;b\" FROM t",
    ],
)
def test_every_form_of_query(query: str) -> None:
    assert parse(query).query == query
    assert parse(f"CREATE TABLE t (a int); {query} ;").query == query


def test_what_pg_dump_writes_goes_through() -> None:
    dump = """\
\\restrict abc123
SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE TYPE public.mood AS ENUM ('a');
CREATE FUNCTION public.f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;
CREATE TABLE public.t (a integer NOT NULL);
COMMENT ON TABLE public.t IS 'x';
ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (a);
CREATE INDEX i ON public.t (a);
GRANT SELECT ON TABLE public.t TO public;
\\unrestrict abc123
"""
    assert parse(dump + "SELECT a FROM public.t").query == "SELECT a FROM public.t"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [("IVM102", "")]),
        (" \n;; ;", [("IVM102", "")]),
        ("-- é", [("IVM102", "")]),
        ("SELECT 'é€', a FROM WHERE b", [("IVM101", "WHERE")]),
        ("SELECT '😀é' fromm t order t", [("IVM101", "t")]),
        ("SELECT 'é\n", [("IVM101", "'é")]),
        ('SELECT "é', [("IVM101", '"é')]),
        ("SELECT /* é", [("IVM101", "/* é")]),
        ("SELECT (1", [("IVM101", "")]),
        ("SELECT :threshold", [("IVM101", ":")]),
        ("SELECT a FROM t LIMIT 1, 2", [("IVM101", "L")]),
        ("selec 1; SELECT a FROM; SELECT 2", [("IVM101", "selec"), ("IVM101", ";")]),
        ("CREATE TABLE t (a int);", [("IVM103", ")")]),
        ("CREATE VIEW v AS SELECT 1", [("IVM104", "CREATE VIEW")]),
        ("CREATE OR REPLACE VIEW v AS SELECT 1", [("IVM104", "CREATE OR REPLACE VIEW")]),
        ("CREATE TABLE v AS SELECT 1", [("IVM104", "CREATE TABLE")]),
        ("SELECT 1; SELECT 2; SELECT 3", [("IVM105", "SELECT 2"), ("IVM105", "SELECT 3")]),
        ("INSERT INTO t VALUES (1)", [("IVM106", "INSERT INTO")]),
        ("UPDATE t SET a = 1; SELECT 1", [("IVM106", "UPDATE")]),
        ("DELETE FROM t; TRUNCATE t", [("IVM106", "DELETE FROM"), ("IVM106", "TRUNCATE")]),
        ("MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE", [("IVM106", "MERGE INTO")]),
        ("DROP TABLE t", [("IVM106", "DROP TABLE")]),
        ("VACUUM", [("IVM106", "VACUUM")]),
        ("COPY t FROM stdin", [("IVM106", "COPY")]),
        ("EXPLAIN SELECT 1", [("IVM106", "EXPLAIN")]),
        ("SELECT a INTO s.x FROM t", [("IVM107", "INTO s.x")]),
        ("SELECT a INTO TEMP x FROM t UNION SELECT 1", [("IVM107", "INTO TEMP x")]),
        ("\\d orders\nSELECT 1", [("IVM108", "\\d")]),
        ("SELECT 'é' AS x \\gx", [("IVM108", "\\gx")]),
        ("WITH x AS (UPDATE t SET a = 1 RETURNING a) SELECT a FROM x", [("IVM109", "x")]),
        ("SELECT 'a\0b'", [("IVM110", "\0")]),
    ],
)
def test_what_is_not_one_query(text: str, found: list[tuple[str, str]]) -> None:
    assert faults(text) == found


@pytest.mark.parametrize("opening", ["(", "f(", "NOT ", "- ", "CASE WHEN ", "(SELECT ", "1 + "])
def test_a_query_nested_too_deeply_is_no_crash(opening: str) -> None:
    assert [code for code, _ in faults("SELECT " + opening * 60_000)] == ["IVM111"]


def test_a_long_list_is_not_deep() -> None:
    listed = ", ".join(map(str, range(30_000)))
    assert parse(f"SELECT a FROM t WHERE a IN ({listed})").offset == 0


@pytest.mark.parametrize(
    ("text", "begins", "whole"),
    [
        ("SELECT a.b.c + 1", "a.b", "a.b.c"),
        ("SELECT t.* FROM t", "t.*", "t.*"),
        ("SELECT f(a, (b)) + 1", "f(", "f(a, (b))"),
        ('SELECT "f g"(1) x', '"f', '"f g"(1)'),
        ("SELECT s.f() OVER w, 1", "s.f", "s.f() OVER w"),
        ("SELECT rank() OVER (ORDER BY f(a)) x", "rank", "rank() OVER (ORDER BY f(a))"),
        ("SELECT mode() WITHIN GROUP (ORDER BY a) FILTER (WHERE b) x", "mode", None),
        ("SELECT CASE WHEN a THEN CASE b WHEN 1 THEN 2 END END x", "CASE", None),
        ("SELECT (SELECT ')') x", "(", "(SELECT ')')"),
        ("SELECT ARRAY[1, 2] x", "[", "[1, 2]"),
        ("SELECT a /* é */ . b x", "a /", "a /* é */ . b"),
        ("SELECT 'é' || b", "'é'", "'é'"),
        ("SELECT a + b", "+", "+"),
        ("SELECT f(", "f(", "f("),
    ],
)
def test_the_extent_of_a_construct(text: str, begins: str, whole: str | None) -> None:
    span = construct(text, text.index(begins))
    expected = text[text.index(begins) : -2] if whole is None else whole
    assert text[span.start : span.end] == expected
