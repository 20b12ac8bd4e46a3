"""Every code: its page, its example, and what that example prints.

Golden files in `golden/` are written by `pytest tests/errors --rewrite-golden`.
"""

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from ivmc.diagnostics import Diagnostic
from ivmc.errors import DEFINED, catalogue
from scripts.error_pages import diagnosed, example, index, page, text

GOLDEN = Path(__file__).parent / "golden"

# What no short text can provoke: another encoding, another server, a construct without a name.
WITHOUT_EXAMPLE = {"IVM110", "IVM111", "IVM319", "IVM412", "IVM415", "IVM901"}

every_code = pytest.mark.parametrize("code", catalogue(), ids=lambda code: f"{code.code} {code.__name__}")
compiled_code = pytest.mark.parametrize(
    "code",
    [c for c in catalogue() if c.code[3] in "123" and c.code not in WITHOUT_EXAMPLE],
    ids=lambda code: f"{code.code} {code.__name__}",
)


@pytest.mark.parametrize("module", DEFINED)
def test_every_code_of_a_module_is_listed(module: str) -> None:
    found = vars(import_module(f"ivmc.errors.{module}")).values()
    mine = [c for c in found if isinstance(c, type) and c.__module__ == f"ivmc.errors.{module}"]
    assert {c.__name__ for c in mine if issubclass(c, Diagnostic)} == set(DEFINED[module])


def test_a_query_without_errors_imports_none() -> None:
    query = "import sys, ivmc; ivmc.compile('SELECT 1', ivmc.Catalog.from_sql('')); print(*sys.modules)"
    imported = subprocess.run(
        [sys.executable, "-c", query], capture_output=True, text=True, check=True
    ).stdout
    assert {name for name in imported.split() if name.startswith("ivmc.errors")} == {"ivmc.errors"}


def test_codes_are_unique() -> None:
    codes = [c.code for c in catalogue()]
    assert len(codes) == len(set(codes))


@every_code
def test_texts(code: type[Diagnostic]) -> None:
    """Messages are lower case, end without a full stop, and name fields that exist."""
    assert re.fullmatch(r"IVM[12349]\d\d", code.code)
    for template in (code.title, code.label, code.help):
        assert not template.endswith(".")
        for name in re.findall(r"(?<!\{)\{(\w*)\}", template):
            assert hasattr(code, name), name
    assert code.title[0] in "{`" or code.title[0].islower() or code.title[:2].isupper()
    assert code.help


@every_code
def test_page(code: type[Diagnostic]) -> None:
    """A page says what it means, by an example, and what to do."""
    paragraphs = text(code).split("\n\n")
    assert paragraphs[0].endswith(".")
    assert len(paragraphs) > 1
    assert not paragraphs[-1].startswith((" ", "Example"))
    assert (example(code) is None) == (code.code in WITHOUT_EXAMPLE)
    assert page(code).startswith(f"# {code.code}: ")
    assert f"[{code.code}]" in index()


@compiled_code
def test_example(code: type[Diagnostic], request: pytest.FixtureRequest) -> None:
    sql = example(code)
    assert sql is not None
    printed = diagnosed(sql)
    file = GOLDEN / f"{code.code}.txt"
    assert re.findall(r"^\w+\[(IVM\d+)\]", printed, re.MULTILINE) == [code.code]
    if request.config.getoption("--rewrite-golden"):
        file.write_text(f"{sql}\n{printed}")
    assert file.read_text() == f"{sql}\n{printed}"


def test_no_golden_file_is_left_over() -> None:
    codes = {c.code for c in catalogue()}
    assert {file.stem for file in GOLDEN.glob("*.txt")} <= codes
