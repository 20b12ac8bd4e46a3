"""Law 3: a type whose operators lie in a schema that the search_path does not name.

There a bare `=` of two citexts is that of text, for the query as for ivmc; what groups, tells apart and orders
goes by the type's own operators. The user's are qualified.
"""
# ruff: noqa: E501 - a query reads better on one line

import pytest

from tests.maintained import Connection, Story, follow

TABLES = """
CREATE SCHEMA ext;
CREATE EXTENSION citext WITH SCHEMA ext;
CREATE DOMAIN word AS ext.citext;
CREATE TABLE l (k int, c ext.citext, n ext.citext NOT NULL, w word, a ext.citext[]);
CREATE TABLE r (k int, c ext.citext, n ext.citext NOT NULL, w word, PRIMARY KEY (n));
INSERT INTO l VALUES (1, 'a', 'a', 'a', '{a}'), (1, 'A', 'A', 'A', '{A}'), (2, 'b', 'b', 'b', '{b}'), (2, NULL, 'B', NULL, NULL), (3, 'c', 'c', 'c', '{c,C}'), (3, 'C', 'x', NULL, '{}');
INSERT INTO r VALUES (1, 'A', 'A', 'A'), (1, 'a', 'b', 'a'), (2, 'B', 'c', NULL), (NULL, NULL, 'd', 'd')
"""
CHANGES = (
    ("UPDATE l SET c = upper(c::text)::ext.citext, w = upper(w::text)::ext.citext WHERE k = 1", "INSERT INTO r VALUES (3, 'C', 'C3', 'c')"),
    ("DELETE FROM l WHERE ctid = (SELECT min(ctid) FROM l)", "UPDATE r SET c = 'B', w = 'B' WHERE k = 1"),
    "INSERT INTO l VALUES (2, 'B', 'b', 'B', '{B}'), (4, NULL, 'D', 'd', NULL), (1, 'a', 'a', NULL, '{A}')",
    ("DELETE FROM r WHERE k = 2", "UPDATE l SET n = CASE n::text WHEN 'b' THEN 'B' ELSE 'b' END::ext.citext"),
    ("UPDATE r SET n = (n::text || 'x')::ext.citext, c = NULL", "UPDATE l SET c = 'C', a = '{c}' WHERE k >= 2"),
    "DELETE FROM l WHERE k = 1",
    ("INSERT INTO l SELECT k + 1, lower(c::text)::ext.citext, upper(n::text)::ext.citext, w, a FROM l", "UPDATE r SET c = 'c' WHERE k = 3"),
    "DELETE FROM r",
)  # fmt: skip
EQ = "OPERATOR(ext.=)"
# Which of several equal spellings a group shows is PostgreSQL's choice: it is not shown.
QUERIES = {
    "groups": "SELECT count(*) AS n, sum(k) AS s FROM l GROUP BY c",
    "groups by what cannot be NULL": "SELECT count(*) AS n, sum(k) AS s FROM l GROUP BY n",
    "groups by a domain and an array": "SELECT count(*) AS n FROM l GROUP BY w, a",
    "groups that are joined": f"SELECT x.n, y.s FROM (SELECT c, count(*) AS n FROM l GROUP BY c) x JOIN (SELECT c, sum(k) AS s FROM r GROUP BY c) y ON x.c {EQ} y.c",
    "a join": f"SELECT l.k, l.c, r.k AS rk, r.c AS rc FROM l JOIN r ON l.c {EQ} r.c",
    "a join as text": "SELECT l.k, l.c, r.k AS rk, r.c AS rc FROM l JOIN r ON l.c = r.c",
    "a join to the one row of a key": f"SELECT l.k, r.k AS rk, r.n FROM l JOIN r ON l.n {EQ} r.n",
    "USING is as text": "SELECT n::text AS t, l.k, r.k AS rk FROM l JOIN r USING (n)",
    "a left join": f"SELECT l.k, l.c, r.k AS rk, r.c AS rc FROM l LEFT JOIN r ON l.c {EQ} r.c",
    "a left join as text": "SELECT l.k, l.c, r.k AS rk, r.c AS rc FROM l LEFT JOIN r ON l.c = r.c",
    "a full join": f"SELECT l.k, l.c, r.k AS rk, r.c AS rc FROM l FULL JOIN r ON l.c {EQ} r.c",
    "a full join of domains": f"SELECT l.k, r.k AS rk, r.w FROM l FULL JOIN r ON l.w::ext.citext {EQ} r.w::ext.citext",
    "DISTINCT": "SELECT count(*) AS n FROM (SELECT DISTINCT c FROM l) q",
    "EXISTS": f"SELECT l.k, l.c FROM l WHERE EXISTS (SELECT FROM r WHERE r.c {EQ} l.c AND r.k >= l.k)",
    "NOT EXISTS": f"SELECT l.k, l.c FROM l WHERE NOT EXISTS (SELECT FROM r WHERE r.c {EQ} l.c)",
    "EXISTS as a value": f"SELECT l.k, EXISTS (SELECT FROM r WHERE r.c {EQ} l.c AND r.k <> l.k) AS e FROM l",
    "NOT EXISTS as text": "SELECT l.k, l.c FROM l WHERE NOT EXISTS (SELECT FROM r WHERE r.c = l.c)",
    "IN, which is as text": "SELECT l.k, l.c FROM l WHERE l.c IN (SELECT r.c FROM r)",
    "NOT IN, which is as text": "SELECT l.k, l.c FROM l WHERE l.c NOT IN (SELECT r.c FROM r WHERE r.k = l.k)",
    "ANY by its own operator": f"SELECT l.k, l.c {EQ} ANY (SELECT r.c FROM r) AS e FROM l",
    "a list and IS DISTINCT FROM, which are as text": "SELECT k, c IN ('a', 'b') AS i, c IS NOT DISTINCT FROM n AS d, nullif(c, 'a') AS f FROM l",
    "a scalar query": f"SELECT l.k, (SELECT count(*) FROM r WHERE r.c {EQ} l.c) AS n, (SELECT sum(r.k) FROM r WHERE r.c {EQ} l.c AND r.k >= l.k) AS s FROM l",
    "LATERAL": f"SELECT l.k, q.n FROM l LEFT JOIN LATERAL (SELECT count(*) AS n FROM r WHERE r.c {EQ} l.c AND r.k < l.k + 2) q ON true",
    "UNION": "SELECT count(*) AS n FROM (SELECT c FROM l UNION SELECT c FROM r) q",
    "INTERSECT ALL": "SELECT count(*) AS n FROM (SELECT c FROM l INTERSECT ALL SELECT c FROM r) q",
    "EXCEPT": "SELECT count(*) AS n FROM (SELECT c FROM l EXCEPT SELECT c FROM r) q",
    "min and max": "SELECT k, lower(ext.min(c)::text) AS a, lower(ext.max(c)::text) AS b FROM l GROUP BY k",
    "min and max as text": "SELECT k, min(c) AS a, max(n) AS b FROM l GROUP BY k",
    "UNION with text": "SELECT c AS x FROM l UNION SELECT n::text FROM r",
    "an argument that is taken as text": "SELECT k, string_agg(DISTINCT n, ',' ORDER BY n DESC) AS d, string_agg(c, ',' ORDER BY c, n::text) AS s, count(DISTINCT lower(c)) AS m FROM l GROUP BY k",
    "min of a join": f"SELECT lower(ext.min(r.c)::text) AS a FROM l JOIN r ON l.c {EQ} r.c GROUP BY l.k",
    "count(DISTINCT)": "SELECT k, count(DISTINCT c) AS n, count(DISTINCT w) AS w, count(DISTINCT a) AS a FROM l GROUP BY k",
    "count(DISTINCT) of a join": f"SELECT r.k, count(DISTINCT l.n) AS n FROM l JOIN r ON l.c {EQ} r.c GROUP BY r.k",
    "grouping sets": "SELECT count(*) AS n, grouping(c, n) AS g FROM l GROUP BY CUBE (c, n)",
    "HAVING": f"SELECT count(*) AS n FROM l GROUP BY c, n HAVING c {EQ} n OR max(k) > 2",
}  # fmt: skip


@pytest.mark.usefixtures("database")  # others have the extension elsewhere
@pytest.mark.parametrize("title", QUERIES)
def test_operators_elsewhere(conn: Connection, title: str) -> None:
    follow(conn, Story(title, TABLES, QUERIES[title], CHANGES))
