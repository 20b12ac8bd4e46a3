"""Deltas without the terms that are nothing."""

import pytest

from ivmc.ir import Filter, Join, Negate, Net, Project, Rel, Union, empty
from ivmc.optimise import simplify
from ivmc.scalar import TRUE
from tests.unit.shapes import bound

LOG = bound("SELECT * FROM log")
ORDERS = bound("SELECT * FROM orders")
NOTHING = empty(LOG.schema)


@pytest.mark.parametrize(
    "rel",
    [
        Filter(NOTHING, (TRUE,)),
        Project(NOTHING, tuple((column, column) for column in LOG.schema)),
        Negate(NOTHING),
        Net(NOTHING),
        NOTHING + NOTHING,
        Net(Negate(NOTHING + Filter(NOTHING, (TRUE,)))),
    ],
)
def test_nothing_stays_nothing(rel: Rel) -> None:
    assert simplify(rel) == NOTHING


@pytest.mark.parametrize("rel", [Join(NOTHING, ORDERS, ()), Join(ORDERS, NOTHING, ())])
def test_a_join_with_nothing_is_nothing(rel: Rel) -> None:
    assert simplify(rel) == empty(rel.schema)


@pytest.mark.parametrize(
    ("rel", "simpler"),
    [
        (Negate(-LOG), LOG),
        (Negate(Negate(-LOG)), -LOG),
        (Net(Net(LOG)), Net(LOG)),
        (Net(LOG), Net(LOG)),
        (NOTHING + LOG, LOG),
        (LOG - NOTHING, LOG),
        (Union((LOG, Union((LOG, -LOG), LOG.schema)), LOG.schema), LOG + LOG - LOG),
    ],
)
def test_sums_are_flat_and_signs_cancel(rel: Rel, simpler: Rel) -> None:
    assert simplify(rel) == simpler
