"""Expressions over columns.

Three kinds of node: a column, a piece of boolean logic, and everything else, which is PostgreSQL's
own text with typed holes (`Expression`). ivmc evaluates none of them; it only needs to know which
columns an expression reads, whether it can be NULL, whether it reads session settings, and whether
evaluating it on a row that the query never saw could raise an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import reduce
from itertools import count
from operator import attrgetter
from typing import Any, Final, Literal, cast

from ivmc.catalog import Type

BOOLEAN: Final = Type("pg_catalog", "bool")
BIGINT: Final = Type("pg_catalog", "int8")
NUMERIC: Final = Type("pg_catalog", "numeric")

# Binding strength of printed text, as in PostgreSQL's grammar (manual, table 4.2).
OR, AND, NOT, IS, COMPARISON, IN, OPERATOR, ADDITIVE, MULTIPLICATIVE, POWER = range(1, 11)
COLLATE, NEGATION, CAST, ATOM = 12, 13, 15, 20

COMPARISONS: Final = frozenset({"=", "<>", "<", "<=", ">", ">="})


READERS: Final[dict[type, Callable[[object], object]]] = {}


class Node:
    """Structural equality with a cached hash, shared by scalars and relations.

    Nodes found equal have one representative, by way of `_twin`: parts that two plans share again and again
    are compared once, not once per path.
    """

    __slots__ = ("_hash", "_twin")
    _hash: int

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            value = hash((type(self).__name__, _parts(self)))
            object.__setattr__(self, "_hash", value)
            return value

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(self) is not type(other) or hash(self) != hash(other):
            return False
        mine, theirs = _first(self), _first(other)
        if mine is theirs:
            return True
        equal = _parts(mine) == _parts(theirs)
        if equal and (one := _first(mine)) is not (other := _first(theirs)):
            kept, merged = sorted((one, other), key=id)  # one direction, or two threads could make a ring
            object.__setattr__(merged, "_twin", kept)
        return equal


def _parts(node: Node) -> object:
    """What the fields of a node hold."""
    kind = type(node)
    if kind not in READERS:
        READERS[kind] = attrgetter(*(field.name for field in fields(kind)))  # type: ignore[arg-type]
    return READERS[kind](node)


def _first(node: Node) -> Node:
    """The representative of the nodes found equal to this one."""
    while (twin := getattr(node, "_twin", None)) is not None:
        node = twin
    return node


@dataclass(frozen=True, slots=True, eq=False)
class Col(Node):
    """A column, identified by `id` across the whole query; `name` is only how it is printed.

    `scales` are the display scales that a numeric value of it can have, None when unbounded.
    `collation` is spelt as in SQL, None where the type's default applies.
    """

    id: int
    name: str
    type: Type
    nullable: bool = True
    scales: frozenset[int] | None = None
    collation: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Logic(Node):
    """AND, OR (of two or more) and NOT (of one), in three-valued logic."""

    op: Literal["AND", "OR", "NOT"]
    args: tuple[Scalar, ...]

    @property
    def type(self) -> Type:
        return BOOLEAN

    @property
    def nullable(self) -> bool:
        return any(arg.nullable for arg in self.args)

    @property
    def scales(self) -> None:
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Expression(Node):
    """Any other expression: `template` interleaved with `args`, as PostgreSQL spells it.

    `template` has one piece more than `args`. `level` is the binding strength of the whole,
    `levels` what each hole needs at least. `name` identifies what ivmc knows something about
    (`=`, `+`, `literal`, `extract`, …). `fallible` and `stable` speak of this node alone.
    `equality` marks the `=` of a type's default operator class: the joinable one.
    """

    name: str
    template: tuple[str, ...]
    args: tuple[Scalar, ...]
    type: Type
    nullable: bool = True
    level: int = ATOM
    levels: tuple[int, ...] = ()
    fallible: bool = True
    stable: bool = False
    equality: bool = False
    scales: frozenset[int] | None = None


Scalar = Col | Logic | Expression

_ids = count(1)


def fresh(
    name: str, like: Scalar | Type, *, nullable: bool | None = None, collation: str | None = None
) -> Col:
    """A new column; type, nullability, scales and a column's collation are those of `like` unless given."""
    if isinstance(like, Type):
        return Col(next(_ids), name, like, nullable is not False, collation=collation)
    collation = collation or (like.collation if isinstance(like, Col) else None)
    return Col(
        next(_ids), name, like.type, like.nullable if nullable is None else nullable, like.scales, collation
    )


def literal(
    text: str, type: Type, *, nullable: bool = False, scales: frozenset[int] | None = None
) -> Expression:
    """A constant, printed as `text`."""
    level = NEGATION if text.startswith("-") else CAST if "::" in text else ATOM
    return Expression("literal", (text,), (), type, nullable, level, fallible=False, scales=scales)


TRUE: Final = literal("true", BOOLEAN)
DEFINED: Final = "defined"  # the name of a call that carries its column definitions: `f(x) AS (a integer)`
FALSE: Final = literal("false", BOOLEAN)


def listed(opening: str, count: int, closing: str) -> tuple[str, ...]:
    """The template of a list with `count` holes.

    >>> listed("f(", 3, ")"), listed("f(", 0, ")")
    (('f(', ', ', ', ', ')'), ('f()',))
    """
    return (opening, *[", "] * (count - 1), closing) if count else (opening + closing,)


def call(name: str, args: tuple[Scalar, ...], type: Type, **facts: Any) -> Expression:
    """A function call in prefix form; `facts` are the other fields of `Expression`."""
    template = listed(f"{name}(", len(args), ")")
    return Expression(name, template, args, type, levels=(0,) * len(args), **facts)


def binary(op: str, left: Scalar, right: Scalar, type: Type, level: int, **facts: Any) -> Expression:
    """An infix operator, left-associative unless it is a comparison."""
    levels = (level + (level == COMPARISON), level + 1)
    return Expression(op, ("", f" {op} ", ""), (left, right), type, level=level, levels=levels, **facts)


def equals(left: Scalar, right: Scalar) -> Expression:
    """`left = right` under the default equality of their one type; never raises."""
    nullable, word = left.nullable or right.nullable, left.type.comparison("=")
    level = COMPARISON if word == "=" else OPERATOR
    found = binary(word, left, right, BOOLEAN, level, nullable=nullable, fallible=False, equality=True)
    return replace(found, name="=")


def matches(left: Scalar, right: Scalar) -> Scalar:
    """`left = right` where NULL equals NULL; `equals` where neither can be NULL."""
    if not (left.nullable or right.nullable):
        return equals(left, right)
    if left.type.comparison("=") != "=":  # by which IS NOT DISTINCT FROM compares
        return Logic("OR", (equals(left, right), Logic("AND", (is_absent(left), is_absent(right)))))
    template = ("", " IS NOT DISTINCT FROM ", "")
    return Expression("distinct", template, (left, right), BOOLEAN, False, IS, (ATOM, ATOM), False)


def null(kind: Type) -> Scalar:
    """NULL of a type."""
    return literal(f"NULL::{kind.sql}", kind, nullable=True)


def image(scalar: Scalar) -> Scalar:
    """What tells values apart that are equal, and are shown differently (law 1)."""
    template = ("record_send(ROW(", "))")
    return Expression("image", template, (scalar,), Type("pg_catalog", "bytea"), False, fallible=False)


def is_image(scalar: Scalar) -> bool:
    """Is it what tells the values of a column apart?"""
    return isinstance(scalar, Expression) and scalar.name == "image" and isinstance(scalar.args[0], Col)


def is_present(scalar: Scalar) -> Scalar:
    """Is the value there? Of a row, `IS NOT NULL` would ask whether all of its fields are."""
    return _null_test("is not null", scalar, "IS NOT NULL", "IS DISTINCT FROM NULL")


def is_absent(scalar: Scalar) -> Scalar:
    """Is it NULL, and not a row of NULLs?"""
    return _null_test("is null", scalar, "IS NULL", "IS NOT DISTINCT FROM NULL")


def _null_test(name: str, scalar: Scalar, plain: str, of_rows: str) -> Scalar:
    may_be_row = scalar.type.schema != "pg_catalog" or scalar.type.name == "record"
    template = ("", f" {of_rows if may_be_row else plain}")
    return Expression(name, template, (scalar,), BOOLEAN, False, IS, (CAST,), False)


def children(scalar: Scalar) -> tuple[Scalar, ...]:
    """The parts of which an expression consists."""
    return () if isinstance(scalar, Col) else scalar.args


def walk(scalar: Scalar) -> Iterator[Scalar]:
    """Every node, the root first."""
    yield scalar
    for child in children(scalar):
        yield from walk(child)


def columns(*scalars: Scalar) -> frozenset[Col]:
    """The columns that the scalars read."""
    return frozenset(node for scalar in scalars for node in walk(scalar) if isinstance(node, Col))


def is_defined(scalar: Scalar) -> bool:
    """Is it a call that carries its column definitions?"""
    return isinstance(scalar, Expression) and scalar.name == DEFINED


def is_fallible(scalar: Scalar) -> bool:
    """Could evaluating it raise an error on a row that the query itself never evaluates?

    What reads no column is evaluated alike for every row.
    """
    if isinstance(scalar, Col) or not columns(scalar):
        return False
    return (isinstance(scalar, Expression) and scalar.fallible) or any(map(is_fallible, scalar.args))


def is_stable(scalar: Scalar) -> bool:
    """Does its value depend on session settings?"""
    return any(isinstance(node, Expression) and node.stable for node in walk(scalar))


def substitute(scalar: Scalar, mapping: Mapping[Col, Scalar]) -> Scalar:
    """`scalar` with columns replaced; columns that `mapping` does not name stay."""
    if isinstance(scalar, Col):
        return mapping.get(scalar, scalar)
    args = tuple(substitute(arg, mapping) for arg in scalar.args)
    return scalar if args == scalar.args else replace(scalar, args=args)


def hoisted(scalar: Scalar, own: frozenset[Col], values: dict[Scalar, Col]) -> Scalar:
    """`scalar` with its largest parts over columns of `own` alone replaced by columns, noted in `values`."""
    read = columns(scalar)
    if not read & own:
        return scalar
    if read <= own:
        if scalar not in values:
            values[scalar] = scalar if isinstance(scalar, Col) else fresh("value", scalar)
        return values[scalar]
    assert not isinstance(scalar, Col)
    return replace(scalar, args=tuple(hoisted(arg, own, values) for arg in scalar.args))


def replaced(scalar: Scalar, mapping: Mapping[Scalar, Scalar]) -> Scalar:
    """`scalar` with whole subexpressions replaced, outermost first; what may be NULL then, may be NULL."""
    if scalar in mapping:
        return mapping[scalar]
    if isinstance(scalar, Col):
        return scalar
    args = tuple(replaced(arg, mapping) for arg in scalar.args)
    found = scalar if args == scalar.args else replace(scalar, args=args)
    weaker = any(new.nullable and not old.nullable for new, old in zip(args, scalar.args, strict=True))
    return replace(found, nullable=True) if weaker and isinstance(found, Expression) else found


def union_scales(scales: Iterable[frozenset[int] | None]) -> frozenset[int] | None:
    """The scales of a value that is one of several."""
    known = list(scales)
    if not known or any(one is None for one in known):
        return None
    return reduce(frozenset.union, cast("list[frozenset[int]]", known))
