"""Plans with dependent joins mean the same without them, in the reference interpreter."""

from hypothesis import given, settings

from ivmc.identity import free, verify
from ivmc.ir import Join, Match, Outer, Rel, walk
from ivmc.normalise import normalise
from ivmc.normalise.unnest import unnest
from tests.property.histories import History, histories
from tests.property.maintenance import narrowed
from tests.property.relations import plans
from tests.property.test_laws import at, refreshed


@settings(max_examples=500)
@given(plans(aggregates=True, dependent=True), histories(batches=0))
def test_without_dependent_joins_a_plan_means_the_same(rel: Rel, history: History) -> None:
    plan = unnest(rel)
    assert not any(dependent(node) for node in walk(plan))
    verify(plan)
    assert plan.schema == rel.schema
    expected = at(rel, history.states[0])
    assert at(plan, history.states[0], rel) == expected
    assert at(normalise(plan), history.states[0], rel) == expected


def dependent(node: Rel) -> bool:
    return isinstance(node, Join | Outer | Match) and not free(node.right).isdisjoint(node.left.schema)


@given(plans(depth=2, aggregates=True, dependent=True), histories(batches=2))
def test_view_of_subqueries_holds_its_query_after_every_refresh(rel: Rel, history: History) -> None:
    refreshed(narrowed(rel), history)
