"""One diagnostic for each mistake, and the reasons for a full refresh."""

import pytest

from tests.bind.binding import mistakes, reasons


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("SELECT -upper(lower(nothing)) + 1 AS x FROM customer", ["IVM202"]),
        ("SELECT nothing + lower(7) FROM customer", ["IVM202", "IVM210"]),
        (
            "SELECT CASE WHEN nothing THEN lower(7) ELSE random() END FROM customer",
            ["IVM202", "IVM210", "IVM203"],
        ),
        ("SELECT coalesce(nothing, 1) + 1 AS x, id FROM customer WHERE x = 1", ["IVM202", "IVM202"]),
        ("SELECT nothing, count(*) FROM customer GROUP BY 1", ["IVM202"]),
        ("SELECT id, count(*) FROM customer GROUP BY nothing", ["IVM202"]),
        ("SELECT sum(nothing), id FROM customer GROUP BY id", ["IVM202"]),
        ("SELECT count(*) FILTER (WHERE nothing > 1) FROM customer", ["IVM202"]),
        ("SELECT string_agg(name, ',' ORDER BY nothing) FROM customer", ["IVM202"]),
        ("SELECT name FROM customer WHERE nothing AND lower(7) = 'x' AND id", ["IVM202", "IVM210", "IVM220"]),
        ("SELECT id::nothing + 1 AS x FROM customer", ["IVM214"]),
        ("SELECT name FROM customer JOIN orders USING (nothing)", ["IVM231"]),
        ("SELECT (SELECT nothing FROM customer) + 1 AS x", ["IVM202"]),
        ("SELECT id FROM nowhere WHERE nothing", ["IVM201"]),
        ("SELECT nothing FROM customer UNION SELECT 1", ["IVM202"]),
        ("SELECT id IN (1, nothing, lower(7)) FROM customer", ["IVM202", "IVM210"]),
        ("SELECT ARRAY[nothing], ROW(nothing) IS NULL AS r FROM customer", ["IVM202", "IVM202"]),
    ],
)
def test_no_cascades(query: str, codes: list[str]) -> None:
    assert mistakes(query) == codes


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT o.id FROM orders o, (SELECT o.id) AS s (x)", "IVM217"),
        ("SELECT o.id FROM customer c, orders o JOIN item i ON c.id = i.line", "IVM217"),
        ("SELECT o.id FROM (SELECT o.id) AS s (x), orders o", "IVM205"),
        ("SELECT rank() WITHIN GROUP (ORDER BY name) FROM customer", "IVM228"),
        ("SELECT rank(1, 'x') WITHIN GROUP (ORDER BY id) FROM customer", "IVM228"),
        ("SELECT s FROM (SELECT 1 AS a) s", "IVM223"),
    ],
)
def test_the_code_of_a_mistake(query: str, code: str) -> None:
    assert mistakes(query) == [code]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT rank() OVER (ORDER BY id) FROM customer", "IVM301"),
        ("SELECT id FROM customer WHERE EXISTS (SELECT 1 OFFSET 1)", "IVM305"),
        ("SELECT (SELECT ARRAY[raw] FROM orders) AS a", "IVM319"),
        ("SELECT id FROM customer LIMIT 1", "IVM305"),
        ("SELECT DISTINCT ON (name) id FROM customer", "IVM306"),
        ("WITH RECURSIVE a AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM a) SELECT * FROM a", "IVM307"),
        ("WITH RECURSIVE a AS (SELECT * FROM b), b AS (SELECT 1 AS x) SELECT * FROM a", "IVM307"),
        ("SELECT id FROM orders WHERE placed > now()", "IVM312"),
        ("SELECT 'today'::date AS d", "IVM312"),
        ("SELECT relname FROM pg_class", "IVM315"),
        ("SELECT count(c) FROM customer c", "IVM319"),
        ("SELECT unnest(tags) IN (SELECT title FROM orders) FROM orders", "IVM319"),
        ("SELECT pairs(id) FROM customer", "IVM319"),
        ("SELECT count(c.*) FROM customer c", "IVM319"),
        ("SELECT b AS whole FROM big b", "IVM319"),
    ],
)
def test_reasons(query: str, code: str) -> None:
    assert reasons(query) == [code]


def test_limit_all_is_no_limit() -> None:
    assert reasons("SELECT id FROM customer LIMIT ALL") == []
