"""Changes that meet none of the few rows that they are always joined with are dropped at once."""

import pytest

from tests.unit.test_ordering import sized

TABLES = """
CREATE TABLE item (id int PRIMARY KEY, kind text);
CREATE TABLE sale (id int PRIMARY KEY, item int, amount int);
CREATE TABLE payment (sale int NOT NULL REFERENCES sale, amount int);
"""
BELOW = """
SELECT sum(s.amount) AS n FROM sale s JOIN item i ON s.item = i.id
WHERE i.kind = 'a' AND s.amount < (SELECT avg(t.amount) FROM sale t WHERE t.item = i.id)
"""
STEP = "sale_met += Δsale ⋉ i′"


def program(query: str, sale: float = 1e6, item: float = 1000.0) -> str:
    return sized(TABLES, query, sale=sale, item=item, payment=5e6).program


def test_changes_are_narrowed_where_several_places_read_them() -> None:
    text = program(BELOW)
    assert STEP in text
    assert "sale_met += (Δsale ▷ i′) ⋉ Δi" in text
    assert "changes_public_sale s" not in text.replace("changes_public_sale sale", "")
    assert "changes_public_sale t" not in text


@pytest.mark.parametrize(
    "query",
    [
        "SELECT sum(s.amount) AS n FROM sale s JOIN item i ON s.item = i.id WHERE i.kind = 'a'",
        BELOW.replace("i.kind = 'a' AND", ""),
        BELOW.replace("JOIN item", "LEFT JOIN item").replace("i.kind = 'a' AND", ""),
        BELOW.replace("t.item = i.id", "t.id = i.id"),
        BELOW.replace("t.item = i.id", "t.item = i.id AND EXISTS (SELECT FROM sale u WHERE u.id = t.amount)"),
        BELOW.replace("JOIN item", "JOIN payment p ON p.sale = s.id JOIN item"),
    ],
    ids=[
        "one place",
        "no filter",
        "outer join",
        "another column",
        "elsewhere too",
        "a key that is referred to",
    ],
)
def test_what_may_matter_elsewhere_is_kept(query: str) -> None:
    assert "sale_met" not in program(query)


def test_a_table_that_is_not_much_smaller_drops_little() -> None:
    assert "sale_met" not in program(BELOW, item=1e5)
