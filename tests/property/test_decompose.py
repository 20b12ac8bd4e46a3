"""Aggregates over stages of their own mean the same, and are maintained."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from ivmc.identity import verify
from ivmc.ir import Aggregate
from ivmc.normalise.decompose import decompose
from ivmc.rules.folding import fold
from tests.property.histories import History, histories
from tests.property.maintenance import narrowed
from tests.property.relations import FOLDED, folded
from tests.property.test_laws import at, refreshed


@st.composite
def told_apart(draw: st.DrawFn) -> Aggregate:
    """An aggregate whose calls are DISTINCT, some of them."""
    op = draw(folded(FOLDED))
    calls = [
        (column, replace(one, distinct=bool(one.args) and draw(st.booleans()))) for column, one in op.calls
    ]
    return replace(op, calls=tuple(calls))


@settings(max_examples=300)
@given(told_apart(), histories(batches=0))
def test_stages_of_different_values_mean_the_same(op: Aggregate, history: History) -> None:
    rel = decompose(op)
    verify(rel)
    assert rel.schema == op.schema
    assert at(rel, history.states[0], op) == at(op, history.states[0])


@given(told_apart(), histories())
def test_different_values_are_maintained(op: Aggregate, history: History) -> None:
    refreshed(narrowed(op), history)


@given(told_apart())
def test_what_is_decomposed_folds(op: Aggregate) -> None:
    rel = decompose(op)
    assert rel == op or (isinstance(rel, Aggregate) and fold(rel) is not None)
