"""Aggregates that fold: each group's counts and sums are added to, its extrema compared."""

from __future__ import annotations

from ivmc.emit import handing, reread
from ivmc.emit.moved import INFINITE, Moved
from ivmc.emit.text import indent, listing, text
from ivmc.emit.work import FOUND, Work, insertion, row, table, update
from ivmc.ir import Aggregate, Carried
from ivmc.names import identifier
from ivmc.rules.aggregate import expressions, grouped
from ivmc.rules.folding import Extremum, Fold
from ivmc.rules.netting import safe
from ivmc.scalar import Col, is_absent, is_present


def write(work: Work, op: Aggregate, fold: Fold) -> None:
    """S(R′) = S(R) + S(ΔR), group by group."""
    program = work.program
    delta = safe(program.delta(op.input), expressions(op))
    groups = work.groups("groups")
    program.comment("Sum up the change of each group")
    if fold.extrema:
        rows = program.gathered(delta)
        with program.when(f"{work.counted(rows)} > 0"):
            work.add(groups, grouped(rows, op, fold))
    else:
        program.run_terms(delta, lambda term: work.add(groups, grouped(term, op, fold), apart=True))
    with program.when(f"{work.counted(groups)} > 0"):
        if not (work.last or fold.extrema or work.storage.dependent) and work.key:
            _move(work, op, fold, groups)
            return
        lost = _lost(work, groups, fold)
        before = None if work.last else handing.remember(work, groups)
        program.comment("MERGE: S(R′) = S(R) + S(ΔR)")
        work.merge(_ordered(work, groups) if fold.extrema else _added(work, groups, fold), _when(work, fold))
        if lost is not None:
            reread.again(work, op, lost)
        if before is not None:
            handing.hand_on(work, before, groups)


def _move(work: Work, op: Aggregate, fold: Fold, groups: Carried) -> None:
    """The same for a stage that others read, and whose groups are nothing but sums."""
    found = Moved(work, fold)
    work.program.comment("The groups that moved: what is stored of them, and what will be")
    found.read(indent(_added(work, groups, fold, moved=True)))
    with work.program.when(f"{found.count} > 0"):
        lost = found.lost()
        work.program.comment("MERGE: S(R′) = S(R) + S(ΔR)")
        found.merge()
        if lost is not None:
            with work.program.when(f"{work.counted(lost)} > 0"):
                reread.again(work, op, lost)
                found.read_again()
        found.hand_on()


# The MERGE source


def _rows(work: Work, groups: Carried) -> str:
    return f"(SELECT * FROM {table(groups)} LIMIT {work.counted(groups)})"


def _ordered(work: Work, groups: Carried) -> str:
    """One row per group already, in the order of the target's key."""
    items = [f"g.{identifier(column.name)}" for column in groups.schema]
    order = f"\n{listing([f'g.{name}' for name in work.key], 'ORDER BY')}" if work.key else ""
    return f"{listing(items, 'SELECT')}\nFROM {_rows(work, groups)} g{order}"


def _added(work: Work, groups: Carried, fold: Fold, *, moved: bool = False) -> str:
    """The terms of each group added up, in the order of the target's key; only groups that `moved`, maybe."""
    keys = [f"g.{name}" for name in work.key]
    items, rows = [*keys, *_sums(work, fold)], _rows(work, groups)
    if work.storage.dependent:
        rows = f"(\n{indent(_by_image(work, rows, fold))}\n)"
        items += _newest(work, fold)
    lines = [listing(items, "SELECT"), f"FROM {rows} g"]
    if keys:
        lines += [listing(keys, "GROUP BY")]
        lines += [f"HAVING {' OR '.join(_totals(work, fold, ' <> 0'))}"] if moved else []
        lines += [listing(keys, "ORDER BY")]
    return "\n".join(lines)


def _sums(work: Work, fold: Fold) -> list[str]:
    names = [identifier(work.storage.names[column]) for column, _ in fold.states]
    return [f"sum(g.{name}) AS {name}" for name in names]


def _totals(work: Work, fold: Fold, test: str) -> list[str]:
    names = (identifier(work.storage.names[column]) for column, _ in fold.states)
    return [f"sum(g.{name}){test}" for name in names]


def _by_image(work: Work, rows: str, fold: Fold) -> str:
    """The change of each group per image of its dependent columns (law 15)."""
    storage, queries = work.storage, work.program.queries
    items = [f"g.{name}" for name in work.key]
    groups = list(items)
    for column, name in zip(storage.dependent, storage.printed(storage.dependent), strict=True):
        comparable = queries.equality(column) != "none"
        items.append(f"g.{name}" if comparable else f"{queries.first(f'g.{name}', column)} AS {name}")
        groups += queries.image(f"g.{name}", column)
    return f"{listing([*items, *_sums(work, fold)], 'SELECT')}\nFROM {rows} g\n{listing(groups, 'GROUP BY')}"


def _newest(work: Work, fold: Fold) -> list[str]:
    """The dependent columns of the image whose rows have come, and whether some have."""
    storage = work.storage
    count = f"g.{identifier(storage.names[fold.count])}"
    named = zip(storage.dependent, storage.printed(storage.dependent), strict=True)
    first, order = work.program.queries.first, f" ORDER BY {count} DESC"
    latest = [f"{first(f'g.{name}', column, order)} AS {name}" for column, name in named]
    return [*latest, f"max({count}) > 0 AS {FOUND}"]


# Its WHEN clauses


def _when(work: Work, fold: Fold) -> list[str]:
    storage = work.storage
    count = identifier(storage.names[fold.count])
    sums = [identifier(storage.names[column]) for column, _ in fold.states]
    sets = [f"{name} = {_sum(name, column)}" for name, (column, _) in zip(sums, fold.states, strict=True)]
    moved = [f"d.{name} <> 0" for name in sums]
    for extremum in fold.extrema:
        sets += _better(work, extremum)
        moved.append(_there(work, extremum, "d"))
    if (dependent := storage.printed(storage.dependent)) and not fold.extrema:
        sets += [f"{name} = CASE WHEN d.{FOUND} THEN d.{name} ELSE t.{name} END" for name in dependent]
        moved.append(f"d.{FOUND} AND {row('t', dependent)} *<> {row('d', dependent)}")
    dies = [f"WHEN MATCHED AND t.{count} + d.{count} = 0 THEN DELETE"] if work.key else []
    return [
        *dies,
        f"WHEN MATCHED AND ({' OR '.join(moved)}) {update(sets)}",
        f"WHEN NOT MATCHED AND d.{count} <> 0 {insertion(storage.printed(storage.columns))}",
    ]


def _sum(name: str, column: Col) -> str:
    total = f"t.{name} + d.{name}"
    return total if column.type.name == "numeric" else f"({total})::{column.type.sql}"


def _better(work: Work, extremum: Extremum) -> list[str]:
    """The extremum and its count, where the group has not lost it."""
    value, count, ahead = _value(work, extremum), _count(work, extremum), _ahead(work, extremum)
    same = f"d.{value} {_equal(extremum)} t.{value}"
    counted = f"WHEN {ahead} THEN d.{count} WHEN {same} THEN t.{count} + d.{count}"
    return [
        f"{value} = CASE WHEN {ahead} THEN d.{value} ELSE t.{value} END",
        f"{count} = CASE {counted} ELSE t.{count} END",
    ]


def _value(work: Work, extremum: Extremum) -> str:
    return identifier(work.storage.names[extremum.value])


def _count(work: Work, extremum: Extremum) -> str:
    return identifier(work.storage.names[extremum.count])


def _equal(extremum: Extremum) -> str:
    return extremum.value.type.comparison("=")


def _ahead(work: Work, extremum: Extremum) -> str:
    """Is the best of the change better than what is stored?"""
    value = _value(work, extremum)
    op = extremum.value.type.comparison("<" if extremum.best == "min" else ">")
    missing = text(is_absent(extremum.value), lambda _: f"t.{value}")
    return f"d.{value} {op} t.{value} OR ({missing} AND {_there(work, extremum, 'd')})"


def _there(work: Work, extremum: Extremum, alias: str) -> str:
    return text(is_present(extremum.value), lambda _: f"{alias}.{_value(work, extremum)}")


# Groups whose fold would not be exact


def _lost(work: Work, groups: Carried, fold: Fold) -> Carried | None:
    """Keys of the groups that lost an extremum, or a value that is not finite: that is not taken back.

    What is not finite stays so when finite values come or go: then nothing is lost.
    """
    tests = _losses(work, fold)
    if not tests:
        return None
    storage = work.storage
    lost = work.groups("lost", storage.key)
    keys = [f"d.{name}" for name in work.key]
    stored = f"LEFT JOIN {storage.table} t ON {storage.matches('t', 'd')}\n" if fold.extrema else ""
    work.program.comment("Groups that lost an extremum, or a value that is not finite")
    work.program.run(
        f"INSERT INTO {table(lost)}\n{listing(keys, 'SELECT DISTINCT' if keys else 'SELECT')}\n"
        f"FROM {_rows(work, groups)} d\n{stored}WHERE {f'{chr(10)}   OR '.join(tests)};",
        work.counted(lost),
    )
    return lost


def _losses(work: Work, fold: Fold) -> list[str]:
    names = work.storage.names
    numeric = [identifier(names[column]) for column, _ in fold.states if column.type.name == "numeric"]
    tests = [f"d.{name} IN {INFINITE}" for name in numeric]
    for extremum in fold.extrema:
        value, count = _value(work, extremum), _count(work, extremum)
        gone = f"t.{count} + d.{count} <= 0"
        if work.program.queries.equality(extremum.value) != "identity":
            gone = f"({gone} OR {row('d', [value])} *<> {row('t', [value])})"
        tests.append(f"d.{value} {_equal(extremum)} t.{value} AND {gone}")
        tests.append(f"d.{count} < 0 AND ({_ahead(work, extremum)})")
    return tests
