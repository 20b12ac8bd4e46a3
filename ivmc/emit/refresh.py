"""A staged query as a plan: storage, fill, the refresh function, and the view over it."""

from __future__ import annotations

from collections.abc import Sequence

from ivmc.catalog import Catalog
from ivmc.emit.capture import buffer_name, unread
from ivmc.emit.full import source_kind
from ivmc.emit.lookups import sought
from ivmc.emit.query import Queries
from ivmc.emit.routine import Routine
from ivmc.emit.storage import Storage
from ivmc.emit.text import text
from ivmc.names import COPY, WEIGHT, identifier, qualified
from ivmc.plan import Source, Visible
from ivmc.scalar import Scalar
from ivmc.stages import Staged, sources


class Emission:
    """Everything that is emitted for one staged query."""

    def __init__(self, id: str, staged: Staged, names: Sequence[str], catalog: Catalog) -> None:
        self.id, self.staged, self.names, self.catalog = id, staged, names, catalog
        looked_up = sought(staged.stages)
        self.storages = [Storage(stage, catalog, looked_up.get(stage.name, ())) for stage in staged.stages]
        scans = sources(staged.stages)
        self.tables = list(dict.fromkeys((s.relation.schema, s.relation.name) for s in scans))
        stages = {s.stage.name: (s.names, s.outputs) for s in self.storages}
        self.queries = Queries(
            catalog,
            stages,
            {t: buffer_name(*t) for t in self.tables},
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
            lines[-1] += f" CROSS JOIN generate_series(1, {WEIGHT}) {COPY}"
        if visible.where:
            lines.append(f"WHERE {visible.where}")
        return "\n".join(lines)

    def program(self, *, chooses: bool) -> str:
        """CREATE FUNCTION of the refresh, which recomputes where that is faster if it may choose."""
        return Routine(self.id, self.storages, self.tables, self.queries, chooses).function()
