"""Groups read again: aggregates that cannot be taken back, and groups that lost an extremum."""

from __future__ import annotations

from ivmc.emit import handing
from ivmc.emit.single import at_once, is_single
from ivmc.emit.storage import stored_form
from ivmc.emit.text import indent, listing, text
from ivmc.emit.work import FOUND, Work, assignment, insertion, row, table
from ivmc.ir import Aggregate, Call, Carried, Filter, Join, Rel
from ivmc.names import identifier
from ivmc.rules import reread
from ivmc.rules.folding import Fold
from ivmc.scalar import (
    TRUE,
    Col,
    Logic,
    Scalar,
    equals,
    is_absent,
    is_present,
)


def write(work: Work, op: Aggregate) -> None:
    """K = δ π_keys(ΔR); the groups of K are aggregated anew."""
    program = work.program
    rows = program.gathered(program.delta(op.input))
    touched = work.groups("touched", work.storage.key)
    rising = reread.rising(op, work.stage.having)
    program.comment(f"Touched groups: those with a net change{' that can pass HAVING' if rising else ''}")
    with program.when(f"{work.counted(rows)} > 0"):
        work.add(touched, _touched(work, op, rows, rising))
    with program.when(f"{work.counted(touched)} > 0"):
        before = None if work.last else handing.remember(work, touched)
        again(work, op, touched)
        if before is not None:
            handing.hand_on(work, before, touched)


def _touched(work: Work, op: Aggregate, rows: Rel, rising: Call | None) -> Rel:
    if rising is None:
        return reread.touched(rows, op, work.storage.key)
    return reread.crossing(rows, op, work.storage.key, work.stage.scan, rising)


def again(work: Work, op: Aggregate, groups: Carried) -> None:
    """Aggregate the given groups anew; those with a NULL in the key are matched apart."""
    program = work.program
    nullable = [column for column in groups.schema if column.nullable]
    present = tuple(is_present(column) for column in nullable)
    program.comment("Read the groups again")
    with program.when(f"{work.counted(groups)} > 0"):
        _replace(work, op, groups, Filter(groups, present) if present else groups, null=False)
        if nullable:
            tests = tuple(is_absent(column) for column in nullable)
            absent: Scalar = tests[0] if len(tests) == 1 else Logic("OR", tests)
            some = text(absent, lambda column: f"k.{identifier(column.name)}")
            with program.when(f"EXISTS (SELECT FROM {table(groups)} k WHERE {some})"):
                _replace(work, op, groups, Filter(groups, (absent,)), null=True)


def _replace(work: Work, op: Aggregate, groups: Carried, some: Rel, *, null: bool) -> None:
    """MERGE of what the groups in `some` are now."""
    queries, storage = work.program.queries, work.storage
    wanted = Aggregate(some, groups.schema, ())
    pairs = list(zip(groups.schema, storage.key, strict=True))
    on = tuple(_alike(k, c) if null and k.nullable else equals(k, c) for k, c in pairs)
    rows = Join(wanted, op.input, on) if on else op.input
    alone = _extrema_alone(rows, op, work.stage.fold) if work.stage.fold else None
    now = alone or stored_form(work.stage, rows)
    stored: list[tuple[str, Scalar]] = [(storage.names[column], column) for column in now.schema]
    queries.fresh_statement()
    found = queries.select(now, [*stored, (FOUND, TRUE)])
    printed = storage.printed(now.schema)
    absent = [] if alone else [f"WHEN NOT MATCHED AND d.{FOUND} {insertion(printed)}"]
    if not on:
        work.merge(found, [f"WHEN MATCHED {assignment(printed)}", *absent])
        return
    queries.fresh_statement()
    groups_wanted = queries.select(wanted, [(storage.names[c], k) for k, c in pairs])
    rest = [name for name in printed if name not in work.key]
    items = [*(f"k.{name}" for name in work.key), *(f"x.{name}" for name in rest), f"x.{FOUND}"]
    source = (
        f"{listing(items, 'SELECT')}\nFROM (\n{indent(groups_wanted)}\n) k\n"
        f"LEFT JOIN (\n{indent(found)}\n) x ON {storage.matches('x', 'k')}"
    )
    when = [f"WHEN MATCHED AND d.{FOUND} IS NULL THEN DELETE"]
    if rest:
        when.append(f"WHEN MATCHED AND {row('t', rest)} *<> {row('d', rest)} {assignment(rest)}")
    work.merge(source, [*when, *absent])


def _extrema_alone(rows: Rel, op: Aggregate, fold: Fold) -> Rel | None:
    """The extrema of groups, where they are all that is kept and no value is there twice.

    Then the next value is the first one in an index.
    """
    return at_once(rows, op, fold, ()) if len(fold.states) == 1 and is_single(op, fold) else None


def _alike(wanted: Col, column: Col) -> Scalar:
    """Equal or both NULL, spelt so that an index serves either."""
    neither = Logic("AND", (is_absent(wanted), is_absent(column)))
    return Logic("OR", (equals(wanted, column), neither))
