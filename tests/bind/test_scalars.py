"""Types, NULL, scales, failure and settings of expressions."""

import pytest

from ivmc.scalar import Expression, is_fallible, is_stable
from tests.bind.binding import bound, columns, scalar


@pytest.mark.parametrize(
    ("expression", "type", "nullable", "scales"),
    [
        ("amount", "numeric(12,2)", False, {2}),
        ("price", "numeric", True, None),
        ("amount + 1", "numeric", False, {2}),
        ("amount * amount", "numeric", False, {4}),
        ("amount * price", "numeric", True, None),
        ("-amount", "numeric", False, {2}),
        ("0.05", "numeric", False, {2}),
        ("1e3", "numeric", False, None),
        ("amount / 2", "numeric", False, None),
        ("round(amount, 1)", "numeric", False, {1}),
        ("amount::numeric(5, 1)", "numeric(5,1)", False, {1}),
        ("amount::int", "integer", False, {0}),
        ("coalesce(price, amount)", "numeric", False, None),
        ("coalesce(amount, 0)", "numeric", False, {0, 2}),
        ("nullif(amount, 0)", "numeric(12,2)", True, {2}),
        ("CASE WHEN ok THEN amount ELSE 0.125 END", "numeric", False, {2, 3}),
        ("CASE WHEN ok THEN amount END", "numeric", True, {2}),
        ("greatest(amount, NULL)", "numeric", False, {2}),
        ("ok IS TRUE", "boolean", False, None),
        ("ok AND true", "boolean", True, None),
        ("price IS DISTINCT FROM amount", "boolean", False, None),
        ("customer IN (1, 2)", "boolean", True, None),
        ("orders.id IN (1, NULL)", "boolean", True, None),
        ("doc ->> 'a'", "text", True, None),
        ("concat(title, 'x')", "text", False, None),
        ("NULL::int", "integer", True, {0}),
    ],
)
def test_facts(expression: str, type: str, nullable: bool, scales: set[int] | None) -> None:
    found = scalar(expression)
    assert (found.type.sql, found.nullable) == (type, nullable)
    assert found.scales == (None if scales is None else frozenset(scales))


@pytest.mark.parametrize(
    ("expression", "fallible"),
    [
        ("customer = 1", False),
        ("customer + 1", True),
        ("title || 'x'", False),
        ("title LIKE 'a%'", False),
        (r"title LIKE 'a\'", True),
        ("title LIKE word", True),
        ("title::int", True),
        ("customer::bigint", False),
        ("customer IN (1, 2)", False),
        ("customer / customer", True),
        ("CASE WHEN customer / 2 > 1 THEN 1 END", True),
        ("coalesce(title, word)", False),
        ("1 / 0", False),
    ],
)
def test_what_can_fail(expression: str, fallible: bool) -> None:
    assert is_fallible(scalar(expression)) is fallible


@pytest.mark.parametrize(
    ("expression", "stable"),
    [
        ("customer + 1", False),
        ("placed::text", True),
        ("placed::date", True),
        ("placed > '2020-01-01'", True),
        ("placed BETWEEN '2020-01-01' AND '2021-01-01'", True),
        ("placed IN ('2020-01-01')", True),
        ("extract(year FROM placed)", True),
        ("current_user", True),
    ],
)
def test_what_depends_on_settings(expression: str, stable: bool) -> None:
    assert is_stable(scalar(expression)) is stable


@pytest.mark.parametrize(
    ("query", "type"),
    [
        ("SELECT id FROM customer UNION ALL SELECT id FROM orders", "bigint"),
        ("SELECT amount FROM orders UNION ALL SELECT amount FROM item", "numeric"),
        ("SELECT born FROM customer UNION ALL SELECT '2020-01-01'", "date"),
        ("SELECT NULL UNION SELECT id FROM customer", "integer"),
        ("SELECT 'a' AS s UNION SELECT 'b'", "text"),
        ("VALUES (1), (NULL), (2.5)", "numeric"),
        ("SELECT * FROM (VALUES (date '2020-01-01'), ('2020-01-02')) v", "date"),
    ],
)
def test_common_types(query: str, type: str) -> None:
    assert [kind for _, kind in columns(query)] == [type]


def test_operators_of_a_schema_bind_as_other_operators_do() -> None:
    """`a OPERATOR(pg_catalog.*) b` is weaker than `+`."""
    plain, spelt = scalar("customer * 2"), scalar("customer OPERATOR(pg_catalog.*) 2")
    assert isinstance(plain, Expression)
    assert isinstance(spelt, Expression)
    assert plain.level > spelt.level
    found = scalar("customer OPERATOR(pg_catalog.=) ANY (ARRAY[1])")
    assert isinstance(found, Expression)
    assert found.template == ("", " OPERATOR(pg_catalog.=) ANY (", ")")


def test_a_column_selected_twice_is_two_columns() -> None:
    first, second = bound("SELECT id AS a, id AS b FROM customer").rel.schema
    assert first != second
