"""The refresh program: one PL/pgSQL function, one statement per law term.

For every stage: count what changed in each source; carry the terms of its delta into temporary
tables, each under the condition that its sources have changed at all; sum them up; MERGE. A step
knows the exact number of rows that the steps before it left (planner rule 2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from ivmc.differentiate import derivatives
from ivmc.emit import nets
from ivmc.emit.driving import largest
from ivmc.emit.formula import formula
from ivmc.emit.leaves import Leaves
from ivmc.emit.query import positional
from ivmc.emit.text import declared
from ivmc.identity import scalars
from ivmc.ir import (
    Aggregate,
    Carried,
    Delta,
    Expand,
    Filter,
    Flips,
    Join,
    Match,
    Negate,
    Net,
    Outer,
    Project,
    Rel,
    Union,
    bottom_up,
    inputs,
    is_empty,
    walk,
    with_inputs,
)
from ivmc.names import WEIGHT, identifier
from ivmc.optimise import simplify
from ivmc.properties import fans_out, keys
from ivmc.scalar import Col, is_fallible

BUSY = 0.05  # share of the first table's rows that a table has which changes about as often
SUFFIXES = {Net: "net", Aggregate: "touched", Flips: "flips"}
Terms = list[Rel]
Sink = Callable[[Rel], None]


@dataclass
class Program(Leaves):
    """The steps of one view's refresh function, and the deltas that they carry.

    shared     changes that are netted in one pass, each with all of its pass
    carried    shared deltas, each with the temporary table that holds it
    original   deltas, each with what it is the delta of; several things may have the same one
    derived    the other way round
    """

    shared: dict[Rel, list[nets.Part]] = field(default_factory=dict)
    carried: dict[Rel, Rel] = field(default_factory=dict)
    original: dict[Rel, Rel] = field(default_factory=dict)
    derived: dict[Rel, Rel] = field(default_factory=dict)

    @contextmanager
    def branch(self) -> Iterator[None]:
        """One arm of an IF; what it counts or carries is known to it alone."""
        counts, carried = dict(self.queries.counts), dict(self.carried)
        with super().branch():
            yield
        self.queries.counts, self.carried = counts, carried

    def table(
        self, suffix: str, columns: Mapping[Col, str], *, signed: bool = True, single: bool = False
    ) -> Carried:
        """A temporary table of these columns and types, kept for the session, and its count of rows."""
        names = positional(tuple(columns))
        lines = [f"{identifier(names[column])} {kind}" for column, kind in columns.items()]
        lines += [f"{WEIGHT} bigint"] if signed else []
        name, count = self.kept(suffix, lines)
        carried = Carried(name, tuple(columns), signed, single)
        self.queries.counts[carried] = count
        return carried

    def changes(self, rel: Rel) -> bool:
        """Does a relation read any change?"""
        return any(isinstance(node, Delta | Carried) for node in walk(rel))

    def terms(self, rel: Rel) -> Terms:
        """A delta as a flat sum: row-wise operators and signs distribute over it."""
        match rel:
            case Union(inputs, _):
                return [term for arm in inputs for term in self.terms(arm)]
            case Filter(input, predicates) if not self.is_leaf(rel):
                return [Filter(term, predicates) for term in self.terms(input)]
            case Project(input, outputs) if not self.is_leaf(rel):
                return [Project(term, outputs) for term in self.terms(input)]
            case Expand(input):
                return [replace(rel, input=term) for term in self.terms(input)]
            case Negate(input):
                return [Negate(term) for term in self.terms(input)]
            case _:
                return [rel]

    def prepared(self, rel: Rel) -> Rel:
        """One term with its leaves counted and its shared parts carried."""
        if rel in self.carried:
            return self.carried[rel]
        if self.is_leaf(rel):
            self.count(rel)
            return rel
        match rel:
            case Join(left, Filter(Aggregate(input) as sums) as right, on) if (
                self.is_leaf(left) and right not in self.carried
            ):
                # A change beside sums: neither drives a probe, so both are read where they lie.
                read = with_inputs(sums, (self.operand(input),))
                return Join(self.prepared(left), with_inputs(right, (read,)), on)
            case Join(left, right, on):
                return Join(self.operand(left), self.operand(right), on)
            case Match(left, right) if self.changes(right):
                return replace(rel, left=self.operand(left), right=self.operand(right))
            case Outer(left) | Match(left) | Flips(left):
                return replace(rel, left=self.operand(left))
            case Filter(Aggregate() as sums):
                return replace(rel, input=self.prepared(sums))
            case Negate(input) | Filter(input) | Project(input) | Expand(input):
                part = self.operand(input) if isinstance(input, Aggregate) else self.prepared(input)
                return replace(rel, input=part)
            case Net(input) | Aggregate(input):
                return replace(rel, input=self.operand(input))
            case _:
                return rel

    def operand(self, rel: Rel) -> Rel:
        """What a term reads: grouped deltas, flips and sums from a temporary table, else as it is."""
        if rel in self.carried or self.is_leaf(rel) or not self.changes(rel):
            return self.prepared(rel)
        is_grouped = isinstance(rel, Net) or isinstance(_having(rel), Aggregate)
        if is_grouped or isinstance(_bare(rel), Flips) or len(self.terms(rel)) > 1:
            self.carried[rel] = self.carry(rel)
            return self.carried[rel]
        if isinstance(rel, Filter | Project):
            return with_inputs(rel, (self.operand(rel.input),))
        return self.prepared(rel)

    def gathered(self, rel: Rel) -> Rel:
        """A whole delta, counted: a leaf as it is, anything else in a temporary table."""
        if rel not in self.carried and not self.is_leaf(rel):
            self.carried[rel] = self.carry(rel)
        return self.prepared(rel)

    def carry(self, rel: Rel) -> Rel:
        """Run the terms of a delta into a temporary table."""
        if rel in self.shared:
            nets.carry(self, self.shared[rel])
            return self.carried[rel]
        suffix = SUFFIXES.get(type(_bare(rel)), "delta")
        kinds = {column: declared(column) for column in rel.schema}
        carried = self.table(suffix, kinds, single=frozenset() in keys(rel))
        count = self.queries.counts.pop(carried)
        self.run_terms(rel, lambda term: self.insert(carried, term, count))
        self.queries.counts[carried] = count
        return carried

    def term(self, target: Carried, rel: Rel) -> None:
        """Say what the next statement adds to a temporary table."""
        self.emit(f"-- {formula(target)} += {formula(rel)}")

    def insert(self, target: Carried, rel: Rel, count: str) -> None:
        """INSERT of signed rows into a temporary table."""
        self.term(target, rel)
        self.queries.fresh_statement()
        outputs = [(name, column) for column, name in positional(target.schema).items()]
        select = self.queries.select(rel, outputs, weight=WEIGHT)
        self.run(f"INSERT INTO pg_temp.{identifier(target.name)}\n{select};", count)

    def delta(self, rel: Rel) -> Rel:
        """Δ of a stateless relation."""
        found = {part: simplify(change) for part, change in derivatives(rel).items()}
        self.derived |= found
        self.original |= {change: part for part, change in found.items()}
        self.shared |= nets.shared(found[rel], self.queries)
        return found[rel]

    def run_terms(self, rel: Rel, sink: Sink) -> None:
        """Every term of a delta into a sink, each only where all that it is made of has changed.

        A left-deep join is a chain of prefixes P₁ ⋈ R₂, P₂ ⋈ R₃, … The change goes along it from the
        prefix that has the busiest table on; where no table after Pᵢ has changed, which is the rule
        for most, the rest is linear in Pᵢ, and is joined to ΔPᵢ in one statement.
        """
        chain = [part for part in _prefixes(self.original.get(rel)) if not is_empty(self.derived[part])]
        self.run_along(rel, chain[self.start(chain) :], sink)

    def start(self, chain: list[Rel]) -> int:
        """Where along the chain to begin: after what is carried already, else at the busiest table.

        The first table itself begins it where the others are much smaller, and none multiplies its rows.
        """
        done = [i for i, prefix in enumerate(chain) if self.derived[prefix] in self.carried]
        if done or not chain:
            return max(done, default=0)
        size = [largest(inputs(_bare(prefix))[1]) for prefix in chain]
        match _bare(chain[0]):
            case Join(first, right, on) if (
                max(size) < BUSY * largest(first)
                and not fans_out(right, on)
                and self.is_leaf(self.derived[first])
            ):
                chain.insert(0, first)
                return 0
            case _:
                return size.index(max(size))

    def run_along(self, rel: Rel, chain: Sequence[Rel], sink: Sink) -> None:
        """The rest of the way: `chain` has the prefixes of which the first can be had at once."""
        if len(chain) < 3:
            self.run_plain(rel, sink)
            return
        first, *later = chain
        base = self.gathered(self.derived[first])
        quiet = " AND ".join(f"{self.sized(side)} = 0" for prefix in later for side in self.sides(prefix))
        linear = bottom_up(self.original[rel], lambda part: base if part == first else part)
        if not quiet:
            self.run_plain(linear, sink)
            return
        self.emit(f"IF {quiet} THEN")
        with self.branch():
            self.run_plain(linear, sink)
        self.emit("ELSE")
        with self.branch():
            self.run_along(rel, later, sink)
        self.emit("END IF;")

    def sized(self, rel: Rel) -> str:
        """The variable that holds the number of rows of a whole delta."""
        self.gathered(rel)
        return self.queries.counts[self.carried.get(rel, rel)]

    def sides(self, prefix: Rel) -> list[Rel]:
        """The changes of R by which terms of Δ(P ⋈ R) are driven."""
        terms = map(_bare, self.terms(self.derived[prefix]))
        sides = (term.right for term in terms if isinstance(term, Join) and self.changes(term.right))
        return list(dict.fromkeys(side if self.is_leaf(side) else _bare(side) for side in sides))

    def run_plain(self, rel: Rel, sink: Sink) -> None:
        """Each term; one that is read once, where it lies, need not be counted."""
        for term in self.terms(rel):
            if self.is_leaf(term):
                self.fold(term)
            ready = term if self.is_leaf(term) else self.prepared(term)
            with self.when(" AND ".join(f"{guard} > 0" for guard in self.guards(ready))):
                sink(ready)

    def guards(self, rel: Rel) -> list[str]:
        """The counts that must not be zero for a term to have rows."""
        if rel in self.queries.counts:
            return [self.queries.counts[rel]]
        match rel:
            case Delta(scan):
                return [self.pending[scan.relation.schema, scan.relation.name]]
            case Join(left, right, _):
                return list(dict.fromkeys(self.guards(left) + self.guards(right)))
            case Outer(left) | Match(left) | Flips(left):
                return self.guards(left)
            case (
                Filter(input) | Project(input) | Expand(input) | Negate(input) | Net(input) | Aggregate(input)
            ):
                return self.guards(input)
            case _:
                return []


def _having(rel: Rel) -> Rel:
    """What a filter stands on."""
    return rel.input if isinstance(rel, Filter) else rel


def _bare(rel: Rel) -> Rel:
    """What row-wise operators and signs stand on."""
    while isinstance(rel, Filter | Project | Negate):
        rel = rel.input
    return rel


def _prefixes(rel: Rel | None) -> list[Rel]:
    """The joins and matches of a left-deep tree, innermost first, each with the columns that are read.

    They go as far down as nothing that can fail is in between: that would have to see net rows.
    """
    below = rel
    while isinstance(below, Filter | Project) and not any(map(is_fallible, scalars(below))):
        below = below.input
    return [*_prefixes(below.left), rel] if rel and isinstance(below, Join | Outer | Match) else []
