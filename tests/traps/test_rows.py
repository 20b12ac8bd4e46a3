"""Traps 24-27 and 50: rows, their identity, types and names."""
# ruff: noqa: E501 - a query reads better on one line

import psycopg
import pytest

from tests.maintained import Connection, Story, follow

BAG = """
CREATE TABLE b (x int, s text); CREATE TABLE c (x int, s text);
INSERT INTO b VALUES (1, 'a'), (1, 'a'), (1, 'a'), (2, NULL), (NULL, NULL); INSERT INTO c VALUES (1, 'a'), (NULL, NULL)
"""
ONE = "ctid = (SELECT min(ctid) FROM b)"
KINDS = """
CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE DOMAIN positive AS numeric CHECK (VALUE > 0);
CREATE TYPE pair AS (a int, b text);
CREATE TABLE k (id int PRIMARY KEY, gone int, j json, p point, c public.citext, b text, n numeric, f float8,
  a numeric[], r int4range, d positive, e mood, t pair, w text, h char(4), u uuid, y bytea, x xml,
  twice int GENERATED ALWAYS AS (id * 2) STORED, i int GENERATED ALWAYS AS IDENTITY);
ALTER TABLE k DROP COLUMN gone;
INSERT INTO k (id, j, p, c, b, n, f, a, r, d, e, t, w, h, u, y) VALUES
  (1, '{"a": 1}', '(1,2)', 'x', 'x', 1.0, 0, '{1.0}', '[1,3)', 1.5, 'sad', '(1,a)', repeat('wide', 5000), 'ab', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'a'),
  (2, '{"a": 1}', '(1,2)', 'X', 'X', 1.00, '-0', '{1.00}', 'empty', 1.50, 'glad', '(1,)', repeat('wide', 5000) || '!', 'ab', NULL, NULL),
  (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
"""
KIND_CHANGES = (
    "UPDATE k SET j = '{\"a\":1}', p = '(2,1)' WHERE id = 1",
    "UPDATE k SET c = upper(c), b = upper(b), n = 1.000, f = - f, a = '{1.000}', d = 1.500",
    "UPDATE k SET e = 'glad', t = '(1,b)', w = w || '.', h = 'cd', r = '[5,6]', u = NULL, y = 'b'",
    ("DELETE FROM k WHERE id = 2", "INSERT INTO k (id, n, f, w) VALUES (7, 'NaN', '-0', '')"),
    "UPDATE k SET id = id + 1 WHERE id = 7",
)
NAMES = """
CREATE TABLE "Größe.tabelle ""x"" y" ("Select" int, "a.b" text, "count" int, xid int, weight int, "old" int, "new" int,
  "d" int, "t" int, "n" int, "frontier" int, "strategy" text, "recompute" bool, "changed" int, "a_name_that_is_exactly_sixty_three_bytes_long_in_postgresql_1234" int);
INSERT INTO "Größe.tabelle ""x"" y" VALUES (1, 'x', 1, 1, 1, 1, 1, 1, 1, 1, 1, 'x', true, 1, 1), (1, 'y', 2, 2, 2, 2, 2, 2, 2, 2, 2, NULL, false, 2, 2)
"""
T = '"Größe.tabelle ""x"" y"'
NAME_CHANGES = (
    f'UPDATE {T} SET "count" = 5, weight = 5, "old" = 7 WHERE "a.b" = \'x\'',
    f"INSERT INTO {T} SELECT * FROM {T}",
    (f'UPDATE {T} SET "new" = "new" + 1, "strategy" = \'z\', "t" = "d"', f"DELETE FROM {T} WHERE xid = 2"),
)

STORIES = [
    Story(
        "24: UNION, UNION ALL and NULLs that are equal in sets",
        BAG,
        "(SELECT x, s FROM b UNION ALL SELECT x, s FROM c) UNION (SELECT x + 1, s FROM c UNION ALL SELECT NULL, NULL)",
        (("DELETE FROM b WHERE x = 1", "DELETE FROM c"), f"DELETE FROM b WHERE {ONE}", ("INSERT INTO c VALUES (7, 'q')", "UPDATE b SET x = NULL"), "DELETE FROM b"),
    ),
    Story(
        "24: UNION ALL of one table twice",
        BAG,
        "SELECT x, s FROM b UNION ALL SELECT x, s FROM b WHERE x > 1 UNION ALL SELECT count(*), max(s) FROM c",
        (f"DELETE FROM b WHERE {ONE}", ("UPDATE b SET x = x + 1", "UPDATE c SET s = 'm'"), "INSERT INTO b SELECT * FROM b"),
    ),
    Story("24: DISTINCT", BAG, "SELECT DISTINCT x, s FROM b", (f"DELETE FROM b WHERE {ONE}", "DELETE FROM b WHERE x IS NULL", "UPDATE b SET s = NULL", "UPDATE b SET x = 2")),
    Story("25: one of n identical rows is deleted, one updated", BAG, "SELECT * FROM b", (f"DELETE FROM b WHERE {ONE}", f"UPDATE b SET x = 9 WHERE {ONE}", f"UPDATE b SET s = s WHERE {ONE}", "INSERT INTO b SELECT * FROM b", "DELETE FROM b")),
    Story("25: the same under a filter and a join", BAG, "SELECT b.x, c.s FROM b JOIN c ON b.x = c.x WHERE b.s = 'a'", (f"DELETE FROM b WHERE {ONE}", (f"UPDATE b SET x = 9 WHERE {ONE}", "INSERT INTO c VALUES (9, 'n')"), "DELETE FROM c")),
    Story("26: columns of every kind, with a key", KINDS, "SELECT * FROM k", KIND_CHANGES),
    Story("26: columns of every kind, as a bag", KINDS, "SELECT j, p, c, b, n, f, a, r, d, e, t, w, h, u, y, twice FROM k", KIND_CHANGES),
    Story("26: json alone", KINDS, "SELECT j, j ->> 'a' AS a FROM k", KIND_CHANGES),
    Story(
        "26: columns of every kind counted in groups",
        KINDS,
        "SELECT id % 2 AS g, count(j) AS j, count(p) AS p, min(e) AS e, max(d) AS d, max(w) AS w, max(h) AS h, count(DISTINCT a) AS a, array_agg(t ORDER BY id) AS t FROM k GROUP BY 1",
        KIND_CHANGES,
    ),
    Story("26: groups of enums, domains, ranges and composites", KINDS, "SELECT e, r, t, u, y, count(*) AS n, sum(id) AS s FROM k GROUP BY e, r, t, u, y", KIND_CHANGES),
    Story("26: groups of what is equal but not the same, counted", KINDS, "SELECT sum(n) AS total FROM (SELECT c, b, count(*) AS n FROM k GROUP BY c, b) q", KIND_CHANGES),
    Story("27: names with capitals, quotes, dots, and the names of ours", NAMES, f"SELECT * FROM {T}", NAME_CHANGES),
    Story(
        "27: the same as keys and results",
        NAMES,
        f'SELECT "Select", "a.b", "old", "new", sum("count") AS "count", sum(weight) AS weight, max(xid) AS xid, count(*) AS "n", min("d") AS "d", "strategy", "recompute" FROM {T} GROUP BY "Select", "a.b", "old", "new", "strategy", "recompute"',
        NAME_CHANGES,
    ),
    Story(
        "27: the same through a stage",
        NAMES,
        f'SELECT x."old", x."frontier", sum(x."changed") AS "changed", count(*) AS "delta" FROM (SELECT DISTINCT "old", "frontier", "changed", "step" FROM (SELECT *, 1 AS "step" FROM {T}) q) x JOIN {T} y ON x."old" = y."old" GROUP BY x."old", x."frontier"',
        NAME_CHANGES,
    ),
    Story(
        "27: a name of 63 bytes, and aliases that repeat",
        NAMES,
        f'SELECT sum("a_name_that_is_exactly_sixty_three_bytes_long_in_postgresql_1234") AS "a_name_that_is_exactly_sixty_three_bytes_long_in_postgresql_1234", max("a_name_that_is_exactly_sixty_three_bytes_long_in_postgresql_1234") AS "Order" FROM {T} t, (SELECT "Select" FROM {T} t) "t 2" WHERE t."Select" = "t 2"."Select"',
        NAME_CHANGES,
    ),
    Story(
        "50: 1.0 becomes 1.00 under a cast to text; -0 and intervals likewise",
        "CREATE TABLE u (id int PRIMARY KEY, n numeric, f float8, i interval, s text); INSERT INTO u VALUES (1, 1.0, 0, '1 mon', 'a'), (2, 2, 1, '30 days', 'b')",
        "SELECT n::text AS n, f::text AS f, i::text AS i, count(*) AS c FROM u GROUP BY n::text, f::text, i::text",
        ("UPDATE u SET n = 1.00 WHERE id = 1", "UPDATE u SET f = '-0' WHERE id = 1", "UPDATE u SET i = CASE id WHEN 1 THEN '30 days'::interval ELSE '1 mon' END"),
    ),
    Story(
        "50: the same without a group",
        "CREATE TABLE u (id int, n numeric, f float8, i interval); INSERT INTO u VALUES (1, 1.0, 0, '1 mon'), (2, 2, 1, '30 days')",
        "SELECT id, n, f, i FROM u",
        ("UPDATE u SET n = 1.00", "UPDATE u SET f = '-0'", ("UPDATE u SET i = '30 days'", "UPDATE u SET n = 1.000 WHERE id = 2")),
    ),
    Story(
        "50: citext",
        "CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public; CREATE TABLE u (id int, c public.citext); INSERT INTO u VALUES (1, 'a'), (2, 'b')",
        "SELECT id, c, c::text || '!' AS t FROM u",
        ("UPDATE u SET c = 'A' WHERE id = 1", "INSERT INTO u VALUES (1, 'a'), (1, 'A')", "DELETE FROM u WHERE c::text = 'A'"),
    ),
]  # fmt: skip


KEYED = """
CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;
CREATE TABLE t (id int PRIMARY KEY, n numeric, v interval, c public.citext, x int); CREATE TABLE u (t int, y int);
INSERT INTO t VALUES (1, 1.0, '1 mon', 'a', 5), (2, 2, '24:00', 'b', 3); INSERT INTO u VALUES (1, 1), (1, 2), (2, 3), (2, 3)
"""
SHOWN = "SELECT t.id, t.n, t.v, t.c"
KEYED_CHANGES = (
    "UPDATE t SET n = 1.00, v = '30 days', c = 'A' WHERE id = 1",
    ("UPDATE t SET n = 1.000, c = 'a' WHERE id = 1", "UPDATE t SET n = 1.0000, c = 'A' WHERE id = 1"),
    (
        "UPDATE t SET n = 1 WHERE id = 1",
        "UPDATE t SET n = 1.0 WHERE id = 1",
        "UPDATE t SET n = 1.00, v = '1 mon' WHERE id = 1",
        "INSERT INTO u VALUES (1, 9)",
    ),
    ("DELETE FROM t WHERE id = 1", "INSERT INTO t VALUES (1, 1.000, '30 days', 'a', 5)"),
    (
        "UPDATE t SET n = 2.0, v = '1 day', x = 0",
        "DELETE FROM u WHERE y = 9",
        "UPDATE t SET n = 2.00, c = upper(c::text)::public.citext",
    ),
    ("DELETE FROM u WHERE t = 2", "UPDATE t SET n = 1.0 WHERE id = 2"),
)
KEYED_STORIES = [
    Story(f"50: beside the key of its groups, {title}", KEYED, f"{SHOWN}, {rest} GROUP BY t.id", KEYED_CHANGES)
    for title, rest in {
        "summed": "sum(x) AS s, count(*) AS m FROM t",
        "an extremum": "max(x) AS s FROM t",
        "an extremum of a join": "min(u.y) AS s, sum(t.x) AS x FROM t LEFT JOIN u ON u.t = t.id",
        "different values": "count(DISTINCT u.y) AS s FROM t JOIN u ON u.t = t.id",
        "different values, and all": "sum(DISTINCT u.y) AS s, count(*) AS m FROM t JOIN u ON u.t = t.id",
        "read again": "string_agg(u.y::text, ',' ORDER BY u.y) AS s FROM t JOIN u ON u.t = t.id",
    }.items()
] + [
    Story("50: beside the key of groups under text", KEYED, "SELECT q.id, q.n::text AS n, q.c::text AS c FROM (SELECT t.id, t.n, t.c, max(u.y) AS s FROM t JOIN u ON u.t = t.id GROUP BY t.id) q WHERE q.s > 0", KEYED_CHANGES),
    Story("50: beside the key of grouping sets", KEYED, f"{SHOWN}, count(*) AS m, max(u.y) AS s FROM t JOIN u ON u.t = t.id GROUP BY GROUPING SETS ((t.id), (t.id, t.x))", KEYED_CHANGES),
]  # fmt: skip


WIDE = """
CREATE FUNCTION wide(n int) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT string_agg(md5((n * 1000 + i)::text), '') FROM generate_series(1, 300) i $$;
CREATE TABLE t (id int PRIMARY KEY, d jsonb NOT NULL, j json, x int); CREATE TABLE u (y int);
INSERT INTO t SELECT n, jsonb_build_array(wide(n)), json_build_array(wide(n)), n FROM generate_series(1, 3) n; INSERT INTO u VALUES (1), (20000)
"""
WIDE_CHANGES = (
    "UPDATE t SET d = jsonb_build_array(wide(id + 7)), j = json_build_array(wide(id + 7)) WHERE id < 3",
    (
        "INSERT INTO t SELECT id + 3, d, j, x + 1 FROM t",
        "INSERT INTO u VALUES (3)",
        "UPDATE t SET d = '1.0' WHERE id = 2",
    ),
    ("UPDATE t SET d = '1.00' WHERE id = 2", "DELETE FROM t WHERE id = 1"),
)
WIDE_STORIES = [
    Story("26: wide documents beside the key of an extremum", WIDE, "SELECT id, d, j, max(x) AS x FROM t GROUP BY id", WIDE_CHANGES),
    Story("26: wide documents beside the key of different values", WIDE, "SELECT id, d, count(DISTINCT x) AS x, count(*) AS n FROM t JOIN u ON y > id GROUP BY id", WIDE_CHANGES),
    Story("26: wide documents around a query", WIDE, "SELECT id, (SELECT count(*) FROM u WHERE y < length(t.j::text)) AS n, (SELECT max(y) FROM u WHERE y < length(t.d::text)) AS m FROM t", WIDE_CHANGES),
    Story("26: wide documents as groups", WIDE, "SELECT d, count(*) AS n, sum(x) AS x FROM t WHERE id <> 2 GROUP BY d", WIDE_CHANGES),
    Story("26: wide documents as rows", WIDE, "SELECT d, j FROM t", WIDE_CHANGES),
]  # fmt: skip


BLIND = """
CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE k (id int, s text COLLATE blind); INSERT INTO k VALUES (1, 'a'), (2, 'A'), (3, 'b'), (4, NULL)
"""
BLIND_STORIES = [
    Story("26: a nondeterministic collation", BLIND, "SELECT id, s FROM k", ("UPDATE k SET s = upper(s)", "DELETE FROM k WHERE id = 1")),
    Story("26: the same in groups", BLIND, "SELECT sum(n) AS n FROM (SELECT s, count(*) AS n FROM k GROUP BY s) q", ("UPDATE k SET s = upper(s)", "UPDATE k SET s = 'B' WHERE id = 2")),
]  # fmt: skip


@pytest.mark.parametrize("story", BLIND_STORIES, ids=str)
def test_nondeterministic_collation(conn: Connection, story: Story) -> None:
    try:
        follow(conn, story)
    except psycopg.errors.FeatureNotSupported as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize("story", [*STORIES, *KEYED_STORIES, *WIDE_STORIES], ids=str)
def test_rows(conn: Connection, story: Story) -> None:
    follow(conn, story)
