"""Traps 28-33 and 59: correlated queries in expressions, and LATERAL."""
# ruff: noqa: E501 - a query reads better on one line

import pytest

from tests.maintained import Connection, Story, follow

TABLES = """
CREATE TABLE l (id int PRIMARY KEY, k int, x int);
CREATE TABLE r (k int, y int, s text, price numeric);
CREATE TABLE one (id int PRIMARY KEY, name text, price numeric);
INSERT INTO l VALUES (1, 1, 1), (2, 1, 2), (3, 2, NULL), (4, NULL, 3), (5, 9, 4);
INSERT INTO r VALUES (1, 1, 'a', 1.5), (1, 1, 'a', 1.50), (1, NULL, 'b', NULL), (2, 3, NULL, 2), (NULL, 4, 'c', 7);
INSERT INTO one VALUES (1, 'a', 1.50), (2, NULL, NULL), (4, 'c', 2)
"""
CHANGES: tuple[str | tuple[str, ...], ...] = (
    (
        "INSERT INTO l VALUES (6, 3, 5)",
        "INSERT INTO r VALUES (3, 6, 'd', 0.5)",
        "INSERT INTO one VALUES (3, 'd', 1.0)",
    ),
    (
        "UPDATE r SET k = NULL WHERE k = 2",
        "UPDATE l SET k = 2 WHERE id = 1",
        "UPDATE one SET price = 1.500 WHERE id = 1",
    ),
    (
        "DELETE FROM r WHERE y = 1",
        "INSERT INTO r VALUES (2, 2, 'z', 3.25), (9, NULL, 'z', 1)",
        "UPDATE l SET x = x + 1",
    ),
    ("UPDATE l SET id = id + 10, k = coalesce(k, 0) + 1 WHERE id < 4", "DELETE FROM one WHERE id = 4"),
    "DELETE FROM r",
    ("INSERT INTO r SELECT k, x, 'n', id FROM l", "INSERT INTO r SELECT k, x, 'n', id + 0.50 FROM l"),
    ("DELETE FROM l WHERE id > 10", "DELETE FROM r WHERE k = 9"),
    "UPDATE r SET k = k + 1, price = -price",
)
QUERIES = {
    "28: NOT IN, correlated": "SELECT l.* FROM l WHERE x NOT IN (SELECT y FROM r WHERE r.k = l.k)",
    "28: NOT IN of two columns": "SELECT l.* FROM l WHERE (k, x) NOT IN (SELECT k, y FROM r)",
    "29: EXISTS in the select list": "SELECT k, EXISTS (SELECT FROM r WHERE r.k = l.k AND r.y > l.x) AS found FROM l",
    "29: EXISTS under OR": "SELECT l.* FROM l WHERE x = 1 OR NOT EXISTS (SELECT FROM r WHERE r.k = l.k)",
    "30: greater than ALL": "SELECT l.* FROM l WHERE x > ALL (SELECT y FROM r WHERE r.k = l.k)",
    "30: equal to ANY, as a value": "SELECT id, x = ANY (SELECT y FROM r WHERE r.k = l.k) AS found FROM l",
    "31: a count of nothing, a sum of nothing": "SELECT id, (SELECT count(*) + 1 FROM r WHERE r.k = l.k) AS n, (SELECT sum(y) FROM r WHERE r.k = l.k) AS s FROM l",
    "31: an expression of nothing": "SELECT id, (SELECT coalesce(max(s), 'none') FROM r WHERE r.k = l.k HAVING count(*) < 3) AS s FROM l",
    "31: a row found by its key": "SELECT id, (SELECT price FROM one WHERE one.id = l.k) AS price, (SELECT name FROM one WHERE one.id = l.x) AS name FROM l",
    "31: an array in order": "SELECT id, ARRAY(SELECT y FROM r WHERE r.k = l.k ORDER BY price DESC NULLS LAST, y) AS a, ARRAY(SELECT price::text AS p FROM r WHERE r.y > l.x ORDER BY s, p DESC) AS b FROM l",
    "31: an array of what is distinct or combined, in order": "SELECT id, ARRAY(SELECT DISTINCT s FROM r WHERE r.k = l.k ORDER BY s DESC) AS a, ARRAY(SELECT y FROM r UNION SELECT l.x ORDER BY y NULLS FIRST) AS b FROM l",
    "31: an array of groups, in order": "SELECT id, ARRAY(SELECT s FROM r WHERE r.y >= l.x GROUP BY s ORDER BY count(*) DESC, s) AS a, ARRAY(VALUES (l.x), (l.k) ORDER BY 1) AS b FROM l",
    "32: correlation by inequality": "SELECT id, (SELECT count(*) FROM r WHERE r.k < l.k) AS n, (SELECT max(price) FROM r WHERE r.y >= l.x) AS p FROM l",
    "32: two levels": "SELECT id, (SELECT sum(price) FROM r WHERE r.k = l.k AND r.y >= (SELECT avg(q.y) FROM r q WHERE q.k = r.k AND q.y <= l.x)) AS p FROM l",
    "32: both levels of one table": "SELECT l.* FROM l WHERE x = (SELECT max(m.x) FROM l m WHERE m.k = l.k)",
    "32: in HAVING": "SELECT k, count(*) AS n FROM l GROUP BY k HAVING count(*) > (SELECT count(*) FROM r WHERE r.k = l.k)",
    "32: division": "SELECT l.* FROM l WHERE NOT EXISTS (SELECT FROM r WHERE NOT EXISTS (SELECT FROM one WHERE one.id = r.y AND one.price > l.x))",
    "33: LATERAL, grouped": "SELECT l.id, g.s, g.n FROM l, LATERAL (SELECT s, count(*) AS n FROM r WHERE r.k = l.k GROUP BY s) g",
    "33: LATERAL of one row": "SELECT l.id, g.n, g.m FROM l LEFT JOIN LATERAL (SELECT count(*) AS n, max(y) + l.x AS m FROM r WHERE r.k = l.k) g ON g.n > 1",
    "33: LEFT JOIN LATERAL": "SELECT l.id, g.v, g.p FROM l LEFT JOIN LATERAL (SELECT coalesce(y, l.x) AS v, price AS p FROM r WHERE r.k = l.k) g ON g.v > 1",
    "33: LATERAL over a union": "SELECT l.id, g.v FROM l, LATERAL (SELECT y AS v FROM r WHERE r.k = l.k UNION ALL SELECT l.x) g",
    "33: LATERAL, outer inside": "SELECT l.id, g.y, g.name FROM l, LATERAL (SELECT r.y, one.name FROM r LEFT JOIN one ON one.id = r.y AND one.id > l.x WHERE r.k = l.k) g",
    "by image": "SELECT price, (SELECT string_agg(one.price::text || r.price::text, ',' ORDER BY one.id) FROM one WHERE one.price <= r.price AND scale(r.price) > 0) AS t FROM r",
    "59: a row not in rows": "SELECT l.* FROM l WHERE (1, x) NOT IN (SELECT k, y FROM r WHERE r.k = l.k)",
    "division by zero where nobody looks": "SELECT id, (SELECT sum(100 / q.id) FROM one q WHERE q.id = l.k) AS s FROM l",
}  # fmt: skip


@pytest.mark.parametrize("title", QUERIES)
def test_correlated_queries(conn: Connection, title: str) -> None:
    follow(conn, Story(title, TABLES, QUERIES[title], CHANGES))
