"""What names mean."""

import pytest

from ivmc.ir import Filter, Join, Project, Rel, Scan, inputs
from tests.bind.binding import bound, columns, mistakes


def scans(rel: Rel) -> list[str]:
    if isinstance(rel, Scan):
        return [f"{rel.relation.schema}.{rel.relation.name}"]
    return [name for child in inputs(rel) for name in scans(child)]


def test_using_merges_in_front_and_hides_both() -> None:
    query = "SELECT * FROM item i JOIN (SELECT price AS p, id AS orders FROM orders) o USING (orders)"
    assert [name for name, _ in columns(query)] == ["orders", "line", "amount", "note", "p"]
    assert columns(f"{query} WHERE orders > 1 AND i.orders > 1 AND o.orders > 1") == columns(query)


def test_using_shows_the_column_that_needs_no_cast() -> None:
    found = bound(
        "SELECT k FROM (SELECT amount AS k FROM orders) a JOIN (SELECT price AS k FROM orders) b USING (k)"
    )
    assert isinstance(found.rel, Project)
    assert isinstance(found.rel.input, Join)
    assert found.rel.schema == found.rel.input.right.schema
    assert found.rel.schema[0].scales is None


def test_natural_without_a_common_name_is_a_product() -> None:
    found = bound(
        "SELECT a, c FROM (SELECT id AS a FROM customer) x NATURAL JOIN (SELECT id AS c FROM orders) y"
    )
    assert isinstance(found.rel, Project)
    assert isinstance(found.rel.input, Join)
    assert found.rel.input.on == ()


def test_an_alias_hides_the_name() -> None:
    assert columns("SELECT c.id FROM customer c") == [("id", "integer")]
    assert mistakes("SELECT customer.id FROM customer c") == ["IVM205"]
    assert columns("SELECT x.a, name FROM customer AS x (a)") == [("a", "integer"), ("name", "text")]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT id FROM customer, orders",
        "SELECT 1 AS x FROM customer, orders WHERE id = 1",
        "SELECT customer.id FROM customer, other.customer",
        "SELECT id AS a, level AS a FROM customer ORDER BY a",
    ],
)
def test_ambiguous(query: str) -> None:
    assert mistakes(query)[0] == "IVM204"


def test_two_schemas_may_have_a_table_of_one_name() -> None:
    query = "SELECT public.customer.name, other.customer.note FROM customer, other.customer"
    assert columns(query) == [("name", "text"), ("note", "text")]
    assert mistakes("SELECT 1 AS x FROM customer, public.customer") == ["IVM207"]


def test_a_with_query_shadows_a_table() -> None:
    assert columns("WITH customer AS (SELECT id AS one FROM orders) SELECT * FROM customer") == [
        ("one", "bigint")
    ]
    inner = "WITH a AS (SELECT amount AS n FROM orders) SELECT * FROM a"
    assert columns(f"WITH a AS (SELECT id FROM customer) SELECT q.n FROM ({inner}) q, a") == [
        ("n", "numeric(12,2)")
    ]
    assert scans(bound("WITH orders AS (SELECT id FROM customer) SELECT id FROM public.orders").rel) == [
        "public.orders"
    ]


def test_a_with_query_sees_those_before_it_and_the_query_around() -> None:
    assert mistakes("WITH a AS (SELECT * FROM b), b AS (SELECT 1 AS x) SELECT * FROM a") == ["IVM201"]
    assert mistakes("SELECT (WITH a AS (SELECT c.name) SELECT name FROM a) FROM customer c") == []


def test_a_with_query_that_nothing_reads_is_checked() -> None:
    assert mistakes("WITH a AS (SELECT nothing FROM customer) SELECT id FROM orders") == ["IVM202"]
    assert columns("WITH a AS (SELECT id FROM customer LIMIT 1) SELECT id FROM orders") == [("id", "bigint")]


def test_views_are_expanded() -> None:
    assert scans(bound("SELECT * FROM nested").rel) == ["public.orders", "public.customer"]
    assert columns("SELECT * FROM nested")[-1] == ("b", "text")
    assert columns("SELECT nested.doubled FROM nested") == [("doubled", "numeric")]


def test_virtual_generated_columns_are_computed_in_their_type() -> None:
    found = bound("SELECT full_name, half, twice FROM person")
    assert [column.type.sql for column in found.rel.schema] == ["text", "numeric(8,1)", "bigint"]
    assert isinstance(found.rel, Project)
    assert isinstance(found.rel.input, Project)
    assert [column.name for column in found.rel.input.input.schema] == ["id", "first", "last", "twice"]


def test_a_qualified_name_ends_the_search_at_its_table() -> None:
    query = "SELECT (SELECT customer.name FROM (SELECT 1 AS one) customer) AS x FROM customer"
    assert mistakes(query) == ["IVM202"]


def test_where_is_no_filter_when_it_is_true() -> None:
    assert not isinstance(bound("SELECT id FROM customer WHERE true").rel, Filter)


def test_columns_keep_their_collation() -> None:
    found = bound('SELECT title, word, name COLLATE "C" AS c, lower(title) AS l, name FROM orders, customer')
    assert [column.collation for column in found.rel.schema] == ['"C"', '"POSIX"', '"C"', '"C"', None]
    grouped = bound("SELECT title, min(word) FROM orders GROUP BY title")
    assert [column.collation for column in grouped.rel.schema] == ['"C"', '"POSIX"']
