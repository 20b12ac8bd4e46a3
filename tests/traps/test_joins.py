"""Traps 1-6, 11 and 51: joins."""
# ruff: noqa: E501 - a query reads better on one line

import pytest

from tests.maintained import Connection, Story, differences, follow, maintained, refresh, strategies, take

ORDERS = """
CREATE TABLE item (id int PRIMARY KEY, name text, price numeric(8,2) NOT NULL);
CREATE TABLE sale (id int PRIMARY KEY, item int, amount int NOT NULL);
INSERT INTO item VALUES (1, 'pen', 1.50), (2, 'ink', 4.00), (3, 'pad', 2.25);
INSERT INTO sale VALUES (1, 1, 5), (2, 1, 7), (3, 2, 1), (4, NULL, 2), (5, 9, 3)
"""
CHAIN = """
CREATE TABLE a (id int PRIMARY KEY, b int, v int);
CREATE TABLE b (id int PRIMARY KEY, c int, v int);
CREATE TABLE c (id int PRIMARY KEY, d int, v int);
CREATE TABLE d (id int PRIMARY KEY, v int);
INSERT INTO a VALUES (1, 1, 10), (2, 1, 20), (3, 2, 30);
INSERT INTO b VALUES (1, 1, 100), (2, 2, 200);
INSERT INTO c VALUES (1, 1, 1000), (2, 1, 2000);
INSERT INTO d VALUES (1, 5), (2, 6)
"""
BAGS = """
CREATE TABLE a (b int, v int); CREATE TABLE b (id int, c int); CREATE TABLE c (id int, d int, v int); CREATE TABLE d (id int, v int);
INSERT INTO a VALUES (1, 10), (1, 10), (2, 20), (NULL, 30); INSERT INTO b VALUES (1, 1), (1, 1), (2, 2), (NULL, 2), (1, NULL);
INSERT INTO c VALUES (1, 1, 5), (1, 1, 5), (2, NULL, 6), (2, 2, 7); INSERT INTO d VALUES (1, 100), (1, 100), (NULL, 0)
"""
LINKS = """
CREATE TABLE l (k int, x int); CREATE TABLE r (k int, y int);
INSERT INTO l VALUES (1, 1), (1, 1), (2, 2), (NULL, 3); INSERT INTO r VALUES (1, 10), (1, 20), (2, 30), (NULL, 40)
"""
STAFF = """
CREATE TABLE staff (id int PRIMARY KEY, boss int, team int, pay int);
INSERT INTO staff VALUES (1, NULL, 1, 9), (2, 1, 1, 5), (3, 1, 2, 6), (4, 2, 2, 3)
"""
USING = """
CREATE TABLE l (k int, s text, x int); CREATE TABLE r (k bigint, s varchar(5), y int);
INSERT INTO l VALUES (1, 'a', 1), (2, 'b', 2), (NULL, 'a', 3); INSERT INTO r VALUES (1, 'a', 1), (1, 'b', 2), (2, NULL, 3)
"""

MANY = """
CREATE TABLE item (id int PRIMARY KEY, kind text); CREATE TABLE sale (id int PRIMARY KEY, item int, amount numeric(8,2));
INSERT INTO item SELECT i, CASE WHEN i % 4 = 0 THEN 'a' ELSE 'b' END FROM generate_series(1, 12) i;
INSERT INTO sale SELECT i, i % 13, i * i % 97 FROM generate_series(1, 400) i; ANALYZE item; ANALYZE sale
"""

STORIES = [
    Story(
        "1: a fact changes its key while the old dimension row goes",
        ORDERS,
        "SELECT i.name, sum(s.amount * i.price) AS total, count(*) AS n FROM sale s JOIN item i ON s.item = i.id GROUP BY i.name",
        (
            ("UPDATE sale SET item = 2 WHERE item = 1", "DELETE FROM item WHERE id = 1"),
            ("INSERT INTO item VALUES (1, 'cap', 3)", "UPDATE sale SET item = 1 WHERE id = 2", "DELETE FROM item WHERE id = 2"),
        ),
    ),
    Story(
        "2: the middle of a three-table chain is deleted, then all three change",
        CHAIN,
        "SELECT a.v AS av, b.v AS bv, c.v AS cv FROM a JOIN b ON a.b = b.id JOIN c ON b.c = c.id",
        (
            ("DELETE FROM b WHERE id = 1",),
            ("INSERT INTO b VALUES (1, 2, 300)", "UPDATE a SET v = v + 1, b = 3 - b", "UPDATE c SET v = - v, id = 3 - id WHERE id = 5"),
            ("UPDATE a SET b = 1", "UPDATE b SET c = 1, v = v + 1", "UPDATE c SET v = v + 1"),
            ("DELETE FROM a", "DELETE FROM c"),
        ),
    ),
    Story(
        "2: all of a four-table chain change at once",
        CHAIN,
        "SELECT a.b, sum(a.v + b.v * c.v - d.v) AS s, count(*) AS n FROM a JOIN b ON a.b = b.id JOIN c ON b.c = c.id JOIN d ON c.d = d.id GROUP BY a.b",
        (
            ("UPDATE a SET v = v + 1", "UPDATE b SET v = v * 2", "UPDATE c SET d = 2", "UPDATE d SET v = - v"),
            ("DELETE FROM a WHERE id = 1", "UPDATE b SET c = 3 - c", "DELETE FROM c WHERE id = 2", "INSERT INTO c VALUES (2, 2, 7)", "UPDATE d SET v = 0"),
            ("DELETE FROM d", "DELETE FROM b", "INSERT INTO b VALUES (1, 1, 1)", "INSERT INTO d VALUES (1, 1), (2, 2)"),
        ),
    ),
    Story(
        "2: the same over bags with duplicate and NULL keys",
        BAGS,
        "SELECT a.v AS av, c.v AS cv, d.v AS dv FROM a JOIN b ON a.b = b.id JOIN c ON b.c = c.id LEFT JOIN d ON c.d = d.id",
        (
            ("DELETE FROM b WHERE id = 1",),
            ("INSERT INTO b VALUES (1, 2), (1, 2), (NULL, 1)", "UPDATE a SET b = 3 - b", "DELETE FROM c WHERE ctid = (SELECT min(ctid) FROM c)"),
            ("UPDATE a SET b = coalesce(b, 1)", "UPDATE b SET c = NULL WHERE c = 1", "UPDATE c SET v = v + 1, d = 2", "UPDATE d SET id = 2, v = - v"),
            ("DELETE FROM d", "INSERT INTO b VALUES (2, 2)", "INSERT INTO c VALUES (2, NULL, 9), (NULL, 1, 9)"),
            ("UPDATE c SET id = NULL, d = 1", "INSERT INTO d VALUES (1, 0), (1, 0)", "UPDATE b SET c = 2"),
        ),
    ),
    Story(
        "1: a fact changes its key while the old rows of that key go, over bags",
        BAGS,
        "SELECT b.c, count(*) AS n, sum(a.v) AS s, max(a.v) AS m FROM a JOIN b ON a.b = b.id GROUP BY b.c",
        (
            ("UPDATE a SET b = 2 WHERE b = 1", "DELETE FROM b WHERE id = 1"),
            ("UPDATE a SET b = NULL WHERE v = 20", "INSERT INTO b VALUES (1, 1), (1, NULL)", "UPDATE a SET b = 1 WHERE v = 10"),
            ("UPDATE b SET id = 3 - id, c = NULL", "UPDATE a SET b = 3 - b, v = v + 1"),
        ),
    ),
    Story(
        "3: many-to-many, bulk updates on both sides",
        LINKS,
        "SELECT l.x, r.y FROM l JOIN r ON l.k = r.k",
        (
            ("UPDATE l SET x = x + 1", "UPDATE r SET y = y + 1"),
            ("UPDATE l SET k = 3 - k", "UPDATE r SET k = 3 - k"),
            ("INSERT INTO l SELECT * FROM l", "INSERT INTO r SELECT * FROM r", "DELETE FROM l WHERE k = 2"),
        ),
    ),
    Story(
        "4: a join key goes from NULL to a value and back",
        LINKS,
        "SELECT l.k, count(*) AS n, sum(r.y) AS y FROM l, r WHERE l.k = r.k GROUP BY l.k",
        (
            ("UPDATE l SET k = 1 WHERE k IS NULL",),
            ("UPDATE r SET k = 1 WHERE k IS NULL", "UPDATE l SET k = NULL WHERE k = 1"),
            ("UPDATE l SET k = 2", "UPDATE r SET k = NULL WHERE k = 1"),
        ),
    ),
    Story(
        "5: a self-join",
        STAFF,
        "SELECT s.id, s.pay, b.pay AS boss FROM staff s JOIN staff b ON s.boss = b.id",
        (
            ("UPDATE staff SET pay = pay + 1",),
            ("UPDATE staff SET boss = 4 WHERE id = 1", "DELETE FROM staff WHERE id = 2"),
            ("UPDATE staff SET id = id + 10, boss = boss + 10",),
        ),
    ),
    Story(
        "5: a self-join through an aggregate of the same table",
        STAFF,
        "SELECT s.id, s.pay, t.top, t.n FROM staff s JOIN (SELECT team, max(pay) AS top, count(*) AS n FROM staff GROUP BY team) t ON s.team = t.team AND s.pay = t.top",
        (
            ("UPDATE staff SET pay = 9",),
            ("UPDATE staff SET team = 2, pay = pay - 1 WHERE id = 1",),
            ("DELETE FROM staff WHERE pay = 9", "INSERT INTO staff VALUES (7, 1, 3, 1), (8, 1, 3, 1)"),
        ),
    ),
    Story(
        "6: USING with columns of two types, both renamed",
        USING,
        "SELECT k, s, x, y FROM l AS p (k, s, x) JOIN r AS q (k, s, y) USING (k, s)",
        (
            ("UPDATE l SET k = 1", "UPDATE r SET s = 'a'"),
            ("UPDATE r SET k = NULL WHERE y = 1", "UPDATE l SET s = NULL WHERE x = 1", "INSERT INTO r VALUES (1, 'b', 9)"),
        ),
    ),
    Story(
        "6: NATURAL JOIN of grouped queries",
        USING,
        "SELECT * FROM (SELECT k, count(*) AS n FROM l GROUP BY k) AS p NATURAL JOIN (SELECT k, sum(y) AS total FROM r GROUP BY k) AS q",
        (("UPDATE l SET k = 1", "UPDATE r SET y = y + 1"), ("DELETE FROM l WHERE x = 1", "UPDATE r SET k = k + 1"), ("DELETE FROM r",)),
    ),
    Story(
        "11: a non-equi join",
        LINKS,
        "SELECT l.x, count(*) AS n, min(r.y) AS low FROM l JOIN r ON l.k < r.k OR l.x * 10 = r.y GROUP BY l.x",
        (("UPDATE l SET x = x + 1", "UPDATE r SET k = k + 1"), ("DELETE FROM r WHERE y = 10", "INSERT INTO l VALUES (0, 2)")),
    ),
    Story(
        "11: a cross join",
        LINKS,
        "SELECT l.x, r.y FROM l CROSS JOIN r",
        (("DELETE FROM l WHERE x = 1", "INSERT INTO r VALUES (7, 7)"), ("DELETE FROM l", "DELETE FROM r"), ("INSERT INTO l VALUES (1, 1)", "INSERT INTO r VALUES (1, 1)")),
    ),
    Story(
        "11: a join on expressions, and on IS NOT DISTINCT FROM",
        LINKS,
        "SELECT l.x, r.y, s.x AS z FROM l JOIN r ON l.k + 1 = r.y / 10 JOIN l s ON s.k IS NOT DISTINCT FROM r.k",
        (("UPDATE l SET k = NULL WHERE k = 1", "UPDATE r SET y = y + 10"), ("UPDATE r SET k = NULL", "UPDATE l SET x = 0 WHERE k IS NULL")),
    ),
    Story(
        "51: a rate goes from 0 to 2 while its first order arrives",
        """CREATE TABLE rate (currency text PRIMARY KEY, rate numeric NOT NULL);
        CREATE TABLE orders (id int PRIMARY KEY, currency text, amount numeric);
        INSERT INTO rate VALUES ('EUR', 1), ('USD', 0); INSERT INTO orders VALUES (1, 'EUR', 10)""",
        "SELECT o.id, o.amount / r.rate AS price FROM orders o JOIN rate r ON o.currency = r.currency WHERE o.amount / r.rate > 0",
        (
            ("UPDATE rate SET rate = 2 WHERE currency = 'USD'", "INSERT INTO orders VALUES (2, 'USD', 5)"),
            ("DELETE FROM orders WHERE currency = 'USD'", "UPDATE rate SET rate = 0 WHERE currency = 'USD'"),
            ("UPDATE rate SET rate = 0", "DELETE FROM orders"),
        ),
    ),
    Story(
        "51: the same under an aggregate",
        """CREATE TABLE rate (currency text PRIMARY KEY, rate int NOT NULL); CREATE TABLE orders (currency text, amount int);
        INSERT INTO rate VALUES ('EUR', 1), ('USD', 0); INSERT INTO orders VALUES ('EUR', 10)""",
        "SELECT r.currency, sum(o.amount / r.rate) AS s, max(o.amount / r.rate) AS m FROM orders o, rate r WHERE o.currency = r.currency GROUP BY r.currency",
        (
            ("UPDATE rate SET rate = 2 WHERE currency = 'USD'", "INSERT INTO orders VALUES ('USD', 5)"),
            ("UPDATE rate SET rate = 0 WHERE currency = 'USD'", "DELETE FROM orders WHERE currency = 'USD'", "UPDATE rate SET rate = 3 WHERE rate = 1"),
        ),
    ),
    Story(
        "changes that meet none of the few rows of a filtered table are dropped at once, what met them before is not",
        MANY,
        "SELECT sum(s.amount) AS t, count(*) AS n FROM sale s JOIN item i ON s.item = i.id WHERE i.kind = 'a' AND s.amount < (SELECT avg(x.amount) FROM sale x WHERE x.item = i.id)",
        (
            "UPDATE sale SET amount = amount + 5 WHERE id % 7 = 0",
            ("UPDATE item SET kind = 'b' WHERE id = 4", "DELETE FROM sale WHERE item = 4 AND id % 2 = 0", "UPDATE sale SET amount = 1 WHERE item IN (4, 8) AND id % 3 = 0"),
            ("UPDATE item SET kind = 'a' WHERE id IN (4, 5)", "UPDATE sale SET item = item + 1 WHERE item < 9", "DELETE FROM item WHERE id = 8"),
            ("UPDATE sale SET item = 8 WHERE item = 5", "INSERT INTO item VALUES (8, 'a')", "UPDATE item SET kind = 'b' WHERE id = 5"),
            ("DELETE FROM item WHERE kind = 'a'", "UPDATE sale SET amount = - amount, item = NULL WHERE id < 100"),
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_join(conn: Connection, story: Story) -> None:
    follow(conn, story)


def test_join_without_the_foreign_key_it_was_compiled_for(conn: Connection) -> None:
    """Without the constraint a new key may meet old rows: the view is recomputed."""
    take(conn, """CREATE TABLE buyer (id int PRIMARY KEY, name text); CREATE TABLE bill (id int PRIMARY KEY, buyer int REFERENCES buyer);
        INSERT INTO buyer VALUES (1, 'a'); INSERT INTO bill VALUES (1, 1)""")  # fmt: skip
    query = "SELECT b.name, count(*) AS n FROM bill o JOIN buyer b ON b.id = o.buyer GROUP BY b.name"
    plan = maintained(conn, query)
    take(conn, "ALTER TABLE bill DROP CONSTRAINT bill_buyer_fkey; INSERT INTO bill VALUES (2, 2)")
    refresh(conn, plan)
    assert strategies(conn, plan) == {"differential"}
    take(conn, "INSERT INTO buyer VALUES (2, 'b')")
    refresh(conn, plan)
    assert differences(conn, query) == ([], [])
    assert strategies(conn, plan) == {"differential", "full"}
