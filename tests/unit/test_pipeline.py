"""What the compiler decides once a query is algebra."""

import ivmc
from ivmc.catalog import Catalog

TABLES = "CREATE TABLE doc (id int, body json); CREATE TABLE part (id int, doc int);"


def test_a_value_without_equality_around_a_query_is_found_by_its_image() -> None:
    catalog = Catalog.from_sql(TABLES)
    query = "SELECT id, (SELECT count(*) FROM part p WHERE p.id > length(d.body ->> 'a')) AS n FROM doc d"
    plan = ivmc.compile(query, catalog, name="v")
    assert plan.strategy == "differential"
    assert any("(hash_record_extended(ROW(image), 0))" in statement for statement in plan.storage)


def test_a_stage_that_would_be_found_by_a_value_without_equality_is_none() -> None:
    catalog = Catalog.from_sql("CREATE TABLE place (id int PRIMARY KEY, at point, x int)")
    query = "SELECT id, at, count(DISTINCT x) AS xs, count(*) AS n FROM place GROUP BY id"
    plan = ivmc.compile(query, catalog, name="v")
    assert plan.strategy == "full"
    assert "point" in (plan.reason or "")


def test_foreign_keys_need_not_be_trusted() -> None:
    catalog = Catalog.from_sql(
        "CREATE TABLE a (id int PRIMARY KEY, x int); CREATE TABLE b (a int REFERENCES a);"
    )
    query = "SELECT a.x, count(*) AS n FROM b JOIN a ON a.id = b.a GROUP BY a.x"
    trusting = ivmc.compile(query, catalog, name="v")
    wary = ivmc.compile(query, catalog, name="v", trust_foreign_keys=False)
    assert len(wary.program) < len(trusting.program)
