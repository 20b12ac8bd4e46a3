"""Groups of an outer join by its left side's key are groups of a union, where the law of `eager` holds."""

import pytest

from ivmc.bind import bind
from ivmc.catalog import Catalog
from ivmc.ir import Aggregate, Filter, Outer, Rel, walk
from ivmc.normalise import normalise
from ivmc.normalise.eager import eager
from ivmc.parse import parse
from ivmc.stages import staged
from tests.unit.shapes import bound, shape

JOIN = "customer c LEFT JOIN orders o ON o.customer = c.id"
JOINED = JOIN.replace("orders o", "(orders o JOIN line l ON l.orders = o.id)")


def united(sql: str) -> Rel:
    return eager(normalise(bound(sql)))


def is_united(sql: str) -> bool:
    return not any(isinstance(node, Outer) for node in walk(united(sql)))


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT c.id, count(o.id) FROM {JOIN} GROUP BY c.id",
        f"SELECT c.id, count(*), sum(o.amount) FROM {JOIN} GROUP BY c.id",
        f"SELECT c.id, count(*) FILTER (WHERE o.amount > 3) FROM {JOIN} GROUP BY c.id",
        f"SELECT c.id, count(o.id) FROM {JOIN} AND o.amount > 3 GROUP BY c.id",
        "SELECT c.id, count(o.id) FROM orders o RIGHT JOIN customer c ON c.id = o.customer GROUP BY c.id",
        f"SELECT c.id, sum(l.price) FROM {JOINED} GROUP BY c.id",
        f"SELECT n, count(*) FROM (SELECT count(o.id) AS n FROM {JOIN} GROUP BY c.id) g GROUP BY n",
    ],
)
def test_rows_of_both_sides_come_to_their_group_as_they_are(sql: str) -> None:
    assert is_united(sql)


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT c.mail, count(o.id) FROM {JOIN} GROUP BY c.mail",
        f"SELECT c.id, c.mail, count(o.id) FROM {JOIN} GROUP BY c.id, c.mail",
        f"SELECT c.id, o.rate, count(o.id) FROM {JOIN} GROUP BY c.id, o.rate",
        f"SELECT c.id, count(o.id) FROM {JOIN} WHERE c.country = 1 GROUP BY c.id",
        f"SELECT c.id, count(o.id) FROM {JOIN} AND o.amount > c.country GROUP BY c.id",
        f"SELECT c.id, count(coalesce(o.amount, 0)) FROM {JOIN} GROUP BY c.id",
        f"SELECT c.id, sum(c.id) FROM {JOIN} GROUP BY c.id",
        f"SELECT c.id, count(*) FILTER (WHERE o.amount IS NULL) FROM {JOIN} GROUP BY c.id",
        f"SELECT c.id, sum(o.amount / o.rate) FROM {JOIN} GROUP BY c.id",
        f"SELECT c.id, max(o.amount) FROM {JOIN} GROUP BY c.id",
        f"SELECT c.id, array_agg(o.id) FROM {JOIN} GROUP BY c.id",
        "SELECT o.id, count(l.price) FROM orders o LEFT JOIN line l ON l.orders = o.id GROUP BY o.id",
        "SELECT t.code, count(u.label) FROM tariff t LEFT JOIN tariff u ON u.code = t.code GROUP BY t.code",
    ],
    ids=[
        "by another column", "by another one too", "by one of the right side", "of a selection", "by more",
        "what counts NULL", "what reads the left side", "what wants NULL", "what can fail", "extrema",
        "what is read again", "without a foreign key", "equal values of several looks",
    ],
)  # fmt: skip
def test_elsewhere_the_join_stays(sql: str) -> None:
    assert not is_united(sql)


@pytest.mark.parametrize("types", ["bigint int", "int bigint", "numeric numeric", "varchar(9) text"])
def test_a_reference_of_another_type_is_looked_up(types: str) -> None:
    """A group would have the value of one side, and its rows that of the other."""
    key, reference = types.split()
    tables = f"""
        CREATE TABLE customer (id {key} PRIMARY KEY);
        CREATE TABLE orders (id int PRIMARY KEY, customer {reference} REFERENCES customer);
    """
    query = f"SELECT c.id, count(o.id) FROM {JOIN} GROUP BY c.id"
    found, _ = bind(parse(query), Catalog.from_sql(tables))
    assert found is not None
    rel = eager(normalise(found.rel))
    assert any(isinstance(node, Outer) for node in walk(rel))


def test_a_column_that_is_counted_anyway_tells_the_rows_of_the_right_side() -> None:
    (stage,) = staged(bound(f"SELECT c.id, count(*), count(o.id) AS n FROM {JOIN} GROUP BY c.id"), "v").stages
    assert stage.fold is not None
    assert [column.name for column, _ in stage.fold.states] == ["count", "count_id"]


def test_no_row_without_a_reference_is_kept() -> None:
    rel = united(f"SELECT c.id, count(o.id) FROM {JOIN} GROUP BY c.id")
    groups = next(node for node in walk(rel) if isinstance(node, Aggregate))
    assert any(isinstance(node, Filter) for node in walk(groups.input)), shape(rel)
