"""`ivmc compile` and `ivmc explain`, offline."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run

SCHEMA = "CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL, amount numeric(12,2));\n"
QUERY = "SELECT customer, sum(amount) AS amount FROM orders GROUP BY customer;\n"


@pytest.fixture(autouse=True)
def files(place: Path) -> None:
    (place / "schema.sql").write_text(SCHEMA)
    (place / "totals.sql").write_text(QUERY)
    (place / "both.sql").write_text(SCHEMA + QUERY)


def test_one_file_with_its_schema(run: Run) -> None:
    result = run("compile", "both.sql")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "MERGE INTO" in result.stdout
    assert "CREATE VIEW" in result.stdout


def test_the_schema_apart(run: Run) -> None:
    assert run("compile", "totals.sql", "--schema", "schema.sql").exit_code == 0


def test_standard_input(run: Run) -> None:
    result = run("compile", "-", "--name", "sales.totals", input=SCHEMA + QUERY)
    assert result.exit_code == 0
    assert "sales.totals" in result.stdout


def test_json(run: Run) -> None:
    plan = json.loads(run("compile", "both.sql", "--format", "json").stdout)
    assert plan["name"] == "both"
    assert plan["strategy"] == "differential"
    assert plan["query"] == QUERY.strip().rstrip(";")


def test_output_to_a_file(run: Run) -> None:
    result = run("compile", "both.sql", "-o", "out.sql")
    assert (result.exit_code, result.stdout) == (0, "")
    assert Path("out.sql").read_text() == run("compile", "both.sql").stdout


def test_a_failure_leaves_no_file(run: Run) -> None:
    Path("bad.sql").write_text("SELECT nothing FROM nowhere")
    assert run("compile", "bad.sql", "-o", "out.sql").exit_code == 1
    assert not Path("out.sql").exists()


def test_every_version(run: Run) -> None:
    for version in ("15", "16", "17", "18"):
        assert run("compile", "both.sql", "--pg", version).exit_code == 0


def test_a_fallback_is_not_silent(run: Run) -> None:
    Path("limit.sql").write_text(SCHEMA + "SELECT id FROM orders ORDER BY id LIMIT 3")
    result = run("compile", "limit.sql")
    assert result.exit_code == 0
    assert "LIMIT" in result.stderr
    assert "LIMIT" in run("explain", "limit.sql").stdout
    strict = run("compile", "limit.sql", "--mode", "differential")
    assert (strict.exit_code, strict.stdout) == (1, "")
    assert "error[IVM305]" in strict.stderr
    assert " --> limit.sql:2:" in strict.stderr


def test_full_on_request_needs_no_remark(run: Run) -> None:
    assert run("compile", "both.sql", "--mode", "full").stderr == ""


def test_explain(run: Run) -> None:
    assert "orders" in run("explain", "both.sql").stdout
    assert json.loads(run("explain", "both.sql", "--format", "json").stdout)
    assert run("explain", "both.sql", "--format", "mermaid").stdout.startswith(("graph", "flowchart"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("SELECT id, amont FROM orders", ["IVM202", "did you mean `amount`?", "q.sql:2:12"]),
        ("SELECT id FROM ordrs", ["IVM201", "did you mean `orders`?"]),
        ("SELECT id, random() AS r FROM orders", ["IVM203"]),
        ("SELECT sum(id), sum(customer) FROM orders", ["IVM206"]),
        ("SELECT id FROM orders; SELECT 1", ["IVM105"]),
        ("DELETE FROM orders", ["IVM106"]),
        ("SELECT 'é', FROM orders", ["IVM101", "q.sql:2:13"]),
    ],
)
def test_a_faulty_query(run: Run, text: str, shown: list[str]) -> None:
    Path("q.sql").write_text(SCHEMA + text)
    result = run("compile", "q.sql")
    assert (result.exit_code, result.stdout) == (1, "")
    for words in shown:
        assert words in result.stderr
    assert "\x1b" not in result.stderr


def test_a_faulty_schema_is_named(run: Run) -> None:
    Path("schema.sql").write_text("CREATE TABLE é (id int;\n")
    result = run("compile", "totals.sql", "--schema", "schema.sql")
    assert result.exit_code == 1
    assert "schema.sql:1:23" in result.stderr
    Path("schema.sql").write_text("CREATE TABLE orders (id int, state order_state);\n")
    result = run("compile", "totals.sql", "--schema", "schema.sql")
    assert result.exit_code == 1
    assert "order_state" in result.stderr


def test_files_that_are_not_text(run: Run) -> None:
    Path("q.sql").write_bytes("SELECT 'é'".encode("latin-1"))
    assert "IVM110" in run("compile", "q.sql").stderr
    Path("q.sql").write_bytes((SCHEMA + QUERY).encode("utf-16"))
    assert "IVM110" in run("compile", "q.sql").stderr
    Path("q.sql").write_bytes((SCHEMA + QUERY).encode("utf-8-sig"))
    assert run("compile", "q.sql").exit_code == 0


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["compile"],
        ["compile", "nowhere.sql"],
        ["compile", "."],
        ["compile", "totals.sql", "--schema", "nowhere.sql"],
        ["compile", "both.sql", "--mode", "fast"],
        ["compile", "both.sql", "--pg", "14"],
        ["compile", "both.sql", "--formt", "json"],
        ["compile", "both.sql", "-o", "no/such/directory.sql"],
        ["compile", "totals.sql", "--schema", "schema.sql", "--dsn", "host=nowhere"],
        ["compile", "both.sql", "--name", ""],
        ["compile", "both.sql", "--name", "a."],
        ["compile", "both.sql", "--name", "a.b.c"],
        ["compil", "both.sql"],
        ["drop"],
        ["create", "totals"],
    ],
    ids=" ".join,
)
def test_wrong_usage(run: Run, args: list[str]) -> None:
    result = run(*args)
    assert result.exit_code == 2
    assert result.stdout == "" or not args
    assert "Usage:" in result.output


def test_help_and_version(run: Run) -> None:
    assert "compile" in run("--help").stdout
    assert "--mode" in run("compile", "-h").stdout
    assert run("--version").stdout.startswith("ivmc ")


def test_a_bug_is_admitted(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ivmc.compile", lambda *_, **__: 1 / 0)
    result = run("compile", "both.sql")
    assert result.exit_code == 1
    assert "error[IVM901]: this is a bug in ivmc: ZeroDivisionError" in result.stderr
    monkeypatch.setenv("IVMC_TRACEBACK", "1")
    with pytest.raises(AssertionError):
        run("compile", "both.sql")  # the traceback is shown, which `run` takes for a failure


def test_the_command_starts_fast() -> None:
    """At most half a second of processor time, which is what it takes on an idle machine."""
    seconds = []
    for _ in range(3):
        before = processor_time()
        subprocess.run([sys.executable, "-m", "ivmc", "compile", "both.sql"], check=True, capture_output=True)
        seconds.append(processor_time() - before)
    assert min(seconds) < 0.5


def processor_time() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_compiling_offline_needs_no_driver() -> None:
    program = """
import sys
from ivmc.cli import main
main(["compile", "both.sql"], standalone_mode=False)
assert "psycopg" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
