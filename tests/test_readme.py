"""The documentation says what is so: its SQL and its commands run, its tables are the compiler's.

`pytest tests/test_readme.py --rewrite-golden` writes what is made from the code.
"""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

import ivmc
from ivmc.demo import merge_of
from ivmc.errors.fallback import Fallback
from ivmc.parse import parse
from ivmc.runtime import embedded
from scripts import readme_figures, rule_pages, support_pages
from scripts.readme_figures import block, filled

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
ROWS = """
INSERT INTO stores VALUES (1, 'Oslo'), (2, 'Rome');
INSERT INTO sales VALUES (1, 1, 10), (2, 1, 5.5), (3, 2, 7);
"""


def fence(name: str) -> str:
    """The code between two marks."""
    return re.sub(r"^```\w*\n|\n```$", "", block(README.read_text(), name))


def view() -> str:
    return fence("view") + "\n"


def merge() -> str:
    text = view()
    plan = ivmc.compile(text, ivmc.Catalog.from_sql(parse(text).ddl), name="revenue", mode="differential")
    return f"```sql\n{merge_of(plan.program)}\n```"


def support() -> str:
    return f"{support_pages.maintained()}\n\n{support_pages.not_maintained()}"


@pytest.mark.parametrize("made", [merge, support])
def test_what_is_made_from_the_code(made: Any, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--rewrite-golden"):
        README.write_text(filled(README.read_text(), made.__name__, made()))
    assert block(README.read_text(), made.__name__) == made()


def test_the_view_has_twelve_lines() -> None:
    assert len(view().splitlines()) == 12


# Support


@pytest.mark.parametrize("construct", support_pages.CONSTRUCTS, ids=lambda c: c.words)
def test_a_maintained_construct_is_maintained_by_its_rule(construct: support_pages.Construct) -> None:
    assert construct.rule in support_pages.rules_of(construct)


def test_every_rule_has_a_construct_and_a_test() -> None:
    rules = {rule_pages.name(rule) for rule in rule_pages.laws()}
    assert rules == {construct.rule for construct in support_pages.CONSTRUCTS}
    assert all(support_pages.tests()[rule] for rule in rules)


@pytest.mark.parametrize("code", support_pages.fallbacks(), ids=lambda c: c.code)
def test_every_fallback_is_listed(code: type[Fallback]) -> None:
    assert support_pages.treatment(code) in ("recomputed", "refused")
    assert re.search(rf"\| {code.code} \|$", support(), re.MULTILINE)


def test_rules_have_all_their_fields() -> None:
    for rule in rule_pages.laws():
        wanted = {"State", "Cost", "Class"} | ({"Source"} if rule_pages.name(rule) != "values" else set())
        assert wanted <= rule_pages.fields(rule).keys(), rule.__name__


# Commands


@pytest.fixture
def place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: str, conn: psycopg.Connection[Any]
) -> Path:
    """A directory with `revenue.sql`, the commands on the PATH, and a database with the tables."""
    (tmp_path / "revenue.sql").write_text(view())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    monkeypatch.setenv("IVMC_DSN", database)
    conn.execute(f"{parse(view()).ddl}; {ROWS}".encode())
    return tmp_path


def run(command: str) -> str:
    done = subprocess.run(command, shell=True, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.newest
def test_the_command_line(place: Path) -> None:
    for command in fence("command line").splitlines():
        run(command)
    assert (place / "install_revenue.sql").read_text().startswith("-- Maintained view public.revenue")


@pytest.mark.newest
@pytest.mark.usefixtures("place")
def test_python(capsys: pytest.CaptureFixture[str]) -> None:
    exec(fence("python"), {})
    printed = capsys.readouterr().out
    assert printed.startswith("differential None")
    assert "rows_in=1" in printed


@pytest.mark.newest
def test_psql_alone(place: Path, database: str) -> None:
    psql = next(embedded.installations()) / "psql"
    run("ivmc compile revenue.sql -o install_revenue.sql")
    (place / "use.sql").write_text(fence("psql"))
    printed = run(f"{psql} -X -A -t -v ON_ERROR_STOP=1 -d '{database}' -f install_revenue.sql -f use.sql")
    assert "Oslo|2|15.50\nRome|2|19.50\n" in printed


# Figures


def test_figures() -> None:
    how = ["differential"]
    result = {
        "machine": {"cpus": 2},
        "scale": 1.0,
        "postgres": "18.6",
        "series": [
            {"query": 1, "size": "10", "refresh": [2.0, 1.0, 9.0], "full": [400.0], "strategies": how},
            {"query": 3, "size": "10", "refresh": [4.0], "full": [400.0, 500.0, 300.0], "strategies": how},
            {"query": 2, "size": "10", "refresh": [1.0], "full": [200.0], "strategies": ["None"]},
            {"query": 1, "size": "10%", "refresh": [200.0], "full": [400.0], "strategies": ["full"]},
        ],
        "first_ms": {"1": 4.0},
        "one_row_ms": {"1": 0.5, "3": 1.5},
        "capture_ms": {"INSERT": {"captured": 300.0, "bare": 200.0}},
    }
    text = readme_figures.figures(result)
    assert "| Q1 | 400 | 2.0 (200) | 200 (2.0)* |" in text
    assert "| Q3 | 400 | 4.0 (100) | |" in text
    assert "| Q2 | 200 | 1.0 (200)† | |" in text
    assert "| geometric mean | | (141) | (2.0) |" in text
    assert "| geometric mean, with † | | (159) | (2.0) |" in text
    assert "| first refresh of a session, 10 rows changed | 4.0 ms |" in text
    assert "| refresh, one row changed | 1.0 ms |" in text
    assert "1.5 times" in text


def test_a_mark_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="no place"):
        filled("# nothing", "figures", "")


# References


def cited(words: str) -> set[str]:
    """The numbers that comments and pages give after these words."""
    files = (*ROOT.glob("ivmc/**/*"), *ROOT.glob("tests/**/*.py"), *ROOT.glob("docs/**/*.md"))
    text = " ".join(file.read_text() for file in files if file.suffix in (".py", ".sql", ".md"))
    lists = re.findall(rf"\b(?:{words}) (\d+(?:(?:, | and |, and )\d+)*)", text)
    return {number for found in lists for number in re.findall(r"\d+", found)}


def test_every_law_and_planner_rule_that_is_cited_is_written_down() -> None:
    laws, rules = ((ROOT / "docs" / page).read_text() for page in ("laws.md", "planner.md"))
    assert cited("[Ll]aws?") <= set(re.findall(r"^\*\*(\d+)\. ", laws, re.MULTILINE))
    assert cited("planner rules?") <= set(re.findall(r"^(\d+)\. \*\*", rules, re.MULTILINE))


PAGES = sorted(
    path for area in ("*.md", "docs/*.md", "docs/adr/*.md", "examples/*.md") for path in ROOT.glob(area)
)


@pytest.mark.parametrize(
    "page", [p for p in PAGES if p.name != "support.md"], ids=lambda p: str(p.relative_to(ROOT))
)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []
