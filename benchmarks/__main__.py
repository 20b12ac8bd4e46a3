"""`python -m benchmarks`: measure, print the figures, write them as JSON and as a chart.

Without options: a server of its own, scale 1 (or IVMC_BENCH_SCALE), everything; a quarter of an hour.

    python -m benchmarks --queries 5,9 --sizes 10,0.1% --only refresh
    python -m benchmarks --dsn '…' --explain 5 750        the plans of one refresh of query 5
"""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from benchmarks import capture, changes, compilation, plans, refreshes, report, scaling, tpch, views
from benchmarks.refreshes import ROUNDS
from benchmarks.report import Report
from benchmarks.tpch import Connection
from ivmc.runtime import embedded

PARTS = ("refresh", "small", "flat", "capture", "compile")
SETTINGS = {
    "shared_buffers": "4GB",
    "work_mem": "64MB",
    "maintenance_work_mem": "1GB",
    "max_wal_size": "8GB",
    "max_parallel_workers_per_gather": "2",
    "jit": "off",
}


def main() -> None:
    """Run what the command line asks for."""
    options = _options()
    with _database(options.dsn, options.scale) as dsn, _connect(dsn) as writer, _connect(dsn) as reader:
        if options.explain:
            query, size = options.explain
            rows = refreshes.rows_of(size, refreshes.total(writer))
            (view,) = views.views([int(query)])
            print(plans.explain(reader, view, rows, options.rounds or 3, options.seed))
        else:
            figures = _measure(dsn, writer, reader, options)
            report.write(figures, options.output)
            print(f"\n{report.text(figures)}\n\n{options.output}/latest.json, latest.svg")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--scale", type=float, default=os.environ.get("IVMC_BENCH_SCALE", "1"), help="TPC-H scale factor")
    add("--dsn", help="a server to use as it is; loaded if there is no lineitem")
    add("--queries", type=_numbers, default=tpch.QUERIES, help="for example 5,9")
    add(
        "--sizes",
        type=lambda text: text.split(","),
        default=list(ROUNDS),
        help="rows or percentages: 10,0.1%%",
    )
    add("--rounds", type=int, help="changes of each size; by default fewer the larger")
    add("--seed", type=int, default=1, help="of the changes and the order")
    add("--only", type=lambda text: text.split(","), default=PARTS, help=f"some of {','.join(PARTS)}")
    add("--output", type=Path, default=Path(__file__).parent / "results", help="a directory")
    add(
        "--explain",
        nargs=2,
        metavar=("QUERY", "SIZE"),
        help="print the plans of one refresh, and nothing else",
    )
    return parser.parse_args()


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(","))


@contextmanager
def _database(dsn: str | None, scale: float) -> Iterator[str]:
    """Yield the DSN of a database that holds TPC-H: the one that is given, or one on a server of its own."""
    if dsn:
        _load(dsn, scale)
        yield dsn
        return
    with embedded.server(settings=SETTINGS) as server:
        with _connect(server.dsn) as conn:
            conn.execute("CREATE DATABASE tpch")
        mine = make_conninfo(server.dsn, dbname="tpch")
        _load(mine, scale)
        yield mine


def _load(dsn: str, scale: float) -> None:
    with _connect(dsn) as conn:
        if conn.execute("SELECT to_regclass('lineitem')").fetchone() == (None,):
            print(f"TPC-H at scale {scale:g}: generating and loading", flush=True)
            tpch.load(conn, tpch.generate(scale))


def _connect(dsn: str) -> Connection:
    connection: psycopg.Connection[Any] = psycopg.connect(dsn, autocommit=True)
    connection.execute("SET client_min_messages = warning")
    return connection


def _measure(dsn: str, writer: Connection, reader: Connection, options: argparse.Namespace) -> Report:
    chosen, only = views.views(options.queries), options.only
    figures = Report(options.scale, writer.info.parameter_status("server_version") or "", options.seed)
    if "compile" in only:
        figures.compile_ms = compilation.function(chosen)
        figures.command_s = compilation.command(chosen)
    if {"refresh", "small"} & set(only):
        for view in chosen:
            views.maintain(writer, view)
            views.materialize(writer, view)
        figures.first_ms = refreshes.first(writer, partial(_connect, dsn), chosen, options.seed)
        refreshes.warm_up(writer, reader, chosen, options.seed + 1)
    if "small" in only:
        figures.idle_ms = refreshes.idle(reader, chosen)
        figures.one_row_ms = refreshes.one_row(writer, reader, chosen)
    if "refresh" in only:
        for n, size in enumerate(options.sizes, 1):
            rounds, seed = options.rounds or ROUNDS.get(size, 3), options.seed + 100 * n
            figures.series += refreshes.measure(writer, reader, chosen, size, rounds=rounds, seed=seed)
            print(f"{size}: {figures.mean(size):.3g} times faster", flush=True)
            _explain_shortfall(writer, reader, figures, size, options)
    if "flat" in only:
        figures.flat_ms = scaling.measure(writer)
    if "capture" in only:
        figures.capture_ms = capture.measure(writer)
    return figures


def _explain_shortfall(
    writer: Connection, reader: Connection, figures: Report, size: str, options: argparse.Namespace
) -> None:
    """Where the figures fall short, write the plans of the queries that are to blame: `q09-1%.plan`."""
    short = views.views(figures.short(size))
    if not short:
        return
    changes.mixed(writer, refreshes.rows_of(size, refreshes.total(writer)), options.seed + 100_000)
    options.output.mkdir(parents=True, exist_ok=True)
    for view in short:
        (options.output / f"{view.name}-{size}.plan").write_text(plans.recorded(reader, view))


if __name__ == "__main__":
    main()
