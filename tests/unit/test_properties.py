"""Keys that can be proved, and those that cannot."""

import pytest

from ivmc.ir import Aggregate, walk
from ivmc.normalise import normalise
from ivmc.properties import keys, reduced, shortest
from tests.unit.shapes import bound, names, query

JOINED = "FROM orders o JOIN customer c ON"


def proved(sql: str, *, normal: bool = True) -> list[list[str]]:
    """Every key of a query, by the names of its columns."""
    found = query(sql)
    called = dict(zip(found.rel.schema, found.names, strict=True))
    rel = normalise(found.rel) if normal else found.rel
    return sorted(sorted(called[column] for column in key) for key in keys(rel))


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT * FROM customer", [["id"], ["mail"]]),
        ("SELECT mail FROM customer WHERE country = 1", [["mail"]]),
        ("SELECT id AS customer_id FROM customer", [["customer_id"]]),
        ("SELECT orders, number FROM line", [["number", "orders"]]),
        ("SELECT orders FROM line", []),
        ("SELECT name FROM country", []),
        ("SELECT id + 1 AS next FROM country", []),
        ("SELECT * FROM log", []),
        (f"SELECT o.id AS o {JOINED} c.id = o.customer", [["o"]]),
        (f"SELECT o.id AS o, c.id AS c {JOINED} c.country = o.rate", [["c", "o"]]),
        (f"SELECT o.id AS o {JOINED} c.country = o.rate", []),
        (f"SELECT o.id AS o, c.id AS c {JOINED} c.id = o.id", [["c"], ["o"]]),
        (f"SELECT o.id AS o, c.id AS c {JOINED} c.id > o.id", [["c", "o"]]),
        (f"SELECT o.id AS o, c.id AS c {JOINED} c.id = c.country", [["c", "o"]]),
        ("SELECT l.orders, l.number FROM line l JOIN orders o ON o.id = l.orders", [["number", "orders"]]),
        ("SELECT l.orders, l.number, o.id FROM line l JOIN orders o ON o.id = l.number",
         [["number", "orders"]]),
        ("SELECT id FROM orders UNION ALL SELECT id FROM customer", []),
        ("SELECT id, count(*) FROM orders GROUP BY id", [["id"]]),
        ("SELECT customer, count(*) FROM orders GROUP BY customer", [["customer"]]),
        ("SELECT count(*) FROM orders", [[]]),
    ],
)  # fmt: skip
def test_keys(sql: str, expected: list[list[str]]) -> None:
    assert proved(sql) == expected


@pytest.mark.parametrize("on", ["c.id = c.country", "o.id = o.rate"])
def test_an_equality_within_one_side_is_no_join(on: str) -> None:
    """`c.id = c.country` alone says nothing about how many customers meet an order."""
    sql = f"SELECT o.id AS o, c.id AS c {JOINED} {on}"
    assert proved(sql, normal=False) == [["c", "o"]]


def test_the_shortest_key_is_the_same_at_every_run() -> None:
    rel = bound("SELECT * FROM customer")
    assert names(shortest(keys(rel))) == ["id"]
    assert shortest([]) is None


@pytest.mark.parametrize(
    ("sql", "key"),
    [
        ("SELECT id, country, count(*) FROM customer GROUP BY 1, 2", ["id"]),
        (f"SELECT c.id, c.mail, count(*) {JOINED} o.customer = c.id GROUP BY 1, 2", ["id"]),
        (f"SELECT o.customer, c.country, count(*) {JOINED} o.customer = c.id GROUP BY 1, 2", ["customer"]),
        ("SELECT l.price, t.code, count(*) FROM line l JOIN tariff t ON t.code = l.price GROUP BY 1, 2",
         ["code", "price"]),
        ("SELECT l.price, t.label, count(*) FROM line l JOIN tariff t ON t.code = l.price GROUP BY 1, 2",
         ["label", "price"]),
        ("SELECT amount, amount % 2, count(*) FROM orders GROUP BY 1, 2", ["amount"]),
        ("SELECT n, n * 2, count(*) FROM (SELECT amount AS n FROM orders) o GROUP BY 1, 2", ["amount"]),
        ("SELECT customer, amount, count(*) FROM orders GROUP BY 1, 2", ["amount", "customer"]),
        ("SELECT name, id + 1, count(*) FROM country GROUP BY 1, 2", ["?column?", "name"]),
        ("SELECT price, price::text AS shown, count(*) FROM line GROUP BY 1, 2", ["price", "shown"]),
        ("SELECT orders, price, count(number) FROM line GROUP BY 1, 2", ["orders", "price"]),
    ],
)  # fmt: skip
def test_grouping_columns_that_determine_the_others(sql: str, key: list[str]) -> None:
    assert grouping(sql) == key


def grouping(sql: str) -> list[str] | None:
    """The reduced key of the only aggregate."""
    (found,) = (node for node in walk(normalise(bound(sql))) if isinstance(node, Aggregate))
    return names(reduced(found.input, found.keys))


def test_equal_keys_of_any_type_find_the_row() -> None:
    """A numeric key determines its row by `=`, though nothing that is computed from it."""
    assert grouping("SELECT code, label, code::text AS shown, count(*) FROM tariff GROUP BY 1, 2, 3") == [
        "code"
    ]
