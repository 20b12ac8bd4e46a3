"""Of groups that are kept only if they pass HAVING, those are read again that are kept or have risen."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivmc.catalog import Function, Relation
from ivmc.differentiate import differentiate
from ivmc.ir import Aggregate, Call, Filter, Scan
from ivmc.names import SCHEMA
from ivmc.rules import reread
from ivmc.scalar import BIGINT, NUMERIC, Scalar, fresh, is_present
from ivmc.zset import evaluate
from tests.property.histories import ITEM, History, changes_of, histories, rows_of
from tests.property.relations import compared, constant, scan

ITEMS = scan(ITEM)
GROUP, _, _, VALUE = ITEMS.schema
PRESENT = Filter(ITEMS, (is_present(GROUP),))
TOTAL, ROWS = fresh("total", NUMERIC), fresh("rows", BIGINT, nullable=False)
SUM = Call(Function("pg_catalog", "sum", "a", (NUMERIC,), NUMERIC, "i", strict=False), (VALUE,), NUMERIC)
COUNT = Call(
    Function("pg_catalog", "count", "a", (), BIGINT, "i", strict=False), (), BIGINT, False, star=True
)
GROUPS = Aggregate(PRESENT, (GROUP,), ((TOTAL, SUM), (ROWS, COUNT)))
KEPT = Scan(Relation(SCHEMA, "kept", "r", ()), "kept", GROUPS.schema)


def limit(text: str) -> Scalar:
    return constant(Decimal(text), NUMERIC)


PASSING = (
    compared(">", TOTAL, limit("0")),
    compared(">", TOTAL, limit("2.5")),
    compared(">=", TOTAL, limit("2.5")),
    compared("<", limit("1"), TOTAL),
    compared(">", ROWS, limit("1")),
    compared("<=", limit("2"), ROWS),
)
UNDECIDED = (
    compared(">=", TOTAL, limit("0")),
    compared(">", TOTAL, limit("-3")),
    compared("<", TOTAL, limit("2")),
    compared("<", limit("-1"), TOTAL),
    compared("=", ROWS, limit("2")),
    compared(">", GROUP, limit("1")),
)


@given(histories(), st.sampled_from(PASSING))
def test_other_groups_stay_as_they_are(history: History, test: Scalar) -> None:
    passing, rising = Filter(GROUPS, (test,)), reread.rising(GROUPS, (test,))
    assert rising is not None
    old, new = (rows_of(ITEMS, state) for state in history.states)
    before, after = evaluate(passing, old), evaluate(passing, new)
    read = reread.crossing(differentiate(PRESENT), GROUPS, (GROUP,), KEPT, rising)
    known = {**new, KEPT: list(before)}
    found = {row[GROUP] for row, _ in evaluate(read, known, changes_of(ITEMS, history.batches[0]))}
    assert {row[GROUP] for row, _ in after - before} <= found


@pytest.mark.parametrize("test", UNDECIDED, ids=range(len(UNDECIDED)))
def test_a_fall_can_pass_what_asks_for_less(test: Scalar) -> None:
    assert reread.rising(GROUPS, (test,)) is None
