"""Groups that need no outer join mean the same, and are maintained; whether or not each row refers to one."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ivmc.identity import verify
from ivmc.ir import Aggregate, Filter, Outer, Rel
from ivmc.normalise import normalise
from ivmc.normalise.eager import eager
from ivmc.scalar import NUMERIC, equals, fresh
from tests.property.histories import LINE, PART, REFERRING, History, histories, referring
from tests.property.maintenance import narrowed
from tests.property.relations import FOLDED, Plans, Scalars, aggregate_call, scan
from tests.property.test_laws import at, refreshed

ADDED = tuple(call for call in FOLDED if call[0] in ("count", "sum", "avg") and call[1] != NUMERIC)


@st.composite
def by_what_is_referred_to(draw: st.DrawFn) -> Aggregate:
    """Parts and the items that refer to them, some or joined ones maybe, grouped by the part."""
    some = Plans(draw)
    items, parts = scan(REFERRING), scan(PART)
    right: Rel = items
    match draw(st.sampled_from(("plain", "filtered", "joined"))):
        case "filtered":
            right = Filter(right, (some.scalars(right).predicate(),))
        case "joined":
            right = some.joined(right, scan(LINE))
        case _:
            pass
    padded = tuple((fresh(column.name, column, nullable=True), column) for column in right.schema)
    join = Outer(parts, right, (equals(parts.schema[0], items.schema[0]),), padded)
    seen = Scalars(draw, (parts.schema[0], *(column for column, _ in padded)))
    calls = [aggregate_call(seen, draw(st.sampled_from((FOLDED, ADDED)))) for _ in range(some.several())]
    named = ((fresh(one.function.name, one.type, nullable=one.nullable), one) for one in calls)
    return Aggregate(join, parts.schema[:1], tuple(named))


@settings(max_examples=400)
@given(by_what_is_referred_to(), histories(batches=0))
def test_groups_of_both_sides_are_those_of_their_outer_join(op: Aggregate, history: History) -> None:
    rel = eager(normalise(op))
    verify(rel)
    assert rel.schema == op.schema
    assert at(rel, history.states[0], op) == at(op, history.states[0])


@given(by_what_is_referred_to(), referring() | histories())
def test_groups_of_both_sides_are_maintained(op: Aggregate, history: History) -> None:
    refreshed(narrowed(op), history)
