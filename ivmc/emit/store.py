"""A stage that stores the rows of its plan: net rows, by key or by whole image."""

from __future__ import annotations

from ivmc.emit.text import indent
from ivmc.emit.work import Work, assignment, insertion, update
from ivmc.ir import Net, Rel
from ivmc.names import WEIGHT


def write(work: Work) -> None:
    """V′ = V + ΔQ."""
    rows = work.program.gathered(work.program.delta(work.stage.input))
    names = work.storage.printed(work.storage.columns)
    with work.program.when(f"{work.counted(rows)} > 0"):
        if work.storage.is_bag:
            work.program.comment("MERGE: net rows by image")
            total = f"{WEIGHT} = t.{WEIGHT} + d.{WEIGHT}"
            matched = f"WHEN MATCHED {update([total])}"
            gone = f"WHEN MATCHED AND t.{WEIGHT} + d.{WEIGHT} = 0 THEN DELETE"
            work.merge(_net(work, rows), [gone, matched, f"WHEN NOT MATCHED {insertion([*names, WEIGHT])}"])
        else:
            work.program.comment("MERGE: net rows by key")
            came = f"WHEN NOT MATCHED AND d.{WEIGHT} > 0 {insertion(names)}"
            matched = f"WHEN MATCHED {assignment(names)}"
            work.merge(_newest(work, rows), [f"WHEN MATCHED AND d.{WEIGHT} < 0 THEN DELETE", matched, came])


def _net(work: Work, rows: Rel) -> str:
    queries = work.program.queries
    queries.fresh_statement()
    return queries.select(
        Net(rows), [(name, column) for column, name in work.storage.names.items()], weight=WEIGHT
    )


def _newest(work: Work, rows: Rel) -> str:
    """One row per key: the one that came where there is one, else the one that went."""
    key, net = ", ".join(work.key), f"FROM (\n{indent(_net(work, rows))}\n) net"
    if not key:
        return f"SELECT *\n{net}\nORDER BY {WEIGHT} DESC\nLIMIT 1"
    return f"SELECT DISTINCT ON ({key}) *\n{net}\nORDER BY {key}, {WEIGHT} DESC"
