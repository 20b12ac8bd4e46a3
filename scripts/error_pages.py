"""Write one page per diagnostic code, from the docstrings of `ivmc.errors`.

python scripts/error_pages.py [DIRECTORY]       docs/errors by default
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from textwrap import dedent

from click.testing import CliRunner

from ivmc.cli import main as ivmc
from ivmc.diagnostics import Diagnostic
from ivmc.errors import catalogue

RANGES = {
    "1": "The text",
    "2": "Names, types, and what may stand where",
    "3": "Not maintained differentially",
    "4": "The database",
    "9": "A fault of ivmc",
}
_EXAMPLE = re.compile(r"^Example::\n\n((?:(?: {4}.*)?\n)+)", re.MULTILINE)


def main(directory: Path) -> None:
    """Write every page and the index."""
    directory.mkdir(parents=True, exist_ok=True)
    for code in catalogue():
        (directory / f"{code.code}.md").write_text(page(code), encoding="utf-8")
    (directory / "index.md").write_text(index(), encoding="utf-8")


def index() -> str:
    """All codes by range, each with the first line of its page."""
    lines = ["# Diagnostics"]
    for digit, heading in RANGES.items():
        lines += ["", f"## {heading}", "", "| Code | |", "|---|---|"]
        of_range = (c for c in catalogue() if c.code[3] == digit)
        lines += [f"| [{c.code}]({c.code}.md) | {text(c).partition(chr(10))[0]} |" for c in of_range]
    return "\n".join(lines) + "\n"


def page(code: type[Diagnostic]) -> str:
    """The docstring as Markdown, its example followed by what ivmc prints for it."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", code.__name__).lower()
    shown = _EXAMPLE.sub(lambda m: _block(dedent(m[1]).strip(), code), text(code) + "\n")
    return f"# {code.code}: {words}\n\n{shown.strip()}\n"


def text(code: type[Diagnostic]) -> str:
    """The docstring, without its indentation."""
    return inspect.cleandoc(code.__doc__ or "")


def example(code: type[Diagnostic]) -> str | None:
    """The example in the docstring, where there is one."""
    found = _EXAMPLE.search(text(code) + "\n")
    return dedent(found[1]).strip() + "\n" if found else None


def diagnosed(sql: str) -> str:
    """What `ivmc compile --mode differential` prints for a file; empty if it compiles."""
    runner = CliRunner(env={"IVMC_DSN": None})
    result = runner.invoke(ivmc, ["compile", "-", "--mode", "differential"], input=sql)
    return result.stderr.replace("<stdin>", "example.sql")


def _block(sql: str, code: type[Diagnostic]) -> str:
    if code.code[3] == "4":
        return f"```\n{sql}\n```\n\n"
    return f"```sql\n{sql}\n```\n\n```\n{diagnosed(sql)}```\n\n"


if __name__ == "__main__":
    main(Path(sys.argv[1] if sys.argv[1:] else "docs/errors"))
