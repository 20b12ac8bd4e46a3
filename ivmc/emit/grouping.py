"""GROUP BY: by what is equal, and by its image where equal values differ or there is no `=` (law 1)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ivmc.catalog import Catalog
from ivmc.emit import calls
from ivmc.emit.block import Block, finished
from ivmc.ir import Aggregate, Net
from ivmc.scalar import Col, Scalar


@dataclass
class Grouping:
    """Groups blocks, by what the catalog says of their columns' types."""

    catalog: Catalog

    def first(self, value: str, column: Col, order: str = "") -> str:
        """One of the values of a group; arrays, which would be joined to one, go through their text."""
        if self.catalog.element(column.type) is None:
            return f"(array_agg({value}{order}))[1]"
        return f"(array_agg(({value})::text{order}))[1]::{column.type.sql}"

    def equality(self, column: Col) -> str:
        """Do equal values of a column look the same? identity, equal (not always), none (no `=`)."""
        return self.catalog.equality(column.type, column.collation)

    def image(self, sql: str, column: Col) -> tuple[str, ...]:
        """What to group by so that only identical images meet."""
        match self.equality(column):
            case "identity":
                return (sql,)
            case "equal":
                return (sql, f"record_send(ROW({sql}))")
            case _:
                return (f"record_send(ROW({sql}))",)

    def shown(self, block: Block, key: Col) -> Scalar:
        """What a group by some column, or by its image, shows of it."""
        if self.equality(key) != "none":
            return block.values[key]
        return finished(self.first(block.sql(key), key), key)

    def netted(self, rel: Net, block: Block) -> Block:
        """Weights of the block's rows, added up per image (law 1)."""
        groups: list[str] = []
        values: dict[Col, Scalar] = {}
        for column in rel.schema:
            values[column] = self.shown(block, column)
            groups.extend(self.image(block.grouping(column), column))
        total = f"sum({block.weight})" if block.signed else "count(*)"
        having = f"{total} <> 0" if block.signed or not groups else ""  # no rows are one group of no columns
        return replace(block, values=values, groups=groups, having=having, weights=[total], negative=False)

    def grouped(self, rel: Aggregate, block: Block) -> Block:
        """The groups of the block's rows, with their calls."""
        values: dict[Col, Scalar] = {}
        groups: list[str] = []
        for key in rel.keys:
            values[key] = self.shown(block, key)
            sql = block.grouping(key)
            groups.append(sql if self.equality(key) != "none" else f"record_send(ROW({sql}))")
        values |= {column: finished(calls.printed(call, block), column) for column, call in rel.calls}
        return replace(block, values=values, groups=groups, weights=[], negative=False)
