"""What a recomputation evaluates means the same: groups before joins, extrema without netting."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ivmc.emit.described import described
from ivmc.emit.single import at_once, is_single
from ivmc.identity import verify
from ivmc.ir import Aggregate, Filter, Join, Rel
from ivmc.rules.aggregate import grouped
from ivmc.rules.folding import fold
from ivmc.scalar import equals, fresh
from tests.property.histories import (
    INTEGER,
    LINE,
    PART,
    REFERRING,
    TEXT,
    History,
    Records,
    contents,
    histories,
    records,
)
from tests.property.relations import FOLDED, HOLISTIC, Plans, Scalars, aggregate_call, scan
from tests.property.test_laws import at


@st.composite
def with_what_is_referred_to(draw: st.DrawFn) -> Aggregate:
    """Items, some or joined ones maybe, beside the parts that they refer to, grouped by columns of both."""
    some = Plans(draw)
    items, parts = scan(REFERRING), scan(PART)
    left: Rel = items
    match draw(st.sampled_from(("plain", "filtered", "joined"))):
        case "filtered":
            left = Filter(left, (some.scalars(left).predicate(),))
        case "joined":
            left = some.joined(left, scan(LINE))
        case _:
            pass
    reference = next(column for column in items.schema if column.name == "a")
    join = Join(left, parts, (equals(reference, parts.schema[0]),))
    group = draw(st.lists(st.sampled_from(join.schema), max_size=3, unique=True))
    key = draw(st.sampled_from((reference, parts.schema[0])))
    seen = Scalars(draw, draw(st.sampled_from((left.schema, left.schema, join.schema))))
    calls = [aggregate_call(seen, (*FOLDED, HOLISTIC[0])) for _ in range(some.several())]
    named = ((fresh(one.function.name, one.type, nullable=one.nullable), one) for one in calls)
    keys = dict.fromkeys((*group, *draw(st.sampled_from(((key,), (key,), ())))))
    return Aggregate(join, tuple(k for k in keys if k.type in (INTEGER, TEXT)), tuple(named))


@st.composite
def trade(draw: st.DrawFn) -> dict[str, Records]:
    """Items that refer to parts; some may refer to none."""
    parts = [(n, *draw(records(PART))[1:]) for n in draw(st.sampled_from(((0, 1, 2), (1, 2))))]
    items = draw(st.lists(records(REFERRING), min_size=2, max_size=6))
    return {"item": tuple(items), "part": tuple(parts), "line": draw(contents(LINE, zeros=True))}


@settings(max_examples=400)
@given(with_what_is_referred_to(), trade())
def test_groups_are_joined_with_what_describes_them(op: Aggregate, state: dict[str, Records]) -> None:
    rel = described(op)
    verify(rel)
    assert rel.schema == op.schema
    assert at(rel, state, op) == at(op, state)


@st.composite
def of_single_values(draw: st.DrawFn) -> Aggregate:
    """Lines grouped by one column of their key, with extrema of the other one, and other calls maybe."""
    lines = scan(LINE)
    group, value = draw(st.permutations(lines.schema[:2]))
    extrema = tuple(call for call in FOLDED if call[0] in ("min", "max") and call[1] == value.type)
    of_value, others = Scalars(draw, (value,)), Scalars(draw, lines.schema)
    calls = [aggregate_call(of_value, extrema) for _ in range(draw(st.integers(1, 2)))]
    calls += [aggregate_call(others, (FOLDED[0], FOLDED[2])) for _ in range(draw(st.integers(0, 2)))]
    return Aggregate(lines, (group,), tuple((fresh(one.function.name, one.type), one) for one in calls))


@given(of_single_values(), histories(batches=0))
def test_an_extremum_of_single_values_is_there_once(op: Aggregate, history: History) -> None:
    folded = fold(op)
    if folded is not None and is_single(op, folded):
        rel = at_once(op.input, op, folded, folded.states)
        verify(rel)
        assert at(rel, history.states[0], op) == at(grouped(op.input, op, folded), history.states[0], op)
