"""Traps 16 and 17: minima and maxima whose next value is looked for in more than one table."""
# ruff: noqa: E501 - a query reads better on one line

import pytest

from tests.maintained import Connection, Story, follow, maintained

TABLES = """
CREATE TABLE d (id int PRIMARY KEY, g text, h int NOT NULL);
CREATE TABLE e (id int PRIMARY KEY, d int, x int, y numeric(8,2) NOT NULL, n numeric);
INSERT INTO d VALUES (1, 'a', 1), (2, 'a', 2), (3, NULL, 1), (4, 'b', 2), (5, 'c', 3);
INSERT INTO e SELECT k, k % 6, nullif(k % 7, 3), k % 5, CASE WHEN k % 2 = 0 THEN 1.0 ELSE 1.00 END FROM generate_series(1, 40) k
"""
MOVES = (
    "DELETE FROM e WHERE x >= 5",
    "UPDATE e SET x = x - 1, y = y + 1 WHERE x = (SELECT max(x) FROM e)",
    ("UPDATE d SET g = NULL WHERE id = 1", "UPDATE e SET x = NULL WHERE d = 4"),
    ("INSERT INTO e VALUES (90, 3, -5, 0, 3), (91, 4, 99, 99, 3.0)", "DELETE FROM e WHERE id = 90"),
    "UPDATE d SET h = 4 - h, g = coalesce(g, 'a')",
    "UPDATE e SET d = 1 + d % 5, y = -y",
    ("DELETE FROM e WHERE d IN (1, 2)", "DELETE FROM d WHERE id = 5"),
    "DELETE FROM e",
    "INSERT INTO e VALUES (1, 1, 3, 3, 3), (2, 3, NULL, 3, 3)",
)
JOINED = "FROM d JOIN e ON e.d = d.id"
QUERIES = {
    "both ends": f"SELECT g, max(x) AS hi, min(x) AS lo {JOINED} GROUP BY g",
    "keys and values that are not NULL": f"SELECT h, min(y) AS lo {JOINED} GROUP BY h",
    "no group": f"SELECT max(x) AS hi, min(x) AS lo {JOINED} WHERE h < 3",
    "values of two columns": f"SELECT g, h, max(x) AS hi, min(y) AS lo, max(x + h) AS both {JOINED} GROUP BY g, h",
    "some of the rows": f"SELECT g, max(x) FILTER (WHERE y > 1) AS hi, min(x) AS lo {JOINED} GROUP BY g",
    "beside counts": f"SELECT g, max(x) AS hi, count(*) AS n, count(DISTINCT x) AS d {JOINED} GROUP BY g",
    "equal values that differ": f"SELECT h, max(n) FILTER (WHERE n > 1) AS hi {JOINED} GROUP BY h",
    "left joins": "SELECT g, max(x) AS hi FROM d LEFT JOIN e ON e.d = d.id GROUP BY g",
    "of two tables": "SELECT g, min(x) AS lo FROM (SELECT g, h AS x FROM d UNION ALL SELECT 'e', x FROM e) AS u GROUP BY g",
    "of counts": "SELECT n % 2 AS odd, max(d) AS hi FROM (SELECT d, count(*) AS n FROM e GROUP BY d) AS c GROUP BY n % 2",
    "of counts, over all": "SELECT max(n) AS hi, min(n) AS lo FROM (SELECT d, count(*) AS n FROM e GROUP BY d) AS c",
    "the rows that have it": f"""SELECT e.id, d.g {JOINED} WHERE y = (SELECT min(f.y) FROM e AS f JOIN d AS c ON f.d = c.id WHERE c.h = d.h)""",
    "grouping sets": f"SELECT g, h, max(x) AS hi, min(y) AS lo {JOINED} GROUP BY CUBE (g, h)",
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_extrema_of_joins(conn: Connection, query: str) -> None:
    follow(conn, Story("extrema", TABLES, query, MOVES))


@pytest.mark.newest
@pytest.mark.parametrize(("title", "keys"), [("both ends", 1), ("keys and values that are not NULL", 0)])
def test_the_rows_of_a_group_are_found_by_an_index(conn: Connection, title: str, keys: int) -> None:
    conn.execute(TABLES.encode())
    plan = maintained(conn, QUERIES[title])
    stage, last = (statement for statement in plan.storage if statement.startswith("CREATE TABLE"))
    assert "PRIMARY KEY (h, y)" in stage or keys
    assert sum(statement.endswith("__1 (g)") for statement in plan.storage) == keys
    assert last
