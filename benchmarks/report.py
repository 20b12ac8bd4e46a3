"""The figures of one run: as text, as JSON, and as a chart."""

import json
import os
import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from statistics import geometric_mean, median

from benchmarks import expert, tpch
from benchmarks.goals import GOALS, LARGE, NEVER_BELOW, Goal
from benchmarks.refreshes import TWINNED, Series

LIMITS = {"flat": 2.0, "capture": 1.8, "compile_ms": 50.0, "command_s": 0.5}
"""At most: the slowest size over the fastest; captured over bare; milliseconds; seconds."""
WRONG = 1.5
"""A choice between refresh and recomputation is wrong where the other way is this many times faster."""


@dataclass(slots=True)
class Report:
    """Everything measured; what was not measured is empty. Keys are queries or numbers of rows."""

    scale: float
    postgres: str
    seed: int
    series: list[Series] = field(default_factory=list)
    first_ms: dict[int, float] = field(default_factory=dict)
    idle_ms: dict[int, float] = field(default_factory=dict)
    one_row_ms: dict[int, float] = field(default_factory=dict)
    flat_ms: dict[int, float] = field(default_factory=dict)
    capture_ms: dict[str, dict[str, float]] = field(default_factory=dict)
    compile_ms: dict[int, float] = field(default_factory=dict)
    command_s: dict[int, float] = field(default_factory=dict)

    @property
    def sizes(self) -> list[str]:
        return list(dict.fromkeys(series.size for series in self.series))

    def at(self, size: str) -> list[Series]:
        return [series for series in self.series if series.size == size]

    @property
    def goals(self) -> list[Goal]:
        """Those of whose queries all were measured."""
        measured = {series.query for series in self.series}
        return [goal for goal in GOALS if measured.issuperset(goal.queries)]

    def short(self, size: str) -> list[int]:
        """Return the queries that are below what is asked for, or keep a geometric mean below."""
        found = {s.query for s in self.at(size) if size in LARGE and not s.idle and s.lowest < NEVER_BELOW}
        for goal in self.goals:
            asked, mean = goal.times.get(size), self.mean(size, goal.queries)
            if asked and mean and mean < asked:
                found |= {s.query for s in self.at(size) if s.query in goal.queries and s.ratio < asked}
        return sorted(found)

    def mean(self, size: str, queries: Iterable[int] | None = None, *, idle: bool = False) -> float | None:
        """Return the geometric mean of the ratios, over all queries, or these; `idle` ones if asked for."""
        chosen = [series for series in self.at(size) if queries is None or series.query in queries]
        ratios = [series.ratio for series in chosen if idle or not series.idle]
        return geometric_mean(ratios) if ratios else None

    @property
    def capture_ratio(self) -> float | None:
        """Return milliseconds of all writes to the captured table over those to the bare one."""
        if not self.capture_ms:
            return None
        captured, bare = (sum(ms[table] for ms in self.capture_ms.values()) for table in ("captured", "bare"))
        return captured / bare


def write(report: Report, directory: Path) -> None:
    """Write `latest.json` and, where there are refreshes, `latest.svg`."""
    directory.mkdir(parents=True, exist_ok=True)
    machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
    means = {size: report.mean(size) for size in report.sizes}
    with_idle = {size: report.mean(size, idle=True) for size in report.sizes}
    content = {"machine": machine, "means": means, "means_with_idle": with_idle, **asdict(report)}
    (directory / "latest.json").write_text(json.dumps(content, indent=1) + "\n")
    if report.series:
        draw(report, directory / "latest.svg")


def text(report: Report) -> str:
    """Return the figures as tables to read in a terminal, or in Markdown."""
    blocks = (_refreshes(report), _lowest(report), _beside_expert(report), _choices(report), _others(report))
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _refreshes(report: Report) -> list[str]:
    if not report.series:
        return []
    queries = sorted({series.query for series in report.series})
    by = {(series.query, series.size): series for series in report.series}
    rows = [["median ms (times faster)", "full", *(_label(size) for size in report.sizes)]]
    for query in queries:
        mine = [by[query, size] for size in report.sizes]
        full = median(ms for series in mine for ms in series.full)
        rows.append([f"Q{query}", f"{full:.0f}", *(_cell(series) for series in mine)])
    rows += [[words, "", *(_times(of(size)) for size in report.sizes)] for words, of in _means(report)]
    marks = {"*": "* ivmc chose to recompute", "†": "† none of its tables changed"}
    notes = [note for mark, note in marks.items() if any(cell.endswith(mark) for row in rows for cell in row)]
    return [*_table(rows), *(line for note in notes for line in ("", note))]


def _means(report: Report) -> Iterator[tuple[str, Callable[[str], float | None]]]:
    """Each geometric mean, and below it what is asked of it or what the expert reached, by size."""
    yield "geometric mean", report.mean
    if any(series.idle for series in report.series):
        yield "geometric mean, with †", partial(report.mean, idle=True)
    for goal in report.goals:
        if goal.queries != tpch.QUERIES:
            yield f"of {_list(goal.queries)}", partial(report.mean, queries=goal.queries)
        yield f"asked for, of {_list(goal.queries)}, at least", goal.times.get
    if known := {series.query for series in report.series} & set(expert.FULL):
        yield f"of {_list(known)}", partial(report.mean, queries=known)
        yield f"expert, of {_list(known)}", partial(expert.mean, queries=known)


def _lowest(report: Report) -> list[str]:
    """A line for each large size: how many times faster each view is in its worst round, the lowest first."""
    lines: list[str] = []
    for size in LARGE:
        views = sorted((series.lowest, series.query) for series in report.at(size) if not series.idle)
        if views:
            views_told = ", ".join(f"Q{query} {_times(ratio)}" for ratio, query in views)
            below = sum(ratio < NEVER_BELOW for ratio, _ in views)
            lines += [
                "",
                f"{size}, the lowest round of each, never below {NEVER_BELOW}×: {views_told}; {below} below",
            ]
    return lines[1:]


def _cell(series: Series) -> str:
    mark = "†" if series.idle else "*" if "full" in series.strategies else ""
    return f"{_number(median(series.refresh))} ({_number(series.ratio)}×){mark}"


def _beside_expert(report: Report) -> list[str]:
    """Our ratio to a full recompute over the expert's: each from its own run, so that machines cancel out."""
    shares = {
        (series.query, series.size): series.ratio / by_hand
        for series in report.series
        if (by_hand := expert.ratio(series.query, series.size))
    }
    if not shares:
        return []
    sizes = [size for size in report.sizes if size in expert.REFRESH]
    head = ["ours / expert's", *(_label(size) for size in sizes)]
    queries = dict.fromkeys(query for query, _ in shares)
    rows = [[f"Q{query}", *(_times(shares.get((query, size))) for size in sizes)] for query in queries]
    means = [[share for (_, of), share in shares.items() if of == size] for size in sizes]
    mean = ["geometric mean", *(_times(geometric_mean(of)) for of in means)]
    return list(_table([head, *rows, mean]))


def _choices(report: Report) -> list[str]:
    """Where ivmc took the slower of its two ways by more than half, and how much slower that was."""
    judged = [(series, lost) for series in report.series if (lost := series.misjudged) is not None]
    if not judged:
        return []
    rows = [[f"wrong choices, up to {TWINNED:,} rows", "chosen", "times slower than the other"]]
    for series, lost in judged:
        if lost > WRONG:
            chosen = " ".join(sorted(set(series.strategies)))
            rows.append([f"Q{series.query}, {_label(series.size)}", chosen, _times(lost)])
    rows.append([f"{len(rows) - 1} of {len(judged)}", "", ""])
    return list(_table(rows))


def _others(report: Report) -> list[str]:
    rows = [["", "", "at most"]]
    if report.first_ms:
        rows.append(["first refresh of a session, 10 rows", f"{median(report.first_ms.values()):.2f} ms", ""])
    if report.idle_ms:
        rows.append(["refresh, nothing to do", f"{median(report.idle_ms.values()):.2f} ms", ""])
    if report.one_row_ms:
        rows.append(["refresh, one line changed", f"{median(report.one_row_ms.values()):.2f} ms", ""])
    for size, ms in report.flat_ms.items():
        rows.append([f"one row, join of {size:,}", f"{ms:.2f} ms", ""])
    if report.flat_ms:
        spread = max(report.flat_ms.values()) / min(report.flat_ms.values())
        rows.append(["slowest over fastest", f"{spread:.2f}×", f"{LIMITS['flat']}×"])
    for kind, taken in report.capture_ms.items():
        ratio = taken["captured"] / taken["bare"]
        rows.append([f"{kind} 100,000 rows, captured", f"{taken['captured']:.0f} ms, {ratio:.2f}×", ""])
    if report.capture_ratio:
        rows.append(["all three, captured", f"{report.capture_ratio:.2f}×", f"{LIMITS['capture']}×"])
    if report.compile_ms:
        slowest = max(report.compile_ms, key=report.compile_ms.__getitem__)
        figure = f"{report.compile_ms[slowest]:.1f} ms (Q{slowest})"
        rows.append(["ivmc.compile, the slowest", figure, f"{LIMITS['compile_ms']:.0f} ms"])
    if report.command_s:
        slowest = max(report.command_s, key=report.command_s.__getitem__)
        figure = f"{report.command_s[slowest]:.2f} s (Q{slowest})"
        rows.append(["`ivmc compile`, the slowest", figure, f"{LIMITS['command_s']} s"])
    return list(_table(rows)) if len(rows) > 1 else []


def draw(report: Report, path: Path) -> None:
    """Draw times faster over the size of the change, both on logarithmic axes; dashed is the expert."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "ivmc"
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.5))
    rows = {series.size: series.rows for series in report.series}
    for n, query in enumerate(sorted({series.query for series in report.series})):
        mine = [series for series in report.series if series.query == query]
        label = "each query" if n == 0 else None
        axes.plot([s.rows for s in mine], [s.ratio for s in mine], color="#bbbbbb", linewidth=1, label=label)
    by_hand = f"an expert's, of {_list(expert.FULL)}"
    for label, style, mean in (("geometric mean", "-", report.mean), (by_hand, "--", _expert_mean)):
        points = [(rows[size], ratio) for size in report.sizes if (ratio := mean(size))]
        if points:
            axes.plot(*zip(*points, strict=True), style, color="#1f5fa8", linewidth=2, label=label)
    axes.axhline(1, color="black", linewidth=0.8)
    axes.set(xscale="log", yscale="log", xlabel="rows of orders and lineitem changed")
    axes.set_ylabel("times faster than REFRESH MATERIALIZED VIEW")
    axes.set_title(f"TPC-H at scale {report.scale:g}")
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _expert_mean(size: str) -> float | None:
    return expert.mean(size, set(expert.FULL))


def _label(size: str) -> str:
    return size if size.endswith("%") else f"{size} rows"


def _list(queries: Iterable[int]) -> str:
    """Return the names of queries.

    >>> _list([3, 1]), _list(range(1, 23))
    ('Q1 Q3', 'all 22')
    """
    chosen = sorted(queries)
    return (
        f"all {len(chosen)}" if tuple(chosen) == tpch.QUERIES else " ".join(f"Q{query}" for query in chosen)
    )


def _times(ratio: float | None) -> str:
    return f"{_number(ratio)}×" if ratio else ""


def _number(value: float) -> str:
    """Return two or three significant digits.

    >>> _number(0.1234), _number(12.34), _number(1234.5)
    ('0.12', '12', '1,234')
    """
    digits = 2 if value < 1 else 1 if value < 10 else 0
    return f"{value:,.{digits}f}"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a Markdown table; the first row is its head."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for n, row in enumerate(rows):
        cells = [
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield f"| {' | '.join(cells)} |"
        if n == 0:
            yield f"|{'|'.join('-' * (width + 1) + (':' if i else '-') for i, width in enumerate(widths))}|"
