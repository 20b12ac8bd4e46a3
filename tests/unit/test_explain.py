"""What `ivmc explain` says."""

import ivmc
from ivmc.explain import explain
from ivmc.plan import Plan

TABLES = """
CREATE TABLE customer (id int PRIMARY KEY, region int);
CREATE TABLE orders (id int PRIMARY KEY, customer int, amount int, note text);
"""


def plan(query: str) -> Plan:
    return ivmc.compile(query, ivmc.Catalog.from_sql(TABLES), name="v")


def test_a_stage_stands_below_what_reads_it() -> None:
    drawn = explain(
        plan(
            "SELECT c.id, (SELECT max(amount) FROM orders o WHERE o.customer = c.id) AS m FROM customer AS c"
        ),
        "mermaid",
    )
    assert drawn.splitlines()[2:] == [
        '  n2["store the rows"] --> view',
        '  n3["left join on customer = id"] --> n2',
        '  n4["table customer c"] --> n3',
        '  n5["aggregate by customer: max"] --> n3',
        '  n6["table orders o"] --> n5',
    ]


def test_a_stage_that_is_read_twice_is_drawn_once() -> None:
    drawn = explain(
        plan(
            "WITH t AS (SELECT customer, sum(amount) AS s FROM orders GROUP BY customer)"
            " SELECT t.customer, u.s FROM t JOIN t AS u ON t.s > u.s"
        ),
        "mermaid",
    )
    assert drawn.count('"aggregate by customer: sum"') == 1
    assert " & " in drawn


def test_columns_of_one_name_are_told_apart() -> None:
    said = explain(plan("SELECT c.id, o.id AS sale FROM customer c LEFT JOIN orders o ON o.customer = c.id"))
    assert "one row per c.id, o.id" in said
    assert "left join on customer = c.id" in said


def test_the_index_by_which_a_group_is_read_again() -> None:
    wish = "CREATE INDEX ON public.orders (customer);"
    for query in (
        "SELECT customer, min(amount) AS m FROM orders GROUP BY customer",
        "SELECT c.id, (SELECT min(amount) FROM orders o WHERE o.customer = c.id) AS m FROM customer c",
        "SELECT customer, string_agg(note, ',' ORDER BY id) AS notes FROM orders GROUP BY customer",
    ):
        assert wish in explain(plan(query)), query


def test_constant_rows_are_no_other_side() -> None:
    said = explain(plan("SELECT customer, sum(amount) AS s FROM orders GROUP BY ROLLUP (customer)"))
    assert "no column is equated" not in said
    assert "no column is equated" in explain(plan("SELECT c.id, o.id AS sale FROM customer c, orders o"))


def test_an_index_on_the_few_rows_that_a_lookup_by_key_may_find() -> None:
    query = "SELECT count(*) AS n FROM orders o JOIN customer c ON c.id = o.customer WHERE "
    heading = "Indexes that pay where few rows satisfy the condition:"
    assert f"{heading}\n  CREATE INDEX ON public.customer (id) WHERE region = 5;" in explain(
        plan(query + "c.region = 5")
    )
    assert heading not in explain(plan(query + "o.amount = 5")), "orders are not looked up by their key"
    assert heading not in explain(plan(query + "c.region / 5 = 1")), "an insert could fail"
    assert heading not in explain(plan(query + "c.region::text::date > '2020-01-01'")), "not immutable"
