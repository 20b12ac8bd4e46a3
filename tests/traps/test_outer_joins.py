"""Traps 4, 6-11: outer joins."""
# ruff: noqa: E501 - a query reads better on one line

import pytest

from tests.maintained import Connection, Story, follow

SHOP = """
CREATE TABLE customer (id int PRIMARY KEY, name text);
CREATE TABLE sale (id int PRIMARY KEY, customer int, amount numeric(8,2) NOT NULL, item int);
CREATE TABLE item (id int PRIMARY KEY, name text, price numeric(8,2));
INSERT INTO customer VALUES (1, 'ann'), (2, 'bob'), (3, NULL);
INSERT INTO sale VALUES (1, 1, 5, 1), (2, 1, 7, 2), (3, 2, 1, NULL), (4, NULL, 2, 1), (5, 9, 3, 8);
INSERT INTO item VALUES (1, 'pen', 1.50), (2, 'ink', 4.00)
"""
SIDES = """
CREATE TABLE l (k int, x int); CREATE TABLE r (k int, y int);
INSERT INTO l VALUES (1, 1), (1, 1), (2, 2), (NULL, 3); INSERT INTO r VALUES (1, 10), (3, 30), (NULL, 40), (NULL, 40)
"""
USING = """
CREATE TABLE l (k int, s text, x int); CREATE TABLE r (k bigint, s varchar(5), y int);
INSERT INTO l VALUES (1, 'a', 1), (2, 'b', 2), (NULL, 'a', 3); INSERT INTO r VALUES (1, 'a', 1), (1, 'b', 2), (2, NULL, 3), (4, 'z', 5)
"""
CHANGES = (
    "INSERT INTO sale VALUES (6, 3, 4, 2), (7, 2, 4, 2)",
    ("INSERT INTO customer VALUES (9, 'eve'), (10, 'kim')", "INSERT INTO sale VALUES (8, 10, 1, 1)"),
    ("DELETE FROM sale WHERE customer = 1", "UPDATE customer SET name = 'bea' WHERE id = 2"),
    ("UPDATE sale SET customer = 1 WHERE id IN (4, 5)", "UPDATE item SET price = NULL, id = 8 WHERE id = 1"),
    ("UPDATE sale SET customer = NULL", "DELETE FROM customer WHERE id = 1"),
    ("UPDATE sale SET customer = id % 4, item = id % 3", "INSERT INTO customer VALUES (1, 'new')"),
    ("DELETE FROM sale", "DELETE FROM item"),
    (
        "INSERT INTO sale VALUES (1, 2, 5, 1)",
        "INSERT INTO item VALUES (1, 'pad', 2)",
        "DELETE FROM customer WHERE id = 2",
    ),
)
MOVES = (
    "INSERT INTO r VALUES (1, 20), (2, 5)",
    ("DELETE FROM r WHERE k = 1", "INSERT INTO l VALUES (3, 4), (3, 4), (NULL, 3)"),
    "UPDATE l SET k = coalesce(k, 0) + 1",
    ("UPDATE r SET k = CASE WHEN k IS NULL THEN 2 ELSE NULL END", "UPDATE l SET x = x + 1 WHERE k = 2"),
    ("DELETE FROM l WHERE ctid = (SELECT min(ctid) FROM l)", "DELETE FROM r WHERE y = 40"),
    ("DELETE FROM l", "INSERT INTO r VALUES (1, 1), (1, 1)"),
    ("INSERT INTO l VALUES (1, 7)", "DELETE FROM r"),
)
MERGES = (
    "INSERT INTO l VALUES (4, 'z', 4), (5, 'y', 5)",
    ("UPDATE r SET k = NULL WHERE k = 2", "UPDATE l SET s = 'c' WHERE k = 4"),
    (
        "DELETE FROM l WHERE k = 1",
        "UPDATE r SET s = 'b' WHERE s IS NULL",
        "UPDATE l SET k = 1 WHERE k IS NULL",
    ),
    ("DELETE FROM r",),
    ("INSERT INTO r VALUES (2, 'b', 8), (NULL, 'b', 9)", "DELETE FROM l WHERE k = 2"),
)

REFERS = SHOP.replace("customer int,", "customer int REFERENCES customer,").replace(", (5, 9, 3, 8)", "")
REFERRED = (
    "INSERT INTO sale VALUES (6, 3, 4, 2), (7, 3, 4, 2)",
    ("INSERT INTO customer VALUES (9, 'eve'), (10, 'kim')", "INSERT INTO sale VALUES (8, 10, 1, 1)"),
    ("DELETE FROM sale WHERE customer = 3", "UPDATE customer SET name = 'bea' WHERE id = 2"),
    ("UPDATE sale SET customer = NULL WHERE id = 1", "DELETE FROM customer WHERE id = 3"),
    ("UPDATE sale SET customer = 9 WHERE customer IS NULL", "UPDATE sale SET amount = amount + 1"),
    ("SET LOCAL session_replication_role = replica", "DELETE FROM customer WHERE id IN (1, 9)"),
    "INSERT INTO customer VALUES (1, 'back')",
    ("DELETE FROM sale WHERE customer = 9", "UPDATE sale SET customer = 1"),
    "DELETE FROM sale",
)

SHOP_QUERIES = {
    "left": "SELECT c.id, c.name, s.id AS sale, s.amount FROM customer c LEFT JOIN sale s ON s.customer = c.id",
    "right": "SELECT c.name, s.id, s.amount FROM customer c RIGHT JOIN sale s ON s.customer = c.id",
    "full": "SELECT c.id, c.name, s.id AS sale, s.amount FROM customer c FULL JOIN sale s ON s.customer = c.id",
    "8: padded rows do not count": "SELECT c.id, c.name, count(*) AS n, count(s.id) AS sales, sum(s.amount) AS total, avg(s.amount) AS mean, min(s.amount) AS least FROM customer c LEFT JOIN sale s ON s.customer = c.id GROUP BY c.id",
    "7: row and match together under count": "SELECT count(*) AS n, count(s.id) AS sales, count(c.id) AS customers FROM customer c LEFT JOIN sale s ON s.customer = c.id",
    "nothing matches": "SELECT c.id, c.name FROM customer c LEFT JOIN sale s ON s.customer = c.id WHERE s.id IS NULL",
    "what rejects padding": "SELECT c.id, s.amount FROM customer c LEFT JOIN sale s ON s.customer = c.id WHERE s.amount > 2",
    "10: in ON": "SELECT c.id, s.id AS sale FROM customer c LEFT JOIN sale s ON s.customer = c.id AND s.amount > 2 AND c.name <> 'bob'",
    "only of the left side": "SELECT c.id, s.id AS sale FROM customer c LEFT JOIN sale s ON c.name IS NOT NULL",
    "on true": "SELECT c.id, i.id AS item FROM customer c LEFT JOIN item i ON true",
    "chain of left joins": "SELECT c.id, s.id AS sale, i.name FROM customer c LEFT JOIN sale s ON s.customer = c.id LEFT JOIN item i ON i.id = s.item",
    "star of left joins": "SELECT s.id, c.name, i.name AS item FROM sale s LEFT JOIN customer c ON s.customer = c.id LEFT JOIN item i ON i.id = s.item",
    "10: nested on the right": "SELECT c.id, s.id AS sale, i.price FROM customer c LEFT JOIN (sale s LEFT JOIN item i ON i.id = s.item) ON s.customer = c.id AND i.price IS NOT NULL",
    "inner on the right": "SELECT c.id, s.id AS sale, i.price FROM customer c LEFT JOIN (sale s JOIN item i ON i.id = s.item) ON s.customer = c.id",
    "10: of two derived tables over one source": "SELECT a.customer, a.n, b.total FROM (SELECT customer, count(*) AS n FROM sale GROUP BY customer) a LEFT JOIN (SELECT customer, sum(amount) AS total FROM sale WHERE amount > 3 GROUP BY customer) b ON a.customer = b.customer",
    "computed on the padded side": "SELECT c.id, d.kind, d.double FROM customer c LEFT JOIN (SELECT customer, 'x' AS kind, coalesce(amount, 0) * 2 AS double FROM sale) d ON d.customer = c.id",
    "full, then full": "SELECT coalesce(c.id, s.customer) AS k, s.id, i.name FROM customer c FULL JOIN sale s ON s.customer = c.id FULL JOIN item i ON i.id = s.item",
    "9: grouped by either": "SELECT coalesce(c.id, s.customer) AS k, count(*) AS n, sum(s.amount) AS total FROM customer c FULL JOIN sale s ON s.customer = c.id GROUP BY coalesce(c.id, s.customer)",
    "distinct": "SELECT DISTINCT c.name, s.item FROM customer c LEFT JOIN sale s ON s.customer = c.id",
    "with itself": "SELECT a.id, b.id AS later FROM sale a LEFT JOIN sale b ON b.customer = a.customer AND b.id > a.id",
    "under a union": "SELECT c.name, s.amount FROM customer c LEFT JOIN sale s ON s.customer = c.id UNION ALL SELECT i.name, i.price FROM item i",
    "grouped on the padded side": "SELECT s.item, i.name, count(*) AS n FROM sale s LEFT JOIN item i ON i.id = s.item GROUP BY s.item, i.name",
    "by the key of the padded side": "SELECT i.id, i.name, count(*) AS n FROM sale s LEFT JOIN item i ON i.id = s.item GROUP BY i.id",
    "left of a union": "SELECT c.id, u.v FROM customer c LEFT JOIN (SELECT customer AS k, amount AS v FROM sale UNION ALL SELECT id, price FROM item) u ON u.k = c.id",
    "right of left": "SELECT c.id, s.id AS sale, i.id AS item FROM (customer c LEFT JOIN sale s ON s.customer = c.id) RIGHT JOIN item i ON i.id = s.item",
}  # fmt: skip
SIDE_QUERIES = {
    "9: NULL keys": "SELECT l.k AS lk, x, r.k AS rk, y FROM l FULL JOIN r ON l.k = r.k",
    "left of duplicates": "SELECT l.k AS lk, x, y FROM l LEFT JOIN r ON l.k = r.k",
    "a key or NULL on both sides": "SELECT x, y FROM l LEFT JOIN r ON l.k IS NOT DISTINCT FROM r.k",
    "11: by order": "SELECT x, y FROM l LEFT JOIN r ON l.x < r.y AND l.k = 1",
    "full by USING": "SELECT * FROM l FULL JOIN r USING (k)",
    "full by USING, grouped": "SELECT k, count(*) AS n, sum(x) AS x, sum(y) AS y FROM l FULL JOIN r USING (k) GROUP BY k",
    "full with itself": "SELECT k, a.x AS ax, b.x AS bx FROM l a FULL JOIN l b USING (k)",
    "three by USING": "SELECT k, l.x, r.y, m.x AS mx FROM l FULL JOIN r USING (k) FULL JOIN l m USING (k)",
}  # fmt: skip
USING_QUERIES = {
    "6: left": "SELECT k, l.s AS ls, r.s AS rs, y FROM l LEFT JOIN r USING (k)",
    "6: right": "SELECT k, l.s AS ls, r.s AS rs FROM l RIGHT JOIN r USING (k)",
    "6: full": "SELECT k, l.k AS lk, r.k AS rk, x, y FROM l FULL JOIN r USING (k)",
    "6: natural full": "SELECT * FROM l NATURAL FULL JOIN r",
    "6: natural left": "SELECT * FROM l NATURAL LEFT JOIN r",
    "6: text beside varchar": "SELECT s, j.s AS merged, x, y FROM l FULL JOIN r USING (s) AS j",
}  # fmt: skip


def stories(tables: str, queries: dict[str, str], steps: tuple[str | tuple[str, ...], ...]) -> list[Story]:
    return [Story(title, tables, query, steps) for title, query in queries.items()]


REFERRED_QUERIES = {
    "6: counted off the groups": "SELECT c.id, count(*) AS n, count(s.id) AS sales, sum(s.amount) AS total FROM customer c LEFT JOIN sale s ON s.customer = c.id GROUP BY c.id",
    "6: no sale that counts": "SELECT c.id, count(*) AS n, count(s.item) AS items FROM customer c LEFT JOIN sale s ON s.customer = c.id AND s.amount > 4 GROUP BY c.id HAVING count(s.item) < 2",
    "6: how many have how many": "SELECT n, count(*) AS customers FROM (SELECT c.id, count(s.id) AS n FROM customer c LEFT JOIN sale s ON s.customer = c.id GROUP BY c.id) g GROUP BY n",
    "6: joined again": "SELECT c.name, g.n, g.mean FROM customer c JOIN (SELECT c.id, count(*) AS n, avg(s.amount) AS mean FROM customer c LEFT JOIN sale s ON s.customer = c.id GROUP BY c.id) g ON g.id = c.id",
}  # fmt: skip


STORIES = [
    *stories(SHOP, SHOP_QUERIES, CHANGES),
    *stories(REFERS, REFERRED_QUERIES, REFERRED),
    *stories(SIDES, SIDE_QUERIES, MOVES),
    *stories(USING, USING_QUERIES, MERGES),
]


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_outer_join(conn: Connection, story: Story) -> None:
    follow(conn, story)
