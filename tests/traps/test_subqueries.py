"""Traps 5, 7, 11, 28-32 and 59: queries that stand in expressions."""
# ruff: noqa: E501 - a query reads better on one line

from random import Random

import psycopg
import pytest

from tests.maintained import Connection, Story, differences, follow, maintained, refresh, take

TABLES = """
CREATE TABLE o (id int PRIMARY KEY, k int, x int, s text);
CREATE TABLE i (k int, x int, s text);
CREATE TABLE d (id int PRIMARY KEY, k int, name text);
CREATE TABLE p (o int, nr int, x int, PRIMARY KEY (o, nr));
INSERT INTO p VALUES (1, 1, 2), (1, 2, 2), (2, 1, 4), (3, 1, 1), (9, 1, NULL);
INSERT INTO o VALUES (1, 1, 1, 'a'), (2, 1, 2, 'b'), (3, 2, NULL, 'a'), (4, NULL, 3, NULL), (5, 3, 1, 'c');
INSERT INTO i VALUES (1, 1, 'a'), (1, 1, 'a'), (1, 2, NULL), (2, NULL, 'a'), (NULL, 1, 'b');
INSERT INTO d VALUES (1, 1, 'one'), (2, 2, 'two'), (3, NULL, 'none')
"""
CHANGES = (
    (
        "INSERT INTO i VALUES (3, 1, 'c')",
        "INSERT INTO o VALUES (6, 3, 1, 'c')",
        "INSERT INTO d VALUES (4, 3, 'three')",
    ),
    (
        "DELETE FROM i WHERE x IS NULL",
        "INSERT INTO p VALUES (3, 2, 5), (4, 1, 9)",
        "DELETE FROM p WHERE o = 2",
    ),
    "INSERT INTO i VALUES (NULL, NULL, NULL)",
    (
        "UPDATE o SET k = CASE k WHEN 1 THEN NULL WHEN 2 THEN 1 ELSE 2 END",
        "DELETE FROM i WHERE k = 1 AND x = 1",
    ),
    ("UPDATE i SET x = x + 1", "UPDATE o SET x = 2 WHERE x IS NULL", "UPDATE d SET k = 1 WHERE id = 3"),
    ("DELETE FROM i", "UPDATE p SET o = 5 WHERE o = 1", "UPDATE p SET x = x - 4 WHERE o = 3"),
    (
        "INSERT INTO i SELECT k, x, s FROM o",
        "DELETE FROM o WHERE id IN (1, 4)",
        "INSERT INTO o VALUES (7, NULL, NULL, NULL), (8, 1, 2, 'z')",
    ),
    "DELETE FROM o",
    ("DELETE FROM p WHERE x > 8", "INSERT INTO p SELECT 1, n, n FROM generate_series(1, 3) n"),
    "INSERT INTO o VALUES (1, 1, 1, 'a'), (2, 2, 2, 'b'), (3, NULL, NULL, NULL)",
)
QUERIES = {
    "28: NOT IN, uncorrelated": "SELECT id FROM o WHERE x NOT IN (SELECT x FROM i)",
    "28: NOT IN, correlated": "SELECT id FROM o WHERE x NOT IN (SELECT x FROM i WHERE i.k = o.k)",
    "28: NOT IN of several columns": "SELECT id FROM o WHERE (k, x) NOT IN (SELECT k, x FROM i)",
    "28: NOT IN as a value": "SELECT id, x NOT IN (SELECT x FROM i WHERE i.k = o.k) AS n, x IN (SELECT x FROM i) AS i FROM o",
    "28: several columns as a value": "SELECT id, (k, x) IN (SELECT k, x FROM i) AS n FROM o",
    "groups of a few rows that cross HAVING": "SELECT id, s FROM o WHERE id IN (SELECT o FROM p GROUP BY o HAVING sum(x) > 3)",
    "groups of a few rows, seen": "SELECT o.s, g.n, g.x FROM o JOIN (SELECT o, count(*) AS n, sum(x) AS x FROM p GROUP BY o HAVING count(*) > 1) g ON g.o = o.id",
    "29: EXISTS under OR": "SELECT id, s FROM o WHERE x = 1 OR EXISTS (SELECT FROM i WHERE i.k = o.k AND i.x > 1)",
    "29: EXISTS under NOT and OR": "SELECT s FROM o WHERE NOT (x = 2 OR EXISTS (SELECT FROM i WHERE i.s = o.s))",
    "29: EXISTS in the select list": "SELECT s, EXISTS (SELECT FROM i WHERE i.k = o.k) AS e FROM o",
    "29: EXISTS in CASE": "SELECT id, CASE WHEN EXISTS (SELECT FROM i WHERE i.k = o.k) THEN 'yes' WHEN NOT EXISTS (SELECT FROM d WHERE d.k = o.k) THEN 'no' END AS c FROM o",
    "7: row and match together under count": "SELECT count(*) AS n, count(x) AS x FROM o WHERE EXISTS (SELECT FROM i WHERE i.k = o.k)",
    "7: row and match together under count, none": "SELECT count(*) AS n, count(x) AS x FROM o WHERE NOT EXISTS (SELECT FROM i WHERE i.k = o.k)",
    "7: a mark under count": "SELECT x IN (SELECT x FROM i WHERE i.k = o.k) AS found, count(*) AS n, sum(x) AS s FROM o GROUP BY 1",
    "5: matches of the same table": "SELECT k, s FROM i WHERE EXISTS (SELECT FROM i AS j WHERE j.k = i.k AND j.x > i.x)",
    "11: IS NOT DISTINCT FROM": "SELECT s FROM i WHERE EXISTS (SELECT FROM o WHERE o.k IS NOT DISTINCT FROM i.k) AND NOT EXISTS (SELECT FROM d WHERE d.k IS NOT DISTINCT FROM i.x)",
    "28: the set is empty": "SELECT id, x NOT IN (SELECT x FROM i WHERE i.k = o.k AND i.x > 100) AS a, x IN (SELECT x FROM i WHERE i.x > 100) AS b FROM o",
    "28: NULL in the set alone": "SELECT id FROM o WHERE (x NOT IN (SELECT x FROM i WHERE x IS NULL AND i.k = o.k)) IS NOT TRUE",
    "29: duplicates are kept": "SELECT s, x FROM i WHERE EXISTS (SELECT FROM o WHERE o.k = i.k)",
    "29: EXISTS with LIMIT and ORDER BY": "SELECT id FROM o WHERE EXISTS (SELECT 1 / 0 FROM i WHERE i.k = o.k ORDER BY x LIMIT 1)",
    "30: > ALL": "SELECT id FROM o WHERE x >= ALL (SELECT x FROM i WHERE i.k = o.k)",
    "30: ALL and ANY as values": "SELECT id, x > ALL (SELECT x FROM i WHERE i.k = o.k) AS a, x = ANY (SELECT x FROM i WHERE i.k = o.k) AS b, x <> ALL (SELECT x FROM i) AS c FROM o",
    "30: = ALL, <> ANY": "SELECT id, x = ALL (SELECT x FROM i WHERE i.k = o.k) AS a, x <> ANY (SELECT x FROM i WHERE i.k = o.k) AS b FROM o",
    "30: LIKE ANY": "SELECT id FROM o WHERE s LIKE ANY (SELECT s || '%' FROM i)",
    "30: rows in order": "SELECT id, (k, x) < ANY (SELECT k, x FROM i) AS a, (k, x) >= ALL (SELECT k, x FROM i WHERE i.s = o.s) AS b FROM o",
    "31: counts and sums of nothing": "SELECT id, (SELECT count(*) FROM i WHERE i.k = o.k) AS n, (SELECT sum(x) FROM i WHERE i.k = o.k) AS s, (SELECT coalesce(max(x), -1) FROM i WHERE i.k = o.k) AS m, (SELECT count(*) + 1 FROM i WHERE i.k = o.k) AS p FROM o",
    "31: a comparison with a correlated aggregate": "SELECT id FROM o WHERE x >= (SELECT avg(x) FROM i WHERE i.k = o.k)",
    "31: a value by key": "SELECT id, (SELECT name FROM d WHERE d.id = o.x) AS name FROM o",
    "31: a row compared": "SELECT id FROM o WHERE (k, s) = (SELECT d.k, i.s FROM d LEFT JOIN i ON i.x = -1 WHERE d.id = o.x) OR (k, x) <> (SELECT d.k, d.id FROM d WHERE d.id = o.x)",
    "31: ARRAY": "SELECT id, cardinality(ARRAY(SELECT x FROM i WHERE i.k = o.k)) AS a FROM o",
    "32: by inequality": "SELECT id, (SELECT count(*) FROM i WHERE i.x < o.x) AS n FROM o WHERE EXISTS (SELECT FROM d WHERE d.id > o.x)",
    "32: two levels": "SELECT id FROM o WHERE EXISTS (SELECT FROM d WHERE d.k = o.k AND NOT EXISTS (SELECT FROM i WHERE i.k = d.k AND i.x > o.x))",
    "32: two levels of values": "SELECT id, (SELECT max((SELECT count(*) FROM i WHERE i.k = d.k AND i.x = o.x)) FROM d WHERE d.id >= o.x) AS n FROM o",
    "32: the same table": "SELECT id FROM o WHERE x = (SELECT max(x) FROM o AS p WHERE p.k = o.k) AND id NOT IN (SELECT x FROM o WHERE x IS NOT NULL)",
    "32: HAVING": "SELECT k, count(*) AS n FROM o GROUP BY k HAVING count(*) >= (SELECT avg(x) FROM i)",
    "32: HAVING, by the group": "SELECT k, sum(x) AS s FROM o GROUP BY k HAVING EXISTS (SELECT FROM i WHERE i.k = o.k AND i.x <= sum(o.x))",
    "32: grouped": "SELECT k, (SELECT count(*) FROM i WHERE i.k = o.k) AS n, sum((SELECT count(*) FROM i WHERE i.x = o.x)) AS s, count(*) FILTER (WHERE x IN (SELECT x FROM i)) AS f FROM o GROUP BY k",
    "32: GROUP BY": "SELECT (SELECT name FROM d WHERE d.id = o.x) AS who, count(*) AS n FROM o GROUP BY 1",
    "32: ORDER BY": "SELECT id FROM o ORDER BY (SELECT max(x) FROM i WHERE i.k = o.k), id",
    "32: in ON": "SELECT o.id, d.name FROM o JOIN d ON d.k = o.k AND EXISTS (SELECT FROM i WHERE i.k = d.k AND i.x = o.x)",
    "32: in ON of LEFT JOIN": "SELECT o.id, d.name FROM o LEFT JOIN d ON d.k = o.k AND o.x IN (SELECT x FROM i WHERE i.k = d.k)",
    "32: in ON of FULL JOIN": "SELECT o.id, d.id AS other FROM o FULL JOIN d ON d.k = o.k AND EXISTS (SELECT FROM i WHERE i.x = 1)",
    "32: VALUES": "VALUES ((SELECT count(*) FROM o), (SELECT max(x) FROM i)), (1, (SELECT min(x) FROM o))",
    "32: a WITH query twice": "WITH t AS (SELECT k, sum(x) AS s FROM i GROUP BY k) SELECT k FROM t WHERE s = (SELECT max(s) FROM t)",
}  # fmt: skip


@pytest.mark.parametrize("title", QUERIES)
def test_subqueries(conn: Connection, title: str) -> None:
    follow(conn, Story(title, TABLES, QUERIES[title], CHANGES))


@pytest.mark.newest
def test_second_row_is_an_error_that_changes_nothing(conn: Connection) -> None:
    """31: no row, one row, two rows, one row again."""
    conn.execute(TABLES.encode())
    query = "SELECT id, (SELECT x FROM i WHERE i.k = 10 * o.id) AS x FROM o"
    plan = maintained(conn, query)
    take(conn, "INSERT INTO i VALUES (10, 7, '')")
    refresh(conn, plan)
    assert differences(conn, query) == ([], [])
    before = conn.execute("TABLE v").fetchall()
    take(conn, "INSERT INTO i VALUES (10, 8, '')")
    with pytest.raises(psycopg.errors.CardinalityViolation, match="more than one row returned by a subquery"):
        refresh(conn, plan)
    assert conn.execute("TABLE v").fetchall() == before
    take(conn, "DELETE FROM i WHERE x = 7")
    refresh(conn, plan)
    assert differences(conn, query) == ([], [])


@pytest.mark.newest
def test_second_row_that_nobody_looks_at(conn: Connection) -> None:
    """31: only the branch that is taken is evaluated."""
    conn.execute(TABLES.encode())
    query = "SELECT id, CASE WHEN id < 0 THEN (SELECT x FROM i) ELSE 0 END AS x FROM o"
    plan = maintained(conn, query)
    take(conn, "INSERT INTO i SELECT * FROM i")
    refresh(conn, plan)
    assert differences(conn, query) == ([], [])


@pytest.mark.newest
def test_null_in_a_row_that_differs(conn: Connection) -> None:
    """59: `(1, NULL) NOT IN (SELECT 2, 3)` is true."""
    conn.execute(
        b"CREATE TABLE l (a int, b int); CREATE TABLE r (a int, b int); INSERT INTO l VALUES (1, NULL), (2, 3)"
    )
    query = "SELECT a, b FROM l WHERE (a, b) NOT IN (SELECT a, b FROM r)"
    plan = maintained(conn, query)
    for change in (
        "INSERT INTO r VALUES (2, 3)",
        "INSERT INTO r VALUES (1, 7)",
        "DELETE FROM r WHERE a = 1",
        "INSERT INTO r VALUES (NULL, 3)",
    ):
        take(conn, change)
        refresh(conn, plan)
        assert differences(conn, query) == ([], []), change


MATCHES = {
    "equal columns": "SELECT id, k, s FROM o WHERE s <> 'c' AND EXISTS (SELECT FROM p WHERE p.o = o.id AND p.x > 1)",
    "none": "SELECT id, k, s FROM o WHERE s <> 'c' AND NOT EXISTS (SELECT FROM p WHERE p.o = o.id AND p.x > 1)",
    "other columns as well": "SELECT id, s FROM o WHERE s <> 'c' AND EXISTS (SELECT FROM p WHERE p.o = o.id AND p.x > o.k)",
    "two, above a join": "SELECT a.o, a.nr, o.s FROM p a JOIN o ON o.id = a.o WHERE a.x > 0 AND o.s <> 'c' AND EXISTS (SELECT FROM p b WHERE b.o = a.o AND b.x <> a.x) AND NOT EXISTS (SELECT FROM p c WHERE c.o = a.o AND c.nr <> a.nr AND c.x > 2)",
    "as a value": "SELECT id, s, EXISTS (SELECT FROM p WHERE p.o = o.id AND p.x > o.k) AS e FROM o WHERE s <> 'c'",
    "LEFT JOIN": "SELECT o.id, o.s, p.x FROM o LEFT JOIN p ON p.o = o.id AND p.x > o.k WHERE o.s <> 'c'",
}  # fmt: skip


@pytest.mark.parametrize("title", MATCHES)
def test_keys_that_come_and_go_with_their_matches(conn: Connection, title: str) -> None:
    """Of a key that is new no row was there, of one that is gone none is: both may be back in one refresh."""
    random = Random(title)

    def statement() -> str:
        n, nr, x, s = random.randint(1, 4), random.randint(1, 3), random.randint(0, 3), random.choice("abc")
        return random.choice(
            (
                f"INSERT INTO o VALUES ({n}, {x}, {nr}, '{s}') ON CONFLICT DO NOTHING",
                f"DELETE FROM o WHERE id = {n}",
                f"UPDATE o SET k = {x}, s = '{s}' WHERE id = {n}",
                f"INSERT INTO p VALUES ({n}, {nr}, {x}) ON CONFLICT DO NOTHING",
                f"DELETE FROM p WHERE o = {n} AND nr >= {nr}",
                f"UPDATE p SET x = {x} WHERE o = {n} AND nr = {nr}",
            )
        )

    back = ("UPDATE o SET s = 'b' WHERE id = 1", "UPDATE o SET s = 'a' WHERE id = 1")
    steps = tuple(tuple(statement() for _ in range(random.randint(1, 8))) for _ in range(40))
    follow(
        conn,
        Story(
            title,
            TABLES,
            MATCHES[title],
            ("DELETE FROM p WHERE (o, nr) <> (1, 1)", (*back, "INSERT INTO p VALUES (1, 2, 1)"), *steps),
        ),
    )
