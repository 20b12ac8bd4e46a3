"""Dependent joins, unnested.

The right side of a join may read columns of its left side: LATERAL, and every query in an expression.
Row by row of the left it would run anew. Instead, what depends on the left goes up, or the left down:

    L ⋈ σp(R)        =  σp(L ⋈ R)                     L ⋈ πe(R)      =  π L,e (L ⋈ R)
    L ⋈ (A ⋈ B)      =  (L ⋈ A) ⋈ B                   L ⋈ (A ⊎ B)    =  (L ⋈ A) ⊎ (L ⋈ B)
    L ⋈ (A ⟕ B)      =  (L ⋈ A) ⟕ B                   L ⋈ expand(R)  =  expand(L ⋈ R)
    L ⋈ γG(σk=e(R))  =  L ⋈ k=e γG,k(R)               L ⋈ γ(σk=e(R)) =  L ⟕ k=e γk(R)

A group without rows has no row in γk: its values are those of the calls over no rows (law 8).
Outer joins and matches take what is lifted out of their right side into their condition (`lifting`).
Where nothing else helps, the right side runs for the distinct values that it reads, its domain D:

    L ⋈ R(L)  =  L ⋈ p=d π d←p (D ⋈ R(D))             D  =  δ πp(L)        D ⋈ γG(R)  =  γp,G(D ⋈ R)

where p = d holds for NULLs too. The same holds with ⟕ and with matches in place of the first ⋈.

Source  Neumann, Kemper 2015, "Unnesting Arbitrary Queries"; Galindo-Legaria, Joshi 2001,
        "Orthogonal Optimization of Subqueries and Aggregation".
"""

from __future__ import annotations

from dataclasses import replace

from ivmc.few import argument, case, over_nothing, over_one
from ivmc.identity import free
from ivmc.ir import (
    UNIT,
    Aggregate,
    Call,
    Expand,
    Filter,
    Join,
    Match,
    Outer,
    Outputs,
    Project,
    Rel,
    Union,
    Values,
    arranged,
    inputs,
    same,
    with_inputs,
)
from ivmc.normalise.lifting import groups, in_order, lifted, numbered, reading
from ivmc.predicate import conjunction
from ivmc.properties import is_identity, is_row, keys, reduced, shortest
from ivmc.scalar import (
    BOOLEAN,
    IS,
    TRUE,
    Col,
    Expression,
    Logic,
    Scalar,
    columns,
    fresh,
    image,
    is_fallible,
    matches,
    substitute,
)


def unnest(rel: Rel) -> Rel:
    """`rel` without dependent joins, with the same schema."""
    match rel:
        case Join() | Outer() | Match():
            return arranged(_joined(replace(rel, left=unnest(rel.left))), rel.schema)
        case _:
            return with_inputs(rel, tuple(unnest(input) for input in inputs(rel)))


def _joined(op: Join | Outer | Match) -> Rel:
    """A join whose left side is unnested. It may give more columns than `op`."""
    if not _depends(op.right, op.left):
        return replace(op, right=unnest(op.right))
    match op:
        case Join(left, right, on):
            pairs = _beside(left, right)
            return Filter(pairs, on) if on else pairs
        case Outer():
            return _of_one_row(op) or _expanded(op) or _with_lifted(op) or _through_domain(op)
        case Match():
            return _of_one_row(op) or _with_lifted(op) or _through_domain(op)


def _depends(right: Rel, left: Rel) -> bool:
    return not free(right).isdisjoint(left.schema)


# Inner joins


def _beside(left: Rel, right: Rel) -> Rel:
    """`left`, which is unnested, beside the rows that `right` has for it: their columns, and more."""
    if right == UNIT:
        return left
    if not _depends(right, left):
        return Join(left, unnest(right), ())
    match right:
        case Filter(input, predicates):
            return Filter(_beside(left, input), predicates)
        case Project(input, outputs):
            return Project(_beside(left, input), same(left.schema) + outputs)
        case Join(a, b, on) if not _depends(a, left) and not _depends(b, a):
            return Join(_beside(left, b), unnest(a), on)
        case Join(a) | Outer(a) | Match(a):
            return _joined(replace(right, left=_beside(left, a)))
        case Expand(input):
            return replace(right, input=_beside(left, input))
        case Union(terms, schema):
            wide = left.schema + schema
            return Union(tuple(Project(_beside(left, term), same(wide)) for term in terms), wide)
        case Values():
            return _beside(left, numbered(right))
        case Aggregate():
            return _grouped(left, right)
        case _:
            raise TypeError(f"{type(right).__name__} is not an operator of a query")


def _grouped(left: Rel, op: Aggregate) -> Rel:
    """Groups beside the rows of `left`: lifted, or per row of a domain."""
    if not op.keys:
        return _of_single(left, op) or _of_all(left, op)
    found = groups(replace(op, input=unnest(op.input)), frozenset(left.schema))
    if found is not None:
        return Join(left, *found)
    key = _row_key(left, op)
    if key is None:
        return _through_domain(Join(left, op, ()))
    if key == left.schema:
        return Aggregate(_beside(left, op.input), key + op.keys, op.calls)
    return Join(left, *_per_row(left, op, key))


def _row_key(left: Rel, op: Aggregate) -> tuple[Col, ...] | None:
    """What tells the rows of `left` apart, where they are few enough to have groups of their own.

    A domain is; a relation with a key that `op` reads has no smaller one.
    """
    if isinstance(left, Aggregate) and not left.calls:
        return left.schema
    return shortest(key for key in keys(left) if key <= free(op))


def _per_row(left: Rel, op: Aggregate, key: tuple[Col, ...]) -> tuple[Rel, tuple[Scalar, ...]]:
    """The groups for each row of `left`, and how that row finds them.

    Of the columns that tell groups apart, those that the others determine may have no `=`, as json.
    """
    key = reduced(left.input, key) if isinstance(left, Aggregate) else key
    copies = {column: fresh(column.name, column) for column in key}
    wide = _beside(left, op.input)
    rows = Project(wide, same(wide.schema) + tuple((new, old) for old, new in copies.items()))
    on = tuple(matches(old, new) for old, new in copies.items())
    return Aggregate(rows, tuple(copies.values()) + op.keys, op.calls), on


def _of_all(left: Rel, op: Aggregate) -> Rel:
    """The calls over all that `op` reads for a row of `left`; over nothing, what each gives then."""
    inside = replace(op, calls=tuple((fresh(column.name, column), call) for column, call in op.calls))
    found: tuple[Rel, tuple[Scalar, ...]] | None
    found = groups(replace(inside, input=unnest(op.input)), frozenset(left.schema))
    if found is None and (key := _row_key(left, op)) is not None:
        found = _per_row(left, inside, key)
    if found is None:
        return _through_domain(Join(left, op, ()))
    rel, on = found
    shown = {column: fresh(column.name, column, nullable=True) for column, _ in inside.calls}
    right, there, present = _present(rel)
    padded = (*((new, old) for old, new in shown.items()), (there, present))
    values = tuple(
        (column, _or_nothing(call, shown[inner], there))
        for (column, call), (inner, _) in zip(op.calls, inside.calls, strict=True)
    )
    return Project(Outer(left, right, on, padded), same(left.schema) + values)


def _or_nothing(call: Call, value: Col, there: Col) -> Scalar:
    """The value of a call where its group is there; over no rows where it is not (law 8)."""
    nothing = over_nothing(call)
    return value if nothing is None else case(there, value, nothing)


def _of_single(left: Rel, op: Aggregate) -> Rel | None:
    """The calls over at most one row, where that is certain: values of the row itself, no group."""
    inner = lifted(unnest(op.input), frozenset(left.schema))
    if inner is None or not inner.covers_a_key():
        return None
    taken: list[tuple[Col, Scalar]] = []
    for column, call in op.calls:
        scalar = argument(call)
        if scalar is None:
            return None
        taken.append((fresh(column.name, scalar), scalar))
    present = fresh("present", BOOLEAN, nullable=False)
    right = Project(op.input, (*taken, (present, TRUE)))
    padded = tuple((fresh(old.name, old, nullable=True), old) for old in right.schema)
    *shown, there = (new for new, _ in padded)
    values = tuple(
        (column, over_one(call, value, there)) for (column, call), value in zip(op.calls, shown, strict=True)
    )
    return Project(_joined(Outer(left, right, (), padded)), same(left.schema) + values)


# Outer joins and matches


def _of_one_row(op: Outer | Match) -> Rel | None:
    """Where the right side is one row, whatever the left: tested by expressions."""
    rel, predicates = op.right, op.on
    while isinstance(rel, Filter):
        predicates, rel = rel.predicates + predicates, rel.input
    if not is_row(rel):
        return None
    pairs, test, own = _beside(op.left, rel), conjunction(predicates), same(op.left.schema)
    if isinstance(op, Outer):
        shown = ((new, old if test == TRUE else case(test, old)) for new, old in op.padded)
        return Project(pairs, (*own, *shown))
    holds = Expression("is true", ("", " IS TRUE"), (test,), BOOLEAN, False, IS, (IS + 1,), fallible=False)
    if op.mark is not None:
        return Project(pairs, (*own, (op.mark, holds)))
    return Project(Filter(pairs, (Logic("NOT", (holds,)),) if op.negated else predicates), own)


def _expanded(op: Outer) -> Rel | None:
    """Functions on the right of an outer join: they pad by themselves."""
    rel, on, renamed = op.right, op.on, dict(same(op.right.schema))
    while isinstance(rel, Filter | Project):
        if isinstance(rel, Filter):
            on = rel.predicates + on
        else:
            mapping = dict(rel.outputs)
            on = tuple(substitute(predicate, mapping) for predicate in on)
            renamed = {column: substitute(scalar, mapping) for column, scalar in renamed.items()}
        rel = rel.input
    if not isinstance(rel, Expand) or rel.input != UNIT or rel.outer:
        return None
    if not all(scalar in rel.columns for scalar in renamed.values()):
        return None
    copies = {column: fresh(column.name, column, nullable=True) for column in rel.columns}
    tests = tuple(substitute(predicate, copies) for predicate in rel.on + on)
    found = replace(rel, input=op.left, columns=tuple(copies.values()), on=tests, outer=True)
    shown = tuple((new, substitute(renamed[old], copies)) for new, old in op.padded)
    return Project(found, same(op.left.schema) + shown)


def _with_lifted(op: Outer | Match) -> Rel | None:
    """What is lifted out of the right side goes into the condition."""
    inner = lifted(unnest(op.right), frozenset(op.left.schema))
    if inner is None:
        return None
    on = (*inner.predicates, *(substitute(predicate, inner.outputs) for predicate in op.on))
    if isinstance(op, Match):
        return replace(op, right=inner.rel, on=on)
    return _padded(replace(op, right=inner.rel, on=on), [(new, inner.outputs[old]) for new, old in op.padded])


def _padded(op: Outer, shown: list[tuple[Col, Scalar]]) -> Rel:
    """An outer join that shows expressions over both sides, NULL in a padded row."""
    if all(scalar in op.right.schema for _, scalar in shown):
        return replace(op, padded=tuple((new, scalar) for new, scalar in shown if isinstance(scalar, Col)))
    own = frozenset(op.right.schema)
    inside = {new: scalar for new, scalar in shown if columns(scalar) <= own and not is_fallible(scalar)}
    read = columns(*(scalar for new, scalar in shown if new not in inside)) & own
    copies = {column: fresh(column.name, column, nullable=True) for column in in_order(read)}
    added = {new: (fresh(new.name, scalar), scalar) for new, scalar in inside.items()}
    right, there, present = _present(op.right, tuple(added.values()))
    padded = (
        *((new, column) for new, (column, _) in added.items()),
        *((copy, column) for column, copy in copies.items()),
        (there, present),
    )
    outputs = (
        (new, new if new in inside else case(there, substitute(scalar, copies))) for new, scalar in shown
    )
    return Project(replace(op, right=right, padded=padded), same(op.left.schema) + tuple(outputs))


def _present(rel: Rel, more: Outputs = ()) -> tuple[Rel, Col, Col]:
    """`rel` with a column that is true, that column, and what it is called above an outer join."""
    present = fresh("present", BOOLEAN, nullable=False)
    there = fresh("present", BOOLEAN)
    return Project(rel, (*same(rel.schema), *more, (present, TRUE))), there, present


# The domain


def _through_domain(op: Join | Outer | Match) -> Rel:
    """The right side for each distinct combination of what it reads, found again by that.

    Combinations are told apart by image. The domain has columns of its own: both meet in one row.
    """
    read = in_order(free(op.right) & frozenset(op.left.schema))
    copies = {column: fresh(column.name, column) for column in read}
    images = [image(column) for column in read if not is_identity(column)]
    given: list[tuple[Col, Scalar]] = [(copy, column) for column, copy in copies.items()]
    given += [(fresh("image", one), one) for one in images]
    rows = Project(op.left, tuple(given))
    domain = Aggregate(rows, rows.schema, ())
    right = Project(_beside(domain, reading(op.right, copies)), same(op.right.schema + domain.schema))
    told = [(copy, one) for copy, one in given if not isinstance(one, Col) or is_identity(one)]
    on = tuple(matches(one, copy) for copy, one in told)
    return replace(op, right=right, on=on + op.on)
