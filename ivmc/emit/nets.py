"""Net changes of one source, as several places select them: added up in one pass (planner rule 20).

    net(σₚ ΔR) and net(σ_q ΔR)  =  γ(ΔR; Σ w [p], Σ w [q])

EXISTS and NOT EXISTS over the same table read the same changes, one of them fewer perhaps. Their sums
stand beside one another in one temporary table, and each place reads the rows where its own is not zero.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ivmc.emit.block import Block
from ivmc.emit.formula import formula
from ivmc.emit.leaves import combined
from ivmc.emit.query import Queries
from ivmc.emit.text import declared, listed_as, listing, text
from ivmc.ir import Carried, Delta, Filter, Net, Project, Rel, Scan, same, walk
from ivmc.names import WEIGHT, identifier
from ivmc.scalar import Col, Scalar, substitute

if TYPE_CHECKING:
    from ivmc.emit.program import Program


@dataclass(frozen=True)
class Part:
    """net(σ ΔR) of plain columns, with its predicates over the columns of `scan`, each by its text."""

    rel: Net
    scan: Scan
    predicates: Mapping[str, Scalar]


def shared(rel: Rel, queries: Queries) -> dict[Rel, list[Part]]:
    """The nets in a delta that one pass can tell: of the same columns, and one of them of all the rows."""
    found = defaultdict(list)
    for part in _parts(rel, queries):
        relation = part.scan.relation
        found[relation.schema, relation.name, frozenset(c.name for c in part.rel.schema)].append(part)
    together = (parts for parts in found.values() if len(parts) > 1)
    whole = (parts for parts in together if any(part.predicates.keys() == _common(parts) for part in parts))
    return {part.rel: parts for parts in whole for part in parts}


def _parts(rel: Rel, queries: Queries) -> Iterator[Part]:
    for node in walk(rel):
        if isinstance(node, Net) and (scan := _source(node.input)) and queries.is_captured(scan):
            queries.fresh_statement()
            block = queries.block(node.input)
            shown = [block.values[column] for column in node.schema]
            names = [column.name for column in node.schema]
            plain = [value.name if isinstance(value, Col) else None for value in shown]
            if names == plain and len(set(names)) == len(names):
                named = {text(p, lambda c: identifier(c.name), 3): p for p in block.where}
                yield Part(node, scan, named)


def _source(rel: Rel) -> Scan | None:
    """Whose changes a row-wise function reads."""
    while isinstance(rel, Filter | Project):
        rel = rel.input
    return rel.scan if isinstance(rel, Delta) else None


def _common(parts: Sequence[Part]) -> frozenset[str]:
    return frozenset.intersection(*(frozenset(part.predicates) for part in parts))


def carry(program: Program, parts: Sequence[Part]) -> None:
    """Run the one pass, and let each net be read from its table."""
    common = _common(parts)
    kinds = list(dict.fromkeys(frozenset(part.predicates) - common for part in parts))
    weights = {kind: f"{WEIGHT}_{n}" if n > 1 else WEIGHT for n, kind in enumerate(kinds, start=1)}
    name, count = _summed(program, parts, weights)
    for part in parts:
        weight = weights[frozenset(part.predicates) - common]
        carried = Carried(name, part.rel.schema, among=weight if len(weights) > 1 else None)
        program.queries.counts[carried] = count
        program.carried[part.rel] = carried


def _summed(
    program: Program, parts: Sequence[Part], weights: Mapping[frozenset[str], str]
) -> tuple[str, str]:
    """A table of net changes with a weight for each selection of them, and the count of its rows."""
    queries = program.queries
    scan, known = combined([part.scan for part in parts])
    selected = _over(known, parts[0], _common(parts))
    leaf = Filter(Delta(scan), selected) if selected else Delta(scan)
    program.count(leaf)
    schema = tuple(known[column.name] for column in parts[0].rel.schema)
    types = [f"{identifier(column.name)} {declared(column)}" for column in schema]
    name, count = program.kept("net", [*types, *(f"{weight} bigint" for weight in weights.values())])
    with program.when(" AND ".join(f"{guard} > 0" for guard in program.guards(leaf))):
        queries.fresh_statement()
        rows = queries.block(leaf)
        sums = {weight: _sum(rows, known, parts, kind) for kind, weight in weights.items()}
        net = queries.netted(Net(Project(leaf, same(schema))), rows)
        net.having = " OR ".join(f"{total} <> 0" for total in sums.values())
        items = [listed_as(net.sql(column), column.name) for column in schema]
        items += [listed_as(total, weight) for weight, total in sums.items()]
        what = [*dict.fromkeys(formula(part.rel) for part in parts), *["side by side"] * (len(sums) > 1)]
        program.emit(f"-- {name.rpartition('__')[2]} += {', '.join(what)}")
        program.run(f"INSERT INTO pg_temp.{identifier(name)}\n{listing(items, 'SELECT')}\n{net.body};", count)
    return name, count


def _over(known: Mapping[str, Col], part: Part, names: Iterable[str]) -> tuple[Scalar, ...]:
    """Some predicates of a part, over the columns of the combined scan."""
    copies = {column: known[column.name] for column in part.scan.schema}
    return tuple(substitute(p, copies) for name, p in part.predicates.items() if name in names)


def _sum(rows: Block, known: Mapping[str, Col], parts: Sequence[Part], kind: frozenset[str]) -> str:
    """The net weight of those rows that satisfy the predicates of one kind of part."""
    tests = _over(known, next(part for part in parts if kind <= part.predicates.keys()), kind)
    selected = " AND ".join(rows.sql(test, 3) for test in tests)
    return f"coalesce(sum({rows.weight}) FILTER (WHERE {selected}), 0)" if tests else f"sum({rows.weight})"
