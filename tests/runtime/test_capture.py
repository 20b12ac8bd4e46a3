"""Laws 23-26: what is captured, and what is noticed though it was not."""

import psycopg
import pytest
from psycopg import sql

from ivmc.runtime import drop, install
from tests.conftest import Connect
from tests.runtime.conftest import Shop
from tests.runtime.handmade import columns, source, totals

CHANGES = (
    "INSERT INTO t VALUES (1000, 3, 5), (1001, 99, NULL)",
    "UPDATE t SET x = x + 1 WHERE g < 4",
    "UPDATE t SET g = g + 1",
    "UPDATE t SET id = id + 5000",
    "DELETE FROM t WHERE g = 5",
    "DELETE FROM t WHERE false",
    "INSERT INTO t VALUES (1, 1, 1) ON CONFLICT (id) DO UPDATE SET x = 77, g = 8",
    "WITH d AS (DELETE FROM t WHERE id % 7 = 0 RETURNING *) INSERT INTO t SELECT id + 100000, g, x FROM d",
    """MERGE INTO t USING (VALUES (3, 1), (2000, 2)) AS s (id, x) ON t.id = s.id
       WHEN MATCHED THEN UPDATE SET g = 4 WHEN NOT MATCHED THEN INSERT VALUES (s.id, 12, s.x)""",
    "UPDATE t SET x = NULL WHERE g = 8",
    "TRUNCATE t",
    "BEGIN; TRUNCATE t; INSERT INTO t VALUES (1, 2, 3); COMMIT",
)


@pytest.mark.parametrize("change", CHANGES)
def test_every_statement(shop: Shop, change: str) -> None:
    plan = shop.install()
    for _ in range(2):
        shop.conn.execute(
            change.replace("1000,", "1000 + (SELECT count(*)::int FROM t),").replace(
                "1001,", "3001 + (SELECT count(*)::int FROM t),"
            )
        )
        shop.refresh()
        assert shop.differences(plan) == []


def test_copy(shop: Shop) -> None:
    plan = shop.install()
    with shop.conn.cursor().copy("COPY t FROM STDIN") as copy:
        copy.write("500\t3\t\\N\n501\t4\t7\n")
    shop.refresh()
    assert shop.differences(plan) == []
    assert shop.strategy(plan) == (1, "differential", None)


def test_several_sources_in_one_statement(shop: Shop) -> None:
    shop.conn.execute("CREATE TABLE u (id int PRIMARY KEY, g int NOT NULL, x int)")
    plans = shop.install(), shop.install("w", read=shop.source("u"))
    shop.conn.execute(
        "WITH moved AS (DELETE FROM t WHERE g = 3 RETURNING *), other AS (UPDATE t SET x = 0 WHERE g = 4) "
        "INSERT INTO u SELECT * FROM moved"
    )
    for plan in plans:
        shop.refresh(plan.name)
        assert shop.differences(plan) == []


def test_cascades_and_triggers_of_the_user(shop: Shop) -> None:
    shop.conn.execute(
        "CREATE TABLE u (id int PRIMARY KEY, g int NOT NULL, x int REFERENCES t ON DELETE SET NULL);"
        "CREATE TABLE w (id int PRIMARY KEY, g int NOT NULL, x int REFERENCES t ON DELETE CASCADE);"
        "INSERT INTO u SELECT i, i % 3, i FROM generate_series(1, 100) i; INSERT INTO w TABLE u;"
        "CREATE FUNCTION twist() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN NEW.x := NEW.x + 1; NEW.g := 3; RETURN NEW; END $$;"
        "CREATE TRIGGER twist BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION twist()"
    )
    plans = (
        shop.install(),
        shop.install("vu", read=shop.source("u")),
        shop.install("vw", read=shop.source("w")),
    )
    shop.conn.execute(
        "DELETE FROM t WHERE g = 3; UPDATE t SET x = 1 WHERE g = 4; UPDATE t SET id = id WHERE g = 5"
    )
    for plan in plans:
        shop.refresh(plan.name)
        assert shop.differences(plan) == []


def test_a_statement_that_changes_nothing_captured_is_dropped(shop: Shop) -> None:
    """Law 24: decided by the images, since a BEFORE trigger changes columns that no list names."""
    plan = shop.install()
    shop.conn.execute("UPDATE t SET id = id + 1000")
    shop.conn.execute("UPDATE t SET x = x, g = g")
    assert shop.waiting(plan) == 0
    shop.conn.execute("UPDATE t SET x = CASE WHEN id = 1090 THEN 1 ELSE x END")  # not the first row
    assert shop.waiting(plan) == 200
    shop.conn.execute(
        "CREATE FUNCTION twist() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.x := 5; RETURN NEW; END $$;"
        "CREATE TRIGGER twist BEFORE UPDATE OF id ON t FOR EACH ROW EXECUTE FUNCTION twist();"
        "UPDATE t SET id = -id"
    )
    assert shop.waiting(plan) == 400
    shop.refresh()
    assert shop.differences(plan) == []


def test_an_image_is_more_than_equality(shop: Shop) -> None:
    """Law 1: 1.0 and 1.00 are equal and print differently."""
    shop.conn.execute("CREATE TABLE n (g int NOT NULL, x numeric); INSERT INTO n VALUES (1, 1.0), (1, 2.0)")
    numeric = columns("x")[0].type.__class__("pg_catalog", "numeric")
    plan = shop.install("vn", read=source(shop.schema, "n", "x", type=numeric), group="x")
    shop.conn.execute("UPDATE n SET x = x::numeric(9, 2)")
    assert shop.waiting(plan) == 4


def test_names_that_ivmc_uses_itself(shop: Shop) -> None:
    names = (
        "xid",
        "seq",
        "weight",
        'we"ird',
        "old",
        "new",
        "found",
        "tg_op",
        "gone",
        "changed",
        "100%s",
        "line",
    )
    shop.conn.execute(
        sql.SQL("CREATE TABLE {} ({}, id int PRIMARY KEY)").format(
            sql.Identifier('T"x% (next)'),
            sql.SQL(", ").join(sql.SQL("{} int NOT NULL").format(sql.Identifier(n)) for n in names),
        )
    )
    read = source(shop.schema, 'T"x% (next)', *names)
    plan = totals(shop.schema, 'V" é' + "é" * 26, read, group='we"ird', value="100%s")
    install(shop.conn, plan)
    table = sql.Identifier(shop.schema, 'T"x% (next)')
    row = sql.SQL(", ").join(sql.Literal(i) for i in range(len(names)))
    shop.conn.execute(sql.SQL("INSERT INTO {} VALUES ({}, 1), ({}, 2)").format(table, row, row))
    shop.conn.execute(sql.SQL('UPDATE {} SET xid = 9, "we""ird" = 8 WHERE id = 1').format(table))
    shop.conn.execute("CALL ivmc.refresh(%s)", (plan.id,))
    view = sql.Identifier(plan.schema, plan.name)
    assert shop.conn.execute(sql.SQL("SELECT * FROM {} ORDER BY g").format(view)).fetchall() == [
        (3, 1, 10),
        (8, 1, 10),
    ]
    drop(shop.conn, plan.id)


def test_dropped_and_generated_columns(shop: Shop, conn: psycopg.Connection[object]) -> None:
    virtual = "VIRTUAL" if conn.info.server_version >= 180000 else "STORED"
    conn.execute(
        f"CREATE TABLE d (junk text, x int, more text, s int GENERATED ALWAYS AS (x * 2) STORED,"
        f" w int GENERATED ALWAYS AS (x * 3) {virtual}, g int NOT NULL);"
        "ALTER TABLE d DROP COLUMN junk; INSERT INTO d (x, g) VALUES (1, 1), (2, 2);"
        "ALTER TABLE d DROP COLUMN more"
    )
    plan = shop.install("vd", read=shop.source("d", "g", "s"), value="s")
    conn.execute("INSERT INTO d (x, g) VALUES (10, 1); UPDATE d SET x = x + 1; DELETE FROM d WHERE g = 2")
    shop.refresh("vd")
    assert shop.differences(plan) == []


@pytest.fixture
def parted(shop: Shop) -> Shop:
    """A partitioned table whose partitions have their columns in other orders."""
    shop.conn.execute(
        "CREATE TABLE p (id int, g int NOT NULL, x int) PARTITION BY LIST (g);"
        "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1, 2);"
        "CREATE TABLE p3 (x int, junk text, g int NOT NULL, id int); ALTER TABLE p3 DROP COLUMN junk;"
        "ALTER TABLE p ATTACH PARTITION p3 FOR VALUES IN (3, 4);"
        "INSERT INTO p SELECT i, i % 4 + 1, i FROM generate_series(1, 40) i"
    )
    return shop


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO p VALUES (100, 1, 5), (101, 3, 6)",
        "UPDATE p SET g = 5 - g",  # moves every row to the other partition
        """MERGE INTO p USING (VALUES (1, 4), (2, 1)) AS s (id, g) ON p.id = s.id
           WHEN MATCHED THEN UPDATE SET g = s.g""",
        "UPDATE p SET x = x * 2 WHERE g = 3; DELETE FROM p WHERE g = 1",
        "INSERT INTO p3 (id, g, x) VALUES (100, 3, 5); UPDATE p1 SET x = 0; DELETE FROM p3 WHERE g = 4",
        "UPDATE p SET id = id + 1",
    ],
)
def test_partitioned(parted: Shop, change: str) -> None:
    """Law 23: through the parent or into a partition."""
    plan = parted.install("vp", read=parted.source("p", kind="p"))
    for _ in range(2):
        parted.conn.execute(change)
        parted.refresh("vp")
        assert parted.differences(plan) == []
    assert parted.strategy(plan)[1] in ("differential", None)


@pytest.mark.parametrize(
    ("change", "recomputes"),
    [
        ("TRUNCATE p", True),
        ("TRUNCATE p1", True),
        ("CREATE TABLE p5 PARTITION OF p FOR VALUES IN (5)", False),
        ("CREATE TABLE p5 PARTITION OF p FOR VALUES IN (5); INSERT INTO p VALUES (500, 5, 5)", True),
        (
            """CREATE TABLE p5 (id int, x int, g int NOT NULL); INSERT INTO p5 VALUES (1, 2, 5);
               ALTER TABLE p ATTACH PARTITION p5 FOR VALUES IN (5)""",
            True,
        ),
        ("ALTER TABLE p DETACH PARTITION p3", True),
        ("DROP TABLE p1", True),
    ],
)
def test_partitions_that_come_and_go(parted: Shop, change: str, recomputes: bool) -> None:
    plan = parted.install("vp", read=parted.source("p", kind="p"))
    parted.conn.execute(change)
    parted.refresh("vp")
    assert parted.differences(plan) == []
    assert parted.strategy(plan)[1] == ("full" if recomputes else None)
    parted.conn.execute("INSERT INTO p SELECT 900, g, 9 FROM p LIMIT 1")
    parted.refresh("vp")
    assert parted.differences(plan) == []


def test_replica_role_is_captured(shop: Shop) -> None:
    """Law 25: triggers that are merely enabled do not fire for a replication role."""
    plan = shop.install()
    shop.conn.execute(
        "SET session_replication_role = replica; DELETE FROM t WHERE g = 3; RESET session_replication_role"
    )
    shop.refresh()
    assert shop.differences(plan) == []
    assert shop.strategy(plan) == (1, "differential", None)


def test_disabled_triggers_are_noticed(shop: Shop) -> None:
    plan = shop.install()
    notices: list[str | None] = []
    shop.conn.add_notice_handler(lambda n: notices.append(n.sqlstate))
    shop.conn.execute("ALTER TABLE t DISABLE TRIGGER ALL; DELETE FROM t WHERE g = 3")
    shop.refresh()
    assert shop.differences(plan) == []
    shop.conn.execute(
        "DELETE FROM t WHERE g = 4; ALTER TABLE t ENABLE TRIGGER ALL; DELETE FROM t WHERE g = 5"
    )
    shop.refresh()
    assert shop.differences(plan) == []
    assert notices == ["IV416", "IV416"]
    shop.conn.execute(f"CALL ivmc.capture('{plan.id}')")
    for _ in range(2):
        shop.conn.execute("DELETE FROM t WHERE id IN (SELECT id FROM t LIMIT 1)")
        shop.refresh()
        assert shop.differences(plan) == []
    assert shop.strategy(plan)[1:] == ("differential", None)
    shop.conn.execute(
        "ALTER TABLE t DISABLE TRIGGER ALL; DELETE FROM t WHERE g = 6; ALTER TABLE t ENABLE TRIGGER ALL"
    )
    shop.conn.execute(f"CALL ivmc.capture('{plan.id}')")
    shop.refresh()
    assert shop.differences(plan) == []


def test_a_trigger_disabled_twice_in_one_transaction_is_noticed(shop: Shop) -> None:
    """The catalogs' row is written again by the same transaction, which is all that a first look sees."""
    plan = shop.install()
    with shop.conn.transaction():
        shop.conn.execute(
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SET LOCAL client_min_messages = error"
        )
        for g in (3, 4):
            shop.conn.execute("ALTER TABLE t DISABLE TRIGGER __ivmc_delete")
            shop.conn.execute("DELETE FROM t WHERE g = %s", (g,))
            shop.conn.execute(f"SELECT ivmc.refresh_here('{plan.id}')")
            assert shop.differences(plan) == []
            shop.conn.execute("ALTER TABLE t ENABLE ALWAYS TRIGGER __ivmc_delete; DELETE FROM t WHERE id = 1")
            shop.conn.execute(f"SELECT ivmc.refresh_here('{plan.id}')")
            assert shop.differences(plan) == []


def test_a_refresh_without_work_remembers_the_catalogs_and_writes_nothing_more(shop: Shop) -> None:
    plan = shop.install()
    query = "SELECT entries IS NOT NULL, xmin::text FROM ivmc.view WHERE id = %s"
    shop.refresh()
    first = shop.conn.execute(query, (plan.id,)).fetchall()
    shop.refresh()
    assert first[0][0]
    assert shop.conn.execute(query, (plan.id,)).fetchall() == first
    assert shop.strategy(plan)[0] == 0


def test_a_missing_trigger_is_noticed(shop: Shop) -> None:
    plan = shop.install()
    shop.conn.execute(
        "SET client_min_messages = error; DROP TRIGGER __ivmc_delete ON t; DELETE FROM t WHERE g = 3"
    )
    for _ in range(2):
        shop.refresh()
        assert shop.differences(plan) == []
        shop.conn.execute("DELETE FROM t WHERE id IN (SELECT id FROM t LIMIT 1)")


def test_altered_sources(shop: Shop) -> None:
    plan = shop.install()
    shop.conn.execute(
        "ALTER TABLE t ADD COLUMN more text DEFAULT 'x'; ALTER TABLE t DROP COLUMN more;"
        "DELETE FROM t WHERE g = 1"
    )
    shop.refresh()
    assert shop.strategy(plan) == (1, "differential", None)
    for change in (
        "RENAME COLUMN x TO y",
        "RENAME COLUMN y TO x; ALTER TABLE t ALTER x TYPE bigint",
        "DROP COLUMN x",
    ):
        shop.conn.execute(f"ALTER TABLE t {change}")
        shop.conn.execute("INSERT INTO t SELECT max(id) + 1, 1 FROM t")  # writers go on
        with pytest.raises(psycopg.DatabaseError) as caught:
            shop.refresh()
        assert caught.value.sqlstate == "IV405"
    drop(shop.conn, plan.id)
    shop.conn.execute("INSERT INTO t SELECT max(id) + 1, 1 FROM t")


def test_rewriting_alter_that_keeps_the_type(shop: Shop) -> None:
    plan = shop.install()
    shop.conn.execute("ALTER TABLE t ALTER x TYPE int USING x * 2")
    shop.refresh()
    assert shop.differences(plan) == []
    assert shop.strategy(plan)[1] == "full"


def test_inheritance_children(shop: Shop) -> None:
    plan = shop.install()
    shop.conn.execute("CREATE TABLE child () INHERITS (t); INSERT INTO child VALUES (500, 1, 1)")
    for change in (
        "INSERT INTO child VALUES (501, 1, 1)",
        "UPDATE t SET x = 5",
        "TRUNCATE child",
        "DROP TABLE child",
    ):
        shop.refresh()
        assert shop.differences(plan) == []
        shop.conn.execute(change)
    shop.refresh()
    shop.conn.execute("DELETE FROM t WHERE g = 1")
    shop.refresh()
    assert shop.differences(plan) == []
    assert shop.strategy(plan)[1] == "differential"


def test_an_unlogged_table_may_have_been_emptied_by_a_crash(shop: Shop) -> None:
    """A crash empties it, as the reset of the server's statistics does not."""
    shop.conn.execute("CREATE UNLOGGED TABLE u (g int NOT NULL, x int); INSERT INTO u VALUES (1, 1)")
    plan = shop.install("vu", read=shop.source("u"))
    shop.conn.execute("INSERT INTO u VALUES (1, 2)")
    shop.refresh("vu")
    assert shop.strategy(plan)[1] == "differential"
    shop.conn.execute("SELECT pg_stat_reset_shared('bgwriter')")
    shop.refresh("vu")
    assert shop.strategy(plan)[1] == "full"


def test_dropped_source(shop: Shop) -> None:
    plan = shop.install()
    shop.conn.execute("ALTER TABLE t RENAME TO other")
    with pytest.raises(psycopg.DatabaseError, match="no longer exists") as caught:
        shop.refresh()
    assert caught.value.sqlstate == "IV404"
    shop.conn.execute("DROP TABLE other")
    with pytest.raises(psycopg.DatabaseError, match="no longer exists"):
        shop.refresh()
    drop(shop.conn, plan.id)


def test_a_table_of_another_schema_under_the_same_name(shop: Shop) -> None:
    """Renaming a schema changes nothing that the catalogs say of its tables."""
    shop.install()
    shop.refresh()  # remembers the catalogs
    name = sql.Identifier(shop.schema)
    away = sql.Identifier(f"{shop.schema}_away")
    shop.conn.execute(sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(name, away))
    try:
        shop.conn.execute(sql.SQL("CREATE SCHEMA {}").format(name))
        shop.conn.execute(sql.SQL("CREATE TABLE {}.t (LIKE {}.t)").format(name, away))
        with pytest.raises(psycopg.DatabaseError, match="no longer exists") as caught:
            shop.refresh()
        assert caught.value.sqlstate == "IV404"
    finally:
        shop.conn.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(name))
        shop.conn.execute(sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(away, name))


def test_a_writer_needs_no_rights(shop: Shop, connect: Connect) -> None:
    plan = shop.install()
    role = f"writer_{shop.schema}"
    shop.conn.execute(
        f"CREATE ROLE {role}; GRANT USAGE ON SCHEMA {shop.schema} TO {role}; GRANT ALL ON t TO {role}"
    )
    try:
        writer = connect()
        writer.execute(f"SET ROLE {role}")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            writer.execute("TABLE ivmc.view")
        writer.execute(
            "INSERT INTO t VALUES (700, 7, 7); UPDATE t SET x = 8 WHERE g = 8; DELETE FROM t WHERE g = 9"
        )
        writer.execute("TRUNCATE t")
        writer.execute("INSERT INTO t VALUES (700, 7, 7)")
        writer.close()
        shop.refresh()
        assert shop.differences(plan) == []
    finally:
        shop.conn.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_writers_under_other_settings(shop: Shop, connect: Connect) -> None:
    plan = shop.install()
    writer = connect(options="-c search_path=pg_temp -c extra_float_digits=0 -c DateStyle=German")
    writer.execute("CREATE TEMP TABLE changes_x (a int)")
    writer.execute("CREATE FUNCTION pg_temp.eq(int, int) RETURNS bool LANGUAGE sql AS 'SELECT false'")
    writer.execute(f"UPDATE {shop.schema}.t SET x = x + 1")
    shop.refresh()
    assert shop.differences(plan) == []
