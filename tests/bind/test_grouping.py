"""GROUP BY, HAVING, DISTINCT and ORDER BY."""

import pytest

from ivmc.ir import Aggregate, Filter, Project, Rel, inputs
from tests.bind.binding import bound, mistakes


def aggregate(query: str) -> Aggregate:
    """The only grouping of a query."""

    def found(rel: Rel) -> list[Aggregate]:
        return ([rel] if isinstance(rel, Aggregate) else []) + [
            a for child in inputs(rel) for a in found(child)
        ]

    (only,) = found(bound(query).rel)
    return only


def keys(query: str) -> list[str]:
    return [column.name for column in aggregate(query).keys]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT customer, count(*) FROM orders GROUP BY 1", ["customer"]),
        ("SELECT customer AS c, count(*) FROM orders GROUP BY c", ["customer"]),
        ("SELECT customer % 2 AS odd, count(*) FROM orders GROUP BY odd", ["odd"]),
        ("SELECT customer % 2 + 1 AS more FROM orders GROUP BY customer % 2", ["key"]),
        ("SELECT customer, ok FROM orders GROUP BY (customer, ok)", ["customer", "ok"]),
        ("SELECT customer FROM orders GROUP BY customer, customer, 1", ["customer"]),
        ("SELECT 'x' AS a, count(*) FROM orders GROUP BY a", ["a"]),
        ("SELECT customer + 1 AS customer, count(*) FROM orders GROUP BY customer", ["customer"]),
        ("SELECT sum(amount) FROM orders", []),
        ("SELECT 1 AS one FROM orders HAVING true", []),
        ("SELECT DISTINCT customer, ok FROM orders", ["customer", "ok"]),
    ],
)
def test_keys(query: str, expected: list[str]) -> None:
    assert keys(query) == expected


def test_a_column_comes_before_an_output_name() -> None:
    found = aggregate("SELECT customer + 1 AS customer, count(*) FROM orders GROUP BY customer")
    assert not isinstance(found.input, Project)


def test_what_depends_on_the_primary_key_is_a_key_too() -> None:
    query = "SELECT c.id, c.name, count(*) FROM customer c JOIN orders o ON o.customer = c.id GROUP BY c.id"
    assert keys(query) == [
        "id", "name",
    ]  # fmt: skip
    assert keys("SELECT note FROM item GROUP BY orders, line") == ["orders", "line", "note"]
    assert mistakes("SELECT note FROM item GROUP BY orders") == ["IVM226"]


def test_having_without_group_by_filters_one_row() -> None:
    found = bound("SELECT count(*) AS n FROM orders HAVING count(*) > 1").rel
    assert isinstance(found, Project)
    assert isinstance(found.input, Filter)
    assert isinstance(found.input.input, Aggregate)
    assert len(found.input.input.calls) == 1


def test_the_same_call_is_computed_once() -> None:
    found = aggregate(
        "SELECT count(*) AS a, count(*) AS b, sum(amount) AS c, sum(amount) + 1 AS d FROM orders"
    )
    assert [call.function.name for _, call in found.calls] == ["count", "sum"]


def test_order_by_is_checked_and_dropped() -> None:
    found = aggregate("SELECT customer FROM orders GROUP BY customer ORDER BY sum(amount), 1")
    assert found.calls == ()
    same = "SELECT id FROM customer"
    assert type(bound(f"{same} ORDER BY name DESC NULLS LAST").rel) is type(bound(same).rel)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT id FROM customer ORDER BY nothing", "IVM202"),
        ("SELECT id FROM customer ORDER BY 2", "IVM229"),
        ("SELECT id FROM customer ORDER BY 'x'", "IVM235"),
        ("SELECT id FROM orders ORDER BY raw", "IVM222"),
        ("SELECT customer FROM orders GROUP BY customer ORDER BY amount", "IVM226"),
        ("SELECT DISTINCT id FROM customer ORDER BY name", "IVM235"),
        ("SELECT id FROM customer UNION SELECT customer FROM orders ORDER BY id + 1", "IVM235"),
        ("SELECT id FROM customer UNION SELECT customer FROM orders ORDER BY customer", "IVM202"),
        ("SELECT count(*) FROM orders GROUP BY true", "IVM235"),
        ("SELECT count(*) FROM orders GROUP BY 1", "IVM224"),
        ("SELECT sum(count(*)) FROM orders", "IVM225"),
        ("SELECT count(DISTINCT raw) FROM orders", "IVM222"),
    ],
)
def test_refused(query: str, code: str) -> None:
    assert mistakes(query) == [code]
