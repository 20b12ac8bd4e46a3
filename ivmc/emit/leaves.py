"""Changes that statements read straight from where they lie: which, and how many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ivmc.emit.query import Queries
from ivmc.emit.steps import Steps
from ivmc.ir import Carried, Delta, Filter, Project, Rel, Scan, walk
from ivmc.scalar import Col, fresh

Table = tuple[str, str]


@dataclass
class Reads:
    """How a program reads the changes of a captured table; selections are each with a variable.

    counted  selections of which statements read the number of rows
    folded   what is summed up where it lies, whatever its number
    whole    is the number of all changes read?
    staged   do they go through a stage that others read?
    """

    counted: dict[str, str] = field(default_factory=dict)
    folded: dict[str, str] = field(default_factory=dict)
    whole: bool = False
    staged: bool = False


@dataclass
class Leaves(Steps):
    """Steps that know what is read of the changes of each table.

    pending    per changed table, the variable that counts its changes
    reads      per captured table, what is read of its changes
    """

    queries: Queries = field(kw_only=True)
    pending: dict[Table, str] = field(default_factory=dict)
    reads: dict[Table, Reads] = field(default_factory=lambda: defaultdict(Reads))

    def is_leaf(self, rel: Rel) -> bool:
        """A row-wise function of one source's changes, read straight from where they lie."""
        match rel:
            case Delta() | Carried():
                return True
            case Filter(input, _) | Project(input, _):
                return self.is_leaf(input)
            case _:
                return False

    def count(self, leaf: Rel) -> None:
        """Have a variable hold the number of rows of a leaf."""
        if leaf in self.queries.counts or any(isinstance(node, Carried) for node in walk(leaf)):
            return
        source = next(node for node in walk(leaf) if isinstance(node, Delta)).scan
        table = source.relation.schema, source.relation.name
        if not self.queries.is_captured(source):
            whole = not any(isinstance(node, Filter) for node in walk(leaf))
            self.queries.counts[leaf] = self.pending[table] if whole else self.counted_here(leaf, source)
        elif condition := self.queries.selection(leaf, "b"):
            self.queries.counts[leaf] = self.variable_of(condition, self.reads[table].counted, source)
        else:
            self.reads[table].whole = True
            self.queries.counts[leaf] = self.pending[table]

    def variable_of(self, condition: str, known: dict[str, str], source: Scan) -> str:
        """The variable of a selection of captured changes: all of a source are counted in one pass."""
        if condition not in known:
            known[condition] = self.variable(source.alias)
        return known[condition]

    def fold(self, leaf: Rel) -> None:
        """Note that a leaf is read where it lies, and by itself: what it costs is told by a look at it."""
        source = next((node.scan for node in walk(leaf) if isinstance(node, Delta)), None)
        if source is not None and self.queries.is_captured(source):
            table = source.relation.schema, source.relation.name
            folded, condition = self.reads[table].folded, self.queries.selection(leaf, "b")
            folded[condition] = (
                self.variable_of(condition, folded, source) if condition else self.pending[table]
            )

    def counted_here(self, leaf: Rel, source: Scan) -> str:
        """The variable of a selection of what an earlier stage has just handed on."""
        variable = self.variable(source.alias)
        self.queries.fresh_statement()
        body = self.queries.block(leaf).body
        with self.when(f"{self.pending[source.relation.schema, source.relation.name]} > 0"):
            self.emit(f"SELECT count(*) INTO {variable}", f"{body};")
        return variable


def combined(scans: Sequence[Scan]) -> tuple[Scan, dict[str, Col]]:
    """One scan with every column that any of several scans of a table reads, and these by name."""
    known = {column.name: fresh(column.name, column) for scan in scans for column in scan.schema}
    return replace(scans[0], alias=scans[0].relation.name, schema=tuple(known.values())), known
