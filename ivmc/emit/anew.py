"""Recomputation: every stage anew, of which what differs from its table is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import reduce

from ivmc.emit.described import described
from ivmc.emit.query import Queries
from ivmc.emit.storage import Storage, stored_form
from ivmc.emit.text import indent, listing
from ivmc.emit.work import assignment, insertion, row
from ivmc.ir import Filter, Join, Match, Project, Rel, inputs, same, with_inputs
from ivmc.names import fitted, identifier
from ivmc.properties import keys
from ivmc.scalar import COMPARISONS, Expression, Scalar, columns


def recompute(storages: Sequence[Storage], queries: Queries) -> list[str]:
    """PL/pgSQL that fills every stage; `rows_changed` are those of the last one.

    CREATE TABLE AS can run in parallel, INSERT and MERGE cannot (planner rule 16).
    """
    return [
        "SET LOCAL random_page_cost TO DEFAULT;",
        *(step for storage in storages for step in _filled(storage, queries)),
    ]


def _filled(storage: Storage, queries: Queries) -> Iterator[str]:
    """One stage, computed beside its table."""
    anew = identifier(fitted(storage.stage.name, "__anew"))
    rows = described(stored_form(storage.stage, storage.stage.input))
    contents = storage.contents(queries, as_written(rows, queries))
    yield f"CREATE TEMPORARY TABLE {anew} ON COMMIT DROP AS"
    yield listing(storage.cast("q"), "SELECT")
    yield f"FROM (\n{indent(contents)}\n) q;"
    yield from (_differing if storage.searchable else _replaced)(storage, f"pg_temp.{anew}")
    yield f"DROP TABLE pg_temp.{anew};"


def as_written(rel: Rel, queries: Queries) -> Rel:
    """Inner joins in the order of the query's text, in which their columns were numbered.

    In another order of the same joins the planner has missed a plan that it finds for the text, whose
    cost it puts 8 % lower. What the text compares with a value is compared with a value.
    """
    memo: dict[Rel, Rel] = {}

    def visit(node: Rel) -> Rel:
        if node not in memo:
            found = with_inputs(node, tuple(map(visit, inputs(node))))
            if isinstance(node, Join):
                found = _joined(node, visit)
            elif isinstance(found, Match):
                found = _compared(found, queries)
            memo[node] = found
        return memo[node]

    return visit(rel)


def _compared(rel: Match, queries: Queries) -> Rel:
    """A semi join with one row at most, by comparisons, as a filter by values (planner rule 16)."""
    row = frozenset(rel.right.schema)
    own = tuple(p for p in rel.on if columns(p) <= row)
    tests = [_with_value(p, Filter(rel.right, own), queries) for p in rel.on if p not in own]
    plain = not rel.negated and rel.mark is None and frozenset() in keys(rel.right)
    return Filter(rel.left, tuple(filter(None, tests))) if plain and tests and all(tests) else rel


def _with_value(test: Scalar, rel: Rel, queries: Queries) -> Scalar | None:
    """A comparison, which no row satisfies where `rel` has none, with one side computed from its row."""
    row = frozenset(rel.schema)
    if not isinstance(test, Expression) or test.name not in COMPARISONS:
        return None
    inside = [bool(read := columns(side)) and read <= row for side in test.args]
    outside = [not columns(side) & row for side in test.args]
    if sorted(inside) != [False, True] or sum(outside) != 1:
        return None
    return replace(
        test, args=tuple(_value(s, rel, queries) if i else s for s, i in zip(test.args, inside, strict=True))
    )


def _value(scalar: Scalar, rel: Rel, queries: Queries) -> Scalar:
    queries.fresh_statement()
    sql = queries.select(rel, [("value", scalar)])
    return Expression("value", (f"(\n{indent(sql)}\n)",), (), scalar.type)


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
