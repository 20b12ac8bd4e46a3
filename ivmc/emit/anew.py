"""Recomputation: every stage anew, of which what differs from its table is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce

from ivmc.emit.query import Queries
from ivmc.emit.storage import Storage
from ivmc.emit.text import indent, listing
from ivmc.emit.work import assignment, insertion, row
from ivmc.ir import Join, Project, Rel, inputs, same, with_inputs
from ivmc.names import fitted, identifier
from ivmc.scalar import Scalar


def recompute(storages: Sequence[Storage], queries: Queries) -> list[str]:
    """PL/pgSQL that fills every stage; `rows_changed` are those of the last one.

    CREATE TABLE AS can run in parallel, INSERT and MERGE cannot (planner rule 16).
    """
    lines = [
        "PERFORM set_config('random_page_cost', s.reset_val, true) FROM pg_settings s",
        "  WHERE s.name = 'random_page_cost';",
    ]
    for storage in storages:
        anew = identifier(fitted(storage.stage.name, "__anew"))
        lines += [
            f"CREATE TEMPORARY TABLE {anew} ON COMMIT DROP AS",
            listing(storage.cast("q"), "SELECT"),
            f"FROM (\n{indent(storage.contents(queries, as_written(storage.stage.input)))}\n) q;",
            *(_differing if storage.searchable else _replaced)(storage, f"pg_temp.{anew}"),
            f"DROP TABLE pg_temp.{anew};",
        ]
    return lines


def as_written(rel: Rel) -> Rel:
    """Inner joins in the order of the query's text, in which their columns were numbered.

    In another order of the same joins the planner has missed a plan that it finds for the text, whose
    cost it puts 8 % lower.
    """
    memo: dict[Rel, Rel] = {}

    def visit(node: Rel) -> Rel:
        if node in memo:
            return memo[node]
        parts = (visit(part) for part in inputs(node))
        memo[node] = _joined(node, visit) if isinstance(node, Join) else with_inputs(node, tuple(parts))
        return memo[node]

    return visit(rel)


def _joined(rel: Rel, visit: Callable[[Rel], Rel]) -> Rel:
    leaves = sorted(map(visit, _leaves(rel)), key=lambda leaf: min((c.id for c in leaf.schema), default=0))
    joined = Join(reduce(_paired, leaves[:-1]), leaves[-1], tuple(_predicates(rel)))
    return Project(joined, same(rel.schema))


def _paired(left: Rel, right: Rel) -> Rel:
    return Join(left, right, ())


def _leaves(rel: Rel) -> Iterator[Rel]:
    if isinstance(rel, Join):
        yield from _leaves(rel.left)
        yield from _leaves(rel.right)
    else:
        yield rel


def _predicates(rel: Rel) -> Iterator[Scalar]:
    if isinstance(rel, Join):
        yield from _predicates(rel.left)
        yield from _predicates(rel.right)
        yield from rel.on


def _replaced(storage: Storage, anew: str) -> Iterator[str]:
    yield f"DELETE FROM {storage.table};"
    yield f"INSERT INTO {storage.table} ({', '.join(storage.inserted)}) TABLE {anew};"
    yield "GET DIAGNOSTICS rows_changed = ROW_COUNT;"


def _differing(storage: Storage, anew: str) -> Iterator[str]:
    """Rows that look as before stay."""
    names, where = storage.inserted, storage.matches("t", "d")
    yield f"DELETE FROM {storage.table} t WHERE NOT EXISTS (\n  SELECT FROM {anew} d\n  WHERE {where});"
    yield "GET DIAGNOSTICS changed = ROW_COUNT;"
    yield f"MERGE INTO {storage.table} t USING {anew} d ON {where}"
    yield f"WHEN MATCHED AND {row('t', names)} *<> {row('d', names)} {assignment(names)}"
    yield f"WHEN NOT MATCHED {insertion(names)};"
    yield "GET DIAGNOSTICS rows_changed = ROW_COUNT;"
    yield "rows_changed := rows_changed + n.changed;"
