"""The relational operators.

A relation denotes a Z-set: row → integer weight. Base tables have weights ≥ 0, deltas any. The
union is closed: `rules/` matches on it and ends in `assert_never`. A node knows its inputs, how to
rebuild itself with new ones, and its schema; nothing else. Columns are identified across the whole
query (`scalar.Col`), so rewriting never renumbers anything, and `+`, `-` and unary `-` read like
the papers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from ivmc.catalog import Function, Relation, Type
from ivmc.scalar import Col, Node, Scalar

Outputs = tuple[tuple[Col, Scalar], ...]


class Operator(Node):
    """What every relational operator shares: the algebra's signs."""

    __slots__ = ()

    def __add__(self: Rel, other: Rel) -> Rel:  # type: ignore[misc]
        return Union(_terms(self) + _terms(other), self.schema)

    def __neg__(self: Rel) -> Rel:  # type: ignore[misc]
        return Negate(self)

    def __sub__(self: Rel, other: Rel) -> Rel:  # type: ignore[misc]
        return self + (-other)


@dataclass(frozen=True, slots=True, eq=False)
class Scan(Operator):
    """The current state of a base table or of a stage; `alias` is what the user called it."""

    relation: Relation
    alias: str
    schema: tuple[Col, ...]

    def column(self, name: str) -> Col | None:
        return next((col for col in self.schema if col.name == name), None)


@dataclass(frozen=True, slots=True, eq=False)
class Delta(Operator):
    """The changes of a scanned relation since the frontier, not netted."""

    scan: Scan

    @property
    def schema(self) -> tuple[Col, ...]:
        return self.scan.schema


@dataclass(frozen=True, slots=True, eq=False)
class Values(Operator):
    """Constant rows."""

    schema: tuple[Col, ...]
    rows: tuple[tuple[Scalar, ...], ...]


UNIT: Final = Values((), ((),))  # one empty row


@dataclass(frozen=True, slots=True, eq=False)
class Filter(Operator):
    """The rows for which every predicate is true."""

    input: Rel
    predicates: tuple[Scalar, ...]

    @property
    def schema(self) -> tuple[Col, ...]:
        return self.input.schema


@dataclass(frozen=True, slots=True, eq=False)
class Project(Operator):
    """Each row mapped to `outputs`; duplicates stay."""

    input: Rel
    outputs: Outputs

    @property
    def schema(self) -> tuple[Col, ...]:
        return tuple(col for col, _ in self.outputs)


@dataclass(frozen=True, slots=True, eq=False)
class Join(Operator):
    """Pairs of rows for which every predicate of `on` is true; weights multiply."""

    left: Rel
    right: Rel
    on: tuple[Scalar, ...]

    @property
    def schema(self) -> tuple[Col, ...]:
        return self.left.schema + self.right.schema


@dataclass(frozen=True, slots=True, eq=False)
class Outer(Operator):
    """LEFT JOIN: the pairs, and each row of `left` without a partner once, its other columns NULL.

    `padded` are the columns of `right` that go on, each under a new column that may be NULL.
    """

    left: Rel
    right: Rel
    on: tuple[Scalar, ...]
    padded: tuple[tuple[Col, Col], ...]

    @property
    def schema(self) -> tuple[Col, ...]:
        return self.left.schema + tuple(new for new, _ in self.padded)


@dataclass(frozen=True, slots=True, eq=False)
class Match(Operator):
    """Rows of `left` by whether rows of `right` satisfy `on` with them.

    A semi join keeps the rows that have such matches, an anti join (`negated`) those that have not;
    with a `mark` every row stays, and the new boolean column says whether it has them.
    """

    left: Rel
    right: Rel
    on: tuple[Scalar, ...]
    negated: bool = False
    mark: Col | None = None

    @property
    def schema(self) -> tuple[Col, ...]:
        return self.left.schema + (() if self.mark is None else (self.mark,))


@dataclass(frozen=True, slots=True, eq=False)
class Flips(Operator):
    """Rows of `left` that gained their first match in `right`; with the other sign, those that lost it.

    They enter a semi join or leave it. `total`, a column of `left` that is never zero, says how many matches
    came, less those that went: where it is negative there was one, and where it is positive there were none
    if no more are there now.
    """

    left: Rel
    right: Rel
    on: tuple[Scalar, ...]
    total: Col

    @property
    def schema(self) -> tuple[Col, ...]:
        return self.left.schema


@dataclass(frozen=True, slots=True, eq=False)
class Expand(Operator):
    """Each row beside every row that set-returning functions give for it: LATERAL ROWS FROM.

    Several functions run in step, the shorter ones filled up with NULL. `columns` are those of all
    functions in order, then that of WITH ORDINALITY where `ordinality` is set. Of the expanded rows
    those stay that satisfy `on`; where `outer` is set, a row with none of them stays once, padded.
    """

    input: Rel
    functions: tuple[Scalar, ...]
    columns: tuple[Col, ...]
    ordinality: bool = False
    on: tuple[Scalar, ...] = ()
    outer: bool = False

    @property
    def schema(self) -> tuple[Col, ...]:
        return self.input.schema + self.columns


@dataclass(frozen=True, slots=True, eq=False)
class Union(Operator):
    """The sum of Z-sets of one schema. No inputs: the empty relation."""

    inputs: tuple[Rel, ...]
    schema: tuple[Col, ...]

    def __post_init__(self) -> None:
        for term in self.inputs:
            if term.schema != self.schema:
                msg = f"union of different schemas: {term.schema} and {self.schema}"
                raise ValueError(msg)


@dataclass(frozen=True, slots=True, eq=False)
class Negate(Operator):
    """Every weight with the other sign."""

    input: Rel

    @property
    def schema(self) -> tuple[Col, ...]:
        return self.input.schema


@dataclass(frozen=True, slots=True, eq=False)
class Net(Operator):
    """The same Z-set with one entry per row image: weights added up, zeros gone (law 1)."""

    input: Rel

    @property
    def schema(self) -> tuple[Col, ...]:
        return self.input.schema


@dataclass(frozen=True, slots=True, eq=False)
class Call(Node):
    """One aggregate call. `order` are the ORDER BY items with their direction as text.

    A `state` is a running count or sum: zero over no rows, and additive over signed rows.
    """

    function: Function
    args: tuple[Scalar, ...]
    type: Type
    nullable: bool = True
    star: bool = False
    distinct: bool = False
    filter: Scalar | None = None
    order: tuple[tuple[Scalar, str], ...] = ()
    within_group: bool = False
    variadic: bool = False
    state: bool = False

    def scalars(self) -> tuple[Scalar, ...]:
        """Every expression that the call evaluates per input row."""
        extra = () if self.filter is None else (self.filter,)
        return self.args + extra + tuple(item for item, _ in self.order)


@dataclass(frozen=True, slots=True, eq=False)
class Aggregate(Operator):
    """One row per group; exactly one row when there are no keys. Keys are columns of the input."""

    input: Rel
    keys: tuple[Col, ...]
    calls: tuple[tuple[Col, Call], ...]

    @property
    def schema(self) -> tuple[Col, ...]:
        return self.keys + tuple(col for col, _ in self.calls)


@dataclass(frozen=True, slots=True, eq=False)
class Carried(Operator):
    """Rows that an earlier step left in the temporary table `name`; one at most where it is `single`.

    Those of several relations may be in one table: `among` is then the column with the weights of this
    one, zero in rows of others.
    """

    name: str
    schema: tuple[Col, ...]
    signed: bool = True
    single: bool = False
    among: str | None = None


Rel = (
    Scan
    | Delta
    | Carried
    | Values
    | Filter
    | Project
    | Join
    | Outer
    | Match
    | Flips
    | Expand
    | Union
    | Negate
    | Net
    | Aggregate
)


def _terms(rel: Rel) -> tuple[Rel, ...]:
    return rel.inputs if isinstance(rel, Union) else (rel,)


def inputs(rel: Rel) -> tuple[Rel, ...]:
    """The relations that `rel` reads, in order."""
    match rel:
        case Scan() | Delta() | Carried() | Values():
            return ()
        case Join(left, right) | Outer(left, right) | Match(left, right) | Flips(left, right):
            return (left, right)
        case Union(terms):
            return terms
        case Filter(input) | Project(input) | Expand(input) | Negate(input) | Net(input) | Aggregate(input):
            return (input,)


def with_inputs(rel: Rel, new: tuple[Rel, ...]) -> Rel:
    """`rel` over other inputs; itself when they are the same objects."""
    if all(a is b for a, b in zip(inputs(rel), new, strict=True)):
        return rel
    match rel:
        case Join() | Outer() | Match() | Flips():
            return replace(rel, left=new[0], right=new[1])
        case Union():
            return replace(rel, inputs=new)
        case Scan() | Delta() | Carried() | Values():
            return rel
        case _:
            return replace(rel, input=new[0])


def bottom_up(rel: Rel, rewrite: Callable[[Rel], Rel]) -> Rel:
    """Apply `rewrite` to every node, inputs first, each distinct node once."""
    memo: dict[Rel, Rel] = {}

    def visit(node: Rel) -> Rel:
        if node not in memo:
            memo[node] = rewrite(with_inputs(node, tuple(visit(child) for child in inputs(node))))
        return memo[node]

    return visit(rel)


def walk(rel: Rel) -> Iterator[Rel]:
    """Every distinct node, the root first."""
    seen: set[Rel] = set()
    stack = [rel]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            yield node
            stack.extend(reversed(inputs(node)))


def same(schema: Iterable[Col]) -> Outputs:
    """The columns themselves, as a projection's outputs."""
    return tuple((column, column) for column in schema)


def arranged(rel: Rel, schema: tuple[Col, ...]) -> Rel:
    """`rel` with exactly these columns."""
    return rel if rel.schema == schema else Project(rel, same(schema))


def empty(schema: tuple[Col, ...]) -> Union:
    """The relation without rows."""
    return Union((), schema)


def is_empty(rel: Rel) -> bool:
    """Is it the relation without rows, by its form?"""
    return isinstance(rel, Union) and not rel.inputs
