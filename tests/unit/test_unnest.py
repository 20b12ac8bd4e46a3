"""Which way each kind of subquery goes: lifted out, or run for its domain (δ)."""
# ruff: noqa: E501 - a query reads better on one line

import pytest

from ivmc.bind import bind
from ivmc.catalog import Function, Type
from ivmc.few import over_nothing
from ivmc.ir import Aggregate, Call, Filter, Join, Match, Outer, Rel, walk
from ivmc.normalise import normalise
from ivmc.normalise.unnest import unnest
from ivmc.parse import parse
from ivmc.scalar import BIGINT, Expression, is_fallible
from tests.unit.shapes import CATALOG, shape

INTEGER = Type("pg_catalog", "int4")


def bound(sql: str) -> Rel:
    found, context = bind(parse(sql), CATALOG)
    assert found is not None, context.reasons
    return found.rel


def normal(sql: str) -> Rel:
    return normalise(unnest(bound(sql)))


def domains(rel: Rel) -> int:
    return sum(isinstance(node, Aggregate) and not node.calls for node in walk(rel))


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("EXISTS (SELECT FROM line l WHERE l.orders = o.id)", "(o ⋉ l)"),
        ("NOT EXISTS (SELECT FROM line l WHERE l.orders = o.id AND l.price > o.amount)", "(o ▷ l)"),
        ("EXISTS (SELECT FROM line l WHERE l.price > o.amount)", "(o ⋉ l)"),
        ("EXISTS (SELECT FROM line l JOIN tariff t ON t.code = o.rate WHERE l.orders = o.id)", "(o ⋉ (l ⋈ t))"),
        ("EXISTS (SELECT l.number FROM line l WHERE l.orders = o.id GROUP BY l.number HAVING count(*) > 1)", "(o ⋉ σ(γ(l)))"),
        ("o.customer IN (SELECT c.id FROM customer c WHERE c.country = o.rate)", "(o ⋉ c)"),
        ("o.amount >= ALL (SELECT p.amount FROM orders p WHERE p.customer = o.customer)", "((o ▷ p) ▷ p)"),
    ],
)  # fmt: skip
def test_conditions_of_matches_are_lifted(where: str, expected: str) -> None:
    found = normal(f"SELECT id, customer, amount, rate FROM orders o WHERE {where}")
    assert without_projections(found) == expected


def without_projections(rel: Rel) -> str:
    text = shape(rel)
    while "π(" in text:
        start = text.index("π(")
        end, depth = start + 2, 1
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        text = text[:start] + text[start + 2 : end - 1] + text[end:]
    return text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("SELECT count(*) FROM line l WHERE l.orders = o.id", "(o ⟕ γ(l))"),
        ("SELECT coalesce(max(l.price), -1) FROM line l WHERE l.orders = o.id", "(o ⟕ γ(l))"),
        ("SELECT sum(p.amount) FROM orders p WHERE p.customer = o.customer AND o.rate > 1", "(o ⟕ γ(p))"),
        ("SELECT c.mail FROM customer c WHERE c.id = o.customer", "(o ⟕ c)"),
        ("SELECT c.label FROM tariff c WHERE c.code = o.rate", "(o ⟕ c)"),
        ("SELECT n.name FROM customer c JOIN country n ON n.id = c.country WHERE c.id = o.customer", "(o ⟕ (c ⋈ n))"),
        ("SELECT c.mail FROM customer c WHERE c.country = o.customer", "(o ⟕ γ(c))"),
    ],
)  # fmt: skip
def test_values_are_groups_or_single_rows(value: str, expected: str) -> None:
    assert without_projections(normal(f"SELECT o.id, ({value}) AS found FROM orders o")) == expected


@pytest.mark.parametrize(
    ("lateral", "expected"),
    [
        ("JOIN LATERAL (SELECT l.price FROM line l WHERE l.orders = o.id) x(v) ON true", "(l ⋈ o)"),
        ("LEFT JOIN LATERAL (SELECT l.price FROM line l WHERE l.orders = o.id) x(v) ON true", "(o ⟕ l)"),
        ("LEFT JOIN LATERAL (SELECT l.price * o.rate FROM line l WHERE l.orders = o.id) x(v) ON true", "(o ⟕ l)"),
        ("LEFT JOIN LATERAL (SELECT sum(l.price) FROM line l WHERE l.orders = o.id) x(v) ON true", "(o ⟕ γ(l))"),
        ("JOIN LATERAL (VALUES (o.amount), (o.rate)) x(v) ON true", "(o ⊎ o)"),
    ],
)  # fmt: skip
def test_lateral_queries_are_joins(lateral: str, expected: str) -> None:
    assert without_projections(normal(f"SELECT o.id, x.v FROM orders o {lateral}")) == expected


@pytest.mark.parametrize(
    ("value", "count"),
    [
        # no equality: a group per order, which its own key tells apart
        ("SELECT sum(l.price) FROM line l WHERE l.orders < o.id", 0),
        # per distinct amount
        ("SELECT sum(l.price) FROM line l WHERE l.orders < o.amount", 1),
        # text that equals in one collation only is grouped in no other
        ('SELECT count(*) FROM customer c WHERE c.mail = o.amount::text COLLATE "C"', 1),
    ],
)
def test_other_correlations_run_for_their_domain(value: str, count: int) -> None:
    assert domains(normal(f"SELECT o.id, ({value}) AS found FROM orders o")) == count


def test_what_can_fail_is_no_group_for_rows_that_nobody_asks_for() -> None:
    """`SELECT sum(amount / rate)` of customers without a row here may divide by zero."""
    value = "SELECT sum(p.amount / p.rate) FROM orders p WHERE p.customer = c.country"
    plan = normal(f"SELECT c.id, ({value}) AS found FROM customer c")
    assert domains(plan) == 1
    group = next(node for node in walk(plan) if isinstance(node, Aggregate) and node.calls)
    assert any(isinstance(node, Join) for node in walk(group.input))


def test_what_can_fail_stays_behind_what_is_lifted() -> None:
    plan = unnest(
        bound(
            "SELECT id FROM customer c WHERE EXISTS (SELECT FROM orders o WHERE o.customer = c.id AND 1 / o.rate > 1)"
        )
    )
    match = next(node for node in walk(plan) if isinstance(node, Match))
    assert [is_fallible(predicate) for predicate in match.on] == [False, True]
    assert not any(isinstance(node, Filter) for node in walk(match.right))


def test_values_of_a_padded_row_are_null() -> None:
    """`coalesce(price, 0)` of a missing line is NULL: it is computed only where the line is there."""
    plan = unnest(
        bound(
            "SELECT o.id, x.v FROM orders o LEFT JOIN LATERAL (SELECT coalesce(l.price, o.rate) AS v FROM line l WHERE l.orders = o.id) x ON true"
        )
    )
    outer = next(node for node in walk(plan) if isinstance(node, Outer))
    assert "present" in [new.name for new, _ in outer.padded]


def call(schema: str, name: str, *types: Type, **facts: object) -> Call:
    function = Function(schema, name, "a", types, BIGINT, "i", strict=False)
    return Call(function, tuple(Expression("x", ("x",), (), kind) for kind in types), BIGINT, **facts)  # type: ignore[arg-type]


def test_a_users_aggregate_says_itself_what_it_is_over_nothing() -> None:
    nothing = over_nothing(call("public", "Product", INTEGER))
    assert isinstance(nothing, Expression)
    assert nothing.template == ('(SELECT public."Product"(NULL::integer) WHERE false)',)
    assert over_nothing(call("pg_catalog", "sum", INTEGER)) is None
    count = over_nothing(call("pg_catalog", "count", star=True))
    assert isinstance(count, Expression)
    assert count.template == ("0",)
