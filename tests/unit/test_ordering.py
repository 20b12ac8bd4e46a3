"""The order in which tables are joined, where their sizes are known."""

from dataclasses import replace

import pytest

import ivmc
from ivmc.catalog import Catalog
from ivmc.plan import Plan

TABLES = """
CREATE TABLE region (id int PRIMARY KEY, name text);
CREATE TABLE shop (id int PRIMARY KEY, region int REFERENCES region);
CREATE TABLE product (id int PRIMARY KEY, name text);
CREATE TABLE sale (shop int REFERENCES shop, product int REFERENCES product);
"""
QUERY = """
SELECT count(*) AS n FROM sale s, product p, shop, region r
WHERE s.product = p.id AND s.shop = shop.id AND shop.region = r.id AND p.name = 'a' AND r.name = 'b'
"""


def sized(tables: str, query: str, **rows: float) -> Plan:
    """The plan over tables of these sizes."""
    catalog = Catalog.from_sql(tables)
    known = catalog.symbols.relations
    known |= {("public", name): replace(known["public", name], rows=n) for name, n in rows.items()}
    return ivmc.compile(query, catalog, name="v")


def plan(query: str, **rows: float) -> Plan:
    return sized(TABLES, query, **rows)


@pytest.mark.parametrize(
    ("products", "expected"),
    [(10_000.0, "Δs ⋈ shop′ ⋈ r′ ⋈ p′"), (50.0, "Δs ⋈ p′ ⋈ shop′ ⋈ r′")],
)
def test_what_filters_comes_first_where_small_tables_lead_to_it(products: float, expected: str) -> None:
    """And where the first table alone has changed, one statement joins the small ones."""
    assert expected in plan(QUERY, sale=1e6, product=products, shop=100.0, region=5.0).program


def test_a_table_that_changes_about_as_often_is_joined_in_a_step_of_its_own() -> None:
    program = plan(QUERY, sale=1e6, product=1e5, shop=100.0, region=5.0).program
    assert "Δs ⋈ shop′ ⋈ r′\n" in program
    assert "delta ⋈ p′" in program


def test_changes_that_are_multiplied_are_netted_first() -> None:
    query = "SELECT count(*) AS n FROM shop, sale s, product p WHERE s.shop = shop.id AND s.product = p.id"
    program = plan(query, shop=1e6, sale=10.0, product=5.0).program
    assert "Δshop ⋈ s′" not in program
