"""A staged query as a plan: storage, fill, the refresh function, and the view over it."""

from __future__ import annotations

from collections.abc import Sequence

from ivmc.catalog import Catalog
from ivmc.emit import fold, reread, store
from ivmc.emit.capture import buffer_name, unread
from ivmc.emit.full import source_kind
from ivmc.emit.function import refresh_function
from ivmc.emit.program import Program
from ivmc.emit.query import Queries
from ivmc.emit.storage import Storage
from ivmc.emit.text import indent, text
from ivmc.emit.work import Work
from ivmc.names import SCHEMA, WEIGHT, fitted, identifier, literal, qualified
from ivmc.plan import Source, Visible
from ivmc.scalar import Scalar
from ivmc.stages import Staged, sources

SMALL = 5000  # changed rows up to which one generic plan serves every refresh (PLANS.md 5)
WORTHWHILE_JOIN, WORTHWHILE_TABLE = 0.04, 0.1  # share of changed rows that is worth a delta (PLANS.md 15)


class Emission:
    """Everything that is emitted for one staged query."""

    def __init__(self, id: str, staged: Staged, names: Sequence[str], catalog: Catalog) -> None:
        self.id, self.staged, self.names, self.catalog = id, staged, names, catalog
        self.storages = [Storage(stage, catalog) for stage in staged.stages]
        scans = sources(staged.stages)
        self.tables = list(dict.fromkeys((s.relation.schema, s.relation.name) for s in scans))
        stages = {s.stage.name: (s.names, s.outputs) for s in self.storages}
        changes = {s.stage.name: fitted(s.stage.name, "__changes") for s in self.storages[:-1]}
        self.queries = Queries(
            catalog,
            stages,
            {t: buffer_name(*t) for t in self.tables},
            changes,
            is_new=unread("{alias}", "frontier"),
        )

    def sources(self) -> tuple[Source, ...]:
        """The captured tables: the columns that the view observes, and the key."""
        found = []
        scans = sources(self.staged.stages)
        for table in self.tables:
            relation = next(s.relation for s in scans if (s.relation.schema, s.relation.name) == table)
            observed = {
                c.name for s in scans if s.relation is relation or s.relation == relation for c in s.schema
            }
            wanted = observed | set(relation.primary_key)
            columns = tuple(c for c in relation.columns if c.name in wanted)
            kind = source_kind(relation)
            found.append(Source(*table, kind, columns, relation.primary_key, buffer_name(*table)))
        return tuple(found)

    def storage(self) -> tuple[str, ...]:
        return tuple(statement for storage in self.storages for statement in storage.create())

    def fill(self) -> tuple[str, ...]:
        return tuple(storage.fill(self.queries) for storage in self.storages)

    # The view

    def visible(self) -> Visible:
        """What the user's relation shows of the root table."""
        root = self.storages[-1]
        outputs = root.outputs

        def shown(scalar: Scalar) -> str:
            from ivmc.scalar import substitute

            return text(substitute(scalar, outputs), lambda column: identifier(root.names[column]))

        pairs = tuple(
            (name, shown(scalar)) for name, scalar in zip(self.names, self.staged.outputs, strict=True)
        )
        where = " AND ".join(f"({shown(scalar)})" for scalar in self.staged.where)
        return Visible(pairs, where or None)

    def view(self, schema: str, name: str) -> str:
        visible, root = self.visible(), self.storages[-1]
        items = [
            sql if sql == identifier(column) else f"{sql} AS {identifier(column)}"
            for column, sql in visible.columns
        ]
        lines = [
            f"CREATE VIEW {qualified(schema, name)} AS",
            "SELECT " + ",\n       ".join(items),
            f"FROM {root.table}",
        ]
        if root.is_bag:
            lines[-1] += f" CROSS JOIN generate_series(1, {WEIGHT})"
        if visible.where:
            lines.append(f"WHERE {visible.where}")
        return "\n".join(lines)

    # The refresh function

    def program(self) -> str:
        """CREATE FUNCTION of the refresh."""
        program = Program(self.id, self.queries)
        for i, storage in enumerate(self.storages):
            last = i == len(self.storages) - 1
            program.comment(f"Stage {storage.stage.name}" + (": what the view shows" if last else ""))
            maintain(Work(program, storage.stage, storage, last))
        steps = [
            *self.pending(),
            "IF recompute THEN",
            *self.recompute(),
            "END IF;",
            "",
            *self.temporary(program),
            *program.lines,
            "",
            "rows_in := n.pending;",
            "rows_changed := n.changed;",
            *self.emptied(program),
        ]
        declared = "\n".join(f"  {identifier(name)} {kind};" for name, kind in program.variables.items())
        inner = "\n".join(indent(step) if step else "" for step in steps)
        code = f"""
#variable_conflict use_column
<<n>>
DECLARE
  changed bigint := 0;
  pending bigint := 0;
  estimate double precision;
  small boolean := true;
{declared}
BEGIN
  strategy := 'differential';
{inner}
END """
        return refresh_function(self.id, code)

    def pending(self) -> list[str]:
        """How many changes there are, and what follows from it.

        One generic plan for small deltas; above, a plan for each size (PLANS.md 5). Recompute where
        the rate of past refreshes, or a cautious guess before there are any, says that it is faster.
        """
        if not self.tables:
            return []
        new = unread("b", "frontier")
        buffers = [f"{SCHEMA}.{identifier(buffer_name(*table))}" for table in self.tables]
        counts = [f"(SELECT count(*) FROM {buffer} b WHERE {new})" for buffer in buffers]
        names = ", ".join(f"{literal(qualified(*table))}::regclass" for table in self.tables)
        share = WORTHWHILE_JOIN if len(self.tables) > 1 else WORTHWHILE_TABLE
        pending = "\n  + ".join(counts)
        return [
            f"n.pending := {pending};",
            f"n.small := n.pending <= {SMALL};",
            "PERFORM set_config('plan_cache_mode',",
            "  CASE WHEN n.small THEN 'force_generic_plan' ELSE 'force_custom_plan' END, true);",
            "IF NOT n.small AND NOT recompute THEN",
            "  n.estimate := n.pending * coalesce(frontier.ms_per_row, frontier.ms_full",
            f"    / ({share} * (SELECT sum(greatest(c.reltuples, 1)) FROM pg_class c",
            f"        WHERE c.oid IN ({names}))));",
            "  IF n.estimate > frontier.ms_full THEN",
            "    recompute := true;",
            "    reason := format('%s changes would take about %s ms, all rows %s ms',",
            "      n.pending, round(n.estimate::numeric), round(frontier.ms_full::numeric));",
            "  END IF;",
            "END IF;",
        ]

    def recompute(self) -> list[str]:
        """Every stage anew; CREATE TABLE AS can run in parallel, INSERT cannot."""
        lines = [
            "  PERFORM set_config('random_page_cost', s.reset_val, true) FROM pg_settings s",
            "    WHERE s.name = 'random_page_cost';",
            *(f"  DELETE FROM {storage.table};" for storage in reversed(self.storages)),
        ]
        for storage in self.storages:
            anew = identifier(fitted(storage.stage.name, "__anew"))
            select = storage.contents(self.queries, storage.stage.input)
            lines += [
                f"  CREATE TEMPORARY TABLE {anew} ON COMMIT DROP AS",
                indent(select) + ";",
                f"  INSERT INTO {storage.table} ({', '.join(storage.inserted)}) TABLE pg_temp.{anew};",
                "  GET DIAGNOSTICS rows_changed = ROW_COUNT;",
                f"  DROP TABLE pg_temp.{anew};",
            ]
        return [*lines, "  rows_in := n.pending;", "  strategy := 'full';", "  RETURN;"]

    def temporary(self, program: Program) -> list[str]:
        """The session's temporary tables, made at the first refresh and empty between refreshes."""
        tables = list(program.temporary.items())
        if not tables:
            return []
        made = [f"  CREATE TEMPORARY TABLE {identifier(name)} ({columns});" for name, columns in tables]
        first = f"pg_temp.{identifier(tables[-1][0])}"
        return [f"IF to_regclass('{first}') IS NULL THEN", *made, "END IF;"]

    def emptied(self, program: Program) -> list[str]:
        tables = [f"pg_temp.{identifier(name)}" for name in program.temporary]
        if not tables:
            return []
        deletes = [f"  DELETE FROM {table};" for table in tables]
        return ["IF n.small THEN", *deletes, "ELSE", f"  TRUNCATE {', '.join(tables)};", "END IF;"]


def maintain(work: Work) -> None:
    """Write the part of the program that maintains one stage."""
    stage = work.stage
    if stage.op is None:
        store.write(work)
    elif stage.fold is None:
        reread.write(work, stage.op)
    else:
        fold.write(work, stage.op, stage.fold)
