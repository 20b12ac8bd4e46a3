"""How many changes wait: none, few or many, and what follows from that.

Few are counted, and one generic plan serves them. Of many, some pages are looked at first, which tells
what a delta will cost; where that is more than to compute everything, nothing is counted at all. Else
those sources are counted of which a statement reads the number of rows (law 32), and no others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ivmc.emit.capture import BACKLOG, NARROWEST, SMALL, buffer_name, unread
from ivmc.emit.function import advance
from ivmc.emit.leaves import Reads, Table
from ivmc.emit.program import Program
from ivmc.emit.text import derived, indent, listing
from ivmc.names import SCHEMA, literal, qualified

PAGE = 8192  # bytes, as PostgreSQL is mostly built
LOOKED_AT, GLANCED_AT = 250, 60  # pages of change buffers that are looked at, where all is counted, and else
SHARE = 0.005  # and of very large ones this share
SEVERAL = 1000  # changes of which no plan may suppose that they are one
READ, FOLDED, PROBED, STAGED = 0.3, 0.5, 2.5, 5.0  # µs per change, where nothing has been learned yet
EARLY, LESS = 20_000, 0.8  # of a rate that this many changes have taught, what many more cost


@dataclass(frozen=True)
class Waiting:
    """The changes of one source that wait; `count` is the variable that holds their number."""

    table: Table
    count: str
    reads: Reads

    @property
    def buffer(self) -> str:
        return qualified(SCHEMA, buffer_name(*self.table))

    @property
    def is_counted(self) -> bool:
        """Does a statement read their number?"""
        return self.reads.whole or bool(self.reads.counted)

    def counting(self, selected: Iterable[str], sample: str = "", scale: str = "") -> str:
        """A subquery for their number, and for those of some selections."""
        tests = ["", *(f" FILTER (WHERE {condition})" for condition in selected)]
        counts = [f"{scale}count(*){test}" for test in tests]
        sql = f"{listing(counts, 'SELECT')}\nFROM {self.buffer} b{sample}\nWHERE {unread('b', 'frontier')}"
        return derived(sql, self.count.removeprefix("n."))

    def cost(self) -> str:
        """What they are supposed to take, in µs."""
        terms = [f"{READ} * {self.count}", *(f"{FOLDED} * {found}" for found in self.reads.folded.values())]
        if self.is_counted:
            passing = (
                self.count if self.reads.whole else f"greatest({', '.join(self.reads.counted.values())})"
            )
            terms.append(f"{STAGED if self.reads.staged else PROBED} * {passing}")
        return " + ".join(terms)


def counts(program: Program, pending: Mapping[Table, str], *, chooses: bool) -> list[str]:
    """Count what waits, move the frontier unless nothing does, and decide."""
    sources = [Waiting(table, count, program.reads[table]) for table, count in pending.items()]
    if not sources:
        return [*advance(), "strategy := 'differential';"]
    total = f"n.pending := {' + '.join(source.count for source in sources)};"
    return [
        *_glance(sources, total),
        f"n.rough := n.pending > {SMALL};",
        "IF NOT n.rough THEN",
        *map(indent, [*_counted(sources), total]),
        "END IF;",
        "IF n.pending = 0 AND NOT recompute THEN",
        *map(indent, _idle(sources)),
        "  RETURN;",
        "END IF;",
        *advance(),
        "strategy := 'differential';",
        f"IF n.pending > {SMALL} THEN",
        "  PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);",
        *map(indent, _choice(sources) if chooses else ()),
        "  IF NOT recompute THEN",
        *(indent(line, 4) for line in _exactly(sources, total)),
        "  END IF;",
        "END IF;",
        f"IF n.pending > {SEVERAL} AND NOT recompute THEN",
        *(indent(line) for source in sources for line in _reckoned(source)),
        "END IF;",
    ]


def _glance(sources: Sequence[Waiting], total: str) -> list[str]:
    """Whether there may be many; where there are very many, about how many, from some pages."""
    pairs = [(source, [*source.reads.counted.items(), *source.reads.folded.items()]) for source in sources]
    told = [(source, [(test, found) for test, found in known if test]) for source, known in pairs]
    sample = " TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)"
    looks = [source.counting([test for test, _ in known], sample, "n.thinned * ") for source, known in told]
    size = " + ".join(f"pg_relation_size({literal(source.buffer)})" for source in sources)
    pages = LOOKED_AT if all(source.is_counted for source in sources) else GLANCED_AT
    beyond = f"WHERE b.ctid >= '({SMALL * NARROWEST // PAGE},0)'"
    return [
        f"IF {_any(sources, beyond)} THEN",
        f"  n.thinned := {size};",
        f"  n.thinned := greatest(1, n.thinned / ({pages * PAGE} + {SHARE} * n.thinned));",
        "  IF n.thinned > 1 THEN",
        "    -- Some pages tell about how many changes there are",
        "    SELECT *",
        indent(listing([name for s, known in told for name in (s.count, *dict(known).values())], "INTO"), 4),
        indent(f"FROM {', '.join(looks)};", 4),
        f"    {total}",
        "  END IF;",
        "END IF;",
    ]


def _counted(sources: Sequence[Waiting]) -> list[str]:
    """How many changes of each source wait, and how many of them are in each selection."""
    names = [name for source in sources for name in (source.count, *source.reads.counted.values())]
    counts = ", ".join(source.counting(source.reads.counted) for source in sources)
    return ["SELECT *", listing(names, "INTO"), f"FROM {counts};"]


def _exactly(sources: Sequence[Waiting], total: str) -> list[str]:
    """Count those of which a number is read, and those of which no page told."""
    read = [source for source in sources if source.is_counted]
    lines = _counted(read) if read else []
    for source in sources:
        if not source.is_counted:
            lines += [f"IF {source.count} = 0 THEN", *map(indent, _counted([source])), "END IF;"]
    return ["IF n.rough THEN", *map(indent, [*lines, total]), "END IF;"]


def _choice(sources: Sequence[Waiting]) -> list[str]:
    """Recompute where a delta is expected to take longer.

    That is told by what the last ones took per change; before any, by what the changes have before them.
    """
    cost = f"\n{' ' * 4}+ ".join(source.cost() for source in sources)
    return [
        f"n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * ({cost}));",
        f"IF frontier.rows_most < least({EARLY}, n.pending / 3) AND frontier.ms_per_row IS NOT NULL THEN",
        f"  n.expected := {LESS} * n.expected;",
        "END IF;",
        "IF n.expected > frontier.ms_full AND NOT recompute THEN",
        "  recompute := true;",
        "  reason := format('about %s ms for %s changes, and %s ms for all rows', round(n.expected),",
        "    n.pending, round(frontier.ms_full));",
        "END IF;",
    ]


def _reckoned(source: Waiting) -> list[str]:
    return [
        f"IF {source.count} > {SEVERAL} THEN",
        f"  PERFORM ivmc.reckon({literal(source.buffer)}, {source.count});",
        "END IF;",
    ]


def _idle(sources: Sequence[Waiting]) -> list[str]:
    """What a refresh without changes does."""
    return [
        "-- Nothing to do, unless old changes wait for this view to be trimmed",
        f"IF n.thinned IS NOT NULL AND ({_any(sources, f'OFFSET {BACKLOG}')}) THEN",
        *map(indent, advance(works=False)),
        "  strategy := 'idle';",
        "END IF;",
    ]


def _any(sources: Sequence[Waiting], condition: str) -> str:
    """Whether any of the buffers holds such rows."""
    return "\n  OR ".join(f"EXISTS (SELECT FROM {source.buffer} b {condition})" for source in sources)
