"""Trap 33: LATERAL, and functions that give many rows."""
# ruff: noqa: E501 - a query reads better on one line

import psycopg
import pytest

from tests.maintained import Connection, Story, follow

POSTS = """
CREATE TABLE post (id int PRIMARY KEY, author int, tags text[], counts int[], doc jsonb, n int);
CREATE TABLE author (id int PRIMARY KEY, name text, level int);
INSERT INTO post VALUES
  (1, 1, '{a,b,a}', '{1,2}', '[{"k": "x", "v": 1}, {"k": "y", "v": 2, "s": ["p", "q"]}]', 2),
  (2, 1, '{}', NULL, '[]', 0), (3, 2, NULL, '{3}', NULL, NULL), (4, NULL, '{b,NULL}', '{NULL,5,6}', '[{"v": "3"}, {"k": "x"}]', 3);
INSERT INTO author VALUES (1, 'ann', 2), (2, 'bob', NULL), (3, 'eve', 1)
"""
CHANGES = (
    "INSERT INTO post VALUES (5, 3, '{c,a}', '{7,7,7}', '[{\"k\": \"z\", \"v\": 9}]', 1)",
    ("UPDATE post SET tags = tags || '{d}' WHERE id IN (1, 2)", "DELETE FROM author WHERE id = 2"),
    (
        "UPDATE post SET tags = '{a}', counts = counts[2:3], n = n + 1",
        "UPDATE author SET level = 3, name = 'eva' WHERE id = 3",
    ),
    (
        "DELETE FROM post WHERE id = 1",
        'UPDATE post SET author = 3, doc = doc || \'[{"k": "x", "v": 1}]\' WHERE id = 4',
    ),
    (
        "UPDATE post SET tags = NULL, doc = NULL, n = 0 WHERE id IN (4, 5)",
        "INSERT INTO author VALUES (2, 'ben', 1)",
    ),
    ("DELETE FROM post",),
    ('INSERT INTO post VALUES (1, 2, \'{x,y}\', \'{1}\', \'[{"k": "k", "v": 4, "s": ["r"]}]\', 2)',),
)

QUERIES = {
    "unnest": "SELECT p.id, tag FROM post p, unnest(p.tags) AS tag",
    "unnest, then grouped": "SELECT tag, count(*) AS n, count(DISTINCT p.author) AS authors FROM post p, unnest(p.tags) AS tag GROUP BY tag",
    "WITH ORDINALITY": "SELECT p.id, t.tag, t.nr FROM post p CROSS JOIN LATERAL unnest(p.tags) WITH ORDINALITY AS t (tag, nr)",
    "left join": "SELECT p.id, tag FROM post p LEFT JOIN unnest(p.tags) AS tag ON true",
    "left join with a condition": "SELECT p.id, t.tag, t.nr FROM post p LEFT JOIN unnest(p.tags) WITH ORDINALITY AS t (tag, nr) ON t.tag <> 'a' AND p.n > 0",
    "left join, counted": "SELECT p.author, count(*) AS n, count(tag) AS tags FROM post p LEFT JOIN unnest(p.tags) AS tag ON true GROUP BY p.author",
    "arrays in step": "SELECT p.id, u.* FROM post p, unnest(p.tags, p.counts) WITH ORDINALITY AS u (tag, times, nr)",
    "ROWS FROM": "SELECT p.id, r.* FROM post p, ROWS FROM (unnest(p.tags), generate_series(1, p.n)) AS r (tag, nr)",
    "one after another": "SELECT p.id, tag, g FROM post p, unnest(p.tags) AS tag, generate_series(1, p.n) AS g",
    "one of another": "SELECT p.id, item ->> 'k' AS k, s FROM post p, jsonb_array_elements(p.doc) AS item, jsonb_array_elements_text(item -> 's') AS s",
    "with a join": "SELECT a.name, tag FROM author a JOIN post p ON p.author = a.id, unnest(p.tags) AS tag WHERE tag <> 'b'",
    "joined by its value": "SELECT p.id, a.name FROM post p, unnest(p.counts) AS c JOIN author a ON a.id = c",
    "of both sides": "SELECT a.id, p.id AS post, g FROM author a JOIN post p ON p.author = a.id, generate_series(a.level, p.n) AS g",
    "column definitions": "SELECT p.id, r.k, r.v FROM post p, jsonb_to_recordset(p.doc) AS r (k text, v numeric(8,2))",
    "column definitions, ordered": "SELECT p.id, r.* FROM post p, ROWS FROM (jsonb_to_recordset(p.doc) AS (k text, v int), unnest(p.tags)) WITH ORDINALITY AS r (k, v, tag, nr)",
    "rows of several columns": "SELECT p.id, e.key, e.value FROM post p, jsonb_array_elements(p.doc) AS item, jsonb_each(item) AS e",
    "a value": "SELECT p.id, up FROM post p, upper(p.tags[1]) AS up",
    "a value, left joined": "SELECT p.id, len FROM post p LEFT JOIN cardinality(p.tags) AS len ON len > 1",
    "no argument of a table": "SELECT a.id, g FROM author a, generate_series(1, 2) AS g",
    "a calendar of counts": "SELECT g, count(p.id) AS n FROM generate_series(0, 4) AS g LEFT JOIN post p ON p.n = g GROUP BY g",
    "full join with a series": "SELECT g, p.id FROM generate_series(0, 3) AS g FULL JOIN post p ON p.n = g",
    "in the select list": "SELECT id, unnest(tags) AS tag FROM post",
    "in step in the select list": "SELECT id, unnest(tags) AS tag, unnest(counts) AS c, n FROM post",
    "inside an expression": "SELECT id, unnest(counts) + n AS c, upper(unnest(tags)) AS tag FROM post",
    "nested": "SELECT id, generate_series(1, unnest(counts)) AS g FROM post WHERE id <> 5",
    "grouped by it": "SELECT unnest(tags) AS tag, count(*) AS n, sum(n) AS total FROM post GROUP BY tag",
    "after grouping": "SELECT author, generate_series(1, count(*)) AS nr, sum(n) AS total FROM post GROUP BY author",
    "distinct": "SELECT DISTINCT unnest(tags) AS tag FROM post",
    "its fields": "SELECT id, (jsonb_each(doc -> 0)).key AS k, (jsonb_each(doc -> 0)).value AS v FROM post",
    "below a union": "SELECT unnest(tags) AS t FROM post UNION ALL SELECT name FROM author",
    "LATERAL": "SELECT a.id, l.id AS post FROM author a, LATERAL (SELECT p.id FROM post p WHERE p.author = a.id AND p.n > a.level) l",
    "LATERAL, grouped": "SELECT a.id, l.n, l.total FROM author a, LATERAL (SELECT count(*) AS n, sum(p.n) AS total FROM post p WHERE p.author = a.id) l",
    "LEFT JOIN LATERAL": "SELECT a.id, l.n FROM author a LEFT JOIN LATERAL (SELECT p.author, count(*) AS n FROM post p WHERE p.author = a.id GROUP BY p.author) l ON l.n > 1",
    "LATERAL by order": "SELECT a.id, l.n FROM author a, LATERAL (SELECT count(*) AS n FROM post p WHERE p.n < a.level) l",
    "LATERAL, distinct": "SELECT a.id, l.t FROM author a, LATERAL (SELECT DISTINCT t FROM post p, unnest(p.tags) t WHERE p.author = a.id) l",
    "LATERAL over a function": "SELECT p.id, l.longest, l.n FROM post p, LATERAL (SELECT max(t) AS longest, count(*) AS n FROM unnest(p.tags) t WHERE t > 'a') l",
    "LATERAL values": "SELECT p.id, v.kind, v.x FROM post p, LATERAL (VALUES ('n', p.n), ('author', p.author)) v (kind, x) WHERE v.x IS NOT NULL",
    "LATERAL union": "SELECT a.id, l.x FROM author a, LATERAL (SELECT p.n AS x FROM post p WHERE p.author = a.id UNION ALL SELECT a.level) l",
    "LATERAL without a table": "SELECT p.id, l.double, m.more FROM post p, LATERAL (SELECT p.n * 2 AS double) l, LATERAL (SELECT l.double + 1 AS more) m",
    "LATERAL in LATERAL": "SELECT a.id, x.post, x.tag FROM author a, LATERAL (SELECT p.id AS post, t.tag FROM post p, LATERAL (SELECT tag FROM unnest(p.tags) tag WHERE tag <> a.name) t WHERE p.author = a.id) x",
    "a query in ON of LEFT JOIN": "SELECT a.id, p.id AS post FROM author a LEFT JOIN post p ON p.author = a.id AND p.n >= (SELECT max(q.n) FROM post q WHERE q.author = a.id)",
    "EXISTS in ON of FULL JOIN": "SELECT a.id, p.id AS post FROM author a FULL JOIN post p ON p.author = a.id AND EXISTS (SELECT FROM post q WHERE q.author = a.id AND q.n < p.n)",
    "in an expression's query": "SELECT p.id, (SELECT count(*) FROM unnest(p.tags) t WHERE t = 'a') AS a FROM post p",
    "EXISTS over a function": "SELECT p.id FROM post p WHERE EXISTS (SELECT FROM unnest(p.tags) t WHERE t = 'b')",
}  # fmt: skip
NEWEST = {
    "JSON_TABLE": "SELECT p.id, j.* FROM post p, JSON_TABLE(p.doc, '$[*]' COLUMNS (nr FOR ORDINALITY, k text PATH '$.k', v int PATH '$.v', has boolean EXISTS PATH '$.s')) AS j",
    "JSON_TABLE, nested and left joined": "SELECT p.id, j.* FROM post p LEFT JOIN JSON_TABLE(p.doc, '$[*]' PASSING p.n AS least COLUMNS (k text PATH '$.k' DEFAULT 'none' ON EMPTY, NESTED PATH '$.s[*]' COLUMNS (s text PATH '$'))) AS j ON j.k <> 'y'",
}  # fmt: skip


XML = "SELECT p.id, x.nr, x.tag FROM post p LEFT JOIN XMLTABLE('/p/t' PASSING xmlparse(DOCUMENT '<p><t>' || array_to_string(p.tags, '</t><t>') || '</t></p>') COLUMNS nr FOR ORDINALITY, tag text PATH '.') AS x ON x.tag <> 'a'"  # fmt: skip


@pytest.mark.parametrize("title", QUERIES)
def test_function(conn: Connection, title: str) -> None:
    follow(conn, Story(title, POSTS, QUERIES[title], CHANGES))


@pytest.mark.newest
@pytest.mark.parametrize("title", NEWEST)
def test_newest_function(conn: Connection, title: str) -> None:
    follow(conn, Story(title, POSTS, NEWEST[title], CHANGES))


def test_xmltable(conn: Connection) -> None:
    try:
        conn.execute("SELECT xmlparse(DOCUMENT '<p/>')")
    except psycopg.errors.FeatureNotSupported as missing:
        pytest.skip(str(missing))
    follow(conn, Story("XMLTABLE", POSTS, XML, CHANGES))
