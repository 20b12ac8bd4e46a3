"""Trap 49: views that are recomputed over views that are maintained, and the other way round, in order."""

from ivmc import runtime
from tests.maintained import Connection, described

TABLES = """
CREATE TABLE sale (id int PRIMARY KEY, shop int, amount int);
INSERT INTO sale SELECT i, i % 3, i * 10 FROM generate_series(1, 9) i
"""
# Named so that the alphabet is not the order; each reads the one before, the last one two of them.
VIEWS = {
    "z_totals": ("SELECT shop, sum(amount) AS total FROM sale GROUP BY shop", "differential"),
    "m_best": ("SELECT shop, total FROM z_totals ORDER BY total DESC, shop LIMIT 2", "full"),
    "k_rank": ("SELECT shop, total, rank() OVER (ORDER BY total, shop) AS place FROM m_best", "full"),
    "b_count": ("SELECT count(*) AS n, max(total) AS top FROM k_rank", "differential"),
    "a_all": (
        "SELECT b.n, z.shop, row_number() OVER (ORDER BY z.shop) AS nr FROM b_count b, z_totals z",
        "full",
    ),
}
CHANGES = (
    "INSERT INTO sale VALUES (10, 0, 1000), (11, NULL, 5)",
    "UPDATE sale SET shop = 7 WHERE shop = 0",
    "DELETE FROM sale WHERE shop IN (1, 7)",
    "DELETE FROM sale",
    "INSERT INTO sale VALUES (1, 1, 1), (2, 2, 2), (3, 2, 2)",
)


def created(conn: Connection) -> None:
    conn.execute(TABLES)
    for name, (query, strategy) in VIEWS.items():
        assert runtime.create(conn, name, query).strategy == strategy


def stale(conn: Connection) -> list[str]:
    """The views that differ from their queries, over whatever those read now."""
    return [name for name, (query, _) in VIEWS.items() if rows(conn, f"TABLE {name}") != rows(conn, query)]


def rows(conn: Connection, query: str) -> list[str]:
    return sorted(row for (row,) in conn.execute(f"SELECT q::text FROM ({query}) q".encode()))


def test_recomputed_views_are_captured_as_views(conn: Connection) -> None:
    created(conn)
    plan = runtime.create(conn, "top", VIEWS["m_best"][0])
    assert [(source.name, source.kind) for source in plan.sources] == [("z_totals", "view")]
    assert described(conn, "TABLE top") == described(conn, VIEWS["m_best"][0])


def test_all_at_once_goes_from_the_sources_up(conn: Connection) -> None:
    created(conn)
    for change in CHANGES:
        conn.execute(change.encode())
        order = [result.view.rpartition("__")[2] for result in runtime.refresh(conn)]
        assert [name for name in order if name in VIEWS] == list(VIEWS), change
        assert stale(conn) == [], change


def test_a_view_above_follows_when_those_below_were_refreshed(conn: Connection) -> None:
    created(conn)
    for change in CHANGES:
        conn.execute(change.encode())
        for name in VIEWS:
            conn.execute("CALL ivmc.refresh(%s)", (name,))
        assert stale(conn) == [], change
