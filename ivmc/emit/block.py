"""One SELECT in the making."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ivmc.emit.text import conditions, listing, text
from ivmc.scalar import ATOM, Col, Expression, Scalar, columns, substitute


@dataclass
class Block:
    """A SELECT without its list: where columns come from, and what the rows weigh."""

    values: dict[Col, Scalar]
    names: dict[Col, str]
    tables: list[str] = field(default_factory=list)
    where: list[Scalar] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    weights: list[str] = field(default_factory=list)
    negative: bool = False
    groups: list[str] | None = None
    having: str = ""

    def sql(self, scalar: Scalar, level: int = 0) -> str:
        """A scalar over the block's columns."""
        return text(substitute(scalar, self.values), self.name, level)

    def grouping(self, column: Col) -> str:
        """A column as a grouping expression: a bare constant would be an ordinal or an error."""
        sql = self.sql(column)
        return sql if columns(self.values[column]) else f"({sql})::{column.type.sql}"

    def name(self, column: Col) -> str:
        return self.names[column]

    @property
    def signed(self) -> bool:
        return bool(self.weights) or self.negative

    @property
    def weight(self) -> str:
        """The weight of a row, 1 where nothing is signed."""
        product = " * ".join(self.weights) or "1"
        return f"-{product}" if self.negative else product

    @property
    def product(self) -> str:
        """The tables in one item of FROM; one empty row where there is none."""
        return "\nCROSS JOIN ".join(self.tables) or "(SELECT) one"

    @property
    def body(self) -> str:
        """FROM and WHERE."""
        lines = [listing(self.tables, "FROM")] if self.tables else []
        predicates = [text(predicate, self.name, 3) for predicate in self.where]
        if predicates or self.raw:
            lines.append(conditions([*self.raw, *predicates]))
        if self.groups:
            lines.append(listing(self.groups, "GROUP BY"))
        if self.having:
            lines.append(f"HAVING {self.having}")
        return "\n".join(lines)

    def joined(self, other: Block, on: Iterable[Scalar]) -> Block:
        """Pairs of rows of both."""
        block = Block(
            self.values | other.values,
            self.names | other.names,
            self.tables + other.tables,
            self.where + other.where,
            self.raw + other.raw,
            self.weights + other.weights,
            self.negative != other.negative,
        )
        block.where.extend(substitute(predicate, block.values) for predicate in on)
        return block


def finished(sql: str, like: Col) -> Scalar:
    """Finished text as a scalar."""
    return Expression("raw", (sql,), (), like.type, like.nullable, ATOM)
