"""One spelling per meaning."""

import pytest

from ivmc.ir import Filter, Join, Project, Rel, Scan, walk
from ivmc.normalise import _normalise, normalise
from ivmc.predicate import equated
from ivmc.scalar import is_fallible
from tests.unit.shapes import bound, shape


def normal(sql: str) -> Rel:
    return normalise(bound(sql))


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT * FROM log", "log"),
        ("SELECT id FROM (SELECT id, amount FROM orders WHERE amount > 1) o WHERE id > 2", "π(σ(orders))"),
        ("WITH big AS (SELECT id FROM orders WHERE amount > 9) SELECT id FROM big", "π(σ(orders))"),
        (
            "SELECT c.id FROM customer c, orders o WHERE c.id = o.customer AND o.amount > 1",
            "π((π(σ(o)) ⋈ c))",
        ),
        ("SELECT id FROM orders UNION ALL SELECT id FROM customer", "(π(orders) ⊎ π(customer))"),
        ("SELECT count(*) FROM orders o JOIN customer c ON c.id = o.customer", "γ(π((o ⋈ c)))"),
    ],
)
def test_blocks_are_flat_and_predicates_low(sql: str, expected: str) -> None:
    assert shape(normal(sql)) == expected


def test_arms_that_share_an_input_are_normalised_once() -> None:
    """A full join is two arms over the same inputs: nested, they are many paths to few relations."""
    tables = ["(SELECT id AS c0 FROM customer) t0"]
    tables += [f"(SELECT id AS c{n} FROM orders) t{n} ON c{n} = c{n - 1}" for n in range(1, 9)]
    before = _normalise.cache_info().misses
    normal(f"SELECT * FROM {' FULL JOIN '.join(tables)}")
    assert _normalise.cache_info().misses - before < 100


def test_only_columns_that_are_read_are_scanned() -> None:
    plan = normal("SELECT o.id FROM orders o JOIN customer c ON c.id = o.customer WHERE o.amount > 1")
    scanned = {n.alias: [c.name for c in n.schema] for n in walk(plan) if isinstance(n, Scan)}
    assert scanned == {"o": ["id", "customer", "amount"], "c": ["id"]}


def test_joined_columns_are_dropped_as_soon_as_nothing_above_reads_them() -> None:
    plan = normal(
        "SELECT l.price FROM line l JOIN orders o ON o.id = l.orders JOIN customer c ON c.id = o.customer"
    )
    joins = [node for node in walk(plan) if isinstance(node, Join)]
    assert [[c.name for c in join.left.schema] for join in joins] == [
        ["price", "customer"],
        ["orders", "price"],
    ]


def test_calls_that_nobody_reads_are_not_computed() -> None:
    plan = normal("SELECT n FROM (SELECT customer, count(*) AS n, sum(amount) AS s FROM orders GROUP BY 1) g")
    assert [column.name for column in plan.schema] == ["count"]
    assert all("sum" not in [c.name for c in node.schema] for node in walk(plan))


@pytest.mark.parametrize(
    "tables", ["country n, customer c, orders o, line l", "line l, orders o, customer c, country n"]
)
def test_the_table_that_refers_to_the_others_leads_the_joins(tables: str) -> None:
    on = "l.orders = o.id AND o.customer = c.id AND c.country = n.id"
    assert shape(normal(f"SELECT l.price FROM {tables} WHERE {on}")) == "π((π((π((l ⋈ o)) ⋈ c)) ⋈ n))"


def test_what_can_fail_is_evaluated_above_the_join() -> None:
    plan = normal(
        "SELECT o.id FROM orders o JOIN customer c ON c.id = o.customer WHERE o.amount / c.country > 1"
    )
    assert shape(plan) == "π(σ(π((o ⋈ c))))"
    joins = [node for node in walk(plan) if isinstance(node, Join)]
    assert not any(is_fallible(predicate) for join in joins for predicate in join.on)


def test_what_can_fail_lends_the_join_the_parts_that_cannot() -> None:
    plan = normal(
        "SELECT o.id FROM orders o, customer c WHERE"
        " (o.customer = c.id AND o.amount / c.country > 1) OR (o.id = c.id AND c.country > 0)"
    )
    (join,) = (node for node in walk(plan) if isinstance(node, Join))
    assert len(join.on) == 1
    assert not is_fallible(join.on[0])
    assert isinstance(plan, Project)
    assert isinstance(plan.input, Filter)


@pytest.mark.parametrize(
    "where",
    [
        "o.customer = c.id OR o.amount / c.country > 1",
        "NOT (o.customer = c.id AND o.amount / c.country > 1)",
    ],
)
def test_what_can_fail_may_leave_nothing_to_join_by(where: str) -> None:
    plan = normal(f"SELECT o.id FROM orders o, customer c WHERE {where}")
    (join,) = (node for node in walk(plan) if isinstance(node, Join))
    assert join.on == ()


def test_an_or_over_several_tables_says_something_of_each_but_nothing_that_can_fail() -> None:
    plan = normal(
        "SELECT o.id FROM orders o JOIN customer c ON c.id = o.customer WHERE"
        " (o.amount / o.rate > 1 AND o.rate > 5 AND c.country = 1) OR (o.amount = 1 AND c.country = 2)"
    )
    low = [node for node in walk(plan) if isinstance(node, Filter) and isinstance(node.input, Scan)]
    assert [node.input.schema[0].name for node in low] == ["id", "id"]
    assert not any(is_fallible(predicate) for node in low for predicate in node.predicates)


def test_what_all_arms_of_an_or_say_is_what_a_join_finds_rows_by() -> None:
    arms = "o.customer = c.id AND o.amount = 1 AND c.country = 1 OR o.customer = c.id AND o.amount = 2"
    plan = normal(f"SELECT o.id FROM orders o, customer c WHERE {arms}")
    assert shape(plan) == "π((σ(o) ⋈ c))"
    (join,) = (node for node in walk(plan) if isinstance(node, Join))
    assert any(map(equated, join.on))


def test_every_predicate_of_a_join_stays() -> None:
    inner = "(SELECT * FROM customer WHERE country > 3) c"
    plan = normal(f"SELECT o.id FROM orders o JOIN {inner} ON c.id = o.customer AND c.country = o.rate")
    (join,) = (node for node in walk(plan) if isinstance(node, Join))
    assert len(join.on) == 2
    assert shape(join.right) == "σ(customer)"


def test_a_cross_join_is_a_join_without_a_condition() -> None:
    (join,) = (node for node in walk(normal("SELECT 1 AS one FROM log, country")) if isinstance(node, Join))
    assert join.on == ()


def test_the_schema_stays() -> None:
    rel = bound("SELECT c.mail, o.id, o.id AS again FROM customer c JOIN orders o ON o.customer = c.id")
    assert normalise(rel).schema == rel.schema


def test_operators_of_refreshes_have_no_normal_form() -> None:
    with pytest.raises(TypeError, match="Negate is not an operator of a query"):
        normalise(-bound("SELECT * FROM log"))
