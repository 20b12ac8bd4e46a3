"""The refresh program: one PL/pgSQL function, one statement per law term.

For every stage: count what changed in each source; carry the terms of its delta into temporary
tables, each under the condition that its sources have changed at all; sum them up; MERGE. A step
knows the exact number of rows that the steps before it left (planner rule 2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from ivmc.emit.query import Queries, positional
from ivmc.emit.text import declared, indent
from ivmc.ir import (
    Aggregate,
    Carried,
    Delta,
    Expand,
    Filter,
    Join,
    Match,
    Negate,
    Net,
    Project,
    Rel,
    Union,
    bottom_up,
    empty,
    walk,
)
from ivmc.names import WEIGHT, fitted, identifier
from ivmc.optimise import simplify
from ivmc.scalar import Col

Terms = list[Rel]
Sink = Callable[[Rel], None]


@dataclass
class Program:
    """The text of one view's refresh function, while it is being written.

    variables  of PL/pgSQL, with their types
    temporary  the tables that carry rows between steps: their columns, and the count of their rows
    pending    per changed table, the variable that counts its changes
    carried    shared deltas, each with the temporary table that holds it
    """

    id: str
    queries: Queries
    lines: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    temporary: dict[str, tuple[str, str]] = field(default_factory=dict)
    pending: dict[tuple[str, str], str] = field(default_factory=dict)
    carried: dict[Rel, Rel] = field(default_factory=dict)
    depth: int = 0

    # Writing

    def emit(self, *lines: str) -> None:
        for line in lines:
            self.lines.append(indent(line, 2 * self.depth) if line else "")

    def comment(self, text: str) -> None:
        self.emit("", f"-- {text}")

    def variable(self, wanted: str) -> str:
        """A new bigint variable, 0 at the start, qualified by the block's label."""
        name, n = wanted, 1
        while name in self.variables:
            n += 1
            name = f"{wanted}_{n}"
        self.variables[name] = "bigint := 0"
        return f"n.{identifier(name)}"

    @contextmanager
    def when(self, condition: str) -> Iterator[None]:
        """Statements that run under a condition; what they count or carry is known to them alone."""
        self.emit(f"IF {condition} THEN")
        with self.branch():
            yield
        self.emit("END IF;")

    @contextmanager
    def branch(self) -> Iterator[None]:
        """One arm of an IF."""
        counts, carried = dict(self.queries.counts), dict(self.carried)
        self.depth += 1
        yield
        self.depth -= 1
        self.queries.counts, self.carried = counts, carried

    def table(self, suffix: str, columns: Mapping[Col, str], *, signed: bool = True) -> Carried:
        """A temporary table of these columns and types, kept for the session, and its count of rows."""
        name, n = fitted(self.id, f"__{suffix}"), 1
        while name in self.temporary:
            n += 1
            name = fitted(self.id, f"__{suffix}_{n}")
        names = positional(tuple(columns))
        lines = [f"{identifier(names[column])} {kind}" for column, kind in columns.items()]
        lines += [f"{WEIGHT} bigint"] if signed else []
        carried = Carried(name, tuple(columns), signed)
        count = self.variable(suffix)
        self.temporary[name] = (", ".join(lines), count)
        self.queries.counts[carried] = count
        return carried

    # Deltas

    def is_leaf(self, rel: Rel) -> bool:
        """A row-wise function of one source's changes, read straight from where they lie."""
        match rel:
            case Delta() | Carried():
                return True
            case Filter(input, _) | Project(input, _):
                return self.is_leaf(input)
            case _:
                return False

    def changes(self, rel: Rel) -> bool:
        """Does a relation read any change?"""
        return any(isinstance(node, Delta | Carried) for node in walk(rel))

    def count(self, leaf: Rel) -> None:
        """Have a variable hold the number of rows of a leaf."""
        if leaf in self.queries.counts or isinstance(leaf, Carried):
            return
        source = next(node for node in walk(leaf) if isinstance(node, Delta)).scan
        pending = self.pending[source.relation.schema, source.relation.name]
        if not any(isinstance(node, Filter) for node in walk(leaf)):
            self.queries.counts[leaf] = pending
            return
        variable = self.variable(source.alias)
        self.queries.fresh_statement()
        block = self.queries.block(leaf)
        with self.when(f"{pending} > 0"):
            self.emit(f"SELECT count(*) INTO {variable}", f"{block.body};")
        self.queries.counts[leaf] = variable

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
            case Join(left, right, on):
                return Join(self.operand(left), self.operand(right), on)
            case Match(left):
                return replace(rel, left=self.operand(left))
            case Negate(input) | Filter(input) | Project(input) | Expand(input):
                part = self.operand(input) if isinstance(input, Aggregate) else self.prepared(input)
                return replace(rel, input=part)
            case Net(input) | Aggregate(input):
                return replace(rel, input=self.operand(input))
            case _:
                return rel

    def operand(self, rel: Rel) -> Rel:
        """What a term reads: grouped deltas and sums of deltas from a temporary table, else as it is."""
        if (
            rel not in self.carried
            and self.changes(rel)
            and (isinstance(rel, Net | Aggregate) or len(self.terms(rel)) > 1)
        ):
            self.carried[rel] = self.carry(rel)
        return self.prepared(rel)

    def gathered(self, rel: Rel) -> Rel:
        """A whole delta, counted: a leaf as it is, anything else in a temporary table."""
        if rel not in self.carried and not self.is_leaf(rel):
            self.carried[rel] = self.carry(rel)
        return self.prepared(rel)

    def carry(self, rel: Rel) -> Rel:
        """Run the terms of a delta into a temporary table."""
        suffix = {Net: "net", Aggregate: "touched"}.get(type(rel), "delta")
        carried = self.table(suffix, {column: declared(column) for column in rel.schema})
        count = self.queries.counts.pop(carried)
        self.run_terms(rel, lambda term: self.insert(carried, term, count))
        self.queries.counts[carried] = count
        return carried

    def insert(self, target: Carried, rel: Rel, count: str) -> None:
        """INSERT of signed rows into a temporary table."""
        self.queries.fresh_statement()
        outputs = [(name, column) for column, name in positional(target.schema).items()]
        select = self.queries.select(rel, outputs, weight=WEIGHT)
        self.run(f"INSERT INTO pg_temp.{identifier(target.name)}\n{select};", count)

    def run(self, statement: str, total: str) -> None:
        """A statement whose rows are added to a count."""
        self.variables["step"] = "bigint"
        self.emit(statement, f"GET DIAGNOSTICS step = ROW_COUNT; {total} := {total} + n.step;")

    def run_terms(self, rel: Rel, sink: Sink) -> None:
        """Every term of a delta into a sink, each only where all that it is made of has changed.

        Where the tables that are joined after the two largest have not changed, which is the rule,
        they are joined in one statement.
        """
        spine = self.spine(rel)
        size = [max(map(self.rows, self.sides(one)), default=0.0) for one in spine]
        busiest = size.index(max(size)) if spine else 0
        core, rest = (spine[busiest], spine[busiest + 1 :]) if spine else (rel, [])
        if len(rest) < 2:
            self.run_plain(rel, sink)
            return
        base = self.gathered(core)
        unchanged = [leaf for join in rest for leaf in self.sides(join)]
        for leaf in unchanged:
            self.gathered(leaf)
        counts = [self.queries.counts[self.carried.get(leaf, leaf)] for leaf in unchanged]
        quiet = self.without(rel, core, base, unchanged)
        self.emit(f"IF {' AND '.join(f'{count} = 0' for count in counts)} THEN")
        with self.branch():
            self.run_plain(quiet, sink)
        self.emit("ELSE")
        with self.branch():
            self.run_plain(rel, sink)
        self.emit("END IF;")

    def run_plain(self, rel: Rel, sink: Sink) -> None:
        for term in self.terms(rel):
            ready = self.prepared(term)
            with self.when(" AND ".join(f"{guard} > 0" for guard in self.guards(ready))):
                sink(ready)

    def guards(self, rel: Rel) -> list[str]:
        """The counts that must not be zero for a term to have rows."""
        if rel in self.queries.counts:
            return [self.queries.counts[rel]]
        match rel:
            case Join(left, right, _):
                return list(dict.fromkeys(self.guards(left) + self.guards(right)))
            case Match(left):
                return self.guards(left)
            case (
                Filter(input) | Project(input) | Expand(input) | Negate(input) | Net(input) | Aggregate(input)
            ):
                return self.guards(input)
            case _:
                return []

    def spine(self, rel: Rel) -> list[Rel]:
        """The nested sums of a left-deep join's delta, innermost first: ΔP₂, ΔP₃, …, ΔPₙ."""
        join = next((t for t in self._joins(rel) if self._grows(t)), None)
        if join is None:
            return [rel] if self._joins(rel) else []
        return [*self.spine(join.left), rel]

    def _joins(self, rel: Rel) -> list[Join]:
        found = []
        for term in self.terms(rel):
            node = term
            while isinstance(node, Filter | Project | Negate):
                node = node.input
            if isinstance(node, Join):
                found.append(node)
        return found

    def _grows(self, join: Join) -> bool:
        """Is this ΔP ⋈ R′, with ΔP itself a sum?"""
        return self.changes(join.left) and not self.is_leaf(join.left) and not self.changes(join.right)

    def sides(self, rel: Rel) -> list[Rel]:
        """ΔR of P ⋈ R, from the terms of Δ(P ⋈ R)."""
        return [j.right for j in self._joins(rel) if self.changes(j.right) and not self.changes(j.left)]

    def rows(self, rel: Rel) -> float:
        """How many rows the changed table has, 0 where nobody knows."""
        scans = [node.scan for node in walk(rel) if isinstance(node, Delta)]
        return max((scan.relation.rows or 0.0 for scan in scans), default=0.0)

    def without(self, rel: Rel, core: Rel, base: Rel, unchanged: Iterable[Rel]) -> Rel:
        """`rel` where the core is at hand and the other sources have not changed."""
        gone = set(unchanged)

        def rewrite(node: Rel) -> Rel:
            if node == core:
                return base
            return empty(node.schema) if node in gone else node

        return simplify(bottom_up(rel, rewrite))
