"""What can be proved of a relation: its keys and functional dependencies.

Source: Date, Darwen, "Relational Database Writings", on inherited candidate keys; Paulley 2000,
"Exploiting Functional Dependence in Query Optimization".
"""

from __future__ import annotations

from collections.abc import Iterable

from ivmc.ir import Aggregate, Filter, Join, Project, Rel, Scan
from ivmc.scalar import Col, Scalar, columns, equated

Key = frozenset[Col]


def keys(rel: Rel) -> frozenset[Key]:
    """Sets of columns, all of them NOT NULL, on which no two rows of `rel` agree."""
    match rel:
        case Scan(relation):
            return frozenset(_declared(rel, [relation.primary_key, *relation.unique]))
        case Filter(input, _):
            return keys(input)
        case Project(input, outputs):
            kept = {scalar: column for column, scalar in outputs if isinstance(scalar, Col)}
            return frozenset(frozenset(kept[c] for c in key) for key in keys(input) if key <= kept.keys())
        case Join(left, right, on):
            across = [p for p in _equal_pairs(on) if not frozenset(p) <= frozenset(left.schema)]
            across = [p for p in across if not frozenset(p) <= frozenset(right.schema)]
            return _joined(keys(left), keys(right), across)
        case Aggregate(_, group):
            return frozenset({frozenset(group)}) if not any(c.nullable for c in group) else frozenset()
        case _:
            return frozenset()


def _declared(scan: Scan, declared: Iterable[tuple[str, ...]]) -> Iterable[Key]:
    for names in declared:
        columns = [scan.column(name) for name in names]
        if columns and all(column is not None and not column.nullable for column in columns):
            yield frozenset(column for column in columns if column is not None)


def _equal_pairs(on: Iterable[object]) -> list[tuple[Col, Col]]:
    return [pair for predicate in on if (pair := equated(predicate)) is not None]  # type: ignore[arg-type]


def _joined(left: Iterable[Key], right: Iterable[Key], equal: list[tuple[Col, Col]]) -> frozenset[Key]:
    """A side whose key the join equates with the other side adds no rows, so no columns either."""
    equated_columns = {column for pair in equal for column in pair}
    found: set[Key] = set()
    for a in left:
        for b in right:
            if b <= equated_columns:
                found.add(a)
            if a <= equated_columns:
                found.add(b)
            if not (b <= equated_columns or a <= equated_columns):
                found.add(a | b)
    return frozenset(found)


def shortest(candidates: Iterable[Key]) -> tuple[Col, ...] | None:
    """One key, the same at every run: the narrowest, in order of creation of its columns."""
    ordered = [tuple(sorted(key, key=lambda column: column.id)) for key in candidates]
    return min(ordered, key=lambda key: (len(key), [column.id for column in key]), default=None)


# Types whose equal values are the same value: equality of two columns then makes either one of them
# determine the other's image.
IDENTITY = frozenset({"bool", "date", "int2", "int4", "int8", "oid", "text", "timestamp", "timestamptz", "uuid", "varchar"})


def reduced(rel: Rel, group: tuple[Col, ...]) -> tuple[Col, ...]:
    """A part of the grouping columns that determines the others: `GROUP BY d.id, d.name` is keyed by `d.id`."""
    kept = list(group)
    for column in reversed(group):
        rest = [other for other in kept if other is not column]
        if rest and column in determined(rel, rest):
            kept = rest
    return tuple(kept)


def determined(rel: Rel, given: Iterable[Col]) -> frozenset[Col]:
    """The columns that have one value, by image, wherever the given ones agree."""
    known = set(given)
    facts = list(_dependencies(rel))
    grown = True
    while grown:
        new = {column for causes, effects in facts if causes <= known for column in effects - known}
        grown = bool(new)
        known |= new
    return frozenset(known)


def _dependencies(rel: Rel) -> Iterable[tuple[Key, Key]]:
    """What determines what in a select-project-join tree."""
    match rel:
        case Scan(_, _, schema):
            for key in keys(rel):
                yield key, frozenset(schema)
        case Filter(input, predicates):
            yield from _equalities(predicates)
            yield from _dependencies(input)
        case Join(left, right, on):
            yield from _equalities(on)
            yield from _dependencies(left)
            yield from _dependencies(right)
        case Project(input, outputs):
            for column, scalar in outputs:
                yield columns(scalar), frozenset({column})
                if isinstance(scalar, Col):
                    yield frozenset({column}), frozenset({scalar})
            yield from _dependencies(input)


def _equalities(predicates: Iterable[Scalar]) -> Iterable[tuple[Key, Key]]:
    for a, b in _equal_pairs(predicates):
        if a.type.name in IDENTITY and b.type.name in IDENTITY:
            yield frozenset({a}), frozenset({b})
            yield frozenset({b}), frozenset({a})
