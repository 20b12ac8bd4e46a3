"""Changes that can matter: where a source is always joined with few rows, those that meet one of them.

    ΔX ⋈ T  =  (ΔX ⋉ (T′ ∪ ΔT)) ⋈ T

Several statements read the changes of a source that occurs more than once, each time all of them, to
drop those that do not meet the same few rows. These are dropped first, in one pass (planner rule 18).

Only joins say what must be met: in `X LEFT JOIN T` a change matters without a partner. And not where a
foreign key refers to X: there all changes of a key are weighed against one another (law 5).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ivmc.emit.leaves import combined
from ivmc.emit.program import BUSY, Program
from ivmc.emit.text import declared, text
from ivmc.ir import Aggregate, Delta, Filter, Join, Match, Net, Project, Rel, Scan, bottom_up, inputs, walk
from ivmc.names import SCHEMA, identifier
from ivmc.predicate import equated
from ivmc.rules import join
from ivmc.scalar import NOT, Col, Scalar, is_fallible, substitute

Table = tuple[str, str]
Meeting = tuple[str, Table, str, str]  # a column, the other table, its column, and its filter as text


@dataclass(frozen=True)
class Narrowed:
    """Changes of `scan`, with all columns that are read of it, by what they have to meet."""

    scan: Scan
    few: Filter
    on: tuple[Scalar, ...]


def narrowed(relations: Sequence[Rel]) -> dict[Table, Narrowed]:
    """The sources of which many changes can be dropped at once, where several places read them."""
    scans = [node for rel in relations for node in _occurrences(rel) if node.relation.schema != SCHEMA]
    met = [found for rel in relations for found in _met(rel)]
    kept = {_table(one) for rel in relations for one in _referred(rel)}
    found: dict[Table, Narrowed] = {}
    for table, n in Counter(map(_table, scans)).items():
        meetings = [meeting for scan, meeting in met if _table(scan) == table]
        shared = set.intersection(*map(set, meetings)) if len(meetings) == n > 1 else set()
        chosen = min((meeting for meeting in shared if meeting[1] not in found), default=None)
        if chosen and table not in kept:
            found[table] = _narrowed([s for s in scans if _table(s) == table], meetings[0][chosen])
    return found


def narrow(program: Program, sources: Mapping[Table, Narrowed]) -> None:
    """Write the steps that carry the changes that matter; what follows reads these alone."""
    for table, source in sources.items():
        change = Delta(source.scan)
        kinds = {column: declared(column) for column in source.scan.schema}
        target = program.table(f"{source.scan.relation.name}_met", kinds)
        count = program.queries.counts.pop(target)
        few, other = source.few, _table(next(n for n in walk(source.few) if isinstance(n, Scan)))
        program.comment(f"Changes of {table[1]} that meet one of few rows")
        with program.when(f"{program.pending[table]} > 0"):
            program.insert(target, Match(change, few, source.on), count)
            if other in program.pending:
                with program.when(f"{program.pending[other]} > 0"):
                    gone = bottom_up(few, lambda part: Delta(part) if isinstance(part, Scan) else part)
                    unmet = Match(change, few, source.on, negated=True)
                    program.insert(target, Match(unmet, gone, source.on), count)
        program.pending[table] = count
        program.queries.narrowed[table] = target.name


def _table(scan: Scan) -> Table:
    return scan.relation.schema, scan.relation.name


def _occurrences(rel: Rel) -> Iterator[Scan]:
    """Every place at which a table is read, shared ones as often as they are."""
    if isinstance(rel, Scan):
        yield rel
    for part in inputs(rel):
        yield from _occurrences(part)


def _referred(rel: Rel) -> Iterator[Scan]:
    """The tables whose changes are pruned by a foreign key."""
    found = (join.trusted(node) for node in walk(rel) if isinstance(node, Join))
    return (trusted[1] for trusted in found if trusted)


def _met(rel: Rel) -> Iterator[tuple[Scan, dict[Meeting, tuple[Filter, Col, Scalar]]]]:
    """The tables in the joins of a relation, each with what it meets there."""
    while isinstance(rel, Aggregate | Net):
        rel = rel.input
    parts, on = _joined(rel)
    scans = [scan for part in parts if (scan := _scan(part)) is not None]
    few = [(part, _scan(part)) for part in map(_filtered, parts) if part is not None]
    for scan in scans:
        meetings = {}
        for predicate in on:
            for mine, theirs in _both(equated(predicate)):
                for part, other in few:
                    if mine in scan.schema and other and theirs in other.schema and _is_few(other, scan):
                        meeting = mine.name, _table(other), theirs.name, _condition(part)
                        meetings[meeting] = part, mine, predicate
        yield scan, meetings


def _joined(rel: Rel) -> tuple[list[Rel], list[Scalar]]:
    """The operands of a tree of joins, and their conditions."""
    below = _below(rel)
    if isinstance(below, Join):
        sides = [_joined(below.left), _joined(below.right)]
        return [p for parts, _ in sides for p in parts], [*below.on, *(s for _, on in sides for s in on)]
    return [rel], []


def _scan(rel: Rel) -> Scan | None:
    below = _below(rel)
    return below if isinstance(below, Scan) else None


def _below(rel: Rel) -> Rel:
    """What row-wise operators stand on."""
    while isinstance(rel, Filter | Project):
        rel = rel.input
    return rel


def _filtered(rel: Rel) -> Filter | None:
    """A filter right over a table, of predicates that cannot fail."""
    match rel:
        case Project(input):
            return _filtered(input)
        case Filter(Scan(), predicates) if not any(map(is_fallible, predicates)):
            return rel
        case _:
            return None


def _both(pair: tuple[Col, Col] | None) -> Sequence[tuple[Col, Col]]:
    return () if pair is None else (pair, pair[::-1])


def _is_few(other: Scan, scan: Scan) -> bool:
    """Is a table much smaller, and not one that ivmc keeps?"""
    rows = other.relation.rows
    return other.relation.schema != SCHEMA and rows is not None and rows < BUSY * (scan.relation.rows or 0)


def _condition(part: Filter) -> str:
    return " AND ".join(text(test, lambda column: identifier(column.name), NOT) for test in part.predicates)


def _narrowed(scans: Sequence[Scan], meeting: tuple[Filter, Col, Scalar]) -> Narrowed:
    few, mine, predicate = meeting
    scan, columns = combined(scans)
    return Narrowed(scan, few, (substitute(predicate, {mine: columns[mine.name]}),))
