"""The indexes that a refresh wants on the query's tables.

Some it cannot do without: it would scan the table. Others spare most of what probes cost: where a
table is looked up by its key and few of its rows pass the query's filter, an index on those alone is
small, stays in the caches, and tells of a row that fails the filter without a look at it. Which
filters are passed by few, the server knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ivmc.emit.text import text
from ivmc.ir import Filter, Join, Match, Outer, Project, Rel, Scan, walk
from ivmc.names import SCHEMA, identifier, qualified
from ivmc.predicate import equated
from ivmc.properties import keys
from ivmc.rules import moving
from ivmc.scalar import NOT, Col, Expression, Logic, Scalar, columns, is_fallible
from ivmc.stages import Stage

LARGE = 10_000  # rows of a table that is not in the caches anyway


@dataclass(frozen=True, slots=True)
class Partial:
    """An index on the rows of a table that satisfy a condition, by a key."""

    table: str
    columns: tuple[str, ...]
    condition: str

    def __str__(self) -> str:
        return f"CREATE INDEX ON {self.table} ({', '.join(self.columns)}) WHERE {self.condition}"


# Those without which a refresh scans


def of_join(rel: Join | Outer | Match) -> Iterator[str]:
    """For each equated pair of tables, an index on both sides that serves the other's changes."""
    pairs: dict[tuple[Scan, Scan], list[str]] = {}
    scans = [node for node in walk(rel) if isinstance(node, Scan)]
    owner = {column: node for node in scans for column in node.schema}
    for predicate in rel.on:
        pair = equated(predicate)
        if pair is None or not all(column in owner for column in pair) or _computed(pair, owner):
            continue
        for a, b in (pair, pair[::-1]):
            pairs.setdefault((owner[a], owner[b]), []).append(a.name)
    for (table, _), names in pairs.items():
        yield from _wanted(table, names)


def _computed(pair: tuple[Col, Col], owner: Mapping[Col, Scan]) -> bool:
    """Is one side a value of groups, not what they are found by?"""
    tables = [(owner[column].relation, column.name) for column in pair]
    return any(t.schema == SCHEMA and not any(name in key for key in t.unique) for t, name in tables)


def of_match(rel: Match) -> Iterator[str]:
    """As for a join; where rows are compared with one moving value, an index on what is compared."""
    yield from of_join(rel)
    comparison = moving.compared(rel.right, rel.on)
    own = frozenset() if comparison is None else columns(comparison[0].args[0])
    for table in (node for node in walk(rel.left) if isinstance(node, Scan)):
        if names := [column.name for column in table.schema if column in own]:
            yield from _wanted(table, names)


def of_groups(stage: Stage) -> tuple[str, ...]:
    """An index by which the rows of one group are found."""
    assert stage.op is not None
    scans = [node for node in walk(stage.input) if isinstance(node, Scan)]
    renamed = {
        new: old for node in walk(stage.input) if isinstance(node, Project) for new, old in node.outputs
    }
    wanted = {renamed.get(key, key) for key in stage.op.keys} | set(stage.op.keys)
    found = [(node, [column.name for column in node.schema if column in wanted]) for node in scans]
    return tuple(line for node, names in found if names for line in _wanted(node, names))


def _wanted(table: Scan, columns: Sequence[str]) -> Iterator[str]:
    """An index on the columns, unless one that begins with any of them is there."""
    relation = table.relation
    present = [*relation.indexes, relation.primary_key, *relation.unique]
    if relation.schema == SCHEMA or any(index and index[0] in columns for index in present):
        return
    listed = ", ".join(map(identifier, dict.fromkeys(columns)))
    yield f"CREATE INDEX ON {qualified(relation.schema, relation.name)} ({listed})"


# Those on few rows


def partial(rel: Join | Match) -> Iterator[Partial]:
    """On the filtered tables that a join or match looks up by their keys."""
    equal = {column for predicate in rel.on for column in equated(predicate) or ()}
    for side in (rel.left, rel.right) if isinstance(rel, Match) else (rel.right,):
        match _bare(side):
            case Filter(Scan(relation) as scan, predicates) if relation.schema != SCHEMA and (
                relation.rows is None or relation.rows >= LARGE
            ):
                tests = [p for p in predicates if not is_fallible(p) and _is_immutable(p)]
                key = next((key for key in sorted(keys(scan), key=len) if key <= equal), None)
                if key and tests:
                    yield _on_few(scan, key, tests)
            case _:
                pass


def _bare(rel: Rel) -> Rel:
    return _bare(rel.input) if isinstance(rel, Project) else rel


def _is_immutable(scalar: Scalar) -> bool:
    """May it stand in an index? The cast of a literal is a constant to PostgreSQL: `'1995-03-15'::date`."""
    match scalar:
        case Expression("cast", _, (Expression("literal"),)):
            return True
        case Expression(args=args, stable=stable):
            return not stable and all(map(_is_immutable, args))
        case Logic(_, args):
            return all(map(_is_immutable, args))
        case _:
            return True


def _on_few(scan: Scan, key: frozenset[Col], tests: Sequence[Scalar]) -> Partial:
    relation = scan.relation
    condition = " AND ".join(text(test, lambda column: identifier(column.name), NOT) for test in tests)
    listed = tuple(identifier(column.name) for column in scan.schema if column in key)
    return Partial(qualified(relation.schema, relation.name), listed, condition)
