"""Write one page per rule of the calculus, from the docstrings of `ivmc.rules`.

python -m scripts.rule_pages [DIRECTORY]       docs/rules by default
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import sys
from pathlib import Path
from types import ModuleType

from ivmc import rules

FIELDS = ("State", "Cost", "Class", "Source")
_FIELDS = re.compile(rf"^({'|'.join(FIELDS)}) +(.*(?:\n {{8}}.*)*)", re.MULTILINE)


def main(directory: Path) -> None:
    """Write every page and the index."""
    directory.mkdir(parents=True, exist_ok=True)
    for rule in laws():
        (directory / f"{name(rule)}.md").write_text(page(rule), encoding="utf-8")
    (directory / "index.md").write_text(index(), encoding="utf-8")


def laws() -> tuple[ModuleType, ...]:
    """The modules of `ivmc.rules` that state a law; `netting` only serves them."""
    found = (importlib.import_module(f"ivmc.rules.{m.name}") for m in pkgutil.iter_modules(rules.__path__))
    return tuple(rule for rule in found if "Cost" in fields(rule))


def name(rule: ModuleType) -> str:
    """What the rule is called in plans, goldens and the names of pages.

    >>> name(rules.join)
    'join'
    """
    return rule.__name__.rpartition(".")[2]


def title(rule: ModuleType) -> str:
    """The first line of the docstring.

    >>> title(rules.join)
    'Inner join'
    """
    return _text(rule).partition("\n")[0].rstrip(".")


def fields(rule: ModuleType) -> dict[str, str]:
    """State, cost, class and source, each on one line.

    >>> fields(rules.join)["Class"]
    'bilinear'
    """
    return {key: " ".join(value.split()).rstrip(".") for key, value in _FIELDS.findall(_text(rule))}


def page(rule: ModuleType) -> str:
    """The docstring as Markdown: what it says, then its fields as a table."""
    words = _FIELDS.sub("", _text(rule).partition("\n")[2]).strip()
    table = "\n".join(f"| {key} | {escaped(value)} |" for key, value in fields(rule).items())
    return f"# {title(rule)}\n\n{words}\n\n| | |\n|---|---|\n{table}\n\n`ivmc/rules/{name(rule)}.py`\n"


def index() -> str:
    """All rules, each with its class and cost."""
    rows = (
        f"| [{title(rule)}]({name(rule)}.md) | {found['Class']} | {escaped(found['Cost'])} |"
        for rule in laws()
        for found in [fields(rule)]
    )
    return "\n".join(["# Rules", "", "| Rule | Class | Cost |", "|---|---|---|", *rows]) + "\n"


def escaped(cell: str) -> str:
    """Text as the cell of a Markdown table."""
    return cell.replace("|", "\\|")


def _text(rule: ModuleType) -> str:
    return inspect.cleandoc(rule.__doc__ or "")


if __name__ == "__main__":
    main(Path(sys.argv[1] if sys.argv[1:] else "docs/rules"))
