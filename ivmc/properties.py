"""What can be proved of a relation: its keys and functional dependencies.

Source: Date, Darwen, "Relational Database Writings", on inherited candidate keys; Paulley 2000,
"Exploiting Functional Dependence in Query Optimization".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ivmc.ir import (
    Aggregate,
    Carried,
    Expand,
    Filter,
    Flips,
    Join,
    Match,
    Net,
    Outer,
    Outputs,
    Project,
    Rel,
    Scan,
    Values,
    inputs,
)
from ivmc.names import SCHEMA
from ivmc.predicate import equated
from ivmc.scalar import COMPARISONS, Col, Expression, Logic, Scalar, columns, fresh, image, is_image

Key = frozenset[Col]


def keys(rel: Rel) -> frozenset[Key]:
    """Sets of columns on which no two rows of `rel` agree, NULLs being alike; the empty one for one row."""
    match rel:
        case Scan(relation):
            return frozenset(_declared(rel, [*filter(None, [relation.primary_key]), *relation.unique]))
        case Carried(single=True):
            return frozenset({frozenset()})
        case Filter(input) | Match(input) | Flips(input) | Net(input):
            return keys(input)
        case Expand(input, ordinality=True):
            return frozenset(key | {rel.columns[-1]} for key in keys(input))
        case Outer(left, right, on, padded):
            copies = {old: new for new, old in padded}
            shown = [frozenset(copies[c] for c in key) for key in keys(right) if key <= copies.keys()]
            alone = frozenset() if fans_out(right, on) else keys(left)
            return alone | frozenset(a | b for a in keys(left) for b in shown)
        case Project(input, outputs):
            kept = {scalar: column for column, scalar in outputs if isinstance(scalar, Col)}
            return frozenset(frozenset(kept[c] for c in key) for key in keys(input) if key <= kept.keys())
        case Join(left, right, on):
            across = [p for p in _equal_pairs(on) if not frozenset(p) <= frozenset(left.schema)]
            across = [p for p in across if not frozenset(p) <= frozenset(right.schema)]
            return _joined(keys(left), keys(right), across)
        case Aggregate(_, group):
            return frozenset({frozenset(group)})
        case _:
            return frozenset()


def is_row(rel: Rel) -> bool:
    """Is it always one row, by its form?"""
    match rel:
        case Project(input):
            return is_row(input)
        case Aggregate(_, keys):
            return not keys
        case Join(left, right, ()):
            return is_row(left) and is_row(right)
        case Match(left, mark=mark):
            return mark is not None and is_row(left)
        case Values(_, rows):
            return len(rows) == 1
        case _:
            return False


def _declared(scan: Scan, declared: Iterable[tuple[str, ...]]) -> Iterable[Key]:
    """Keys by their names; NULLs are alike in those of a stage alone."""
    own = scan.relation.schema == SCHEMA
    for names in declared:
        columns = [column for name in names if (column := scan.column(name)) and (own or not column.nullable)]
        if len(columns) == len(names):
            yield frozenset(columns)


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


def fans_out(into: Rel, on: Iterable[Scalar]) -> bool:
    """Can one row meet several rows of `into`? Not where the join equates a whole key of it."""
    equal = {column for predicate in on for column in equated(predicate) or ()}
    return not any(key <= equal for key in keys(into))


def referenced(many: Rel, one: Rel, on: Iterable[Scalar]) -> tuple[Scan, Scan] | None:
    """The table in `many` whose foreign key the join equates, and the one that `one` reads row by row.

    The schema of the latter is the key referred to. Only keys of which equal ones are one value count.
    """
    target = one
    while isinstance(target, Filter | Project):
        target = target.input
    if not isinstance(target, Scan):
        return None
    pairs = _equal_pairs(on)
    equal, place = {*pairs, *((b, a) for a, b in pairs)}, (target.relation.schema, target.relation.name)
    for scan in _scans(many):
        for key in scan.relation.foreign_keys:
            ours, theirs = map(scan.column, key.columns), map(target.column, key.target_columns)
            found = tuple(b for a, b in zip(ours, theirs, strict=True) if b and (a, b) in equal)
            if key.holds and (key.schema, key.table) == place and len(found) == len(key.columns):
                return (scan, replace(target, schema=found)) if all(map(is_identity, found)) else None
    return None


def identified(rel: Rel, given: Iterable[Col]) -> Iterable[tuple[Scan, tuple[tuple[Col, Col], ...]]]:
    """The tables in `rel` of which the given columns are a key, as far as equal ones are one value.

    Each with the columns of the key, those of `given` beside them.
    """
    facts = [*_same(rel), *_renames(rel)]
    same = {column: _closure([column], facts) for column in given if is_identity(column)}
    for scan in _scans(rel):
        for key in keys(scan):
            pairs = [(part, column) for part in sorted(key, key=lambda c: c.id) for column in same]
            found = {part: column for part, column in pairs if part in same[column]}
            if found.keys() == key and all(part.type == column.type for part, column in found.items()):
                yield scan, tuple(found.items())


def _same(rel: Rel) -> Iterable[tuple[Key, Key]]:
    """Columns that a select-project-join tree equates."""
    match rel:
        case Filter(_, predicates) | Join(_, _, predicates):
            yield from _equalities(predicates)
        case _:
            pass
    for child in _parts(rel):
        yield from _same(child)


def shortest(candidates: Iterable[Key]) -> tuple[Col, ...] | None:
    """One key, the same at every run: the narrowest, in order of creation of its columns."""
    ordered = [tuple(sorted(key, key=lambda column: column.id)) for key in candidates]
    return min(ordered, key=lambda key: (len(key), [column.id for column in key]), default=None)


# Types whose equal values are the same value: equality of two columns then makes either one of them
# determine the other's image.
IDENTITY = frozenset(
    {
        "bool",
        "bytea",
        "date",
        "int2",
        "int4",
        "int8",
        "oid",
        "text",
        "timestamp",
        "timestamptz",
        "uuid",
        "varchar",
    }
)
# Others that have an `=`, by which an index finds rows.
COMPARABLE = IDENTITY | {"bpchar", "float4", "float8", "interval", "jsonb", "numeric", "time", "timetz"}


def is_identity(column: Col) -> bool:
    """Are equal values of the column one value?"""
    return column.type.name in IDENTITY and column.collation is None


def told_apart(on: Iterable[Scalar], read: Iterable[Col]) -> tuple[tuple[Col, Scalar], ...]:
    """Copies of columns by which rows are grouped that `on` treats alike.

    Where equal values of a column may meet the condition differently (`scale(l.x) = r.y`), its
    image is among them.
    """
    loose = {column for predicate in on for column in _inside(predicate)}
    given = sorted(read, key=lambda column: column.id)
    copies: list[tuple[Col, Scalar]] = [(fresh(column.name, column), column) for column in given]
    images = [image(column) for column in given if column in loose and not is_identity(column)]
    return (*copies, *((fresh("image", one), one) for one in images))


def found_again(told: Iterable[tuple[Col, Scalar]]) -> list[tuple[Col, Scalar]]:
    """Those of the copies of `told_apart` that are compared to find a row again.

    An image says more than the `=` of its column, which json lacks; an index may serve that.
    """
    pairs = list(told)
    by_image = columns(*(value for _, value in pairs if not isinstance(value, Col)))
    return [pair for pair in pairs if pair[1] not in by_image or pair[1].type.name in COMPARABLE]


def _inside(predicate: Scalar) -> frozenset[Col]:
    """The columns that stand elsewhere than on a side of a comparison."""
    match predicate:
        case Expression(name=name, args=args) if name in COMPARISONS:
            return columns(*(side for side in args if not isinstance(side, Col)))
        case Logic(_, args):
            return frozenset(column for part in args for column in _inside(part))
        case _:
            return columns(predicate)


def reduced(rel: Rel, group: tuple[Col, ...]) -> tuple[Col, ...]:
    """Grouping columns that determine the others: `GROUP BY d.id, d.name` is keyed by `d.id`."""
    kept = list(group)
    for column in reversed(group):
        rest = [other for other in kept if other is not column]
        if rest and column in determined(rel, rest):
            kept = rest
    return tuple(kept)


def imaged(rel: Rel, group: Iterable[Col]) -> frozenset[Col]:
    """Grouping columns whose images stand beside them: these say all that they do, and more."""
    if not isinstance(rel, Project):
        return frozenset()
    return frozenset(column for image, told in _images(rel.outputs) if image <= {*group} for column in told)


def determined(rel: Rel, given: Iterable[Col]) -> frozenset[Col]:
    """The columns that have one value, by image, wherever the given ones are equal.

    Equal columns need not look the same: `GROUP BY n, n::text` has a group for 1.0 and one for 1.00.
    They find the row of a key all the same.
    """
    facts = list(_dependencies(rel))
    equal = _closure(given, _renames(rel))
    rows = [(key, frozenset(scan.schema)) for scan in _scans(rel) for key in keys(scan)]
    known = _closure((column for column in equal if is_identity(column)), facts)
    while new := {column for key, row in rows if key <= equal | known for column in row - known}:
        known = _closure(known | new, facts)
    return known


def _closure(known: Iterable[Col], facts: Iterable[tuple[Key, Key]]) -> Key:
    """The columns that follow from the known ones."""
    facts = list(facts)
    found = set(known)
    while new := {column for causes, effects in facts if causes <= found for column in effects - found}:
        found |= new
    return frozenset(found)


def _dependencies(rel: Rel) -> Iterable[tuple[Key, Key]]:
    """What determines the image of what in a select-project-join tree, keys apart."""
    match rel:
        case Filter(_, predicates) | Join(_, _, predicates):
            yield from _equalities(predicates)
        case Project(_, outputs):
            yield from ((columns(scalar), frozenset({column})) for column, scalar in outputs)
            yield from _images(outputs)
            yield from _renames(rel)
        case _:
            pass
    for child in _parts(rel):
        yield from _dependencies(child)


def _images(outputs: Outputs) -> Iterable[tuple[Key, Key]]:
    """What is the image of what."""
    return ((frozenset({column}), columns(scalar)) for column, scalar in outputs if is_image(scalar))


def _renames(rel: Rel) -> Iterable[tuple[Key, Key]]:
    """Columns that are others under a new name, in a select-project-join tree."""
    if isinstance(rel, Project):
        for column, scalar in rel.outputs:
            if isinstance(scalar, Col):
                yield frozenset({column}), frozenset({scalar})
                yield frozenset({scalar}), frozenset({column})
    for child in _parts(rel):
        yield from _renames(child)


def _scans(rel: Rel) -> Iterable[Scan]:
    """The leaves of a select-project-join tree that have keys."""
    if isinstance(rel, Scan):
        yield rel
    for child in _parts(rel):
        yield from _scans(child)


def _parts(rel: Rel) -> tuple[Rel, ...]:
    """What a select-project-join tree is made of."""
    match rel:
        case Filter() | Project() | Join():
            return inputs(rel)
        case Outer(left) | Match(left) | Expand(left):
            return (left,)
        case _:
            return ()


def _equalities(predicates: Iterable[Scalar]) -> Iterable[tuple[Key, Key]]:
    for a, b in _equal_pairs(predicates):
        if is_identity(a) and is_identity(b):
            yield frozenset({a}), frozenset({b})
            yield frozenset({b}), frozenset({a})
