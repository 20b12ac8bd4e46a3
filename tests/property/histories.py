"""Tables and what happens to them between refreshes, all tiny, so that duplicates and NULLs abound."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from ivmc.catalog import Column, ForeignKey, Relation, Type
from ivmc.ir import Rel, Scan, walk
from ivmc.names import SCHEMA
from ivmc.scalar import BOOLEAN, NUMERIC
from ivmc.zset import Weighted

INTEGER, TEXT = Type("pg_catalog", "int4"), Type("pg_catalog", "text")
PRICE = Type("pg_catalog", "numeric", ((6 << 16) | 2) + 4)  # numeric(6,2)

VALUES: dict[Type, tuple[Any, ...]] = {
    INTEGER: (1, 2, 0),
    TEXT: ("x", "y"),
    BOOLEAN: (True, False),
    NUMERIC: (Decimal(1), Decimal("1.0"), Decimal("1.00"), Decimal("2.5"), Decimal(-3), Decimal(0)),
    PRICE: (Decimal("1.50"), Decimal("2.00"), Decimal("0.00")),
}


def table(name: str, key: tuple[str, ...] = (), **types: Type) -> Relation:
    """A table whose key columns are NOT NULL, and no others."""
    columns = tuple(Column(column, kind, not_null=column in key) for column, kind in types.items())
    return Relation("public", name, "r", columns, primary_key=key)


ITEM = table("item", a=INTEGER, b=INTEGER, s=TEXT, v=NUMERIC)
PART = table("part", ("id",), id=INTEGER, a=INTEGER, p=PRICE, ok=BOOLEAN)
LINE = table("line", ("id", "s"), id=INTEGER, s=TEXT, b=INTEGER)
TABLES = (ITEM, PART, LINE)
REFERRING = replace(ITEM, foreign_keys=(ForeignKey(("a",), "public", "part", ("id",)),))

Record = tuple[Any, ...]
Records = tuple[Record, ...]
Changes = tuple[tuple[Record, int], ...]


# Tables and what happens to them


@dataclass(frozen=True)
class Step:
    """One statement on one table.

    again: another copy of a row. flicker: a row comes and goes. waver: a row changes and changes back.
    """

    kind: str
    position: int
    record: Record


@dataclass(frozen=True)
class History:
    """The states of each table by name, one more than batches of changes; changes are not netted."""

    states: tuple[Mapping[str, Records], ...]
    batches: tuple[Mapping[str, Changes], ...]


def records(relation: Relation, *, zeros: bool = True) -> st.SearchStrategy[Record]:
    def column(c: Column) -> st.SearchStrategy[Any]:
        chosen = [datum for datum in VALUES[c.type] if zeros or c.type != INTEGER or datum]
        return st.sampled_from(chosen if c.not_null else [*chosen, None])

    return st.tuples(*map(column, relation.columns))


def steps(relation: Relation, *, zeros: bool = True) -> st.SearchStrategy[Step]:
    """Steps; without `zeros`, only rows that come and go hold one."""
    lasting, fleeting = ("insert", "delete", "update", "again"), ("flicker", "waver")
    return st.one_of(
        st.builds(Step, st.sampled_from(lasting), st.integers(0, 3), records(relation, zeros=zeros)),
        st.builds(Step, st.sampled_from(fleeting), st.integers(0, 3), records(relation)),
    )


def stepped(relation: Relation, rows: Records, step: Step) -> tuple[Records, Changes]:
    """The rows after a step, and its changes; a step that violates the key does nothing."""
    at = step.position % len(rows) if rows else 0
    old, rest = rows[at : at + 1], rows[:at] + rows[at + 1 :]
    gone: Changes = tuple((row, -1) for row in old)
    match step.kind:
        case "delete":
            return rest, gone
        case "insert" if _admitted(relation, rows, step.record):
            return (*rows, step.record), ((step.record, 1),)
        case "again" if old and not relation.primary_key:
            return (*rows, *old), ((old[0], 1),)
        case "flicker" if _admitted(relation, rows, step.record):
            return rows, ((step.record, 1), (step.record, -1))
        case "update" if old and _admitted(relation, rest, step.record):
            return (*rest, step.record), (*gone, (step.record, 1))
        case "waver" if old and _admitted(relation, rest, step.record):
            return rows, (*gone, (step.record, 1), (step.record, -1), (old[0], 1))
        case _:
            return rows, ()


def _admitted(relation: Relation, rows: Records, record: Record) -> bool:
    at = [i for i, column in enumerate(relation.columns) if column.name in relation.primary_key]
    return not at or all(any(row[i] != record[i] for i in at) for row in rows)


def after(relation: Relation, rows: Records, some: Iterable[Step]) -> tuple[Records, Changes]:
    changes: Changes = ()
    for step in some:
        rows, more = stepped(relation, rows, step)
        changes += more
    return rows, changes


@st.composite
def histories(draw: st.DrawFn, batches: int = 1, *, zeros: bool = True) -> History:
    """Any states and changes; without `zeros`, no state holds one, but rows that came and went may."""
    states, changes = [{relation.name: draw(contents(relation, zeros=zeros)) for relation in TABLES}], []
    for _ in range(batches):
        batch = {r.name: draw(st.lists(steps(r, zeros=zeros), max_size=3)) for r in TABLES}
        results = {r.name: after(r, states[-1][r.name], batch[r.name]) for r in TABLES}
        states.append({name: rows for name, (rows, _) in results.items()})
        changes.append({name: change for name, (_, change) in results.items()})
    return History(tuple(states), tuple(changes))


@st.composite
def referring(draw: st.DrawFn) -> History:
    """Histories in which item.a refers to part.id; items whose part is gone in the end go too."""
    history = draw(histories())
    parts = [{row[0] for row in state["part"]} for state in history.states]
    old = tuple(row for row in history.states[0]["item"] if row[0] is None or row[0] in parts[0])
    new, changes = after(ITEM, old, draw(st.lists(steps(ITEM), max_size=3)))
    orphans = tuple(row for row in new if row[0] is not None and row[0] not in parts[1])
    kept = tuple(row for row in new if row not in orphans)
    changes += tuple((row, -1) for row in orphans)
    states = ({**history.states[0], "item": old}, {**history.states[1], "item": kept})
    return History(states, ({**history.batches[0], "item": changes},))


def contents(relation: Relation, *, zeros: bool) -> st.SearchStrategy[Records]:
    kinds = st.sampled_from(("insert", "insert", "again"))
    inserts = st.builds(Step, kinds, st.integers(0, 3), records(relation, zeros=zeros))
    return st.lists(inserts, max_size=4).map(lambda some: after(relation, (), some)[0])


def rows_of(rel: Rel, state: Mapping[str, Records]) -> dict[Scan, list[Weighted]]:
    """The state as the scans of base tables in `rel` read it."""
    return changes_of(rel, {name: tuple((row, 1) for row in rows) for name, rows in state.items()})


def changes_of(rel: Rel, batch: Mapping[str, Changes]) -> dict[Scan, list[Weighted]]:
    """The changes of each base table scanned in `rel`."""
    scans = [node for node in walk(rel) if isinstance(node, Scan) and node.relation.schema != SCHEMA]
    return {
        scan: [(dict(zip(scan.schema, row, strict=True)), w) for row, w in batch[scan.relation.name]]
        for scan in scans
    }
