"""Set operations and grouping sets mean what the manual says, and are maintained."""

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ivmc.bind.combined import compared
from ivmc.bind.grouping_sets import Sets
from ivmc.identity import verify
from ivmc.ir import Aggregate, Project, Rel
from ivmc.scalar import Col, Scalar, fresh, literal, null
from tests.property.histories import INTEGER, TEXT, History, histories
from tests.property.maintenance import narrowed
from tests.property.relations import FOLDED, HOLISTIC, Plans, folded
from tests.property.test_laws import at, refreshed

Operation = tuple[Project, Project, str, bool]


@st.composite
def operations(draw: st.DrawFn) -> Operation:
    """Two arms of the same columns, whose equal values look the same; an operation; whether it is ALL."""
    plans = Plans(draw)
    kinds = draw(st.lists(st.sampled_from((INTEGER, TEXT)), min_size=1, max_size=2))
    arms = [plans.plan(1), plans.plan(1)]
    rows = [[plans.scalars(arm).scalar(kind) for kind in kinds] for arm in arms]
    schema = tuple(
        fresh("column", kind, nullable=any(scalar.nullable for scalar in column))
        for kind, column in zip(kinds, zip(*rows, strict=True), strict=True)
    )
    left, right = (Project(a, tuple(zip(schema, r, strict=True))) for a, r in zip(arms, rows, strict=True))
    return left, right, draw(st.sampled_from(("INTERSECT", "EXCEPT"))), draw(st.booleans())


def copies(rel: Rel, history: History, original: Rel) -> Counter[tuple[Any, ...]]:
    """How often each row is there."""
    found: Counter[tuple[Any, ...]] = Counter()
    for row, weight in at(rel, history.states[0], original):
        found[tuple(row[column] for column in rel.schema)] += weight
    return found


@given(operations(), histories(batches=0))
def test_set_operations(operation: Operation, history: History) -> None:
    left, right, word, repeated = operation
    rel = compared(left, right, word, repeated=repeated)
    verify(rel)
    ours, theirs = (copies(side, history, rel) for side in (left, right))
    if not repeated:
        kept = ours.keys() & theirs.keys() if word == "INTERSECT" else ours.keys() - theirs.keys()
        assert copies(rel, history, rel) == dict.fromkeys(kept, 1)
    else:
        assert copies(rel, history, rel) == (ours & theirs if word == "INTERSECT" else ours - theirs)


@given(operations(), histories())
def test_set_operations_are_maintained(operation: Operation, history: History) -> None:
    left, right, word, repeated = operation
    refreshed(narrowed(compared(left, right, word, repeated=repeated)), history)


@st.composite
def grouped_by_sets(draw: st.DrawFn) -> tuple[Aggregate, Sets]:
    """An aggregate, and sets of its keys."""
    op = draw(folded(FOLDED) | folded((*FOLDED, *HOLISTIC)))
    one_set = st.lists(st.sampled_from(op.keys), unique=True).map(tuple) if op.keys else st.just(())
    return op, Sets.of(draw(st.lists(one_set, min_size=1, max_size=3)))


def one_by_one(op: Aggregate, sets: Sets) -> Rel:
    """The union of an aggregate for each set."""
    terms: list[Rel] = []
    schema = (sets.number, *sets.shown.values(), *(column for column, _ in op.calls))
    for i, one in enumerate(sets.sets):
        keys: list[tuple[Col, Scalar]] = [(sets.number, literal(str(i), INTEGER))]
        keys += [(shown, key if key in one else null(key.type)) for key, shown in sets.shown.items()]
        calls = [(column, column) for column, _ in op.calls]
        terms.append(Project(Aggregate(op.input, one, op.calls), (*keys, *calls)))
    first, *rest = terms
    assert first.schema == schema
    return sum(rest, first)


@given(grouped_by_sets(), histories(batches=0))
def test_grouping_sets(drawn: tuple[Aggregate, Sets], history: History) -> None:
    op, sets = drawn
    rel = sets.grouped(op.input, op.calls)
    verify(rel)
    assert at(rel, history.states[0], op) == at(one_by_one(op, sets), history.states[0], op)


@given(grouped_by_sets(), histories())
def test_grouping_sets_are_maintained(drawn: tuple[Aggregate, Sets], history: History) -> None:
    op, sets = drawn
    refreshed(narrowed(sets.grouped(op.input, op.calls)), history)
