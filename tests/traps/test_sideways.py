"""Groups that few rows of a filtered relation look up, as those rows come, go, and pass the filter or not."""

import pytest

from tests.maintained import Connection, Story, follow

TABLES = """
    CREATE TABLE country (id int PRIMARY KEY, name text);
    CREATE TABLE supplier (id int PRIMARY KEY, country int);
    CREATE TABLE stock (part int, supplier int, available int, PRIMARY KEY (part, supplier));
    CREATE TABLE line (part int, supplier int, quantity int);
    INSERT INTO country VALUES (1, 'CA'), (2, 'PE'), (3, NULL);
    INSERT INTO supplier SELECT i, i % 4 FROM generate_series(1, 12) i;
    INSERT INTO stock SELECT i % 5, i, i FROM generate_series(1, 12) i;
    INSERT INTO line SELECT i % 5, i % 13, i % 7 FROM generate_series(1, 200) i;
    ANALYZE;
"""
SOLD = "(SELECT sum(quantity) FROM line l WHERE l.part = k.part AND l.supplier = k.supplier)"
FEW = f"SELECT k.supplier FROM stock k WHERE k.available > {SOLD}"
FROM = "FROM supplier s JOIN country c ON c.id = s.country"
QUERIES = {
    "a semi join": f"SELECT s.id {FROM} WHERE c.name = 'CA' AND s.id IN ({FEW})",
    "an anti join": f"SELECT s.id {FROM} WHERE c.name = 'CA' AND NOT EXISTS ({FEW} AND k.supplier = s.id)",
    "a mark": f"SELECT s.id, EXISTS ({FEW} AND k.supplier = s.id) AS few {FROM} WHERE c.name = 'CA'",
}
CHANGES = (
    "UPDATE country SET name = CASE id WHEN 1 THEN 'PE' ELSE 'CA' END",
    "UPDATE supplier SET country = country + 1 WHERE id % 3 = 0",
    "UPDATE line SET quantity = 0 WHERE supplier < 6",
    ("DELETE FROM line WHERE supplier = 7", "INSERT INTO line VALUES (2, 7, 1), (3, 8, 50)"),
    ("INSERT INTO supplier VALUES (13, 2), (0, 3)", "INSERT INTO stock VALUES (0, 13, 90), (1, 0, 70)"),
    ("UPDATE stock SET available = 60 - available", "DELETE FROM supplier WHERE id = 2"),
    ("DELETE FROM country WHERE id = 2", "UPDATE line SET supplier = supplier + 1"),
    "INSERT INTO country VALUES (2, 'CA'), (0, 'CA')",
)


@pytest.mark.parametrize("title", QUERIES)
def test_groups_of_few(conn: Connection, title: str) -> None:
    follow(conn, Story(title, TABLES, QUERIES[title], CHANGES))
