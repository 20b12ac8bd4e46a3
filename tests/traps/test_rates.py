"""Trap 51: a rate goes from 0 to 2 while its first order arrives, under views that divide by it.

Whatever lies between the tables and the division, no pair of rows is evaluated that the query never saw;
and where the query itself fails, so does the refresh, or the view.
"""
# ruff: noqa: E501 - a query reads better on one line

import psycopg
import pytest

from ivmc.plan import Plan
from tests.maintained import Connection, Story, differences, follow, maintained, refresh, take

TABLES = """
CREATE TABLE rate (currency text PRIMARY KEY, rate numeric NOT NULL);
CREATE TABLE orders (id int PRIMARY KEY, currency text, amount numeric);
INSERT INTO rate VALUES ('EUR', 1), ('USD', 0), ('CHF', 0);
INSERT INTO orders VALUES (1, 'EUR', 10), (2, 'EUR', 10), (3, NULL, 1), (4, 'XXX', NULL)
"""
CHANGES = (
    ("UPDATE rate SET rate = 2 WHERE currency = 'USD'", "INSERT INTO orders VALUES (5, 'USD', 5), (6, 'USD', 5)"),
    ("UPDATE orders SET currency = 'EUR' WHERE id = 5", "UPDATE rate SET rate = 4 WHERE rate = 1"),
    ("DELETE FROM orders WHERE currency = 'USD'", "UPDATE rate SET rate = 0 WHERE currency = 'USD'"),
    ("INSERT INTO orders VALUES (7, 'CHF', 9)", "UPDATE rate SET rate = rate + 3"),
    ("UPDATE orders SET currency = 'USD' WHERE currency = 'EUR'", "UPDATE rate SET rate = 0 WHERE currency = 'EUR'"),
    ("UPDATE rate SET rate = 0", "DELETE FROM orders"),
)  # fmt: skip
QUERIES = {
    "a left join": "SELECT o.id, o.amount / r.rate AS price FROM orders o LEFT JOIN rate r ON o.currency = r.currency",
    "a full join": "SELECT o.id, r.currency, o.amount / r.rate AS price FROM orders o FULL JOIN rate r ON o.currency = r.currency WHERE o.id IS NOT NULL",
    "in ON": "SELECT o.id, r.rate FROM orders o LEFT JOIN rate r ON o.currency = r.currency AND o.amount / r.rate > 2",
    "a join, grouped by the quotient": "SELECT o.amount / r.rate AS price, count(*) AS n FROM orders o JOIN rate r ON o.currency = r.currency GROUP BY 1",
    "an outer join, grouped": "SELECT r.currency, sum(o.amount / r.rate) AS s, max(o.amount / r.rate) AS m, count(*) AS n FROM orders o LEFT JOIN rate r ON o.currency = r.currency GROUP BY r.currency",
    "the largest of a join": "SELECT r.currency, max(o.id / r.rate::int) AS m FROM orders o JOIN rate r ON o.currency = r.currency GROUP BY r.currency",
    "the smallest of all": "SELECT min(o.id / r.rate::int) AS m FROM orders o LEFT JOIN rate r ON o.currency = r.currency",
    "beside EXISTS": "SELECT currency, sum(amount / rate) FILTER (WHERE seen) AS s, stddev((amount / rate)::int) AS d FROM (SELECT currency, EXISTS (SELECT FROM orders p WHERE p.amount / 2 = o.amount) AS seen, amount, rate FROM orders o JOIN rate USING (currency)) AS q GROUP BY currency",
    "grouping sets": "SELECT r.currency, sum(o.amount / r.rate) AS s FROM orders o JOIN rate r ON o.currency = r.currency GROUP BY ROLLUP (r.currency)",
    "DISTINCT": "SELECT count(DISTINCT o.amount / r.rate) AS n, sum(o.amount / r.rate) AS s FROM orders o JOIN rate r ON o.currency = r.currency",
    "EXISTS": "SELECT id FROM orders o WHERE EXISTS (SELECT FROM rate r WHERE r.currency = o.currency AND o.amount / r.rate > 2)",
    "NOT IN": "SELECT id FROM orders o WHERE 2.5 NOT IN (SELECT o.amount / r.rate FROM rate r WHERE r.currency = o.currency)",
    "a scalar query": "SELECT id, (SELECT sum(o.amount / r.rate) FROM rate r WHERE r.currency = o.currency) AS price FROM orders o",
    "a value by key": "SELECT id, amount / (SELECT rate FROM rate r WHERE r.currency = o.currency) AS price FROM orders o",
    "LATERAL": "SELECT o.id, l.price FROM orders o LEFT JOIN LATERAL (SELECT o.amount / r.rate AS price FROM rate r WHERE r.currency = o.currency) l ON true",
    "a function": "SELECT o.id, g FROM orders o JOIN rate r ON o.currency = r.currency, generate_series(1, (o.amount / r.rate)::int) AS g",
    "EXCEPT ALL": "SELECT o.amount / r.rate AS price FROM orders o JOIN rate r ON o.currency = r.currency EXCEPT ALL SELECT 5",
    "an aggregate's rate": "SELECT c.currency, c.amount / r.rate AS price FROM (SELECT currency, sum(amount) AS amount FROM orders GROUP BY currency) c JOIN rate r ON r.currency = c.currency",
}  # fmt: skip


@pytest.mark.parametrize("title", QUERIES)
def test_rate(conn: Connection, title: str) -> None:
    follow(conn, Story(f"51: {title}", TABLES, QUERIES[title], CHANGES))


@pytest.mark.newest
@pytest.mark.parametrize("title", QUERIES)
def test_what_the_query_divides_by_zero_is_divided_by_zero(conn: Connection, title: str) -> None:
    conn.execute(TABLES.encode())
    plan = maintained(conn, QUERIES[title])
    take(conn, "UPDATE rate SET rate = 0")
    with pytest.raises(psycopg.errors.DivisionByZero):
        conn.execute(QUERIES[title].encode())
    with pytest.raises(psycopg.errors.DivisionByZero):
        shown(conn, plan)
    take(conn, ("UPDATE rate SET rate = 3", "UPDATE orders SET amount = 12 WHERE id = 1"))
    refresh(conn, plan)
    assert differences(conn, QUERIES[title]) == ([], [])


def shown(conn: Connection, plan: Plan) -> None:
    """Refresh the view and read it."""
    refresh(conn, plan)
    conn.execute("TABLE v")
