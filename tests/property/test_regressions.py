"""What drawing queries at random has found, as small as it gets."""
# ruff: noqa: E501 - a query reads better on one line

import pytest

from tests.maintained import Connection, Story, follow

PAIR = """
CREATE TABLE r (id int PRIMARY KEY, k int, s text, d numeric(6,2), n numeric);
CREATE TABLE q (k int, s text);
INSERT INTO r VALUES (1, 2, 'a', 1.50, 1.0), (2, 0, 'b', 2, NULL), (3, 2, NULL, NULL, 2.50); INSERT INTO q VALUES (0, 'a'), (3, NULL)
"""
CHANGES = (
    ("DELETE FROM r WHERE id = 1", "INSERT INTO q VALUES (2, 'a')", "UPDATE r SET n = 1.00 WHERE id = 2"),
    ("UPDATE r SET k = 3, s = 'z'", "DELETE FROM q WHERE k = 0"),
    ("DELETE FROM r", "INSERT INTO q VALUES (-1, '')"),
    ("INSERT INTO r VALUES (5, 2, 'a', -1, 3), (6, 2, 'a', -1, 3)", "UPDATE q SET k = 2"),
)

STORIES = [
    Story("a literal as a column of UNION", PAIR, "SELECT k, 0.5 AS c FROM r UNION SELECT length(s), 2 FROM r", CHANGES),
    Story("an integer literal under DISTINCT is no ordinal", PAIR, "SELECT DISTINCT max(k) AS m, 1 AS one FROM r GROUP BY s", CHANGES),
    Story("a stage of one row changed by several terms", PAIR, "SELECT avg(q.k) AS c1 FROM r, q UNION ALL SELECT k FROM r", CHANGES),
    Story("min and max of a numeric with a scale have none", PAIR, "SELECT k, min(d) AS low, max(d) AS high, max(d) FILTER (WHERE k > 0) AS f FROM r GROUP BY k", CHANGES),
    Story("a lost extremum beside counts and sums", PAIR, "SELECT k, s, count(*) AS n, max(id) AS m, sum(id) AS t, sum(n) AS u FROM r GROUP BY k, s", CHANGES),
    Story("a filtered table joined to itself", PAIR, "WITH w AS (SELECT k, id FROM r WHERE k <> 1) SELECT a.id, b.id AS c, x.id AS e FROM w a, w b, (SELECT DISTINCT id FROM w) x WHERE a.k = b.k AND b.id = x.id", CHANGES),
    Story("USING shows the column that needs no cast", PAIR, "SELECT n FROM r JOIN (SELECT k AS n FROM r) x USING (n) UNION ALL SELECT k FROM q JOIN (SELECT n * 1.00 AS k FROM r) y USING (k)", CHANGES),
    Story("a bare literal takes the type of the other arm", PAIR, "SELECT k, d, s FROM r UNION ALL SELECT NULL, NULL, 'x' UNION SELECT id, 7, 'y' FROM r", CHANGES),
    Story("a bare literal as a group key is text", PAIR, "SELECT 'all' AS kind, NULL AS nothing, count(*) AS n FROM r GROUP BY kind, nothing", CHANGES),
    Story("a part of a special form is a group key", PAIR, "SELECT extract(year from coalesce(date '2024-01-01' + k, date '2023-01-01')) AS y, count(*) AS n FROM r GROUP BY coalesce(date '2024-01-01' + k, date '2023-01-01')", CHANGES),
    Story("a json column filtered by over net rows", "CREATE TABLE a (k int, n numeric); CREATE TABLE b (k int, j json); INSERT INTO a VALUES (1, 1.0), (2, NULL); INSERT INTO b VALUES (1, '{\"a\": \"1.0\"}'), (2, '[]')", "SELECT DISTINCT b.k FROM b JOIN a ON (b.k, a.n::text) = (b.k, b.j ->> 'a')", ("DELETE FROM a", ("INSERT INTO a VALUES (3, 1.0)", "UPDATE b SET k = 3"), "UPDATE b SET j = '{\"a\": 2}'")),
    Story("a stage counted in one branch of a refresh only", PAIR, "SELECT upper(b.s) AS u, b.id FROM q a JOIN r b ON a.k = b.id JOIN q c ON a.k = c.k JOIN q d ON b.s = d.s UNION ALL SELECT string_agg(s, ',' ORDER BY s), count(*) FROM r", CHANGES),
    Story("a filter over net rows stays above them", "CREATE TABLE rate (c text PRIMARY KEY, rate int); CREATE TABLE o (c text, x int); INSERT INTO rate VALUES ('a', 1), ('b', 0)", "SELECT o.c, o.x / r.rate AS y FROM o JOIN rate r ON o.c = r.c WHERE o.x / r.rate > 0", (("UPDATE rate SET rate = 2 WHERE c = 'b'", "INSERT INTO o VALUES ('b', 5)"), ("UPDATE rate SET rate = 0 WHERE c = 'b'", "DELETE FROM o"))),
    Story("no change reaches what is made of constants", PAIR, "SELECT a.k, x.d FROM q a, (SELECT r.d FROM (VALUES (NULL::int)) y FULL JOIN r ON true) x", CHANGES),
    Story("what can fail over constants never changes", PAIR, "WITH w AS (VALUES (2)) SELECT x.m AS m, 1 AS one FROM (SELECT avg(1 / column1) AS m FROM w) x INTERSECT SELECT 0.5, k FROM r", CHANGES),
    Story("keys of GROUPING SETS are NULL in expressions too", PAIR, "SELECT coalesce(count(*) FILTER (WHERE k = 3), id) AS n, id % 2 AS m FROM r GROUP BY CUBE (id) INTERSECT SELECT 0, NULL", CHANGES),
    Story("a group shows one of its arrays", "CREATE TABLE a (id int PRIMARY KEY, t int[], j json[]); CREATE TABLE b (k int); INSERT INTO a VALUES (1, '{1,2}', array[json '{}']), (2, NULL, NULL); INSERT INTO b VALUES (1), (1), (2)", "SELECT id, t, j, count(*) AS n FROM a JOIN b ON k = id GROUP BY id", ("INSERT INTO b VALUES (2)", ("UPDATE a SET t = '{3}', j = array[json '[1]']", "DELETE FROM b WHERE k = 1"), ("UPDATE a SET t = NULL, j = NULL", "INSERT INTO b VALUES (1)"))),
    Story("arrays of json among net rows", "CREATE TABLE a (id int, j json[]); CREATE TABLE b (k int); INSERT INTO a VALUES (1, array[json '{}']), (2, NULL); INSERT INTO b VALUES (1), (2)", "SELECT id, j, 10 / k AS n FROM a LEFT JOIN b ON k = id WHERE 10 / k > 1", ("INSERT INTO b VALUES (2)", ("UPDATE a SET j = array[json '[1]']", "DELETE FROM b WHERE k = 1"))),
    Story("a lost match is counted where PostgreSQL knows that there is none", "CREATE TABLE a (id int PRIMARY KEY, k int NOT NULL); CREATE TABLE b (id int PRIMARY KEY, l int); INSERT INTO a VALUES (1, 1), (2, 2); INSERT INTO b VALUES (1, 1), (2, 0)", "SELECT a.k, b.l, c.id FROM b RIGHT JOIN a ON b.l < a.k AND a.k IS NULL FULL JOIN (SELECT * FROM b WHERE l = 1) c ON b.id = c.id", (("DELETE FROM b WHERE id = 2", "DELETE FROM a WHERE id = 2"), "DELETE FROM a", "INSERT INTO a VALUES (5, 5)")),
    Story("columns depend on a key under another name", PAIR, "SELECT a.x, a.z, count(*) AS n FROM r AS a (x, y, z) LEFT JOIN q ON q.k = a.y GROUP BY a.x", CHANGES),
    Story("an ANY on a side of an equality", PAIR, "SELECT id, (k = 2) IN (SELECT k = ANY (ARRAY[0, 2]) FROM q WHERE (s LIKE ANY (ARRAY['a'])) = (r.n > 0)) AS found FROM r", CHANGES),
    Story("a query that is a group key stands in another query's test", PAIR, "SELECT count(*) AS n, (SELECT count(*) FROM q WHERE q.k = r.k) AS m FROM r GROUP BY (SELECT count(*) FROM q WHERE q.k = r.k) HAVING (SELECT count(*) FROM q WHERE q.k = r.k) IN (SELECT q.k FROM q)", CHANGES),
    Story("what is the same in every grouping set is no constant to the planner", PAIR, "SELECT avg(10 / g) AS x FROM (SELECT grouping(k) AS g FROM r GROUP BY GROUPING SETS ((k), (k))) y WHERE g <> 0", CHANGES),
    Story("constants joined to constants, then to tables", PAIR, "SELECT x.c, y.c AS d, r.id, q.s FROM (VALUES (0), (2)) x (c) LEFT JOIN (VALUES (1), (3)) y (c) ON x.c < y.c LEFT JOIN (VALUES (2)) z (c) ON y.c < z.c LEFT JOIN r ON r.k = x.c LEFT JOIN q ON q.k = y.c", CHANGES),
    Story("rows with json found again", "CREATE TABLE a (id int PRIMARY KEY, k int, v interval, j json); CREATE TABLE b (id int); INSERT INTO a VALUES (1, 2, '1 day', '{\"a\": \"1 day\"}'), (2, 1, '1 day', '{\"a\": 3}'), (3, 3, '24:00', '{\"a\": \"24:00:00\"}'); INSERT INTO b VALUES (1), (2), (NULL)", "SELECT id FROM b INTERSECT SELECT nullif(y.k, 1) FROM a x LEFT JOIN a y ON (x.id, x.j ->> 'a') = (y.k, y.v::text)", ("UPDATE a SET j = '{\"a\": \"1 day\"}'", ("DELETE FROM a WHERE id = 1", "DELETE FROM b WHERE id = 2"), ("INSERT INTO b VALUES (2), (3)", "INSERT INTO a VALUES (1, 2, '1 day', '{\"a\": \"1 day\"}')"), "UPDATE a SET v = '24:00'")),
    Story("an expression that ends in a column of its name", PAIR, "SELECT 10 * c / c AS c, string_agg(s, ',' ORDER BY s) AS t FROM (SELECT k % 5 AS c, s FROM r) x WHERE c <> 0 GROUP BY 10 * c / c", CHANGES),
    Story("a match whose condition equates two columns of one side, a key", "CREATE TABLE a (id int, k int, PRIMARY KEY (id, k)); CREATE TABLE b (id int PRIMARY KEY, s text); CREATE TABLE c (s text); INSERT INTO a VALUES (1, 1), (1, 2), (2, 2); INSERT INTO b VALUES (1, '1'), (2, '3'); INSERT INTO c VALUES ('1'), (NULL)", "SELECT a.id, c.s FROM a, c WHERE NOT EXISTS (SELECT FROM b WHERE a.id = a.k AND b.id::text = c.s)", (("DELETE FROM a WHERE id = 1 AND k = 1", "INSERT INTO c VALUES ('2')"), "UPDATE b SET id = id + 10", ("INSERT INTO a VALUES (1, 1), (3, 3)", "INSERT INTO b VALUES (1, NULL)"), "INSERT INTO b VALUES (3, NULL), (2, NULL)", "UPDATE c SET s = '12'", "DELETE FROM b")),
    Story("grouping sets of joins, recomputed in the order of the text", PAIR, "SELECT sum(c.k) AS a, (SELECT a.n FROM r a JOIN q b ON a.id = b.k AND a.id IS NULL WHERE c.k = a.id GROUP BY CUBE (a.n)) AS x FROM q c GROUP BY 2", CHANGES),
    Story("groups of a query over the table that looks them up", PAIR, "SELECT a.id, g.low FROM r a JOIN LATERAL (SELECT min(b.d) AS low FROM r b WHERE b.id = a.id GROUP BY ROLLUP (b.d)) g ON a.id IN (1, 2, 5)", CHANGES),
    Story("one row at most that nothing reads may be none", PAIR, "SELECT q.s FROM (SELECT (SELECT y.c FROM q) AS c FROM (SELECT max(k) AS c FROM r) x JOIN (SELECT min(id) + 1 AS c FROM r) y ON x.c = y.c) z CROSS JOIN q", CHANGES),
    Story("a single row on both sides of a comparison", PAIR, "SELECT id FROM r WHERE (SELECT greatest(r.k, min(q.k) + 1) > max(q.k) FROM q) AND (SELECT max(q.k) >= least(r.k, count(q.s)) FROM q)", CHANGES),
    Story("groups that look each other up", PAIR, "SELECT id FROM r, LATERAL (SELECT count(*) AS n) l WHERE (SELECT sum(b.k) FROM r b WHERE b.id IS NOT DISTINCT FROM l.n) = (SELECT sum(k) + 2 FROM q)", CHANGES),
    Story("a part of a subscript is a group key", PAIR, "SELECT (ARRAY[k, 5])[1] AS x, (ARRAY[s, 'b'])[2] AS y, upper(substring(s COLLATE \"C\" from 1 for 1)) AS u, count(*) AS n FROM r GROUP BY (ARRAY[k, 5])[1], ARRAY[s, 'b'], s COLLATE \"C\" HAVING (ARRAY[(ARRAY[k, 5])[1], 7])[1] > 0", CHANGES),
    Story("one row that nothing reads", PAIR, "SELECT q.s FROM (SELECT max(k) AS c FROM r) x CROSS JOIN q", CHANGES),
]  # fmt: skip


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_regression(conn: Connection, story: Story) -> None:
    follow(conn, story)
