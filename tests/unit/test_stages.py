"""Where state is kept, under which key, and what is left to the reader."""

from collections import Counter
from dataclasses import replace

import pytest

from ivmc.ir import Rel, Scan, bottom_up, walk
from ivmc.stages import Staged, sources, staged
from tests.unit.shapes import bound, names, shape


def stages(sql: str) -> Staged:
    return staged(bound(sql), "v")


COUNTS = "SELECT customer, count(*) AS n FROM orders GROUP BY customer"
GROUPED = {"v__1": "orders", "v": "v__1"}
JOINED = {"v__1": "orders", "v": "π(π((v__1 ⋈ c)))"}


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT * FROM log", {"v": "log"}),
        ("SELECT customer, sum(amount) FROM orders GROUP BY 1", {"v": "orders"}),
        (f"SELECT sum(n) FROM ({COUNTS}) g", GROUPED),
        (f"SELECT c.mail, n FROM customer c JOIN ({COUNTS}) g ON g.customer = c.id", JOINED),
        ("SELECT count(*) FROM orders o JOIN customer c ON c.id = o.customer", {"v": "π((o ⋈ c))"}),
    ],
)  # fmt: skip
def test_each_stateful_operator_is_a_stage(sql: str, tables: dict[str, str]) -> None:
    found = {stage.name: shape(stage.input) for stage in stages(sql).stages}
    assert list(found) == list(tables)
    assert {name: tree.replace("π(v__1)", "v__1") for name, tree in found.items()} == tables


def test_what_follows_the_last_aggregate_is_evaluated_by_the_view() -> None:
    view = stages("SELECT sum(amount) * 2 AS twice FROM orders GROUP BY customer HAVING count(*) > 1")
    assert len(view.stages) == 1
    assert (len(view.outputs), len(view.where)) == (1, 1)


def test_what_depends_on_settings_is_stored() -> None:
    view = stages("SELECT max(at)::text AS last FROM log")
    assert [stage.name for stage in view.stages] == ["v__1", "v"]
    assert view.root.op is None


@pytest.mark.parametrize(
    ("sql", "key"),
    [
        ("SELECT mail, country FROM customer", ["id"]),
        ("SELECT country FROM customer", ["id"]),
        ("SELECT at FROM log", None),
        ("SELECT o.amount FROM orders o JOIN customer c ON c.id = o.customer", ["id"]),
        ("SELECT amount FROM orders UNION ALL SELECT id FROM customer", None),
        ("SELECT amount FROM (SELECT amount FROM orders WHERE rate > 1) o", ["id"]),
    ],
)
def test_rows_are_found_by_a_key_that_is_carried_along(sql: str, key: list[str] | None) -> None:
    view = stages(sql)
    assert names(view.root.key) == key
    assert view.outputs == bound_like(view)


def bound_like(view: Staged) -> tuple[object, ...]:
    """The query's own columns come first in the store; a key that was added is not shown."""
    return view.root.scan.schema[: len(view.outputs)]


def test_aggregates_are_found_by_their_group() -> None:
    assert names(stages("SELECT customer, count(*) FROM orders GROUP BY customer").root.key) == ["customer"]
    assert names(stages("SELECT count(*) FROM orders").root.key) == []


def test_aggregates_that_cannot_be_taken_back_have_no_fold() -> None:
    assert stages("SELECT sum(amount), min(rate) FROM orders").root.fold is not None
    assert stages("SELECT array_agg(amount ORDER BY id) FROM orders").root.fold is None
    assert stages("SELECT sum(amount::float8) FROM orders").root.fold is None


def test_a_stage_shows_the_aggregate_over_what_it_stores() -> None:
    root = stages("SELECT customer, avg(amount) FROM orders GROUP BY customer").root
    assert root.op is not None
    assert [column for column, _ in root.outputs] == list(root.op.schema)


def test_sources_are_base_tables() -> None:
    view = stages("SELECT n, count(*) FROM (SELECT count(*) n FROM orders GROUP BY customer) g GROUP BY n")
    assert [scan.alias for scan in sources(view.stages)] == ["orders"]
    assert any(isinstance(node, Scan) and node.alias == "v__1" for node in walk(view.root.input))


def test_columns_of_one_name_are_no_key_by_name() -> None:
    """Both keys of the group are called `id`: a reader that takes the first one loses rows."""
    pairs = "SELECT o.id, c.id AS other, count(*) AS n FROM orders o CROSS JOIN customer c GROUP BY 1, 2"
    view = stages(f"SELECT c.mail, g.id, g.other FROM customer c JOIN ({pairs}) g ON g.n = c.id")
    assert names(view.stages[0].key) == ["id", "id"]
    assert view.root.key is None or len(view.root.key) > 1


def sized(sql: str, sizes: dict[str, float]) -> Staged:
    def known(rel: Rel) -> Rel:
        if not isinstance(rel, Scan):
            return rel
        return replace(rel, relation=replace(rel.relation, rows=sizes[rel.relation.name]))

    return staged(bottom_up(bound(sql), known), "v")


SOLD = "(SELECT sum(amount) FROM orders o WHERE o.customer = c.id)"
FROM_THERE = "SELECT c.id FROM customer c JOIN country n ON n.id = c.country WHERE n.name = 'CA'"
GROUPS = (
    "(SELECT customer, sum(amount) AS s FROM orders GROUP BY customer) g WHERE g.customer = c.id AND g.s > 5"
)
BY_FEW = f"{FROM_THERE} AND EXISTS (SELECT FROM {GROUPS})"


@pytest.mark.parametrize(
    ("sql", "orders", "read"),
    [
        (f"SELECT id FROM customer c WHERE mail = 'x' AND {SOLD} > 5", 1000, {"orders": 1, "customer": 1}),
        (BY_FEW, 1000, {"orders": 1, "customer": 1, "country": 1}),
        (BY_FEW.replace("AND EXISTS", "AND NOT EXISTS"), 1000, {"orders": 1, "customer": 1, "country": 1}),
        (BY_FEW, 10, {"orders": 1}),
        (BY_FEW.replace("n.name = 'CA' AND", ""), 1000, {"orders": 1}),
    ],
    ids=["joined", "matched", "not matched", "by many", "by all"],
)  # fmt: skip
def test_only_groups_that_are_looked_up_are_kept(sql: str, orders: float, read: dict[str, int]) -> None:
    """Planner rule 10; what restricts them joins them once, however often a plan is normalised."""
    first, *_ = sized(sql, {"orders": orders, "customer": 100, "country": 9}).stages
    scanned = Counter(node.relation.name for node in walk(first.input) if isinstance(node, Scan))
    assert scanned == read
