"""The refresh function, around the steps of its stages: decide, recompute or maintain, clean up."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ivmc.emit import anew, counting, fold, narrowing, reread, store
from ivmc.emit.function import refresh_function
from ivmc.emit.program import Program
from ivmc.emit.query import Queries
from ivmc.emit.storage import Storage
from ivmc.emit.text import indent
from ivmc.emit.work import Work
from ivmc.ir import Join, walk
from ivmc.names import fitted, identifier, literal, qualified
from ivmc.rules import join

FEW = 1000  # rows that are deleted from a temporary table faster than it is truncated
TURNS = 17  # refreshes between two looks at what such tables have grown to; sessions may take turns
VARIABLES = {
    "changed": "bigint := 0",
    "pending": "bigint := 0",
    "rough": "boolean",  # is `pending` an estimate?
    "thinned": "double precision",  # of how many pages one was looked at
    "expected": "double precision",  # ms that a delta would take
}


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
        program = Program(self.id, queries=self.queries, variables=dict(VARIABLES))
        program.pending = {table: program.variable(f"{table[1]}_changes") for table in self.tables}
        pending = dict(program.pending)
        narrowing.narrow(program, narrowing.narrowed([storage.stage.input for storage in self.storages]))
        for i, storage in enumerate(self.storages):
            last = i == len(self.storages) - 1
            program.comment(f"Stage {storage.stage.name}" + (": what the view shows" if last else ""))
            _maintain(Work(program, storage.stage, storage, last))
            for reads in () if last else program.reads.values():
                reads.staged = True
        steps = [
            *counting.counts(program, pending, chooses=self.chooses),
            *self.assumptions(pending),
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
{declared}
BEGIN
  rows_in := 0;
  rows_changed := 0;
{inner}
END """,
        )

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


def _maintain(work: Work) -> None:
    """Write the part of the program that maintains one stage."""
    stage = work.stage
    if stage.op is None:
        store.write(work)
    elif stage.fold is None:
        reread.write(work, stage.op)
    else:
        fold.write(work, stage.op, stage.fold)


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
    if not program.temporary:
        return []
    tables = {name: f"pg_temp.{identifier(name)}" for name in program.temporary}
    return [
        *(
            f"IF {count} > {FEW} THEN TRUNCATE {tables[name]}; "
            f"ELSIF {count} > 0 THEN DELETE FROM {tables[name]}; END IF;"
            for name, (_, count) in program.temporary.items()
        ),
        f"IF frontier.refreshes % {TURNS} = 0 THEN",
        f"  PERFORM ivmc.reclaim({', '.join(map(literal, tables.values()))});",
        "END IF;",
    ]
