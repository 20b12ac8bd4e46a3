"""The refresh function, around the steps of its stages: decide, recompute or maintain, clean up."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ivmc.emit import anew, fold, narrowing, reread, store
from ivmc.emit.capture import BACKLOG, NARROWEST, SMALL, buffer_name, unread
from ivmc.emit.function import advance, refresh_function
from ivmc.emit.program import Program
from ivmc.emit.query import Queries
from ivmc.emit.storage import Storage
from ivmc.emit.text import derived, indent, listing
from ivmc.emit.work import Work
from ivmc.ir import Join, walk
from ivmc.names import SCHEMA, fitted, identifier, literal, qualified
from ivmc.rules import join

WORTHWHILE_JOIN, WORTHWHILE_TABLE = 0.04, 0.25  # share of changes that is worth a delta
PAGE = 8192  # bytes, as PostgreSQL is mostly built
LARGE = 4_000_000  # bytes of change buffers that take longer to count than to look at some pages first
SAMPLE = "1e6"  # bytes of a change buffer that tell how many changes it holds, about
FEW = 1000  # rows that are deleted from a temporary table faster than it is truncated


@dataclass(frozen=True)
class Routine:
    """The PL/pgSQL of one view's refresh.

    `tables` are the sources, by schema and name; `chooses` is false where nothing but the delta
    was asked for.
    """

    id: str
    storages: Sequence[Storage]
    tables: Sequence[tuple[str, str]]
    queries: Queries
    chooses: bool

    def function(self) -> str:
        """CREATE FUNCTION."""
        program = Program(self.id, self.queries)
        program.pending = {table: program.variable(f"{table[1]}_changes") for table in self.tables}
        waiting = dict(program.pending)
        narrowing.narrow(program, narrowing.narrowed([storage.stage.input for storage in self.storages]))
        for i, storage in enumerate(self.storages):
            last = i == len(self.storages) - 1
            program.comment(f"Stage {storage.stage.name}" + (": what the view shows" if last else ""))
            _maintain(Work(program, storage.stage, storage, last))
        steps = [
            *self.counts(program, waiting),
            *self.assumptions(waiting),
            "IF recompute THEN",
            *map(indent, anew.recompute(self.storages, self.queries)),
            "  rows_in := n.pending;",
            "  strategy := 'full';",
            "  RETURN;",
            "END IF;",
            "",
            *_created(program),
            *program.lines,
            "",
            "rows_in := n.pending;",
            "rows_changed := n.changed;",
            *_emptied(program),
        ]
        declared = "\n".join(f"  {identifier(name)} {kind};" for name, kind in program.variables.items())
        inner = "\n".join(indent(step) if step else "" for step in steps)
        return refresh_function(
            self.id,
            f"""
#variable_conflict use_column
<<n>>
DECLARE
  changed bigint := 0;
  pending bigint := 0;
  most bigint;
{declared}
BEGIN
  rows_in := 0;
  rows_changed := 0;
{inner}
END """,
        )

    def counts(self, program: Program, pending: Mapping[tuple[str, str], str]) -> list[str]:
        """How many changes there are: none, few, or many, which are planned for (planner rule 5)."""
        if not self.tables:
            return [*advance(), "strategy := 'differential';"]
        waiting = list(pending.items())
        counted = [
            *_counted([(table, count, program.filtered.get(table, {})) for table, count in waiting]),
            f"n.pending := {' + '.join(count for _, count in waiting)};",
        ]
        return [
            *(self.unless_hopeless(counted) if self.chooses else counted),
            "IF n.pending = 0 AND NOT recompute THEN",
            *map(indent, self.idle()),
            "  RETURN;",
            "END IF;",
            *advance(),
            "strategy := 'differential';",
            f"IF n.pending > {SMALL} THEN",
            "  PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);",
            *map(indent, self.choice() if self.chooses else ()),
            "  IF NOT recompute THEN",
            *(f"    PERFORM ivmc.reckon({_buffer(table)}, {count});" for table, count in waiting),
            "  END IF;",
            "END IF;",
        ]

    def idle(self) -> list[str]:
        """What a refresh without changes does."""
        waits = _any(self.tables, f"OFFSET {BACKLOG}")
        return [
            "-- Nothing to do, unless old changes wait for this view to be trimmed",
            f"IF {f'n.most IS NOT NULL AND ({waits})' if self.chooses else waits} THEN",
            *map(indent, advance(works=False)),
            "  strategy := 'idle';",
            "END IF;",
        ]

    def unless_hopeless(self, counted: Sequence[str]) -> list[str]:
        """No more changes are counted than decide, and none where a sample tells that there are too many."""
        size = " + ".join(f"pg_relation_size({_buffer(table)})" for table in self.tables)
        beyond = f"WHERE b.ctid >= '({SMALL * NARROWEST // PAGE},0)'"
        return [
            f"IF {_any(self.tables, beyond)} THEN",
            *map(indent, self.worthwhile()),
            f"  IF {size} > {LARGE} THEN",
            *(indent(line, 4) for line in self.sampled()),
            "  END IF;",
            "END IF;",
            "IF n.pending <= coalesce(2 * n.most, 0) THEN",
            *map(indent, counted),
            "END IF;",
        ]

    def worthwhile(self) -> list[str]:
        """Up to how many changes a delta wins: by past refreshes, or a cautious share before any.

        A change costs less the more there are: a rate has the benefit of the doubt beyond what was tried.
        """
        share = WORTHWHILE_JOIN if len(self.tables) > 1 else WORTHWHILE_TABLE
        relations = ", ".join(f"{literal(qualified(*table))}::regclass" for table in self.tables)
        return [
            "n.most := frontier.ms_full / nullif(frontier.ms_per_row, 0);",
            "IF frontier.rows_most < 0.75 * n.most THEN",
            "  n.most := greatest(n.most, least(1.5 * n.most, 12 * frontier.rows_most));",
            "END IF;",
            "n.most := coalesce(n.most,",
            f"  {share} * (SELECT sum(greatest(c.reltuples, 1)) FROM pg_class c",
            f"    WHERE c.oid IN ({relations})));",
            f"n.most := greatest(n.most, {SMALL});",
        ]

    def sampled(self) -> list[str]:
        """A look at some pages first."""
        return [f"n.pending :=\n  {f'{chr(10)}  + '.join(map(_sampled, self.tables))};"]

    def assumptions(self, pending: Mapping[tuple[str, str], str]) -> list[str]:
        """Recompute where a foreign key is gone to which changes would be pruned (law 5)."""
        lines = []
        nodes = (node for storage in self.storages for node in walk(storage.stage.input))
        found = (join.trusted(node) for node in nodes if isinstance(node, Join))
        for many, one in dict.fromkeys((f[0].relation, f[1].relation) for f in found if f):
            why = literal(f"no foreign key from {many.name} to {one.name}")
            referring, target = (literal(qualified(r.schema, r.name)) for r in (many, one))
            lines += [
                f"IF {pending[one.schema, one.name]} > 0 AND NOT recompute THEN",
                "  recompute := NOT EXISTS (SELECT FROM pg_constraint c",
                f"    WHERE c.conrelid = {referring}::regclass AND c.confrelid = {target}::regclass",
                "      AND c.contype = 'f' AND c.convalidated AND NOT c.condeferrable);",
                f"  reason := CASE WHEN recompute THEN {why} END;",
                "END IF;",
            ]
        return lines

    def choice(self) -> list[str]:
        """Recompute where there are more changes than that."""
        return [
            "IF n.pending > n.most AND NOT recompute THEN",
            "  recompute := true;",
            "  reason := format('more than %s changes: to read all rows is faster, about %s ms',",
            "    n.most, round(frontier.ms_full::numeric));",
            "END IF;",
        ]


def _maintain(work: Work) -> None:
    """Write the part of the program that maintains one stage."""
    stage = work.stage
    if stage.op is None:
        store.write(work)
    elif stage.fold is None:
        reread.write(work, stage.op)
    else:
        fold.write(work, stage.op, stage.fold)


def _buffer(table: tuple[str, str]) -> str:
    return literal(qualified(SCHEMA, buffer_name(*table)))


def _sampled(table: tuple[str, str]) -> str:
    """About how many changes of a source wait, from as many pages of its buffer however large that is."""
    times = f"greatest(1, pg_relation_size({_buffer(table)}) / {SAMPLE})"
    buffer = f"{qualified(SCHEMA, buffer_name(*table))} b"
    sample = f"TABLESAMPLE SYSTEM (100 / {times}) REPEATABLE (0)"
    unseen = unread("b", "frontier")
    return f"(SELECT {times} * count(*)\n    FROM {buffer} {sample}\n    WHERE {unseen})"


def _any(tables: Sequence[tuple[str, str]], condition: str) -> str:
    """Whether any of the buffers holds such rows."""
    buffers = (f"{qualified(SCHEMA, buffer_name(*table))} b" for table in tables)
    return "\n  OR ".join(f"EXISTS (SELECT FROM {buffer} {condition})" for buffer in buffers)


def _counted(sources: Sequence[tuple[tuple[str, str], str, Mapping[str, str]]]) -> list[str]:
    """How many changes of each source wait, and how many of them are selected by each of some conditions."""
    counts = [
        derived(
            f"{listing(['count(*)', *map(_those, conditions)], 'SELECT')}\nFROM (\n"
            f"  SELECT * FROM {qualified(SCHEMA, buffer_name(*table))} b\n"
            f"  WHERE {unread('b', 'frontier')}\n  LIMIT n.most + 1) b",
            count.removeprefix("n."),
        )
        for table, count, conditions in sources
    ]
    variables = (name for _, count, conditions in sources for name in (count, *conditions.values()))
    return ["SELECT *", listing(variables, "INTO"), f"FROM {', '.join(counts)};"]


def _those(condition: str) -> str:
    return f"count(*) FILTER (WHERE {condition})"


def _created(program: Program) -> list[str]:
    """The session's temporary tables, made at the first refresh and empty between refreshes.

    A table that is named for their columns tells whether they are those of this program: a session
    may have refreshed another one of the same name before the view was replaced.
    """
    if not program.temporary:
        return []
    made = [
        f"  CREATE TEMPORARY TABLE {identifier(name)} ({columns});"
        for name, (columns, _) in program.temporary.items()
    ]
    mark = fitted(program.id, f"__made_{hashlib.sha256(chr(10).join(made).encode()).hexdigest()[:8]}")
    tables = ", ".join(f"pg_temp.{identifier(name)}" for name in program.temporary)
    return [
        f"IF to_regclass({literal(f'pg_temp.{identifier(mark)}')}) IS NULL THEN",
        "  PERFORM set_config('client_min_messages', 'warning', true);",
        f"  DROP TABLE IF EXISTS {tables};",
        *made,
        f"  CREATE TEMPORARY TABLE {identifier(mark)} ();",
        "END IF;",
    ]


def _emptied(program: Program) -> list[str]:
    """DELETE or TRUNCATE of the temporary tables that this refresh has used."""
    lines = []
    for name, (_, count) in program.temporary.items():
        table = f"pg_temp.{identifier(name)}"
        lines.append(
            f"IF {count} > {FEW} THEN TRUNCATE {table}; ELSIF {count} > 0 THEN DELETE FROM {table}; END IF;"
        )
    return lines
