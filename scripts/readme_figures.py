"""Fill in the README's figures from the JSON of a benchmark run.

python scripts/readme_figures.py benchmarks/results/latest.json [README.md]
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import geometric_mean, median
from typing import Any

WORDS = {
    "first_ms": "first refresh of a session, 10 rows changed",
    "idle_ms": "refresh, nothing changed",
    "one_row_ms": "refresh, one row changed",
}


def main(source: Path, readme: Path) -> None:
    """Replace what stands between the marks."""
    text = readme.read_text(encoding="utf-8")
    found = figures(json.loads(source.read_text(encoding="utf-8")))
    readme.write_text(filled(text, "figures", found), encoding="utf-8")


def block(text: str, name: str) -> str:
    """What stands between `<!-- name -->` and `<!-- /name -->`.

    >>> block("a <!-- x --> b <!-- /x -->", "x")
    'b'
    """
    found = re.search(rf"<!-- {name} -->(.*?)<!-- /{name} -->", text, re.DOTALL)
    if found is None:
        msg = f"there is no place for {name}"
        raise ValueError(msg)
    return found[1].strip()


def filled(text: str, name: str, content: str) -> str:
    """`text` with other content between the marks. Raises ValueError where there are none."""
    block(text, name)
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, _, rest = text.partition(start)
    return f"{before}{start}\n{content}\n{end}{rest.partition(end)[2]}"


def figures(result: Mapping[str, Any]) -> str:
    """Both tables under a line on how they were measured."""
    machine = f"PostgreSQL {result['postgres']}, {result['machine']['cpus']} cores"
    parts = [
        f"{machine}, TPC-H at scale {result['scale']:g}.",
        *_refreshes(result.get("series") or ()),
        *_others(result),
    ]
    return "\n\n".join(parts)


def _refreshes(series: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not series:
        return
    sizes = list(dict.fromkeys(one["size"] for one in series))
    by = {(one["query"], one["size"]): one for one in series}
    yield (
        "Median milliseconds of a refresh, and how many times faster it is than\n"
        "`REFRESH MATERIALIZED VIEW`, by the number of orders and lines changed:"
    )
    rows = [["", "full", *(size if size.endswith("%") else f"{size} rows" for size in sizes)]]
    for query in sorted({one["query"] for one in series}):
        full = median(ms for one in series if one["query"] == query for ms in one["full"])
        rows.append([f"Q{query}", f"{full:.0f}", *(_cell(by.get((query, size))) for size in sizes)])
    busy = [one for one in series if not _idle(one)]
    rows.append(["geometric mean", "", *_means(busy, sizes)])
    if len(busy) < len(series):
        rows.append(["geometric mean, with †", "", *_means(series, sizes)])
    yield _table(rows)
    if any("full" in one["strategies"] for one in series):
        yield "\\* in some rounds ivmc chose to recompute"
    if len(busy) < len(series):
        yield "† none of its tables changed"


def _means(series: Sequence[Mapping[str, Any]], sizes: Sequence[str]) -> Iterator[str]:
    for size in sizes:
        yield f"({_number(geometric_mean(_ratio(one) for one in series if one['size'] == size))})"


def _idle(one: Mapping[str, Any]) -> bool:
    return set(one["strategies"]) == {"None"}


def _ratio(one: Mapping[str, Any]) -> float:
    full, refresh = (float(median(one[key])) for key in ("full", "refresh"))
    return full / refresh


def _cell(one: Mapping[str, Any] | None) -> str:
    if one is None:
        return ""
    mark = "†" if _idle(one) else "*" if "full" in one["strategies"] else ""
    return f"{_number(median(one['refresh']))} ({_number(_ratio(one))}){mark}"


def _others(result: Mapping[str, Any]) -> Iterator[str]:
    rows = [["", ""]]
    for key, words in WORDS.items():
        if taken := result.get(key):
            rows.append([words, f"{_number(median(taken.values()))} ms"])
    for size, ms in (result.get("flat_ms") or {}).items():
        rows.append([f"one row of a join and GROUP BY over {int(size):,} rows", f"{_number(ms)} ms"])
    if taken := result.get("capture_ms"):
        captured, bare = (sum(ms[table] for ms in taken.values()) for table in ("captured", "bare"))
        rows.append(
            ["writing 100,000 rows, captured against not captured", f"{_number(captured / bare)} times"]
        )
    if taken := result.get("compile_ms"):
        rows.append(["`ivmc.compile`, the slowest query", f"{_number(max(taken.values()))} ms"])
    if taken := result.get("command_s"):
        rows.append(["`ivmc compile` as a command, the slowest query", f"{_number(max(taken.values()))} s"])
    if len(rows) > 1:
        yield _table(rows)


def _number(value: float) -> str:
    """Two significant digits, or all before the point.

    >>> _number(0.123), _number(1.26), _number(1234.5)
    ('0.12', '1.3', '1,234')
    """
    return f"{value:,.{2 if value < 1 else 1 if value < 10 else 0}f}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, f"|---|{'--:|' * (len(rows[0]) - 1)}")
    return re.sub(r"\|  (?=\|)", "| ", "\n".join(lines))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2] if sys.argv[2:] else "README.md"))
