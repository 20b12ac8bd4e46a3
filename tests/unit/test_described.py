"""Groups are joined with tables that only describe them, where the law of `described` holds."""

import pytest

from ivmc.bind import bind
from ivmc.catalog import Catalog
from ivmc.emit.described import described
from ivmc.ir import Aggregate, Join, walk
from ivmc.parse import parse
from ivmc.stages import staged

TABLES = """
    CREATE TABLE country (id int PRIMARY KEY, name text);
    CREATE TABLE customer (id int PRIMARY KEY, country int REFERENCES country, name text, city text);
    CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customer, taker int, amount int,
        rate int);
"""
JOINED = "orders o JOIN customer c ON c.id = o.customer JOIN country n ON n.id = c.country"
TWO = "orders o JOIN customer c ON c.id = o.customer"


def joined_before(sql: str) -> int:
    """How many joins there are below the groups of a recomputation."""
    found, _ = bind(parse(sql), Catalog.from_sql(TABLES))
    assert found is not None
    stage = staged(found.rel, "v").root
    assert stage.op is not None
    rel = described(stage.op)
    groups = next(node for node in walk(rel) if isinstance(node, Aggregate))
    return sum(isinstance(node, Join) for node in walk(groups))


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT c.id, c.name, count(*) FROM {TWO} GROUP BY c.id",
        f"SELECT o.customer, c.name, sum(o.amount) FROM {TWO} GROUP BY o.customer, c.name",
        f"SELECT c.id, c.name, o.rate, count(*) FROM {TWO} GROUP BY c.id, o.rate",
        f"SELECT c.id, c.name, n.name AS country, sum(o.amount) FROM {JOINED} GROUP BY c.id, n.name",
        f"SELECT c.id, c.name, array_agg(o.amount ORDER BY o.id) FROM {TWO} GROUP BY c.id",
        f"SELECT c.id, c.name, count(*) FROM {TWO} WHERE o.amount > 3 GROUP BY c.id HAVING count(*) > 1",
    ],
)
def test_groups_of_references_are_described_last(sql: str) -> None:
    assert joined_before(sql) == 0


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT c.name, count(*) FROM {TWO} GROUP BY c.name",
        f"SELECT c.id, c.name, count(*) FROM {TWO} WHERE c.city = 'Ulm' GROUP BY c.id",
        f"SELECT c.id, c.name, count(*) FROM {TWO} AND c.city > o.rate::text GROUP BY c.id",
        f"SELECT c.id, c.name, count(c.city) FROM {TWO} GROUP BY c.id",
        f"SELECT c.id, c.name, sum(o.amount / o.rate) FROM {TWO} GROUP BY c.id",
        "SELECT c.id, c.name, count(*) FROM orders o JOIN customer c ON c.id = o.taker GROUP BY c.id",
        f"SELECT o.customer, count(*) FROM {TWO} GROUP BY o.customer",
    ],
    ids=[
        "called alike", "a selection", "by more", "what reads it", "what can fail", "without a foreign key",
        "nothing to describe",
    ],
)  # fmt: skip
def test_elsewhere_rows_are_joined_first(sql: str) -> None:
    assert joined_before(sql) == 1
