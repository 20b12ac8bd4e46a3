"""The laws of `rules/`, on random plans over random tables, in the reference interpreter."""

from collections.abc import Mapping

from hypothesis import assume, given, settings

from ivmc.differentiate import differentiate
from ivmc.identity import verify
from ivmc.ir import Aggregate, Project, Rel, is_empty
from ivmc.normalise import normalise
from ivmc.normalise.unnest import unnest
from ivmc.optimise import simplify
from ivmc.properties import keys
from ivmc.rules.aggregate import grouped
from ivmc.rules.folding import Extremum, Fold, fold
from ivmc.stages import staged
from ivmc.value import Row, value
from ivmc.zset import ZSet, evaluate, image
from tests.property.histories import Changes, History, Records, changes_of, histories, referring, rows_of
from tests.property.maintenance import View, by_group, change, merged, narrowed
from tests.property.relations import EXTREMA, FOLDED, SUMS, TRUTHS, along_a_foreign_key, folded, plans, risky

any_fold = folded(FOLDED) | folded(EXTREMA) | folded(SUMS) | folded(TRUTHS)


def at(rel: Rel, state: Mapping[str, Records], original: Rel | None = None) -> ZSet:
    """A relation in one state; its scans may be narrower than those of the `original`."""
    return evaluate(rel, rows_of(original or rel, state))


def moved(rel: Rel, state: Mapping[str, Records], batch: Mapping[str, Changes], original: Rel) -> ZSet:
    """A relation of a refresh: it reads the new state and the changes."""
    return evaluate(rel, rows_of(original, state), changes_of(original, batch))


def succeeds(rel: Rel, state: Mapping[str, Records], original: Rel) -> bool:
    try:
        at(rel, state, original)
    except ZeroDivisionError:
        return False
    return True


# Q(R) + ΔQ = Q(R′)


@given(plans(), histories())
def test_delta_leads_from_the_old_state_to_the_new(rel: Rel, history: History) -> None:
    old, new = history.states
    assert at(rel, old) + moved(differentiate(rel), new, history.batches[0], rel) == at(rel, new)


@settings(max_examples=300)
@given(along_a_foreign_key(), referring())
def test_a_foreign_key_prunes_what_cancels(rel: Rel, history: History) -> None:
    old, new = history.states
    assert at(rel, old) + moved(differentiate(rel), new, history.batches[0], rel) == at(rel, new)


@given(risky(), histories(zeros=False) | histories())
def test_nothing_fallible_meets_a_row_that_the_query_never_saw(rel: Rel, history: History) -> None:
    plan = normalise(rel)
    old, new = history.states
    assume(succeeds(plan, old, rel) and succeeds(plan, new, rel))
    difference = moved(differentiate(plan), new, history.batches[0], rel)
    assert at(plan, old, rel) + difference == at(plan, new, rel)


# Meaning is kept


@settings(max_examples=300)
@given(plans(aggregates=True), histories(batches=0))
def test_normal_form_means_the_same(rel: Rel, history: History) -> None:
    plan = normalise(rel)
    verify(plan)
    assert plan.schema == rel.schema
    assert at(plan, history.states[0], rel) == at(rel, history.states[0])


@given(plans(signed=True), histories(batches=0))
def test_simpler_form_means_the_same(rel: Rel, history: History) -> None:
    assert simplify(rel).schema == rel.schema
    assert at(simplify(rel), history.states[0], rel) == at(rel, history.states[0])


# Aggregates


@given(folded(), histories())
def test_states_are_additive(op: Aggregate, history: History) -> None:
    kept = fold(op)
    assert kept is not None
    states = Aggregate(op.input, op.keys, kept.states)
    signed = Aggregate(differentiate(op.input), op.keys, kept.states)
    old, new = history.states
    before, after = by_group(at(states, old), op.keys), by_group(at(states, new), op.keys)
    for key, row in by_group(moved(signed, new, history.batches[0], op), op.keys).items():
        for column, _ in kept.states:
            total = before.get(key, {}).get(column, 0) + row[column]
            assert total == after.get(key, {}).get(column, 0)


@given(any_fold, histories(batches=0))
def test_outputs_of_a_fold_are_the_aggregate(op: Aggregate, history: History) -> None:
    kept = fold(op)
    assert kept is not None
    outputs = (*((key, key) for key in op.keys), *kept.outputs)
    assert at(Project(grouped(op.input, op, kept), outputs), history.states[0]) == at(op, history.states[0])


@given(any_fold, histories())
def test_groups_fold_unless_their_extremum_is_lost(op: Aggregate, history: History) -> None:
    kept = fold(op)
    assert kept is not None
    old, new = history.states
    stored, expected = (by_group(at(grouped(op.input, op, kept), state), op.keys) for state in (old, new))
    changed = by_group(moved(change(op, kept), new, history.batches[0], op), op.keys)
    for key in {*stored, *expected} - changed.keys():
        assert same(kept, stored[key], expected[key])
    for key, row in changed.items():
        after, lost = merged(stored.get(key), row, op, kept)
        if not lost:
            assert same(kept, after, expected.get(key))


def same(kept: Fold, one: Row | None, other: Row | None) -> bool:
    """Equal states, and outputs that look the same: a stored sum may have more zeros than it shows."""
    if one is None or other is None:
        return one is other
    outputs = [image({c: value(s, row) for c, s in kept.outputs}) for row in (one, other)]
    return dict(one) == dict(other) and outputs[0] == outputs[1]


@given(folded(EXTREMA), histories())
def test_only_a_lost_extremum_is_read_again(op: Aggregate, history: History) -> None:
    """Where equal values look the same: every copy of the stored value went, and no better one came."""
    kept = fold(op)
    assert kept is not None
    assert kept.extrema
    old, new = history.states
    stored, expected = (by_group(at(grouped(op.input, op, kept), state), op.keys) for state in (old, new))
    for key, row in by_group(moved(change(op, kept), new, history.batches[0], op), op.keys).items():
        after, lost = merged(stored.get(key), row, op, kept)
        if after is not None and key in stored:
            assert lost == any(_gone(e, stored[key], expected[key]) for e in kept.extrema)


def _gone(extremum: Extremum, old: Row, new: Row) -> bool:
    """The best value is worse than it was, or there is none."""
    before, now = old[extremum.value], new[extremum.value]
    if before is None or now is None:
        return before is not None
    return bool(now > before if extremum.best == "min" else now < before)


@given(folded(fallible=True), histories(zeros=False))
def test_delta_of_an_aggregate_is_the_fold_of_net_rows(op: Aggregate, history: History) -> None:
    plan = normalise(op)
    assert isinstance(plan, Aggregate)
    old, new = history.states
    assume(succeeds(plan, old, op) and succeeds(plan, new, op))
    assume(not is_empty(differentiate(plan.input)))
    by_rule = by_position(moved(differentiate(plan), new, history.batches[0], op))
    kept = fold(plan)
    assert kept is not None
    assert by_rule == by_position(moved(change(plan, kept), new, history.batches[0], op))


def by_position(rows: ZSet) -> list[tuple[str, int]]:
    """Rows without their columns: each call of `fold` makes its own."""
    return sorted((repr(image(row)), weight) for row, weight in rows)


# Whole queries


@given(plans(aggregates=True), histories(batches=2))
def test_view_holds_its_query_after_every_refresh(rel: Rel, history: History) -> None:
    refreshed(narrowed(rel), history)


@given(plans(aggregates=True, fallible=True), histories(zeros=False))
def test_refresh_fails_only_where_the_query_does(rel: Rel, history: History) -> None:
    plan = normalise(rel)
    assume(all(succeeds(plan, state, rel) for state in history.states))
    refreshed(narrowed(rel), history)


def refreshed(query: Rel, history: History) -> None:
    """Fill a view, then refresh it after each batch; compare with the query each time."""
    view = View(staged(query, "view"))
    view.fill(rows_of(query, history.states[0]))
    compare(view, query, history.states[0])
    for state, batch in zip(history.states[1:], history.batches, strict=True):
        view.refresh(rows_of(query, state), changes_of(query, batch))
        compare(view, query, state)


def compare(view: View, query: Rel, state: Mapping[str, Records]) -> None:
    result = ZSet((dict(zip(query.schema, row, strict=True)), weight) for row, weight in view.result())
    assert result == at(normalise(unnest(query)), state, query)


# Keys


@given(plans(aggregates=True), histories(batches=0))
def test_no_two_rows_agree_on_a_key(rel: Rel, history: History) -> None:
    plan = normalise(rel)
    for some in (rel, plan):
        rows = at(some, history.states[0], rel)
        for key in keys(some):
            found = [tuple(row[column] for column in key) for row, _ in rows]
            assert all(weight == 1 for _, weight in rows)
            assert len(set(found)) == len(found)


@given(plans(aggregates=True), histories(batches=0))
def test_stored_rows_have_the_key_of_their_stage(rel: Rel, history: History) -> None:
    query = narrowed(rel)
    view = View(staged(query, "view"))
    view.fill(rows_of(query, history.states[0]))
    for stage in view.staged.stages:
        rows = view.stored[stage.name]
        if stage.key is not None:
            assert all(weight == 1 for _, weight in rows)
            assert len(by_group(rows, stage.key)) == len(rows)
