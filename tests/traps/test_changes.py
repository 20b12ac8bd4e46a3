"""Traps 42, 43, 46, 47, 52: the ways in which rows change."""
# ruff: noqa: E501 - a query reads better on one line

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql

from ivmc import runtime
from tests.maintained import Connection, Story, differences, follow, maintained, refresh, strategies
from tests.servers import Server

SHOP = """
CREATE TABLE kind (id int PRIMARY KEY, name text);
CREATE TABLE thing (id int PRIMARY KEY, kind int REFERENCES kind ON DELETE CASCADE, x int);
CREATE TABLE part (id int PRIMARY KEY, kind int REFERENCES kind ON DELETE SET NULL ON UPDATE CASCADE, x int);
INSERT INTO kind VALUES (1, 'one'), (2, 'two'), (3, 'three');
INSERT INTO thing SELECT i, 1 + i % 3, i * 10 FROM generate_series(1, 6) i;
INSERT INTO part SELECT i, 1 + i % 2, i FROM generate_series(1, 6) i
"""
JOINED = "SELECT k.name, count(*) AS n, sum(t.x) AS t, max(p.x) AS p FROM kind k JOIN thing t ON t.kind = k.id JOIN part p ON p.kind = k.id GROUP BY k.name"
TRIGGERS = """
CREATE FUNCTION raised() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.x := NEW.x + 1000; RETURN NEW; END $$;
CREATE TRIGGER a_raised BEFORE INSERT OR UPDATE OF kind ON thing FOR EACH ROW EXECUTE FUNCTION raised();
CREATE FUNCTION echoed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO part SELECT NEW.id + 100, NEW.kind, NEW.x ON CONFLICT DO NOTHING; RETURN NULL; END $$;
CREATE TRIGGER z_echoed AFTER INSERT ON thing FOR EACH ROW EXECUTE FUNCTION echoed();
"""
MEASURED = """
CREATE TABLE m (day date NOT NULL, id int, v int) PARTITION BY RANGE (day);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
CREATE TABLE m2 (v int, gone text, id int, day date NOT NULL);
ALTER TABLE m2 DROP COLUMN gone;
ALTER TABLE m ATTACH PARTITION m2 FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
INSERT INTO m VALUES ('2024-01-05', 1, 10), ('2024-01-06', 2, 20), ('2024-02-05', 3, 30)
"""

STORIES = [
    Story(
        "42: the same row inserted, updated and deleted between two refreshes",
        SHOP,
        "SELECT id, kind, x FROM thing",
        (
            ("INSERT INTO thing VALUES (9, 1, 1)", "UPDATE thing SET x = 2 WHERE id = 9", "DELETE FROM thing WHERE id = 9"),
            ("DELETE FROM thing WHERE id = 1", "INSERT INTO thing VALUES (1, 1, 7)", "UPDATE thing SET x = 8 WHERE id = 1"),
            ("UPDATE thing SET x = 1 WHERE id = 2", "UPDATE thing SET x = 30 WHERE id = 2"),
        ),
    ),
    Story(
        "42: primary keys updated, swapped, shifted by one for all rows",
        "CREATE TABLE s (id int, x int, PRIMARY KEY (id) DEFERRABLE INITIALLY DEFERRED); INSERT INTO s SELECT i, i * i FROM generate_series(1, 5) i",
        "SELECT id, x FROM s",
        ("UPDATE s SET id = 3 - id WHERE id < 3", "UPDATE s SET id = id + 1", ("UPDATE s SET id = id - 1", "UPDATE s SET x = id", "DELETE FROM s WHERE id = 2", "UPDATE s SET id = 2 WHERE id = 5")),
    ),
    Story(
        "42: the same under an aggregate",
        "CREATE TABLE s (id int, x int, PRIMARY KEY (id) DEFERRABLE INITIALLY DEFERRED); INSERT INTO s SELECT i, i % 2 FROM generate_series(1, 5) i",
        "SELECT a.id, count(*) AS n, min(b.id) AS m FROM s a JOIN s b ON a.x = b.x GROUP BY a.id",
        ("UPDATE s SET id = 3 - id WHERE id < 3", "UPDATE s SET id = id + 1", ("UPDATE s SET id = id - 1", "UPDATE s SET x = 1 - x", "DELETE FROM s WHERE id = 2")),
    ),
    Story(
        "43: ON CONFLICT DO UPDATE, MERGE, a CTE that writes two sources",
        SHOP,
        JOINED,
        (
            "INSERT INTO thing VALUES (1, 2, 99), (7, 3, 70) ON CONFLICT (id) DO UPDATE SET x = excluded.x, kind = excluded.kind",
            """MERGE INTO part p USING (VALUES (1, 5), (2, NULL), (9, 9)) AS v (id, x) ON p.id = v.id
               WHEN MATCHED AND v.x IS NULL THEN DELETE WHEN MATCHED THEN UPDATE SET x = v.x WHEN NOT MATCHED THEN INSERT VALUES (v.id, 3, v.x)""",
            "WITH gone AS (DELETE FROM thing WHERE kind = 1 RETURNING id, kind, x) INSERT INTO part SELECT id + 50, kind, x FROM gone",
            "WITH moved AS (UPDATE kind SET name = name || '!' RETURNING id) UPDATE part SET x = - x FROM moved WHERE part.kind = moved.id",
        ),
    ),
    Story(
        "43: ON DELETE CASCADE, ON DELETE SET NULL, ON UPDATE CASCADE",
        SHOP,
        JOINED,
        ("DELETE FROM kind WHERE id = 1", ("DELETE FROM thing WHERE kind = 2", "UPDATE kind SET id = 20 WHERE id = 2"), "DELETE FROM kind"),
    ),
    Story(
        "43: a BEFORE trigger that changes the row, an AFTER trigger that writes another source",
        SHOP + ";" + TRIGGERS,
        JOINED,
        ("INSERT INTO thing VALUES (7, 1, 5), (8, 2, 5)", "UPDATE thing SET kind = 3 WHERE id = 1", ("DELETE FROM part", "INSERT INTO thing VALUES (9, 3, 1)")),
    ),
    Story(
        "47: an update that changes nothing, and one of columns that the view does not read",
        SHOP,
        "SELECT kind, count(*) AS n FROM thing GROUP BY kind",
        ("UPDATE thing SET kind = kind", "UPDATE thing SET x = x + 1", ("UPDATE thing SET kind = 1", "UPDATE thing SET kind = 1 + id % 3")),
    ),
    Story(
        "52: a partitioned table in an outer join and under EXISTS",
        MEASURED + "; CREATE TABLE named (id int, name text); INSERT INTO named VALUES (1, 'a'), (1, 'a'), (4, NULL), (NULL, 'x')",
        "SELECT n.name, m.day, m.v, EXISTS (SELECT FROM m q WHERE q.id = n.id AND q.v > 15) AS high FROM named n LEFT JOIN m ON m.id = n.id",
        (
            ("UPDATE m SET day = '2024-02-10' WHERE id = 1", "UPDATE named SET id = 2 WHERE id IS NULL"),
            """MERGE INTO m USING (VALUES (2, date '2024-02-11'), (3, '2024-01-11')) AS s (id, day) ON m.id = s.id WHEN MATCHED THEN UPDATE SET day = s.day, v = v + 1""",
            ("INSERT INTO m2 (id, day, v) VALUES (4, '2024-02-20', 4)", "DELETE FROM m1", "DELETE FROM named WHERE id = 1"),
        ),
    ),
    Story(
        "52: columns of a partition in another order than its parent's; rows that change partition",
        MEASURED,
        "SELECT id, day, v FROM m",
        (
            "UPDATE m SET v = v + 1",
            "UPDATE m SET day = '2024-02-10' WHERE id = 1",
            """MERGE INTO m USING (VALUES (2, date '2024-02-11'), (3, '2024-01-11')) AS s (id, day) ON m.id = s.id WHEN MATCHED THEN UPDATE SET day = s.day""",
            ("INSERT INTO m2 (id, day, v) VALUES (4, '2024-02-20', 4)", "DELETE FROM m1"),
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_change(conn: Connection, story: Story) -> None:
    follow(conn, story)


def test_copy(conn: Connection) -> None:
    conn.execute(SHOP)
    plan = maintained(conn, JOINED)
    with conn.cursor().copy("COPY thing FROM STDIN") as copy:
        for row in ((7, 1, 5), (8, None, None), (9, 3, -1)):
            copy.write_row(row)
    refresh(conn, plan)
    assert differences(conn, JOINED) == ([], [])
    assert strategies(conn, plan) == {"differential"}


@pytest.mark.newest
def test_virtual_generated_column(server: Server, conn: Connection) -> None:
    if server.version < 18:
        pytest.skip("PostgreSQL 18 has virtual generated columns")
    tables = "CREATE TABLE g (id int PRIMARY KEY, x int, y int GENERATED ALWAYS AS (x * 2) VIRTUAL); INSERT INTO g VALUES (1, 5), (2, 6)"
    steps = ("UPDATE g SET x = x + 1", ("DELETE FROM g WHERE id = 1", "INSERT INTO g VALUES (3, NULL)"))
    follow(conn, Story("52: a virtual generated column", tables, "SELECT id, y, y + x AS z FROM g", steps))


@contextmanager
def acting_as(conn: Connection, role: str) -> Iterator[None]:
    conn.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
    yield
    conn.execute("RESET ROLE")


def test_a_writer_without_rights_on_ivmc(conn: Connection) -> None:
    conn.execute(SHOP)
    plan = maintained(conn, "SELECT kind, sum(x) AS s FROM thing GROUP BY kind")
    [(schema,)] = conn.execute("SELECT current_schema()").fetchall()
    role = sql.Identifier(f"writer_{schema}")
    conn.execute(sql.SQL("CREATE ROLE {}").format(role))
    try:
        conn.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(sql.Identifier(schema), role))
        conn.execute(sql.SQL("GRANT ALL ON thing, kind TO {}").format(role))
        with acting_as(conn, f"writer_{schema}"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute("SELECT * FROM ivmc.view")
            conn.execute("INSERT INTO thing VALUES (70, 1, 7)")
            conn.execute("UPDATE thing SET x = x + 1")
            conn.execute("DELETE FROM thing WHERE id = 2")
        refresh(conn, plan)
        assert differences(conn, plan.query) == ([], [])
    finally:
        conn.execute(sql.SQL("DROP OWNED BY {}").format(role))
        conn.execute(sql.SQL("DROP ROLE {}").format(role))


def test_many_changes_in_one_refresh(conn: Connection) -> None:
    conn.execute("CREATE TABLE w (id int PRIMARY KEY, g int, x int, wide text)")
    conn.execute("INSERT INTO w SELECT i, i % 7, i, repeat('w', 200) FROM generate_series(1, 20000) i")
    conn.execute("CREATE TABLE d (g int PRIMARY KEY, name text)")
    conn.execute("INSERT INTO d SELECT g, 'g' || g % 3 FROM generate_series(0, 6) g")
    query = (
        "SELECT d.name, count(*) AS n, sum(x) AS s, min(x) AS m FROM w JOIN d ON w.g = d.g GROUP BY d.name"
    )
    plan = maintained(conn, query)
    for change in (
        "UPDATE w SET x = x + 1 WHERE id <= 10000",
        "DELETE FROM w WHERE id % 2 = 0",
        "UPDATE w SET g = 0",
    ):
        conn.execute(change)
        refresh(conn, plan)
        assert differences(conn, query) == ([], [])
    conn.execute("UPDATE w SET wide = ''")
    conn.execute("UPDATE d SET name = 'x'")
    refresh(conn, plan)
    assert differences(conn, query) == ([], [])


@pytest.mark.parametrize("rows", [600, 3000])
def test_a_buffer_that_was_vacuumed_when_empty(conn: Connection, rows: int) -> None:
    """Its pages stay, and the planner believes that they hold nothing: many changes looked like one."""
    conn.execute("CREATE TABLE w (id int PRIMARY KEY, g int)")
    conn.execute("INSERT INTO w SELECT i, i % 7 FROM generate_series(1, 100000) i")
    conn.execute("ANALYZE w")
    query = "SELECT g, count(*) AS n FROM w GROUP BY g"
    plan = maintained(conn, query)
    conn.execute("UPDATE w SET g = g + 1 WHERE id <= %s", (rows,))
    refresh(conn, plan)
    conn.execute("CALL ivmc.trim()")
    buffer = plan.sources[0].buffer
    conn.execute(sql.SQL("VACUUM (TRUNCATE false) ivmc.{}").format(sql.Identifier(buffer)))
    believed = "SELECT reltuples FROM pg_class WHERE relname = %s AND relpages > 0"
    assert conn.execute(believed, (buffer,)).fetchall() == [(0,)]
    conn.execute("UPDATE ivmc.frontier SET ms_full = 10000")
    conn.execute("UPDATE w SET g = g + 1 WHERE id <= %s", (rows,))
    refresh(conn, plan)
    ((tuples,),) = conn.execute(believed, (buffer,)).fetchall()
    assert tuples > rows
    assert differences(conn, query) == ([], [])


def test_a_few_changes_beside_very_many(conn: Connection) -> None:
    """Of very many some pages are looked at: what is read in place is not counted, but never taken for nothing."""
    conn.execute("CREATE TABLE w (id int PRIMARY KEY, g int, filler text)")
    conn.execute("CREATE TABLE d (g int)")
    conn.execute("INSERT INTO w SELECT i, i % 7, repeat('x', 60) FROM generate_series(1, 20000) i")
    query = "SELECT g, count(*) AS n FROM (SELECT g FROM w WHERE filler <> '' UNION ALL SELECT g FROM d) q GROUP BY g"
    plan = runtime.create(conn, "v", query, mode="differential")
    for g in range(5):
        conn.execute("UPDATE w SET g = (g + 1) % 7, filler = repeat('y', 60)")
        conn.execute("INSERT INTO d VALUES (%s)", (g,))
        refresh(conn, plan)
        assert differences(conn, query) == ([], [])
    counted = [row[0] for row in conn.execute("SELECT rows_in FROM ivmc.history ORDER BY refresh")]
    assert all(30_000 < rows < 50_000 for rows in counted)  # about 40,000
    assert set(counted) != {40_001}
