"""Traps 25-27 and 50: rows of every kind through outer joins, matches, queries in expressions and sets.

Rows occur more than once, are equal and differ in image, or have no equality at all.
"""
# ruff: noqa: E501 - a query reads better on one line

import pytest

from tests.maintained import Connection, Story, follow

TABLES = """
SELECT set_config('search_path', current_schema() || ', public', false);
CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE DOMAIN positive AS numeric CHECK (VALUE > 0);
CREATE TYPE pair AS (a int, b text);
CREATE TABLE "L.eft" (k int, "old" int, gone int, j json, p point, c public.citext, n numeric, f float8, a numeric[], r int4range, d positive, e mood, t pair, v interval, twice int GENERATED ALWAYS AS (k * 2) STORED);
ALTER TABLE "L.eft" DROP COLUMN gone; CREATE TABLE wide (id int PRIMARY KEY, j json, p point); CREATE TABLE one (x int);
CREATE TABLE "Right" ("new" int, c public.citext, n numeric, f float8, j json, e mood, d positive, v interval, w text, "weight" int, "count" int);
INSERT INTO "L.eft" (k, "old", j, p, c, n, f, a, r, d, e, t, v) VALUES
  (1, 1, '{"a": 1}', '(1,2)', 'x', 1.0, 0, '{1.0}', '[1,3)', 1.5, 'sad', '(1,a)', '1 mon'),
  (1, 1, '{"a": 1}', '(1,2)', 'X', 1.00, '-0', '{1.00}', '[1,3)', 1.50, 'sad', '(1,a)', '30 days'),
  (1, 1, '{"a": 1}', '(1,2)', 'X', 1.00, '-0', '{1.00}', '[1,3)', 1.50, 'sad', '(1,a)', '30 days'),
  (2, NULL, NULL, NULL, NULL, 'NaN', 'NaN', NULL, 'empty', NULL, 'glad', '(,)', NULL),
  (NULL, 7, 'null', '(0,0)', 'y', NULL, NULL, '{}', NULL, 2, NULL, NULL, '0');
INSERT INTO "Right" VALUES (1, 'X', 1.000, 0, '[1]', 'sad', 1.5, '30 days', repeat('wide', 3000), 1, 1), (1, 'x', 1, '-0', '[1]', 'sad', 1.5, '1 mon', 'b', 1, 2),
  (3, NULL, 'NaN', 'NaN', NULL, 'glad', 3, NULL, NULL, NULL, NULL), (NULL, 'y', NULL, NULL, '{}', NULL, NULL, '0', '', 0, 0);
INSERT INTO wide VALUES (1, '[1]', '(1,2)'), (2, '[ 1]', NULL), (3, NULL, '(0,0)')
"""
CHANGES = (
    ('UPDATE "L.eft" SET n = 1.0000, f = - f, c = upper(c)', "UPDATE \"Right\" SET j = '{ }' WHERE j::text = '{}'"),
    ('DELETE FROM "Right" WHERE ctid = (SELECT min(ctid) FROM "Right")', 'INSERT INTO "L.eft" (k, n, c, e, v) VALUES (3, 1.0, \'x\', \'glad\', \'24:00\')'),
    ("UPDATE \"Right\" SET n = 1.00, c = 'X', v = '30 days', d = 1.500, f = 0", "UPDATE \"L.eft\" SET v = CASE v::text WHEN '1 mon' THEN '30 days'::interval ELSE '1 mon' END, d = d + 0.00"),
    ('DELETE FROM "L.eft" WHERE ctid = (SELECT min(ctid) FROM "L.eft" WHERE k = 1)', 'UPDATE "Right" SET "new" = coalesce("new", 0) + 1', "UPDATE \"L.eft\" SET j = '{\"a\":1}', t = '(2,)', r = '[5,6]', e = 'glad' WHERE k = 1"),
    ('UPDATE "L.eft" SET k = NULL, "old" = k', 'INSERT INTO "Right" SELECT * FROM "Right"'),
    ('DELETE FROM "Right"', "UPDATE wide SET j = '[  1]', p = '(9,9)' WHERE id < 3", "INSERT INTO wide VALUES (0, '{}', '(1,1)')", "INSERT INTO one VALUES (1)"),
    ('INSERT INTO "Right" ("new", c, n, f) VALUES (NULL, \'Y\', 1.0, \'-0\'), (NULL, \'y\', 1.00, 0)', 'UPDATE "L.eft" SET k = 1, c = \'y\', n = 1.0, f = 0'),
    ('DELETE FROM "L.eft"', "UPDATE wide SET id = id + 1 WHERE id > 2"),
)  # fmt: skip
L, R = '"L.eft" l', '"Right" r'
WIDE = "l.k, l.old, l.j, l.p, l.c, l.n, l.f, l.a, l.r, l.d, l.e, l.t, l.v, l.twice"
QUERIES = {
    "26: all columns of a left join": f"SELECT {WIDE}, r.* FROM {L} LEFT JOIN {R} ON r.new = l.k".replace("r.*", "r.j AS rj, r.w, r.weight, r.count, r.n AS rn, r.c AS rc"),
    "26: a full join by citext": f"SELECT l.j, l.c, l.n, r.c AS rc, r.n AS rn, r.w FROM {L} FULL JOIN {R} ON l.c = r.c",
    "26: a left join by numeric and float": f"SELECT l.n, l.f, r.n AS rn, r.f AS rf, r.j FROM {L} LEFT JOIN {R} ON l.n = r.n AND l.f = r.f",
    "26: a left join by enum and domain": f"SELECT l.j, l.e, l.d, r.d AS rd FROM {L} LEFT JOIN {R} ON l.e = r.e AND l.d = r.d",
    "26: by interval": f"SELECT l.v, r.v AS rv, l.t FROM {L} LEFT JOIN {R} ON l.v = r.v",
    "26: EXISTS over rows without equality": f"SELECT {WIDE} FROM {L} WHERE EXISTS (SELECT FROM {R} WHERE r.c = l.c AND r.n = l.n)",
    "26: NOT EXISTS over rows without equality": f"SELECT {WIDE} FROM {L} WHERE NOT EXISTS (SELECT FROM {R} WHERE r.new = l.k AND r.j::text <> l.j::text)",
    "26: EXISTS that reads a point": f"SELECT l.k, l.j, EXISTS (SELECT FROM {R} WHERE l.f = r.count OR l.r @> r.weight) AS e FROM {L}",
    "26: citext compared as text": f"SELECT l.c, l.k, EXISTS (SELECT FROM {R} WHERE l.c = r.c::text) AS e, (SELECT count(*) FROM {R} WHERE r.c::text = l.c) AS n FROM {L}",
    "26: citext joined as text": f'SELECT l.c, l.k, r.c AS rc FROM {L} LEFT JOIN (SELECT c::text AS s, c FROM "Right") r ON l.c = r.s',
    "26: composites in groups, re-read": f"SELECT l.t, string_agg(l.k::text, ',' ORDER BY l.k) AS s, count(l.t) AS n, count(*) AS m FROM {L} GROUP BY l.t",
    "26: composites in keys of outer joins": f"SELECT l.t, m.n FROM (SELECT t, count(*) AS n, count(DISTINCT t) AS d FROM {L} GROUP BY t) l LEFT JOIN (SELECT t, count(t) AS n FROM {L} WHERE k = 1 GROUP BY t) m ON l.t = m.t",
    "26: NULL tests of composites": f'SELECT l.k, l.t IS NULL AS a, l.t IS NOT NULL AS b, NOT (l.t IS NULL) AS c, m.t IS NULL AS d FROM {L} LEFT JOIN "L.eft" m ON m.k = l.old AND m.t = l.t',
    "26: citext NOT IN": f"SELECT l.k, l.c FROM {L} WHERE l.c NOT IN (SELECT r.c FROM {R} WHERE r.new IS NOT DISTINCT FROM l.k)",
    "26: rows NOT IN": f"SELECT l.k, l.t, (l.n, l.c) NOT IN (SELECT r.n, r.c FROM {R}) AS a, (l.e, l.d) IN (SELECT r.e, r.d FROM {R}) AS b FROM {L}",
    "26: composites of other types IN": f"SELECT l.k, l.t IN (SELECT (m.k, 'a')::pair FROM \"L.eft\" m WHERE m.c = l.c) AS i FROM {L}",
    "26: a scalar query by citext": f"SELECT l.j, l.c, (SELECT count(*) FROM {R} WHERE r.c = l.c) AS n, (SELECT max(r.count) FROM {R} WHERE r.c = l.c AND r.n >= l.n) AS m FROM {L}",
    "26: a scalar query that reads images": f"SELECT l.j, (SELECT string_agg(l.n::text || r.n::text, ',' ORDER BY r.count, r.n::text) FROM {R} WHERE r.f = l.f) AS t FROM {L}",
    "26: a value of every kind": f'SELECT l.k, (SELECT m.t FROM "L.eft" m WHERE m.old = l.k AND m.k IS NULL) AS t, (SELECT array_agg(r.j ORDER BY r.count, r.j::text) FROM {R} WHERE r.n = l.n) AS j FROM {L}',
    "26: a scalar query that json stands around": f"SELECT l.k, (SELECT count(*) FROM {R} WHERE r.count < length(l.j::text)) AS n, (SELECT sum(r.weight * length(l.j::text)) FROM {R} WHERE r.c <> l.c) AS s FROM {L}",
    "26: EXISTS that json stands around, over groups": f"SELECT l.j, EXISTS (SELECT r.c FROM {R} WHERE r.count < length(l.j::text) GROUP BY r.c HAVING count(*) < length(l.j::text)) AS e FROM {L}",
    "26: json beside the key of its groups": 'SELECT w.j, w.p, (SELECT to_json(w.id) FROM one) AS i, (SELECT count(*) FROM "Right" r WHERE r.count < w.id) AS n FROM wide w GROUP BY w.id',
    "26: json beside the key of an extremum": "SELECT w.j, w.p, max(w.id) AS top, count(*) AS n FROM wide w GROUP BY w.id",
    "26: json beside a key that a full join pads": 'SELECT w.j, w.p, array_agg(r.count ORDER BY r.count NULLS FIRST) AS a, max(r.weight) AS m FROM wide w FULL JOIN "Right" r ON r.count = w.id GROUP BY w.id',
    "26: LATERAL over json": f"SELECT l.j, x.key, x.value FROM {L} LEFT JOIN LATERAL json_each(CASE json_typeof(l.j) WHEN 'object' THEN l.j END) x ON true",
    "26: LATERAL by image": f"SELECT l.n, g.s FROM {L}, LATERAL (SELECT scale(l.n) + scale(r.n) AS s FROM {R} WHERE r.n = l.n) g",
    "26: distinct counts": f"SELECT l.old, count(DISTINCT l.c) AS c, count(DISTINCT l.n) AS n, count(DISTINCT l.t) AS t, count(DISTINCT l.v) AS v, count(*) AS m FROM {L} GROUP BY l.old",
    "26: grouping sets": f"SELECT l.e, l.r, l.twice, grouping(l.e, l.r) AS g, count(*) AS n, count(l.t) AS t FROM {L} GROUP BY CUBE (l.e, l.r), l.twice",
    "26: EXCEPT ALL": f"SELECT l.e, l.r, l.t, l.twice FROM {L} EXCEPT ALL SELECT 'sad', '[1,3)', '(1,a)', 2 FROM {R}",
    "26: INTERSECT of enums": f"SELECT l.e, l.k FROM {L} INTERSECT ALL SELECT r.e, r.new FROM {R}",
    "25: left join of a table with itself": 'SELECT a.n, a.c, b.f, b.j FROM "L.eft" a LEFT JOIN "L.eft" b ON b.k = a.old',
    "25: EXISTS in the table itself": f'SELECT {WIDE} FROM {L} WHERE EXISTS (SELECT FROM "L.eft" m WHERE m.k = l.old AND m.n = l.n)',
    "27: the names of ours": f'SELECT l.old AS "old", r.new AS "new", sum(r.count) AS "count", sum(weight) AS weight, (SELECT max("old") FROM "L.eft" AS d WHERE d.k = l.old) AS "n", EXISTS (SELECT FROM "L.eft" t WHERE t.k = r.new) AS "match" FROM {L} LEFT JOIN {R} ON r.new = l.k GROUP BY l.old, r.new',
    "27: quoted aliases": 'SELECT "select".k AS "from", "d.x".m AS "where" FROM "L.eft" "select" LEFT JOIN LATERAL (SELECT max("left"."new") AS m FROM "Right" "left" WHERE "left"."new" < "select".k) "d.x" ON true WHERE "select".k NOT IN (SELECT "Right"."count" FROM "Right" WHERE "Right"."count" IS NOT NULL)',
    "50: text of what is padded": f"SELECT l.n::text AS n, r.n::text AS rn, r.f::text AS rf, r.v::text AS rv, r.c::text AS rc FROM {L} LEFT JOIN {R} ON r.new = l.k",
    "50: text of what matches": f"SELECT l.n::text AS n, l.v::text AS v FROM {L} WHERE l.c IN (SELECT r.c FROM {R} WHERE r.n::text <> l.n::text)",
    "50: text in groups of an outer join": f"SELECT l.v::text AS v, r.n::text AS n, count(*) AS m FROM {L} FULL JOIN {R} ON l.n = r.n GROUP BY 1, 2",
}  # fmt: skip


@pytest.mark.parametrize("title", QUERIES)
def test_kind(conn: Connection, title: str) -> None:
    follow(conn, Story(title, TABLES, QUERIES[title], CHANGES))
