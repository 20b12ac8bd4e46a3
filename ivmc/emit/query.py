"""Relations as SELECT statements.

A block is one SELECT in the making: select-project-join trees become one flat FROM and WHERE, which
leaves the join order to the planner; everything else becomes a subquery. Rows of a delta carry a
weight; the weight of a joined row is the product of its parts'.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from ivmc.emit.block import Block, finished
from ivmc.emit.driving import orders
from ivmc.emit.grouping import Grouping
from ivmc.emit.text import conditions, derived, indent, listed_as, listing, text
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
    Scan,
    Union,
    Values,
    walk,
)
from ivmc.names import SCHEMA, WEIGHT, identifier, qualified
from ivmc.properties import keys
from ivmc.scalar import Col, Scalar, fresh, is_defined, substitute

RESERVED = frozenset({"frontier", "n"})


@dataclass
class Queries(Grouping):
    """Renders the relations of one view.

    stored   per stage table: its columns as SQL names, and what its readers see over them
    buffers  per base table: the name of its change buffer
    narrowed per base table: the temporary table of its changes, where some were dropped at once
    changes  per stage table: the temporary table of its old and new rows
    counts   relations whose exact number of rows a variable holds: they get it as LIMIT, which
             tells the planner how few they are (planner rule 2)
    orders   of them, those that drive probes, with the columns to read them by (planner rule 13)
    """

    stored: Mapping[str, tuple[Mapping[Col, str], Mapping[Col, Scalar]]]
    buffers: Mapping[tuple[str, str], str]
    counts: dict[Rel, str] = field(default_factory=dict)
    changes: dict[str, str] = field(default_factory=dict)
    narrowed: dict[tuple[str, str], str] = field(default_factory=dict)
    is_new: str = "true"
    aliases: set[str] = field(default_factory=set)
    orders: Mapping[Rel, Sequence[Col]] = field(default_factory=dict)

    def alias(self, wanted: str) -> str:
        """An alias that this statement does not use yet."""
        name, n = wanted, 1
        while name in self.aliases:
            n += 1
            name = f"{wanted}_{n}"
        self.aliases.add(name)
        return identifier(name)

    def select(self, rel: Rel, outputs: Sequence[tuple[str, Scalar]], *, weight: str | None = None) -> str:
        """A whole statement: `outputs` over the columns of `rel`, then its weight under that name."""
        self.orders = orders(rel, self.counts)
        return self._select(self.outermost(rel), outputs, weight)

    def fresh_statement(self) -> None:
        """Aliases are unique within a statement, and none is a name of the program's own."""
        self.aliases = set(RESERVED)

    def _select(self, block: Block, outputs: Sequence[tuple[str, Scalar]], weight: str | None) -> str:
        items = [listed_as(block.sql(scalar), name) for name, scalar in outputs]
        if weight is not None:
            items.append(listed_as(block.weight, weight))
        return "\n".join(filter(None, [listing(items, "SELECT"), block.body]))

    def outermost(self, rel: Rel) -> Block:
        """A block that may be grouped: nothing is joined to it or filtered after it."""
        match rel:
            case Aggregate() if rel not in self.counts:
                return self.grouped(rel, self.block(rel.input))
            case Net() if rel not in self.counts:
                return self.netted(rel, self.block(rel.input))
            case Project(input, outputs) if rel not in self.counts:
                block = self.outermost(input)
                block.values = {column: substitute(scalar, block.values) for column, scalar in outputs}
                return block
            case _:
                return self.block(rel)

    def is_captured(self, scan: Scan) -> bool:
        """Are the changes of a scan read from a change buffer?"""
        table = scan.relation.schema, scan.relation.name
        return table in self.buffers and table not in self.narrowed

    def selection(self, leaf: Rel, alias: str) -> str:
        """The condition under which a row of a change buffer is in a leaf."""
        self.fresh_statement()
        counts, self.counts = self.counts, {}
        where = self.block(leaf).where
        self.counts = counts
        return " AND ".join(text(p, lambda column: f"{alias}.{identifier(column.name)}", 3) for p in where)

    # Blocks

    def block(self, rel: Rel) -> Block:
        if rel in self.counts:
            return self.counted(rel)
        match rel:
            case Scan():
                return self.scan(rel)
            case Delta(scan):
                return self.delta(scan)
            case Carried(name, schema, signed):
                block = self.table(f"pg_temp.{identifier(name)}", name, positional(schema), signed=signed)
                block = _among(rel, block)
                block.raw += [f"{weight} <> 0" for weight in block.weights if rel.among is not None]
                return block
            case Values():
                return self.values(rel)
            case Filter(input, predicates):
                block = self.block(input)
                block.where.extend(substitute(p, block.values) for p in predicates)
                return block
            case Project(input, outputs):
                block = self.block(input)
                block.values = {column: substitute(scalar, block.values) for column, scalar in outputs}
                return block
            case Join(left, right, on):
                return self.block(left).joined(self.block(right), on)
            case Outer():
                return self.outer(rel)
            case Match():
                return self.matched(rel)
            case Flips():
                return self.flipped(rel)
            case Expand():
                return self.expanded(rel)
            case Negate(input):
                block = self.block(input)
                block.negative = not block.negative
                return block
            case Union():
                return self.union(rel)
            case Net() | Aggregate():
                return self.enclosed(rel)

    def table(self, sql: str, wanted: str, names: Mapping[Col, str], *, signed: bool = False) -> Block:
        """A block of one table or subquery."""
        alias = self.alias(wanted)
        printed = sql if sql.rpartition(".")[2] == alias else f"{sql} {alias}"
        columns = {column: f"{alias}.{identifier(name)}" for column, name in names.items()}
        weights = [f"{alias}.{WEIGHT}"] if signed else []
        return Block({column: column for column in names}, columns, [printed], weights=weights)

    def subquery(self, sql: str, schema: Sequence[Col], wanted: str, *, signed: bool) -> Block:
        alias = self.alias(wanted)
        names = {c: f"{alias}.{identifier(n)}" for c, n in positional(schema).items()}
        weights = [f"{alias}.{WEIGHT}"] if signed else []
        return Block({c: c for c in schema}, names, [derived(sql, alias)], weights=weights)

    def scan(self, rel: Scan) -> Block:
        if rel.relation.schema == SCHEMA and rel.relation.name in self.stored:
            names, outputs = self.stored[rel.relation.name]
            own: dict[Col, Scalar] = {column: fresh(column.name, column) for column in names}
            printed = {cast("Col", own[column]): name for column, name in names.items()}
            block = self.table(qualified(SCHEMA, rel.relation.name), rel.alias, printed)
            seen = zip(rel.schema, outputs.values(), strict=True)
            block.values = {column: substitute(scalar, own) for column, scalar in seen}
            return block
        names = {column: column.name for column in rel.schema}
        return self.table(qualified(rel.relation.schema, rel.relation.name), rel.alias, names)

    def delta(self, scan: Scan) -> Block:
        if scan.relation.name in self.changes and scan.relation.schema == SCHEMA:
            _, outputs = self.stored[scan.relation.name]
            names = dict(zip(scan.schema, positional(tuple(outputs)).values(), strict=True))
            return self.table(
                f"pg_temp.{identifier(self.changes[scan.relation.name])}", scan.alias, names, signed=True
            )
        table = scan.relation.schema, scan.relation.name
        if table in self.narrowed:
            names = {column: column.name for column in scan.schema}
            return self.table(f"pg_temp.{identifier(self.narrowed[table])}", scan.alias, names, signed=True)
        buffer = self.buffers[table]
        alias = self.alias(scan.alias)
        names = {column: f"{alias}.{identifier(column.name)}" for column in scan.schema}
        block = Block({c: c for c in scan.schema}, names, [f"{SCHEMA}.{identifier(buffer)} {alias}"])
        block.weights.append(f"{alias}.{WEIGHT}")
        block.raw.append(self.is_new.format(alias=alias))
        return block

    def counted(self, rel: Rel) -> Block:
        """A relation of known size; a constant one is known to generic plans too (planner rule 2)."""
        counts, taken, self.counts = self.counts, set(self.aliases), {}
        block = self.block(rel)
        if isinstance(rel, Carried):
            own = "" if rel.among is None else f"\nWHERE {rel.among} <> 0\n"
            sql, wanted = f"SELECT * FROM pg_temp.{identifier(rel.name)}{own}", rel.name
        else:
            columns = [(name, column) for column, name in positional(rel.schema).items()]
            sql = self._select(block, columns, WEIGHT if block.signed else None) + "\n"
            wanted = next(node.scan.alias for node in walk(rel) if isinstance(node, Delta))
        self.counts, self.aliases = counts, taken
        limit = "1" if frozenset() in keys(rel) else counts[rel]
        order = self.order(rel) if limit != "1" else []
        if order:
            sql = f"{sql.rstrip()}\nORDER BY {', '.join(order)}"
        sql = f"{sql.rstrip()}{chr(10) if chr(10) in sql else ' '}LIMIT {limit}"
        if order:  # a generic plan takes each LIMIT for a tenth of the rows
            sql = f"SELECT * FROM {derived(sql, 'x')} LIMIT {limit}"
        found = self.subquery(sql, rel.schema, wanted, signed=block.signed)
        return _among(rel, found) if isinstance(rel, Carried) else found

    def order(self, rel: Rel) -> list[str]:
        """By which of its columns a counted relation is read."""
        names = positional(rel.schema)
        sortable = (c for c in self.orders.get(rel, ()) if self.catalog.orderable(c.type))
        return [identifier(names[column]) for column in sortable]

    def enclosed(self, rel: Net | Aggregate) -> Block:
        """A grouped relation as a subquery.

        OFFSET 0 keeps the planner from evaluating a filter below the netting, on rows that never were.
        """
        block = self.outermost(rel)
        columns = [(name, column) for column, name in positional(rel.schema).items()]
        sql = self._select(block, columns, WEIGHT if block.signed else None)
        if isinstance(rel, Net):
            sql += "\nOFFSET 0"
        return self.subquery(sql, rel.schema, "net" if block.signed else "groups", signed=block.signed)

    def values(self, rel: Values) -> Block:
        if not rel.schema:
            return Block({}, {}, [] if len(rel.rows) == 1 else [f"generate_series(1, {len(rel.rows)})"])
        rows = [f"({', '.join(text(s, lambda c: c.name) for s in row)})" for row in rel.rows]
        alias = self.alias("values")
        names = positional(rel.schema)
        head = f"{alias} ({', '.join(map(identifier, names.values()))})"
        columns = {c: f"{alias}.{identifier(n)}" for c, n in names.items()}
        return Block({c: c for c in rel.schema}, columns, [f"({listing(rows, 'VALUES')}) {head}"])

    def outer(self, rel: Outer) -> Block:
        """LEFT JOIN; what the right side computes is computed before rows are padded."""
        block, right = self.block(rel.left), self.block(rel.right)
        if any(not isinstance(right.values[old], Col) for _, old in rel.padded):
            right = self.derived(rel.right, right, "pairs")
        sides = [side.product for side in (block, right)]
        other = f"({sides[1]})" if len(right.tables) > 1 else sides[1]
        block.tables = [f"{sides[0]}\nLEFT JOIN {other} {self.condition(rel.on, block, right)}"]
        for new, old in rel.padded:
            block.values[new] = right.values[old]
        block.names |= right.names
        return block

    def condition(self, on: Iterable[Scalar], left: Block, right: Block) -> str:
        """ON of an explicit join, with what the right side selects by."""
        both = left.joined(right, on)
        tests = [text(p, both.name, 3) for p in both.where[len(left.where) :]]
        return conditions([*right.raw, *tests] or ["true"], "ON")

    def derived(self, rel: Rel, block: Block, wanted: str) -> Block:
        """A block as a subquery, its computed columns as columns."""
        columns = [(name, column) for column, name in positional(rel.schema).items()]
        sql = self._select(block, columns, WEIGHT if block.signed else None)
        return self.subquery(sql, rel.schema, wanted, signed=block.signed)

    def matched(self, rel: Match) -> Block:
        """[NOT] EXISTS, as a condition or as a value."""
        block = self.block(rel.left)
        exists = self.exists(rel, block)
        if rel.mark is None:
            block.raw.append(f"NOT {exists}" if rel.negated else exists)
        else:
            block.values[rel.mark] = finished(exists, rel.mark)
        return block

    def flipped(self, rel: Flips) -> Block:
        """Rows that have no match now, or no more than came, by the sign of what came."""
        block = self.block(rel.left)
        total = block.sql(rel.total)
        block.raw.append(f"NOT {self.exists(rel, block, f'OFFSET greatest({total}, 0)')}")
        block.weights.append(f"CASE WHEN {total} > 0 THEN 1 ELSE -1 END")
        return block

    def exists(self, rel: Match | Flips, block: Block, *after: str) -> str:
        """EXISTS, for the rows of `block`."""
        right = self.block(rel.right)
        both = block.joined(right, rel.on)
        tests = [text(p, both.name, 3) for p in both.where[len(block.where) :]]
        lines = [f"SELECT {listing(right.tables, 'FROM')}" if right.tables else "SELECT"]
        lines += [conditions([*right.raw, *tests])] if right.raw or tests else []
        return f"EXISTS (\n{indent(chr(10).join([*lines, *after]))}\n)"

    def expanded(self, rel: Expand) -> Block:
        """LATERAL ROWS FROM (…)."""
        block = self.block(rel.input)
        calls = [block.sql(function) for function in rel.functions]
        bare = len(calls) == 1 and not is_defined(rel.functions[0])
        source = calls[0] if bare else f"ROWS FROM ({', '.join(calls)})"
        ordinality = " WITH ORDINALITY" if rel.ordinality else ""
        names = positional(rel.columns)
        alias = self.alias(rel.columns[0].name if rel.columns else "rows")
        block.names |= {column: f"{alias}.{identifier(name)}" for column, name in names.items()}
        block.values |= {column: column for column in rel.columns}
        head = f"{alias} ({', '.join(map(identifier, names.values()))})" if names else alias
        item = f"LATERAL {source}{ordinality} {head}"
        tests = [substitute(predicate, block.values) for predicate in rel.on]
        if rel.outer:
            on = conditions([text(test, block.name, 3) for test in tests] or ["true"], "ON")
            block.tables = [f"{block.product}\nLEFT JOIN {item} {on}"]
        else:
            block.tables.append(item)
            block.where.extend(tests)
        return block

    def union(self, rel: Union) -> Block:
        """UNION ALL; an arm without a weight counts once."""
        columns = [(name, column) for column, name in positional(rel.schema).items()]
        blocks = [self.block(term) for term in rel.inputs]
        signed = any(block.signed for block in blocks)
        arms = [self._select(block, columns, WEIGHT if signed else None) for block in blocks]
        if not arms:
            nothing = ", ".join(f"NULL::{c.type.sql} AS {identifier(n)}" for n, c in columns)
            arms = [f"SELECT {nothing} WHERE false"]
        return self.subquery("\nUNION ALL\n".join(arms), rel.schema, "terms", signed=signed)

    def sums(self, rel: Aggregate, outputs: Sequence[tuple[str, Scalar]]) -> str:
        """A statement of running counts and sums, with a row for each weight in a group.

        There are few weights: to multiply by each once is cheaper than to multiply every value.
        """
        self.orders = orders(rel, self.counts)
        block = self.block(rel.input)
        if not block.weights:
            return self._select(self.outermost(rel), outputs, None)
        weight = block.weight
        found = self.grouped(rel, replace(block, weights=[], negative=False))
        for column, _ in rel.calls:
            found.values[column] = finished(f"{weight} * {found.sql(column)}", column)
        assert found.groups is not None
        found.groups.append(weight)
        return self._select(found, outputs, None)


def _among(rel: Carried, block: Block) -> Block:
    """A block of a table that may hold several relations, with the weights of this one."""
    if rel.among is not None:
        block.weights = [f"{weight.removesuffix(WEIGHT)}{rel.among}" for weight in block.weights]
    return block


def positional(schema: Sequence[Col]) -> dict[Col, str]:
    """Distinct names for the columns of a relation: their own, numbered where they repeat."""
    names: dict[Col, str] = {}
    taken: set[str] = {WEIGHT}
    for column in schema:
        name, n = column.name, 1
        while name in taken:
            n += 1
            name = f"{column.name}_{n}"
        taken.add(name)
        names[column] = name
    return names
