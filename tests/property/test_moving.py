"""Law 9: of the rows that are compared with one moving value, those between its old and its new one flip."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from ivmc.catalog import Function
from ivmc.differentiate import differentiate
from ivmc.ir import Aggregate, Call, Carried, Filter, Join, Match, Rel
from ivmc.rules import match, moving
from ivmc.scalar import BOOLEAN, NUMERIC, Scalar, fresh
from ivmc.zset import evaluate
from tests.property.histories import ITEM, PART, History, changes_of, histories, rows_of
from tests.property.relations import compared, constant, scan

ITEMS, PARTS = scan(ITEM), scan(PART)
OWN, PRICE = ITEMS.schema[3], PARTS.schema[2]
LIMIT = fresh("limit", NUMERIC)
MAX = Call(Function("pg_catalog", "max", "a", (NUMERIC,), NUMERIC, "i", strict=False), (PRICE,), NUMERIC)
# One row: the largest price, NULL where there are none; no row where it is not above zero.
LARGEST = Aggregate(PARTS, (), ((LIMIT, MAX),))
POSITIVE = Filter(LARGEST, (compared(">", LIMIT, constant(Decimal(0), NUMERIC)),))
BOTH = Join(ITEMS, PARTS, ())

conditions = st.builds(
    lambda op, swapped: compared(op, LIMIT, OWN) if swapped else compared(op, OWN, LIMIT),
    st.sampled_from(("<", "<=", ">", ">=")),
    st.booleans(),
)


@given(
    histories(), st.sampled_from((LARGEST, POSITIVE)), conditions, st.sampled_from(("semi", "anti", "mark"))
)
def test_rows_between_flip(history: History, right: Rel, condition: Scalar, kind: str) -> None:
    mark = fresh("mark", BOOLEAN, nullable=False) if kind == "mark" else None
    op = Match(ITEMS, right, (condition,), kind == "anti", mark)
    old, new = (rows_of(BOTH, state) for state in history.states)
    batch, moves = changes_of(BOTH, history.batches[0]), evaluate(right, new) - evaluate(right, old)

    def d(rel: Rel) -> Rel:
        return Carried("moves", right.schema) if rel is right else differentiate(rel)

    change = evaluate(match.delta(op, d), new, batch, {"moves": moves})
    assert evaluate(op, old) + change == evaluate(op, new)
    comparison = moving.compared(right, op.on)
    assert comparison is not None
    [passed] = moving.passed([ITEMS], Carried("moves", right.schema), *comparison)
    compares = Match(ITEMS, right, op.on)
    flipped = evaluate(compares, new) - evaluate(compares, {**new, PARTS: old[PARTS]})
    assert evaluate(passed, new, carried={"moves": moves}) == flipped
