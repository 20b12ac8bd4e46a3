"""Traps 16 and 17: minima and maxima whose next value is looked for in more than one table."""
# ruff: noqa: E501 - a query reads better on one line

import pytest

from ivmc.plan import Plan
from tests.maintained import Connection, Story, differences, follow, maintained, refresh

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


KINDS = {
    "varchar(9)": ("'b'", "'a'"),
    "char(3)": ("'b'", "'a'"),
    "cidr": ("'10.1.0.0/16'", "'10.0.0.0/16'"),
    "int2": ("2", "1"),
    "day": ("'late'", "'early'"),
    "positive": ("2", "1"),
    "int[]": ("'{2}'", "'{1}'"),
    "float8": ("0", "-0.5"),
}


@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_types_of_extrema(conn: Connection, kind: str, joined: bool) -> None:
    high, low = KINDS[kind]
    tables = f"""
    CREATE TYPE day AS ENUM ('early', 'late'); CREATE DOMAIN positive AS int CHECK (VALUE > 0);
    CREATE TABLE d (id int PRIMARY KEY, g int); CREATE TABLE e (id int PRIMARY KEY, d int, x {kind});
    INSERT INTO d VALUES (1, 1), (2, NULL); INSERT INTO e VALUES (1, 1, {high}), (2, 1, {low}), (3, 2, {high}), (4, 2, {low}), (5, 2, NULL)
    """
    query = f"SELECT {'g' if joined else 'd'}, max(x) AS hi, min(x) AS lo FROM {'d JOIN e ON e.d = d.id' if joined else 'e'} GROUP BY 1"
    steps = (
        "DELETE FROM e WHERE id IN (1, 3)",
        f"INSERT INTO e VALUES (6, 1, {high})",
        "DELETE FROM e WHERE id IN (2, 4)",
        "DELETE FROM e WHERE id = 6",
    )
    follow(conn, Story("types", tables, query, steps))


@pytest.mark.newest
@pytest.mark.parametrize(("title", "keys"), [("both ends", 1), ("keys and values that are not NULL", 0)])
def test_the_rows_of_a_group_are_found_by_an_index(conn: Connection, title: str, keys: int) -> None:
    conn.execute(TABLES.encode())
    plan = maintained(conn, QUERIES[title])
    stage, last = (statement for statement in plan.storage if statement.startswith("CREATE TABLE"))
    assert "PRIMARY KEY (h, y)" in stage or keys
    assert sum(statement.endswith("__1 (g)") for statement in plan.storage) == keys
    assert last


@pytest.mark.newest
def test_the_next_value_of_all_is_the_first_of_an_index(conn: Connection) -> None:
    conn.execute(TABLES.encode())
    plan = maintained(conn, QUERIES["no group"])
    conn.execute("INSERT INTO e SELECT k, 1, k, 0 FROM generate_series(100, 9000) k")
    refresh(conn, plan)
    before = scans(conn, plan)
    conn.execute("DELETE FROM e WHERE x = 9000")
    refresh(conn, plan)
    assert differences(conn, QUERIES["no group"]) == ([], [])
    assert scans(conn, plan) == before


def scans(conn: Connection, plan: Plan) -> int:
    """How often the stage of values has been read as a whole."""
    name = f"{plan.id}__1"
    conn.execute(f'ANALYZE ivmc."{name}"; SELECT pg_stat_force_next_flush()'.encode())
    row = conn.execute("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = %s", (name,)).fetchone()
    assert row is not None
    return int(row[0])
