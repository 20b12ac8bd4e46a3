"""How long the compiler takes: as a function, and as a command with Python's start and the imports."""

import os
import shutil
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.tpch import KEYS, SCHEMA
from benchmarks.views import View


def function(views: Sequence[View], repetitions: int = 7) -> dict[int, float]:
    """Return the median milliseconds of `ivmc.compile`, by query; the catalog is made beforehand."""
    import ivmc

    catalog = ivmc.Catalog.from_sql(SCHEMA + KEYS)
    return {
        view.number: 1e3
        * _median_seconds(lambda: ivmc.compile(view.text, catalog, name=view.name), repetitions)  # noqa: B023 (called at once)
        for view in views
    }


def command(views: Sequence[View], repetitions: int = 3) -> dict[int, float]:
    """Return the median seconds of `ivmc compile QUERY.sql --schema S.sql`, by query.

    With bytecode beside the sources, as `pip install` leaves it, whatever Python is told here.
    """
    program = shutil.which("ivmc", path=sysconfig.get_path("scripts")) or "ivmc"
    with tempfile.TemporaryDirectory() as place:
        schema, query = Path(place) / "schema.sql", Path(place) / "query.sql"
        settings = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": place}
        schema.write_text(SCHEMA + KEYS)
        taken = {}
        for view in views:
            query.write_text(view.text)
            run = [program, "compile", str(query), "--schema", str(schema), "-o", os.devnull]
            taken[view.number] = _median_seconds(
                partial(subprocess.run, run, env=settings, check=True), repetitions
            )
        return taken


def _median_seconds(action: Callable[[], object], repetitions: int) -> float:
    action()
    return median(_seconds(action) for _ in range(repetitions))


def _seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start
