"""Which relation drives the probes of a statement, and how it is sorted."""

from dataclasses import replace

from ivmc.emit.driving import orders
from ivmc.ir import Carried, Delta, Join, Outer, Scan, walk
from tests.unit.shapes import bound


def joined(sql: str) -> Join | Outer:
    return next(node for node in walk(bound(sql)) if isinstance(node, Join | Outer))


def test_a_change_is_read_in_the_order_of_what_it_probes() -> None:
    join = joined("SELECT l.price, o.rate FROM line l JOIN orders o ON l.orders = o.id")
    assert isinstance(join.left, Scan)
    change = Delta(join.left)
    driven = Join(change, join.right, join.on)
    (columns,) = orders(driven, {change: "n.l"}).values()
    assert [column.name for column in columns] == ["orders"]


def test_for_a_small_table_nothing_is_sorted() -> None:
    join = joined("SELECT l.price, o.rate FROM line l JOIN orders o ON l.orders = o.id")
    assert isinstance(join.left, Scan)
    assert isinstance(join.right, Scan)
    change, few = Delta(join.left), replace(join.right, relation=replace(join.right.relation, rows=1000.0))
    assert orders(Join(change, few, join.on), {change: "n.l"}) == {}


def test_what_is_not_counted_is_not_sorted() -> None:
    join = joined("SELECT l.price, o.rate FROM line l JOIN orders o ON l.orders = o.id")
    assert isinstance(join.left, Scan)
    assert orders(Join(Delta(join.left), join.right, join.on), {}) == {}


def test_two_changes_are_not_probed() -> None:
    join = joined("SELECT l.price, o.rate FROM line l JOIN orders o ON l.orders = o.id")
    assert isinstance(join.left, Scan)
    change = Delta(join.left)
    other = Carried("net", join.right.schema, signed=True)
    assert orders(Join(change, other, join.on), {change: "n.l", other: "n.net"}) == {}
