"""Each rule is used, and says what its docstring says; with the cases where a sloppier one goes wrong."""

import importlib
import pkgutil
from decimal import Decimal
from typing import Any

import pytest

from ivmc import rules
from ivmc.catalog import Function, Type
from ivmc.differentiate import differentiate
from ivmc.identity import verify
from ivmc.ir import (
    Aggregate,
    Call,
    Delta,
    Expand,
    Filter,
    Flips,
    Join,
    Match,
    Negate,
    Net,
    Outer,
    Project,
    Rel,
    Union,
    Values,
    empty,
)
from ivmc.normalise import normalise
from ivmc.rules.folding import fold
from ivmc.scalar import NUMERIC, Col, Expression, Logic, Scalar, equals, fresh
from tests.property.histories import INTEGER, ITEM, LINE, PART, Changes, History, Records
from tests.property.maintenance import narrowed
from tests.property.relations import compared, constant, either, ratio, scan
from tests.property.test_laws import at, moved, refreshed

ITEMS, PARTS = scan(ITEM), scan(PART)
A, B, S, V = ITEMS.schema
ID, PA = PARTS.schema[:2]
TEST = compared("<", A, B)
RISKY = compared("<", ratio(A, B), B)
ON = (equals(A, ID),)
V_LIKE_2 = constant(Decimal("1.50"), NUMERIC)


def history(old: dict[str, Records], batch: dict[str, Changes], new: dict[str, Records]) -> History:
    nothing: dict[str, tuple[()]] = {"item": (), "part": (), "line": ()}
    return History(({**nothing, **old}, {**nothing, **new}), ({**nothing, **batch},))


def call(name: str, *args: Scalar, result: Type | None = None, **facts: Any) -> Call:
    kind = result or args[0].type
    return Call(Function("pg_catalog", name, "a", (), kind, "i", strict=False), args, kind, **facts)


def grouped_by(keys: tuple[Col, ...], *calls: Call) -> Aggregate:
    return Aggregate(ITEMS, keys, tuple((fresh(c.function.name, c.type), c) for c in calls))


# What each rule says


def test_scan() -> None:
    assert differentiate(ITEMS) == Delta(ITEMS)


def test_values() -> None:
    one = fresh("one", INTEGER)
    assert differentiate(Values((one,), ((constant(1, INTEGER),),))) == empty((one,))


def test_filter() -> None:
    assert differentiate(Filter(ITEMS, (TEST,))) == Filter(Delta(ITEMS), (TEST,))


def test_filter_that_can_fail_sees_net_rows() -> None:
    assert differentiate(Filter(ITEMS, (RISKY,))) == Filter(Net(Delta(ITEMS)), (RISKY,))


def test_project() -> None:
    assert differentiate(Project(ITEMS, ((A, A),))) == Project(Delta(ITEMS), ((A, A),))


def test_project_that_can_fail_sees_net_rows() -> None:
    outputs = ((fresh("ratio", A), ratio(A, B)),)
    assert differentiate(Project(ITEMS, outputs)) == Project(Net(Delta(ITEMS)), outputs)


def test_union() -> None:
    double = Union((ITEMS, ITEMS), ITEMS.schema)
    assert differentiate(double) == Union((Delta(ITEMS), Delta(ITEMS)), ITEMS.schema)


def test_join() -> None:
    """A changed part meets many items and is netted first; a changed item meets one part."""
    left, right = Delta(ITEMS), Net(Delta(PARTS))
    assert differentiate(Join(ITEMS, PARTS, ON)) == (
        Join(left, PARTS, ON) + Join(ITEMS, right, ON) - Join(left, right, ON)
    )


def test_join_without_keys_nets_both_sides() -> None:
    left, right = Net(Delta(ITEMS)), Net(Delta(PARTS))
    assert differentiate(Join(ITEMS, PARTS, ())) == (
        Join(left, PARTS, ()) + Join(ITEMS, right, ()) - Join(left, right, ())
    )


def test_join_of_three_has_terms_for_each_table_not_for_each_subset() -> None:
    lines = scan(LINE)
    delta = differentiate(Join(Join(ITEMS, PARTS, ON), lines, (equals(ID, lines.schema[0]),)))
    assert isinstance(delta, Union)
    assert len(delta.inputs) == 3


def test_aggregate() -> None:
    op = grouped_by((A,), call("count", result=NUMERIC, star=True))
    kept, delta = fold(op), differentiate(op)
    assert kept is not None
    assert isinstance(delta, Aggregate)
    assert (delta.input, delta.keys) == (Delta(ITEMS), (A,))
    assert [one for _, one in delta.calls] == [one for _, one in kept.states]


def test_aggregate_that_can_fail_sees_net_rows() -> None:
    delta = differentiate(grouped_by((A,), call("sum", ratio(A, B))))
    assert isinstance(delta, Aggregate)
    assert delta.input == Net(Delta(ITEMS))


@pytest.mark.parametrize("one", [call("array_agg", A), call("count", A, distinct=True)])
def test_aggregate_whose_groups_are_read_again_has_no_fold(one: Call) -> None:
    with pytest.raises(TypeError, match="read again"):
        differentiate(grouped_by((A,), one))


@pytest.mark.parametrize(
    "rel",
    [Delta(ITEMS), Negate(ITEMS), Net(ITEMS), Flips(ITEMS, scan(PART), (), A)],
    ids=lambda rel: type(rel).__name__,
)
def test_refreshes_are_not_differentiated(rel: Rel) -> None:
    with pytest.raises(TypeError, match="belongs to refreshes"):
        differentiate(rel)


ROWS = Union((Project(Filter(ITEMS, (TEST,)), ((A, A), (B, B))), Values((A, B), ())), (A, B))
SERIES = Expression("generate_series", ("generate_series(1, ", ")"), (A,), INTEGER)
QUERY = Aggregate(
    Expand(
        Match(Outer(Join(ROWS, PARTS, ON), scan(LINE), (), ()), scan(PART), ()), (SERIES,), (fresh("n", A),)
    ),
    (A,),
    ((fresh("sum", B), call("sum", B)),),
)


MODULES = [
    importlib.import_module(f"ivmc.rules.{found.name}") for found in pkgutil.iter_modules(rules.__path__)
]


@pytest.mark.parametrize("rule", [m for m in MODULES if hasattr(m, "delta")], ids=lambda m: m.__name__)
def test_rule_is_used(rule: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    law, used = rule.delta, []

    def watched(op: Rel, d: rules.Differentiate) -> Rel:
        used.append(op)
        delta: Rel = law(op, d)
        return delta

    monkeypatch.setattr(rule, "delta", watched)
    differentiate(QUERY)
    assert used


# Where a sloppier rule goes wrong


def check(rel: Rel, story: History) -> None:
    plan = normalise(rel)
    if isinstance(plan, Aggregate):
        return refreshed(narrowed(rel), story)
    difference = moved(differentiate(plan), story.states[1], story.batches[0], rel)
    assert at(plan, story.states[0], rel) + difference == at(plan, story.states[1], rel)
    return refreshed(narrowed(rel), story)


def row(a: int | None, b: int | None, v: str = "1") -> tuple[Any, ...]:
    return (a, b, "x", Decimal(v))


def part(id: int, a: int) -> tuple[Any, ...]:
    return (id, a, None, None)


def test_rate_of_zero_that_was_corrected_before_the_refresh() -> None:
    story = history({}, {"item": ((row(1, 0), 1), (row(1, 0), -1), (row(1, 2), 1))}, {"item": (row(1, 2),)})
    check(Filter(ITEMS, (RISKY,)), story)
    check(Project(ITEMS, ((fresh("ratio", A), ratio(A, B)),)), story)
    check(grouped_by((A,), call("sum", ratio(A, B))), story)
    check(grouped_by((A,), call("min", ratio(A, B))), story)


@pytest.mark.parametrize("shown", ["select list", "condition", "join condition"])
def test_first_order_arrives_while_its_rate_leaves_zero(shown: str) -> None:
    story = history(
        {"part": (part(1, 0),)},
        {"item": ((row(1, 4), 1),), "part": ((part(1, 0), -1), (part(1, 2), 1))},
        {"item": (row(1, 4),), "part": (part(1, 2),)},
    )
    joined, by_rate = Join(ITEMS, PARTS, ON), ratio(B, PA)
    match shown:
        case "select list":
            check(Project(joined, ((fresh("ratio", B), by_rate),)), story)
        case "condition":
            check(Filter(joined, (compared("<", A, by_rate),)), story)
        case _:
            check(Join(ITEMS, PARTS, (*ON, compared("<", A, by_rate))), story)


def test_value_below_the_minimum_comes_and_goes() -> None:
    story = history(
        {"item": (row(1, 5),)}, {"item": ((row(1, 3), 1), (row(1, 3), -1))}, {"item": (row(1, 5),)}
    )
    check(grouped_by((A,), call("min", B)), story)


def test_minimum_goes_and_a_copy_of_it_stays() -> None:
    story = history(
        {"item": (row(1, 5), row(1, 5), row(1, 7))},
        {"item": ((row(1, 5), -1), (row(1, 6), 1))},
        {"item": (row(1, 5), row(1, 7), row(1, 6))},
    )
    check(grouped_by((A,), call("min", B)), story)


def test_sum_shows_no_zeros_of_a_row_that_came_and_went() -> None:
    story = history(
        {"item": (row(1, 1, "1.5"),)},
        {"item": ((row(1, 1, "1.000"), 1), (row(1, 1, "1.000"), -1))},
        {"item": (row(1, 1, "1.5"),)},
    )
    check(grouped_by((A,), call("sum", V), call("avg", V)), story)


def test_sum_shows_the_largest_scale_that_is_present_and_passes_the_filter() -> None:
    """Few possible scales are counted, any number of them is an extremum; FILTER applies to both."""
    few = either(compared("<", B, A), V_LIKE_2, constant(Decimal(0), NUMERIC))
    story = history(
        {"item": (row(1, 0, "1.555"), row(1, 5, "1.5"), row(1, 5, "1"))},
        {"item": ((row(1, 0, "1.555"), -1), (row(1, 9, "7.7777"), 1), (row(1, None, "2.25"), 1))},
        {"item": (row(1, 5, "1.5"), row(1, 5, "1"), row(1, 9, "7.7777"), row(1, None, "2.25"))},
    )
    for where in (None, compared("<", B, constant(6, INTEGER)), compared("<", constant(0, INTEGER), B)):
        check(grouped_by((A,), call("sum", V, filter=where), call("avg", V, filter=where)), story)
        check(grouped_by((A,), call("sum", few, filter=where, result=NUMERIC)), story)


def test_extremum_of_filtered_rows_with_nulls() -> None:
    where = compared("<", B, constant(6, INTEGER))
    story = history(
        {"item": (row(1, 5), row(1, 5), row(1, None), row(1, None), row(1, 9))},
        {"item": ((row(1, 5), -1), (row(1, 9), -1), (row(1, 7), 1))},
        {"item": (row(1, 5), row(1, None), row(1, None), row(1, 7))},
    )
    for name in ("min", "max"):
        check(grouped_by((A,), call(name, B, filter=where), call(name, B)), story)
    check(grouped_by((A,), call("min", B), call("max", B)), story)


def test_truth_of_filtered_rows() -> None:
    where, test = compared("<", B, constant(6, INTEGER)), compared("<", B, constant(4, INTEGER))
    story = history(
        {"item": (row(1, 3), row(1, 9))},
        {"item": ((row(1, 9), -1), (row(1, 7), 1), (row(1, None), 1))},
        {"item": (row(1, 3), row(1, 7), row(1, None))},
    )
    for name in ("bool_and", "every", "bool_or"):
        for tested in (test, Logic("NOT", (test,))):
            check(grouped_by((A,), call(name, tested, filter=where), call(name, tested)), story)


def test_equal_rows_that_look_different_do_not_cancel() -> None:
    story = history(
        {"item": (row(1, 1, "1.0"),)},
        {"item": ((row(1, 1, "1.0"), -1), (row(1, 1, "1.00"), 1))},
        {"item": (row(1, 1, "1.00"),)},
    )
    scale = ratio(A, A)
    check(Project(ITEMS, ((V, V), (fresh("one", A), scale))), story)
    check(grouped_by((A,), call("sum", V), call("min", V)), story)


def test_group_dies_and_is_born_again_in_one_refresh() -> None:
    story = history(
        {"item": (row(1, 5),)}, {"item": ((row(1, 5), -1), (row(1, None), 1))}, {"item": (row(1, None),)}
    )
    check(grouped_by((A,), call("sum", B), call("min", B), call("count", B, result=NUMERIC)), story)


def test_both_ends_of_a_self_join_change() -> None:
    again = scan(ITEM)
    story = history(
        {"item": (row(1, 1), row(1, 1))},
        {"item": ((row(1, 1), -1), (row(1, 2), 1), (row(1, 2), 1))},
        {"item": (row(1, 1), row(1, 2), row(1, 2))},
    )
    check(Join(ITEMS, again, (equals(A, again.schema[0]),)), story)


def test_a_match_may_equate_a_column_with_itself() -> None:
    rel = Match(ITEMS, PARTS, (equals(ID, ID), compared("<", A, PA)), negated=True)
    verify(differentiate(rel))
