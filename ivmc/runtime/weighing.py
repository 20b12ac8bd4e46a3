"""Which partial indexes pay: those on few of a table's rows, as the server estimates from its statistics."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ivmc.indexes import Partial
from ivmc.plan import Plan
from ivmc.report import Operator

if TYPE_CHECKING:
    import psycopg

SHARE = 0.1  # of a table's rows: of more, probes that miss spare less than writers pay
MOST = 20_000  # rows: of more, the planner reads the whole index where it should look up a few


def weighed(conn: psycopg.Connection[Any], plan: Plan) -> Plan:
    """The plan whose report names only the partial indexes that pay here."""

    def kept(operator: Operator) -> Operator:
        few = tuple(index for index in operator.partial if _pays(conn, index))
        return replace(operator, inputs=tuple(map(kept, operator.inputs)), partial=few)

    return replace(plan, report=tuple(map(kept, plan.report)))


def _pays(conn: psycopg.Connection[Any], index: Partial) -> bool:
    """Do few enough of the table's rows satisfy the condition?"""
    every = _estimated(conn, f"SELECT FROM {index.table}")
    return _estimated(conn, f"SELECT FROM {index.table} WHERE {index.condition}") <= min(MOST, SHARE * every)


def _estimated(conn: psycopg.Connection[Any], query: str) -> float:
    """The rows that the planner expects."""
    row = conn.execute(f"EXPLAIN (FORMAT JSON) {query}".encode()).fetchone()
    assert row is not None
    return float(row[0][0]["Plan"]["Plan Rows"])
