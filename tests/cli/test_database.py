"""The commands that work on a database."""

import json
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ivmc.runtime import embedded
from tests.cli.conftest import Run

QUERY = "SELECT customer, sum(amount) AS amount, count(*) AS n FROM orders GROUP BY customer"


@pytest.fixture
def db(
    database: str, conn: psycopg.Connection[Any], place: Path, monkeypatch: pytest.MonkeyPatch
) -> psycopg.Connection[Any]:
    """A database with orders, found by IVMC_DSN, and the query in a file."""
    monkeypatch.setenv("IVMC_DSN", database)
    conn.execute("CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL, amount numeric(12,2))")
    conn.execute("INSERT INTO orders SELECT i, i % 10, i FROM generate_series(1, 100) i")
    (place / "totals.sql").write_text(QUERY)
    return conn


def same(conn: psycopg.Connection[Any], view: str = "totals", query: str = QUERY) -> bool:
    difference = f"(TABLE {view} EXCEPT ALL ({query})) UNION ALL (({query}) EXCEPT ALL TABLE {view})"
    return not conn.execute(difference).fetchall()


def test_the_main_job(db: psycopg.Connection[Any], run: Run) -> None:
    created = run("create", "totals", "totals.sql")
    assert (created.exit_code, created.stdout) == (0, "")
    assert "differential" in created.stderr
    assert same(db)

    db.execute("UPDATE orders SET amount = 1000 WHERE id = 5")
    db.execute("DELETE FROM orders WHERE customer = 3")
    assert not same(db)
    refreshed = run("refresh")
    assert refreshed.exit_code == 0
    assert "totals" in refreshed.stdout
    assert same(db)

    assert run("verify").exit_code == 0
    assert "totals" in run("status").stdout
    assert run("drop", "totals").exit_code == 0
    assert db.execute("SELECT to_regclass('totals')").fetchone() == (None,)


def test_json_for_programs(db: psycopg.Connection[Any], run: Run) -> None:
    assert json.loads(run("status", "--format", "json").stdout) == []
    run("create", "totals", "totals.sql")
    db.execute("INSERT INTO orders VALUES (1001, 1, 5)")
    (refreshed,) = json.loads(run("refresh", "totals", "--format", "json").stdout)
    assert refreshed["rows_in"] == 1
    assert json.loads(run("verify", "--format", "json").stdout)
    (shown,) = json.loads(run("status", "--format", "json").stdout)
    assert (shown["name"], shown["waiting"]) == ("totals", 0)


def test_compile_online(db: psycopg.Connection[Any], run: Run, database: str) -> None:
    """With --dsn, or with IVMC_DSN and no schema anywhere, names are looked up in the database."""
    assert run("compile", "totals.sql").exit_code == 0
    assert run("compile", "totals.sql", "--dsn", database).exit_code == 0
    assert run("explain", "totals.sql", "--dsn", database).exit_code == 0
    db.execute("DROP TABLE orders")
    assert "IVM201" in run("compile", "totals.sql").stderr


def test_explain_asks_the_server_which_rows_are_few(db: psycopg.Connection[Any], run: Run) -> None:
    db.execute("CREATE TABLE customer (id int PRIMARY KEY, country text)")
    db.execute(
        "INSERT INTO customer SELECT i, CASE WHEN i % 50 = 0 THEN 'FR' END FROM generate_series(1, 20000) i"
    )
    db.execute("ANALYZE customer")
    query = "SELECT count(*) AS n FROM orders o, customer c WHERE c.id = o.customer AND c.country"
    rare = run("explain", "-", input=f"{query} = 'FR'").stdout
    assert "CREATE INDEX ON public.customer (id) WHERE country = 'FR';" in rare
    assert "WHERE" not in run("explain", "-", input=f"{query} IS NULL").stdout


def test_what_compile_prints_is_what_create_installs(
    db: psycopg.Connection[Any], run: Run, database: str
) -> None:
    assert run("compile", "totals.sql", "--dsn", database, "-o", "install.sql").exit_code == 0
    psql = next(embedded.installations()) / "psql"
    subprocess.run([psql, "--no-psqlrc", "--quiet", "-d", database, "-f", "install.sql"], check=True)
    assert same(db)
    db.execute("INSERT INTO orders VALUES (1001, 77, 5)")
    db.execute("CALL ivmc.refresh('totals')")
    assert same(db)
    assert run("verify", "totals").exit_code == 0


def test_a_difference_is_found_and_shown(db: psycopg.Connection[Any], run: Run) -> None:
    run("create", "totals", "totals.sql")
    db.execute("DELETE FROM ivmc.totals WHERE customer = 4")
    result = run("verify", "totals")
    assert result.exit_code == 1
    assert "IVM409" in result.stderr
    assert "4" in result.stdout
    result = run("verify", "totals", "--format", "json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)


def test_a_name_that_is_taken(db: psycopg.Connection[Any], run: Run) -> None:
    assert run("create", "totals", "totals.sql").exit_code == 0
    again = run("create", "totals", "totals.sql")
    assert again.exit_code == 1
    assert "IVM401" in again.stderr
    assert "--or-replace" in again.stderr
    assert run("create", "totals", "totals.sql", "--or-replace").exit_code == 0
    table = run("create", "orders", "totals.sql")
    assert table.exit_code == 1
    assert "IVM401" in table.stderr
    assert same(db)


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("command", ["refresh", "verify", "drop"])
def test_an_unknown_view(run: Run, command: str) -> None:
    before = run(command, "totals")
    assert before.exit_code == 1
    assert "IVM4" in before.stderr
    run("create", "totals", "totals.sql")
    result = run(command, "totls")
    assert result.exit_code == 1
    assert "IVM402" in result.stderr
    assert "totals" in result.stderr


def test_an_unreachable_server(run: Run) -> None:
    Path("q.sql").write_text("SELECT 1 AS one")
    for args in (["status"], ["refresh"], ["create", "q", "q.sql"], ["compile", "q.sql"]):
        result = run(*args, "--dsn", "host=127.0.0.1 port=1 connect_timeout=2")
        assert (result.exit_code, result.stdout) == (1, "")
        assert "IVM403" in result.stderr


def test_a_dsn_that_is_none(run: Run) -> None:
    result = run("status", "--dsn", "hots=localhost")
    assert result.exit_code == 1
    assert "IVM403" in result.stderr
    assert "hots" in result.stderr


def test_a_query_at_fault_installs_nothing(db: psycopg.Connection[Any], run: Run) -> None:
    Path("q.sql").write_text("SELECT customer, amont FROM orders")
    result = run("create", "q", "q.sql")
    assert result.exit_code == 1
    assert "q.sql:1:18" in result.stderr
    assert db.execute("SELECT to_regclass('q')").fetchone() == (None,)
    assert db.execute("SELECT to_regnamespace('ivmc')").fetchone() == (None,)


def test_data_at_fault_installs_nothing(db: psycopg.Connection[Any], run: Run) -> None:
    Path("q.sql").write_text("SELECT id, amount / (id - 7) AS share FROM orders")
    result = run("create", "q", "q.sql")
    assert result.exit_code == 1
    assert "division by zero" in result.stderr
    assert "IVM413" in result.stderr
    assert db.execute("SELECT to_regclass('q')").fetchone() == (None,)
    db.execute("INSERT INTO orders VALUES (1000, 1, 1)")
    assert run("status").exit_code == 0


def test_a_source_altered_or_dropped(db: psycopg.Connection[Any], run: Run) -> None:
    run("create", "totals", "totals.sql")
    db.execute("ALTER TABLE orders RENAME COLUMN amount TO price")
    result = run("refresh", "totals")
    assert result.exit_code == 1
    assert "IVM405" in result.stderr
    db.execute("DROP TABLE orders CASCADE")
    result = run("refresh", "totals")
    assert result.exit_code == 1
    assert "IVM404" in result.stderr
    assert run("drop", "totals").exit_code == 0


def test_no_rights(
    db: psycopg.Connection[Any], run: Run, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = f"reader_{db.info.backend_pid}"
    db.execute(f"CREATE ROLE {role} LOGIN")
    try:
        monkeypatch.setenv("IVMC_DSN", f"{database} user={role}")
        result = run("create", "totals", "totals.sql")
        assert result.exit_code == 1
        assert "IVM406" in result.stderr
        assert db.execute("SELECT to_regnamespace('ivmc')").fetchone() == (None,)
        monkeypatch.setenv("IVMC_DSN", database)
        assert run("create", "totals", "totals.sql").exit_code == 0
        monkeypatch.setenv("IVMC_DSN", f"{database} user={role}")
        for command in ("refresh", "verify", "drop"):
            result = run(command, "totals")
            assert result.exit_code == 1
            assert "IVM406" in result.stderr
    finally:
        db.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_several_views_in_their_order(db: psycopg.Connection[Any], run: Run) -> None:
    run("create", "totals", "totals.sql")
    Path("best.sql").write_text("SELECT max(amount) AS best FROM totals")
    assert run("create", "best", "best.sql").exit_code == 0
    db.execute("INSERT INTO orders VALUES (1001, 1, 99999)")
    assert run("refresh").exit_code == 0
    assert same(db)
    assert same(db, "best", f"SELECT max(amount) FROM ({QUERY}) x")
    result = run("drop", "totals")
    assert result.exit_code == 1
    assert "IVM411" in result.stderr
    assert run("drop", "best", "totals").exit_code == 0


@pytest.mark.usefixtures("db")
def test_a_schema_that_does_not_exist(run: Run) -> None:
    result = run("create", "reports.totals", "totals.sql")
    assert result.exit_code == 1
    assert "IVM417" in result.stderr


@pytest.mark.usefixtures("db")
def test_the_wrong_database(run: Run) -> None:
    result = run("refresh", "totals")
    assert result.exit_code == 1
    assert "IVM410" in result.stderr
    assert run("refresh").exit_code == 0
    assert run("status").stdout == ""


def test_row_level_security(
    db: psycopg.Connection[Any], run: Run, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whom a policy restricts cannot store what others may then read."""
    role = f"writer_{db.info.backend_pid}"
    db.execute(f"CREATE ROLE {role} LOGIN")
    try:
        db.execute(f"GRANT ALL ON DATABASE {db.info.dbname} TO {role}")
        db.execute(f"GRANT ALL ON SCHEMA public TO {role}; ALTER TABLE orders OWNER TO {role}")
        db.execute("ALTER TABLE orders ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        monkeypatch.setenv("IVMC_DSN", f"{database} user={role}")
        result = run("create", "totals", "totals.sql")
        assert result.exit_code == 1
        assert "IVM407" in result.stderr
        assert db.execute("SELECT to_regclass('totals')").fetchone() == (None,)
    finally:
        db.execute(f"REASSIGN OWNED BY {role} TO postgres; DROP OWNED BY {role}; DROP ROLE {role}")


def test_messages_have_no_colour_in_a_pipe(db: psycopg.Connection[Any], run: Run) -> None:
    db.execute("SELECT 1")
    for args in (["create", "totals", "totals.sql"], ["refresh"], ["status"], ["verify"], ["refresh", "x"]):
        assert "\x1b" not in run(*args).output
